package statemodel

import (
	"encoding/json"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/desk"
	"engage.connector/services/agent-state-sync/presence"
	"engage.connector/services/agent-state-sync/statfeed"
)

// stamp is an event's time by its server's own clock.
func stamp(e engage.Event) time.Time { return e.Time.Add(-e.Shift) }

// read takes in one line of a link.
func (m *Model) read(e engage.Event, w *work) {
	l := m.link(e.Link)
	e = l.adjust(e)
	switchName, desks := m.opts.Desks[e.Link]
	if e.IsFeed() {
		m.readFeed(e, l, switchName, desks, w)
		return
	}
	m.serve(e, l, w)
	if desks {
		m.readDesk(e, l, switchName, w)
		return
	}
	if e.Message == engage.MsgEventInfo {
		m.readStatus(e, l, w)
	}
}

// adjust corrects a clock that was set back by what the order of the links takes for a delay.
func (l *linkRecord) adjust(e engage.Event) engage.Event {
	if l.Adjust == 0 {
		return e
	}
	at := e.Time.Add(l.Adjust)
	if !e.ReceivedAt.IsZero() && at.After(e.ReceivedAt) {
		at = e.ReceivedAt
	}
	e.Shift += at.Sub(e.Time)
	e.Time = at
	return e
}

// serve notes which server reports, and how far its clock has come.
func (m *Model) serve(e engage.Event, l *linkRecord, w *work) {
	at := stamp(e)
	if l.Server != "" && (l.Server != e.Server.Name || l.StartTime != e.Server.StartTime) {
		m.rewind(e.Link, at, w) // its clock is another one
		l.Front, l.Adjust = time.Time{}, 0
	}
	l.Server, l.StartTime = e.Server.Name, e.Server.StartTime
	if !at.Before(l.Front) {
		l.Front, l.FrontSeen = at, e.ReceivedAt
		m.clear(l)
	}
	w.links[e.Link] = l
}

// readStatus takes in a statistic.
func (m *Model) readStatus(e engage.Event, l *linkRecord, w *work) {
	status, err := e.AgentStatus()
	if err != nil {
		m.count(malformed)
		return
	}
	employee, ours := statfeed.EmployeeID(status.Statistic)
	if !ours {
		m.count(foreign)
		return
	}
	if m.observe(employee, status, e, l, w) == presence.Stale {
		m.suspect(e, l, w)
	}
}

// readDesk takes in a T-Library message. An agent may sit at desks of several switches, so the book has the
// corrected times of all servers.
func (m *Model) readDesk(e engage.Event, l *linkRecord, switchName string, w *work) {
	if l.Desks != nil {
		l.Desks.Note(e)
	}
	at := desk.Place{Switch: switchName, DN: e.ThisDN()}
	if known, ok := m.book.Desk(at); ok && e.Time.Before(known.At) {
		m.suspect(e, l, w)
		return
	}
	codes := m.book.Read(switchName, e)
	if len(codes) > 0 {
		w.desks[at] = true
	}
	m.foldAll(switchName, codes, e, l, w)
}

// foldAll brings the agents with these login codes up to date.
func (m *Model) foldAll(switchName string, codes []string, e engage.Event, l *linkRecord, w *work) {
	mapping, ready := m.opts.Directory()
	for _, code := range codes {
		employee, known := "", false
		if ready {
			employee, known = mapping.EmployeeID(switchName, code)
		}
		if !known {
			m.count(foreign) // the desk is remembered; a mapping that comes later finds it
			continue
		}
		m.foldOne(mapping, employee, e, l, w)
	}
}

func (m *Model) foldOne(mapping Directory, employee string, e engage.Event, l *linkRecord, w *work) {
	status, ok := m.book.Status(m.logins(mapping, employee), "agent:"+employee, e.Time)
	if ok {
		m.observe(employee, status, e, l, w)
	}
}

// logins are an agent's login codes by the names that the links' switches have here.
func (m *Model) logins(mapping Directory, employee string) []desk.Login {
	logins := mapping.Logins(employee)
	for _, switchName := range m.opts.Desks {
		if switchName != "" {
			continue
		}
		for _, login := range mapping.Logins(employee) {
			logins = append(logins, desk.Login{Code: login.Code})
		}
		break
	}
	return logins
}

// fold reads an agent from the desks who came into scope after logging in.
func (m *Model) fold(employee string, w *work) {
	mapping, ready := m.opts.Directory()
	if !ready {
		return
	}
	status, ok := m.book.Status(m.logins(mapping, employee), "agent:"+employee, time.Time{})
	if !ok || status.Since.IsZero() {
		return
	}
	e := engage.Event{Time: status.Since, ReceivedAt: status.Since}
	for link := range m.opts.Desks {
		e.Link = link // of several any one will do: they have one clock here
	}
	m.observe(employee, status, e, &linkRecord{}, w)
	m.tell(employee, m.agent(employee), status.Since, w)
}

// observe takes in a status of an agent and notes what changes.
func (m *Model) observe(employee string, status engage.AgentStatus, e engage.Event, l *linkRecord, w *work) presence.Outcome {
	r := m.agent(employee)
	reading, known := presence.Read(status)
	if !known {
		r.Undocumented = reading.Status
		w.touch(employee, r)
		m.count(presence.Undocumented)
		return presence.Undocumented
	}
	before, at := r.Agent.StatusSince, stamp(e)
	_, desks := m.opts.Desks[e.Link]
	if desks {
		at = e.Time
	}
	outcome := r.Agent.Observe(m.opts.Rules, reading, at)
	m.count(outcome)
	if outcome == presence.Stale {
		return outcome
	}
	r.Source, r.Seen, r.Shift = e.Link, e.ReceivedAt, e.Shift
	if !reading.ReasonsOnly {
		r.Status, r.Undocumented = reading.Status, 0
	}
	w.touch(employee, r)
	switch outcome {
	case presence.Applied:
		r.HeldUntil = time.Time{}
		if !r.Agent.Entered.IsZero() && !desks {
			r.HeldUntil = e.Time.Add(presence.SameChange)
		}
		r.begin(e, l, desks, false)
	case presence.Completed:
		r.HeldUntil = time.Time{}
		r.begin(e, l, desks, true)
	default:
		r.again(e, l)
		m.missed(employee, r, reading, before, e, l, w)
	}
	return outcome
}

// begin notes what an agent's new state changes in the two values. What completes a change is not one of
// its own.
func (r *record) begin(e engage.Event, l *linkRecord, desks, completes bool) {
	since := r.Agent.Since
	c := adherence.Change{At: since.Add(e.Shift), Stamp: since, Seen: e.ReceivedAt}
	if desks {
		c.At, c.Stamp = since, since.Add(-e.Shift)
	}
	if c.Stamp.After(e.Time) || l.Adjust != 0 { // the server's clock is ahead, or was set back
		c.Stamp = c.At
	}
	for _, lane := range r.tracks() {
		c.Value = lane.value
		if completes {
			lane.track.Complete(c)
		} else {
			lane.track.Begin(c)
		}
	}
}

// again tells a value anew that the org had refused, when a snapshot shows that it still holds.
func (r *record) again(e engage.Event, l *linkRecord) {
	if !l.Snapshot {
		return
	}
	for _, lane := range r.tracks() {
		if n := len(lane.track.Open); n > 0 && lane.track.Open[n-1].Why == adherence.Parked && lane.track.Open[n-1].Value == lane.value {
			lane.track.Open = append(lane.track.Open, adherence.Change{Value: lane.value, At: e.Time, Stamp: stamp(e), Seen: e.ReceivedAt})
		}
	}
}

// missed notes that a state ended and began again while the link was down: the org has shown one state
// where there were others.
func (m *Model) missed(employee string, r *record, reading presence.Reading, before time.Time, e engage.Event, l *linkRecord, w *work) {
	if !l.Snapshot || l.Lost.IsZero() || reading.ReasonsOnly || r.UserID == "" ||
		!reading.Since.After(before) || reading.Since.Sub(l.Lost) <= m.opts.Tolerance {
		return
	}
	for _, lane := range r.tracks() {
		w.gaps = append(w.gaps, adherence.Gap{
			Agent: employee, UserID: r.UserID, What: lane.what, From: l.Lost.Add(e.Shift), To: reading.Since.Add(e.Shift),
			Shown: lane.track.Shown, Cause: adherence.Unknown,
		})
	}
}

// maxSuspects bounds the events of a link that wait for a word about its clock.
const maxSuspects = 256

// suspect keeps an event that is older than what is known until it is clear whether it was late or the
// server's clock was set back.
func (m *Model) suspect(e engage.Event, l *linkRecord, w *work) {
	e.Time, e.Shift = stamp(e), 0
	text, err := json.Marshal(e)
	if err != nil {
		return
	}
	l.Suspects = append(l.Suspects, string(text))
	if len(l.Suspects) > maxSuspects {
		l.Suspects = l.Suspects[len(l.Suspects)-maxSuspects:]
	}
	w.links[e.Link] = l
}

// clear forgets the suspects: the server's clock goes on where it was, so they were late.
func (m *Model) clear(l *linkRecord) { l.Suspects = nil }
