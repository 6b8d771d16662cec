package callmodel

import (
	"maps"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Options of a Book.
type Options struct {
	// Keep tells which keys of the user data somebody needs; the others, up to 64 KB of them per
	// call, are not kept.
	Keep func(key string) bool
	// Wake finds a call that was put to rest (see Rest); it is never asked for one that is closed.
	// It returns nil for a call that is not known. Without it no call may be put to rest.
	Wake func(uuid string) *Call
}

// Book holds the calls that are on, the DNs and what cannot be assigned to a call yet. It is used
// from one goroutine.
type Book struct {
	keep     func(string) bool
	wake     func(string) *Call
	handlers map[string]handler

	calls   map[string]*Call
	closed  map[string]struct{} // calls that are finished: late repeats must not bring them back
	dns     map[string]*DN
	desks   map[string][]string  // by log-in code: the DNs where it was ever used
	heard   map[string]time.Time // by SIP Server: how far the agent link has reported
	links   map[string]*Link     // by name
	orphans map[string]*Orphans  // by ConnID

	byConn map[string]string // ConnID -> CallUUID
	byLink map[string]string // IS-Link -> CallUUID
	byDN   map[string]atDN   // DN -> calls with a party there

	// Without names the links that what is being read was not waited for.
	Without string

	members  map[string]map[string]struct{} // root -> calls of the interaction, where they are several
	oddities map[OddKind]int

	dirtyCalls   map[string]struct{}
	dirtyDNs     map[string]struct{}
	dirtyOrphans map[string]struct{}
	dirtyLinks   map[string]struct{}
}

// Orphans are events of one ConnID that came before the call they belong to.
type Orphans struct {
	packed.Kept

	ConnID string         `json:"connId"`
	Events []engage.Event `json:"events"`
	// Waiting is since when they wait, by the clock of whoever prunes the book.
	Waiting time.Time `json:"-"`
}

// Bounds of what waits for a call. An edge that sends events of calls it never announces costs
// this much and no more.
const (
	maxOrphansPerConn = 16
	maxOrphanConns    = 10_000
)

// NewBook returns an empty book.
func NewBook(opts Options) *Book {
	return &Book{
		keep: opts.Keep, wake: opts.Wake, handlers: handlers(), calls: map[string]*Call{}, closed: map[string]struct{}{}, dns: map[string]*DN{}, heard: map[string]time.Time{}, desks: map[string][]string{},
		orphans: map[string]*Orphans{}, byConn: map[string]string{}, byLink: map[string]string{},
		byDN: map[string]atDN{}, members: map[string]map[string]struct{}{}, oddities: map[OddKind]int{},
		dirtyCalls: map[string]struct{}{}, dirtyDNs: map[string]struct{}{}, dirtyOrphans: map[string]struct{}{}, dirtyLinks: map[string]struct{}{}, links: map[string]*Link{},
	}
}

// handler reads one kind of message and returns the calls that may have something new to say.
type handler func(*Book, engage.Event) []string

// handlers says who reads which message. Messages that it lacks are ignored.
//
// Source: the guide's chapter "EXCP General Operating Principles" names the events of the three
// links; EventAbandoned, EventCallPartyMoved and the agent events are inferred from the vendor's
// event model.
func handlers() map[string]handler {
	return map[string]handler{
		engage.MsgEventCallCreated:      (*Book).callCreated,
		engage.MsgEventCallDataChanged:  (*Book).callChanged,
		engage.MsgEventCallDeleted:      (*Book).callDeleted,
		engage.MsgEventCallPartyAdded:   (*Book).partyReported,
		engage.MsgEventCallPartyState:   (*Book).partyReported,
		engage.MsgEventCallPartyMoved:   (*Book).partyMoved,
		engage.MsgEventCallPartyDeleted: (*Book).partyDeleted,
		engage.MsgEventQueued:           (*Book).queued,
		engage.MsgEventDiverted:         (*Book).unqueued,
		engage.MsgEventAbandoned:        (*Book).unqueued,
		engage.MsgEventUserEvent:        (*Book).userEvent,
		engage.MsgEventRegistered:       (*Book).registered,
		engage.MsgEventAgentLogin:       (*Book).agentEvent,
		engage.MsgEventAgentLogout:      (*Book).agentEvent,
		engage.MsgEventAgentReady:       (*Book).agentEvent,
		engage.MsgEventAgentNotReady:    (*Book).agentEvent,
		engage.MsgHeartbeat:             (*Book).feedLine,
		engage.MsgLinkConnected:         (*Book).feedLine,
		engage.MsgLinkDisconnected:      (*Book).feedLine,
		engage.MsgSwitchover:            (*Book).feedLine,
		engage.MsgGap:                   (*Book).feedLine,
		engage.MsgSnapshotBegin:         (*Book).feedLine,
		engage.MsgSnapshotEnd:           (*Book).feedLine,
	}
}

// Apply reads one event and returns the CallUUIDs of the calls that may have something new to say.
// Reading an event twice is the same as reading it once.
func (b *Book) Apply(e engage.Event) []string {
	read, ok := b.handlers[e.Message]
	if !ok {
		return nil
	}
	e.Time = micro(e.Time)
	if l := b.hearLink(e); l.Name != "" && !l.Other && reportsNoAgents(e.Message) {
		l.Other = true
		b.dirtyLinks[l.Name] = struct{}{}
	}
	if e.CallUUID() == "" && isCallEvent(e.Message) {
		b.odd(nil, OddNoIdentity, e, "")
	}
	return read(b, e)
}

// isCallEvent tells whether a message is one of call monitoring.
func isCallEvent(message string) bool { return strings.HasPrefix(message, "EventCall") }

// micro is a time as the book keeps it: the feed's times have microseconds.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Call returns a call, nil when it is not known or closed. A call at rest is woken.
func (b *Book) Call(uuid string) *Call {
	if c := b.calls[uuid]; c != nil || b.wake == nil || uuid == "" || b.Closed(uuid) {
		return c
	}
	c := b.wake(uuid)
	if c != nil {
		b.calls[uuid] = c
	}
	return c
}

// Rest takes a call out of the book that nothing happens to, and that belongs to no other; what
// points at it stays.
func (b *Book) Rest(uuid string) { delete(b.calls, uuid) }

// Calls lists the CallUUIDs of all calls that are neither closed nor at rest, sorted.
func (b *Book) Calls() []string { return slices.Sorted(maps.Keys(b.calls)) }

// Len is the number of calls that are neither closed nor at rest.
func (b *Book) Len() int { return len(b.calls) }

// Closed tells whether a call is finished.
func (b *Book) Closed(uuid string) bool {
	_, ok := b.closed[uuid]
	return ok
}

// DN returns what is known of an extension; nil is a valid DN of which nothing is known.
func (b *Book) DN(number string) *DN { return b.dns[number] }

// CallOf finds a call by ConnID.
func (b *Book) CallOf(connID string) (string, bool) {
	uuid, ok := b.byConn[connID]
	return uuid, ok
}

// Record adds a fact that no link reported, such as the org's refusal of an event.
func (b *Book) Record(uuid string, f Fact) {
	if c := b.Call(uuid); c != nil {
		f.At = micro(f.At)
		c.record(f)
		b.touch(c)
	}
}

// call returns the call of a UUID and makes it when it is new; nil when it is closed.
func (b *Book) call(uuid string) *Call {
	if uuid == "" || b.Closed(uuid) {
		return nil
	}
	c := b.Call(uuid)
	if c == nil {
		c = &Call{UUID: uuid, Root: uuid}
		b.calls[uuid] = c
		b.index(c)
		b.touch(c)
	}
	return c
}

// callFor finds the call of an event of a DN: by CallUUID, else by ConnID (the guide's VQ events
// need not carry a CallUUID). An event of a ConnID that is not known yet is kept until it is.
func (b *Book) callFor(e engage.Event) *Call {
	conn := e.ConnID()
	uuid := e.CallUUID()
	if uuid == "" {
		uuid = b.byConn[conn]
	}
	if uuid == "" {
		b.keepOrphan(conn, e)
		return nil
	}
	return b.call(uuid)
}

func (b *Book) keepOrphan(conn string, e engage.Event) {
	if conn == "" {
		b.odd(nil, OddNoIdentity, e, "")
		return
	}
	o := b.orphans[conn]
	if o == nil {
		if len(b.orphans) >= maxOrphanConns {
			b.odd(nil, OddTooMany, e, "")
			return
		}
		o = &Orphans{ConnID: conn}
		b.orphans[conn] = o
	}
	if len(o.Events) < maxOrphansPerConn {
		o.Events = append(o.Events, e)
		b.dirtyOrphans[conn] = struct{}{}
	}
}

// bind ties a ConnID to a call and reads the events that waited for it.
func (b *Book) bind(c *Call, conn string) []string {
	if conn == "" || slices.Contains(c.ConnIDs, conn) {
		return nil
	}
	c.ConnIDs = append(c.ConnIDs, conn)
	b.indexConn(conn, c)
	b.touch(c)
	o := b.orphans[conn]
	if o == nil {
		return nil
	}
	delete(b.orphans, conn)
	b.dirtyOrphans[conn] = struct{}{}
	var touched []string
	for _, e := range o.Events {
		touched = append(touched, b.Apply(e)...)
	}
	return touched
}

// indexConn ties a ConnID to a call. Calls of one interaction may share one; it then names the first
// of them, whichever was reported first.
func (b *Book) indexConn(conn string, c *Call) {
	if other := b.Call(b.byConn[conn]); other == nil || before(c, other) {
		b.byConn[conn] = c.UUID
	}
}

// PruneOrphans forgets events whose call did not appear within patience.
func (b *Book) PruneOrphans(now time.Time, patience time.Duration) int {
	pruned := 0
	for conn, o := range b.orphans {
		switch {
		case o.Waiting.IsZero():
			o.Waiting = now
		case now.Sub(o.Waiting) >= patience:
			delete(b.orphans, conn)
			b.dirtyOrphans[conn] = struct{}{}
			pruned += len(o.Events)
		}
	}
	return pruned
}

// Close forgets a call but its name.
func (b *Book) Close(uuid string) {
	c := b.Call(uuid)
	b.closed[strings.Clone(uuid)] = struct{}{} // not a part of something bigger
	if c == nil {
		return
	}
	delete(b.calls, uuid)
	b.touch(c)
	for _, conn := range c.ConnIDs {
		if b.byConn[conn] == uuid {
			delete(b.byConn, conn)
		}
	}
	for _, link := range c.Links {
		if b.byLink[link] == uuid {
			delete(b.byLink, link)
		}
	}
	for _, p := range c.Parties {
		b.unindexDN(p.DN, uuid)
	}
	if members := b.members[c.Root]; members != nil {
		delete(members, uuid)
		if len(members) == 0 {
			delete(b.members, c.Root)
		}
	}
}

// Forget drops the name of a closed call as well.
func (b *Book) Forget(uuid string) { delete(b.closed, uuid) }

func (b *Book) touch(c *Call) { b.dirtyCalls[c.UUID] = struct{}{} }

// Touch marks a call as changed: whoever keeps data beside the call uses it.
func (b *Book) Touch(uuid string) { b.dirtyCalls[uuid] = struct{}{} }

func (b *Book) indexDN(dn, uuid string) {
	if dn == "" {
		return
	}
	if at, changed := b.byDN[dn].with(uuid); changed {
		b.byDN[dn] = at
	}
}

func (b *Book) unindexDN(dn, uuid string) {
	at := b.byDN[dn].without(uuid)
	if at.one == "" && len(at.more) == 0 {
		delete(b.byDN, dn)
		return
	}
	b.byDN[dn] = at
}

// atDN are the calls with a party at a DN: of most DNs, those of callers, it is one.
type atDN struct {
	one  string
	more map[string]struct{}
}

func (a atDN) with(uuid string) (atDN, bool) {
	_, known := a.more[uuid]
	switch {
	case a.one == uuid || known:
		return a, false
	case a.one == "":
		a.one = uuid
		return a, true
	}
	added := a.more == nil
	if added {
		a.more = map[string]struct{}{}
	}
	a.more[uuid] = struct{}{}
	return a, added
}

func (a atDN) without(uuid string) atDN {
	if a.one == uuid {
		a.one = ""
	}
	delete(a.more, uuid)
	return a
}

func (a atDN) sorted() []string {
	var all []string
	if a.one != "" {
		all = append(all, a.one)
	}
	for uuid := range a.more {
		all = append(all, uuid)
	}
	slices.Sort(all)
	return all
}
