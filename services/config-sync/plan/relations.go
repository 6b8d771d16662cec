package plan

import (
	"slices"

	"engage.connector/services/config-sync/desired"
)

// members plans the memberships of all wanted queues.
func (p *planner) members() {
	absent := p.absentUsers()
	for _, q := range p.org.Queues {
		r, known := p.now[Queues][q.ID]
		if !known || r.Gone {
			continue
		}
		members := q.Members
		if len(absent) > 0 {
			members = slices.DeleteFunc(slices.Clone(members), func(id string) bool { return absent[id] })
		}
		if len(r.Unsure) == 0 && slices.Equal(members, r.Members) {
			continue
		}
		leave := without(r.maybeMembers(), members)
		p.leaveQueue(q, r, leave, len(members) == 0)
		for _, ids := range chunks(without(members, r.Members), maxMembersPerCall) {
			p.emit(Operation{Stage: StageRelations, Action: AddMembers, Kind: Queues, ID: q.ID, Name: q.Name, IDs: ids, Calls: 1})
		}
	}
}

// maybeMembers are all that may be members of the queue.
func (r Record) maybeMembers() []string {
	if len(r.Unsure) == 0 {
		return r.Members
	}
	return union(r.Members, r.Unsure)
}

// absentUsers are the users that cannot be members: deleted in the organization, or not made yet.
func (p *planner) absentUsers() map[string]bool {
	absent := map[string]bool{}
	for _, u := range p.org.Users {
		if r, known := p.now[Users][u.ID]; !known || r.Gone {
			absent[u.ID] = true
		}
	}
	for id, r := range p.now[Users] {
		if r.Gone {
			absent[id] = true
		}
	}
	return absent
}

// leaveQueue takes members out of a queue that stays: those whose user leaves or is disabled go
// with the user, and the others unless the members of a group cannot be told.
func (p *planner) leaveQueue(q desired.Queue, r Record, leave []string, empty bool) {
	var withUser, others []string
	for _, id := range leave {
		if active, wanted := p.active[id]; !wanted || !active {
			withUser = append(withUser, id)
		} else if !q.KeepMembers {
			others = append(others, id)
		}
	}
	o := Operation{Kind: Queues, ID: q.ID, Name: q.Name, Loss: LoseUsers, Incidental: true}
	p.removeMembers(o, withUser)
	o.Loss, o.Incidental = LoseMembers, false
	if empty && !q.KeepMembers && len(others) > 0 && len(r.Members) > 0 {
		o.Loss = LoseEmptied
		p.plan.Lost[LoseEmptied]++
	}
	p.removeMembers(o, others)
}

func (p *planner) removeMembers(o Operation, members []string) {
	for _, ids := range chunks(members, maxMembersPerCall) {
		o.Stage, o.Action, o.IDs, o.Calls = StageRelations, RemoveMembers, ids, 1
		p.emit(o)
	}
}

// queueCodes assigns every wrap-up code to every queue. Codes are never taken away, since they
// are not deleted either.
func (p *planner) queueCodes() {
	var codes []string
	for _, c := range p.org.Codes {
		if r, known := p.now[Codes][c.ID]; known && !r.Gone {
			codes = append(codes, c.ID)
		}
	}
	for _, q := range p.org.Queues {
		r, known := p.now[Queues][q.ID]
		if !known || r.Gone {
			continue
		}
		for _, ids := range chunks(without(codes, r.Codes), maxCodesPerCall) {
			p.emit(Operation{Stage: StageRelations, Action: AddCodes, Kind: Queues, ID: q.ID, Name: q.Name, IDs: ids, Calls: 1})
		}
	}
}

// others lists, in order, the ids that have a record but are not wanted.
func others(records map[string]Record, wanted map[string]bool) []string {
	var ids []string
	for id := range records {
		if !wanted[id] {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, desired.CompareIDs)
	return ids
}

// dns keeps the directory numbers that have no object in the organization.
func (p *planner) dns() {
	wanted := map[string]bool{}
	for _, dn := range p.org.DNs {
		wanted[dn.ID] = true
		if r, known := p.now[DNs][dn.ID]; !known || !sameDN(r.DN, &dn) {
			p.emit(Operation{Stage: StageMemory, Action: Remember, Kind: DNs, ID: dn.ID, Name: dn.Number, Record: &Record{EngageName: dn.Number, DN: &dn}})
		}
	}
	for _, id := range others(p.now[DNs], wanted) {
		p.emit(Operation{Stage: StageMemory, Action: Forget, Kind: DNs, ID: id, Name: p.now[DNs][id].EngageName, Loss: LoseExtensions})
	}
}
