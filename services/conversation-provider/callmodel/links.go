package callmodel

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Link is what is known of a link: when it began to report, and what it may have lost.
type Link struct {
	packed.Kept

	Name string `json:"name"`
	// Since is when it came, or came back; Settled when it had reported what stood before.
	Since   time.Time `json:"since,omitzero"`
	Settled time.Time `json:"settled,omitzero"`
	// Heard is the newest time up to which it has reported.
	Heard time.Time `json:"heard,omitzero"`
	// Lost is when it broke off or lost events last, Alive the time up to which it had reported before.
	Lost  time.Time `json:"lost,omitzero"`
	Alive time.Time `json:"alive,omitzero"`
	// Down is set from when it broke off until it is back: meanwhile the edge has nothing to report.
	Down bool `json:"down,omitempty"`
	// Began is when the snapshot began that is being reported; zero when none is.
	Began time.Time `json:"began,omitzero"`
	// Started is the start of the server's process, Restarted when another one was there in its place.
	Server    string    `json:"server,omitempty"`
	Started   int64     `json:"started,omitempty"`
	Restarted time.Time `json:"restarted,omitzero"`
	// Other is set on links that report calls or virtual queues, and no agents.
	Other bool `json:"other,omitempty"`
}

// settles is how long a link without a snapshot takes to report who is logged in.
const settles = 10 * time.Second

// settled is when a link has reported what stood before it was there.
func (l *Link) settled() time.Time {
	switch {
	case !l.Began.IsZero():
		return never
	case l.Settled.Before(l.Since):
		return l.Since.Add(settles)
	default:
		return l.Settled
	}
}

// never is a time that does not come.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// linkOf returns the link of an event, and makes it when it is new.
func (b *Book) linkOf(e engage.Event) *Link {
	l := b.links[e.Link]
	if l == nil && e.Link == "" {
		return &Link{} // a record of our own
	}
	if l == nil {
		l = &Link{Name: e.Link, Since: e.Time}
		b.links[e.Link] = l
		b.dirtyLinks[l.Name] = struct{}{}
	}
	return l
}

// hearLink notes that a link has reported.
func (b *Book) hearLink(e engage.Event) *Link {
	l := b.linkOf(e)
	if e.IsFeed() {
		return l
	}
	if s := e.Server; l.Name != "" && s.StartTime != 0 && (s.Name+s.Role != l.Server || s.StartTime != l.Started) {
		if s.Name+s.Role == l.Server && s.StartTime > l.Started {
			l.Restarted = e.Time
			b.lose(l, e.Time, l.whole())
		}
		l.Server, l.Started = s.Name+s.Role, s.StartTime
		b.dirtyLinks[l.Name] = struct{}{}
	}
	l.hear(e.Time)
	return l
}

// hear notes that a link has reported up to a time. While it is down only what was underway can come.
func (l *Link) hear(at time.Time) {
	if at.After(l.Heard) && !l.Down {
		l.Heard = at
	}
}

// whole is up to when a link has certainly reported everything: until it was heard last, or until it broke
// off when nothing was heard since.
func (l *Link) whole() time.Time {
	if l.Heard.Before(l.Lost) {
		return later(l.Heard, l.Alive)
	}
	return l.Heard
}

// lose notes that a link broke off or lost events at a time, and up to when it had reported everything. While
// no snapshot has shown what an earlier loss left, that was before the earlier one.
func (b *Book) lose(l *Link, at, alive time.Time) {
	if l.Lost.IsZero() || !l.Settled.Before(l.Lost) {
		l.Alive = alive
	}
	l.Lost, l.Began = at, time.Time{}
	b.dirtyLinks[l.Name] = struct{}{}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// feedLine reads the edge's own lines.
func (b *Book) feedLine(e engage.Event) []string {
	l := b.linkOf(e)
	if l.Name == "" {
		return nil
	}
	switch e.Message {
	case engage.MsgHeartbeat:
		l.hear(e.Time) // not worth storing
		return nil
	case engage.MsgLinkDisconnected:
		b.lose(l, e.Time, e.Time)
		l.Down = true
	case engage.MsgLinkConnected:
		if !l.Down && !l.Heard.IsZero() {
			b.lose(l, e.Time, l.whole()) // nobody said when it broke off
		}
		l.Since, l.Down = e.Time, false
	case engage.MsgSwitchover:
		b.lose(l, e.Time, l.whole())
		l.Since, l.Down = e.Time, false
	case engage.MsgGap:
		b.lose(l, e.Time, gapFrom(e, l))
		l.Down = false
	case engage.MsgSnapshotBegin:
		l.Began = e.Time
	case engage.MsgSnapshotEnd:
		b.dirtyLinks[l.Name] = struct{}{}
		return b.snapshotEnded(l, e.Time)
	}
	b.dirtyLinks[l.Name] = struct{}{}
	return nil
}

// gapFrom is up to when a link had reported everything before a gap: what the edge says, in the server's
// time as that of the line, or what was heard last.
func gapFrom(e engage.Event, l *Link) time.Time {
	from, ok := e.Attributes.Time("from")
	if from = micro(from.Add(e.Shift)); !ok || from.After(e.Time) {
		return l.whole()
	}
	return from
}

// AgentsSettled is when every link that may report an extension has reported what stood before it was
// there; zero when the extension has been heard of already.
func (b *Book) AgentsSettled(dn string) time.Time {
	if d := b.dns[dn]; d != nil && (!d.Heard.IsZero() || len(d.Logins) > 0) {
		return time.Time{}
	}
	last := time.Time{}
	for _, l := range b.links {
		if !l.Other {
			last = later(last, l.settled())
		}
	}
	return last
}

// snapshotEnded ends what a link knew and its snapshot does not contain: it has ended since it was last
// known to be alive.
func (b *Book) snapshotEnded(l *Link, at time.Time) []string {
	began := l.Began
	if began.IsZero() {
		return nil
	}
	l.Began, l.Settled = time.Time{}, at
	var touched []string
	for _, uuid := range b.Calls() {
		c := b.calls[uuid]
		switch {
		case c.Link != l.Name || c.Created.IsZero() || !c.Deleted.IsZero():
		case c.Seen[StreamCall].Before(began):
			touched = append(touched, b.endUnseen(c, l, "not in the snapshot of "+l.Name, at)...)
		default:
			touched = append(touched, b.leaveUnseen(c, l, began, at)...)
		}
	}
	for _, d := range b.dns {
		if d.Link == l.Name && d.Heard.Before(began) {
			touched = append(touched, b.logoutUnseen(d, l)...)
		}
	}
	return touched
}

// endUnseen ends a call whose end was lost at the latest time at which it was known to be alive, and
// notes both bounds.
func (b *Book) endUnseen(c *Call, l *Link, why string, until time.Time) []string {
	alive := b.aliveUntil(c, l)
	c.Deleted = alive
	c.record(Fact{Kind: CallEnded, At: alive, Stream: StreamCall, Subject: c.UUID, Note: bounds(why, alive, until)})
	b.touch(c)
	return []string{c.UUID}
}

// aliveUntil is the latest time at which a call is known to have been alive: its last word, or that up to
// which its link had reported everything.
func (b *Book) aliveUntil(c *Call, l *Link) time.Time {
	// What a desktop attaches after the call says nothing of when it ended.
	return later(c.Alive(), l.Alive)
}

// bounds writes what is known of the time of an end that was not seen.
func bounds(why string, alive, until time.Time) string {
	const form = "2006-01-02T15:04:05.000Z"
	return why + ": ended between " + alive.Format(form) + " and " + until.Format(form)
}

// leaveUnseen lets the parties leave that a call had and that its snapshot does not name.
func (b *Book) leaveUnseen(c *Call, l *Link, began, until time.Time) []string {
	var left []string
	for _, p := range c.Parties {
		if !p.Left.IsZero() || !p.Changed.Before(began) {
			continue
		}
		left = b.leftUnseen(c, p, l, "not in the snapshot of "+l.Name, until)
	}
	return left
}

// logoutUnseen logs out who is not logged in any more.
func (b *Book) logoutUnseen(d *DN, l *Link) []string {
	alive := later(d.Heard, l.Alive)
	if d.AgentAt(alive) == "" || !d.login(Login{At: alive.Add(time.Microsecond)}) {
		return nil
	}
	d.state(AgentState{At: alive.Add(time.Microsecond), Kind: AgentLoggedOut})
	b.dirtyDNs[d.Number] = struct{}{}
	return b.CallsAt(d.Number)
}

// signOfLife ends the older calls of an agent whose end was lost: who rings, answers, logs in or becomes
// ready again has no call any more of which nothing was heard since its link broke off or lost events. A
// call whose link has lost nothing since its last word stays: a held call beside a ringing one is legal.
func (b *Book) signOfLife(dn string, at time.Time, except *Call, what string) []string {
	var touched []string
	for _, uuid := range b.lostAt(dn) {
		c := b.Call(uuid)
		if c == nil || except != nil && c.Root == except.Root || c.Created.IsZero() || !c.Deleted.IsZero() {
			continue
		}
		l := b.links[c.Link]
		if l == nil || l.Lost.IsZero() || l.Lost.After(at) || !l.Began.IsZero() {
			continue
		}
		here := slices.IndexFunc(c.Parties, func(p *Party) bool { return p.DN == dn && p.Left.IsZero() })
		switch {
		case here < 0:
		case c.Seen[StreamCall].Before(l.Lost):
			touched = append(touched, b.endUnseen(c, l, what+" at "+dn, at)...)
		case !c.Reported.Before(l.Lost) && c.Parties[here].Changed.Before(l.Lost):
			// The call was reported again after the loss, and this party was not among those that it has.
			touched = append(touched, b.leftUnseen(c, c.Parties[here], l, what+" at "+dn, at)...)
		}
	}
	return touched
}

// leftUnseen lets a party leave whose leaving was lost.
func (b *Book) leftUnseen(c *Call, p *Party, l *Link, why string, until time.Time) []string {
	p.Left = later(p.Changed, l.Alive)
	c.record(Fact{Kind: PartyLeft, At: p.Left, Stream: StreamCall, Subject: p.UUID, Note: bounds(why, p.Left, until)})
	b.touch(c)
	return []string{c.UUID}
}

// lostAt lists the calls at a DN, and none when no link has ever lost anything.
func (b *Book) lostAt(dn string) []string {
	if !b.Lossy() {
		return nil
	}
	return b.CallsAt(dn)
}

// Lossy tells whether a link has ever broken off or lost events.
func (b *Book) Lossy() bool {
	for _, l := range b.links {
		if !l.Lost.IsZero() {
			return true
		}
	}
	return false
}

// EndRestarted ends the calls of servers whose process was started anew a while ago, and of which nothing
// was heard since: a server does not continue what its predecessor had.
func (b *Book) EndRestarted(now time.Time) []string {
	var touched []string
	for _, l := range b.links {
		if l.Restarted.IsZero() || now.Before(l.Restarted.Add(settles)) || !l.Began.IsZero() {
			continue
		}
		for _, uuid := range b.Calls() {
			c := b.calls[uuid]
			if c.Link == l.Name && !c.Created.IsZero() && c.Deleted.IsZero() && c.Seen[StreamCall].Before(l.Restarted) {
				touched = append(touched, b.endUnseen(c, l, "the server of "+l.Name+" was started anew", l.Restarted)...)
			}
		}
		l.Restarted = time.Time{}
		b.dirtyLinks[l.Name] = struct{}{}
	}
	return touched
}

// Unresolved tells whether the link of a call has broken off or lost events since the call's last word.
func (b *Book) Unresolved(c *Call) bool {
	l := b.links[c.Link]
	return l != nil && !l.Lost.IsZero() && c.Seen[StreamCall].Before(l.Lost)
}

// Restarts tells whether calls are to be ended because their server was started anew.
func (b *Book) Restarts(now time.Time) bool {
	for _, l := range b.links {
		if !l.Restarted.IsZero() && !now.Before(l.Restarted.Add(settles)) {
			return true
		}
	}
	return false
}

// adopted is the party that a server reports under another PartyUUID after it took over: the one of the
// same DN of which nothing was heard since.
func (b *Book) adopted(c *Call, e engage.Event) *Party {
	l := b.links[e.Link]
	if l == nil || l.Lost.IsZero() || e.DN() == "" {
		return nil
	}
	for _, p := range c.Parties {
		if p.DN == e.DN() && p.Left.IsZero() && p.Changed.Before(l.Lost) && !e.Time.Before(l.Lost) {
			return p
		}
	}
	return nil
}

// Link returns what is known of a link; nil when nothing is.
func (b *Book) Link(name string) *Link { return b.links[name] }

// RestoreLink puts a link back.
func (b *Book) RestoreLink(l *Link) { b.links[l.Name] = l }

// reportsNoAgents tells whether a message comes over links of call monitoring or virtual queues only.
func reportsNoAgents(message string) bool {
	return isCallEvent(message) || message == engage.MsgEventQueued || message == engage.MsgEventDiverted || message == engage.MsgEventAbandoned
}
