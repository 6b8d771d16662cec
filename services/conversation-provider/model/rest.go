package model

import (
	"time"

	"engage.connector/pkg/packed"
	"engage.connector/services/conversation-provider/callmodel"
)

// resting is a call that is on and to which nothing happens: the caller listens to music, or talks.
// It is kept as it is stored, which takes a small part of the room, until something concerns it.
// Times are in microseconds.
type resting struct {
	packed string
	opened int64
	since  int64 // when its silence began; 0: not known yet
}

// spare keeps the number of calls small that are awake.
func (m *Model) spare() {
	if len(m.calls) < m.spareAt {
		return
	}
	m.rest()
	m.spareAt = max(m.opts.MaxAwake, len(m.calls)+len(m.calls)/2) // those that may not rest are not looked at all the time
}

// rest puts calls to rest that may.
func (m *Model) rest() {
	for uuid, in := range m.calls {
		if !m.mayRest(in) {
			continue
		}
		r := resting{packed: m.packResting(in), opened: in.Opened.UnixMicro()}
		if in.quiet.newest.Equal(newest(in.Call)) {
			r.since = in.quiet.since.UnixMicro()
		}
		m.resting[uuid] = r
		delete(m.calls, uuid)
		m.board.Rest(uuid)
	}
}

// packResting packs a call without its name, under which it is kept.
func (m *Model) packResting(in *Interaction) string {
	uuid := in.UUID
	in.UUID, in.Call.UUID, in.Call.Root = "", "", ""
	text := m.encodeText(in)
	in.UUID, in.Call.UUID, in.Call.Root = uuid, uuid, uuid
	return text
}

// mayRest tells whether a call is on by itself and waits for nothing but its next event.
func (m *Model) mayRest(in *Interaction) bool {
	call, conv := in.Call, in.Conversation
	if m.waiting.has(in.UUID) || conv == nil || in.Root != "" || !m.book.Alone(call) {
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
	for _, conn := range in.Call.ConnIDs {
		if known, _ := m.book.CallOf(conn); known == uuid {
			uuid = known // the text that the book keeps anyway, not another one of the event that woke the call
		}
	}
	in.UUID, in.Call.UUID, in.Call.Root = uuid, uuid, uuid
	m.calls[uuid] = in
	m.board.Put(uuid, in.Conversation)
	return in.Call
}

// interaction unpacks a call at rest.
func (r resting) interaction(uuid string) *Interaction {
	in := &Interaction{}
	_ = packed.DecodeOwn(r.packed, in)                     // it was written here
	in.UUID, in.Call.UUID, in.Call.Root = uuid, uuid, uuid // not parts of what was packed, which would stay
	if r.since != 0 {
		in.quiet = quiet{newest: newest(in.Call), since: time.UnixMicro(r.since).UTC()}
	}
	return in
}

// wakeStale wakes calls that are to be given up.
func (m *Model) wakeStale(now time.Time) {
	stale := m.opts.StaleAfter
	if m.book.Lossy() {
		stale = min(stale, lostPatience)
	}
	for uuid, r := range m.resting {
		if r.since == 0 {
			r.since = now.UnixMicro()
			m.resting[uuid] = r
		}
		if now.Sub(time.UnixMicro(r.opened)) >= m.opts.MaxCallAge || now.Sub(time.UnixMicro(r.since)) >= stale {
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
	return m.closed[uuid].interaction()
}
