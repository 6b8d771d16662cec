package review

import (
	"maps"
	"slices"
	"strings"

	"engage.connector/services/config-sync/plan"
)

// Drift is one attribute that somebody changed in the organization.
type Drift struct {
	Kind      plan.Kind `json:"kind"`
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	Attribute string    `json:"attribute"`
	// Expected is what was applied, Seen what the organization has now.
	Expected string `json:"expected,omitempty"`
	Seen     string `json:"seen,omitempty"`
}

// drifted are the attributes that somebody changed: kind, id and attribute.
func drifted(all []plan.Deviation) map[string]bool {
	out := map[string]bool{}
	for _, d := range all {
		for _, field := range d.Fields {
			out[strings.Join([]string{string(d.Kind), d.ID, field}, " ")] = true
		}
	}
	return out
}

// undone tells whether a change only restores what somebody changed in the organization.
func (b *builder) undone(o plan.Operation, c Change) bool {
	was, had := b.in.Recorded[o.Kind][o.ID]
	if !had {
		return false
	}
	there := false // whether the relation was applied
	switch c.Attribute {
	case attributeMember:
		there = slices.Contains(was.Members, c.id)
	case attributeCode:
		there = slices.Contains(was.Codes, c.id)
	case attributeSkill:
		level, has := was.Skills[c.id]
		there = has && (c.Sign == Taken || level == o.Skills[c.id])
	default:
		return b.drifted[strings.Join([]string{string(o.Kind), o.ID, c.Attribute}, " ")]
	}
	return there == (c.Sign != Taken) && !slices.Contains(was.Unsure, c.id)
}

// driftOf lists what was changed in the organization, with what was applied and what is there.
func driftOf(in Input, names map[plan.Kind]map[string]string) []Drift {
	out := []Drift{}
	for _, d := range in.Drift {
		before, seen := in.Recorded[d.Kind][d.ID], d.Record
		for _, field := range d.Fields {
			entry := Drift{Kind: d.Kind, ID: d.ID, Name: before.CloudName, Attribute: field}
			switch field {
			case plan.NotFound, plan.FoundAgain, plan.Deleted:
			case "skills":
				entry.Expected, entry.Seen = skillDifference(before.Skills, seen.Skills)
			case "members":
				entry.Expected, entry.Seen = listDifference(before.Members, seen.Members, names[plan.Users])
			case "wrapupCodes":
				entry.Expected, entry.Seen = listDifference(before.Codes, seen.Codes, names[plan.Codes])
			case attributeDefault:
				entry.Expected, entry.Seen = before.CloudName, "another source"
			case plan.FieldName:
				entry.Expected, entry.Seen = before.CloudName, seen.CloudName
				if d.Kind == plan.Queues {
					entry.Seen = seen.Fields[field]
				}
			default:
				entry.Expected, entry.Seen = before.Fields[field], seen.Fields[field]
			}
			out = append(out, entry)
		}
	}
	return out
}

// skillDifference shows the skills that differ, as they should be and as they are.
func skillDifference(applied, seen map[string]float64) (expected, found string) {
	names := map[string]bool{}
	for name := range applied {
		names[name] = true
	}
	for name := range seen {
		names[name] = true
	}
	var a, b []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		want, wanted := applied[name]
		has, there := seen[name]
		if want == has && wanted == there {
			continue
		}
		if wanted {
			a = append(a, skill(applied, name))
		}
		if there {
			b = append(b, skill(seen, name))
		}
	}
	return strings.Join(a, ", "), strings.Join(b, ", ")
}

// listDifference shows the elements that only one of two lists has.
func listDifference(applied, seen []string, names map[string]string) (expected, found string) {
	only := func(list, other []string) string {
		var out []string
		for _, id := range list {
			if slices.Contains(other, id) {
				continue
			}
			if name := names[id]; name != "" {
				id = name
			}
			out = append(out, id)
		}
		return strings.Join(out, ", ")
	}
	return only(applied, seen), only(seen, applied)
}
