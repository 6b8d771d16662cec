package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/store"
)

// land takes the answer to a request. What follows from it is decided by the
// table of package delivery.
func (h *shift) land(l landing) {
	h.flying--
	h.s.uses.Note(h.s.opts.Now(), l.err)
	for _, it := range l.items {
		it.stage = stageWaiting
	}
	if l.err != nil {
		h.s.metrics.requests.WithLabelValues(resultFailed).Inc()
		h.failed(l.items, delivery.Failed(l.err))
	} else {
		h.s.metrics.requests.WithLabelValues(resultOk).Inc()
		h.answered(l)
	}
	h.s.metrics.flying.Set(float64(h.flying))
}

// answered takes an answer for each record.
func (h *shift) answered(l landing) {
	took := slices.ContainsFunc(l.outcomes, func(o Outcome) bool { return o.done })
	if took {
		h.resume(true)
	}
	var pausing *delivery.Answer
	for i, it := range l.items {
		if l.outcomes[i].done {
			it.stage, it.answered = stageToAck, h.s.opts.Now()
			h.count(outcomeDone)
			continue
		}
		a := l.outcomes[i].refusal()
		if h.refused(it, a, took) == delivery.Pause {
			pausing = &a
		}
	}
	switch {
	case pausing != nil:
		h.s.state.Failed()
		h.pause(*pausing)
	case !took:
		h.resume(false)
	}
}

// failed takes an answer about a whole request.
func (h *shift) failed(items []*item, a delivery.Answer) {
	state := h.s.state
	probe, mark := state.Probing(), state.Now()
	if items[0].group != nil {
		mark = items[0].group.mark
	} else if !probe {
		regroup(items, mark)
	}
	history := delivery.History{Alone: len(items) == 1, Proven: state.Proven(mark)}
	history.Everyone = state.Failed() >= delivery.ProbeAfter
	if history.Alone {
		switch action := h.refused(items[0], a, history.Proven); {
		case action == delivery.Pause:
			h.pause(a)
		case a.Own: // the org has spoken about this record: it is there
			h.resume(false)
		}
		return
	}
	action, _ := h.s.opts.Policy.Decide(a, history, delivery.Patience{}, 0)
	if action != delivery.Split {
		h.pause(a)
		return
	}
	half := (len(items) + 1) / 2
	regroup(items[:half], mark)
	regroup(items[half:], mark)
	h.s.metrics.splits.Inc()
	h.s.log.Debug("a request was refused and is sent in halves", "records", len(items), "code", a.Code, "reason", a.Reason)
}

// regroup makes records travel together and without others.
func regroup(items []*item, mark delivery.Mark) {
	g := &group{mark: mark}
	for _, it := range items {
		it.group = g
	}
}

// refused takes an answer about one record: it was named, or alone. Proven
// tells that the operation has taken others meanwhile.
func (h *shift) refused(it *item, a delivery.Answer, proven bool) delivery.Action {
	state, now := h.s.state, h.s.opts.Now()
	everyone, reached := state.Refused(now, it.rec.Key, it.last, a, proven)
	history := delivery.History{Alone: true, Proven: proven, Everyone: everyone && (!proven || a.Scope != delivery.Record)}
	action, used := h.s.opts.Policy.Decide(a, history, it.used, reached)
	if action == delivery.Pause {
		it.probed++
		return action
	}
	it.used, it.last = used, delivery.Last{At: now, Mark: state.Now()}
	if action == delivery.Park {
		h.park(it, a)
		return action
	}
	it.restFrom, it.restFor = now, delivery.RecordWait(used.Times, a.RetryIn)
	h.count(outcomeRetry)
	return action
}

func (h *shift) park(it *item, a delivery.Answer) {
	it.stage, it.reason, it.answered = stageToPark, delivery.GivenUp(a, it.used), h.s.opts.Now()
	outcome := outcomeGaveUp
	if a.Final {
		outcome = outcomeReject
	}
	h.count(outcome)
	h.s.log.Warn("a record was refused and is parked", "id", it.rec.ID, "key", it.rec.Key, "code", a.Code, "attempts", it.used.Times, "reason", it.reason)
}

func (h *shift) count(outcome string) { h.s.metrics.records.WithLabelValues(outcome).Inc() }

// pause lets the operation rest; its cause is logged once, however many
// records wait.
func (h *shift) pause(a delivery.Answer) {
	wait, report := h.s.state.Pause(h.s.opts.Now(), a)
	h.s.metrics.paused.Set(gauge(h.s.state.Paused()))
	if report {
		h.s.log.Warn("nothing is taken, sending is paused and tried again with one request at a time", "scope", a.Scope,
			"code", a.Code, "reason", a.Reason, "hint", a.Hint, "retry_in", wait, "records", len(h.window.items))
	}
}

// resume notes that the org has dealt with a request.
func (h *shift) resume(took bool) {
	ended := h.s.state.Answered(h.s.opts.Now(), took)
	h.s.metrics.paused.Set(0)
	if ended != nil {
		h.s.log.Info("sending continues", "code", ended.Cause.Code, "after", ended.After.Round(time.Second))
	}
}

func gauge(on bool) float64 {
	if on {
		return 1
	}
	return 0
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
