package desk

import (
	"time"

	"engage.connector/pkg/engage"
)

// Snapshot collects what the edge reports between feed.SnapshotBegin and feed.SnapshotEnd of one
// switch. What the book knows and the snapshot does not contain has ended.
type Snapshot struct {
	switchName string
	seated     map[string]string          // DN -> agent
	calls      map[string]map[string]bool // DN -> ConnIDs
}

// NewSnapshot begins the re-report of a switch.
func NewSnapshot(switchName string) *Snapshot {
	return &Snapshot{switchName: switchName, seated: map[string]string{}, calls: map[string]map[string]bool{}}
}

// Note remembers that a message was part of the snapshot; the book reads the message itself.
func (s *Snapshot) Note(e engage.Event) {
	dn := e.ThisDN()
	switch e.Message {
	case "EventEstablished", "EventHeld":
		if s.calls[dn] == nil {
			s.calls[dn] = map[string]bool{}
		}
		s.calls[dn][e.ConnID()] = true
	case engage.MsgEventAgentLogout:
		delete(s.seated, dn)
	case engage.MsgEventRegistered, engage.MsgEventAgentLogin, engage.MsgEventAgentReady, engage.MsgEventAgentNotReady:
		if agent := e.Attributes.Text("AgentID"); agent != "" {
			s.seated[dn] = agent
		}
	}
}

// End clears what the snapshot does not contain, and returns the agents that this concerns. A desk
// that was heard of after the time for which the snapshot is complete stays as it is.
func (b *Book) End(s *Snapshot, completeAt time.Time) []string {
	var touched []string
	for _, at := range b.Places() {
		d := b.desks[at]
		if at.Switch != s.switchName || d.At.After(completeAt) {
			continue
		}
		agent, changed := d.Agent, false
		for _, c := range d.Calls {
			if !s.calls[at.DN][c.ConnID] {
				changed = released(d, engage.Event{Attributes: engage.Attributes{"ConnID": c.ConnID}}) || changed
			}
		}
		if agent != "" && s.seated[at.DN] != agent {
			*d = Desk{State: engage.StatusUnknown, Calls: d.Calls, At: completeAt}
			changed = true
		}
		if changed && agent != "" {
			touched = append(touched, agent)
		}
	}
	return touched
}
