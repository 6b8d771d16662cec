package model

import (
	"slices"
	"time"
)

// sweep bounds what is kept.
func (m *Model) sweep(now time.Time, out *outbox) {
	if n := m.book.PruneOrphans(now, orphanPatience); n > 0 {
		m.opts.Observer.OrphansDropped(n)
	}
	m.wakeStale(now)
	if m.book.Restarts(m.fed) {
		for uuid := range m.resting {
			m.book.Call(uuid)
		}
		m.advance(m.book.EndRestarted(m.fed), m.fed, out)
	}
	for _, uuid := range m.book.Calls() {
		m.giveUp(uuid, now, out)
	}
	for _, uuid := range m.order {
		if c := m.closed[uuid]; c.at.IsZero() { // closed before the first tick
			in := c.interaction()
			in.Closed = now
			m.store(in)
		}
	}
	for len(m.order) > 0 {
		oldest := m.closed[m.order[0]]
		if len(m.order) <= m.opts.MaxClosed && now.Sub(oldest.at) < m.opts.Retention {
			break
		}
		m.forget(oldest.interaction())
	}
	for _, id := range sorted(m.records) {
		r := m.records[id]
		m.join(r, out) // options may have changed, or its call may have appeared
		if r.old(now, m.opts.Retention) && m.interaction(r.Segment.CallUUID) == nil {
			m.drop(r)
		}
	}
}

// quiet is how a call stood when its silence began.
type quiet struct {
	newest time.Time // of its events
	since  time.Time // by the wall clock
}

// silence is for how long nothing has been heard of a call, by the wall clock: events that are read
// late, after an outage or from a capture, are not old.
func (q *quiet) silence(newest, now time.Time) time.Duration {
	if q.since.IsZero() || !q.newest.Equal(newest) {
		*q = quiet{newest: newest, since: now}
	}
	return now.Sub(q.since)
}

// giveUp closes an interaction of which nothing has been heard for too long, or that is too old: its
// end was lost with a link.
func (m *Model) giveUp(uuid string, now time.Time, out *outbox) {
	call := m.book.Call(uuid)
	if call == nil || m.board.Root(uuid) != uuid {
		return // closed with its interaction
	}
	g := m.board.Group(uuid)
	patience, last := m.opts.StaleAfter, lastHeard(g)
	if call.Created.IsZero() {
		patience = min(patience, stubPatience)
	}
	if m.book.Unresolved(call) {
		patience = min(patience, lostPatience)
	}
	in := m.open(call)
	if in.Opened.IsZero() { // seen before the first tick
		in.Opened = now
		m.book.Touch(uuid)
	}
	if in.quiet.silence(last, now) < patience && now.Sub(in.Opened) < m.opts.MaxCallAge {
		return
	}
	m.end(g, out)
}

func (m *Model) forget(in *Interaction) {
	m.order = m.order[1:]
	delete(m.closed, in.UUID)
	m.book.Forget(in.UUID)
	m.dirty.closed[in.UUID] = struct{}{}
	for _, id := range in.Recordings {
		if r := m.records[id]; r != nil {
			m.drop(r)
		}
	}
}

func (m *Model) drop(r *Record) {
	if r.State == RecordingKept {
		m.kept--
		m.opts.Observer.Recording(r, RecordingDropped)
	}
	delete(m.records, r.ID)
	m.dirty.records[r.ID] = struct{}{}
}

// sortClosed puts restored calls into the order of their end.
func (m *Model) sortClosed() {
	m.order = sorted(m.closed)
	slices.SortStableFunc(m.order, func(a, b string) int { return m.closed[a].at.Compare(m.closed[b].at) })
}
