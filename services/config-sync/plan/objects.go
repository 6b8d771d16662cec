package plan

import (
	"maps"
	"slices"

	"engage.connector/services/config-sync/desired"
)

func (p *planner) queues() {
	primaries, aliases := map[string]bool{}, map[string]bool{}
	for _, q := range p.org.Queues {
		primaries[q.ID] = true
		noteAliases(aliases, q.Aliases)
	}
	for _, q := range p.org.Queues {
		p.queue(q, primaries)
		p.aliases(Queues, q.ID, q.Aliases)
	}
	p.leaving(Queues, primaries, aliases, func(id string, r Record) { p.retire(Queues, id, r) })
}

func (p *planner) queue(q desired.Queue, primaries map[string]bool) {
	r, known := p.own(Queues, q.ID, q.Name, primaries)
	o := Operation{Stage: StageObjects, Kind: Queues, ID: q.ID, Name: q.Name, Calls: 1, Queue: &q}
	switch {
	case r.Gone:
		return
	case !known:
		o.Action = Create
		p.emit(o)
	case r.Removed || r.Hash != QueueHash(q):
		o.Stage, o.Action = StageUpdates, Update
		o.Calls = 2 // the API replaces whole queues, so it is read first
		p.emit(o)
	case !sameInfo(r, Record{DN: &q.DN}):
		p.emit(Operation{Stage: StageMemory, Action: Remember, Kind: Queues, ID: q.ID, Name: q.Name, Record: &Record{EngageName: q.DN.Number, DN: &q.DN}})
	}
}

// adoptUsers comes before everything that looks at memberships, which an adoption takes along.
func (p *planner) adoptUsers() {
	primaries := map[string]bool{}
	for _, u := range p.org.Users {
		primaries[u.ID] = true
	}
	for _, u := range p.org.Users {
		p.own(Users, u.ID, u.UserName, primaries)
	}
}

func (p *planner) users() {
	for _, u := range p.org.Users {
		p.user(u)
		p.aliases(Users, u.ID, u.Aliases)
	}
}

func (p *planner) user(u desired.User) {
	r, known := p.now[Users][u.ID]
	known = known && r.AliasOf == ""
	if !known {
		r = Record{}
	}
	if r.Gone {
		return
	}
	o := Operation{Stage: StageObjects, Kind: Users, ID: u.ID, Name: u.UserName, Calls: 1, User: &u}
	switch {
	case !known:
		o.Action, o.Roles, o.Skills = Create, p.org.Roles[u.Kind], first(p.assignable(u.Skills), maxSkillsPerCall)
		p.emit(o)
	case r.Removed || r.Hash != UserHash(u):
		o.Stage, o.Action = StageUpdates, Update
		p.emit(o)
	}
	p.roles(u)
	p.userSkills(u)
	if r := p.now[Users][u.ID]; r.Role != u.Kind || !sameInfo(r, Record{Person: &u.Person}) {
		p.emit(Operation{Stage: StageMemory, Action: Remember, Kind: Users, ID: u.ID, Name: u.UserName, Record: &Record{
			EngageName: u.Person.UserName, Role: u.Kind, Person: &u.Person,
		}})
	}
}

// transitionTable lists the changes of a user's kind that add roles; all others leave the roles
// alone (guide, "Roles").
var transitionTable = map[[2]desired.UserKind]bool{
	{desired.Agent, desired.Supervisor}: true,
	{desired.Supervisor, desired.Agent}: true,
}

func (p *planner) roles(u desired.User) {
	before := p.now[Users][u.ID].Role
	if transitionTable[[2]desired.UserKind{before, u.Kind}] {
		p.emit(Operation{Stage: StageObjects, Action: AddRoles, Kind: Users, ID: u.ID, Name: u.UserName, Calls: 1, Roles: p.org.Roles[u.Kind], User: &u})
	}
}

// userSkills adds and changes what Engage controls and takes away what Engage assigned before;
// skills that somebody added in the organization stay.
func (p *planner) userSkills(u desired.User) {
	r, want := p.now[Users][u.ID], p.assignable(u.Skills)
	have := r.Skills
	set := map[string]float64{}
	for name, level := range want {
		if had, ok := have[name]; !ok || had != level {
			set[name] = level
		}
	}
	var drop []string
	for name := range have {
		if _, ok := want[name]; !ok {
			drop = append(drop, name)
		}
	}
	for _, name := range r.Unsure {
		if _, ok := want[name]; !ok {
			drop = append(drop, name)
		}
	}
	slices.Sort(drop)
	o := Operation{Stage: StageObjects, Kind: Users, ID: u.ID, Name: u.UserName}
	if len(drop) > 0 {
		o.Action, o.IDs, o.Calls = DropSkills, drop, len(drop)
		p.emit(o)
	}
	for _, names := range chunks(slices.Sorted(maps.Keys(set)), maxSkillsPerCall) {
		o.Action, o.IDs, o.Calls, o.Skills = SetSkills, nil, 1, only(set, names)
		p.emit(o)
	}
}

// assignable leaves out skills that were deleted in the organization.
func (p *planner) assignable(skills map[string]float64) map[string]float64 {
	if len(p.goneSkills) == 0 {
		return skills
	}
	out := map[string]float64{}
	for name, level := range skills {
		if !p.goneSkills[name] {
			out[name] = level
		}
	}
	return out
}

// leavingUsers comes after the memberships, so that a user is inactive only when no queue holds
// it any more.
func (p *planner) leavingUsers() {
	primaries, aliases := map[string]bool{}, map[string]bool{}
	for _, u := range p.org.Users {
		primaries[u.ID] = true
		noteAliases(aliases, u.Aliases)
	}
	p.leaving(Users, primaries, aliases, func(id string, r Record) { p.retire(Users, id, r) })
}

// retire takes an object out of the synchronisation: a user becomes inactive, a queue loses its
// members; nothing is deleted.
func (p *planner) retire(kind Kind, id string, r Record) {
	o := Operation{Stage: StageRetire, Action: Retire, Kind: kind, ID: id, Name: r.CloudName}
	if r.Gone {
		p.emit(o)
		return
	}
	switch kind {
	case Users:
		o.Action, o.Calls = Deactivate, 1
	case Queues:
		p.removeMembers(id, r.CloudName, r.maybeMembers())
	case Skills, Codes, DNs, Source, Presences, Intents:
	}
	p.emit(o)
}

func noteAliases(ids map[string]bool, aliases []desired.Alias) {
	for _, a := range aliases {
		ids[a.ID] = true
	}
}

// sameInfo compares what is remembered for the event side.
func sameInfo(a, b Record) bool { return samePerson(a.Person, b.Person) && sameDN(a.DN, b.DN) }

func samePerson(a, b *desired.Person) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.UserName == b.UserName && a.EmployeeID == b.EmployeeID && a.Agent == b.Agent && a.Active == b.Active && slices.Equal(a.Logins, b.Logins)
}

func sameDN(a, b *desired.DN) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func first(skills map[string]float64, n int) map[string]float64 {
	names := slices.Sorted(maps.Keys(skills))
	return only(skills, names[:min(n, len(names))])
}

func only(skills map[string]float64, names []string) map[string]float64 {
	out := make(map[string]float64, len(names))
	for _, name := range names {
		out[name] = skills[name]
	}
	return out
}
