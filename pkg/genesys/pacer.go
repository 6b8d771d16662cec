package genesys

import "time"

// window is the period the allowance is for (client.credentials.token.rate.per.minute).
const window = time.Minute

// pacer decides when the next request may go. It is pure: the caller brings the time and the lock.
//
// No span of one window, wherever it begins, ever holds more than limit requests, whatever the
// server's windows are. Half of the limit may go as a burst; beyond that, what is left is spread
// over the time until older requests expire, so that a busy client slows down instead of stopping.
// The server's own count corrects this: other users of the same OAuth client count there too.
type pacer struct {
	ceiling int     // configured allowance; 0: the server's
	share   float64 // part of the allowance to use
	allowed int
	limit   int
	grants  []time.Time // of the last window, oldest first
	last    time.Time   // when the last request was due, or went if it was not waiting

	serverEnd   time.Time // end of the server's window; what follows is valid until then
	serverCount int
	serverLeft  int
	pausedUntil time.Time
}

func newPacer(perMinute int, share float64) *pacer {
	p := &pacer{ceiling: perMinute, share: share}
	p.setAllowed(defaultPerMinute)
	if perMinute > 0 {
		p.setAllowed(perMinute)
	}
	return p
}

func (p *pacer) setAllowed(n int) {
	if p.ceiling > 0 {
		n = min(n, p.ceiling)
	}
	p.allowed = n
	p.limit = max(1, int(float64(n)*p.share))
}

// delay is how long the next request has to wait; 0 means go.
func (p *pacer) delay(now time.Time) time.Duration {
	p.expire(now)
	d := max(p.pausedUntil.Sub(now), p.windowDelay(now), 0)
	if now.Before(p.serverEnd) {
		d = max(d, p.serverDelay(now))
	}
	return d
}

// windowDelay keeps the own requests of any window below the limit, and apart once the burst is used.
func (p *pacer) windowDelay(now time.Time) time.Duration {
	used := len(p.grants)
	free := p.limit - used
	if free <= 0 {
		return p.grants[used-p.limit].Add(window).Sub(now)
	}
	if used < p.burst() {
		return 0
	}
	return p.last.Add(p.windowStep(now)).Sub(now)
}

// windowStep is how far apart the own requests go now; 0 for not at all.
func (p *pacer) windowStep(now time.Time) time.Duration {
	used := len(p.grants)
	free := p.limit - used
	if free <= 0 || used < p.burst() {
		return 0
	}
	return max(p.grants[0].Add(window).Sub(now)/time.Duration(free), window/time.Duration(p.limit))
}

// serverDelay keeps to what the server says is left of its window.
func (p *pacer) serverDelay(now time.Time) time.Duration {
	if p.serverLeft <= 0 {
		return p.serverEnd.Sub(now)
	}
	if step := p.serverStep(now); step > 0 {
		return p.last.Add(step).Sub(now)
	}
	return 0
}

// serverStep is how far apart the requests go to share what the server has left; 0 for not at all.
func (p *pacer) serverStep(now time.Time) time.Duration {
	if p.serverLeft <= 0 || p.serverLeft > p.limit-p.burst() || !now.Before(p.serverEnd) {
		return 0
	}
	return p.serverEnd.Sub(now) / time.Duration(p.serverLeft)
}

// burst is how many requests of a window may go without being spread. At least one.
func (p *pacer) burst() int { return max(1, p.limit/2) }

// grant books a request that goes now. The next one is counted from when this one was due, as
// long as it is late by less than a step: timers are always late, and that must not add up. What
// the window holds is counted by when requests really went.
func (p *pacer) grant(now time.Time) {
	step := max(p.windowStep(now), p.serverStep(now))
	due := p.last.Add(step)
	if late := now.Sub(due); step > 0 && late >= 0 && late < step {
		p.last = due
	} else {
		p.last = now
	}
	p.grants = append(p.grants, now)
	p.serverLeft--
}

// expire forgets requests that left the window. Times in the future (the clock was set back)
// become now, so that no wait is ever longer than a window.
func (p *pacer) expire(now time.Time) {
	gone := 0
	for gone < len(p.grants) && now.Sub(p.grants[gone]) >= window {
		gone++
	}
	p.grants = append(p.grants[:0], p.grants[gone:]...)
	if p.last.After(now) {
		p.last = now
	}
	for i := len(p.grants) - 1; i >= 0 && p.grants[i].After(now); i-- {
		p.grants[i] = now
	}
}

// observe takes over what an answer says. Requests that are under way may or may not be in the
// server's count already: they are counted once more, and the next answer corrects it. Answers of
// the same window can arrive out of order; the higher count is the later one.
func (p *pacer) observe(now time.Time, q quota, inflight int) {
	p.setAllowed(q.allowed)
	end := now.Add(q.reset)
	sameWindow := now.Before(p.serverEnd) && end.Sub(p.serverEnd).Abs() < 3*time.Second
	if sameWindow && q.count < p.serverCount {
		return
	}
	p.serverEnd, p.serverCount = end, q.count
	p.serverLeft = p.limit - q.count - inflight
}

// pause stops everything until then.
func (p *pacer) pause(until time.Time) {
	if until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
}

func (p *pacer) snapshot(now time.Time) BudgetSnapshot {
	p.expire(now)
	s := BudgetSnapshot{Allowed: p.allowed, Limit: p.limit, Used: len(p.grants), Remaining: p.limit - len(p.grants)}
	if now.Before(p.serverEnd) {
		s.ResetAt = p.serverEnd
		s.Remaining = min(s.Remaining, p.serverLeft)
	}
	if now.Before(p.pausedUntil) {
		s.PausedUntil, s.Remaining = p.pausedUntil, 0
	}
	s.Remaining = max(s.Remaining, 0)
	return s
}
