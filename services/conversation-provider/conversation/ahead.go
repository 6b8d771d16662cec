package conversation

import (
	"slices"
	"time"

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
	t := takeover{unknown: true, ivr: x.routingParty()}
	for _, y := range x.ahead() {
		near := y.fact.At.Sub(x.fact.At) <= settling
		over := y.trigger == CallerLeft || y.trigger == Ended
		switch {
		case y.consult != nil || !t.unknown:
		case over:
			t.unknown = false
		case near && t.ivr == nil && (y.trigger == AgentJoined || y.trigger == OutsideJoined || y.role == RoleTrunk),
			near && y.trigger == QueueJoined && y.queueID() != "":
			t.unknown, t.agent = false, true
			return t
		case y.trigger == IVRJoined && t.ivr == nil:
			t.ivr = y
		}
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
			if x.conv.Parties.of(key) != RoleIVR || !p.LiveAt(x.fact.At) || x.hadLeg(key) || p.Joined.Before(x.conv.Entered) {
				continue
			}
			return x.see(c, callmodel.Fact{Kind: callmodel.PartyJoined, At: p.Joined, Subject: uuid, State: p.State})
		}
	}
	return nil
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

// newcomer says what a party that joins a talk brings: a transfer if the agent leaves, a conference
// if both stay.
type newcomer int

const (
	newcomerUnknown newcomer = iota
	newcomerTransfer
	newcomerConference
)

func (x *situation) newcomer() newcomer {
	talker := x.conv.talker()
	for _, y := range x.ahead() {
		switch {
		case y.consult != nil:
		case y.fact.Kind == callmodel.PartyLeft && talker != nil && talker.at(y.key):
			return newcomerTransfer
		case y.trigger == InConference, y.trigger == CallerLeft, y.trigger == Ended,
			y.fact.Kind == callmodel.PartyChanged && y.key == x.key && connects(y),
			y.fact.Kind == callmodel.PartyLeft && y.key == x.key:
			return newcomerConference
		}
	}
	return newcomerUnknown
}
