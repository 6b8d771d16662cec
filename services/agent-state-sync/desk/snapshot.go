package desk

import (
	"maps"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Snapshot collects what the edge reports between feed.SnapshotBegin and feed.SnapshotEnd of one
// switch. What the book knows and the snapshot does not contain has ended.
type Snapshot struct {
	packed.Kept

	switchName string
	seated     map[string]string          // DN -> agent
	calls      map[string]map[string]bool // DN -> ConnIDs
}

// NewSnapshot begins the re-report of a switch.
func NewSnapshot(switchName string) *Snapshot {
	return &Snapshot{switchName: switchName, seated: map[string]string{}, calls: map[string]map[string]bool{}}
}

// Fields names what is stored of a snapshot that is under way.
func (s *Snapshot) Fields(f *packed.Form) {
	f.Text(1, &s.switchName)
	f.Map(2, &s.seated)
	calls := make([]string, 0, len(s.calls))
	for _, dn := range slices.Sorted(maps.Keys(s.calls)) {
		for _, connID := range slices.Sorted(maps.Keys(s.calls[dn])) {
			calls = append(calls, dn+"\x00"+connID)
		}
	}
	f.Texts(3, &calls)
	if !f.Reading() {
		return
	}
	if s.seated == nil {
		s.seated = map[string]string{}
	}
	s.calls = map[string]map[string]bool{}
	for _, call := range calls {
		dn, connID, _ := strings.Cut(call, "\x00")
		s.note(dn, connID)
	}
}

func (s *Snapshot) note(dn, connID string) {
	if s.calls[dn] == nil {
		s.calls[dn] = map[string]bool{}
	}
	s.calls[dn][connID] = true
}

// Note remembers that a message was part of the snapshot; the book reads the message itself.
func (s *Snapshot) Note(e engage.Event) {
	dn := e.ThisDN()
	switch e.Message {
	case "EventEstablished", "EventHeld":
		s.note(dn, e.ConnID())
	case engage.MsgEventAgentLogout:
		delete(s.seated, dn)
	case engage.MsgEventRegistered, engage.MsgEventAgentLogin, engage.MsgEventAgentReady, engage.MsgEventAgentNotReady:
		if agent := e.Attributes.Text("AgentID"); agent != "" {
			s.seated[dn] = agent
		}
	}
}

// Ended is a desk of which a snapshot did not contain everything, and who sat there.
type Ended struct {
	Place Place
	Agent string // "" for nobody
}

// End clears what the snapshot does not contain, and returns the desks that this concerns. A desk
// that was heard of after the time for which the snapshot is complete stays as it is.
func (b *Book) End(s *Snapshot, completeAt time.Time) []Ended {
	var touched []Ended
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
			b.seat(at, agent, "")
			changed = true
		}
		if changed {
			touched = append(touched, Ended{at, agent})
		}
	}
	return touched
}
