package leader

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// tenure is this instance's hold on the lease.
type tenure struct {
	leases Leases
	name   string
	owner  string
	ttl    time.Duration
	now    func() time.Time

	calls   sync.Mutex // a renewal must not cross an acquisition
	current atomic.Pointer[store.Lease]
}

// acquire takes the lease, or takes it again with a new generation: what may
// still be under way with the old one is fenced off.
func (t *tenure) acquire(ctx context.Context) error {
	t.calls.Lock()
	defer t.calls.Unlock()
	l, err := t.leases.AcquireLease(ctx, t.name, t.owner, t.ttl)
	if err != nil {
		return err
	}
	t.current.Store(&l)
	return nil
}

// renew moves the lease's end, provided that it is still of this generation; 0 is any.
func (t *tenure) renew(ctx context.Context, generation int64) error {
	t.calls.Lock()
	defer t.calls.Unlock()
	l := t.current.Load()
	if l == nil || generation != 0 && l.Generation != generation {
		return fault.Wrap(fault.Conflict, "leader.renew", store.ErrFenced)
	}
	ctx, cancel := context.WithTimeout(ctx, t.ttl/renewals)
	defer cancel()
	renewed, err := t.leases.RenewLease(ctx, *l, t.ttl)
	if err != nil {
		return err
	}
	t.current.Store(&renewed)
	return nil
}

// lease is the lease while it is certainly ours.
func (t *tenure) lease() (store.Lease, bool) {
	l := t.current.Load()
	if l == nil || !t.now().Before(l.ExpiresAt) {
		return store.Lease{}, false
	}
	return *l, true
}

// keep renews the lease until it is lost or ctx ends. When it cannot be renewed it is lost at its end,
// not later: then another may begin.
func (t *tenure) keep(ctx context.Context) error {
	wait := t.ttl / renewals
	for {
		pause(ctx, wait)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := t.renew(ctx, 0)
		if err == nil {
			wait = t.ttl / renewals
			continue
		}
		l, ours := t.lease()
		if !ours || errors.Is(err, store.ErrFenced) {
			return err
		}
		wait = min(t.ttl/(renewals*renewals), l.ExpiresAt.Sub(t.now()))
	}
}

// giveUp makes the lease invisible; with release it is handed back, so that a
// standby need not wait for its end.
func (t *tenure) giveUp(ctx context.Context, release bool) error {
	t.calls.Lock()
	defer t.calls.Unlock()
	l := t.current.Swap(nil)
	if l == nil || !release {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.ttl/renewals)
	defer cancel()
	return t.leases.ReleaseLease(ctx, *l)
}
