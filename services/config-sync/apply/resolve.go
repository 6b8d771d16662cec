package apply

import (
	"context"
	"maps"
	"slices"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/services/config-sync/plan"
)

// settleTime is how long the organization may take to show an object that was created: some
// seconds as a rule, minutes at worst.
const settleTime = 5 * time.Minute

// Resolve finds out what has become of creates that were begun and not recorded, because the
// process was killed or the answer was lost. An object that was made gets its record, so that the
// next plan can take it up or take it back even if it is not wanted any more. What cannot be found
// stays open until the organization must have shown it.
func (e *Executor) Resolve(ctx context.Context, cloud Cloud, applied plan.Applied) (plan.Applied, error) {
	r := newRun(e, cloud, plan.Plan{}, applied)
	for _, key := range slices.Sorted(maps.Keys(applied[plan.Intents])) {
		if err := r.resolveIntent(ctx, key, applied[plan.Intents][key]); err != nil {
			return r.applied, err
		}
	}
	return r.applied, nil
}

func (r *run) resolveIntent(ctx context.Context, key string, record plan.Record) error {
	id, err := r.made(ctx, record.Intent)
	if err != nil {
		return err
	}
	if id == "" && record.Intent != nil && r.opts.Now().Sub(record.Intent.At) < settleTime {
		return nil
	}
	r.log.InfoContext(ctx, "open create resolved", "create", key, "cloud_id", id)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.store(ctx, r.put(r.applied.Resolved(key, id)))
}

// made returns the id of the object that a create has made, empty when none is found. The mark
// tells it from one that somebody else made under its name.
func (r *run) made(ctx context.Context, intent *plan.Intent) (string, error) {
	switch {
	case intent == nil:
		return "", nil
	case intent.Kind == plan.Users:
		u, _, err := r.cloud.FindUserByExternalID(ctx, intent.Mark)
		return u.ID, err
	case intent.Kind == plan.Queues:
		for q, err := range r.cloud.Queues(ctx, routing.QueueFilter{PeerID: intent.Mark}) {
			if err != nil {
				return "", err
			}
			if q.PeerID == intent.Mark {
				return q.ID, nil
			}
		}
		return "", nil
	}
	return "", fault.Newf(fault.Internal, "apply.resolve", "%s have no open creates", intent.Kind)
}
