package statemodel

import (
	"encoding/json"
	"time"

	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/store"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/presence"
)

// tell adds the events that bring the org from what it was told to what is, in the order in which the states
// began. Nothing is told of an agent who, or whose presence, is not mapped, and while the outbox is long;
// Tick tries again. A state whose reason may still come waits until frontier has passed that.
func (m *Model) tell(employee string, r *record, frontier time.Time, w *work) {
	if !r.waiting() {
		return
	}
	w.touch(employee, r)
	if dropped := r.Presence.Bound(m.opts.Backlog) + r.Routing.Bound(m.opts.Backlog); dropped > 0 {
		m.metrics.dropped.Add(float64(dropped))
		w.dropped += dropped
	}
	mapping, ready := m.opts.Directory()
	if !ready || m.opts.Congested() {
		return
	}
	user, mapped := mapping.UserID(employee)
	source := mapping.SourceID()
	if !mapped || source == "" {
		m.unmapped(r)
		return
	}
	m.adopt(r, user)
	for {
		stamp, any := nextStamp(r)
		if !any || r.held(stamp, frontier) {
			return
		}
		told := later(stamp, r.SentAt)
		for _, lane := range r.tracks() {
			c := firstWaiting(lane.track)
			if c == nil || !c.Stamp.Equal(stamp) {
				continue
			}
			entry, ok := m.entry(mapping, lane, c, told, user, source)
			if !ok {
				m.unmapped(r)
				return
			}
			entry.Agent = employee
			w.add(lane.outbox, user, entry)
			c.Told = told
		}
		r.SentAt = told
	}
}

// adopt makes a user the one that is told. A new user knows nothing yet and is told everything.
func (m *Model) adopt(r *record, user string) {
	if user == r.UserID {
		return
	}
	if r.UserID != "" {
		for _, lane := range r.tracks() {
			last := adherence.Change{Value: lane.track.Last(), At: r.Agent.Since.Add(r.Shift), Stamp: r.Agent.Since, Seen: r.Seen, Why: adherence.Unmapped}
			if n := len(lane.track.Open); n > 0 {
				last.At, last.Stamp, last.Seen = lane.track.Open[n-1].At, lane.track.Open[n-1].Stamp, lane.track.Open[n-1].Seen
			}
			*lane.track = adherence.Track{Kept: lane.track.Kept}
			lane.track.Begin(last)
		}
		r.SentAt = time.Time{}
	}
	r.UserID = user
}

// unmapped notes why the org is not told.
func (m *Model) unmapped(r *record) {
	for _, lane := range r.tracks() {
		for i := range lane.track.Open {
			if c := &lane.track.Open[i]; c.Waiting() && c.Why == "" {
				c.Why = adherence.Unmapped
			}
		}
	}
}

// held tells whether a change waits for its reason: only the newest one does.
func (r *record) held(stamp, frontier time.Time) bool {
	if r.HeldUntil.IsZero() || !frontier.Before(r.HeldUntil) {
		return false
	}
	for _, lane := range r.tracks() {
		if n := len(lane.track.Open); n > 0 && lane.track.Open[n-1].Stamp.After(stamp) {
			return false
		}
	}
	return true
}

func firstWaiting(t *adherence.Track) *adherence.Change {
	for i := range t.Open {
		if t.Open[i].Waiting() {
			return &t.Open[i]
		}
	}
	return nil
}

// nextStamp is when the oldest change began that is to be told.
func nextStamp(r *record) (time.Time, bool) {
	var first *adherence.Change
	for _, lane := range r.tracks() {
		if c := firstWaiting(lane.track); c != nil && (first == nil || c.Stamp.Before(first.Stamp)) {
			first = c
		}
	}
	if first == nil {
		return time.Time{}, false
	}
	return first.Stamp, true
}

// entry is the event that tells a change; false when the presence is not mapped.
func (m *Model) entry(mapping Directory, lane lane, c *adherence.Change, told time.Time, user, source string) (Entry, bool) {
	id := exevents.StableID(m.opts.Tenant, user, lane.outbox, c.Value, genesys.FormatTime(told))
	if lane.outbox == OutboxRouting {
		return Entry{Routing: &exevents.RoutingStatusEvent{
			EventID: id, EventDateTime: told, AgentID: user, SourceID: source, Status: exevents.RoutingStatus(c.Value),
		}}, true
	}
	definition, own := presence.SystemPresence(c.Value).Definition()
	if !own {
		var defined bool
		if definition, defined = mapping.PresenceDefinition(c.Value); !defined {
			return Entry{}, false
		}
	}
	return Entry{Presence: &exevents.PresenceEvent{
		EventID: id, EventDateTime: told, UserID: user, SourceID: source, PresenceDefinitionID: definition,
	}}, true
}

// later keeps the times of one user strictly increasing: at least a millisecond after the last one.
func later(since, last time.Time) time.Time {
	since = since.UTC().Truncate(time.Millisecond)
	if next := last.Add(time.Millisecond); !last.IsZero() && since.Before(next) {
		return next
	}
	return since
}

// add puts an event into an outbox.
func (w *work) add(outbox, user string, entry Entry) {
	payload, err := json.Marshal(entry)
	if err != nil {
		w.fault = err
		return
	}
	w.entries[outbox] = append(w.entries[outbox], store.OutboxEntry{Key: user, Payload: payload})
}
