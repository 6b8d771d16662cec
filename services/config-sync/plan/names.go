package plan

import (
	"strings"

	"engage.connector/services/config-sync/desired"
)

// named is what skills and wrap-up codes are: an Engage id and a name.
type named struct {
	id, name string
	aliases  []desired.Alias
	value    string // of a code: the DBID of its value, which stays when the name changes
}

func (p *planner) skills() {
	var wanted []named
	for _, s := range p.org.Skills {
		wanted = append(wanted, named{id: s.ID, name: s.Name, aliases: s.Aliases})
	}
	p.named(Skills, wanted)
}

func (p *planner) codes() {
	var wanted []named
	for _, c := range p.org.Codes {
		wanted = append(wanted, named{c.ID, c.Name, c.Aliases, c.Value})
	}
	p.renamedCodes(wanted)
	p.named(Codes, wanted)
}

// renamedCodes gives codes whose value has another name now the object that they had: the id of a
// code is its name, that of its value stays.
func (p *planner) renamedCodes(wanted []named) {
	stays := wantedAliases(wanted)
	for _, w := range wanted {
		stays[w.id] = true
	}
	former := map[string]string{}
	for _, id := range others(p.now[Codes], stays) {
		if r := p.now[Codes][id]; r.Live() && r.AliasOf == "" && r.Value != "" {
			former[r.Value] = id
		}
	}
	for _, w := range wanted {
		if r, known := p.now[Codes][w.id]; known && r.AliasOf == "" && !r.Removed {
			continue
		}
		if from, renamed := former[w.value]; renamed && w.value != "" {
			p.emit(Operation{Stage: StageAdopt, Action: Adopt, Kind: Codes, ID: w.id, Name: w.name, From: from})
		}
	}
}

// named plans skills and wrap-up codes, which are never deleted in the organization. Skills cannot
// be renamed there: another name is another object.
func (p *planner) named(kind Kind, wanted []named) {
	primaries := map[string]bool{}
	for _, w := range wanted {
		primaries[w.id] = true
	}
	for _, w := range wanted {
		r, known := p.own(kind, w.id, w.name, primaries)
		switch {
		case r.Gone:
		case known && kind == Codes:
			p.code(w, r)
		case !known || !strings.EqualFold(r.CloudName, w.name) && r.EngageName != w.name:
			p.emit(Operation{Stage: StageNames, Action: Create, Kind: kind, ID: w.id, Name: w.name, Calls: 1, Value: w.value})
		case r.Removed || r.EngageName != w.name:
			// Users refer to skills by name, so the name is taken over before they are treated.
			p.emit(Operation{Stage: StageNames, Action: Remember, Kind: kind, ID: w.id, Name: w.name, Record: &Record{EngageName: w.name}})
		}
		p.aliases(kind, w.id, w.aliases)
	}
	p.leaving(kind, primaries, wantedAliases(wanted), func(id string, r Record) { p.retire(kind, id, r) })
}

// code keeps a wrap-up code in step with its value.
func (p *planner) code(w named, r Record) {
	if !strings.EqualFold(r.CloudName, w.name) {
		p.emit(Operation{Stage: StageNames, Action: Update, Kind: Codes, ID: w.id, Name: w.name, Calls: 2, Value: w.value,
			Changes: []FieldChange{{Field: FieldName, Before: r.CloudName, After: w.name, Known: true}}})
	}
	if r := p.now[Codes][w.id]; r.Removed || r.EngageName != w.id || r.Value != w.value {
		p.emit(Operation{Stage: StageMemory, Action: Remember, Kind: Codes, ID: w.id, Name: w.name, Record: &Record{EngageName: w.id, Value: w.value}})
	}
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
	byName, held := map[string][]string{}, map[string]bool{}
	for id := range primaries {
		if r := p.now[kind][id]; r.AliasOf == "" {
			held[r.CloudID] = true
		}
	}
	for _, id := range others(p.now[kind], primaries) {
		if r := p.now[kind][id]; r.AliasOf == "" && !r.Gone && r.CloudID != "" && !held[r.CloudID] {
			name := strings.ToLower(r.CloudName)
			byName[name] = append(byName[name], id)
		}
	}
	p.orphans[kind] = byName
	return byName
}

// aliases maps further Engage objects to the object of their primary.
func (p *planner) aliases(kind Kind, primary string, aliases []desired.Alias) {
	if _, there := p.now[kind][primary]; !there {
		return // it could not be made
	}
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
	sharing := p.sharing(kind)
	for _, id := range others(p.now[kind], primaries) {
		r := p.now[kind][id]
		switch {
		case aliases[id]:
		case r.AliasOf != "" || !r.Removed && sharing[r.CloudID] > 1:
			if r.AliasOf == "" {
				sharing[r.CloudID]--
			}
			p.emit(Operation{Stage: StageMemory, Action: Forget, Kind: kind, ID: id, Name: r.EngageName})
		case !r.Removed:
			retire(id, r)
		}
	}
}

// sharing counts the records that stand for one object: an adoption that was interrupted halfway
// leaves two.
func (p *planner) sharing(kind Kind) map[string]int {
	count := map[string]int{}
	for _, r := range p.now[kind] {
		if r.AliasOf == "" && !r.Removed && r.CloudID != pending && r.CloudID != "" {
			count[r.CloudID]++
		}
	}
	return count
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
