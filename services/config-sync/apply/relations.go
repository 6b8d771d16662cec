package apply

import (
	"context"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/plan"
)

// relateChunk changes the relation of a queue to the given Engage ids and returns those that are
// settled. A refused list is halved until the one that is at fault stands alone, so that a single
// deleted user does not keep a hundred others out of a queue.
func (r *run) relateChunk(ctx context.Context, queue string, o plan.Operation, ids []string) ([]string, error) {
	known, settled := r.resolve(o, ids)
	if len(known) == 0 {
		return settled, nil
	}
	cloudIDs := make([]string, 0, len(known))
	for _, k := range known {
		cloudIDs = append(cloudIDs, k.cloud)
	}
	err := r.callRelation(ctx, queue, o.Action, cloudIDs)
	switch {
	case err == nil:
		for _, k := range known {
			settled = append(settled, k.engage)
		}
		return settled, nil
	case !divisible(err):
		return settled, err
	case r.missing(queue, err) && !r.exists(ctx, plan.Queues, queue):
		return ids, r.markGone(ctx, plan.Queues, o.ID)
	case len(known) == 1:
		return r.single(ctx, o, known[0], settled, err)
	}
	var failed error
	for _, half := range halves(known) {
		done, err := r.relateChunk(ctx, queue, o, half)
		settled = append(settled, done...)
		if err != nil && !divisible(err) {
			return settled, err
		}
		if err != nil {
			failed = err
		}
	}
	return settled, failed
}

// divisible tells whether a smaller list may be accepted.
func divisible(err error) bool {
	switch fault.CodeOf(err) {
	case fault.NotFound, fault.Invalid, fault.TooLarge:
		return !isStop(err)
	default:
		return false
	}
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

// single settles an object that is refused on its own: one that is not there any more is
// remembered as deleted.
func (r *run) single(ctx context.Context, o plan.Operation, p pair, settled []string, err error) ([]string, error) {
	if !r.missing(p.cloud, err) {
		return settled, err
	}
	if o.Action == plan.RemoveMembers {
		return append(settled, p.engage), nil
	}
	if o.Action == plan.AddMembers && r.exists(ctx, plan.Users, p.cloud) {
		return settled, err
	}
	if goneErr := r.markGone(ctx, related(o.Action), p.engage); goneErr != nil {
		return settled, goneErr
	}
	return settled, nil
}
