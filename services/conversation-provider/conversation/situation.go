package conversation

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// situation is one fact of one call, as the rows see it.
type situation struct {
	m       *Machine
	g       *Group
	call    *callmodel.Call // of the fact
	conv    *Conversation
	fact    callmodel.Fact
	trigger Trigger
	consult *callmodel.Call // the consultation call that the fact belongs to; nil: it is about the main call
	key     string          // of the party or stay
	role    Role            // of the party that joins
	dn      string          // of the party or queue
	leg     *Leg            // the leg that the fact is about, not ended; nil when there is none
	fresh   *Leg            // the leg that the trigger brings, once a step asked for it
	winner  *Leg            // the leg of the queue that delivered the call, once a step asked for it
	routing *Leg            // the leg of the routing point that takes over, once a step asked for it
	now     time.Time       // how far the links have come; zero: nothing is known of that
	patient bool            // the fact may still wait
	taken   bool            // the fact is no longer among those that are to be read
	events  *batch
}

func (x *situation) queueID() string { return known(x.m.dir.Queue(x.dn)) }

// clocksAgree is how far the clocks of two servers, as they are known, may be apart: what lies as near
// together has no order.
const clocksAgree = 20 * time.Millisecond

// login is who is logged in at the DN. A log-in that seems to come an instant after the call came before it:
// nobody is called where nobody is.
func (x *situation) login() string {
	dn := x.g.board.book.DN(x.dn)
	if agent := dn.AgentAt(x.fact.At); agent != "" {
		return agent
	}
	return dn.AgentAt(x.fact.At.Add(clocksAgree))
}

func (x *situation) userID() string { return known(x.m.dir.User(x.login())) }

// known is an answer of the directory, empty when it has none.
func known(id string, ok bool) string {
	if !ok {
		return ""
	}
	return id
}

// see returns the situation of a fact of the same group. It changes nothing.
func (x *situation) see(call *callmodel.Call, fact callmodel.Fact) *situation {
	y := &situation{m: x.m, g: x.g, call: call, conv: x.conv, fact: fact, now: x.now, patient: x.patient, events: x.events}
	y.read()
	return y
}

// read finds out what a fact means to the conversation.
func (x *situation) read() {
	f := x.fact
	x.consult = x.g.consultation(x.call)
	x.key = x.g.key(x.call, f.Subject)
	x.leg = x.conv.legAt(x.key)
	if p := x.call.Party(f.Subject); p != nil {
		x.dn = p.DN
	} else if v := x.call.Visit(f.Subject); v != nil {
		x.dn = v.DN
	}
	switch f.Kind {
	case callmodel.PartyJoined:
		x.role = x.roleOf(x.call.Party(f.Subject))
		x.trigger = x.joinTrigger()
	case callmodel.PartyChanged:
		x.trigger = x.changeTrigger()
	case callmodel.PartyLeft:
		x.trigger = x.leaveTrigger()
	case callmodel.CallEnded:
		x.trigger = x.endTrigger()
	default:
		x.trigger = plainTrigger(f.Kind)
		if x.consult != nil {
			x.trigger = consultTrigger(x.trigger)
		}
	}
}

func plainTrigger(k callmodel.FactKind) Trigger {
	switch k {
	case callmodel.Queued:
		return QueueJoined
	case callmodel.Diverted, callmodel.Abandoned:
		return QueueLeft
	case callmodel.Conference:
		return InConference
	case callmodel.Supervision:
		return Supervised
	case callmodel.CallJoined:
		return OtherCall
	case callmodel.Rejected:
		return Refused
	default:
		return ""
	}
}

// consultTrigger says what a trigger becomes in a consultation call.
func consultTrigger(t Trigger) Trigger {
	switch t {
	case AgentJoined:
		return ConsultAgent
	case OutsideJoined:
		return ConsultOutside
	case QueueJoined:
		return ConsultQueue
	case InConference, Supervised, Refused:
		return t
	default:
		return ""
	}
}

// roleTrigger says what it means that a party of a role joined.
func roleTrigger(r Role) Trigger {
	switch r {
	case RoleCaller:
		return CallerJoined
	case RoleIVR:
		return IVRJoined
	case RoleAgent:
		return AgentJoined
	case RoleOutside:
		return OutsideJoined
	case RoleDevice:
		return DeviceJoined
	case RoleObserver:
		return Supervised
	default:
		return ""
	}
}

// joinTrigger says what it means that a party joined.
func (x *situation) joinTrigger() Trigger {
	plain := roleTrigger(x.role)
	if x.role == RoleAgain {
		return x.againTrigger()
	}
	if (x.role == RoleAgent || x.role == RoleOutside) && x.neverRang() {
		return ""
	}
	if x.consult == nil {
		return plain
	}
	if x.nested() {
		return NestedConsult
	}
	return consultTrigger(plain)
}

// neverRang tells whether the phone of a party that joins does not ring: it is busy or out of order. No
// leg is made of it.
func (x *situation) neverRang() bool {
	g := x.fact.State.Generic()
	return g == engage.PartyStateBusy || g == engage.PartyStateFailed
}

// newcomers tells whether a key is that of an agent or an outside number without a leg.
func (x *situation) newcomers(key string) bool {
	role := x.conv.Parties.of(key)
	return (role == RoleAgent || role == RoleOutside) && !x.hadLeg(key)
}

// againTrigger: somebody who has a leg came into a further call.
func (x *situation) againTrigger() Trigger {
	leg := x.knownParty(x.call.Party(x.fact.Subject))
	switch {
	case x.consult != nil && x.nested():
		return NestedConsult
	case x.consult != nil && leg == x.conv.talker():
		return ConsultBegan
	case x.consult == nil && leg.Consult:
		return ConsultStirs
	default:
		return ""
	}
}

// nested tells whether the fact belongs to a consultation that is made out of another one, or beside
// another one.
func (x *situation) nested() bool {
	if origin := x.g.call(x.consult.Origin); origin != nil && x.g.consultation(origin) != nil {
		return true
	}
	other := x.conv.Consult
	if other == nil || other.Call == x.consult.UUID {
		return false
	}
	call := x.g.call(other.Call)
	return call != nil && (call.Deleted.IsZero() || call.Deleted.After(x.fact.At))
}

// changeTrigger: the state of a party matters where it has a leg, and in the call that the leg is
// about: the agent's side of a consultation call says nothing about the caller.
func (x *situation) changeTrigger() Trigger {
	if x.fact.State != engage.PartyStateUnknown && observes(x.fact.State) {
		return Supervised
	}
	if x.conv.Parties.of(x.key) == RoleObserver && connects(x) {
		return InConference // the supervisor barges in
	}
	if x.leg == nil && x.consult == nil && connects(x) && x.newcomers(x.key) {
		return x.newcomerTrigger()
	}
	if x.leg == nil || x.consult != nil && !x.leg.Consult {
		return ""
	}
	connected, held := x.fact.State.Generic() == engage.PartyStateConnected, x.fact.State.Generic() == engage.PartyStateHeld
	switch {
	case x.leg.Kind == External && connected:
		return CallerConnected
	case x.leg.talker() && x.leg.Consult && connected:
		return ConsultAnswered
	case x.leg.talker() && !x.leg.Consult && connected:
		return AgentConnected
	case x.leg.talker() && !x.leg.Consult && held:
		return AgentHeld
	default:
		return ""
	}
}

// newcomerTrigger says who it is that answers beside a talk, or beside another phone that rings.
func (x *situation) newcomerTrigger() Trigger {
	if x.conv.Parties.of(x.key) == RoleOutside {
		return OutsideConnected
	}
	return NewcomerConnected
}

// leaveTrigger: somebody left; not if they are in another call of the interaction.
func (x *situation) leaveTrigger() Trigger {
	leg, role := x.leg, x.conv.Parties.of(x.key)
	if x.conv.Stage == StageSuspended && leg != nil && x.g.livesElsewhere(leg, x.key, x.fact.At, x.g.Calls) {
		return ""
	}
	switch {
	case x.conv.Stage == StageSuspended && leg != nil && leg.talker():
		return AgentLeft
	case x.consult != nil:
		if leg != nil && leg.talker() && x.conv.Consult != nil {
			return ConsultStirs
		}
		return ""
	case leg == nil && role == RoleIVR, leg != nil && leg.Kind == IVR:
		return IVRLeft
	case leg == nil:
		return OtherLeft
	case x.g.livesElsewhere(leg, x.key, x.fact.At, x.g.mainCalls()):
		return ""
	case leg.Kind == External:
		if left := x.g.legLeft(leg); left.After(x.fact.At) {
			x.fact.At = left // from another call, which was read before
		}
		return CallerLeft
	case leg.Consult:
		return ConsultStirs
	case leg != x.conv.talker():
		return FormerLeft
	default:
		return AgentLeft
	}
}

// endTrigger: the interaction ends with the last call in which the caller was.
func (x *situation) endTrigger() Trigger {
	if x.consult != nil {
		if x.conv.Consult != nil && x.conv.Consult.Call == x.call.UUID {
			return ConsultEnded
		}
		return ""
	}
	if into := x.g.call(x.call.MergedInto); into != nil && x.conv.Consult != nil && into.UUID == x.conv.Consult.Call {
		return ConsultStirs
	}
	for _, c := range x.g.mainCalls() {
		if c.Deleted.IsZero() && !c.Created.IsZero() || c != x.call && c.EndPending() {
			return ""
		}
	}
	return Ended
}

// trace notes a decision, and without which links it was taken.
func (x *situation) trace(d Decision) {
	d.Without = x.g.board.without()
	if x.fact.Kind == callmodel.CallEnded || x.fact.Kind == callmodel.PartyLeft {
		d.Note = x.fact.Note
	}
	x.conv.trace(d)
}
