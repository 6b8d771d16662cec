package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/genesys"
	"engage.connector/services/conversation-provider/callmodel"
)

// wrapClock is since when an agent's after-call work is waited for, by the wall clock.
type wrapClock struct{ since time.Time }

// Names of the decisions of after-call work.
const (
	rowWrapUp        = "wrap-up/ended"
	rowWrapUpTimeout = "wrap-up/timed-out"
)

// WrappingUp tells whether a disposition is still to be applied.
func (c *Conversation) WrappingUp() bool {
	return slices.ContainsFunc(c.Legs, c.owesDisposition)
}

// owesDisposition: a suspended conversation sends communicationEnded only, and who did not answer
// has nothing to wrap up.
func (c *Conversation) owesDisposition(l *Leg) bool {
	return c.Stage == StageOver && l.Kind == User && !l.Answered.IsZero() && !l.Ended.IsZero() && !l.Disposed
}

// wrapUp applies dispositions: when after-call work ends (the agent is ready, not ready for another
// reason, or logs out), or when it lasts too long (inferred; the API wants the event on legs with
// afterCallWorkRequired). The code is the value of the user data at that time, attached during the
// call or by EventUserEvent after it; without one the disposition is skipped, which the API
// expresses by an event without code.
func (m *Machine) wrapUp(call *callmodel.Call, conv *Conversation, dns DNs, now time.Time, out *batch) {
	for _, leg := range conv.Legs {
		if !conv.owesDisposition(leg) {
			continue
		}
		state, ended := dns.DN(leg.DN).WrapUpEnd(leg.Ended)
		switch {
		case ended && !call.Deleted.IsZero():
			m.dispose(call, conv, leg, state.At, rowWrapUp, out)
		case m.wrapUpTimedOut(conv, leg, now):
			at := leg.Ended.Add(m.opts.WrapUpTimeout)
			m.dispose(call, conv, leg, at, rowWrapUpTimeout, out)
		}
	}
}

// wrapUpTimedOut measures by the wall clock from when the end of the leg was read: what was read
// late, after an outage, still gets its time.
func (m *Machine) wrapUpTimedOut(conv *Conversation, leg *Leg, now time.Time) bool {
	if now.IsZero() {
		return false
	}
	clock, ok := conv.wrapping[leg.Party]
	if !ok {
		if conv.wrapping == nil {
			conv.wrapping = map[string]wrapClock{}
		}
		conv.wrapping[leg.Party] = wrapClock{since: now}
		return false
	}
	return now.Sub(clock.since) >= m.opts.WrapUpTimeout
}

func (m *Machine) dispose(call *callmodel.Call, conv *Conversation, leg *Leg, at time.Time, row string, out *batch) {
	leg.Disposed = true
	name := call.ValueAt(m.opts.DispositionKey, at)
	code := ""
	if name != "" {
		code = known(m.dir.WrapUpCode(name))
	}
	out.add(genesys.ConversationEvent{Type: genesys.CommunicationDispositionApplied, CommunicationID: leg.ID, Code: code},
		leg.Party, "disposition", at)
	conv.trace(Decision{
		At: at, Row: row, Subject: name, Stage: conv.Stage,
		Events: []genesys.EventType{genesys.CommunicationDispositionApplied},
	})
}
