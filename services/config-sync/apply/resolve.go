package apply

import (
	"context"
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
//
// A look-up that fails stays open as well, and holds nothing else back: the result lists it, and says
// why no more were made. The error says that nothing may be done at all, because the context has ended
// or nothing can be remembered.
func (e *Executor) Resolve(ctx context.Context, cloud Cloud, applied plan.Applied) (Result, error) {
	r := newRun(e, cloud, plan.Plan{}, applied)
	for _, o := range applied.LookUps(e.opts.Now()) {
		err := r.execute(ctx, o)
		if err == nil {
			r.succeeded(o)
			continue
		}
		if err = r.refused(ctx, o, err); err == nil {
			continue
		}
		result := r.result()
		if ctx.Err() != nil || isStop(err) {
			return result, err
		}
		result.CutShort = err
		return result, nil
	}
	return r.result(), nil
}

func (r *run) resolveIntent(ctx context.Context, o plan.Operation) error {
	intent := r.applied[plan.Intents][o.ID].Intent
	id, err := r.made(ctx, intent)
	if err != nil {
		return err
	}
	if id == "" && intent != nil && r.opts.Now().Sub(intent.At) < settleTime {
		return r.save(ctx, o) // it was answered
	}
	r.log.InfoContext(ctx, "open create resolved", "create", o.ID, "cloud_id", id)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.store(ctx, append(r.put(r.applied.Resolved(o.ID, id)), r.note(o, "", "")...))
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
