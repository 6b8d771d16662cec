package pipeline

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// LeaseStore is what the Writer needs of a *store.Store.
type LeaseStore interface {
	AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error)
	RenewLease(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error)
	ReleaseLease(ctx context.Context, l store.Lease) error
}

// tenure is this instance's hold on the lease.
type tenure struct {
	store LeaseStore
	name  string
	owner string
	ttl   time.Duration
	now   func() time.Time

	calls   sync.Mutex // a renewal must not cross an acquisition
	current atomic.Pointer[store.Lease]
}

// renewals is how often the lease is renewed in its life.
const renewals = 3

// acquire takes the lease, or takes it again with a new generation: what may
// still be under way with the old one is fenced off.
func (t *tenure) acquire(ctx context.Context) error {
	t.calls.Lock()
	defer t.calls.Unlock()
	l, err := t.store.AcquireLease(ctx, t.name, t.owner, t.ttl)
	if err != nil {
		return err
	}
	t.current.Store(&l)
	return nil
}

func (t *tenure) renew(ctx context.Context) error {
	t.calls.Lock()
	defer t.calls.Unlock()
	l := t.current.Load()
	if l == nil {
		return fault.New(fault.Conflict, "pipeline.renew", "the lease was given up")
	}
	ctx, cancel := context.WithTimeout(ctx, t.ttl/renewals)
	defer cancel()
	renewed, err := t.store.RenewLease(ctx, *l, t.ttl)
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

// keep renews the lease until it is lost or ctx ends.
func (t *tenure) keep(ctx context.Context) error {
	wait := t.ttl / renewals
	for {
		pause(ctx, wait)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := t.renew(ctx)
		if err == nil {
			wait = t.ttl / renewals
			continue
		}
		if _, ours := t.lease(); !ours || errors.Is(err, store.ErrFenced) {
			return err
		}
		wait = t.ttl / (renewals * renewals)
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
	return t.store.ReleaseLease(ctx, *l)
}

// pause waits for d, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
