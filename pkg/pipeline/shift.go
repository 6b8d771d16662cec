package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// landing is the answer to a request.
type landing struct {
	items    []*item
	outcomes []Outcome
	err      error
}

// page is what one read of the outbox gave.
type page struct {
	returned []store.OutboxRecord // by a person, from the parked ones
	records  []store.OutboxRecord
	err      error
}

// shift is a Sender's work under one generation of the lease. One goroutine
// owns the window; requests and reads run beside it and report to it.
type shift struct {
	s          *Sender
	generation int64
	window     window
	after      string
	reading    bool
	gone       map[string]bool // what was settled while a read was under way
	readFrom   time.Time       // no read before
	settleFrom time.Time       // no storing of outcomes before
	flying     int
	ailing     *backoff.ExponentialBackOff // between failures of the store
	landings   chan landing
	pages      chan page
	wg         sync.WaitGroup
}

func newShift(s *Sender, generation int64) *shift {
	return &shift{
		s: s, generation: generation, window: window{perKey: s.opts.PerKey},
		ailing:   newBackoff(pauseMin, pauseMax),
		landings: make(chan landing, s.opts.Parallel), pages: make(chan page, 1),
	}
}

// run works until ctx ends or the lease changes.
func (h *shift) run(ctx context.Context) {
	// Requests and reads outlive ctx by the time of draining.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer h.wg.Wait()
	defer cancel()
	reads, endReads := context.WithCancel(work)
	defer endReads()
	for ctx.Err() == nil {
		lease, ok := h.s.opts.Lease()
		if !ok || lease.Generation != h.generation || errors.Is(h.settle(ctx, lease), store.ErrFenced) {
			break
		}
		wake := h.dispatch(work)
		h.read(reads)
		h.await(ctx, earlier(wake, lease.ExpiresAt))
	}
	endReads()
	h.drain(ctx, cancel)
	h.s.metrics.window.Set(0)
	h.s.metrics.flying.Set(0)
}

// await takes one report, or wakes up when something is due.
func (h *shift) await(ctx context.Context, wake time.Time) {
	timer := time.NewTimer(min(leasePoll, max(0, wake.Sub(h.s.opts.Now()))))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case l := <-h.landings:
		h.land(l)
	case p := <-h.pages:
		h.turn(p)
	case <-timer.C:
	}
}

// read reads ahead, one read at a time, while the window has room.
func (h *shift) read(ctx context.Context) {
	room := h.s.opts.Window - len(h.window.items)
	if h.reading || room <= 0 || h.s.opts.Now().Before(h.readFrom) {
		return
	}
	if len(h.window.items) == 0 {
		// Everything read is gone from the outbox, so its beginning is what
		// comes next, even when the store has gone back to an older state.
		h.after = ""
	}
	h.reading = true
	after := h.after
	h.wg.Go(func() {
		returned, err := h.s.opts.Pipeline.ReadReturned(ctx, h.s.opts.Outbox)
		if err != nil {
			h.pages <- page{err: err}
			return
		}
		records, err := h.s.opts.Pipeline.ReadOutbox(ctx, h.s.opts.Outbox, after, min(room, readAhead), readBlock)
		h.pages <- page{returned, records, err}
	})
}

func (h *shift) turn(p page) {
	h.reading = false
	gone := h.gone
	h.gone = nil
	now := h.s.opts.Now()
	if p.err != nil {
		h.readFrom = now.Add(h.ailing.NextBackOff())
		h.s.log.Warn("the outbox cannot be read", "error", p.err, "hint", fault.Hint(p.err))
		return
	}
	h.ailing.Reset()
	h.window.add(slices.DeleteFunc(p.returned, func(r store.OutboxRecord) bool { return gone[r.ID] }), now)
	h.window.add(p.records, now)
	if n := len(p.records); n > 0 {
		h.after = p.records[n-1].ID
	}
	h.s.metrics.window.Set(float64(len(h.window.items)))
}

// dispatch sends what may go now and returns when there may be more. While
// the operation fails only one request is under way.
func (h *shift) dispatch(ctx context.Context) (wake time.Time) {
	opts, state, now := h.s.opts, h.s.state, h.s.opts.Now()
	wake = now.Add(leasePoll)
	for h.flying < opts.Parallel {
		if rest := state.Left(now); rest > 0 {
			return earlier(wake, now.Add(rest))
		}
		failing := state.Failing()
		if failing && h.flying > 0 {
			return wake
		}
		items, rest := h.next(now)
		if rest > 0 {
			wake = earlier(wake, now.Add(rest))
		}
		if len(items) == 0 {
			return wake
		}
		// A full batch goes at once, another when its oldest has waited.
		due := items[0].readAt.Add(opts.Linger)
		if len(items) < opts.MaxBatch && items[0].group == nil && !failing && now.Before(due) && !now.Before(items[0].readAt) {
			return earlier(wake, due)
		}
		h.send(ctx, items)
	}
	return wake
}

// next are the records of the next request.
func (h *shift) next(now time.Time) ([]*item, time.Duration) {
	if h.s.state.Probing() {
		return h.window.probe(now)
	}
	return h.window.candidates(now, h.s.opts.MaxBatch)
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

func (h *shift) send(ctx context.Context, items []*item) {
	h.flying++
	h.s.metrics.flying.Set(float64(h.flying))
	records := make([]store.OutboxRecord, len(items))
	for i, it := range items {
		it.stage = stageFlying
		records[i] = it.rec
	}
	h.wg.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, h.s.opts.SendTimeout)
		defer cancel()
		begin := h.s.opts.Now()
		outcomes, err := h.s.opts.Send(ctx, records)
		h.s.metrics.duration.Observe(h.s.opts.Now().Sub(begin).Seconds())
		if err == nil && len(outcomes) != len(records) {
			err = fault.Newf(fault.Internal, "pipeline.send", "%d answers for %d records", len(outcomes), len(records))
		}
		h.landings <- landing{items, outcomes, err}
	})
}

// settle stores the outcomes. A record's key is held back until then: what
// comes after it must not be sent before its fate is durable, or a crash
// would send the two in the wrong order. An error leaves the rest to the next
// attempt; only a lost lease is returned.
func (h *shift) settle(ctx context.Context, lease store.Lease) error {
	now := h.s.opts.Now()
	if now.Before(h.settleFrom) {
		return nil
	}
	err := h.store(ctx, lease)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, store.ErrFenced):
		h.settleFrom = now.Add(h.ailing.NextBackOff())
		h.s.log.Warn("what was sent cannot be stored, it is repeated", "error", err, "hint", fault.Hint(err))
		return nil
	}
	return err
}

func (h *shift) store(ctx context.Context, lease store.Lease) error {
	if err := h.tell(ctx, lease); err != nil {
		return err
	}
	if sent := h.window.at(stageToAck); len(sent) > 0 {
		ids := make([]string, len(sent))
		for i, it := range sent {
			ids[i] = it.rec.ID
		}
		if err := h.s.opts.Pipeline.AckOutbox(ctx, lease, h.s.opts.Outbox, ids); err != nil {
			return err
		}
		h.forget(stageToAck)
	}
	if given := h.window.at(stageToPark); len(given) > 0 {
		parked := make([]store.Parked, len(given))
		for i, it := range given {
			parked[i] = store.Parked{ID: it.rec.ID, Reason: it.reason}
		}
		if err := h.s.opts.Pipeline.Park(ctx, lease, h.s.opts.Outbox, parked); err != nil {
			return err
		}
		h.forget(stageToPark)
	}
	h.s.metrics.window.Set(float64(len(h.window.items)))
	return nil
}

// tell says what became of records that are about to leave the outbox.
func (h *shift) tell(ctx context.Context, lease store.Lease) error {
	if h.s.opts.Settled == nil {
		return nil
	}
	var settled []Settled
	for _, it := range h.window.items {
		if it.stage == stageToAck || it.stage == stageToPark {
			settled = append(settled, Settled{Record: it.rec, At: it.answered, Parked: it.stage == stageToPark, Reason: it.reason})
		}
	}
	if len(settled) == 0 {
		return nil
	}
	return h.s.opts.Settled(ctx, lease, settled)
}

// forget drops what is settled from the window. A read under way may have seen
// it as returned.
func (h *shift) forget(s stage) {
	if h.reading {
		if h.gone == nil {
			h.gone = map[string]bool{}
		}
		for _, it := range h.window.at(s) {
			h.gone[it.rec.ID] = true
		}
	}
	h.window.remove(s)
}
