// Package plan computes the operations that bring an EX organization from what was applied to what
// is wanted. A plan is a value: it can be printed, counted, tested and, since every operation is
// remembered once it is done, taken up again after an interruption by computing it anew.
package plan

import (
	"slices"
	"time"

	"engage.connector/services/config-sync/desired"
)

// Plan is an ordered list of operations; without any the organization is up to date.
type Plan struct {
	// ID stands for what the plan does; an approval is for one id.
	ID         string      `json:"id"`
	Operations []Operation `json:"operations"`
	// Held are operations that take more away than the guard lets go, and Excess says why. They
	// are not executed without an approval.
	Held   []Operation `json:"held"`
	Excess []Excess    `json:"excess"`
	// Waiting are what the organization has refused and will be asked for again later.
	Waiting []Refusal `json:"waiting"`
	// Live counts the objects mapped so far. Has and Lost count what could be lost and what this
	// plan takes away, whether or not it is held back.
	Live map[Kind]int `json:"live"`
	Has  map[Loss]int `json:"has"`
	Lost map[Loss]int `json:"lost"`
}

// Conditions are what a plan depends on besides what is wanted and what is applied.
type Conditions struct {
	Now   time.Time
	Guard Guard
	// HoldAll holds all losses back whatever their number.
	HoldAll bool
	// Approved tells whether the operator has agreed to the losses of a plan.
	Approved func(Plan) bool
}

// Empty tells whether nothing is to be done.
func (p Plan) Empty() bool { return len(p.Operations) == 0 }

// Calls is the number of API calls that change something. Looking up existing objects comes on
// top when something is created.
func (p Plan) Calls() int {
	n := 0
	for _, o := range p.Operations {
		n += o.Calls
	}
	return n
}

// Build computes the plan for the tenant. Where it would take away more than the guard allows, the
// losses of those kinds are held back and the plan is what is left without them.
func Build(tenant string, org desired.Org, applied Applied, when Conditions) Plan {
	full := build(tenant, org, applied, when, nil)
	excess := when.Guard.exceeded(full.Lost, full.Has)
	if when.HoldAll {
		excess = everything(full.Lost, full.Has)
	}
	if len(excess) == 0 {
		full.identify()
		return full
	}
	hold := map[Loss]bool{}
	for _, e := range excess {
		hold[e.Loss] = true
	}
	guarded := build(tenant, org, applied, when, hold)
	guarded.Excess = excess
	guarded.identify()
	if when.Approved != nil && when.Approved(guarded) {
		full.ID = guarded.ID
		return full
	}
	return guarded
}

func build(tenant string, org desired.Org, applied Applied, when Conditions, hold map[Loss]bool) Plan {
	p := &planner{
		org: org, now: applied.Clone(), when: when, hold: hold, orphans: map[Kind]map[string][]string{}, wantedStill: map[string]bool{},
		plan: Plan{
			Operations: []Operation{}, Held: []Operation{}, Excess: []Excess{}, Waiting: []Refusal{},
			Live: map[Kind]int{}, Has: map[Loss]int{}, Lost: map[Loss]int{},
		},
	}
	p.countLive()
	p.countPossessions()
	p.countWanted()
	p.organization(tenant)
	p.adoptUsers()
	p.skills()
	p.codes()
	p.noteGoneSkills()
	p.queues()
	p.users()
	p.members()
	p.queueCodes()
	p.leavingUsers()
	p.dns()
	p.untangle()
	p.forgetRefusals()
	slices.SortStableFunc(p.plan.Operations, func(a, b Operation) int { return int(a.Stage) - int(b.Stage) })
	return p.plan
}

// pending stands for an id that will be known once the operation has been executed.
const pending = "pending"

// planner keeps the state as it will be after the operations so far, so that every later decision
// is made on that state and the plan leaves nothing over.
type planner struct {
	org  desired.Org
	now  Applied
	when Conditions
	hold map[Loss]bool // kinds of loss that are held back
	plan Plan
	// wantedStill are the keys of the refusals of what is still to be done.
	wantedStill map[string]bool
	// active are the wanted users that are to be active; skillNames the wanted skills.
	active, skillNames map[string]bool
	// orphans are records that a new object may take over: kind -> name -> ids.
	orphans map[Kind]map[string][]string
	// goneSkills are the names of skills that were deleted in the organization.
	goneSkills map[string]bool
}

func (p *planner) noteGoneSkills() {
	p.goneSkills = map[string]bool{}
	for _, r := range p.now[Skills] {
		if r.Gone {
			p.goneSkills[r.EngageName] = true
		}
	}
}

// emit adds an operation to the plan, unless it has to wait or takes away what is held back.
func (p *planner) emit(o Operation) {
	o, due := p.due(o)
	if !due {
		return
	}
	p.lose(o)
	if p.held(o) {
		p.plan.Held = append(p.plan.Held, o)
		return
	}
	p.plan.Operations = append(p.plan.Operations, o)
	for _, c := range p.now.After(o, pending, o.Name) {
		p.now.Put(c)
	}
}

// countWanted notes who is to be active and which skills are to be there.
func (p *planner) countWanted() {
	p.active, p.skillNames = map[string]bool{}, map[string]bool{}
	for _, u := range p.org.Users {
		p.active[u.ID] = u.Active
	}
	for _, s := range p.org.Skills {
		p.skillNames[s.Name] = true
	}
}

func (p *planner) countLive() {
	for _, kind := range []Kind{Users, Queues, Skills, Codes} {
		for _, r := range p.now[kind] {
			if r.Live() && r.AliasOf == "" {
				p.plan.Live[kind]++
			}
		}
	}
}

// organization plans what belongs to the organization as a whole.
func (p *planner) organization(tenant string) {
	source, known := p.now[Source][tenant]
	if !known {
		p.emit(Operation{Stage: StageOrganization, Action: EnsureSource, Kind: Source, ID: tenant, Name: SourceName(tenant), Calls: 1})
	}
	if !source.Default && !source.Gone {
		p.emit(Operation{Stage: StageOrganization, Action: DefaultSource, Kind: Source, ID: tenant, Name: SourceName(tenant), Calls: 1})
	}
	for _, presence := range presenceTable {
		if _, known := p.now[Presences][presence]; !known {
			p.emit(Operation{Stage: StageOrganization, Action: ReadPresences, Kind: Presences, ID: presence, Name: presence})
		}
	}
}

// presenceTable are the system presences that agent states are translated to (guide, agent
// state table).
var presenceTable = []string{"Available", "Away", "Break", "Busy", "Idle", "Meal", "Meeting", "Offline", "OnQueue", "Training"}

// SourceName is the name of the source object of a tenant. The organization serves one tenant.
func SourceName(tenant string) string { return "Engage Connector " + tenant }

func chunks(ids []string, size int) [][]string { return slices.Collect(slices.Chunk(ids, size)) }
