package conversation

import (
	"maps"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// Condition is a named question about a situation.
type Condition string

// The conditions.
const (
	notVoice           Condition = "the call is a chat, a video call or of another medium"
	typeUnknown        Condition = "call type unknown"
	typeInternal       Condition = "call type internal"
	typeOutbound       Condition = "call type outbound"
	typeConsult        Condition = "call type consult"
	linkedAlone        Condition = "linked to a call that is not known"
	siteBehind         Condition = "the link of another site of the call has not come as far"
	mergedCalls        Condition = "merged with an independent call"
	overflowed         Condition = "forwarded by the switch"
	queueNotMapped     Condition = "queue not mapped"
	sameQueue          Condition = "queue of the ACD leg"
	queueLegLeft       Condition = "ACD leg's queue left"
	queueLegOpen       Condition = "ACD leg open"
	queueLegGone       Condition = "no ACD leg open"
	ivrLegOpen         Condition = "IVR leg open"
	queueLegAlone      Condition = "ACD leg's queue was left, nobody has taken over"
	stayLost           Condition = "the ACD leg's stay ended without an agent"
	afterUnknown       Condition = "where the call goes on is not known"
	afterOther         Condition = "it waits in another queue as well"
	afterIVR           Condition = "it is back at a routing point"
	afterNowhere       Condition = "nothing has the call"
	queueLinkBehind    Condition = "queue link has not come as far"
	callLinkBehind     Condition = "call link has not come as far"
	attemptUnsettled   Condition = "queue link has not come as far as the failed attempt"
	attemptLate        Condition = "a phone rings, and later things have been told"
	attemptOver        Condition = "a phone rang, was not answered, and later things have been told"
	winnerUnknown      Condition = "several queues, none says that it delivered the call"
	otherQueueWon      Condition = "delivered by another queue than that of the ACD leg"
	agentConnected     Condition = "agent connected at once"
	loginUnsure        Condition = "nobody logged in, or the agent link has not come as far"
	nobodyLoggedIn     Condition = "nobody logged in"
	agentOutOfScope    Condition = "agent not mapped"
	agentBusy          Condition = "agent has another call"
	peerBusy           Condition = "agent has a main call and a consultation"
	held               Condition = "held"
	notHeld            Condition = "not held"
	olderThanStage     Condition = "older than the stage"
	linkPossible       Condition = "no link to another site reported"
	onBehalf           Condition = "queue of the outbound call known"
	callerConnected    Condition = "caller connected"
	nextUnknown        Condition = "nothing that follows is known"
	takenOver          Condition = "an agent, a queue or a number takes over"
	takenOverByIVR     Condition = "a routing point takes over"
	queueUnsure        Condition = "a routing point takes over, a queue may follow"
	newcomerUnclear    Condition = "the agent may still leave"
	newcomerTransfers  Condition = "the agent leaves"
	newcomerTalks      Condition = "the newcomer talks to the caller beside the agent"
	queueMapped        Condition = "queue mapped"
	supervisedSilently Condition = "the supervisor only listens"
	oneElse            Condition = "one without a leg is in the call"
	nobodyElse         Condition = "nobody without a leg is in the call"
	peerHasLeft        Condition = "who was consulted has left"
	newcomerRings      Condition = "the newcomer's phone rings"
)

// conditionTable says how each question is answered.
func conditionTable() map[Condition]func(*situation) bool {
	table := map[Condition]func(*situation) bool{}
	for _, part := range []map[Condition]func(*situation) bool{
		callConditions(), queueConditions(), agentConditions(), aheadConditions(), consultConditions(), firstConditions(),
	} {
		maps.Copy(table, part)
	}
	return table
}

// callConditions ask about the call as a whole. The direction is that of the call that stands for
// the interaction: it holds for one switch only, and the others may see another one.
func callConditions() map[Condition]func(*situation) bool {
	callType := func(t engage.CallType) func(*situation) bool {
		return func(x *situation) bool { return x.g.Root.TypeAt(x.fact.At) == t }
	}
	return map[Condition]func(*situation) bool{
		notVoice:     func(x *situation) bool { return x.g.Root.NotVoice },
		typeUnknown:  callType(engage.CallTypeUnknown),
		typeInternal: callType(engage.CallTypeInternal),
		typeOutbound: callType(engage.CallTypeOutbound),
		typeConsult:  callType(engage.CallTypeConsult),
		linkedAlone:  func(x *situation) bool { return x.g.linkedAlone() },
		siteBehind:   (*situation).siteBehind,
		mergedCalls:  (*situation).mergedCalls,
		overflowed:   (*situation).overflowed,
		linkPossible: func(x *situation) bool { return len(x.call.Links) == 0 },
		olderThanStage: func(x *situation) bool {
			return x.fact.At.Before(x.conv.Entered)
		},
		callerConnected: func(x *situation) bool { return x.trigger == CallerJoined && connects(x) },
		onBehalf:        func(x *situation) bool { return x.conv.OnBehalf != "" },
	}
}

// linkedAlone tells whether an IS-Link leads to a call that is not known.
func (g *Group) linkedAlone() bool {
	for _, c := range g.Calls {
		for _, link := range c.Links {
			if !slices.ContainsFunc(g.Calls, func(other *callmodel.Call) bool { return other != c && slices.Contains(other.Links, link) }) {
				return true
			}
		}
	}
	return false
}

// siteBehind tells whether a call at the other end of an IS-Link may have more to report of the time
// up to the fact.
func (x *situation) siteBehind() bool {
	for _, c := range x.g.Calls {
		if c == x.call || !c.Deleted.IsZero() || !x.behind(c, callmodel.StreamCall) {
			continue
		}
		if slices.ContainsFunc(x.g.Calls, func(other *callmodel.Call) bool { return other != c && linked(c, other) }) {
			return true
		}
	}
	return false
}

// mergedCalls tells whether two calls became one of which neither is a consultation: the mode of
// campaigns that calls agent and customer apart.
func (x *situation) mergedCalls() bool {
	for _, c := range x.g.Calls {
		into := x.g.call(c.MergedInto)
		if into != nil && !isConsultation(c) && !isConsultation(into) {
			return true
		}
	}
	return false
}

// overflowed tells whether the switch, and no strategy, sent the caller elsewhere.
func (x *situation) overflowed() bool {
	return x.fact.Cause == engage.CauseForward || x.fact.Cause == engage.CauseCoverage
}

// queueConditions ask about virtual queues.
func queueConditions() map[Condition]func(*situation) bool {
	return map[Condition]func(*situation) bool{
		queueMapped:    func(x *situation) bool { return x.queueID() != "" },
		queueNotMapped: func(x *situation) bool { return x.queueID() == "" },
		sameQueue: func(x *situation) bool {
			leg := x.conv.leg(ACD)
			return leg != nil && leg.QueueID == x.queueID()
		},
		queueLegLeft: func(x *situation) bool {
			leg := x.conv.leg(ACD)
			if leg == nil {
				return true
			}
			left := x.g.leftAt(leg.Visit)
			return !left.IsZero() && !left.After(x.fact.At)
		},
		queueLegOpen:  func(x *situation) bool { return x.conv.leg(ACD).Open() },
		queueLegGone:  func(x *situation) bool { return !x.conv.leg(ACD).Open() },
		ivrLegOpen:    func(x *situation) bool { return x.conv.leg(IVR).Open() },
		queueLegAlone: func(x *situation) bool { leg := x.conv.leg(ACD); return leg != nil && !leg.Left.IsZero() },
		stayLost:      (*situation).stayLost,
		afterUnknown:  func(x *situation) bool { return x.afterQueue().unknown },
		afterOther:    func(x *situation) bool { return x.afterQueue().other != nil },
		afterIVR:      func(x *situation) bool { return x.afterQueue().ivr != nil },
		afterNowhere: func(x *situation) bool {
			a := x.afterQueue()
			return !a.unknown && !a.soon && a.other == nil && a.ivr == nil
		},
		queueLinkBehind: func(x *situation) bool { return x.behind(x.call, callmodel.StreamQueue) },
		callLinkBehind:  func(x *situation) bool { return x.behind(x.call, callmodel.StreamCall) },
		attemptUnsettled: func(x *situation) bool {
			return !x.conv.Attempt.IsZero() && !x.g.reportedBy(callmodel.StreamQueue, x.conv.Attempt) && !x.caughtUp(x.conv.Attempt)
		},
		attemptLate: func(x *situation) bool {
			p := x.rings()
			return p != nil && p.Left.IsZero() && x.fact.At.Before(x.conv.Last.Add(-settling))
		},
		attemptOver: func(x *situation) bool {
			p := x.rings()
			return p != nil && !p.Left.IsZero() && p.Left.Before(x.conv.Last)
		},
		winnerUnknown: func(x *situation) bool { return x.severalQueues() && x.deliveredBy() == nil },
		otherQueueWon: func(x *situation) bool {
			won, leg := x.deliveredBy(), x.conv.leg(ACD)
			return won != nil && leg != nil && leg.QueueID != known(x.m.dir.Queue(won.visit.DN))
		},
	}
}

// agentConditions ask about whoever sits at an extension.
func agentConditions() map[Condition]func(*situation) bool {
	return map[Condition]func(*situation) bool{
		agentConnected:  connects,
		nobodyLoggedIn:  func(x *situation) bool { return x.login() == "" },
		agentOutOfScope: func(x *situation) bool { return x.userID() == "" },
		loginUnsure: func(x *situation) bool {
			if x.caughtUp(x.fact.At) {
				return x.login() == "" && x.loginUnknown()
			}
			return x.login() == "" || x.fact.Awaited && !x.g.board.book.AgentsReportedBy(x.dn, x.fact.At)
		},
		agentBusy: func(x *situation) bool { return x.busy() > 0 },
		peerBusy:  func(x *situation) bool { return x.busy() > 1 },
		held:      func(x *situation) bool { return x.leg != nil && x.leg.Held },
		notHeld:   func(x *situation) bool { return x.leg != nil && !x.leg.Held },
	}
}

// aheadConditions ask what has been reported of the time after the fact.
func aheadConditions() map[Condition]func(*situation) bool {
	return map[Condition]func(*situation) bool{
		nextUnknown:    func(x *situation) bool { t := x.takeover(); return t.unknown && t.ivr == nil },
		takenOver:      func(x *situation) bool { return x.takeover().agent },
		takenOverByIVR: func(x *situation) bool { return x.takeover().ivr != nil },
		queueUnsure: func(x *situation) bool {
			t := x.takeover()
			return t.ivr != nil && !t.agent && !x.settled()
		},
		newcomerUnclear:    func(x *situation) bool { return x.newcomer() == newcomerUnknown },
		newcomerTransfers:  func(x *situation) bool { return x.newcomer() == newcomerTransfer },
		newcomerTalks:      func(x *situation) bool { return x.newcomer() == newcomerConference },
		oneElse:            func(x *situation) bool { return x.others() == 1 },
		nobodyElse:         func(x *situation) bool { return x.others() == 0 },
		supervisedSilently: (*situation).silently,
		newcomerRings:      func(x *situation) bool { return !connects(x) },
	}
}

// silently tells whether a supervisor only listens. The mode is named in the first report only.
func (x *situation) silently() bool {
	if x.fact.Kind == callmodel.Supervision {
		return x.fact.Note == "" || strings.EqualFold(x.fact.Note, "mute")
	}
	return x.fact.State != engage.PartyStateUnknown && observes(x.fact.State)
}

// busy counts the other calls that the agent of the party has while it is in this interaction, as far
// as its leaving is known.
func (x *situation) busy() int {
	until := time.Time{}
	if p := x.call.Party(x.fact.Subject); p != nil {
		until = x.g.staysUntil(p)
	}
	return x.g.board.Busy(x.login(), x.fact.At, until, x.conv)
}

// slack is how much further the links must have come than a fact before nothing else of its time follows:
// the clocks of servers are known to some milliseconds only.
const slack = 200 * time.Millisecond

// caughtUp tells whether all links have reported what happened up to a time.
func (x *situation) caughtUp(at time.Time) bool {
	return !x.now.IsZero() && !x.now.Before(at.Add(slack))
}

// behind tells whether a stream may have more to report of a call and the time up to the fact.
func (x *situation) behind(c *callmodel.Call, s callmodel.Stream) bool {
	return !c.ReportedBy(s, x.fact.At) && !x.caughtUp(x.fact.At)
}

// loginUnknown tells whether nothing was heard yet of the extension, while its link may still be reporting
// what stood before it was there.
func (x *situation) loginUnknown() bool {
	settles := x.g.board.book.AgentsSettled(x.dn)
	return !x.now.IsZero() && x.now.Before(settles) && x.now.Before(x.fact.At.Add(x.m.opts.Patience))
}

// settled tells whether what belongs to the same transfer has been reported.
func (x *situation) settled() bool {
	later := x.fact.At.Add(settling)
	return x.caughtUp(later) || x.call.ReportedBy(callmodel.StreamQueue, later) ||
		x.call.ReportedBy(callmodel.StreamCall, later) && x.call.ReportedBy(callmodel.StreamQueue, x.fact.At)
}

// rings is the party of the fact if it never answered, as far as that is known.
func (x *situation) rings() *callmodel.Party {
	p := x.call.Party(x.fact.Subject)
	if p == nil || p.State.Generic() == engage.PartyStateConnected || p.State.Generic() == engage.PartyStateHeld {
		return nil
	}
	return p
}

// visitOf is a stay in a queue and the call it is of.
type visitOf struct {
	call  *callmodel.Call
	visit *callmodel.Visit
}

// severalQueues tells whether the call waits in a queue that is mapped and is not that of the ACD leg.
func (x *situation) severalQueues() bool {
	queues := map[string]bool{}
	if leg := x.conv.leg(ACD); leg.Open() {
		queues[leg.QueueID] = true
	}
	for _, c := range x.g.mainCalls() {
		for _, v := range c.Visits {
			id := known(x.m.dir.Queue(v.DN))
			if id != "" && !v.Queued.After(x.fact.At) && (v.Left.IsZero() || !v.Left.Before(x.fact.At)) {
				queues[id] = true
			}
		}
	}
	return len(queues) > 1
}

// deliveredBy is the stay in a queue that ended by distributing the call to the DN; nil when no queue
// says so. Of several that name it, one that says Redirected counts, else the first that ended: that is
// the one whose strategy chose the agent (inferred).
func (x *situation) deliveredBy() *visitOf {
	var found *visitOf
	phase := x.phase()
	for _, c := range x.g.mainCalls() {
		for _, v := range c.Visits {
			if v.ToDN != x.dn || x.dn == "" || known(x.m.dir.Queue(v.DN)) == "" || v.Left.Before(phase) || v.Queued.After(x.fact.At.Add(skewed)) {
				continue
			}
			if found == nil || better(v, found.visit) {
				found = &visitOf{c, v}
			}
		}
	}
	return found
}

// better tells which of two stays that name the same agent distributed the call.
func better(v, than *callmodel.Visit) bool {
	if v.Redirected != than.Redirected {
		return v.Redirected
	}
	return v.Left.Before(than.Left)
}

// stayLost tells whether the fact ends, or comes after the end of, the ACD leg's stay in its queue, and
// nobody was distributed to.
func (x *situation) stayLost() bool {
	leg := x.conv.leg(ACD)
	if leg == nil || x.trigger == QueueLeft && x.leg != leg {
		return false
	}
	call, key := x.g.place(leg.Visit)
	if call == nil {
		return false
	}
	v := call.Visit(key)
	if v == nil || v.Left.IsZero() || v.Left.After(x.fact.At) {
		return false
	}
	return x.trigger != QueueLeft || !x.distributed(v)
}

// reportedBy tells whether a stream has reported on any call of the group up to a time.
func (g *Group) reportedBy(s callmodel.Stream, at time.Time) bool {
	for _, c := range g.Calls {
		if c.ReportedBy(s, at) {
			return true
		}
	}
	return false
}
