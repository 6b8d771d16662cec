package review

import (
	"maps"
	"slices"
	"strconv"

	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// The names of relations; those of attributes are the plan's.
const (
	attributeSkill   = "skill"
	attributeRole    = "role"
	attributeMember  = "member"
	attributeCode    = "wrapupCode"
	attributeDefault = "defaultPrimarySource"
	attributeLogin   = "login"
	attributeNumber  = "number"
	attributeFrom    = "takes over the mapping of"
)

// changes lists what an operation does, attribute by attribute.
func (b *builder) changes(o plan.Operation) []Change {
	r := b.in.Applied[o.Kind][o.ID]
	switch o.Action {
	case plan.Create, plan.EnsureSource, plan.ReadPresences:
		return created(o)
	case plan.Update, plan.Vacate, plan.Enable, plan.Disable:
		return updated(o)
	case plan.Deactivate:
		return []Change{{Sign: Changed, Attribute: plan.FieldActive, Before: "true", Known: r.Fields[plan.FieldActive] != "", After: "false"}}
	case plan.DefaultSource:
		return []Change{{Sign: Changed, Attribute: attributeDefault, Known: true, After: o.Name}}
	case plan.AddRoles:
		return added(attributeRole, o.Roles)
	case plan.SetSkills:
		return skillsSet(r, o.Skills)
	case plan.DropSkills:
		var out []Change
		for _, name := range o.IDs {
			out = append(out, Change{Sign: Taken, Attribute: attributeSkill, id: name, Before: skill(r.Skills, name), Known: !slices.Contains(r.Unsure, name)})
		}
		return out
	case plan.AddMembers:
		return identified(added(attributeMember, b.named(plan.Users, o.IDs)), o.IDs)
	case plan.RemoveMembers:
		var out []Change
		for i, name := range b.named(plan.Users, o.IDs) {
			out = append(out, Change{Sign: Taken, Attribute: attributeMember, id: o.IDs[i], Before: name, Known: !slices.Contains(r.Unsure, o.IDs[i])})
		}
		return out
	case plan.AddCodes:
		return identified(added(attributeCode, b.named(plan.Codes, o.IDs)), o.IDs)
	case plan.Adopt:
		return []Change{{Sign: Changed, Attribute: attributeFrom, Known: true, After: o.From}}
	case plan.Remember:
		return remembered(r, o)
	case plan.Forget:
		if o.Loss != "" && r.DN != nil {
			return []Change{{Sign: Taken, Attribute: attributeNumber, Before: r.DN.Switch + "/" + r.DN.Number, Known: true}}
		}
	case plan.Retire, plan.LookUp:
	}
	return nil
}

// named are the objects that a relation is about, each by its id and its name.
func (b *builder) named(kind plan.Kind, ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if name := b.name(kind, id, id); name != id {
			id += " " + strconv.Quote(name)
		}
		out = append(out, id)
	}
	return out
}

func created(o plan.Operation) []Change {
	var out []Change
	var fields map[string]string
	switch {
	case o.User != nil:
		fields = plan.UserFields(*o.User)
	case o.Queue != nil:
		fields = plan.QueueFields(*o.Queue)
	}
	for _, field := range plan.FieldNames() {
		if value := fields[field]; value != "" {
			out = append(out, Change{Sign: Added, Attribute: field, Known: true, After: value})
		}
	}
	out = append(out, added(attributeRole, o.Roles)...)
	for _, name := range slices.Sorted(maps.Keys(o.Skills)) {
		out = append(out, Change{Sign: Added, Attribute: attributeSkill, Known: true, After: skill(o.Skills, name)})
	}
	return out
}

func updated(o plan.Operation) []Change {
	var out []Change
	for _, c := range o.Changes {
		sign := Changed
		switch {
		case c.Known && c.Before == "":
			sign = Added
		case c.After == "":
			sign = Taken
		}
		change := Change{Sign: sign, Attribute: c.Field, Before: c.Before, Known: c.Known, After: c.After}
		if !c.Known {
			change.Reason = reasonUnknown
		}
		out = append(out, change)
	}
	return out
}

func added(attribute string, values []string) []Change {
	var out []Change
	for _, v := range values {
		out = append(out, Change{Sign: Added, Attribute: attribute, Known: true, After: v})
	}
	return out
}

// identified adds to changes of relations what they are about.
func identified(changes []Change, ids []string) []Change {
	for i := range changes {
		changes[i].id = ids[i]
	}
	return changes
}

func skillsSet(r plan.Record, set map[string]float64) []Change {
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(set)) {
		c := Change{Sign: Added, Attribute: attributeSkill, id: name, After: skill(set, name), Known: !slices.Contains(r.Unsure, name)}
		if _, had := r.Skills[name]; had {
			c.Sign, c.Before = Changed, skill(r.Skills, name)
		}
		out = append(out, c)
	}
	return out
}

func skill(levels map[string]float64, name string) string {
	level, known := levels[name]
	if !known {
		return name
	}
	return name + " " + strconv.FormatFloat(level, 'f', 1, 64)
}

// remembered lists what the event side learns: log-ins and directory numbers.
func remembered(r plan.Record, o plan.Operation) []Change {
	var out []Change
	if o.From != "" {
		return []Change{{Sign: Changed, Attribute: "shares the object of", Known: true, After: o.From}}
	}
	if o.Record.DN != nil {
		after := o.Record.DN.Switch + "/" + o.Record.DN.Number
		c := Change{Sign: Added, Attribute: attributeNumber, Known: true, After: after}
		if r.DN != nil {
			c.Sign, c.Before = Changed, r.DN.Switch+"/"+r.DN.Number
		}
		out = append(out, c)
	}
	before, after := logins(r.Person), logins(o.Record.Person)
	for _, l := range before {
		if !slices.Contains(after, l) {
			out = append(out, Change{Sign: Taken, Attribute: attributeLogin, Before: l, Known: true})
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			out = append(out, Change{Sign: Added, Attribute: attributeLogin, Known: true, After: l})
		}
	}
	return out
}

func logins(p *desired.Person) []string {
	if p == nil {
		return nil
	}
	var out []string
	for _, l := range p.Logins {
		out = append(out, l.Switch+"/"+l.Code)
	}
	return out
}
