// Package syncer runs the synchronisation: read the Config DB, derive what is wanted, plan, execute,
// publish. Only the holder of the lease plans and executes; the other instances publish what it has
// done, so that each of them can answer.
package syncer

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/services/config-sync/apply"
	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/drift"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/plan"
)

// Source is the Config DB.
type Source interface {
	Snapshot(ctx context.Context) (configmodel.Snapshot, error)
	Options(ctx context.Context) (configmodel.Options, error)
}

// Map is the ID map.
type Map interface {
	apply.Records
	Load(ctx context.Context) (plan.Applied, error)
	// Requests are the objects that an operator wants to be mapped anew; Granted forgets them.
	Requests(ctx context.Context) ([]idmap.Key, error)
	Granted(ctx context.Context, keys ...idmap.Key) error
}

// Cloud is the organization.
type Cloud interface {
	apply.Cloud
	drift.Cloud
}

// Leases gives the right to synchronise; *store.Store implements it.
type Leases interface {
	AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (store.Lease, error)
	RenewLease(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error)
	ReleaseLease(ctx context.Context, l store.Lease) error
}

// Options of a Syncer.
type Options struct {
	Tenant string
	Owner  string // of the lease: names this instance
	Source Source
	Map    Map
	// Cloud returns the organization that the options of hybrid_integration name.
	Cloud     func(configmodel.Options) (Cloud, error)
	Leases    Leases
	Documents Documents
	Catalog   *catalog.Catalog
	Desired   desired.Options
	// Interval is the time from the beginning of one synchronisation to that of the next.
	Interval time.Duration
	// DriftInterval is the time from one reading of the organization to the next; 0 for none.
	DriftInterval time.Duration
	// RequestsPerMinute is what the connector may ask of the organization.
	RequestsPerMinute int
	// MaxRemovalPercent is how much of the users or queues a plan may remove without confirmation.
	MaxRemovalPercent int
	// ConfirmRemovals executes plans that would otherwise be refused for what they remove.
	ConfirmRemovals bool
	Parallel        int
	Logger          *slog.Logger
	Registerer      prometheus.Registerer
	Now             func() time.Time
}

const (
	leaseName = "config-sync"
	leaseTTL  = 15 * time.Second
	leaseBeat = leaseTTL / 3
	// firstRetry is the first wait after a failure; it grows up to the interval.
	firstRetry = time.Second
)

// Syncer synchronises until its context ends.
type Syncer struct {
	opts     Options
	log      *slog.Logger
	metrics  *metrics
	executor *apply.Executor
	status   statusKeeper
	options  atomic.Pointer[configmodel.Options]
	leader   atomic.Bool
	records  *touched
	seen     atomic.Pointer[sighting]
	tenure   *tenure               // nil while another instance leads; only touched by the run
	wake     chan struct{}         // a reading of the organization is there
	noted    map[desired.Note]bool // what was already logged; only touched by the run
}

// New returns a syncer.
func New(opts Options) *Syncer {
	records := &touched{Map: opts.Map, now: opts.Now, compared: opts.DriftInterval > 0, at: map[touchKey]time.Time{}}
	return &Syncer{
		opts: opts, log: opts.Logger.With("component", "sync"), metrics: newMetrics(opts.Registerer), records: records, wake: make(chan struct{}, 1),
		executor: apply.New(apply.Options{Records: records, Parallel: opts.Parallel, Logger: opts.Logger, Registerer: opts.Registerer, Now: opts.Now}),
		status:   statusKeeper{documents: opts.Documents}, noted: map[desired.Note]bool{},
	}
}

// Status tells how the last synchronisation ended.
func (s *Syncer) Status() Status { return s.status.get() }

// Leader tells whether this instance is the one that synchronises.
func (s *Syncer) Leader() bool { return s.leader.Load() }

// HybridIntegration returns the options of the transaction; ok is false until they have been read.
func (s *Syncer) HybridIntegration() (options configmodel.Options, ok bool) {
	if p := s.options.Load(); p != nil {
		return *p, true
	}
	return nil, false
}

// Run synchronises while this instance has the lease and follows the leader while another has it.
// It returns when ctx ends.
func (s *Syncer) Run(ctx context.Context) error {
	wait := s.newBackoff()
	for ctx.Err() == nil {
		lease, err := s.opts.Leases.AcquireLease(ctx, leaseName, s.opts.Owner, leaseTTL)
		if err == nil {
			wait.Reset()
			s.lead(ctx, lease)
			continue
		}
		pause := wait.NextBackOff()
		if held, ok := errors.AsType[*store.LeaseHeldError](err); ok {
			pause = min(s.opts.Interval, leaseBeat)
			if err = s.follow(ctx); err == nil {
				wait.Reset()
				s.log.DebugContext(ctx, "following", "leader", held.Owner)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "not synchronising", "error", err, "retry_in", pause.String())
		}
		sleep(ctx, pause)
	}
	return ctx.Err()
}

func (s *Syncer) newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = min(firstRetry, s.opts.Interval), s.opts.Interval
	return b
}

// lead synchronises until the lease is lost or ctx ends.
func (s *Syncer) lead(parent context.Context, lease store.Lease) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		s.keep(ctx, lease, cancel)
	}()
	s.leader.Store(true)
	s.metrics.leader.Set(1)
	s.log.InfoContext(ctx, "synchronising as the leader", "owner", lease.Owner, "generation", lease.Generation)
	// What was synchronised before is of use even while the Config DB cannot be read.
	if err := s.republish(ctx); err != nil {
		s.log.WarnContext(ctx, "stored mapping not published", "error", err)
	}
	s.records.begin()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.watch(ctx)
	}()
	s.tenure = &tenure{lease: lease, lost: cancel}
	s.loop(ctx)
	s.tenure = nil
	s.leader.Store(false)
	s.metrics.leader.Set(0)
	cancel(nil)
	<-renewed
	<-watched
	s.release(parent, lease)
}

// keep renews the lease and ends the leadership when that fails.
func (s *Syncer) keep(ctx context.Context, lease store.Lease, lost context.CancelCauseFunc) {
	for {
		sleep(ctx, leaseBeat)
		if ctx.Err() != nil {
			return
		}
		next, err := s.opts.Leases.RenewLease(ctx, lease, leaseTTL)
		switch {
		case err == nil:
			lease = next
		case errors.Is(err, store.ErrFenced) || !s.opts.Now().Add(leaseBeat).Before(lease.ExpiresAt):
			s.log.WarnContext(ctx, "leadership lost", "error", err)
			lost(err)
			return
		}
	}
}

// release lets the next instance take over at once instead of after the lease's end.
func (s *Syncer) release(ctx context.Context, lease store.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.opts.Leases.ReleaseLease(ctx, lease); err != nil {
		s.log.WarnContext(ctx, "lease not released", "error", err)
	}
}

// loop synchronises at the interval, after failures and when the organization was read sooner.
func (s *Syncer) loop(ctx context.Context) {
	wait := s.newBackoff()
	for ctx.Err() == nil {
		began := s.opts.Now()
		err := s.Sync(ctx)
		pause := max(s.opts.Interval-s.opts.Now().Sub(began), 0)
		switch {
		case err == nil:
			wait.Reset()
		case ctx.Err() != nil:
			return
		default:
			pause = max(wait.NextBackOff(), fault.RetryIn(err))
			s.log.ErrorContext(ctx, "synchronisation failed", "error", err, "code", string(fault.CodeOf(err)),
				"hint", fault.Hint(err), "retry_in", pause.String())
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-time.After(pause):
		}
	}
}

// follow publishes what the leader has done and reads the options.
func (s *Syncer) follow(ctx context.Context) error {
	options, err := s.opts.Source.Options(ctx)
	if err != nil {
		return err
	}
	s.remember(options)
	return s.republish(ctx)
}

// republish publishes what is in the store, provided that a synchronisation has gone through.
func (s *Syncer) republish(ctx context.Context) error {
	if err := s.status.load(ctx); err != nil {
		return err
	}
	if s.status.get().LastComplete.IsZero() {
		return nil
	}
	applied, err := s.opts.Map.Load(ctx)
	if err != nil {
		return err
	}
	s.publish(applied)
	return nil
}

func (s *Syncer) publish(applied plan.Applied) {
	s.opts.Catalog.Replace(catalog.Mappings(applied))
	s.metrics.published(applied)
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
