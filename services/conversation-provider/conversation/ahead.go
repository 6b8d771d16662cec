package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// settling is within which time after an agent's leaving the next party, or the virtual queue, must
// appear to be part of the same transfer (inferred; a switch does both within milliseconds).
const settling = 2 * time.Second

// ahead lists what has been reported after the fact and is not read yet, in the order of time.
func (x *situation) ahead() []*situation {
	type pending struct {
		call *callmodel.Call
		fact callmodel.Fact
	}
	var all []pending
	for _, c := range x.g.Calls {
		for i, f := range c.Facts {
			if (c != x.call || i > 0 || x.taken) && !c.Created.IsZero() {
				all = append(all, pending{c, f})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pending) int { return compareFacts(a.fact, b.fact) })
	seen := make([]*situation, len(all))
	for i, p := range all {
		seen[i] = x.see(p.call, p.fact)
	}
	return seen
}

// takeover says how a call goes on after a party left.
type takeover struct {
	unknown bool // nothing that follows has been reported
	agent   bool // an agent, an outside number, another site or a virtual queue takes over
	ivr     *situation
}

// takeover looks at what follows an agent's leaving.
func (x *situation) takeover() takeover {
	t, ended := takeover{unknown: true, ivr: x.routingParty()}, false
	for _, y := range x.ahead() {
		near := y.fact.At.Sub(x.fact.At) <= settling
		over := y.trigger == CallerLeft || y.trigger == Ended
		switch {
		case y.consult != nil || !t.unknown:
		case over:
			t.unknown, ended = false, true
		case near && t.ivr == nil && (y.trigger == AgentJoined || y.trigger == OutsideJoined || y.role == RoleTrunk),
			near && y.trigger == QueueJoined && y.queueID() != "":
			t.unknown, t.agent = false, true
			return t
		case (y.trigger == IVRJoined || y.trigger == DeviceJoined) && t.ivr == nil:
			t.ivr = y
		}
	}
	if !ended && x.invited() != nil && (x.settled() || !x.patient) {
		t.unknown, t.agent = false, true // whose phone rings already takes over
	}
	return t
}

// routingParty is the routing point that has the call already; nil when there is none. A routing
// point that has a leg does not count: it is where the call was before.
func (x *situation) routingParty() *situation {
	for _, c := range x.g.mainCalls() {
		for _, uuid := range sortedParties(c) {
			p := c.Party(uuid)
			key := x.g.key(c, uuid)
			if !x.routes(key, p) || !p.LiveAt(x.fact.At) || x.hadLeg(key) || p.Joined.Before(x.conv.Entered) {
				continue
			}
			return x.see(c, callmodel.Fact{Kind: callmodel.PartyJoined, At: p.Joined, Subject: uuid, State: p.State})
		}
	}
	return nil
}

// routes tells whether a party is where a strategy, or the switch, keeps the call.
func (x *situation) routes(key string, p *callmodel.Party) bool {
	switch x.conv.Parties.of(key) {
	case RoleIVR, RoleDevice:
		return true
	case RoleDialer:
		return x.m.dir.DNKind(p.DN) == DNRoutingPoint
	default:
		return false
	}
}

// afterQueue says where a call is that has left its queue without an agent, or was not answered.
type afterQueue struct {
	unknown bool       // what follows soon has not been reported
	soon    bool       // somebody or another queue takes over at once, or the call ends
	other   *visitOf   // it waits in another queue too
	ivr     *situation // it is back at a routing point
}

// afterQueue looks at what follows the end of a stay in a queue, or of an attempt.
func (x *situation) afterQueue() afterQueue {
	var a afterQueue
	for _, y := range x.ahead() {
		if y.consult != nil || y.fact.At.Sub(x.fact.At) > settling {
			continue
		}
		switch {
		case y.trigger == AgentJoined, y.trigger == OutsideJoined, y.trigger == NewcomerConnected, y.trigger == OutsideConnected, y.role == RoleTrunk,
			y.trigger == CallerLeft, y.trigger == Ended, y.trigger == QueueJoined && y.queueID() != "":
			return afterQueue{soon: true}
		case (y.trigger == IVRJoined || y.trigger == DeviceJoined) && a.ivr == nil:
			a.ivr = y
		}
	}
	switch {
	case x.underWay():
		return afterQueue{soon: true}
	case !x.settled() && x.patient:
		return afterQueue{unknown: true}
	}
	if a.other = x.otherStay(); a.other != nil {
		return afterQueue{other: a.other}
	}
	if now := x.strategy(); now != nil {
		a.ivr = now
	}
	if x.trigger == IVRJoined || x.trigger == DeviceJoined {
		a.ivr = x
	}
	return a
}

// underWay tells whether a queue has distributed the call, and its target is still to come.
func (x *situation) underWay() bool {
	phase := x.phase()
	for _, c := range x.g.mainCalls() {
		for _, v := range c.Visits {
			target := x.distributed(v) && !v.Left.Before(phase) && !v.Left.After(x.fact.At.Add(settling))
			if target && known(x.m.dir.Queue(v.DN)) != "" && x.trigger != AgentLeft {
				return true
			}
		}
	}
	return false
}

// distributed tells whether a stay ended with the distribution to somebody. A routing point is nobody.
func (x *situation) distributed(v *callmodel.Visit) bool {
	kind := x.m.dir.DNKind(v.ToDN)
	return !v.Left.IsZero() && v.ToDN != "" && kind != DNRoutingPoint && kind != DNVirtualQueue
}

// otherStay is the first stay in another mapped queue that goes on; nil when there is none.
func (x *situation) otherStay() *visitOf {
	var first *visitOf
	later := x.fact.At.Add(settling)
	for _, c := range x.g.mainCalls() {
		for _, v := range c.Visits {
			open := !v.Queued.After(x.fact.At) && (v.Left.IsZero() || v.Left.After(later))
			if !open || known(x.m.dir.Queue(v.DN)) == "" || x.conv.legAt(x.g.key(c, v.Key)) != nil {
				continue
			}
			if first == nil || v.Queued.Before(first.visit.Queued) {
				first = &visitOf{c, v}
			}
		}
	}
	return first
}

// strategy is the newest routing point that has the call, as if it joined now; nil when none has.
func (x *situation) strategy() *situation {
	var newest *situation
	for _, c := range x.g.mainCalls() {
		for _, uuid := range sortedParties(c) {
			p := c.Party(uuid)
			if !x.routes(x.g.key(c, uuid), p) || !p.LiveAt(x.fact.At) {
				continue
			}
			if newest == nil || p.Joined.After(newest.call.Party(newest.fact.Subject).Joined) {
				newest = x.see(c, callmodel.Fact{Kind: callmodel.PartyJoined, At: x.fact.At, Subject: uuid, State: p.State})
			}
		}
	}
	return newest
}

// phase is since when the call is on its way to whoever comes next: since the last attempt, and since
// the last agent came.
func (x *situation) phase() time.Time {
	since := x.conv.Attempt
	for _, l := range x.conv.Legs {
		if l.talker() && !l.Consult && !l.Answered.IsZero() && l.Began.After(since) && l != x.fresh {
			since = l.Began
		}
	}
	return since
}

// invited is somebody whose phone rings beside the talk, as if it began now; nil when there is none.
func (x *situation) invited() *situation {
	for _, c := range x.g.mainCalls() {
		for _, uuid := range sortedParties(c) {
			p, key := c.Party(uuid), x.g.key(c, uuid)
			if x.newcomers(key) && p.LiveAt(x.fact.At) && x.fact.Subject != uuid {
				y := x.see(c, callmodel.Fact{Kind: callmodel.PartyJoined, At: x.fact.At, Subject: uuid, State: engage.PartyStateAlerting})
				y.patient = false
				return y
			}
		}
	}
	return nil
}

// changePending tells whether a change of a party's state is still to be read.
func (x *situation) changePending(y *situation) bool {
	return slices.ContainsFunc(y.call.Facts, func(f callmodel.Fact) bool {
		return f.Kind == callmodel.PartyChanged && f.Subject == y.fact.Subject
	})
}

// others counts those who are in the call with the caller beside the agent, and have no leg.
func (x *situation) others() int {
	n := 0
	for _, c := range x.g.mainCalls() {
		for _, p := range c.Parties {
			if x.newcomers(x.g.key(c, p.UUID)) && p.LiveAt(x.fact.At) && p.UUID != x.fact.Subject {
				n++
			}
		}
	}
	return n
}

func (x *situation) hadLeg(key string) bool {
	return slices.ContainsFunc(x.conv.Legs, func(l *Leg) bool { return l.at(key) })
}

func sortedParties(c *callmodel.Call) []string {
	keys := make([]string, 0, len(c.Parties))
	for _, p := range c.Parties {
		keys = append(keys, p.UUID)
	}
	slices.Sort(keys)
	return keys
}

// newcomer says what a party that joins a talk brings: a transfer if the agent leaves at the same time, a
// conference if it talks to the caller beside the agent. A phone that only rings brings nothing yet.
type newcomer int

const (
	newcomerUnknown newcomer = iota
	newcomerTransfer
	newcomerConference
	newcomerRinging
)

func (x *situation) newcomer() newcomer {
	talker, stays := x.conv.talker(), newcomerRinging
	if connects(x) {
		stays = newcomerConference
	}
	for _, y := range x.ahead() {
		switch {
		case y.consult != nil:
		case y.fact.At.Sub(x.fact.At) > settling, y.trigger == CallerLeft, y.trigger == Ended,
			y.fact.Kind == callmodel.PartyLeft && y.key == x.key:
			return stays
		case y.fact.Kind == callmodel.PartyLeft && talker != nil && talker.at(y.key):
			return newcomerTransfer
		case y.trigger == InConference && stays == newcomerConference:
			return newcomerConference
		}
	}
	if x.settled() {
		return stays
	}
	return newcomerUnknown
}
