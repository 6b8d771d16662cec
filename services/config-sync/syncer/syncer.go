// Package syncer runs the synchronisation: read the Config DB, derive what is wanted, plan, execute,
// publish. Only the holder of the lease plans and executes; the other instances publish what it has
// done, so that each of them can answer.
package syncer

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/leader"
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
	Load(ctx context.Context) (plan.Applied, error)
	// SetAside keeps what the last Load could not read somewhere else.
	SetAside(ctx context.Context, lease store.Lease) ([]idmap.Key, error)
	// Save writes changes as the holder of the lease. A nil error means that they are durable.
	Save(ctx context.Context, lease store.Lease, changes ...plan.Change) error
	// Requests are the objects that an operator wants to be mapped anew; Granted forgets them.
	Requests(ctx context.Context) ([]idmap.Key, error)
	Granted(ctx context.Context, lease store.Lease, keys ...idmap.Key) error
	// Approvals are the plans that an operator has agreed to; UseUp forgets them.
	Approve(ctx context.Context, a idmap.Approval) error
	Approvals(ctx context.Context) ([]idmap.Approval, error)
	UseUp(ctx context.Context, lease store.Lease, used ...idmap.Approval) error
}

// Cloud is the organization.
type Cloud interface {
	apply.Cloud
	drift.Cloud
}

// Options of a Syncer.
type Options struct {
	Tenant string
	Owner  string // of the lease: names this instance
	Source Source
	Map    Map
	// Cloud returns the organization that the options of hybrid_integration name.
	Cloud     func(configmodel.Options) (Cloud, error)
	Leases    leader.Leases
	Documents Documents
	Catalog   *catalog.Catalog
	Desired   desired.Options
	// Interval is the time from the beginning of one synchronisation to that of the next.
	Interval time.Duration
	// DriftInterval is the time from one reading of the organization to the next; 0 for none.
	DriftInterval time.Duration
	// RequestsPerMinute is what the connector may ask of the organization.
	RequestsPerMinute int
	// Guard limits what a plan may take away without an approval.
	Guard      plan.Guard
	Parallel   int
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

const (
	leaseName = "config-sync"
	// followEvery is how often an instance that does not lead looks at what the leader has done.
	followEvery = 5 * time.Second
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
	leader   *leader.Leader
	leads    atomic.Bool
	records  *touched
	seen     atomic.Pointer[sighting]
	tenure   *tenure               // nil while another instance leads; only touched by the run
	wake     chan struct{}         // a reading of the organization is there
	noted    map[desired.Note]bool // what was already logged; only touched by the run
	// nextPending is when to look again for objects that the organization does not show yet; zero for
	// none. Only touched by the run.
	nextPending time.Time
	looked      time.Time // the last reading of the organization that was taken in; only touched by the run
	withheld    string    // the plan that is known to wait for an approval; only touched by the run
}

// New returns a syncer.
func New(opts Options) *Syncer {
	records := &touched{Map: opts.Map, now: opts.Now, compared: opts.DriftInterval > 0, at: map[touchKey]time.Time{}}
	s := &Syncer{
		opts: opts, log: opts.Logger.With("component", "sync"), metrics: newMetrics(opts.Registerer), records: records, wake: make(chan struct{}, 1),
		executor: apply.New(apply.Options{Records: records, Parallel: opts.Parallel, Logger: opts.Logger, Registerer: opts.Registerer, Now: opts.Now}),
		status:   statusKeeper{documents: opts.Documents, lease: records.lease}, noted: map[desired.Note]bool{},
	}
	s.leader = leader.New(leader.Options{
		Leases: opts.Leases, Name: leaseName, Owner: opts.Owner, Poll: min(opts.Interval, followEvery), Standby: s.follow, Changed: s.lead,
		Logger: opts.Logger, Now: opts.Now,
	})
	return s
}

// Status tells how the last synchronisation ended.
func (s *Syncer) Status() Status { return s.status.get() }

// Leader tells whether this instance is the one that synchronises.
func (s *Syncer) Leader() bool { return s.leads.Load() }

// HybridIntegration returns the options of the transaction; ok is false until they have been read.
func (s *Syncer) HybridIntegration() (options configmodel.Options, ok bool) {
	if p := s.options.Load(); p != nil {
		return *p, true
	}
	return nil, false
}

// Run synchronises while this instance has the lease and follows the leader while another has it.
// It returns when ctx ends.
func (s *Syncer) Run(ctx context.Context) error { return s.leader.Hold(ctx, s.term) }

// lead shows whether this instance leads.
func (s *Syncer) lead(leads bool) {
	s.leads.Store(leads)
	s.metrics.leader.Set(0)
	if leads {
		s.metrics.leader.Set(1)
	}
}

// term synchronises until the lease is lost or ctx ends.
func (s *Syncer) term(ctx context.Context, lease *leader.Lease) error {
	// What was synchronised before is of use even while the Config DB cannot be read.
	if err := s.republish(ctx); err != nil {
		s.log.WarnContext(ctx, "stored mapping not published", "error", err)
	}
	s.tenure = &tenure{lease: lease}
	s.records.begin(lease)
	defer func() { s.tenure = nil; s.records.end() }()
	ctx, stopWatching := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx) })
	defer watching.Wait()
	defer stopWatching()
	return s.loop(ctx)
}

func (s *Syncer) newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = min(firstRetry, s.opts.Interval), s.opts.Interval
	return b
}

// loop synchronises at the interval, after failures and when the organization was read sooner.
// It returns when ctx ends or another instance leads.
func (s *Syncer) loop(ctx context.Context) error {
	wait := s.newBackoff()
	for ctx.Err() == nil {
		began := s.opts.Now()
		err := s.Sync(ctx)
		pause := max(s.opts.Interval-s.opts.Now().Sub(began), 0)
		switch {
		case err == nil:
			wait.Reset()
			pause = s.untilShown(pause)
		case ctx.Err() != nil, errors.Is(err, store.ErrFenced):
			return err
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
	return ctx.Err()
}

// untilShown cuts the pause short when new objects are waited for: queues are to get their members as
// soon as the organization shows them.
func (s *Syncer) untilShown(pause time.Duration) time.Duration {
	if s.nextPending.IsZero() {
		return pause
	}
	return min(pause, max(s.nextPending.Sub(s.opts.Now()), 0))
}

// follow publishes what the leader has done and reads the options.
func (s *Syncer) follow(ctx context.Context, _ string) error {
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
