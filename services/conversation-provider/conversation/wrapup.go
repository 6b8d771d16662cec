package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
)

// wrapClock is since when something about an agent's after-call work is waited for, by the wall
// clock.
type wrapClock struct {
	since time.Time // the end of the leg was read
	ended time.Time // the end of after-call work was read, while a call was still on
}

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
func (m *Machine) wrapUpBefore(g *Group, at time.Time, out *batch) {
	for _, d := range g.due() {
		if d.ended && d.at.Before(at) && !d.at.Before(g.Conv.Last) {
			m.dispose(g, d.leg, d.at, rowWrapUp, out)
		}
	}
}

// dueDisposition is an agent's leg that waits for its disposition.
type dueDisposition struct {
	leg   *Leg
	ended bool      // after-call work has ended
	at    time.Time // when; zero: it goes on
}

// due lists the legs that wait for a disposition, in the order in which after-call work ended.
func (g *Group) due() []dueDisposition {
	var due []dueDisposition
	for _, leg := range g.Conv.Legs {
		if g.Conv.owesDisposition(leg) {
			state, ended := g.board.book.DN(leg.DN).WrapUpEnd(leg.Ended)
			due = append(due, dueDisposition{leg: leg, ended: ended, at: state.At})
		}
	}
	slices.SortStableFunc(due, func(a, b dueDisposition) int { return a.at.Compare(b.at) })
	return due
}

// wrapUp applies dispositions: when after-call work ends (the agent is ready, not ready for another
// reason, or logs out), or when it lasts too long (inferred; the API wants the event on legs with
// afterCallWorkRequired). The code is the value of the user data at that time, attached during the
// call or by EventUserEvent after it; without one the disposition is skipped, which the API
// expresses by an event without code. While the interaction goes on with somebody else, what is
// still under way on the other links is waited for.
func (m *Machine) wrapUp(g *Group, now time.Time, out *batch) {
	conv := g.Conv
	for _, d := range g.due() {
		if late := d.at.Before(conv.Last) && !conv.Finished(); d.ended && late && now.IsZero() {
			continue // it does not come between events that are being read
		}
		reported := g.Over() || g.reportedBy(callmodel.StreamCall, d.at) || m.waitedFor(conv, d.leg, now)
		switch {
		case d.ended && reported && conv.Waits == "":
			m.dispose(g, d.leg, d.at, rowWrapUp, out)
		case !d.ended && m.wrapUpTimedOut(conv, d.leg, now):
			m.dispose(g, d.leg, d.leg.Ended.Add(m.opts.WrapUpTimeout), rowWrapUpTimeout, out)
		}
	}
}

func (c *Conversation) clock(leg *Leg) *wrapClock {
	if c.wrapping == nil {
		c.wrapping = map[string]*wrapClock{}
	}
	if c.wrapping[leg.ID] == nil {
		c.wrapping[leg.ID] = &wrapClock{}
	}
	return c.wrapping[leg.ID]
}

// wrapUpTimedOut measures by the wall clock from when the end of the leg was read: what was read
// late, after an outage, still gets its time.
func (m *Machine) wrapUpTimedOut(conv *Conversation, leg *Leg, now time.Time) bool {
	return passed(&conv.clock(leg).since, now, m.opts.WrapUpTimeout)
}

// waitedFor tells whether the other links had their time since the end of after-call work was read.
func (m *Machine) waitedFor(conv *Conversation, leg *Leg, now time.Time) bool {
	return passed(&conv.clock(leg).ended, now, m.opts.Grace)
}

// passed starts a clock that does not run and tells whether it has run long enough.
func passed(since *time.Time, now time.Time, long time.Duration) bool {
	if now.IsZero() {
		return false
	}
	if since.IsZero() {
		*since = now
	}
	return now.Sub(*since) >= long
}

func (m *Machine) dispose(g *Group, leg *Leg, at time.Time, row string, out *batch) {
	leg.Disposed = true
	name := m.disposition(g, leg, at)
	code := ""
	if name != "" {
		code = known(m.dir.WrapUpCode(name))
	}
	out.add(exevents.ConversationEvent{Type: exevents.CommunicationDispositionApplied, CommunicationID: leg.ID, Code: code},
		g.Conv.name(leg), "disposition", at)
	g.Conv.trace(Decision{
		At: at, What: whatWrapUp, Row: row, Subject: name, Stage: g.Conv.Stage,
		Events: []exevents.EventType{exevents.CommunicationDispositionApplied},
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
