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
	"engage.connector/pkg/leader"
	"engage.connector/pkg/store"
)

// Model is the pure domain behind a Writer; it is called from one goroutine.
// What it holds must follow from Restore and what was applied since, because
// after any failure it is restored from what was committed.
type Model interface {
	// Restore replaces everything the model holds. It returns the values that cannot be read, with the
	// reason, and holds the others (see RestoreEach).
	Restore(state map[string][]byte) map[string]error
	// Apply applies one batch in the order of event time. An error (or a
	// panic) means that the batch cannot be applied: the Writer then applies
	// its events one by one and sets aside those that fail alone.
	Apply(events []engage.Event) (Effects, error)
	// Tick lets time pass: now is the wall clock, progress how far the links have come. Without links
	// (see WriterOptions.Links) nothing is known of that.
	Tick(now time.Time, progress Progress) (Effects, error)
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
}

// WriterOptions configure a Writer. Pipeline, Store, LeaseName, Owner and
// Model are required.
type WriterOptions struct {
	Pipeline  WriterStore
	Store     leader.Leases
	LeaseName string
	// Owner names this instance; two running instances must not share it.
	Owner    string
	Model    Model
	LeaseTTL time.Duration // default 15 s: how long a killed writer is waited for
	// Readers read the records of the service's own kinds; those of other kinds are set aside.
	Readers map[Kind]Reader
	// ReorderWindow is how long events wait for earlier ones of other links where there are no Links, see
	// Sequencer; 0 is not at all.
	ReorderWindow time.Duration
	// Links are the links that are expected to report. With them, events are put into order by how far
	// the links have come and not by a window of time, see Timeline.
	Links []string
	// Patience is how long a link that does not come further is waited for; default 5 min.
	Patience     time.Duration
	TickInterval time.Duration // default 1 s
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
	leader  *leader.Leader
	lease   *leader.Lease // of the term; only touched by it
	log     *slog.Logger
	metrics *writerMetrics
	decoder engage.Decoder // of the term
	aside   int            // records that are set aside whole; only touched by the term

	// Of the term: the order that it reads in, what the state says of the clocks, and which of their
	// changes is kept.
	timeline *Timeline
	clocks   []byte
	kept     int

	missing sync.Mutex
	without map[string]Without
}

const (
	defaultTick     = time.Second
	defaultPatience = 5 * time.Minute
	// readyPoll is how often a Writer that is not ready asks whether it is.
	readyPoll = time.Second
)

// NewWriter checks the options; errors are *fault.Error with code Invalid.
func NewWriter(opts WriterOptions) (*Writer, error) {
	if opts.Pipeline == nil || opts.Store == nil || opts.Model == nil || opts.LeaseName == "" || opts.Owner == "" {
		return nil, fault.New(fault.Invalid, "pipeline.writer", "Pipeline, Store, Model, LeaseName and Owner are required")
	}
	if opts.Patience <= 0 {
		opts.Patience = defaultPatience
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
	w := &Writer{
		opts:    opts,
		log:     logger(opts.Logger, "writer").With("lease", opts.LeaseName, "owner", opts.Owner),
		metrics: newWriterMetrics(opts.Registerer),
		without: map[string]Without{},
	}
	for _, link := range opts.Links {
		w.metrics.without.WithLabelValues(link)
	}
	w.leader = leader.New(leader.Options{
		Leases: opts.Store, Name: opts.LeaseName, Owner: opts.Owner, TTL: opts.LeaseTTL, Ready: opts.Ready,
		Changed: w.metrics.leads, Logger: opts.Logger, Now: opts.Now,
	})
	return w, nil
}

func newBackoff(first, longest time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = first, longest, 2
	b.Reset()
	return b
}

// Lease is the lease while this Writer holds it. It is what the Senders of
// the same pipeline work under.
func (w *Writer) Lease() (store.Lease, bool) { return w.leader.Current() }

// Run acquires the lease, else waits as standby, and applies the log while it
// holds it. It returns only when ctx has ended, with its error; then the
// lease has been released.
func (w *Writer) Run(ctx context.Context) error {
	return w.leader.Hold(ctx, func(ctx context.Context, lease *leader.Lease) error {
		w.lease = lease
		err := w.term(ctx)
		if ctx.Err() == nil && !errors.Is(err, store.ErrFenced) {
			w.metrics.restarts.Inc() // the model is dropped and restored from the store
		}
		return err
	})
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
