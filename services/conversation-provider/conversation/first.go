package conversation

import (
	"slices"
	"time"

	"engage.connector/services/conversation-provider/callmodel"
)

// The parties of a call, and its queue, are reported in no certain order. What belongs before a fact, and
// is there already, is read before it.

// Conditions of what belongs before a fact.
const (
	callerReported   Condition = "the caller has been reported meanwhile"
	dialerReported   Condition = "the agent who dialed has been reported meanwhile"
	dialedByAgent    Condition = "dialed by an agent"
	deliveryReported Condition = "the queue that delivers to the agent has been reported meanwhile"
)

// together is within which time the parties of a new call are reported.
const together = 2 * time.Second

// skewed is how far the stamp of a queue that delivers a call may be off.
const skewed = 5 * time.Second

func firstConditions() map[Condition]func(*situation) bool {
	reported := func(t Trigger) func(*situation) bool {
		return func(x *situation) bool { return x.belated(t) != nil }
	}
	return map[Condition]func(*situation) bool{
		callerReported:   reported(CallerJoined),
		dialerReported:   reported(AgentJoined),
		deliveryReported: reported(QueueJoined),
		dialedByAgent: func(x *situation) bool {
			ani := x.call.ANIAt(x.fact.At)
			return ani != "" && x.m.dir.DNKind(ani) == DNExtension && !x.joined(ani)
		},
	}
}

// joined tells whether a DN has been read to be in the call.
func (x *situation) joined(dn string) bool {
	return slices.ContainsFunc(x.call.Parties, func(p *callmodel.Party) bool {
		return p.DN == dn && x.conv.Parties.of(x.g.key(x.call, p.UUID)) != ""
	})
}

// belated is the fact that belongs before this one; nil when none has been reported.
func (x *situation) belated(t Trigger) *situation {
	for _, y := range x.ahead() {
		if y.trigger != t || y.consult != nil {
			continue
		}
		near := together
		switch t {
		case QueueJoined:
			v := y.call.Visit(y.fact.Subject)
			if v == nil || x.dn == "" || y.queueID() == "" || !v.Left.IsZero() && v.ToDN != x.dn {
				continue
			}
			if v.ToDN == x.dn {
				near = skewed
			}
		case AgentJoined:
			if y.dn != x.call.ANIAt(x.fact.At) {
				continue
			}
		default:
		}
		if y.fact.At.Sub(x.fact.At) <= near {
			return y
		}
	}
	return nil
}

// pull puts what belongs before the fact before it.
func (x *situation) pull(row *Row) {
	y := x.belated(row.First)
	if y == nil {
		return
	}
	i := slices.IndexFunc(y.call.Facts, func(f callmodel.Fact) bool { return callmodel.CompareFacts(f, y.fact) == 0 })
	y.call.Facts = slices.Delete(y.call.Facts, i, i+1)
	first := y.fact
	first.At, first.Waiting = x.fact.At.Add(-time.Microsecond), time.Time{}
	at, _ := slices.BinarySearchFunc(y.call.Facts, first, callmodel.CompareFacts)
	y.call.Facts = slices.Insert(y.call.Facts, at, first)
	x.trace(Decision{At: x.fact.At, What: x.what(), Row: row.ID, Subject: x.dn, Stage: x.conv.Stage})
}
