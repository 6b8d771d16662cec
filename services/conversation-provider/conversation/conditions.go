package conversation

import (
	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// Condition is a named question about a situation.
type Condition string

// The conditions.
const (
	typeUnknown      Condition = "call type unknown"
	typeInternal     Condition = "call type internal"
	typeOutbound     Condition = "call type outbound"
	typeConsult      Condition = "call type consult"
	queueNotMapped   Condition = "queue not mapped"
	sameQueue        Condition = "queue of the ACD leg"
	queueLegLeft     Condition = "ACD leg's queue left"
	queueLegOpen     Condition = "ACD leg open"
	queueLinkBehind  Condition = "queue link has not come as far"
	callLinkBehind   Condition = "call link has not come as far"
	attemptUnsettled Condition = "queue link has not come as far as the failed attempt"
	nobodyLoggedIn   Condition = "nobody logged in"
	agentOutOfScope  Condition = "agent not mapped"
	held             Condition = "held"
	notHeld          Condition = "not held"
	olderThanStage   Condition = "older than the stage"
)

// conditions says how each question is answered.
func conditions() map[Condition]func(*situation) bool {
	callType := func(t engage.CallType) func(*situation) bool {
		return func(x *situation) bool { return x.call.Type == t }
	}
	return map[Condition]func(*situation) bool{
		typeUnknown:    callType(engage.CallTypeUnknown),
		typeInternal:   callType(engage.CallTypeInternal),
		typeOutbound:   callType(engage.CallTypeOutbound),
		typeConsult:    callType(engage.CallTypeConsult),
		queueNotMapped: func(x *situation) bool { return x.queueID() == "" },
		sameQueue: func(x *situation) bool {
			leg := x.conv.leg(ACD)
			return leg != nil && leg.QueueID == x.queueID()
		},
		queueLegLeft: func(x *situation) bool {
			leg := x.conv.leg(ACD)
			return leg == nil || x.call.GoneBy(leg.Visit, x.fact.At)
		},
		queueLegOpen:    func(x *situation) bool { return x.conv.leg(ACD).Open() },
		queueLinkBehind: func(x *situation) bool { return !x.call.ReportedBy(callmodel.StreamQueue, x.fact.At) },
		callLinkBehind:  func(x *situation) bool { return !x.call.ReportedBy(callmodel.StreamCall, x.fact.At) },
		attemptUnsettled: func(x *situation) bool {
			return !x.conv.Attempt.IsZero() && !x.call.ReportedBy(callmodel.StreamQueue, x.conv.Attempt)
		},
		nobodyLoggedIn:  func(x *situation) bool { return x.login() == "" },
		agentOutOfScope: func(x *situation) bool { return x.userID() == "" },
		held:            func(x *situation) bool { return x.leg != nil && x.leg.Held },
		notHeld:         func(x *situation) bool { return x.leg != nil && !x.leg.Held },
		olderThanStage:  func(x *situation) bool { return x.fact.At.Before(x.conv.Entered) },
	}
}
