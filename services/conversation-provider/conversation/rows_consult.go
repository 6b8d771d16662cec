package conversation

import (
	"slices"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
)

// Conditions of consultations.
const (
	consulting         Condition = "the agent consults"
	consultRead        Condition = "the end of the consultation call has been read"
	consultUnsettled   Condition = "how the consultation ends is not known"
	consultTransferred Condition = "the consultation became a transfer"
	consultConferenced Condition = "the consultation became a conference"
	consultOver        Condition = "the consultation ended"
	consultCallerLeft  Condition = "the caller hung up during the consultation"
	consultRouted      Condition = "the consultation went through a routing point"
	consultQueueBehind Condition = "queue link has not come as far with the consultation"
	peerUnseen         Condition = "who is consulted is not shown"
	peerTalks          Condition = "who is consulted has answered"
	peerRings          Condition = "the phone of who is consulted rings"
	peerQueued         Condition = "the consultation waits in a queue"
	peerGone           Condition = "who is consulted is not there yet"
)

func consultConditions() map[Condition]func(*situation) bool {
	is := func(o outcome) func(*situation) bool {
		return func(x *situation) bool { return x.conv.Consult != nil && x.outcome() == o }
	}
	return map[Condition]func(*situation) bool{
		consulting: func(x *situation) bool { return x.conv.Consult != nil },
		consultRead: func(x *situation) bool {
			return x.consult != nil && !x.consult.Deleted.IsZero() && !x.consult.EndPending()
		},
		consultUnsettled:   is(outcomeUnknown),
		consultTransferred: is(outcomeTransferred),
		consultConferenced: is(outcomeConference),
		consultOver:        is(outcomeOver),
		consultCallerLeft:  is(outcomeCallerLeft),
		consultRouted: func(x *situation) bool {
			c := x.consultCall()
			return c != nil && slices.ContainsFunc(sortedParties(c), func(uuid string) bool { return x.m.dir.DNKind(c.Party(uuid).DN) == DNRoutingPoint })
		},
		consultQueueBehind: func(x *situation) bool {
			c := x.consultCall()
			return c != nil && x.behind(c, callmodel.StreamQueue)
		},
		peerUnseen: func(x *situation) bool { return x.conv.Consult != nil && x.conv.Consult.Unseen != "" },
		peerTalks:  func(x *situation) bool { l := x.conv.peer(); return l.Open() && !l.Answered.IsZero() },
		peerRings:  func(x *situation) bool { l := x.conv.peer(); return l.Open() && l.Answered.IsZero() },
		peerHasLeft: func(x *situation) bool {
			l := x.conv.peer()
			left := l != nil && !x.g.legLeft(l).IsZero() && !x.g.legLeft(l).After(x.fact.At)
			return left && x.fact.Kind != callmodel.PartyJoined && !x.g.livesElsewhere(l, x.key, x.fact.At, x.g.Calls)
		},
		peerQueued: func(x *situation) bool { return x.conv.peerQueue().Open() },
		peerGone:   func(x *situation) bool { return !x.conv.peer().Open() && !x.conv.peerQueue().Open() },
	}
}

// consultRows: the agent consults somebody beside the talk with the caller. The second leg of the
// agent is not shown: whether the org wants one is not documented.
func consultRows() []Row {
	return append(consultBeginRows(), consultEndRows()...)
}

func consultBeginRows() []Row {
	at := stages(StageTalking)
	return append(append([]Row{
		{ID: "consult/began", Stages: at, On: on(ConsultBegan), Effect: BeginConsult,
			From: FromInferred, Why: "the agent's side of the consultation call; that the caller is held is reported by the main call"},
		{ID: "consult/late", Stages: at, On: on(ConsultAgent, ConsultOutside, ConsultQueue), If: when(consultRead),
			From: FromInferred, Why: "the queue link reports late what is over"},
		{ID: "consult/queue-awaited", Stages: at, On: on(ConsultAgent), If: when(consultRouted, peerGone, consultQueueBehind), Wait: true,
			From: FromInferred, Why: "the consultation went through a routing point: EventQueued may still be under way on the queue link"},
		{ID: "consult/login-awaited", Stages: at, On: on(ConsultAgent), If: when(loginUnsure), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
	}, consultPhoneRows(at)...), []Row{
		{ID: "consult/nobody-logged-in", Stages: at, On: on(ConsultAgent), If: when(nobodyLoggedIn), Effect: UnseenLogin,
			From: FromInferred, Why: "who cannot be shown is not shown; the caller's conversation stays what it is"},
		{ID: "consult/agent-out-of-scope", Stages: at, On: on(ConsultAgent), If: when(agentOutOfScope), Effect: UnseenScope,
			From: FromInferred, Why: "who cannot be shown is not shown; the caller's conversation stays what it is"},
		{ID: "consult/agent-busy", Stages: at, On: on(ConsultAgent), If: when(peerBusy), Effect: UnseenBusy,
			From: FromGuide, Why: "an agent has one main and one consult call; all other concurrent calls are ignored"},
		{ID: "consult/agent-from-queue", Stages: at, On: on(ConsultAgent), If: when(peerQueued), Before: BeginConsult,
			Do: []Step{
				{Event: exevents.UserTransfer, Leg: New, From: PeerQueue, Object: Agent},
				{Event: exevents.UserEstablished, Leg: New},
				{Event: exevents.ProgressTransfer, Leg: New},
			},
			From: FromInferred, Why: "the queue that the agent consults delivers the agent to somebody"},
		{ID: "consult/agent", Stages: at, On: on(ConsultAgent), Before: BeginConsult,
			Do:   []Step{{Event: exevents.UserEstablished, Leg: New}},
			From: FromInferred, Why: "a leg that the agent invited"},
		{ID: "consult/site-awaited", Stages: at, On: on(ConsultOutside), If: when(linkPossible), Wait: true,
			From: FromInferred, Why: "the party may be the way to another site"},
		{ID: "consult/outside", Stages: at, On: on(ConsultOutside), Before: BeginConsult,
			Do:   []Step{{Event: exevents.PhoneEstablished, Leg: New}},
			From: FromInferred, Why: "an outside number is consulted: a phone leg that the agent invited"},
		{ID: "consult/queue-not-mapped", Stages: at, On: on(ConsultQueue), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "consult/queue-waits-already", Stages: at, On: on(ConsultQueue), If: when(peerQueued),
			From: FromInferred, Why: "queued again, or in several queues at once: EX has one ACD leg"},
		{ID: "consult/queue", Stages: at, On: on(ConsultQueue), Before: BeginConsult,
			Do:   []Step{{Event: exevents.RoutingEstablished, Leg: New}},
			From: FromInferred, Why: "the agent waits in a queue for whom to consult"},
		{ID: "consult/answered", Stages: at, On: on(ConsultAnswered), If: when(peerRings),
			Do: []Step{
				{Event: exevents.CommunicationAnswered, Leg: Peer},
				end(PeerQueue, exevents.DisconnectTransferUser),
				endTransfer(exevents.TransferCompleted),
			},
			From: FromAPI, Why: "alerting becomes connected"},
		{ID: "suspend/nested-consultation", Stages: stages(StageRinging, StageTalking), On: on(NestedConsult), Next: StageSuspended, Reason: ReasonNestedConsult,
			From: FromGuide, Why: "only one consult call is allowed, and none out of a consult call"},
	}...)
}

func consultEndRows() []Row {
	at := stages(StageTalking)
	stirs := on(ConsultStirs, AgentLeft, CallerLeft, ConsultEnded)
	return []Row{
		{ID: "consult/outcome-awaited", Stages: at, On: stirs, If: when(consultUnsettled), Wait: true,
			From: FromInferred, Why: "whether this is a transfer, a conference or the end of the consultation shows in the next events"},
		{ID: "consult/outcome-queue-awaited", Stages: at, On: stirs, If: when(consultTransferred, peerGone, consultRouted, consultQueueBehind), Wait: true,
			From: FromInferred, Why: "the consultation went through a routing point: EventQueued may still be under way on the queue link"},
		{ID: "consult/conference", Stages: at, On: stirs, If: when(consultConferenced), Next: StageSuspended, Reason: ReasonConference,
			From: FromGuide, Why: "conferences are not supported"},
		{ID: "consult/transferred-unseen", Stages: at, On: stirs, If: when(consultTransferred, peerUnseen), Next: StageSuspended, Reason: reasonOfConsult,
			Do:   []Step{end(Agent, exevents.DisconnectTransferConsult)},
			From: FromGuide, Why: "the caller is handed on to somebody who cannot be shown"},
		{ID: "consult/transferred", Stages: at, On: stirs, If: when(consultTransferred, peerTalks), Next: StageTalking, Do: transferTo(Peer), Effect: TakeOver,
			From: FromInferred, Why: "consult transfer: who was consulted takes over the caller"},
		{ID: "consult/transferred-ringing", Stages: at, On: stirs, If: when(consultTransferred, peerRings), Next: StageRinging, Do: transferTo(Peer), Effect: TakeOver,
			From: FromInferred, Why: "the transfer is completed while the other phone rings"},
		{ID: "consult/transferred-queue", Stages: at, On: stirs, If: when(consultTransferred, peerQueued), Next: StageQueue, Do: transferTo(PeerQueue), Effect: TakeOver,
			From: FromInferred, Why: "the transfer is completed while the consultation waits in a queue"},
		{ID: "consult/transferred-early", Stages: at, On: stirs, If: when(consultTransferred), Next: StageTransfer, Effect: TakeOverEarly,
			From: FromInferred, Why: "the transfer is completed before anybody was consulted: as a blind one"},
		{ID: "consult/caller-left", Stages: at, On: on(CallerLeft), If: when(consultCallerLeft), Next: StageParting, Effect: EndConsult,
			Do: []Step{
				end(Gone, ByRelease),
				endTransfer(exevents.TransferCanceled),
				end(PeerQueue, exevents.DisconnectPeer),
				end(Peer, exevents.DisconnectPeer),
			},
			From: FromInferred, Why: "without the caller, what is left is an internal call"},
		{ID: "consult/not-answered", Stages: at, On: on(ConsultStirs, ConsultEnded), If: when(consultOver, peerRings), Effect: EndConsult,
			Do: []Step{
				endTransfer(exevents.TransferCanceled),
				end(PeerQueue, exevents.DisconnectPeer),
				end(Peer, exevents.DisconnectPeer),
			},
			From: FromInferred, Why: "the consultation was cancelled or not answered"},
		{ID: "consult/ended", Stages: at, On: on(ConsultStirs, ConsultEnded), If: when(consultOver), Effect: EndConsult,
			Do: []Step{
				endTransfer(exevents.TransferCanceled),
				end(PeerQueue, exevents.DisconnectPeer),
				end(Peer, ByLeaver),
			},
			From: FromInferred, Why: "the consultation is over, the agent goes back to the caller"},
	}
}

// transferTo are the steps by which the consulted party, or queue, takes over the caller.
func transferTo(to Ref) []Step {
	return []Step{
		{Event: exevents.ConsultTransfer, Leg: to, From: Agent},
		{Event: exevents.ProgressConsultTransfer, Leg: to, From: Agent},
		end(Agent, exevents.DisconnectTransferConsult),
		{Event: exevents.EndConsultTransfer, Leg: to},
	}
}
