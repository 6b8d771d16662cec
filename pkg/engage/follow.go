package engage

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"engage.connector/pkg/fault"
)

// Sink takes what a link delivers. Its methods are called one after another.
type Sink interface {
	// Cursor is where to go on: the cursor of the last event that is stored,
	// "" to start with what the edge still holds.
	Cursor(ctx context.Context, link string) (string, error)
	// Accept stores events, at most 256, in their order; nil means that they
	// and the last one's cursor are durable. After an error the link is read
	// again from Cursor, so the same events come again. Heartbeats are among
	// them: they have no place in the feed, and their cursor says nothing.
	Accept(ctx context.Context, link string, events []Event) error
	// SetAside keeps a malformed line for the operator and moves the cursor.
	SetAside(ctx context.Context, link string, bad BadLine) error
}

const (
	// silence after which a connection is dead; the edge sends a heartbeat
	// every 5 s (feed contract).
	silence   = 15 * time.Second
	maxBatch  = 256
	firstWait = 500 * time.Millisecond
	longWait  = 30 * time.Second
	// longestAsked bounds what the edge may ask for with Retry-After.
	longestAsked = 3 * time.Minute
)

// FollowState is what is known of a followed link.
type FollowState struct {
	Connected bool
	Since     time.Time // of Connected
	LastLine  time.Time
	Reason    string // why it is not connected
}

// follower follows one link.
type follower struct {
	c       *Client
	link    string
	spec    func(context.Context) (LinkSpec, error)
	sink    Sink
	log     *slog.Logger
	backoff *backoff.ExponentialBackOff

	// declaring keeps an older wanted state from overtaking a newer one.
	declaring sync.Mutex
	last      *LinkSpec // what was declared last
}

// Follow declares the link and hands its events to sink until ctx ends, whose
// error it returns. It reconnects with jittered backoff, resumes after
// sink.Cursor, and declares the link again on every connect and whenever
// changed delivers. spec gives the wanted state; when it fails after a first
// success, the last known state is declared.
func (c *Client) Follow(ctx context.Context, link string, spec func(context.Context) (LinkSpec, error),
	changed <-chan struct{}, sink Sink,
) error {
	if err := checkLink(link); err != nil {
		return err
	}
	f := &follower{c: c, link: link, spec: spec, sink: sink, log: c.log.With("link", link), backoff: newBackoff()}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { f.redeclare(ctx, changed) })
	said := ""
	for {
		started := time.Now()
		err := f.stream(ctx)
		if ctx.Err() != nil {
			c.setState(link, false, "stopped")
			return ctx.Err()
		}
		c.setState(link, false, err.Error())
		c.metrics.reconnects.WithLabelValues(f.kind()).Inc()
		if time.Since(started) > longWait {
			f.backoff.Reset()
		}
		wait := max(f.backoff.NextBackOff(), min(fault.RetryIn(err), longestAsked))
		f.logFailure(err, wait, &said)
		f.sleep(ctx, wait, err)
	}
}

// logFailure warns of a failure once and repeats itself at debug level only.
func (f *follower) logFailure(err error, wait time.Duration, said *string) {
	level := slog.LevelWarn
	if *said == err.Error() {
		level = slog.LevelDebug
	}
	*said = err.Error()
	f.log.Log(context.Background(), level, "feed interrupted", "error", err, "code", fault.CodeOf(err),
		"hint", fault.Hint(err), "retry_in", wait)
}

func newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = firstWait, longWait, 2
	b.Reset()
	return b
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// redeclare declares the link whenever the wanted state changes, while the
// feed goes on.
func (f *follower) redeclare(ctx context.Context, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-changed:
			if !open {
				return
			}
		}
		waits := newBackoff()
		for err := f.declare(ctx); err != nil && ctx.Err() == nil; err = f.declare(ctx) {
			f.log.Warn("declaring the link again failed", "error", err, "hint", fault.Hint(err))
			pause(ctx, max(waits.NextBackOff(), min(fault.RetryIn(err), longestAsked)))
		}
	}
}

func (f *follower) declare(ctx context.Context) error {
	f.declaring.Lock()
	defer f.declaring.Unlock()
	spec, err := f.spec(ctx)
	switch {
	case err == nil:
	case f.last == nil:
		err = fault.Newf(fault.CodeOf(err), "engage.spec", "the wanted state of the link: %w", err)
		return ownError{err, func(ctx context.Context) bool {
			_, err := f.spec(ctx)
			return err == nil
		}}
	default:
		f.log.Warn("the wanted state is not available, declaring the last known one", "error", err)
		spec = *f.last
	}
	status, err := f.c.DeclareLink(ctx, f.link, spec)
	if err != nil {
		return err
	}
	f.last = &spec
	if status.State == "failed" {
		f.log.Warn("the edge cannot reach the server", "reason", status.Reason)
		return nil
	}
	f.log.Info("link declared", "state", status.State, "registrations", len(spec.Register),
		"statistics", len(spec.Statistics), "call_monitoring", spec.CallMonitoring)
	return nil
}

func (f *follower) kind() string {
	f.declaring.Lock()
	defer f.declaring.Unlock()
	if f.last == nil {
		return kindLabel("")
	}
	return kindLabel(f.last.Kind)
}

// stream makes one connection and reads it to its end; it never returns nil.
func (f *follower) stream(ctx context.Context) error {
	if err := f.declare(ctx); err != nil {
		return err
	}
	cursor, err := f.sink.Cursor(ctx, f.link)
	if err != nil {
		return ownError{err, func(ctx context.Context) bool {
			_, err := f.sink.Cursor(ctx, f.link)
			return err == nil
		}}
	}
	connection, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	err = f.read(ctx, connection, watchdog, cursor)
	if connection.Err() != nil && ctx.Err() == nil {
		return fault.Newf(fault.Timeout, "engage.follow", "no line for %s", silence)
	}
	return err
}

// read reads one connection. The watchdog runs only while input is awaited: a
// slow sink is no silence.
func (f *follower) read(ctx, connection context.Context, watchdog *time.Timer, cursor string) error {
	resp, err := f.open(connection, cursor)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	kind := f.kind()
	f.c.setState(f.link, true, "")
	f.c.metrics.connected.WithLabelValues(kind).Inc()
	defer f.c.metrics.connected.WithLabelValues(kind).Dec()
	f.log.Info("feed open", "after", cursor)
	f.c.Wake() // what let this link in lets the others of the same edge in

	lines := newLineReader(resp.Body)
	lines.charset, lines.foreign = f.c.charset, f.c.metrics.foreign.WithLabelValues(kind).Inc
	lines.before = func() { watchdog.Reset(silence) }
	lines.after = func() { watchdog.Stop() }
	b := batch{f: f, kind: kind, cursor: cursor}
	for {
		if err := lines.next(); err != nil {
			// An unfinished line will come again as a whole.
			if ferr := b.flush(ctx); ferr != nil {
				return ferr
			}
			return fault.Wrap(fault.Unavailable, "engage.follow", err)
		}
		if err := b.take(ctx, lines); err != nil {
			return err
		}
	}
}

// open starts the feed after cursor. When the edge has forgotten the cursor
// (410), the feed starts with what the edge still holds: repeated events are
// harmless, skipped ones are not.
func (f *follower) open(ctx context.Context, cursor string) (*http.Response, error) {
	const op = "engage.follow"
	u := f.c.linkURL(f.link).JoinPath("events")
	if cursor != "" {
		u.RawQuery = url.Values{"after": {cursor}}.Encode()
	}
	resp, err := f.c.do(ctx, op, http.MethodGet, u, nil)
	if cursor != "" && err != nil && isGone(err) {
		f.log.Warn("the edge no longer knows the cursor, reading all that it holds", "after", cursor)
		u.RawQuery = ""
		return f.c.do(ctx, op, http.MethodGet, u, nil)
	}
	return resp, err
}

// batch collects the events that are already there.
type batch struct {
	f      *follower
	kind   string
	cursor string // of the last line
	events []Event
}

func (b *batch) take(ctx context.Context, lines *lineReader) error {
	c := b.f.c
	c.metrics.lines.WithLabelValues(b.kind).Inc()
	c.touch(b.f.link)
	e, bad := lines.decode(b.cursor)
	switch {
	case bad != nil:
		return b.setAside(ctx, *bad)
	case e.Message == MsgHeartbeat:
		b.events = append(b.events, e)
	default:
		b.events, b.cursor = append(b.events, e), e.Cursor
	}
	if e.Message == MsgGap {
		c.metrics.gaps.WithLabelValues(b.kind).Inc()
		b.f.log.Warn("the edge lost events", "cursor", e.Cursor, "time", e.Time, "gap", e.Attributes)
	}
	if !e.ReceivedAt.IsZero() {
		c.metrics.lag.WithLabelValues(b.kind).Set(max(0, c.now().Sub(e.ReceivedAt).Seconds()))
	}
	if len(b.events) >= maxBatch || !lines.buffered() {
		return b.flush(ctx)
	}
	return nil
}

// setAside first stores the events before the line, because storing the
// line's cursor is a promise that they are there.
func (b *batch) setAside(ctx context.Context, bad BadLine) error {
	if err := b.flush(ctx); err != nil {
		return err
	}
	b.f.c.metrics.badLines.WithLabelValues(b.kind).Inc()
	b.f.log.Warn("malformed line set aside", "cursor", bad.Cursor, "after", bad.After, "size", bad.Size, "reason", bad.Reason)
	if err := b.f.sink.SetAside(ctx, b.f.link, bad); err != nil {
		return err
	}
	b.cursor = firstOf(bad.Cursor, b.cursor)
	return nil
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.events) == 0 {
		return nil
	}
	events := b.events
	b.events = nil // the sink may keep the slice
	if err := b.f.sink.Accept(ctx, b.f.link, events); err != nil {
		return err
	}
	b.f.backoff.Reset()
	return nil
}
