// Package pipeline is the way from an Engage feed to the cloud that loses
// nothing and injects nothing twice: Intake writes events to a log, the one
// Writer of a tenant applies the log to a model and commits what the model
// wants sent to an outbox, and the Sender sends the outbox. Every step can be
// killed at any point and goes on from what pkg/store holds.
package pipeline

import (
	"context"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// IntakeStore is what Intake needs of a *store.Pipeline.
type IntakeStore interface {
	AppendOnce(ctx context.Context, a store.Append) (int, error)
	Cursor(ctx context.Context, source string) (store.Position, error)
	SetAside(ctx context.Context, source string, item []byte, at store.Position, reason string) error
}

// IntakeOptions configure an Intake. Only Pipeline is required.
type IntakeOptions struct {
	Pipeline IntakeStore
	// Edge names the edge that the feed comes from. Cursors are an edge's
	// own, so instances that follow different edges must name them; instances
	// on one edge may share its cursors. Empty: there is one edge.
	Edge string
	// Pair names the HA pair behind a link, for the identity of its events.
	// By default it is the link's name, which must then be the same on all
	// instances.
	Pair func(link string) string
	// Watermarks says that heartbeats go into the log as well: they say how far a quiet link has come.
	Watermarks bool
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Intake is the sink of the feed client: it appends events to the pipeline's
// log, each once, whichever instance brings it.
type Intake struct {
	pipeline IntakeStore
	edge     string
	pair     func(string) string
	marks    bool
	log      *slog.Logger
	metrics  *intakeMetrics

	mu     sync.Mutex
	epochs map[string]string // of the store when the link's cursor was read, by link
}

var _ engage.Sink = (*Intake)(nil)

// NewIntake wires an Intake.
func NewIntake(opts IntakeOptions) *Intake {
	in := &Intake{
		pipeline: opts.Pipeline, edge: opts.Edge, pair: opts.Pair, marks: opts.Watermarks,
		log: logger(opts.Logger, "intake"), metrics: newIntakeMetrics(opts.Registerer), epochs: map[string]string{},
	}
	if in.pair == nil {
		in.pair = func(link string) string { return link }
	}
	return in
}

func logger(log *slog.Logger, component string) *slog.Logger {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return log.With("component", component)
}

// source is the name under which a link's cursor is stored.
func (in *Intake) source(link string) string {
	if in.edge == "" {
		return link
	}
	return link + "@" + in.edge
}

// Cursor is the cursor of the link's last stored event. What the link delivers
// after it is taken only as long as the store cannot have lost that event.
func (in *Intake) Cursor(ctx context.Context, link string) (string, error) {
	at, err := in.pipeline.Cursor(ctx, in.source(link))
	if err != nil {
		return "", err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.epochs[link] = at.Epoch
	return at.Cursor, nil
}

// epoch is the store's when the link's cursor was read.
func (in *Intake) epoch(link string) string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.epochs[link]
}

// usualRecord is how many bytes the records of most events take; room is made for as much.
const usualRecord = 512

// Accept appends the events that no instance has appended yet, and moves the
// link's cursor, in one step.
func (in *Intake) Accept(ctx context.Context, link string, events []engage.Event) error {
	name, cursor := in.pair(link), ""
	entries := make([]store.Entry, 0, len(events))
	room := make([]byte, 0, usualRecord*len(events))
	for i, e := range events {
		if e.Message != engage.MsgHeartbeat {
			cursor = e.Cursor
		} else if !in.marks || i+1 < len(events) { // what follows says more
			continue
		}
		e.Link = name
		from, err := len(room), error(nil)
		if room, err = engage.Append(append(room, byte(KindEvent)), e); err != nil {
			return fault.Wrap(fault.Internal, "pipeline.accept", err)
		}
		entry := store.Entry{Payload: room[from:len(room):len(room)], Repeats: e.Message == engage.MsgHeartbeat}
		if !entry.Repeats {
			entry.Identity = e.Identity(name)
		}
		entries = append(entries, entry)
	}
	// A heartbeat alone asks whether the store still has what it took: a quiet link would not notice.
	appended, err := in.pipeline.AppendOnce(ctx, store.Append{
		Source: in.source(link), Cursor: cursor, Entries: entries, Epoch: in.epoch(link),
	})
	if err != nil {
		return err
	}
	in.metrics.events.WithLabelValues(resultAppended).Add(float64(appended))
	in.metrics.events.WithLabelValues(resultRepeated).Add(float64(len(entries) - appended))
	return nil
}

// SetAside keeps a malformed line and moves the link's cursor behind it.
func (in *Intake) SetAside(ctx context.Context, link string, bad engage.BadLine) error {
	at := store.Position{Cursor: bad.Cursor, Epoch: in.epoch(link)}
	if err := in.pipeline.SetAside(ctx, in.source(link), bad.Line, at, bad.Reason); err != nil {
		return err
	}
	in.metrics.events.WithLabelValues(resultSetAside).Inc()
	return nil
}
