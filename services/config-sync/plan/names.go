package plan

import (
	"maps"
	"slices"
	"strings"

	"engage.connector/services/config-sync/desired"
)

// named is what skills and wrap-up codes are: an Engage id and a name.
type named struct {
	id, name string
	aliases  []desired.Alias
}

func (p *planner) skills() {
	var wanted []named
	for _, s := range p.org.Skills {
		wanted = append(wanted, named{s.ID, s.Name, s.Aliases})
	}
	p.named(Skills, wanted)
}

func (p *planner) codes() {
	var wanted []named
	for _, c := range p.org.Codes {
		wanted = append(wanted, named{c.ID, c.Name, c.Aliases})
	}
	p.named(Codes, wanted)
}

// named plans skills and wrap-up codes. Neither is ever deleted in the organization, and neither
// can be renamed there: another name is another object.
func (p *planner) named(kind Kind, wanted []named) {
	primaries := map[string]bool{}
	for _, w := range wanted {
		primaries[w.id] = true
	}
	for _, w := range wanted {
		r, known := p.own(kind, w.id, w.name, primaries)
		switch {
		case r.Gone:
		case !known || !strings.EqualFold(r.CloudName, w.name) && r.EngageName != w.name:
			p.emit(Operation{Stage: StageNames, Action: Create, Kind: kind, ID: w.id, Name: w.name, Calls: 1})
		case r.Removed || r.EngageName != w.name:
			// Users refer to skills by name, so the name is taken over before they are treated.
			p.emit(Operation{Stage: StageNames, Action: Remember, Kind: kind, ID: w.id, Name: w.name, Record: &Record{EngageName: w.name}})
		}
		p.aliases(kind, w.id, w.aliases)
	}
	p.leaving(kind, primaries, wantedAliases(wanted), func(id string, r Record) {
		p.emit(Operation{Stage: StageRetire, Action: Retire, Kind: kind, ID: id, Name: r.CloudName})
	})
}

// own returns the record of an Engage object. An object that has none of its own takes over the
// record of one that has left under the same name: a person that was deleted and created anew
// gets its user back.
func (p *planner) own(kind Kind, id, name string, primaries map[string]bool) (Record, bool) {
	r, known := p.now[kind][id]
	if known && r.AliasOf == "" {
		return r, true
	}
	for _, other := range p.adoptable(kind, primaries)[strings.ToLower(name)] {
		if _, there := p.now[kind][other]; !there || other == id {
			continue
		}
		p.emit(Operation{Stage: StageAdopt, Action: Adopt, Kind: kind, ID: id, Name: name, From: other})
		return p.now[kind][id], true
	}
	return Record{}, false
}

// adoptable lists, by name, the records whose Engage objects are not wanted as such any more. It is
// made once per kind: what is planned later only takes records away from it.
func (p *planner) adoptable(kind Kind, primaries map[string]bool) map[string][]string {
	if byName, made := p.orphans[kind]; made {
		return byName
	}
	byName := map[string][]string{}
	for _, id := range slices.SortedFunc(maps.Keys(p.now[kind]), desired.CompareIDs) {
		if r := p.now[kind][id]; !primaries[id] && r.AliasOf == "" && !r.Gone {
			name := strings.ToLower(r.CloudName)
			byName[name] = append(byName[name], id)
		}
	}
	p.orphans[kind] = byName
	return byName
}

// aliases maps further Engage objects to the object of their primary.
func (p *planner) aliases(kind Kind, primary string, aliases []desired.Alias) {
	for _, a := range aliases {
		want := Record{EngageName: a.Name, Person: a.Person, DN: a.DN}
		r, known := p.now[kind][a.ID]
		if known && r.AliasOf == "" && r.Live() && r.CloudID != p.now[kind][primary].CloudID {
			p.retire(kind, a.ID, r)
		}
		if known && r.AliasOf == primary && r.CloudID == p.now[kind][primary].CloudID && r.EngageName == a.Name &&
			sameInfo(r, want) && !r.Removed {
			continue
		}
		p.emit(Operation{Stage: StageMemory, Action: Remember, Kind: kind, ID: a.ID, Name: a.Name, From: primary, Record: &want})
	}
}

// leaving calls retire for every record whose object is not wanted any more. Aliases are simply
// forgotten.
func (p *planner) leaving(kind Kind, primaries, aliases map[string]bool, retire func(id string, r Record)) {
	for _, id := range slices.SortedFunc(maps.Keys(p.now[kind]), desired.CompareIDs) {
		r := p.now[kind][id]
		switch {
		case primaries[id] || aliases[id]:
		case r.AliasOf != "" || !r.Removed && p.sharesObject(kind, id, r):
			p.emit(Operation{Stage: StageMemory, Action: Forget, Kind: kind, ID: id, Name: r.EngageName})
		case !r.Removed:
			p.plan.Removals[kind]++
			retire(id, r)
		}
	}
}

// sharesObject tells whether another record that stays has the same object: an adoption that was
// interrupted halfway leaves two.
func (p *planner) sharesObject(kind Kind, id string, r Record) bool {
	if r.CloudID == "" || r.CloudID == pending {
		return false
	}
	for other, o := range p.now[kind] {
		if other != id && o.CloudID == r.CloudID && o.AliasOf == "" && !o.Removed {
			return true
		}
	}
	return false
}

func wantedAliases(wanted []named) map[string]bool {
	ids := map[string]bool{}
	for _, w := range wanted {
		for _, a := range w.aliases {
			ids[a.ID] = true
		}
	}
	return ids
}
