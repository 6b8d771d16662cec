package plan

import (
	"slices"
	"strings"
)

// untangle puts renames into an order in which every name is free when it is wanted: the object
// that has a name gives it up before another one gets it. Where they wait for each other in a
// circle, one of them gets a temporary name first.
func (p *planner) untangle() {
	for _, kind := range []Kind{Users, Queues, Codes} {
		p.untangleKind(kind)
	}
}

// rename is an update that changes a name.
type rename struct {
	at       int // in the operations
	id       string
	from, to string
	next     int // the rename that gives up the name that this one wants; -1 for none
}

func (p *planner) untangleKind(kind Kind) {
	renames, holder := p.renames(kind)
	waited := map[int]bool{}
	for i := range renames {
		renames[i].next = -1
		if j, held := holder[renames[i].to]; held && j != i {
			renames[i].next = j
			waited[j] = true
		}
	}
	done := map[int]bool{}
	var ordered []Operation
	moved := map[int]bool{}
	take := func(group string, i int) {
		o := p.plan.Operations[renames[i].at]
		o.Group = group
		ordered, moved[renames[i].at], done[i] = append(ordered, o), true, true
	}
	for i, r := range renames { // chains begin where nobody waits for the name
		if waited[i] || r.next < 0 {
			continue
		}
		var chain []int
		for at := i; at >= 0 && !done[at]; at = renames[at].next {
			chain = append(chain, at)
		}
		for _, at := range slices.Backward(chain) {
			take("names "+string(kind)+" "+r.id, at)
		}
	}
	for i, r := range renames { // what is left and waits are circles
		if done[i] || r.next < 0 {
			continue
		}
		group := "names " + string(kind) + " " + r.id
		ordered = append(ordered, vacate(p.plan.Operations[r.at], r, group))
		var circle []int
		for at := i; !done[at] && !slices.Contains(circle, at); at = renames[at].next {
			circle = append(circle, at)
		}
		for _, at := range slices.Backward(circle) {
			take(group, at)
		}
	}
	if len(ordered) == 0 {
		return
	}
	rest := make([]Operation, 0, len(p.plan.Operations)+1)
	for at, o := range p.plan.Operations {
		if !moved[at] {
			rest = append(rest, o)
		}
	}
	p.plan.Operations = append(ordered, rest...)
}

// renames lists the updates that change the name of an object, and who has which name.
func (p *planner) renames(kind Kind) (list []rename, holder map[string]int) {
	holder = map[string]int{}
	for at, o := range p.plan.Operations {
		if o.Kind != kind || o.Action != Update {
			continue
		}
		for _, c := range o.Changes {
			if (c.Field == FieldUserName || c.Field == FieldName) && c.Known && !strings.EqualFold(c.Before, c.After) {
				holder[strings.ToLower(c.Before)] = len(list)
				list = append(list, rename{at: at, id: o.ID, from: c.Before, to: strings.ToLower(c.After)})
			}
		}
	}
	return list, holder
}

// vacate gives an object a temporary name.
func vacate(o Operation, r rename, group string) Operation {
	field := FieldName
	if o.Kind == Users {
		field = FieldUserName
	}
	return Operation{
		Stage: o.Stage, Action: Vacate, Kind: o.Kind, ID: o.ID, Name: o.Name, Calls: o.Calls, Group: group, User: o.User, Queue: o.Queue,
		Changes: []FieldChange{{Field: field, Before: r.from, After: temporary(o.Kind, o.ID, r.from), Known: true}},
	}
}

// temporary is a name that no other object has: of a user it is an address.
func temporary(kind Kind, id, name string) string {
	mark := "renaming-" + hashOf(kind, id, name)[:12]
	if _, domain, isAddress := strings.Cut(name, "@"); kind == Users && isAddress {
		return mark + "@" + domain
	}
	return mark
}
