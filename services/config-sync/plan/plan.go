// Package plan computes the operations that bring an EX organization from what was applied to what
// is wanted. A plan is a value: it can be printed, counted, tested and, since every operation is
// remembered once it is done, taken up again after an interruption by computing it anew.
package plan

import (
	"fmt"
	"io"
	"slices"

	"engage.connector/services/config-sync/desired"
)

// Plan is an ordered list of operations; without any the organization is up to date.
type Plan struct {
	Operations []Operation `json:"operations"`
	// Live and Removals count, per kind, the objects mapped so far and those of them that this
	// plan takes out of the synchronisation.
	Live     map[Kind]int `json:"live"`
	Removals map[Kind]int `json:"removals"`
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

// WriteText prints the plan for the operator, with what it costs at a limit of requests per minute.
func (p Plan) WriteText(w io.Writer, limit int) error {
	if p.Empty() {
		_, err := fmt.Fprintln(w, "nothing to do: the organization is up to date")
		return err
	}
	for _, o := range p.Operations {
		if _, err := fmt.Fprintln(w, o); err != nil {
			return err
		}
	}
	cost := p.Cost(limit)
	_, err := fmt.Fprintf(w, "%d operations, %d API calls and about %d look-ups: about %s at %d requests per minute\n",
		len(p.Operations), cost.Calls, cost.Lookups, cost.Expected(), cost.Limit)
	return err
}

// RefusedError says why a plan must not be executed without confirmation.
type RefusedError struct{ Reason string }

// Error implements error.
func (e *RefusedError) Error() string { return "plan refused: " + e.Reason }

// DefaultMaxRemovalPercent is how much of a kind may leave the synchronisation at once. A reading
// that lost more is rather a broken reading than a change of the contact center.
const DefaultMaxRemovalPercent = 20

// Check refuses a plan that takes more than maxPercent of the mapped users or queues out of the
// synchronisation. A single object may always go, so that small centers can change. The error is
// a *RefusedError.
func (p Plan) Check(maxPercent int) error {
	for _, kind := range []Kind{Users, Queues} {
		gone, live := p.Removals[kind], p.Live[kind]
		if gone > 1 && gone*100 > live*maxPercent {
			return &RefusedError{fmt.Sprintf("%d of %d %s would be removed, more than %d %%", gone, live, kind, maxPercent)}
		}
	}
	return nil
}

// Build computes the plan for the tenant.
func Build(tenant string, org desired.Org, applied Applied) Plan {
	p := &planner{
		org: org, now: applied.Clone(), orphans: map[Kind]map[string][]string{},
		plan: Plan{Operations: []Operation{}, Live: map[Kind]int{}, Removals: map[Kind]int{}},
	}
	p.countLive()
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
	plan Plan
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

func (p *planner) emit(o Operation) {
	p.plan.Operations = append(p.plan.Operations, o)
	for _, c := range p.now.After(o, pending, o.Name) {
		p.now.Put(c)
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
