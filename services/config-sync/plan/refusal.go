package plan

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"engage.connector/services/config-sync/desired"
)

// Claim is one thing that an operation asks of the organization, so small that it is taken or
// refused as a whole: an attribute of an object and its value.
type Claim struct{ Attribute, Value string }

// Refusal is a claim that the organization did not take. It is asked for again, first after
// minutes, then after hours, or at once when Engage wants another value.
type Refusal struct {
	Kind      Kind   `json:"kind"`
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Attribute string `json:"attribute"`
	// Value is what was wanted, condensed: it may be personal.
	Value  string `json:"value"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
	// Pending means that the object is new and the organization does not show it everywhere yet.
	Pending  bool      `json:"pending,omitempty"`
	Attempts int       `json:"attempts"`
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next"`
}

const (
	firstWait = time.Minute
	// longestWait bounds the time from one try to the next. What protects people is tried far more often.
	longestWait      = 6 * time.Hour
	longestProtected = 5 * time.Minute
	// firstPending and longestPending are the waits for an object that is not visible yet.
	firstPending   = 5 * time.Second
	longestPending = 30 * time.Second
)

// Again returns the refusal after one more failure.
func (r Refusal) Again(now time.Time) Refusal {
	first, longest := firstWait, longestWait
	switch {
	case r.Pending:
		first, longest = firstPending, longestPending
	case r.Attribute == FieldActive, r.Attribute == string(LookUp):
		longest = longestProtected
	}
	if r.Since.IsZero() {
		r.Since = now
	}
	r.Attempts++
	r.Next = now.Add(min(first<<min(r.Attempts-1, 16), longest))
	return r
}

// Object is the Engage object that the refusal is about. The id of an open create has a name in it,
// which not everybody may see.
func (r Refusal) Object() (Kind, string) {
	if parts := strings.SplitN(r.ID, " ", 3); r.Kind == Intents && len(parts) == 3 {
		return Kind(parts[0]), parts[1]
	}
	return r.Kind, r.ID
}

// Key is the key of the refusal's record.
func (r Refusal) Key() string { return refusalKey(r.Kind, r.ID, r.Attribute) }

func refusalKey(kind Kind, id, attribute string) string {
	return strings.Join([]string{string(kind), id, attribute}, " ")
}

// Claims lists what the operation asks of the organization.
func (o Operation) Claims() []Claim {
	switch o.Action {
	case EnsureSource, DefaultSource, ReadPresences, LookUp:
		return []Claim{{string(o.Action), o.Name}}
	case Create:
		return []Claim{{string(Create), o.fingerprint()}}
	case Update, Vacate, Enable, Disable:
		var claims []Claim
		for _, c := range o.Changes {
			claims = append(claims, Claim{c.Field, c.After})
		}
		return claims
	case Deactivate:
		return []Claim{{FieldActive, "false"}}
	case AddRoles:
		return claimsOf(roleClaim, "in", o.Roles)
	case SetSkills:
		var claims []Claim
		for _, name := range slices.Sorted(maps.Keys(o.Skills)) {
			claims = append(claims, Claim{skillClaim + name, strconv.FormatFloat(o.Skills[name], 'f', 1, 64)})
		}
		return claims
	case DropSkills:
		return claimsOf(skillClaim, "", o.IDs)
	case AddMembers:
		return claimsOf(memberClaim, "in", o.IDs)
	case RemoveMembers:
		return claimsOf(memberClaim, "out", o.IDs)
	case AddCodes:
		return claimsOf(codeClaim, "in", o.IDs)
	case Adopt, Remember, Retire, Forget:
	}
	return nil
}

// What the attributes of claims about relations begin with.
const (
	skillClaim  = "skill "
	memberClaim = "member "
	codeClaim   = "code "
	roleClaim   = "role "
)

func claimsOf(prefix, value string, ids []string) []Claim {
	claims := make([]Claim, 0, len(ids))
	for _, id := range ids {
		claims = append(claims, Claim{prefix + id, value})
	}
	return claims
}

// fingerprint condenses what a create sets.
func (o Operation) fingerprint() string {
	switch {
	case o.User != nil:
		return hashOf(UserFields(*o.User), o.Roles, o.Skills)
	case o.Queue != nil:
		return hashOf(QueueFields(*o.Queue))
	}
	return hashOf(o.Name)
}

// Only returns the operation with those of its claims that keep says yes to; ok is false when none
// is left.
func (o Operation) Only(keep func(Claim) bool) (part Operation, ok bool) {
	kept := map[string]bool{}
	claims := o.Claims()
	for _, c := range claims {
		kept[c.Attribute] = keep(c)
		ok = ok || kept[c.Attribute]
	}
	if !ok || len(claims) == 0 {
		return o, len(claims) == 0
	}
	o.Changes = slices.DeleteFunc(slices.Clone(o.Changes), func(c FieldChange) bool { return !kept[c.Field] })
	prefix := relationPrefix(o.Action)
	if prefix == "" {
		return o, true
	}
	o.Roles = slices.DeleteFunc(slices.Clone(o.Roles), func(name string) bool { return !kept[prefix+name] })
	o.IDs = slices.DeleteFunc(slices.Clone(o.IDs), func(id string) bool { return !kept[prefix+id] })
	if o.Action == SetSkills {
		o.Skills = maps.Clone(o.Skills)
		maps.DeleteFunc(o.Skills, func(name string, _ float64) bool { return !kept[prefix+name] })
	}
	return o, true
}

func relationPrefix(a Action) string {
	switch a {
	case SetSkills, DropSkills:
		return skillClaim
	case AddMembers, RemoveMembers:
		return memberClaim
	case AddCodes:
		return codeClaim
	case AddRoles:
		return roleClaim
	}
	return ""
}

// Refused returns the change that notes a failure of a claim.
func (a Applied) Refused(o Operation, c Claim, failure Refusal, now time.Time) Change {
	failure.Kind, failure.ID, failure.Name, failure.Attribute, failure.Value = o.Kind, o.ID, o.Name, c.Attribute, hashOf(c.Value)
	if known := a[Refusals][failure.Key()].Refusal; known != nil && known.Value == failure.Value {
		failure.Since = known.Since
		if known.Pending == failure.Pending {
			failure.Attempts = known.Attempts
		}
	}
	failure = failure.Again(now)
	return Change{Refusals, failure.Key(), &Record{EngageName: failure.ID, CloudName: failure.Name, Refusal: &failure}}
}

// cured returns the changes that forget the refusals of what has been done.
func (a Applied) cured(o Operation) []Change {
	if len(a[Refusals]) == 0 {
		return nil
	}
	var changes []Change
	for _, c := range o.Claims() {
		if key := refusalKey(o.Kind, o.ID, c.Attribute); a[Refusals][key].Refusal != nil {
			changes = append(changes, Change{Kind: Refusals, ID: key})
		}
	}
	return changes
}

// RefusalList lists what the organization refuses at present, by object.
func (a Applied) RefusalList() []Refusal {
	var list []Refusal
	for _, r := range a[Refusals] {
		if r.Refusal != nil {
			list = append(list, *r.Refusal)
		}
	}
	slices.SortFunc(list, func(x, y Refusal) int {
		if x.Kind != y.Kind {
			return strings.Compare(string(x.Kind), string(y.Kind))
		}
		if n := desired.CompareIDs(x.ID, y.ID); n != 0 {
			return n
		}
		return strings.Compare(x.Attribute, y.Attribute)
	})
	return list
}

// due leaves out of an operation what was refused and whose time has not come; ok is false when
// nothing is left to ask for.
func (p *planner) due(o Operation) (Operation, bool) {
	if len(p.now[Refusals]) == 0 {
		return o, true
	}
	return o.Only(func(c Claim) bool {
		key := refusalKey(o.Kind, o.ID, c.Attribute)
		r := p.now[Refusals][key].Refusal
		if r == nil || r.Value != hashOf(c.Value) {
			return true
		}
		p.wantedStill[key] = true
		if !r.Next.After(p.when.Now) {
			return true
		}
		p.plan.Waiting = append(p.plan.Waiting, *r)
		return false
	})
}

// forgetRefusals forgets the refusals of what is not wanted any more. A look-up is wanted as long as
// its create is open.
func (p *planner) forgetRefusals() {
	for key := range p.now[Intents] {
		p.wantedStill[lookUpKey(key)] = true
	}
	for _, key := range others(p.now[Refusals], p.wantedStill) {
		p.plan.Operations = append(p.plan.Operations, Operation{Stage: StageMemory, Action: Forget, Kind: Refusals, ID: key})
	}
}
