package drift

import (
	"context"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/services/config-sync/plan"
)

const (
	// relationRequests is how many requests a reading may spend on members and codes of queues.
	relationRequests = 150
	// readings is in how many readings every queue has its turn, however many queues there are.
	readings = 4
	// leastRequests are spent in turn even when many queues have to be read.
	leastRequests = 10
)

// Memory is what the readings of one leadership know of each other: with it, a queue whose number of
// members is the expected one is only read when it is its turn. The zero value is ready for use; one reading
// uses it at a time.
type Memory struct {
	counts map[string]int // members of a queue by the listing when they were last read
	next   int            // the place in the round of members and codes
}

// task is a listing of what belongs to a queue.
type task struct {
	queue    string
	codes    bool // else the members
	requests int  // that it takes
	due      bool // the number of members is not the expected one
}

// relations reads members and codes of the mapped queues: of all of them where they are few or where there
// is no memory, else of those whose number of members has changed and of as many others as are in turn.
func (r *reading) relations(ctx context.Context) error {
	for _, t := range r.turns() {
		seen, read := r.seen.Queues[t.queue]
		if !read {
			continue // it was found to be gone
		}
		var err error
		if t.codes {
			seen.Codes = []string{}
			err = each(ctx, r, r.Cloud.QueueWrapupCodes(ctx, t.queue), func(c routing.WrapupCode) { seen.Codes = append(seen.Codes, c.ID) })
		} else {
			seen.Members = []string{}
			err = each(ctx, r, r.Cloud.QueueMembers(ctx, t.queue), func(m routing.QueueMember) { seen.Members = append(seen.Members, m.ID) })
		}
		switch {
		case fault.CodeOf(err) == fault.NotFound: // deleted meanwhile; the next reading tells
			delete(r.seen.Queues, t.queue)
			continue
		case err != nil:
			return err
		}
		r.seen.Queues[t.queue] = seen
		if n, shown := r.counts[t.queue]; shown && !t.codes && r.Memory != nil {
			r.Memory.counts[t.queue] = n
		}
	}
	return nil
}

// turns are the listings of this reading.
func (r *reading) turns() []task {
	all := r.tasks()
	if r.Memory == nil {
		return all
	}
	if r.Memory.counts == nil {
		r.Memory.counts = map[string]int{}
	}
	total, due := 0, 0
	var out, others []task
	for _, t := range all {
		total += t.requests
		if t.due {
			due += t.requests
			out = append(out, t)
			continue
		}
		others = append(others, t)
	}
	left := max(max(relationRequests, total/readings)-due, leastRequests)
	for n := range others {
		t := others[(r.Memory.next+n)%len(others)]
		if left -= t.requests; left < 0 {
			r.Memory.next = (r.Memory.next + n) % len(others)
			break
		}
		out = append(out, t)
	}
	return out
}

// tasks lists members and codes of every mapped queue that was read.
func (r *reading) tasks() []task {
	expected := map[string]int{}
	for _, record := range r.applied[plan.Queues] {
		expected[record.CloudID] = len(record.Members)
	}
	codes := len(r.applied[plan.Codes])
	var all []task
	for _, id := range r.mapped(plan.Queues) {
		if _, read := r.seen.Queues[id]; !read {
			continue
		}
		want := expected[id]
		if r.Memory != nil {
			if known, seen := r.Memory.counts[id]; seen {
				want = known
			}
		}
		has, shown := r.counts[id]
		all = append(all, task{queue: id, requests: max(has, want)/perRequest + 1, due: shown && has != want})
		if codes > 0 {
			all = append(all, task{queue: id, codes: true, requests: codes/perRequest + 1})
		}
	}
	return all
}
