package statemodel

import (
	"encoding/json"
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/agent-state-sync/desk"
)

const (
	// backwards is how far behind its newest stamp a server's clock is when it was set back, and behindFor
	// how long nothing near the newest stamp must have come: two edges of one pair may lag.
	backwards = time.Second
	behindFor = 3 * time.Second
)

// readFeed takes in one of the edge's own lines.
func (m *Model) readFeed(e engage.Event, l *linkRecord, switchName string, desks bool, w *work) {
	w.links[e.Link] = l
	switch e.Message {
	case engage.MsgHeartbeat:
		if upTo, ok := e.UpTo(); ok {
			m.vouched(e, upTo, l, w)
		}
	case engage.MsgLinkDisconnected, engage.MsgSwitchover:
		l.lose(l.Front)
	case engage.MsgGap:
		from, ok := e.Attributes.Time("from")
		if !ok {
			from = l.Front
		}
		l.lose(from)
	case engage.MsgSnapshotBegin:
		l.Snapshot = true
		if desks {
			l.Desks = desk.NewSnapshot(switchName)
		}
	case engage.MsgSnapshotEnd:
		m.vouched(e, e.SnapshotAt(), l, w)
		if l.Desks != nil {
			m.endSnapshot(e, l, switchName, w)
		}
		l.Snapshot, l.Desks, l.Lost = false, nil, time.Time{}
	}
}

// lose notes the last word before a loss; of several losses the first one counts.
func (l *linkRecord) lose(from time.Time) {
	if l.Lost.IsZero() {
		l.Lost = from
	}
	l.Snapshot, l.Desks = false, nil // a snapshot that was under way is not complete
}

// endSnapshot ends at the desks what a snapshot did not contain.
func (m *Model) endSnapshot(e engage.Event, l *linkRecord, switchName string, w *work) {
	ended := m.book.End(l.Desks, e.SnapshotAt())
	at := e
	if !l.Lost.IsZero() { // it ended at the latest time at which it was known to be alive
		at.Time = l.Lost.Add(e.Shift)
	}
	for _, d := range ended {
		w.desks[d.Place] = true
		if d.Agent != "" {
			m.foldAll(switchName, []string{d.Agent}, m.notBefore(switchName, d.Agent, at), l, w)
		}
	}
}

// notBefore moves an event behind the last word of an agent.
func (m *Model) notBefore(switchName, code string, e engage.Event) engage.Event {
	if mapping, ready := m.opts.Directory(); ready {
		if employee, known := mapping.EmployeeID(switchName, code); known && m.agents[employee] != nil {
			if last := m.agents[employee].Agent.At.Add(e.Shift); last.After(e.Time) {
				e.Time = last
			}
		}
	}
	return e
}

// vouched takes in the server's word that everything up to a time has been sent. When that is far behind
// what the server has stamped, and nothing newer has come for a while, its clock was set back.
func (m *Model) vouched(e engage.Event, upTo time.Time, l *linkRecord, w *work) {
	switch {
	case l.Server != "" && e.Server.Name != "" && (e.Server.Name != l.Server || e.Server.StartTime != l.StartTime):
		return // another server; its first event says so
	case !upTo.Before(l.Front.Add(-backwards)):
		if upTo.After(l.Front) {
			l.Front = upTo
			m.clear(l)
		}
		if e.ReceivedAt.After(l.FrontSeen) {
			l.FrontSeen = e.ReceivedAt
		}
	case e.ReceivedAt.Sub(l.FrontSeen) > behindFor && !l.FrontSeen.IsZero():
		m.metrics.setBack.Inc()
		suspects := l.Suspects
		m.rewind(e.Link, earliest(suspects, upTo), w)
		l.Front, l.FrontSeen, l.Suspects = earliest(suspects, upTo), e.ReceivedAt, nil
		l.Adjust = e.ReceivedAt.Sub(upTo)
		m.reread(suspects, w)
	}
}

// earliest is the time of the oldest suspect, or upTo.
func earliest(suspects []string, upTo time.Time) time.Time {
	first := upTo
	for _, text := range suspects {
		var e engage.Event
		if json.Unmarshal([]byte(text), &e) == nil && e.Time.Before(first) {
			first = e.Time
		}
	}
	return first
}

// reread takes in the suspects after all. Their clock is corrected as every later event's is.
func (m *Model) reread(suspects []string, w *work) {
	for _, text := range suspects {
		var e engage.Event
		if json.Unmarshal([]byte(text), &e) == nil {
			m.read(e, w)
		}
	}
}

// rewind makes what a link reported last no newer than a time of its server's clock.
func (m *Model) rewind(link string, to time.Time, w *work) {
	for employee, r := range m.agents {
		if r.Source == link && r.Agent.At.After(to) {
			r.Agent.At = to
			if r.Agent.Entered.After(to) {
				r.Agent.Entered = time.Time{}
			}
			w.touch(employee, r)
		}
	}
	switchName, desks := m.opts.Desks[link]
	if !desks {
		return
	}
	for _, at := range m.book.Places() {
		if d, _ := m.book.Desk(at); at.Switch == switchName && d.At.After(to) {
			d.At = to
			d.Calls = slices.Clone(d.Calls)
			m.book.Restore(at, d)
			w.desks[at] = true
		}
	}
}
