package conversation

import "engage.connector/pkg/genesys/exevents"

// talkingRows: the caller talks to somebody, and one of them leaves or hands on.
func talkingRows() []Row {
	talking, parting := stages(StageTalking), stages(StageParting)
	return []Row{
		{ID: "talking/held", Stages: talking, On: on(AgentHeld), If: when(notHeld),
			Do:   []Step{{Event: exevents.HoldUpdated, Leg: Agent, Held: true}},
			From: FromAPI, Why: "hold"},
		{ID: "talking/retrieved", Stages: talking, On: on(AgentConnected), If: when(held),
			Do:   []Step{{Event: exevents.HoldUpdated, Leg: Agent}},
			From: FromAPI, Why: "retrieve"},
		{ID: "talking/next-awaited", Stages: talking, On: on(AgentLeft), If: when(nextUnknown), Wait: true,
			From: FromInferred, Why: "whether the agent hung up or handed the caller on shows in what is reported next"},
		{ID: "talking/handed-on", Stages: talking, On: on(AgentLeft), If: when(takenOver), Next: StageTransfer, Effect: HandOver,
			From: FromInferred, Why: "somebody else takes over: a blind transfer"},
		{ID: "talking/queue-after-ivr-awaited", Stages: talking, On: on(AgentLeft), If: when(queueUnsure), Wait: true,
			From: FromInferred, Why: "the agent transferred to a routing point; the virtual queue follows on its own link"},
		{ID: "talking/to-ivr", Stages: talking, On: on(AgentLeft), If: when(takenOverByIVR), Next: StageIVR,
			Do: []Step{
				{Event: exevents.PhoneTransfer, Leg: Routing, From: Agent},
				{Event: exevents.IVREstablished, Leg: Routing},
				{Event: exevents.ProgressTransfer, Leg: Routing},
				end(Gone, exevents.DisconnectTransfer),
				endTransfer(exevents.TransferCompleted),
			},
			From: FromInferred, Why: "the agent transferred to a routing point that keeps the caller: the nearest is a transfer to its number"},
		{ID: "talking/party-left", Stages: talking, On: on(CallerLeft, AgentLeft), Next: StageParting,
			Do:   []Step{endTransfer(exevents.TransferCanceled), end(Gone, ByRelease)},
			From: FromAPI, Why: "whoever hung up ends with Self, the other with Peer"},
		{ID: "talking/ended", Stages: stages(StageTalking, StageParting), On: on(Ended), Next: StageOver,
			Do:   []Step{end(Rest, ByRelease)},
			From: FromAPI, Why: "a call that is deleted has no parties left"},
		{ID: "parting/party-left", Stages: parting, On: on(CallerLeft, AgentLeft), Next: StageOver,
			Do:   []Step{end(Gone, ByRelease), end(Rest, exevents.DisconnectPeer)},
			From: FromAPI, Why: "the other one leaves too"},
		{ID: "parting/late-queue", Stages: parting, On: on(QueueJoined), If: when(olderThanStage),
			From: FromInferred, Why: "the queue link reports late what is over"},
		{ID: "parting/went-on", Stages: parting, On: on(AgentJoined, IVRJoined, OutsideJoined, OtherJoined, QueueJoined), Next: StageSuspended, Reason: ReasonWentOn,
			From: FromGuide, Why: "the call goes on longer after a party left than a transfer takes; a single party is not left behind"},
		{ID: "talking/late-queue", Stages: talking, On: on(QueueJoined), If: when(olderThanStage),
			From: FromInferred, Why: "the queue link reports late what is over"},
	}
}

// transferRows: somebody new comes while the caller talks to an agent, or after the agent left.
func transferRows() []Row {
	talking, handed := stages(StageTalking), stages(StageTransfer)
	early := on(AgentJoined, OutsideJoined, IVRJoined, QueueJoined)
	return append([]Row{
		{ID: "transfer/queue-not-mapped", Stages: stages(StageTalking, StageTransfer), On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "transfer/newcomer-awaited", Stages: talking, On: early, If: when(newcomerUnclear), Wait: true,
			From: FromInferred, Why: "if the agent leaves it is a transfer, if the agent stays a conference"},
		{ID: "transfer/site-awaited", Stages: stages(StageTalking, StageTransfer), On: on(OutsideJoined), If: when(linkPossible), Wait: true,
			From: FromInferred, Why: "the party may be the way to another site"},
		{ID: "transfer/login-awaited", Stages: handed, On: on(AgentJoined), If: when(loginUnsure), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
		{ID: "transfer/nobody-logged-in", Stages: handed, On: on(AgentJoined), If: when(nobodyLoggedIn), Next: StageSuspended, Reason: ReasonNobodyLoggedIn,
			From: FromGuide, Why: "calls to extensions without a logged-in agent are not supported"},
		{ID: "transfer/agent-out-of-scope", Stages: handed, On: on(AgentJoined), If: when(agentOutOfScope), Next: StageSuspended, Reason: ReasonOutOfScope,
			From: FromGuide, Why: "a call to an agent that is not mapped cannot be injected"},
		{ID: "transfer/second-call", Stages: handed, On: on(AgentJoined), If: when(agentBusy), Next: StageSuspended, Reason: ReasonSecondCall,
			From: FromGuide, Why: "an agent has one main and one consult call; all other concurrent calls are ignored"},
	}, append(takeoverRows(), []Row{
		{ID: "suspend/second-agent", Stages: stages(StageRinging, StageTalking), On: on(AgentJoined, OutsideJoined), Next: StageSuspended, Reason: ReasonConference,
			From: FromGuide, Why: "single-step conference: the second agent is not reported"},
		{ID: "suspend/routing-point", Stages: talking, On: on(IVRJoined), Next: StageSuspended, Reason: ReasonConference,
			From: FromInferred, Why: "a routing point joins the talk and the agent stays"},
		{ID: "suspend/queue", Stages: talking, On: on(QueueJoined), Next: StageSuspended, Reason: ReasonConference,
			From: FromInferred, Why: "the call enters a queue and the agent stays"},
		{ID: "transfer/overflow", Stages: handed, On: on(CallerLeft), If: when(overflowed), Next: StageSuspended, Reason: ReasonOverflow,
			Do:   []Step{end(Caller, exevents.DisconnectTransfer), end(Rest, exevents.DisconnectTransfer)},
			From: FromGuide, Why: "call overflow is not supported"},
		{ID: "transfer/abandoned", Stages: handed, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Former, exevents.DisconnectTransfer), end(Rest, ByRelease)},
			From: FromInferred, Why: "the caller gave up before anybody took over"},
	}...)...)
}

// takeoverRows: who the caller is handed on to.
func takeoverRows() []Row {
	talking, handed := stages(StageTalking), stages(StageTransfer)
	ended := func(how exevents.DisconnectType) []Step { return []Step{end(Former, how)} }
	completed := []Step{endTransfer(exevents.TransferCompleted)}
	return []Row{
		{ID: "transfer/login-awaited-early", Stages: talking, On: on(AgentJoined), If: when(newcomerTransfers, loginUnsure), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
		{ID: "transfer/nobody-early", Stages: talking, On: on(AgentJoined), If: when(newcomerTransfers, nobodyLoggedIn), Next: StageSuspended, Reason: ReasonNobodyLoggedIn,
			From: FromGuide, Why: "calls to extensions without a logged-in agent are not supported"},
		{ID: "transfer/unmapped-early", Stages: talking, On: on(AgentJoined), If: when(newcomerTransfers, agentOutOfScope), Next: StageSuspended, Reason: ReasonOutOfScope,
			From: FromGuide, Why: "a call to an agent that is not mapped cannot be injected"},
		{ID: "transfer/second-call-early", Stages: talking, On: on(AgentJoined), If: when(newcomerTransfers, agentBusy), Next: StageSuspended, Reason: ReasonSecondCall,
			From: FromGuide, Why: "an agent has one main and one consult call; all other concurrent calls are ignored"},
		{ID: "transfer/ringing-before-leaving", Stages: talking, On: on(AgentJoined), If: when(newcomerTransfers), Next: StageRinging, Do: toAgent(Former),
			From: FromInferred, Why: "blind transfer: the other phone rings before the agent leaves"},
		{ID: "transfer/dialing-before-leaving", Stages: talking, On: on(OutsideJoined), If: when(newcomerTransfers), Next: StageRinging, Do: toPhone(Former),
			From: FromInferred, Why: "blind transfer to an outside number, which rings before the agent leaves"},
		{ID: "transfer/queued-before-leaving", Stages: talking, On: on(QueueJoined), If: when(newcomerTransfers), Next: StageQueue,
			Do:   do(toQueue(New, Former), ended(exevents.DisconnectTransferACD), completed),
			From: FromInferred, Why: "blind transfer to a queue, which is reported before the agent leaves"},
		{ID: "transfer/routed-before-leaving", Stages: talking, On: on(IVRJoined), If: when(newcomerTransfers),
			From: FromInferred, Why: "the routing point of a transfer; what follows is decided when the agent leaves"},
		{ID: "transfer/agent", Stages: handed, On: on(AgentJoined), Next: StageRinging,
			Do:   do(toAgent(Former), ended(exevents.DisconnectTransferUser)),
			From: FromInferred, Why: "blind transfer to an agent; the agent's leg ends when the agent leaves, not when the other one answers"},
		{ID: "transfer/outside", Stages: handed, On: on(OutsideJoined), Next: StageRinging,
			Do:   do(toPhone(Former), ended(exevents.DisconnectTransfer)),
			From: FromInferred, Why: "blind transfer to an outside number: a phone leg"},
		{ID: "transfer/queue", Stages: handed, On: on(QueueJoined), Next: StageQueue,
			Do:   do(toQueue(New, Former), ended(exevents.DisconnectTransferACD), completed),
			From: FromInferred, Why: "blind transfer to a queue"},
		{ID: "transfer/routing-point", Stages: handed, On: on(IVRJoined),
			From: FromInferred, Why: "the routing point on the way to the queue or the agent is not shown"},
	}
}
