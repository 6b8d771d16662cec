package conversation

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

func connects(x *situation) bool { return x.fact.State.Generic() == engage.PartyStateConnected }

// outcome is how a consultation ends.
type outcome int

const (
	outcomeUnknown     outcome = iota
	outcomeTransferred         // the caller and who was consulted are in one call, the agent has left it
	outcomeConference          // so they are, and the agent has stayed
	outcomeOver                // the consultation call has ended for itself
	outcomeCallerLeft          // the caller hung up
)

// outcome is how a consultation ends, as far as it may still be waited for.
func (x *situation) outcome() outcome {
	o := x.reportedOutcome()
	if o != outcomeUnknown || x.patient {
		return o
	}
	if x.trigger == CallerLeft {
		return outcomeCallerLeft
	}
	return outcomeOver
}

// reportedOutcome looks at the main call and the consultation call as the book knows them. The events of a
// transfer come within milliseconds and in no certain order: parties are deleted, added or moved,
// one of the two calls is deleted and may name the other.
func (x *situation) reportedOutcome() outcome {
	consult := x.g.call(x.conv.Consult.Call)
	if consult == nil {
		return outcomeOver
	}
	if x.merged(consult) {
		return x.mergedOutcome(consult)
	}
	if x.trigger == CallerLeft {
		for _, c := range x.g.mainCalls() {
			if c.Deleted.IsZero() {
				return outcomeUnknown
			}
		}
		return outcomeCallerLeft
	}
	if !consult.Deleted.IsZero() {
		return outcomeOver
	}
	return outcomeUnknown
}

// merged tells whether the main call and the consultation call have become one.
func (x *situation) merged(consult *callmodel.Call) bool {
	if x.g.call(consult.MergedInto) != nil || x.g.Root.MergedInto == consult.UUID {
		return true
	}
	caller, peer := x.conv.external(), x.conv.peer()
	for _, p := range consult.Parties {
		if caller != nil && x.g.same(caller, consult, p) && p.LiveAt(later(p, x)) {
			return true // the caller came into the consultation call
		}
	}
	for _, c := range x.g.mainCalls() {
		for _, p := range c.Parties {
			if peer != nil && x.g.same(peer, c, p) && p.LiveAt(later(p, x)) {
				return true // who was consulted came into the main call
			}
		}
	}
	return false
}

// later is the time at which a party is looked for: that of the fact, or when it joined soon after.
func later(p *callmodel.Party, x *situation) time.Time {
	if p.Joined.After(x.fact.At) && p.Joined.Sub(x.fact.At) <= settling {
		return p.Joined
	}
	return x.fact.At
}

// mergedOutcome: the agent who consulted has left the call that goes on, or stays in it.
func (x *situation) mergedOutcome(consult *callmodel.Call) outcome {
	agent := x.conv.talker()
	calls := x.g.mainCalls()
	if survivor := x.survivor(consult); survivor != nil {
		calls = []*callmodel.Call{survivor}
	}
	stays := outcomeTransferred
	for _, c := range calls {
		for _, p := range c.Parties {
			switch {
			case agent == nil || p.DN != agent.DN:
			case p.Left.IsZero():
				stays = outcomeUnknown
			case p.Left.Sub(x.fact.At) > settling, x.conferenceAhead(p.Left):
				return outcomeConference
			}
		}
	}
	if stays == outcomeUnknown && (!x.patient || x.conferenceAhead(time.Time{})) {
		return outcomeConference
	}
	return stays
}

// conferenceAhead tells whether a participant list names more than two before a time; zero: at any.
func (x *situation) conferenceAhead(until time.Time) bool {
	for _, y := range x.ahead() {
		if y.trigger == InConference {
			return until.IsZero() || y.fact.At.Before(until)
		}
	}
	return false
}

// consultCall is the consultation call that the fact belongs to, or the one that is on.
func (x *situation) consultCall() *callmodel.Call {
	if x.consult == nil && x.conv.Consult != nil {
		return x.g.call(x.conv.Consult.Call)
	}
	return x.consult
}

// survivor is the call into which the other was merged; nil when the server did not say.
func (x *situation) survivor(consult *callmodel.Call) *callmodel.Call {
	if into := x.g.call(consult.MergedInto); into != nil {
		return into
	}
	if x.g.Root.MergedInto == consult.UUID {
		return consult
	}
	return nil
}
