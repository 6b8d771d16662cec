package model

import (
	"slices"
	"time"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
)

// advance lets the conversations of calls read the facts of their calls.
func (m *Model) advance(uuids []string, now time.Time, out *outbox) {
	slices.Sort(uuids)
	uuids = slices.Compact(uuids)
	for _, uuid := range uuids {
		m.waiting.remove(uuid)
	}
	var lost []string
	for _, a := range m.board.Advance(uuids, now) {
		lost = append(lost, a.Lost...)
		out.inject(a.Group.Root.UUID, a.Events)
		for _, changed := range a.Changed {
			m.book.Touch(changed)
		}
		m.settle(a.Group, a.Due, out)
	}
	for _, root := range lost {
		if g := m.board.Group(root); g != nil {
			m.end(g, out)
		}
	}
}

// end ends an interaction whose own end was lost, and closes it. Its parties are taken to have left when
// it was last heard of.
func (m *Model) end(g *conversation.Group, out *outbox) {
	if !g.Conv.Finished() || g.Conv.WrappingUp() {
		out.inject(g.Root.UUID, m.board.Abandon(g.Root.UUID, lastAlive(g)))
	}
	m.close(g, out)
}

// lastAlive is the latest time at which an interaction is known to have been on: what a desktop attaches
// may come after its end.
func lastAlive(g *conversation.Group) time.Time {
	last := time.Time{}
	for _, c := range g.Calls {
		if t := c.Alive(); t.After(last) {
			last = t
		}
	}
	if last.IsZero() {
		return lastHeard(g)
	}
	return last
}

// lastHeard is the time of the newest event of an interaction.
func lastHeard(g *conversation.Group) time.Time {
	last := time.Time{}
	for _, c := range g.Calls {
		if t := newest(c); t.After(last) {
			last = t
		}
	}
	return last
}

// open returns the interaction of a call that is not closed, as it stands.
func (m *Model) open(call *callmodel.Call) *Interaction {
	in := m.calls[call.UUID]
	if in == nil {
		in = &Interaction{UUID: call.UUID, Call: call, Opened: m.clock}
		m.calls[call.UUID] = in
	}
	in.Root, in.Members = m.board.Root(call.UUID), nil
	in.Conversation = m.board.Own(call.UUID)
	if in.Root == call.UUID {
		in.Root = ""
		if in.Conversation != nil && m.book.Alone(call) {
			return in
		}
		if group := m.board.Group(call.UUID); len(group.Calls) > 1 {
			for _, c := range group.Calls {
				in.Members = append(in.Members, c.UUID)
			}
		}
		in.Conversation = m.board.Own(call.UUID)
	}
	return in
}

// never is a time that does not come.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// settle notes whether an interaction waits, and closes it when nothing more can follow.
func (m *Model) settle(g *conversation.Group, due time.Time, out *outbox) {
	conv, root := g.Conv, g.Root.UUID
	if g.Over() && !conv.Finished() && conv.Waits == "" && !pending(g) {
		// It cannot be, but if it is, the org must not be left with legs that nobody ends.
		out.inject(root, m.board.Abandon(root, newest(g.Root)))
		m.book.Touch(root)
	}
	if g.Over() && conv.Finished() {
		m.joinGroup(g, out)
		if !conv.WrappingUp() {
			m.close(g, out)
			return
		}
	}
	for _, c := range g.Calls {
		m.waiting.remove(c.UUID)
	}
	switch {
	case !due.IsZero():
		m.waiting.set(root, due)
	case conv.Waits != "" || conv.WrappingUp():
		m.waiting.set(root, never) // it waits for what is reported
	}
}

// pending tells whether facts of an interaction are still to be read.
func pending(g *conversation.Group) bool {
	return slices.ContainsFunc(g.Calls, func(c *callmodel.Call) bool { return len(c.Facts) > 0 && !c.Created.IsZero() })
}

// joinGroup submits the segments of an interaction that waited for its end.
func (m *Model) joinGroup(g *conversation.Group, out *outbox) {
	for _, c := range g.Calls {
		m.joinWaiting(m.open(c), out)
	}
}

// close replaces the calls of an interaction by their summaries, and submits the recordings that
// waited for its end.
func (m *Model) close(g *conversation.Group, out *outbox) {
	conv := g.Conv
	closed := make([]*Interaction, len(g.Calls))
	for i, c := range g.Calls {
		closed[i] = m.open(c)
	}
	for _, in := range closed {
		in.summarize(m.opts.Recordings.Options().LanguageKey)
		in.Closed = m.clock
		delete(m.calls, in.UUID)
		m.waiting.remove(in.UUID)
		m.board.Close(in.UUID)
		m.store(in)
		m.order = append(m.order, in.UUID)
	}
	m.opts.Observer.CallClosed(conv.Stage, conv.Reason)
	for _, in := range closed {
		m.joinWaiting(in, out)
	}
}
