// Package leader is the one way to hold a lease: of all instances that want it one works, the others
// stand by. What the holder writes is fenced by pkg/store, so that an instance that stood still, was
// replaced and wakes up again cannot write any more.
package leader

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// Leases gives and takes leases; *store.Store implements it.
type Leases interface {
	AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error)
	RenewLease(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error)
	ReleaseLease(ctx context.Context, l store.Lease) error
}

// Options configure a Leader. Leases, Name and Owner are required.
type Options struct {
	Leases Leases
	Name   string // of the lease
	// Owner names this instance; two running instances must not share it.
	Owner string
	TTL   time.Duration // default 15 s: how long the others wait for a leader that was killed
	// Poll is how often a standby asks for the lease, and a leader that is not ready whether it
	// is; default a second, a third of TTL at most.
	Poll time.Duration
	// Ready tells whether this instance could do the work. Until then it leaves the lease to
	// others; nil is always ready.
	Ready func() bool
	// Standby is called each time the lease turned out to be another's; nil does nothing. Its error
	// is logged and asking again waits longer.
	Standby func(ctx context.Context, holder string) error
	// Changed is told when this instance begins and ends to lead; nil is told nothing.
	Changed func(leads bool)
	Logger  *slog.Logger
	Now     func() time.Time
}

const (
	defaultTTL = 15 * time.Second
	longPoll   = time.Second
	// renewals is how often the lease is renewed in its life.
	renewals = 3
	minWait  = 100 * time.Millisecond
	maxWait  = 10 * time.Second
)

// Leader is one instance's claim to a lease. Only one Hold may run at a time.
type Leader struct {
	opts   Options
	log    *slog.Logger
	tenure *tenure
	waits  *backoff.ExponentialBackOff // between failures of the work; reset by Lease.Succeeded
	mu     sync.Mutex                  // of waits
}

// New wires a Leader.
func New(opts Options) *Leader {
	if opts.TTL <= 0 {
		opts.TTL = defaultTTL
	}
	if opts.Poll <= 0 {
		opts.Poll = min(longPoll, opts.TTL/renewals)
	}
	if opts.Ready == nil {
		opts.Ready = func() bool { return true }
	}
	if opts.Standby == nil {
		opts.Standby = func(context.Context, string) error { return nil }
	}
	if opts.Changed == nil {
		opts.Changed = func(bool) {}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Leader{
		opts:   opts,
		log:    opts.Logger.With("component", "leader", "lease", opts.Name, "owner", opts.Owner),
		tenure: &tenure{leases: opts.Leases, name: opts.Name, owner: opts.Owner, ttl: opts.TTL, now: opts.Now},
		waits:  newBackoff(),
	}
}

func newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = minWait, maxWait, 2
	b.Reset()
	return b
}

// Current is the lease while this instance certainly holds it, whichever of Hold's calls it is for.
func (l *Leader) Current() (store.Lease, bool) { return l.tenure.lease() }

// Hold calls lead while this instance has the lease, and waits as standby while another has it. The
// context of lead ends when the lease is lost; lead must then return, with all that it has started.
// When lead returns by itself the lease is acquired anew, which fences off what may still be under
// way, and lead is called again after a pause; an error that is ErrFenced makes this instance stand
// by. Hold returns only when ctx has ended, with its error; then the lease has been released.
func (l *Leader) Hold(ctx context.Context, lead func(ctx context.Context, lease *Lease) error) error {
	waits := newBackoff()
	for ctx.Err() == nil {
		if !l.opts.Ready() {
			pause(ctx, l.opts.Poll)
			continue
		}
		err := l.tenure.acquire(ctx)
		if err == nil {
			waits.Reset()
			l.hold(ctx, lead)
			continue
		}
		wait := l.opts.Poll
		if held, ok := errors.AsType[*store.LeaseHeldError](err); ok {
			l.log.DebugContext(ctx, "standing by", "holder", held.Owner, "until", held.ExpiresAt)
			if err = l.opts.Standby(ctx, held.Owner); err == nil {
				waits.Reset()
			}
		}
		if err != nil && ctx.Err() == nil {
			wait = max(wait, waits.NextBackOff(), min(fault.RetryIn(err), maxWait))
			l.log.WarnContext(ctx, "not leading and not standing by", "error", err, "hint", fault.Hint(err), "retry_in", wait.String())
		}
		pause(ctx, wait)
	}
	return ctx.Err()
}

// hold works under the lease until it is lost or parent ends.
func (l *Leader) hold(parent context.Context, lead func(context.Context, *Lease) error) {
	ctx, cancel := context.WithCancelCause(parent)
	var wg sync.WaitGroup
	wg.Go(func() {
		err := l.tenure.keep(ctx)
		if ctx.Err() == nil {
			l.log.WarnContext(ctx, "the lease was lost", "error", err)
		}
		cancel(err)
	})
	l.log.InfoContext(ctx, "this instance leads")
	l.opts.Changed(true)
	l.terms(ctx, cancel, lead)
	cancel(nil)
	wg.Wait()
	l.opts.Changed(false)
	if err := l.tenure.giveUp(parent, parent.Err() != nil); err != nil {
		l.log.WarnContext(parent, "the lease was not released and runs out by itself", "error", err)
	}
}

// terms calls lead until ctx ends or the lease is another's. Each call has a generation of its own:
// a write of the one before whose outcome is not known can no longer happen then, and what the store
// holds is the truth.
func (l *Leader) terms(ctx context.Context, lost context.CancelCauseFunc, lead func(context.Context, *Lease) error) {
	for {
		current, ours := l.tenure.lease()
		err := error(fault.New(fault.Unavailable, "leader.term", "the lease has run out"))
		if ours {
			err = lead(ctx, &Lease{leader: l, generation: current.Generation, lost: lost})
		}
		if ctx.Err() != nil || errors.Is(err, store.ErrFenced) {
			return
		}
		wait := max(l.nextWait(), min(fault.RetryIn(err), maxWait))
		l.log.WarnContext(ctx, "the work failed and begins anew from what is stored", "error", err, "code", fault.CodeOf(err),
			"hint", fault.Hint(err), "retry_in", wait.String())
		for acquired := false; !acquired; {
			pause(ctx, wait)
			if ctx.Err() != nil {
				return
			}
			err := l.tenure.acquire(ctx)
			if _, held := errors.AsType[*store.LeaseHeldError](err); held {
				return
			}
			acquired = err == nil
			wait = l.nextWait()
		}
	}
}

func (l *Leader) nextWait() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waits.NextBackOff()
}

// Lease is what one call of lead works under: one generation of the lease. It is safe for concurrent
// use.
type Lease struct {
	leader     *Leader
	generation int64
	lost       context.CancelCauseFunc
}

// Current returns the lease to write under. It is Unavailable once this instance cannot be sure any
// more that it holds it, and Conflict with ErrFenced when the call that this lease was for is over.
func (l *Lease) Current() (store.Lease, error) {
	current, ours := l.leader.tenure.lease()
	switch {
	case !ours:
		return store.Lease{}, fault.New(fault.Unavailable, "leader.current", "the lease has run out")
	case current.Generation != l.generation:
		return store.Lease{}, fault.Wrap(fault.Conflict, "leader.current", store.ErrFenced)
	}
	return current, nil
}

// Confirm asks the store whether the lease was this call's all the time. This process may have stood
// still for longer than the lease lasts, and another may have led meanwhile.
func (l *Lease) Confirm(ctx context.Context) error {
	err := l.leader.tenure.renew(ctx, l.generation)
	if errors.Is(err, store.ErrFenced) {
		l.lost(err)
	}
	return err
}

// Succeeded says that the work goes forward: the pause after its next failure is short again.
func (l *Lease) Succeeded() {
	l.leader.mu.Lock()
	defer l.leader.mu.Unlock()
	l.leader.waits.Reset()
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
