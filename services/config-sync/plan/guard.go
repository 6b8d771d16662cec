package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Loss is a kind of thing that a plan may take away.
type Loss string

// The kinds of loss.
const (
	LoseUsers      Loss = "users"          // persons that leave or are disabled
	LoseQueues     Loss = "queues"         // queues that leave
	LoseMembers    Loss = "members"        // of queues, other than by the loss of a user or a queue
	LoseEmptied    Loss = "emptied-queues" // queues that stay and lose all members
	LoseSkills     Loss = "skills"         // skills that leave
	LoseLevels     Loss = "skill-levels"   // of users, other than by the loss of a skill
	LoseCodes      Loss = "wrapupcodes"    // wrap-up codes that leave
	LoseExtensions Loss = "extensions"     // directory numbers that leave
	LoseLogins     Loss = "logins"         // agent logins of persons that stay
	LoseEmails     Loss = "emails"         // e-mail addresses of users that stay
)

// Limit is how much may be lost at once without an approval: up to Floor always, beyond it up to
// Percent of what the tenant has.
type Limit struct{ Percent, Floor int }

// Guard holds the limits. A kind without one is not guarded.
type Guard map[Loss]Limit

// DefaultMaxRemovalPercent is how much of a kind may be lost at once. A reading that lost more is
// rather a broken reading than a change of the contact center.
const DefaultMaxRemovalPercent = 20

// floorTable is what may always go: one object, and what belongs to a person or two.
var floorTable = map[Loss]int{
	LoseUsers: 1, LoseQueues: 1, LoseMembers: 5, LoseEmptied: 1, LoseSkills: 1, LoseLevels: 5,
	LoseCodes: 1, LoseExtensions: 5, LoseLogins: 5, LoseEmails: 1,
}

// Losses returns all kinds of loss, in order.
func Losses() []Loss { return slices.Sorted(maps.Keys(floorTable)) }

// DefaultGuard guards every kind of loss by the same share.
func DefaultGuard(percent int) Guard {
	g := Guard{}
	for kind, floor := range floorTable {
		g[kind] = Limit{percent, floor}
	}
	return g
}

// Excess is a kind of which a plan would take too much away.
type Excess struct {
	Loss Loss `json:"loss"`
	Lost int  `json:"lost"`
	Of   int  `json:"of"`
	Limit
}

// String says what exceeds what.
func (e Excess) String() string {
	return fmt.Sprintf("%d of %d %s would be lost, more than %d and more than %d %%", e.Lost, e.Of, e.Loss, e.Floor, e.Percent)
}

// exceeded lists the kinds of which more would be lost than the limits allow.
func (g Guard) exceeded(lost, live map[Loss]int) []Excess {
	var out []Excess
	for _, kind := range slices.Sorted(maps.Keys(g)) {
		limit, n := g[kind], lost[kind]
		if n > limit.Floor && n*100 > live[kind]*limit.Percent {
			out = append(out, Excess{kind, n, live[kind], limit})
		}
	}
	return out
}

// everything guards all losses whatever their number: for a reading that found nothing at all.
func everything(lost, live map[Loss]int) []Excess {
	var out []Excess
	for _, kind := range slices.Sorted(maps.Keys(lost)) {
		if lost[kind] > 0 {
			out = append(out, Excess{Loss: kind, Lost: lost[kind], Of: live[kind]})
		}
	}
	return out
}

// Withheld says why operations are not executed; empty when all are.
func (p Plan) Withheld() string {
	if len(p.Held) == 0 {
		return ""
	}
	reasons := make([]string, 0, len(p.Excess))
	for _, e := range p.Excess {
		reasons = append(reasons, e.String())
	}
	return strings.Join(reasons, "; ")
}

// identify gives the plan its id: over what is held back, if there is anything, since the rest is
// executed meanwhile; else over everything.
func (p *Plan) identify() {
	about := p.Held
	if len(about) == 0 {
		about = p.Operations
	}
	p.ID = hashOf(Keys(about))[:12]
}

// Keys identify operations by what they do to which objects.
func Keys(ops []Operation) []string {
	keys := make([]string, 0, len(ops))
	for _, o := range ops {
		keys = append(keys, o.key())
	}
	slices.Sort(keys)
	return keys
}

func (o Operation) key() string {
	var claims []string
	for _, c := range o.Claims() {
		claims = append(claims, c.Attribute+"="+c.Value)
	}
	return hashOf(o.Action, o.Kind, o.ID, o.From, claims)
}

// held tells whether an operation takes away what the guard does not let go.
func (p *planner) held(o Operation) bool {
	return p.hold[o.Loss] || o.Loss == LoseEmptied && p.hold[LoseMembers]
}

// lose counts what an operation takes away.
func (p *planner) lose(o Operation) {
	switch {
	case o.Loss == "" || o.Incidental:
	case o.Loss == LoseEmptied:
		p.plan.Lost[LoseMembers] += len(o.IDs)
	case o.Action == RemoveMembers || o.Action == DropSkills:
		p.plan.Lost[o.Loss] += len(o.IDs)
	case o.Loss == LoseLogins:
		before, after := p.now[o.Kind][o.ID].Person, o.Record.Person
		p.plan.Lost[o.Loss] += len(before.Logins) - len(after.Logins)
	default:
		p.plan.Lost[o.Loss]++
	}
}

// countPossessions counts what could be lost.
func (p *planner) countPossessions() {
	has := p.plan.Has
	for _, r := range p.now[Users] {
		if !r.Live() || r.AliasOf != "" {
			continue
		}
		if r.Fields[FieldActive] != "false" {
			has[LoseUsers]++
		}
		has[LoseLevels] += len(r.Skills)
		if r.Fields[FieldEmails] != "" {
			has[LoseEmails]++
		}
		if r.Person != nil {
			has[LoseLogins] += len(r.Person.Logins)
		}
	}
	for _, r := range p.now[Queues] {
		if r.Live() && r.AliasOf == "" {
			has[LoseQueues]++
			has[LoseMembers] += len(r.Members)
			has[LoseEmptied] += min(len(r.Members), 1)
		}
	}
	for kind, loss := range map[Kind]Loss{Skills: LoseSkills, Codes: LoseCodes, DNs: LoseExtensions} {
		for _, r := range p.now[kind] {
			if r.Live() && r.AliasOf == "" {
				has[loss]++
			}
		}
	}
}
