package feed

import "time"

// Await tells the edge what its servers are up to: nothing that is stamped before the given time will
// come any more. A zero time means that nothing is planned, so that what comes is stamped when it comes.
func (e *Edge) Await(earliest time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.earliest = earliest
}

// present is the latest moment of which the servers have told everything.
func (e *Edge) present() time.Time {
	now := e.opts.Now()
	if !e.earliest.IsZero() && !e.earliest.After(now) {
		return e.earliest.Add(-time.Microsecond)
	}
	return now
}

// upTo is the reader's watermark in the time of the link's server: everything that was stamped up to then
// has been sent to the reader. It stands still while the link is down or loses events.
func (e *Edge) upTo(rd *reader) time.Time {
	l := rd.link
	reached := e.present()
	if l.state != stateConnected || !l.losing.IsZero() {
		reached = l.heard
	}
	if late := e.late(l); late > 0 {
		reached = earlier(reached, e.opts.Now().Add(-late))
	}
	// More may be stamped in the microsecond that is running.
	mark := e.stamp(l, reached).Add(-time.Microsecond)
	// What is held and not sent yet comes after the mark.
	for _, held := range l.ring.after(rd.after) {
		mark = earlier(mark, held.stamp.Add(-time.Microsecond))
	}
	return mark.Truncate(time.Microsecond)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
