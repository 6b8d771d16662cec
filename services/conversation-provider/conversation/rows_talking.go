package conversation

import "engage.connector/pkg/genesys/exevents"

// talkingRows: the caller talks to somebody, and one of them leaves or hands on.
func talkingRows() []Row {
	talking, parting, holding := stages(StageTalking), stages(StageParting), stages(StageTalking, StageConference)
	return []Row{
		{ID: "talking/held", Stages: holding, On: on(AgentHeld), If: when(notHeld),
			Do:   []Step{{Event: exevents.HoldUpdated, Leg: Agent, Held: true}},
			From: FromAPI, Why: "hold"},
		{ID: "talking/retrieved", Stages: holding, On: on(AgentConnected), If: when(held),
			Do:   []Step{{Event: exevents.HoldUpdated, Leg: Agent}},
			From: FromAPI, Why: "retrieve"},
		{ID: "talking/next-awaited", Stages: talking, On: on(AgentLeft), If: when(nextUnknown), Wait: true,
			From: FromInferred, Why: "whether the agent hung up or handed the caller on shows in what is reported next"},
		{ID: "talking/handed-on", Stages: talking, On: on(AgentLeft), If: when(takenOver), Next: StageTransfer, Effect: HandOver,
			From: FromInferred, Why: "somebody else takes over: a blind transfer"},
		{ID: "talking/queue-after-ivr-awaited", Stages: talking, On: on(AgentLeft), If: when(queueUnsure), Wait: true,
			From: FromInferred, Why: "the agent transferred to a routing point; the virtual queue follows on its own link"},
		{ID: "talking/to-ivr", Stages: talking, On: on(AgentLeft), If: when(takenOverByIVR), Next: StageIVR, Do: toRouting(Routing, Agent),
			From: FromInferred, Why: "the agent transferred to a routing point that keeps the caller, or parked the call: the nearest is a transfer to its number"},
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
		{ID: "parting/went-on", Stages: parting, On: on(AgentJoined, IVRJoined, DeviceJoined, OutsideJoined, QueueJoined), Next: StageSuspended, Reason: ReasonWentOn,
			From: FromGuide, Why: "the call goes on longer after a party left than a transfer takes; a single party is not left behind"},
		{ID: "talking/late-queue", Stages: talking, On: on(QueueJoined), If: when(olderThanStage),
			From: FromInferred, Why: "the queue link reports late what is over"},
	}
}

// transferRows: somebody new comes while the caller talks to an agent, or after the agent left.
func transferRows() []Row {
	talking, handed := stages(StageTalking), stages(StageTransfer)
	early := on(AgentJoined, OutsideJoined, IVRJoined, DeviceJoined, QueueJoined, NewcomerConnected, OutsideConnected)
	return append([]Row{
		{ID: "transfer/queue-not-mapped", Stages: stages(StageTalking, StageTransfer), On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "transfer/late-queue", Stages: handed, On: on(QueueJoined), If: when(olderThanStage),
			From: FromInferred, Why: "the queue link reports late what was over before the agent left"},
		{ID: "transfer/newcomer-awaited", Stages: talking, On: early, If: when(newcomerUnclear), Wait: true,
			From: FromInferred, Why: "if the agent leaves it is a transfer, if the agent stays a conference"},
		{ID: "transfer/site-awaited", Stages: stages(StageTalking, StageTransfer), On: on(OutsideJoined), If: when(linkPossible), Wait: true,
			From: FromInferred, Why: "the party may be the way to another site"},
	}, append(append(unfitAgentRows("transfer", handed, handedToPhone(Former)), takeoverRows()...), []Row{
		{ID: "talking/invitation", Stages: talking, On: on(AgentJoined, OutsideJoined), If: when(newcomerRings),
			From: FromInferred, Why: "a phone rings beside the talk: what becomes of it shows when it is answered, or when the agent leaves"},
		{ID: "suspend/second-agent", Stages: stages(StageRinging, StageTalking), On: on(AgentJoined, OutsideJoined, NewcomerConnected, OutsideConnected), Next: StageSuspended, Reason: ReasonConference,
			From: FromGuide, Why: "single-step conference: the second agent is not reported"},
		{ID: "talking/beside", Stages: talking, On: on(IVRJoined, DeviceJoined, QueueJoined),
			From: FromInferred, Why: "a routing point or a queue joins and the agent stays: the caller still talks to the agent, until somebody answers there"},
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
	return append(unfitNewcomerRows("transfer-early", talking, toPhone(Former)), []Row{
		{ID: "transfer/ringing-before-leaving", Stages: talking, On: on(AgentJoined, NewcomerConnected), If: when(newcomerTransfers), Next: StageRinging, Do: toAgent(Former),
			From: FromInferred, Why: "blind transfer: the other phone rings before the agent leaves"},
		{ID: "transfer/dialing-before-leaving", Stages: talking, On: on(OutsideJoined, OutsideConnected), If: when(newcomerTransfers), Next: StageRinging, Do: toPhone(Former),
			From: FromInferred, Why: "blind transfer to an outside number, which rings before the agent leaves"},
		{ID: "transfer/queued-before-leaving", Stages: talking, On: on(QueueJoined), If: when(newcomerTransfers), Next: StageQueue,
			Do:   do(toQueue(New, Former), ended(exevents.DisconnectTransferACD), completed),
			From: FromInferred, Why: "blind transfer to a queue, which is reported before the agent leaves"},
		{ID: "transfer/routed-before-leaving", Stages: talking, On: on(IVRJoined, DeviceJoined), If: when(newcomerTransfers),
			From: FromInferred, Why: "the routing point of a transfer; what follows is decided when the agent leaves"},
		{ID: "transfer/agent", Stages: handed, On: on(AgentJoined), Next: StageRinging,
			Do: []Step{
				{Event: exevents.UserTransfer, Leg: New, From: Former},
				end(Former, exevents.DisconnectTransferUser),
				{Event: exevents.UserEstablished, Leg: New},
				{Event: exevents.ProgressTransfer, Leg: New},
			},
			From: FromInferred, Why: "blind transfer to an agent; the agent's leg ends when the agent leaves, not when the other one answers"},
		{ID: "transfer/outside", Stages: handed, On: on(OutsideJoined), Next: StageRinging,
			Do:   handedToPhone(Former),
			From: FromInferred, Why: "blind transfer to an outside number: a phone leg"},
		{ID: "transfer/queue", Stages: handed, On: on(QueueJoined), Next: StageQueue, Do: handedToQueue(New, Former),
			From: FromInferred, Why: "blind transfer to a queue"},
		{ID: "transfer/ivr-awaited", Stages: handed, On: on(IVRJoined, DeviceJoined), If: when(afterUnknown), Wait: true,
			From: FromInferred, Why: "whether the routing point keeps the call shows in what is reported next"},
		{ID: "transfer/ivr", Stages: handed, On: on(IVRJoined, DeviceJoined), If: when(afterIVR), Next: StageIVR, Do: toRouting(New, Former),
			From: FromInferred, Why: "a routing point keeps the caller, for instance voicemail after a direct call that nobody answered"},
		{ID: "transfer/routing-point", Stages: handed, On: on(IVRJoined, DeviceJoined),
			From: FromInferred, Why: "the routing point on the way to the queue or the agent is not shown"},
	}...)
}
