// Package review shows a plan to the operator who has to say yes to it: object by object what is
// added, changed and taken away, from which value to which and why, what somebody changed in the
// organization, and what the organization will foreseeably refuse. It is pure.
package review

import (
	"slices"
	"strings"

	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// Sign says what happens to an object or to one of its attributes.
type Sign string

// The signs.
const (
	Added   Sign = "+"
	Changed Sign = "~"
	Taken   Sign = "-"
)

// Input is what a review is made from.
type Input struct {
	// Plan is what would be done, Org what is wanted and Applied what is known to be applied, with
	// what was seen in the organization.
	Plan    plan.Plan
	Org     desired.Org
	Applied plan.Applied
	// Recorded is what was applied before somebody changed it; Drift says what was changed.
	Recorded plan.Applied
	Drift    []plan.Deviation
	// Roles are the names of the organization's roles in lower case; nil when they were not read.
	Roles map[string]bool
	// UserNames are the names, in lower case, of users that the organization has; nil when unknown.
	UserNames map[string]bool
}

// Review is a plan as an operator reads it.
type Review struct {
	Objects []Object `json:"objects"`
	// Deactivated lists the objects whose users become inactive, by their place in Objects.
	Deactivated []int       `json:"deactivated"`
	Drift       []Drift     `json:"drift"`
	Foretold    []Foretold  `json:"foretold"`
	Totals      []Total     `json:"totals"`
	Summary     SignSummary `json:"summary"`
}

// Object is one object and everything that happens to it.
type Object struct {
	Sign Sign      `json:"sign"`
	Kind plan.Kind `json:"kind"`
	ID   string    `json:"id"` // Engage id
	Name string    `json:"name,omitempty"`
	// Reason is why the first of the changes is made.
	Reason string `json:"reason"`
	// Deactivated says that a user becomes inactive.
	Deactivated bool `json:"deactivated,omitempty"`
	// Remembered says that the connector only remembers something, without a request.
	Remembered bool     `json:"remembered,omitempty"`
	Changes    []Change `json:"changes"`
}

// Change is one attribute of an object, or one relation to another.
type Change struct {
	Sign      Sign   `json:"sign"`
	Attribute string `json:"attribute"`
	Before    string `json:"before,omitempty"`
	// Known says that the value before is certain.
	Known  bool   `json:"known"`
	After  string `json:"after,omitempty"`
	Reason string `json:"reason"`
	// Held says that the change waits for an approval.
	Held bool `json:"held,omitempty"`

	id string // of a relation: what it is about
}

// Total counts the operations of one action on one kind of object.
type Total struct {
	Action     plan.Action `json:"action"`
	Kind       plan.Kind   `json:"kind"`
	Operations int         `json:"operations"`
	Objects    int         `json:"objects"`
	Calls      int         `json:"calls"`
	Held       int         `json:"held"`
}

// SignSummary counts the objects by sign, those only remembered left out.
type SignSummary struct {
	Add        int `json:"add"`
	Change     int `json:"change"`
	Take       int `json:"take"`
	Deactivate int `json:"deactivate"`
}

// Of makes the review of a plan.
func Of(in Input) Review {
	b := &builder{in: in, at: map[string]int{}, drifted: drifted(in.Drift), names: namesOf(in)}
	for _, o := range in.Plan.Operations {
		b.operation(o, false)
	}
	for _, o := range in.Plan.Held {
		b.operation(o, true)
	}
	slices.SortStableFunc(b.objects, compare)
	r := Review{Objects: b.objects, Deactivated: []int{}, Drift: driftOf(in, b.names), Foretold: Foretell(in), Totals: totals(in.Plan)}
	if r.Objects == nil {
		r.Objects = []Object{}
	}
	for i, o := range r.Objects {
		if o.Deactivated {
			r.Deactivated = append(r.Deactivated, i)
			r.Summary.Deactivate++
		}
		switch {
		case o.Remembered:
		case o.Sign == Added:
			r.Summary.Add++
		case o.Sign == Changed:
			r.Summary.Change++
		default:
			r.Summary.Take++
		}
	}
	return r
}

// builder collects the changes of each object.
type builder struct {
	in      Input
	objects []Object
	at      map[string]int // place of an object
	drifted map[string]bool
	names   map[plan.Kind]map[string]string
}

func (b *builder) operation(o plan.Operation, held bool) {
	if o.Kind == plan.Refusals || o.Kind == plan.Intents {
		return // the connector's own bookkeeping
	}
	key := string(o.Kind) + " " + o.ID
	i, known := b.at[key]
	if !known {
		i = len(b.objects)
		b.at[key] = i
		b.objects = append(b.objects, Object{Sign: Changed, Kind: o.Kind, ID: o.ID, Name: b.name(o.Kind, o.ID, o.Name), Remembered: true, Changes: []Change{}})
	}
	object := &b.objects[i]
	if s := signTable[o.Action]; s != "" && (object.Sign == Changed || s == Taken) {
		object.Sign = s
	}
	if o.Action == plan.Forget && o.Loss == "" {
		object.Sign = Changed
	}
	object.Remembered = object.Remembered && o.Calls == 0 && o.Loss == ""
	object.Deactivated = object.Deactivated || o.Action == plan.Deactivate || o.Action == plan.Disable
	reason := b.reason(o)
	if object.Reason == "" {
		object.Reason = reason
	}
	for _, c := range b.changes(o) {
		if c.Reason == "" {
			c.Reason = reason
		}
		if b.undone(o, c) {
			c.Reason = reasonDrift
		}
		c.Held = held
		object.Changes = append(object.Changes, c)
	}
	if len(object.Changes) > 0 {
		object.Reason = object.Changes[0].Reason
	}
}

// signTable are the actions that say more of an object than that it changes.
var signTable = map[plan.Action]Sign{
	plan.Create: Added, plan.EnsureSource: Added, plan.ReadPresences: Added,
	plan.Deactivate: Taken, plan.Retire: Taken, plan.Forget: Taken,
}

// name is what an object is called in the organization.
func (b *builder) name(kind plan.Kind, id, fallback string) string {
	if name := b.names[kind][id]; name != "" {
		return name
	}
	return fallback
}

// namesOf are the names of all objects that the plan may speak of.
func namesOf(in Input) map[plan.Kind]map[string]string {
	names := map[plan.Kind]map[string]string{}
	for kind, records := range in.Applied {
		names[kind] = map[string]string{}
		for id, r := range records {
			names[kind][id] = r.CloudName
			if names[kind][id] == "" {
				names[kind][id] = r.EngageName
			}
		}
	}
	put := func(kind plan.Kind, id, name string) {
		if names[kind] == nil {
			names[kind] = map[string]string{}
		}
		if names[kind][id] == "" {
			names[kind][id] = name
		}
	}
	for _, u := range in.Org.Users {
		put(plan.Users, u.ID, u.UserName)
	}
	for _, q := range in.Org.Queues {
		put(plan.Queues, q.ID, q.Name)
	}
	for _, c := range in.Org.Codes {
		put(plan.Codes, c.ID, c.Name)
	}
	return names
}

// kindTable orders the kinds as they are shown.
var kindTable = []plan.Kind{plan.Users, plan.Queues, plan.Skills, plan.Codes, plan.DNs, plan.Source, plan.Presences}

func compare(a, b Object) int {
	if a.Kind != b.Kind {
		return slices.Index(kindTable, a.Kind) - slices.Index(kindTable, b.Kind)
	}
	return desired.CompareIDs(a.ID, b.ID)
}

func totals(p plan.Plan) []Total {
	out := []Total{}
	objects := map[string]bool{}
	count := func(o plan.Operation, held bool) {
		if o.Kind == plan.Refusals || o.Kind == plan.Intents {
			return
		}
		i := slices.IndexFunc(out, func(t Total) bool { return t.Action == o.Action && t.Kind == o.Kind })
		if i < 0 {
			i = len(out)
			out = append(out, Total{Action: o.Action, Kind: o.Kind})
		}
		t := &out[i]
		if key := strings.Join([]string{string(o.Action), string(o.Kind), o.ID}, " "); !objects[key] {
			objects[key] = true
			t.Objects++
		}
		if held {
			t.Held++
			return
		}
		t.Operations++
		t.Calls += o.Calls
	}
	for _, o := range p.Operations {
		count(o, false)
	}
	for _, o := range p.Held {
		count(o, true)
	}
	order := plan.Actions()
	slices.SortStableFunc(out, func(a, b Total) int {
		if a.Action != b.Action {
			return slices.Index(order, a.Action) - slices.Index(order, b.Action)
		}
		return slices.Index(kindTable, a.Kind) - slices.Index(kindTable, b.Kind)
	})
	return out
}
