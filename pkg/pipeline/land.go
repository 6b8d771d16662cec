package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// longestAsked bounds how long the other side can stop the Sender.
const longestAsked = time.Hour

// land takes the answer to a request.
func (h *shift) land(l landing) {
	h.flying--
	if l.err != nil {
		h.s.metrics.requests.WithLabelValues(resultFailed).Inc()
		h.failed(l.batch, l.err)
	} else {
		h.s.metrics.requests.WithLabelValues(resultOk).Inc()
		h.calm.Reset()
		for i, it := range l.batch.items {
			h.outcome(it, l.outcomes[i])
		}
		h.goOn(l.batch)
	}
	h.s.metrics.flying.Set(float64(h.flying + len(h.repeat)))
}

// goOn sends the halves that were split off, without the records whose
// predecessor of the same key is still to come.
func (h *shift) goOn(b *batch) {
	held := map[string]bool{}
	for _, it := range b.items {
		if it.stage == stageWaiting {
			held[it.rec.Key] = true
		}
	}
	rest := slices.DeleteFunc(b.rest, func(it *item) bool {
		if held[it.rec.Key] {
			it.stage = stageWaiting
		}
		return it.stage == stageWaiting
	})
	if len(rest) > 0 {
		h.repeat = append(h.repeat, &batch{items: rest})
	}
}

// failed treats the error of a whole request. What nobody can accept is
// searched by halving; in all other cases the same request is made again.
func (h *shift) failed(b *batch, err error) {
	code := fault.CodeOf(err)
	atFault := code == fault.Invalid || code == fault.TooLarge
	switch {
	case atFault && len(b.items) > 1:
		half := (len(b.items) + 1) / 2
		h.s.log.Warn("the request was refused, its halves are sent", "error", err, "records", len(b.items))
		h.repeat = append(h.repeat, &batch{items: b.items[:half], rest: append(slices.Clone(b.items[half:]), b.rest...)})
	case code == fault.TooLarge:
		h.outcome(b.items[0], Reject(err.Error()))
		h.goOn(b)
	case atFault:
		// Perhaps it is the request and not the record: try some more times.
		h.outcome(b.items[0], Retry(err.Error()))
		h.goOn(b)
	default:
		wait := max(h.calm.NextBackOff(), min(fault.RetryIn(err), longestAsked))
		h.pausedTill = later(h.pausedTill, h.s.opts.Now().Add(wait))
		h.repeat = append(h.repeat, b)
		h.s.log.Warn("the request failed and is made again", "error", err, "code", code, "hint", fault.Hint(err),
			"records", len(b.items), "retry_in", wait)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// outcome moves one record on.
func (h *shift) outcome(it *item, o Outcome) {
	count := func(outcome string) { h.s.metrics.records.WithLabelValues(outcome).Inc() }
	now := h.s.opts.Now()
	switch o.verdict {
	case verdictDone:
		it.stage = stageToAck
		count(outcomeDone)
	case verdictReject:
		it.stage, it.reason = stageToPark, o.reason
		count(outcomeReject)
		h.s.log.Warn("a record was rejected and is parked", "id", it.rec.ID, "key", it.rec.Key, "reason", o.reason)
	default: // an Outcome that nobody made is no success
		it.attempts++
		if it.attempts >= h.s.opts.RetryAttempts || now.Sub(it.firstTry) >= h.s.opts.RetryFor {
			it.stage = stageToPark
			it.reason = fmt.Sprintf("given up after %d attempts in %s: %s", it.attempts, now.Sub(it.firstTry).Round(time.Second), o.reason)
			count(outcomeGaveUp)
			h.s.log.Error("a record is given up and parked", "id", it.rec.ID, "key", it.rec.Key, "reason", it.reason)
			return
		}
		it.stage, it.notBefore = stageWaiting, now.Add(retryDelay(it.attempts))
		count(outcomeRetry)
	}
}

// retryDelay grows from 1 s to 1 min, with a quarter of jitter, so that the
// records of many keys do not come back all at once.
func retryDelay(attempts int) time.Duration {
	delay := retryMax
	if shift := attempts - 1; shift < 6 {
		delay = min(retryMax, retryMin<<shift)
	}
	return delay - time.Duration(rand.Int64N(int64(delay)/4)) //nolint:gosec // jitter is no secret
}

// drain ends the shift: it awaits the requests under way, for a while or, when
// the lease is lost, until they notice that they are cancelled, and stores
// what arrived, so that nobody sends it again.
func (h *shift) drain(ctx context.Context, cancel context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	deadline := h.s.opts.Now().Add(h.s.opts.DrainTimeout)
	for h.flying > 0 {
		now := h.s.opts.Now()
		lease, ok := h.s.opts.Lease()
		if !ok || !now.Before(deadline) {
			cancel()
			l := <-h.landings
			h.land(l)
			continue
		}
		timer := time.NewTimer(min(leasePoll, lease.ExpiresAt.Sub(now)))
		select {
		case l := <-h.landings:
			h.land(l)
		case <-timer.C:
		}
		timer.Stop()
	}
	// At least one attempt, also when the time was used up by the requests.
	for {
		lease, ok := h.s.opts.Lease()
		if !ok {
			return
		}
		bounded, done := context.WithTimeout(ctx, h.s.opts.DrainTimeout)
		err := h.store(bounded, lease)
		done()
		if err == nil || !h.s.opts.Now().Before(deadline) {
			return
		}
		if !errors.Is(err, store.ErrFenced) {
			h.s.log.Warn("what was sent cannot be stored", "error", err)
		}
		pause(ctx, pauseMin)
	}
}
