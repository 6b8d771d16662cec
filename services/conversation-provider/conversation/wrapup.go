package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
)

// Names of the decisions of after-call work.
const (
	rowWrapUp        = "wrap-up/ended"
	rowWrapUpTimeout = "wrap-up/timed-out"
	whatWrapUp       = "after-call work ended"
)

// WrappingUp tells whether a disposition is still to be applied.
func (c *Conversation) WrappingUp() bool { return slices.ContainsFunc(c.Legs, c.owesDisposition) }

// owesDisposition: a suspended conversation sends communicationEnded only, and who did not answer,
// or was only consulted, has nothing to wrap up.
func (c *Conversation) owesDisposition(l *Leg) bool {
	return c.Stage != StageSuspended && c.Stage != StageIgnored && l.Kind == User && l.WrapsUp &&
		!l.Answered.IsZero() && !l.Ended.IsZero() && !l.Disposed
}

// wrapUpBefore applies the dispositions that come before a fact, so that the events of a
// conversation follow each other in the order of time whichever link is faster.
func (m *Machine) wrapUpBefore(t *turn, at time.Time) {
	for _, d := range m.owed(t.g) {
		decided := d.work.Unsure.IsZero() || !at.Before(d.work.Unsure)
		if ended := d.work.Ended; !ended.IsZero() && decided && ended.Before(at) && !ended.Before(t.g.Conv.Last) {
			m.dispose(t.g, d.leg, ended, rowWrapUp, t.out)
		}
	}
}

// owedDisposition is an agent's leg that waits for its disposition.
type owedDisposition struct {
	leg  *Leg
	work callmodel.AfterCall
}

// owed lists the legs that wait for a disposition, in the order in which after-call work ended.
func (m *Machine) owed(g *Group) []owedDisposition {
	var owed []owedDisposition
	for _, leg := range g.Conv.Legs {
		if g.Conv.owesDisposition(leg) {
			owed = append(owed, owedDisposition{leg: leg, work: g.board.book.DN(leg.DN).AfterCall(leg.Began, leg.Ended, m.opts.Grace)})
		}
	}
	slices.SortStableFunc(owed, func(a, b owedDisposition) int { return a.work.Ended.Compare(b.work.Ended) })
	return owed
}

// wrapUp applies dispositions: when after-call work has ended as the switch says (the API wants the event
// on legs with afterCallWorkRequired), or when nothing at all is said of it for too long. The code is
// the value of the user data at that time, attached during the call or by EventUserEvent after it;
// without one the disposition is skipped, which the API expresses by an event without code. While the
// interaction goes on with somebody else, what is still under way on the other links is waited for.
func (m *Machine) wrapUp(t *turn) {
	g, conv := t.g, t.g.Conv
	for _, d := range m.owed(g) {
		ended := d.work.Ended
		if late := ended.Before(conv.Last) && !conv.Finished(); !ended.IsZero() && late && t.now.IsZero() {
			t.await(ended.Add(slack)) // it does not come between events that are being read
			continue
		}
		switch {
		case d.work.Silent:
			m.wrapUpSilent(t, d.leg)
		case ended.IsZero():
		case !d.work.Unsure.IsZero() && t.now.Before(d.work.Unsure):
			t.await(d.work.Unsure)
		case conv.Waits != "":
		case g.Over(), g.reportedBy(callmodel.StreamCall, ended), !t.now.Before(ended.Add(slack)):
			m.dispose(g, d.leg, ended, rowWrapUp, t.out)
		default:
			t.await(ended.Add(slack))
		}
	}
}

// wrapUpSilent ends after-call work of which nothing is heard. What was read late, after an outage, still
// gets its time.
func (m *Machine) wrapUpSilent(t *turn, leg *Leg) {
	since := leg.Ended
	if leg.Heard.After(since) {
		since = leg.Heard
	}
	if due := since.Add(m.opts.WrapUpTimeout); t.now.Before(due) {
		t.await(due)
		return
	}
	m.dispose(t.g, leg, leg.Ended.Add(m.opts.WrapUpTimeout), rowWrapUpTimeout, t.out)
}

// endWrapUp applies the dispositions that are still owed when the interaction is given up.
func (m *Machine) endWrapUp(g *Group, at time.Time, out *batch) {
	for _, d := range m.owed(g) {
		m.dispose(g, d.leg, at, rowWrapUpTimeout, out)
	}
}

func (m *Machine) dispose(g *Group, leg *Leg, at time.Time, row string, out *batch) {
	leg.Disposed = true
	name := m.disposition(g, leg, at)
	code := ""
	if name != "" {
		code = known(m.dir.WrapUpCode(name))
	}
	out.add(&exevents.ConversationEvent{Type: exevents.CommunicationDispositionApplied, CommunicationID: leg.ID, Code: code},
		g.Conv.name(leg), "disposition", at)
	g.Conv.trace(Decision{
		At: at, What: whatWrapUp, Row: row, Subject: name, Stage: g.Conv.Stage,
		Events: []exevents.EventType{exevents.CommunicationDispositionApplied}, Without: g.board.without(),
	})
}

// disposition is the newest value that belongs to an agent: attached by the agent's own desktop, or
// to the call while this agent was the one who talked, or before anybody did.
func (m *Machine) disposition(g *Group, leg *Leg, until time.Time) string {
	var best callmodel.Value
	for _, c := range g.Calls {
		for _, v := range c.Data {
			if v.Key != m.opts.DispositionKey || v.At.After(until) || v.At.Before(best.At) {
				continue
			}
			if v.DN == leg.DN || v.DN == "" && g.Conv.talkedAt(v.At, leg) == leg {
				best = v
			}
		}
	}
	return best.Value
}

// talkedAt is the agent who talked to the caller at a time, or last before it; before the first one
// it is the one asked for.
func (c *Conversation) talkedAt(at time.Time, asked *Leg) *Leg {
	last := (*Leg)(nil)
	for _, l := range c.Legs {
		if l.Kind == User && l.WrapsUp && !l.Answered.IsZero() && !l.Answered.After(at) && (last == nil || l.Answered.After(last.Answered)) {
			last = l
		}
	}
	if last == nil {
		return asked
	}
	return last
}
