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
	case r.Removed:
		o.Changes = every(r.Fields, QueueFields(q))
	default:
		o.Changes = changesOf(r.Fields, QueueFields(q))
	}
	if len(o.Changes) > 0 {
		o.Stage, o.Action = StageUpdates, Update
		o.Calls = 2 // the API replaces whole queues, so it is read first
		p.emit(o)
	}
	if r, known := p.now[Queues][q.ID]; known && !sameInfo(r, Record{DN: &q.DN}) {
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
	default:
		p.changeUser(o, r)
	}
	if r, known := p.now[Users][u.ID]; !known || r.AliasOf != "" {
		return // it could not be made
	}
	p.roles(u)
	p.userSkills(u)
	if r := p.now[Users][u.ID]; r.Role != u.Kind || !sameInfo(r, Record{Person: &u.Person}) {
		o := Operation{Stage: StageMemory, Action: Remember, Kind: Users, ID: u.ID, Name: u.UserName, Record: &Record{
			EngageName: u.Person.UserName, Role: u.Kind, Person: &u.Person,
		}}
		if r.Person != nil && len(u.Person.Logins) < len(r.Person.Logins) {
			o.Loss = LoseLogins
		}
		p.emit(o)
	}
}

// changeUser brings the attributes of a user in line: first, in a request of its own, whether it is
// active, so that nothing that is refused can hold that back.
func (p *planner) changeUser(o Operation, r Record) {
	fields := r.Fields
	if r.Removed {
		fields = unknown(fields, []FieldChange{{Field: FieldActive}})
	}
	active, rest := split(changesOf(fields, UserFields(*o.User)))
	if len(active) > 0 {
		turn := o
		turn.Stage, turn.Action, turn.Changes = StageProtect, Enable, active
		if !o.User.Active {
			turn.Action = Disable
			if !r.Removed && r.Fields[FieldActive] == "true" {
				turn.Loss = LoseUsers
			}
		}
		p.emit(turn)
	}
	lost := slices.IndexFunc(rest, func(c FieldChange) bool { return c.Field == FieldEmails && c.After == "" && c.Before != "" })
	o.Stage, o.Action = StageUpdates, Update
	if lost >= 0 {
		taken := o
		taken.Changes, taken.Loss = []FieldChange{rest[lost]}, LoseEmails
		p.emit(taken)
		rest = slices.Delete(slices.Clone(rest), lost, lost+1)
	}
	if len(rest) > 0 {
		o.Changes = rest
		p.emit(o)
	}
}

// transitionTable lists the changes of a user's kind that add roles; all others leave the roles
// alone (guide, "Roles").
var transitionTable = map[[2]desired.UserKind]bool{
	{desired.Agent, desired.Supervisor}: true,
	{desired.Supervisor, desired.Agent}: true,
}

func (p *planner) roles(u desired.User) {
	r := p.now[Users][u.ID]
	roles := r.OpenRoles
	if transitionTable[[2]desired.UserKind{r.Role, u.Kind}] {
		roles = slices.Concat(p.org.Roles[u.Kind], without(r.OpenRoles, p.org.Roles[u.Kind]))
	}
	if len(roles) > 0 {
		p.emit(Operation{Stage: StageObjects, Action: AddRoles, Kind: Users, ID: u.ID, Name: u.UserName, Calls: 1, Roles: roles, Open: roles, User: &u})
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
	staying := func(name string) bool { return p.skillNames[name] }
	p.dropSkills(o, slices.DeleteFunc(slices.Clone(drop), staying), LoseSkills, true)
	p.dropSkills(o, slices.DeleteFunc(drop, func(name string) bool { return !staying(name) }), LoseLevels, false)
	for _, names := range chunks(slices.Sorted(maps.Keys(set)), maxSkillsPerCall) {
		o.Action, o.IDs, o.Calls, o.Skills = SetSkills, nil, 1, only(set, names)
		p.emit(o)
	}
}

func (p *planner) dropSkills(o Operation, names []string, loss Loss, incidental bool) {
	if len(names) > 0 {
		o.Action, o.IDs, o.Calls, o.Loss, o.Incidental = DropSkills, names, len(names), loss, incidental
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

// leavingUsers plans who leaves: it becomes inactive before anything else is done.
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
		o.Stage, o.Action, o.Calls, o.Loss = StageProtect, Deactivate, 1, LoseUsers
	case Queues:
		o.Loss = LoseQueues
		p.removeMembers(Operation{Kind: Queues, ID: id, Name: r.CloudName, Loss: LoseQueues, Incidental: true}, r.maybeMembers())
	case Skills:
		o.Loss = LoseSkills
	case Codes:
		o.Loss = LoseCodes
	case DNs, Source, Presences, Intents, Refusals:
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
