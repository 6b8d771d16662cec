package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/store"
	"engage.connector/pkg/uses"
)

// SenderStore is what a Sender needs of a *store.Pipeline.
type SenderStore interface {
	// ReadReturned returns what a person has sent back from the parked records.
	ReadReturned(ctx context.Context, outbox string) ([]store.OutboxRecord, error)
	ReadOutbox(ctx context.Context, outbox, after string, count int, block time.Duration) ([]store.OutboxRecord, error)
	AckOutbox(ctx context.Context, lease store.Lease, outbox string, ids []string) error
	Park(ctx context.Context, lease store.Lease, outbox string, items []store.Parked) error
}

// SenderOptions configure a Sender. Pipeline, Outbox, Lease and Send are
// required.
type SenderOptions struct {
	Pipeline SenderStore
	Outbox   string
	// Lease is the Writer's: without it nothing is sent.
	Lease func() (store.Lease, bool)
	// Send makes one request and answers for each record, in their order. An
	// error is about the request as a whole: what arrived is not known, and
	// the same records may be sent again, so they must carry ids by which the
	// other side knows them. Whose matter an answer is and what follows is
	// decided by package delivery.
	Send func(ctx context.Context, records []store.OutboxRecord) ([]Outcome, error)

	// Settled is told what became of records, before they leave the outbox: after an error, and after a
	// crash, it is told again. nil for nobody.
	Settled func(ctx context.Context, lease store.Lease, records []Settled) error

	MaxBatch int           // records in a request; default 100
	Linger   time.Duration // how long a record waits for others; default 100 ms
	// PerKey is how many records of one key may go in one request; default 1:
	// then a record goes only when the one before it has arrived. More makes
	// fewer requests, but where the other side answers per record, a failing
	// one can be overtaken by the next in the same request.
	PerKey   int
	Parallel int // requests at the same time; default 2
	Window   int // records read ahead; default 2,000

	Policy       delivery.Policy // how long a refused record is sent again
	SendTimeout  time.Duration   // of one request; default 60 s
	DrainTimeout time.Duration   // for requests under way at the end; default 5 s

	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// Settled is a record that is about to leave the outbox.
type Settled struct {
	Record store.OutboxRecord
	At     time.Time // of the answer
	// Parked says that it is given up, for Reason; otherwise it has arrived.
	Parked bool
	Reason string
}

// Sender empties an outbox: the records of a key one after another, the keys
// side by side. A record is never in two requests at once, and no record is
// sent before the fate of the one before it is stored.
type Sender struct {
	opts    SenderOptions
	state   *delivery.State
	uses    uses.Log
	log     *slog.Logger
	metrics *senderMetrics
}

const (
	leasePoll = 250 * time.Millisecond
	readAhead = 256
	readBlock = time.Second
	pauseMin  = 200 * time.Millisecond
	pauseMax  = 30 * time.Second
)

// NewSender checks the options; errors are *fault.Error with code Invalid.
func NewSender(opts SenderOptions) (*Sender, error) {
	if opts.Pipeline == nil || opts.Outbox == "" || opts.Lease == nil || opts.Send == nil {
		return nil, fault.New(fault.Invalid, "pipeline.sender", "Pipeline, Outbox, Lease and Send are required")
	}
	for _, d := range []struct {
		value    *int
		fallback int
	}{
		{&opts.MaxBatch, 100},
		{&opts.PerKey, 1},
		{&opts.Parallel, 2},
		{&opts.Window, 2000},
	} {
		if *d.value <= 0 {
			*d.value = d.fallback
		}
	}
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&opts.Linger, 100 * time.Millisecond},
		{&opts.SendTimeout, time.Minute},
		{&opts.DrainTimeout, 5 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.fallback
		}
	}
	opts.Policy = opts.Policy.WithDefaults()
	opts.Window = max(opts.Window, opts.MaxBatch)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Sender{
		opts: opts, state: delivery.NewState(opts.Outbox), log: logger(opts.Logger, "sender").With("outbox", opts.Outbox),
		metrics: newSenderMetrics(opts.Registerer, opts.Outbox),
	}, nil
}

// Run sends while the lease is held. It returns only when ctx has ended, with
// its error; requests under way are awaited for DrainTimeout.
func (s *Sender) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		lease, ok := s.opts.Lease()
		if !ok {
			pause(ctx, leasePoll)
			continue
		}
		newShift(s, lease.Generation).run(ctx)
	}
	return ctx.Err()
}

// Check is nil while the other side takes what is sent; else it tells, once
// for all records, why nothing is sent. It is meant for the health page.
func (s *Sender) Check(context.Context) error { return s.state.Check() }

// LastUse is how the last request went.
func (s *Sender) LastUse() uses.Use { return s.uses.Last() }
