package apply

import (
	"context"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/plan"
)

// relating is what became of the change of a relation.
type relating struct {
	settled  []string // Engage ids
	failures []failure
}

func (a *relating) add(b relating) {
	a.settled, a.failures = append(a.settled, b.settled...), append(a.failures, b.failures...)
}

// relateChunk changes the relation of a queue to the given Engage ids and tells those that are
// settled. A refused list is halved until the one that is at fault stands alone, so that a single
// deleted user does not keep a hundred others out of a queue. The error ends the run.
func (r *run) relateChunk(ctx context.Context, queue string, o plan.Operation, ids []string) (relating, error) {
	known, settled := r.resolve(o, ids)
	out := relating{settled: settled}
	if len(known) == 0 {
		return out, nil
	}
	cloudIDs := make([]string, 0, len(known))
	for _, k := range known {
		cloudIDs = append(cloudIDs, k.cloud)
	}
	err := r.callRelation(ctx, queue, o.Action, cloudIDs)
	switch {
	case err == nil:
		out.settled = append(out.settled, engageIDs(known)...)
		return out, nil
	case !isRefusal(err):
		return out, err
	case fault.CodeOf(err) == fault.NotFound && !r.exists(ctx, plan.Queues, queue):
		absent := r.absent(ctx, plan.Queues, o.ID, err)
		out.failures = r.failed(o, known, absent)
		return out, stopOnly(absent)
	}
	if fresh, old := r.byAge(o, known); len(fresh) > 0 {
		// What is new may just not be there for everybody yet; asking for each would not help.
		out.failures = r.failed(o, fresh, pendingError{err})
		known = old
	}
	if len(known) == 1 {
		one, err := r.single(ctx, queue, o, known[0], len(cloudIDs) > 1, err)
		out.add(one)
		return out, err
	}
	for _, half := range halves(known) {
		if len(half) == 0 {
			continue
		}
		part, err := r.relateChunk(ctx, queue, o, half)
		out.add(part)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// failed are the failures of the claims on the given objects.
func (r *run) failed(o plan.Operation, pairs []pair, err error) []failure {
	o.IDs = engageIDs(pairs)
	var failures []failure
	for _, c := range o.Claims() {
		failures = append(failures, failure{c, err})
	}
	return failures
}

// byAge separates the objects that the organization may not show everywhere yet. That says nothing
// where an object is taken away.
func (r *run) byAge(o plan.Operation, pairs []pair) (fresh, old []pair) {
	for _, p := range pairs {
		if o.Action != plan.RemoveMembers && r.young(related(o.Action), p.engage) {
			fresh = append(fresh, p)
		} else {
			old = append(old, p)
		}
	}
	return fresh, old
}

// stopOnly returns an error that ends the run, and nil for any other.
func stopOnly(err error) error {
	if isStop(err) {
		return err
	}
	return nil
}

// pair is an object by both its ids.
type pair struct{ engage, cloud string }

func halves(pairs []pair) [][]string {
	middle := len(pairs) / 2
	return [][]string{engageIDs(pairs[:middle]), engageIDs(pairs[middle:])}
}

func engageIDs(pairs []pair) []string {
	ids := make([]string, 0, len(pairs))
	for _, p := range pairs {
		ids = append(ids, p.engage)
	}
	return ids
}

// related is the kind of object that the operation joins to a queue.
func related(a plan.Action) plan.Kind {
	if a == plan.AddCodes {
		return plan.Codes
	}
	return plan.Users
}

// resolve finds the objects of the ids. What has none cannot be a member, so that taking it away
// is settled; adding it waits until it has one.
func (r *run) resolve(o plan.Operation, ids []string) (known []pair, settled []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		record := r.applied[related(o.Action)][id]
		switch {
		case record.CloudID != "" && !record.Gone:
			known = append(known, pair{id, record.CloudID})
		case o.Action == plan.RemoveMembers:
			settled = append(settled, id)
		}
	}
	return known, settled
}

func (r *run) callRelation(ctx context.Context, queue string, action plan.Action, ids []string) error {
	switch action {
	case plan.AddMembers:
		return r.cloud.AddQueueMembers(ctx, queue, ids)
	case plan.RemoveMembers:
		return r.cloud.RemoveQueueMembers(ctx, queue, ids)
	case plan.AddCodes:
		return r.cloud.AddQueueWrapupCodes(ctx, queue, ids)
	}
	return fault.Newf(fault.Internal, "apply.relate", "%s is no relation", action)
}

// single settles an object that may be the one at fault. It was refused as part of a list unless
// it was alone.
func (r *run) single(ctx context.Context, queue string, o plan.Operation, p pair, inList bool, err error) (relating, error) {
	if inList {
		err = r.callRelation(ctx, queue, o.Action, []string{p.cloud})
	}
	switch {
	case err == nil:
		return relating{settled: []string{p.engage}}, nil
	case !isRefusal(err):
		return relating{}, err
	case fault.CodeOf(err) != fault.NotFound:
		return relating{failures: r.failed(o, []pair{p}, err)}, nil
	case o.Action == plan.RemoveMembers: // who is not there is no member
		return relating{settled: []string{p.engage}}, nil
	case o.Action == plan.AddMembers && r.exists(ctx, plan.Users, p.cloud):
		return relating{failures: r.failed(o, []pair{p}, err)}, nil
	}
	absent := r.absent(ctx, related(o.Action), p.engage, err)
	return relating{failures: r.failed(o, []pair{p}, absent)}, stopOnly(absent)
}
