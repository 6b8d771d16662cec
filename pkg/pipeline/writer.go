package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// Model is the pure domain behind a Writer; it is called from one goroutine.
// What it holds must follow from Restore and what was applied since, because
// after any failure it is restored from what was committed.
type Model interface {
	// Restore replaces everything the model holds.
	Restore(state map[string][]byte) error
	// Apply applies one batch in the order of event time. An error (or a
	// panic) means that the batch cannot be applied: the Writer then applies
	// its events one by one and sets aside those that fail alone.
	Apply(events []engage.Event) (Effects, error)
	// Tick lets time pass.
	Tick(now time.Time) (Effects, error)
}

// Effects are what a model wants committed.
type Effects struct {
	State  map[string][]byte              // changed state; nil deletes
	Outbox map[string][]store.OutboxEntry // what to send, by outbox
}

// WriterStore is what a Writer needs of a *store.Pipeline.
type WriterStore interface {
	ReadLog(ctx context.Context, after string, count int, block time.Duration) ([]store.Record, error)
	LoadState(ctx context.Context) (map[string][]byte, error)
	Commit(ctx context.Context, lease store.Lease, c store.Commit) error
	SetAside(ctx context.Context, source string, item []byte, cursor, reason string) error
}

// WriterOptions configure a Writer. Pipeline, Store, LeaseName, Owner and
// Model are required.
type WriterOptions struct {
	Pipeline  WriterStore
	Store     LeaseStore
	LeaseName string
	// Owner names this instance; two running instances must not share it.
	Owner         string
	Model         Model
	LeaseTTL      time.Duration // default 15 s: how long a killed writer is waited for
	ReorderWindow time.Duration // default 250 ms, see Sequencer; negative is none
	TickInterval  time.Duration // default 1 s
	// Ready tells whether events can be applied, for instance because the ID
	// map is there. Until then the lease is left to others; a Writer that
	// holds it pauses. nil is always ready.
	Ready      func() bool
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// Writer applies a pipeline's log to its model while it holds the lease.
type Writer struct {
	opts    WriterOptions
	tenure  *tenure
	log     *slog.Logger
	metrics *writerMetrics
	backoff *backoff.ExponentialBackOff
}

const (
	defaultTTL    = 15 * time.Second
	defaultWindow = 250 * time.Millisecond
	defaultTick   = time.Second
	// standbyPoll is how often at least a standby asks for the lease, and a
	// Writer that is not ready whether it is.
	standbyPoll = time.Second
	minWait     = 100 * time.Millisecond
	maxWait     = 10 * time.Second
)

// NewWriter checks the options; errors are *fault.Error with code Invalid.
func NewWriter(opts WriterOptions) (*Writer, error) {
	if opts.Pipeline == nil || opts.Store == nil || opts.Model == nil || opts.LeaseName == "" || opts.Owner == "" {
		return nil, fault.New(fault.Invalid, "pipeline.writer", "Pipeline, Store, Model, LeaseName and Owner are required")
	}
	if opts.LeaseTTL <= 0 {
		opts.LeaseTTL = defaultTTL
	}
	if opts.ReorderWindow == 0 {
		opts.ReorderWindow = defaultWindow
	}
	if opts.TickInterval <= 0 {
		opts.TickInterval = defaultTick
	}
	if opts.Ready == nil {
		opts.Ready = func() bool { return true }
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Writer{
		opts:    opts,
		tenure:  &tenure{store: opts.Store, name: opts.LeaseName, owner: opts.Owner, ttl: opts.LeaseTTL, now: opts.Now},
		log:     logger(opts.Logger, "writer").With("lease", opts.LeaseName, "owner", opts.Owner),
		metrics: newWriterMetrics(opts.Registerer),
		backoff: newBackoff(minWait, maxWait),
	}, nil
}

func newBackoff(first, longest time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, longest, 2
	b.Reset()
	return b
}

// Lease is the lease while this Writer holds it. It is what the Senders of
// the same pipeline work under.
func (w *Writer) Lease() (store.Lease, bool) { return w.tenure.lease() }

// Run acquires the lease, else waits as standby, and applies the log while it
// holds it. It returns only when ctx has ended, with its error; then the
// lease has been released.
func (w *Writer) Run(ctx context.Context) error {
	waits := newBackoff(minWait, maxWait)
	for ctx.Err() == nil {
		if !w.opts.Ready() {
			pause(ctx, min(standbyPoll, w.opts.LeaseTTL/renewals))
			continue
		}
		err := w.tenure.acquire(ctx)
		if err == nil {
			waits.Reset()
			w.hold(ctx)
			continue
		}
		if held, ok := errors.AsType[*store.LeaseHeldError](err); ok {
			w.log.Debug("standby", "holder", held.Owner, "until", held.ExpiresAt)
			pause(ctx, min(standbyPoll, w.opts.LeaseTTL/renewals))
			continue
		}
		if ctx.Err() == nil {
			w.log.Warn("the lease cannot be acquired", "error", err, "hint", fault.Hint(err))
		}
		pause(ctx, waits.NextBackOff())
	}
	return ctx.Err()
}

// hold works under the lease until it is lost or parent ends.
func (w *Writer) hold(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		if err := w.tenure.keep(ctx); ctx.Err() == nil {
			w.log.Warn("the lease was lost", "error", err)
		}
	})
	w.log.Info("this instance is the writer")
	w.metrics.active.Set(1)
	w.terms(ctx)
	cancel()
	wg.Wait()
	w.metrics.active.Set(0)
	if err := w.tenure.giveUp(parent, parent.Err() != nil); err != nil {
		w.log.Warn("the lease was not released and runs out by itself", "error", err)
	}
}

// terms works until ctx ends or the lease is another's. After each failure
// the model is dropped and the lease acquired anew: a commit whose outcome is
// not known can no longer happen then, and what the store holds is the truth.
func (w *Writer) terms(ctx context.Context) {
	for {
		err := w.term(ctx)
		if ctx.Err() != nil || errors.Is(err, store.ErrFenced) {
			return
		}
		w.metrics.restarts.Inc()
		wait := max(w.backoff.NextBackOff(), min(fault.RetryIn(err), maxWait))
		w.log.Warn("the model is dropped and restored from the store", "error", err, "code", fault.CodeOf(err),
			"hint", fault.Hint(err), "retry_in", wait)
		for acquired := false; !acquired; {
			pause(ctx, wait)
			if ctx.Err() != nil {
				return
			}
			err := w.tenure.acquire(ctx)
			if _, held := errors.AsType[*store.LeaseHeldError](err); held {
				return
			}
			acquired = err == nil
			wait = w.backoff.NextBackOff()
		}
	}
}
