package plan

import (
	"slices"

	"engage.connector/services/config-sync/desired"
)

// members plans the memberships of all wanted queues.
func (p *planner) members() {
	wanted := map[string]bool{}
	for _, u := range p.org.Users {
		wanted[u.ID] = true
	}
	gone := map[string]bool{}
	for id, r := range p.now[Users] {
		if r.Gone {
			gone[id] = true
		}
	}
	for _, q := range p.org.Queues {
		r := p.now[Queues][q.ID]
		if r.Gone {
			continue
		}
		members := q.Members
		if len(gone) > 0 {
			members = slices.DeleteFunc(slices.Clone(members), func(id string) bool { return gone[id] })
		}
		if len(r.Unsure) == 0 && slices.Equal(members, r.Members) {
			continue
		}
		leave := without(r.maybeMembers(), members)
		if q.KeepMembers {
			leave = slices.DeleteFunc(slices.Clone(leave), func(id string) bool { return wanted[id] })
		}
		p.removeMembers(q.ID, q.Name, leave)
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

func (p *planner) removeMembers(id, name string, members []string) {
	for _, ids := range chunks(members, maxMembersPerCall) {
		p.emit(Operation{Stage: StageRelations, Action: RemoveMembers, Kind: Queues, ID: id, Name: name, IDs: ids, Calls: 1})
	}
}

// queueCodes assigns every wrap-up code to every queue. Codes are never taken away, since they
// are not deleted either.
func (p *planner) queueCodes() {
	var codes []string
	for _, c := range p.org.Codes {
		if !p.now[Codes][c.ID].Gone {
			codes = append(codes, c.ID)
		}
	}
	for _, q := range p.org.Queues {
		r := p.now[Queues][q.ID]
		if r.Gone {
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
		p.emit(Operation{Stage: StageMemory, Action: Forget, Kind: DNs, ID: id, Name: p.now[DNs][id].EngageName})
	}
}
