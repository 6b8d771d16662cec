package pipeline

import (
	"context"
	"runtime/debug"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// Bounds of what a Writer holds and does at once.
const (
	readCount = 256
	maxApply  = 256
	// A tick that fails is tried again after twice the time of the one before.
	maxDoublings    = 6
	longestTickWait = time.Minute
)

// term is one life of the model: restored, fed with the log, committed. It
// ends with the first error.
func (w *Writer) term(ctx context.Context) error {
	aside, err := w.restore(ctx)
	if err != nil {
		return err
	}
	if err := w.retryAside(ctx, aside); err != nil {
		return err
	}
	t := &term{w: w, order: w.order(), nextTick: w.opts.Now()} // the model learns first what time it is
	defer w.metrics.held.Set(0)
	for ctx.Err() == nil {
		if !w.opts.Ready() {
			pause(ctx, readyPoll)
			continue
		}
		if err := t.step(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// guard turns a panic of the model into an error.
func guard(call func() (Effects, error)) (effects Effects, err error) {
	defer func() {
		if p := recover(); p != nil {
			effects, err = Effects{}, fault.Newf(fault.Internal, "pipeline.model", "panic: %v\n%s", p, debug.Stack())
		}
	}()
	return call()
}

type term struct {
	w        *Writer
	order    order
	without  []string // links that are not waited for
	after    string   // id of the last record read
	nextTick time.Time
	failed   int // ticks since the last one that succeeded
}

// step does what is due now, then reads on until the next thing is due.
func (t *term) step(ctx context.Context) error {
	now := t.w.opts.Now()
	released := t.order.Release(now)
	t.count(released)
	for len(released) > 0 {
		n := wholeCells(released)
		if err := t.w.apply(ctx, released[:n]); err != nil {
			return err
		}
		released = released[n:]
	}
	if !now.Before(t.nextTick) { // after what has come, so that nothing is waited for in vain
		if err := t.tick(ctx, now); err != nil {
			return err
		}
	}
	t.report()
	until := t.nextTick
	if due, ok := t.order.Due(); ok && due.Before(until) {
		until = due
	}
	return t.read(ctx, max(0, until.Sub(t.w.opts.Now())))
}

// read adds what the log has to the sequencer, waiting for it up to block.
// While too much is held it only waits.
func (t *term) read(ctx context.Context, block time.Duration) error {
	if t.order.Full() {
		pause(ctx, block)
		return nil
	}
	if t.order.Len() == 0 {
		// Everything read is consumed, so the beginning of the log is what
		// comes next, even when the store has gone back to an older state.
		t.after = ""
	}
	records, err := t.w.opts.Pipeline.ReadLog(ctx, t.after, readCount, block)
	if err != nil {
		return err
	}
	now := t.w.opts.Now()
	for _, r := range records {
		t.after = r.ID
		e, err := t.w.decodeRecord(r.Payload)
		if err != nil {
			if err := t.w.setAside(ctx, r.ID, r.Payload, err); err != nil {
				return err
			}
			continue
		}
		t.order.Add(Held{ID: r.ID, Event: e, ReadAt: now, Size: len(r.Payload), Payload: r.Payload})
	}
	return nil
}

// tick lets time pass for the model. When it cannot, it is restored, and the next tick comes later: events
// are still applied.
func (t *term) tick(ctx context.Context, now time.Time) error {
	w, progress := t.w, t.order.Progress()
	effects, err := guard(func() (Effects, error) { return w.opts.Model.Tick(now, progress) })
	if err == nil {
		t.nextTick, t.failed = now.Add(w.opts.TickInterval), 0
		return w.commit(ctx, effects, nil)
	}
	wait := min(w.opts.TickInterval<<min(t.failed, maxDoublings), longestTickWait)
	t.nextTick, t.failed = now.Add(wait), t.failed+1
	w.metrics.restarts.Inc()
	w.log.Error("the model cannot let time pass and is restored; events are still applied", "error", err, "next_try_in", wait.String())
	_, err = w.restore(ctx)
	return err
}

// apply applies and commits one batch. When the model refuses it, its events
// are applied one by one, each from what was committed, and those that fail
// alone are set aside.
func (w *Writer) apply(ctx context.Context, batch []Held) error {
	events := make([]engage.Event, len(batch))
	ids := make([]string, len(batch))
	for i, h := range batch {
		events[i], ids[i] = h.Event, h.ID
	}
	effects, err := guard(func() (Effects, error) { return w.opts.Model.Apply(events) })
	if err == nil {
		return w.applied(ctx, effects, ids, events)
	}
	if _, rerr := w.restore(ctx); rerr != nil {
		return rerr
	}
	if len(batch) == 1 {
		return w.setAside(ctx, ids[0], batch[0].Payload, err)
	}
	w.log.Error("the model refused a batch, its events are applied one by one", "error", err, "events", len(batch))
	for i := range batch {
		if err := w.apply(ctx, batch[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) applied(ctx context.Context, effects Effects, ids []string, events []engage.Event) error {
	if err := w.commit(ctx, effects, ids); err != nil {
		return err
	}
	w.metrics.applied.Add(float64(len(events)))
	now := w.opts.Now()
	for _, e := range events {
		w.metrics.delay.Observe(max(0, now.Sub(e.Time).Seconds()))
	}
	return nil
}

// commit writes effects and consumes records, all or nothing.
func (w *Writer) commit(ctx context.Context, effects Effects, consumed []string, aside ...store.Aside) error {
	w.keepClocks(&effects, len(consumed) > 0)
	consumed = w.consume(&effects, consumed)
	if len(consumed) == 0 && len(effects.State) == 0 && len(effects.Outbox) == 0 {
		return nil
	}
	lease, err := w.lease.Current()
	if err != nil {
		return err
	}
	err = w.opts.Pipeline.Commit(ctx, lease, store.Commit{Consumed: consumed, State: effects.State, Outbox: effects.Outbox, Aside: aside})
	w.metrics.commit(err)
	if err == nil {
		w.lease.Succeeded()
	}
	return err
}
