package model

import (
	"time"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/callmodel/packed"
)

// restAfter is after which time a call of which nothing is heard is put to rest, and the time within
// which it is seen that it is so.
const restAfter = 5 * time.Second

// resting is a call that is on and to which nothing happens: the caller listens to music, or talks.
// It is kept as it is stored, which takes a small part of the room, until something concerns it.
type resting struct {
	packed string
	opened time.Time
	quiet  quiet
}

// rest puts calls to rest of which nothing was heard since it was last called.
func (m *Model) rest() {
	for uuid, in := range m.calls {
		switch {
		case in.stirs:
			in.stirs = false
		case m.mayRest(in):
			m.resting[uuid] = resting{packed: string(m.encodeInteraction(in)), opened: in.Opened, quiet: in.quiet}
			delete(m.calls, uuid)
			m.board.Rest(uuid)
		}
	}
}

// mayRest tells whether a call is on by itself and waits for nothing but its next event.
func (m *Model) mayRest(in *Interaction) bool {
	call, conv := in.Call, in.Conversation
	if _, waits := m.waiting[in.UUID]; waits || conv == nil || in.Root != "" || !m.book.Alone(call) {
		return false
	}
	joined := len(call.Links) > 0 || call.Origin != "" || call.MergedInto != "" || call.Apart
	live := !call.Created.IsZero() && call.Deleted.IsZero() && !in.Opened.IsZero()
	return live && !joined && len(call.Facts) == 0 && conv.Waits == "" && !conv.WrappingUp()
}

// wake brings a call back that was put to rest; nil when it was not.
func (m *Model) wake(uuid string) *callmodel.Call {
	r, ok := m.resting[uuid]
	if !ok {
		return nil
	}
	in := r.interaction(uuid)
	if in == nil {
		return nil
	}
	delete(m.resting, uuid)
	in.stirs = true
	m.calls[uuid] = in
	m.board.Put(uuid, in.Conversation)
	return in.Call
}

// interaction unpacks a call at rest.
func (r resting) interaction(uuid string) *Interaction {
	in := unpackInteraction(packed.NewReader(r.packed[1:]))
	in.UUID, in.Call.UUID, in.Call.Root = uuid, uuid, uuid // not parts of what was packed, which would stay
	in.quiet = r.quiet
	return in
}

// wakeStale wakes calls that are to be given up.
func (m *Model) wakeStale(now time.Time) {
	for uuid, r := range m.resting {
		if r.quiet.since.IsZero() {
			r.quiet = quiet{newest: r.quiet.newest, since: now}
			m.resting[uuid] = r
		}
		if now.Sub(r.quiet.since) >= m.opts.StaleAfter || now.Sub(r.opened) >= m.opts.MaxCallAge {
			m.book.Call(uuid)
		}
	}
}

// view is an interaction for those who only look at it, from any goroutine.
func (m *Model) view(uuid string) *Interaction {
	if r, rests := m.resting[uuid]; rests {
		return r.interaction(uuid)
	}
	if in := m.calls[uuid]; in != nil {
		return in
	}
	return m.closed[uuid]
}
