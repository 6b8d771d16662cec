package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
)

// Board joins the calls of a book with their conversations. It finds out which calls make one
// interaction, and lets a conversation begin anew when a call turns out to belong to it before
// anything was sent. It is used from one goroutine.
type Board struct {
	machine *Machine
	book    *callmodel.Book
	convs   map[string]*Conversation // by the call that stands for the interaction
}

// NewBoard returns a board without conversations.
func NewBoard(m *Machine, book *callmodel.Book) *Board {
	return &Board{machine: m, book: book, convs: map[string]*Conversation{}}
}

// Put puts back a conversation that was kept elsewhere.
func (b *Board) Put(callUUID string, conv *Conversation) { b.convs[callUUID] = conv }

// Own returns the conversation that a call stands for; nil when it stands for none.
func (b *Board) Own(callUUID string) *Conversation { return b.convs[callUUID] }

// Close forgets a call, and the conversation if it stands for one. What matters to other calls, when
// they are read later, is kept with the DNs.
func (b *Board) Close(callUUID string) {
	if conv := b.convs[callUUID]; conv != nil {
		for _, l := range conv.Legs {
			if l.Kind == User && l.Opened && !l.Ended.IsZero() {
				b.book.NoteTalk(l.DN, callmodel.Talk{Call: callUUID, From: l.Began, To: l.Ended})
			}
		}
	}
	delete(b.convs, callUUID)
	b.book.Close(callUUID)
}

// without names the links that what is decided now was not waited for.
func (b *Board) without() string {
	if b == nil {
		return ""
	}
	return b.book.Without
}

// Rest takes a call out of the board and its book that nothing happens to (see callmodel.Book).
func (b *Board) Rest(callUUID string) {
	delete(b.convs, callUUID)
	b.book.Rest(callUUID)
}

// Root returns the call that stands for the interaction of a call.
func (b *Board) Root(callUUID string) string {
	c := b.book.Call(callUUID)
	if c == nil || c.Apart || c.Root == callUUID || b.book.Call(c.Root) == nil {
		return callUUID
	}
	return c.Root
}

// Group returns the interaction of a call; nil when the call is not known.
func (b *Board) Group(callUUID string) *Group {
	root := b.book.Call(b.Root(callUUID))
	if root == nil {
		return nil
	}
	g := &Group{Root: root, board: b}
	if b.book.Alone(root) {
		g.one[0] = root
		g.Calls = g.one[:]
		b.gather(g)
		return g
	}
	for _, uuid := range b.book.Members(root.Root) {
		if b.Root(uuid) == root.UUID {
			g.Calls = append(g.Calls, b.book.Call(uuid))
		}
	}
	b.gather(g)
	return g
}

// gather gives a group its conversation. Calls that have just joined it bring what was read of them
// already: it is read again, unless something was sent; then they stay apart.
func (b *Board) gather(g *Group) {
	g.Conv = b.convs[g.Root.UUID]
	joined := false
	for _, c := range g.others() {
		conv := b.convs[c.UUID]
		if conv == nil {
			continue
		}
		if conv.Started() {
			b.setApart(g, c)
			continue
		}
		joined = true
		c.Rewind()
		b.book.Touch(c.UUID)
		delete(b.convs, c.UUID)
	}
	if g.Conv == nil || joined && !g.Conv.Started() {
		for _, c := range g.Calls {
			c.Rewind()
		}
		g.Conv = &Conversation{}
		b.convs[g.Root.UUID] = g.Conv
		b.book.Touch(g.Root.UUID)
	}
}

// setApart lets a call keep its own conversation, which is suspended by that.
func (b *Board) setApart(g *Group, c *callmodel.Call) {
	c.Apart = true
	g.Calls = slices.DeleteFunc(g.Calls, func(other *callmodel.Call) bool { return other == c })
	b.book.Record(c.UUID, callmodel.Fact{
		Kind: callmodel.CallJoined, At: c.Seen[callmodel.StreamCall], Stream: callmodel.StreamCall, Subject: g.Root.UUID,
	})
}

// Busy counts the legs that an agent has in other conversations in a stretch of time, at any desk,
// whether they have read up to that time, or on beyond it, or not. until is zero when its end is not
// known. A leg that began within the stretch counts twice: it was let in already.
func (b *Board) Busy(agent string, from, until time.Time, except *Conversation) int {
	n := 0
	desks := b.book.Desks(agent)
	for _, dn := range desks {
		n += b.book.DN(dn).TalksIn(agent, from, until)
	}
	for _, root := range b.othersAt(desks, except) {
		if b.convs[root].Stage != StageIgnored {
			n += b.Group(root).busy(agent, from, until)
		}
	}
	return n
}

// othersAt names the other interactions that have or had a party at some DNs, each once, by their roots.
func (b *Board) othersAt(dns []string, except *Conversation) []string {
	var roots []string
	for _, dn := range dns {
		for _, uuid := range b.book.CallsAt(dn) {
			root := b.Root(uuid)
			if conv := b.convs[root]; conv != nil && conv != except && !slices.Contains(roots, root) {
				roots = append(roots, root)
			}
		}
	}
	return roots
}

// Advanced is what became of an interaction.
type Advanced struct {
	Group  *Group
	Events []*exevents.ConversationEvent
	// Changed are the calls of which something was read or written.
	Changed []string
	// Due is when the interaction is to be advanced again if nothing is reported; zero: it waits for nothing.
	Due time.Time
	// Lost are other interactions whose end has turned out to be lost, by the calls that stand for them.
	Lost []string
}

// StillConnected names the other interactions in which a DN has been talking since before a time, as far
// as is known, and of which nothing has been heard since. It is asked when an agent leaves a call that rang
// at that time and was answered: a phone that gets connected puts its other calls on hold, which is
// reported (inferred). So the end of these was lost, and without this the agent would stay busy until
// they are given up.
func (b *Board) StillConnected(dn string, since time.Time, except *Conversation) []string {
	return slices.DeleteFunc(b.othersAt([]string{dn}, except), func(root string) bool { return !b.Group(root).connected(dn, since) })
}

// Advance lets the conversations of calls read what can be read. The facts of all of them are read
// in the order of time, because what one conversation shows of an agent decides what another one
// can. now is how far the links have come; zero means that nothing is known of that. Calls that are not
// known are left out.
func (b *Board) Advance(callUUIDs []string, now time.Time) []Advanced {
	var turns []*turn
	seen := map[string]bool{}
	for _, uuid := range callUUIDs {
		root := b.Root(uuid)
		if seen[root] {
			continue
		}
		seen[root] = true
		if g := b.Group(root); g != nil {
			turns = append(turns, b.machine.begin(g, now))
		}
	}
	b.machine.readAll(slices.Clone(turns))
	advanced := make([]Advanced, len(turns))
	for i, t := range turns {
		advanced[i] = b.machine.finish(t)
	}
	return advanced
}

// Abandon ends the conversation of a call that will not be heard of again. at is the time at which
// its parties are taken to have left.
func (b *Board) Abandon(callUUID string, at time.Time) []*exevents.ConversationEvent {
	g := b.Group(callUUID)
	if g == nil {
		return nil
	}
	return b.machine.abandon(g, at)
}
