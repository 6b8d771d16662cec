package statemodel

import (
	"time"

	"engage.connector/pkg/packed"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/desk"
	"engage.connector/services/agent-state-sync/presence"
)

// Prefixes of the names under which parts of the state are stored; the journal has its own.
const (
	keyAgent = "a/" // and the employee id
	keyLink  = "l/" // and the link
	keyDesk  = "d/" // and the switch and the DN
)

// record is what is kept of one agent.
type record struct {
	packed.Kept

	Agent presence.Agent
	// UserID is who was told, SentAt the stamp of the last event.
	UserID string
	SentAt time.Time
	// Presence and Routing follow the two values that the org shows.
	Presence adherence.Track
	Routing  adherence.Track
	// HeldUntil is when a state is told whose reason may still come, by the corrected clock.
	HeldUntil time.Time
	// Gone is since when the agent is not in scope, by our own clock.
	Gone time.Time
	// Status is the number that was reported last, Undocumented the last one that is not documented, zero
	// when a documented one came since.
	Status       int
	Undocumented int
	// Source is the link that reported last, Seen is when the edge received that.
	Source string
	Seen   time.Time
	// Shift is the correction of the server's clock then.
	Shift time.Duration

	version int // counts changes for those who watch; not stored
}

// Fields names what is stored of an agent.
func (r *record) Fields(f *packed.Form) {
	packed.Of(f, 1, &r.Agent)
	f.ID(4, &r.UserID)
	f.Time(5, &r.SentAt)
	packed.Of(f, 6, &r.Presence)
	packed.Of(f, 7, &r.Routing)
	f.Time(8, &r.HeldUntil)
	f.Time(9, &r.Gone)
	f.Int(10, &r.Status)
	f.Int(11, &r.Undocumented)
	f.Text(12, &r.Source)
	f.Time(13, &r.Seen)
	f.Int64(14, (*int64)(&r.Shift))
}

// tracks are the two values with their outboxes, the one that is told first in front.
func (r *record) tracks() [2]lane {
	return [2]lane{
		{OutboxPresence, adherence.Presence, &r.Presence, string(r.Agent.User.Presence)},
		{OutboxRouting, adherence.RoutingStatus, &r.Routing, string(r.Agent.User.Routing)},
	}
}

// lane is one of the two values of a user.
type lane struct {
	outbox string
	what   adherence.What
	track  *adherence.Track
	value  string // that Engage has
}

// waiting tells whether there is something that the org is still to be told.
func (r *record) waiting() bool { return r.Presence.Waiting()+r.Routing.Waiting() > 0 }

// linkRecord is what is kept of one link.
type linkRecord struct {
	packed.Kept

	// Front is the newest stamp of the link's server, FrontSeen when the edge last received one near it.
	Front     time.Time
	FrontSeen time.Time
	// Server is the process that reports.
	Server    string
	StartTime int64
	// Lost is the server's last word before the link lost something, until the snapshot after it has ended.
	Lost time.Time
	// Snapshot says that a snapshot is under way.
	Snapshot bool
	// Desks is what a snapshot of a T-Server has told so far.
	Desks *desk.Snapshot
	// Suspects are events that are older than what is known: late ones, or the first ones of a clock that
	// was set back.
	Suspects []string
	// Adjust is what is added to the corrected clock of a server whose clock was set back.
	Adjust time.Duration
}

// Fields names what is stored of a link.
func (l *linkRecord) Fields(f *packed.Form) {
	f.Time(1, &l.Front)
	f.Time(2, &l.FrontSeen)
	f.Text(3, &l.Server)
	f.Int64(4, &l.StartTime)
	f.Time(5, &l.Lost)
	f.Bool(6, &l.Snapshot)
	packed.One(f, 7, &l.Desks)
	f.Texts(8, &l.Suspects)
	f.Int64(9, (*int64)(&l.Adjust))
}

// deskRecord is what is kept of one DN.
type deskRecord struct {
	packed.Kept

	Place desk.Place
	Desk  desk.Desk
}

// Fields names what is stored of a DN.
func (d *deskRecord) Fields(f *packed.Form) {
	f.Text(1, &d.Place.Switch)
	f.Text(2, &d.Place.DN)
	packed.Of(f, 3, &d.Desk)
}

func deskKey(at desk.Place) string { return keyDesk + at.Switch + "\x00" + at.DN }
