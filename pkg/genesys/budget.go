package genesys

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"engage.connector/pkg/fault"
)

// BudgetSnapshot is the state of the request budget.
type BudgetSnapshot struct {
	Allowed     int       `json:"allowed"`   // requests per minute the server grants
	Limit       int       `json:"limit"`     // of which this client uses so many
	Used        int       `json:"used"`      // requests of the last minute
	Remaining   int       `json:"remaining"` // what could be sent now without waiting for older ones to expire
	ResetAt     time.Time `json:"resetAt,omitzero"`
	PausedUntil time.Time `json:"pausedUntil,omitzero"` // the server asked to wait until then
	Waiting     int       `json:"waiting"`              // requests that wait for their turn
}

// quota is what an answer says about the rate limit.
type quota struct {
	known      bool
	count      int           // requests in the server's current window
	allowed    int           // that it grants per window
	reset      time.Duration // until the window ends
	limited    bool          // the answer was 429
	retryAfter time.Duration
}

// exhausted reports that the token's allowance is used up, as opposed to one operation's own limit.
func (q quota) exhausted() bool { return !q.known || q.count >= q.allowed }

// quotaOf reads the rate limit headers; a missing or senseless set is unknown.
func quotaOf(h http.Header) quota {
	count, err1 := strconv.Atoi(h.Get("inin-ratelimit-count"))
	allowed, err2 := strconv.Atoi(h.Get("inin-ratelimit-allowed"))
	reset, err3 := strconv.Atoi(h.Get("inin-ratelimit-reset"))
	if err1 != nil || err2 != nil || err3 != nil || count < 0 || allowed <= 0 || reset < 0 {
		return quota{}
	}
	// Observed resets are up to 61 s; anything much longer is not this window.
	return quota{known: true, count: count, allowed: allowed, reset: time.Duration(min(reset, 2*60)) * time.Second}
}

// budget lets requests go one by one, in order of arrival, at the pace of the pacer.
type budget struct {
	now     func() time.Time
	metrics *metrics
	turn    chan struct{} // holds one element: who has it is next

	mu       sync.Mutex
	pacer    *pacer
	inflight int
	waiting  int
	paused   map[string]time.Time // operations with a limit of their own, until when
}

func newBudget(opts Options, m *metrics) *budget {
	b := &budget{
		now: opts.Now, metrics: m, turn: make(chan struct{}, 1), paused: map[string]time.Time{},
		pacer: newPacer(opts.RequestsPerMinute, opts.BudgetShare),
	}
	m.budget(b.snapshot())
	return b
}

// acquire waits until a request may be sent. Every nil answer must be followed by done. When the
// wait would be longer than maxWait or the context's deadline, it returns fault.RateLimited with
// the time to wait, at once.
func (b *budget) acquire(ctx context.Context, op Operation) error {
	started := b.now()
	b.addWaiting(1)
	defer b.addWaiting(-1)
	if err := b.waitFor(ctx, op, func() time.Duration { return b.routeDelay(op) }); err != nil {
		return err
	}
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return b.gaveUp(ctx, op, ctx.Err())
	}
	if err := b.waitFor(ctx, op, b.take); err != nil {
		return err
	}
	b.metrics.waits.Observe(b.now().Sub(started).Seconds())
	return nil
}

// waitFor waits until delay says 0.
func (b *budget) waitFor(ctx context.Context, op Operation, delay func() time.Duration) error {
	for {
		if err := ctx.Err(); err != nil {
			return b.gaveUp(ctx, op, err)
		}
		d := delay()
		if d <= 0 {
			return nil
		}
		if d > maxWait || endsBefore(ctx, d) {
			return fault.Newf(fault.RateLimited, op.Op(), "the request budget is used up for another %s", d.Round(time.Second)).WithRetryIn(d)
		}
		if err := pause(ctx, d); err != nil {
			return b.gaveUp(ctx, op, err)
		}
	}
}

// gaveUp is the error of a caller that did not wait long enough; nothing was sent.
func (b *budget) gaveUp(_ context.Context, op Operation, err error) error {
	return fault.Wrap(fault.CodeOf(err), op.Op(), err)
}

// take books a request if one may be sent now, else says how long to wait.
func (b *budget) take() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if d := b.pacer.delay(now); d > 0 {
		return d
	}
	b.pacer.grant(now)
	b.inflight++
	b.publish(now)
	return 0
}

// routeDelay is how long the server asked to leave an operation alone.
func (b *budget) routeDelay(op Operation) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	until, ok := b.paused[op.Name()]
	if !ok {
		return 0
	}
	d := until.Sub(b.now())
	if d <= 0 {
		delete(b.paused, op.Name())
	}
	return d
}

// done tells how a request that acquire let go was answered.
func (b *budget) done(op Operation, q quota) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inflight--
	now := b.now()
	if q.known {
		b.pacer.observe(now, q, b.inflight)
	}
	if q.limited {
		b.hold(now, op, q)
	}
	b.publish(now)
}

// hold stops requests after a 429: all of them when the allowance is used up, else only those of
// the operation, which has a limit of its own.
func (b *budget) hold(now time.Time, op Operation, q quota) {
	wait := q.retryAfter
	if wait == 0 && q.known && q.exhausted() {
		wait = q.reset
	}
	until := now.Add(max(wait, time.Second))
	// The allowance is one of a minute: a longer wait can only be the operation's own.
	if q.exhausted() && wait <= 2*window {
		b.pacer.pause(until)
		return
	}
	if until.After(b.paused[op.Name()]) {
		b.paused[op.Name()] = until
	}
}

func (b *budget) addWaiting(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting += n
}

func (b *budget) snapshot() BudgetSnapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.snapshotAt(b.now())
}

func (b *budget) snapshotAt(now time.Time) BudgetSnapshot {
	s := b.pacer.snapshot(now)
	s.Waiting = b.waiting
	return s
}

func (b *budget) publish(now time.Time) { b.metrics.budget(b.snapshotAt(now)) }
