package conversation

import "engage.connector/pkg/genesys/exevents"

// outboundRows: an agent calls a customer.
func outboundRows() []Row {
	dialing, calling := stages(StageDialing), stages(StageCalling)
	both := []Step{
		{Event: exevents.UserEstablished, Leg: Agent},
		{Event: exevents.ExternalEstablished, Leg: Caller},
	}
	return []Row{
		{ID: "outbound/on-behalf", Stages: dialing, On: on(QueueJoined), Effect: NoteQueue,
			From: FromAPI, Why: "userEstablished names the queue in whose name the agent calls; that a virtual queue reports it is inferred"},
		{ID: "outbound/queue-awaited", Stages: dialing, On: on(CallerJoined), If: when(queueLinkBehind), Wait: true,
			From: FromInferred, Why: "EventQueued may still be under way on the queue link"},
		{ID: "outbound/connected", Stages: dialing, On: on(CallerJoined), If: when(callerConnected), Next: StageTalking, Do: both,
			From: FromInferred, Why: "the customer was reported connected at once"},
		{ID: "outbound/customer", Stages: dialing, On: on(CallerJoined), Next: StageCalling, Do: both,
			From: FromInferred, Why: "the agent is connected, the customer's phone rings"},
		{ID: "outbound/nobody-called", Stages: dialing, On: on(AgentLeft, Ended), Next: StageIgnored, Reason: ReasonCallerLeft,
			From: FromInferred, Why: "the agent gave up before a customer was called"},
		{ID: "outbound/answered", Stages: calling, On: on(CallerConnected), Next: StageTalking,
			Do:   []Step{{Event: exevents.CommunicationAnswered, Leg: Caller}},
			From: FromAPI, Why: "alerting becomes connected"},
		{ID: "outbound/not-answered", Stages: calling, On: on(CallerLeft, AgentLeft), Next: StageParting,
			Do:   []Step{end(Gone, ByRelease)},
			From: FromInferred, Why: "the customer does not answer, is busy, or the agent gives up"},
		{ID: "outbound/ended", Stages: calling, On: on(Ended), Next: StageOver,
			Do:   []Step{end(Rest, ByRelease)},
			From: FromAPI, Why: "a call that is deleted has no parties left"},
	}
}
