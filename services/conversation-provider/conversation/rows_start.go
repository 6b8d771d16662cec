package conversation

import "engage.connector/pkg/genesys/exevents"

// unfitRows: what a call is as a whole decides before anything is sent. A call that turns out not to
// be representable is ignored.
func unfitRows() []Row {
	joined := on(CallerJoined, IVRJoined, DeviceJoined, AgentJoined, OutsideJoined, QueueJoined)
	both := stages(StageNew, StageCaller)
	fresh := stages(StageNew, StageCaller, StageDialing)
	return []Row{
		{ID: "start/not-voice", Stages: fresh, On: joined, If: when(notVoice), Next: StageIgnored, Reason: ReasonNotVoice,
			From: FromGuide, Why: "only voice interactions are injected"},
		{ID: "start/type-unknown-yet", Stages: both, On: joined, If: when(typeUnknown), Wait: true,
			From: FromInferred, Why: "CallType is optional in EventCallCreated and may come from the queue's link"},
		{ID: "start/type-unknown", Stages: both, On: joined, If: when(typeUnknown), Next: StageIgnored, Reason: ReasonUnknownType,
			From: FromInferred, Why: "without a direction no scenario fits"},
		{ID: "start/link-awaited", Stages: fresh, On: joined, If: when(linkedAlone), Wait: true,
			From: FromInferred, Why: "the call continues one of another site, whose link has not reported yet"},
		{ID: "start/merged", Stages: fresh, On: joined, If: when(mergedCalls), Next: StageIgnored, Reason: ReasonCampaign,
			From: FromGuide, Why: "two calls that were made apart, to the agent and to the customer, and merged: ASM dialing is not supported"},
		{ID: "start/internal-awaited", Stages: both, On: joined, If: when(typeInternal, linkPossible), Wait: true,
			From: FromInferred, Why: "what is internal to one switch may be the second half of a call from another site"},
		{ID: "start/internal", Stages: both, On: joined, If: when(typeInternal), Next: StageIgnored, Reason: ReasonInternal,
			From: FromGuide, Why: "internal calls between agents are not reported"},
		{ID: "start/consultation-awaited", Stages: both, On: joined, If: when(typeConsult), Wait: true,
			From: FromInferred, Why: "the main call may still be under way"},
		{ID: "start/consultation", Stages: both, On: joined, If: when(typeConsult), Next: StageIgnored, Reason: ReasonConsult,
			From: FromGuide, Why: "a consultation is shown in its main call only"},
	}
}

// startRows: the beginning of a call that came in.
func startRows() []Row {
	both, fresh := stages(StageNew, StageCaller), stages(StageNew, StageCaller, StageDialing)
	return append([]Row{
		{ID: "outbound/dialer-first", Stages: stages(StageNew), On: on(CallerJoined), If: when(typeOutbound, dialedByAgent, dialerReported), First: AgentJoined,
			From: FromInferred, Why: "parties are reported in no certain order: the agent dialed before the customer was called"},
		{ID: "outbound/dialer-awaited", Stages: stages(StageNew), On: on(CallerJoined), If: when(typeOutbound, dialedByAgent), Wait: true,
			From: FromInferred, Why: "parties are reported in no certain order: the agent dialed before the customer was called"},
		{ID: "start/caller", Stages: stages(StageNew), On: on(CallerJoined), Next: StageCaller,
			From: FromInferred, Why: "the caller is sent together with the first party of the center, so that a call outside the scope leaves no trace"},
		{ID: "outbound/first-party-awaited", Stages: stages(StageNew), On: on(QueueJoined), If: when(typeOutbound, callLinkBehind), Wait: true,
			From: FromInferred, Why: "whether an agent calls out, or a campaign called the customer, shows in the first party"},
		{ID: "outbound/queue-first", Stages: stages(StageNew), On: on(QueueJoined), If: when(typeOutbound), Effect: NoteQueue,
			From: FromInferred, Why: "an agent calls out in the name of a queue"},
		{ID: "outbound/login-awaited", Stages: stages(StageNew), On: on(AgentJoined), If: when(typeOutbound, loginUnsure), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
		{ID: "outbound/nobody-logged-in", Stages: stages(StageNew), On: on(AgentJoined), If: when(typeOutbound, nobodyLoggedIn), Next: StageIgnored, Reason: ReasonNobodyLoggedIn,
			From: FromGuide, Why: "calls of extensions without a logged-in agent are not supported"},
		{ID: "outbound/agent-out-of-scope", Stages: stages(StageNew), On: on(AgentJoined), If: when(typeOutbound, agentOutOfScope), Next: StageIgnored, Reason: ReasonOutOfScope,
			From: FromGuide, Why: "a call of an agent that is not mapped cannot be injected"},
		{ID: "outbound/second-call", Stages: stages(StageNew), On: on(AgentJoined), If: when(typeOutbound, agentBusy), Next: StageIgnored, Reason: ReasonSecondCall,
			From: FromGuide, Why: "an agent has one main and one consult call; all other concurrent calls are ignored"},
		{ID: "outbound/agent", Stages: stages(StageNew), On: on(AgentJoined), If: when(typeOutbound), Next: StageDialing, Before: KeepAgent,
			From: FromInferred, Why: "the agent is sent together with the customer"},
		{ID: "start/caller-first", Stages: stages(StageNew), On: on(IVRJoined, DeviceJoined, AgentJoined, OutsideJoined, QueueJoined), If: when(callerReported), First: CallerJoined,
			From: FromInferred, Why: "parties are reported in no certain order"},
		{ID: "start/caller-awaited", Stages: stages(StageNew), On: on(IVRJoined, DeviceJoined, AgentJoined, OutsideJoined, QueueJoined), Wait: true,
			From: FromInferred, Why: "parties are reported in no certain order"},
		{ID: "start/no-caller", Stages: stages(StageNew), On: on(IVRJoined, DeviceJoined, AgentJoined, OutsideJoined, QueueJoined), Next: StageIgnored, Reason: ReasonNoCaller,
			From: FromInferred, Why: "an inbound conversation begins with its external leg"},
		{ID: "campaign/ivr", Stages: stages(StageCaller), On: on(IVRJoined, DeviceJoined), If: when(typeOutbound),
			From: FromInferred, Why: "a campaign called the customer; whether an agent takes part is not known yet, so nothing is sent"},
		{ID: "campaign/answered", Stages: stages(StageCaller), On: on(CallerConnected), If: when(typeOutbound), Effect: Answered,
			From: FromInferred, Why: "the customer of a campaign is there from the answer on; the ringing before it is the dialer's"},
		{ID: "start/ivr", Stages: stages(StageCaller), On: on(IVRJoined, DeviceJoined), Next: StageIVR,
			Do: []Step{
				{Event: exevents.ExternalEstablished, Leg: Caller},
				{Event: exevents.IVREstablished, Leg: New},
			},
			From: FromGuide, Why: "a new conversation is created and the caller talks to the IVR application"},
		{ID: "start/queue-not-mapped", Stages: stages(StageCaller), On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "start/ivr-awaited", Stages: stages(StageCaller), On: on(QueueJoined), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "the IVR party may still be under way on the call link"},
		{ID: "start/queue", Stages: stages(StageCaller), On: on(QueueJoined), Next: StageQueue,
			Do: []Step{
				{Event: exevents.ExternalEstablished, Leg: Caller},
				{Event: exevents.RoutingEstablished, Leg: New},
			},
			From: FromInferred, Why: "a call without IVR, or a campaign's call to a customer; there is no leg that could initiate a transfer"},
		{ID: "start/queue-first", Stages: stages(StageCaller, StageIVR), On: on(AgentJoined), If: when(deliveryReported), First: QueueJoined,
			From: FromInferred, Why: "the queue that delivers the call to the agent has the call before the agent, whatever its server's clock says"},
		{ID: "start/queue-awaited", Stages: stages(StageCaller), On: on(AgentJoined, CallerLeft, Ended), If: when(queueLinkBehind), Wait: true,
			From: FromInferred, Why: "EventQueued may still be under way on the queue link"},
	}, append(directRows(), []Row{
		{ID: "start/link-to-site-awaited", Stages: stages(StageCaller), On: on(OutsideJoined), If: when(linkPossible), Wait: true,
			From: FromInferred, Why: "the party may be the way to another site"},
		{ID: "start/passes-outside", Stages: stages(StageCaller), On: on(OutsideJoined), Effect: PassOutside,
			From: FromInferred, Why: "a port or a number that is not listed: the call is shown from where it reaches the center, and ignored if it never does"},
		{ID: "start/call-link-awaited", Stages: fresh, On: on(InConference, Supervised), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "what the agent link reports is read when call monitoring has come as far"},
		{ID: "start/conference", Stages: fresh, On: on(InConference), Next: StageIgnored, Reason: ReasonConference,
			From: FromGuide, Why: "conferences are not supported"},
		{ID: "start/supervision", Stages: fresh, On: on(Supervised), Next: StageIgnored, Reason: ReasonSupervision,
			From: FromGuide, Why: "supervision is not supported"},
		{ID: "start/several-calls", Stages: fresh, On: on(OtherCall), Next: StageIgnored, Reason: ReasonJoinedCall,
			From: FromInferred, Why: "the call belongs to an interaction that has a conversation already"},
		{ID: "start/overflow", Stages: stages(StageCaller), On: on(CallerLeft), If: when(overflowed), Next: StageIgnored, Reason: ReasonOverflow,
			From: FromGuide, Why: "call overflow is not supported"},
		{ID: "campaign/no-agent", Stages: stages(StageCaller), On: on(CallerLeft, Ended), If: when(typeOutbound), Next: StageIgnored, Reason: ReasonCampaign,
			From: FromGuide, Why: "calls of campaigns without agents are not supported"},
		{ID: "start/caller-left", Stages: both, On: on(CallerLeft, Ended), Next: StageIgnored, Reason: ReasonCallerLeft,
			From: FromInferred, Why: "the caller met neither IVR nor queue"},
	}...)...)
}

// directRows: the first party that the caller meets is an agent. A call that an IVR or an Engage ACD
// queue brings to an agent without a virtual queue does not come here.
func directRows() []Row {
	at := stages(StageCaller)
	return []Row{
		{ID: "direct/login-awaited", Stages: at, On: on(AgentJoined), If: when(loginUnsure), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
		{ID: "direct/nobody-logged-in", Stages: at, On: on(AgentJoined), If: when(nobodyLoggedIn), Effect: PassNobody,
			From: FromGuide, Why: "calls to extensions without a logged-in agent are not supported; the call is shown from where it goes to a routing point, a queue or an agent"},
		{ID: "direct/agent-out-of-scope", Stages: at, On: on(AgentJoined), If: when(agentOutOfScope), Effect: PassScope,
			From: FromGuide, Why: "a call to an agent that is not mapped cannot be injected; it is shown from where it goes to a routing point, a queue or an agent"},
		{ID: "direct/second-call", Stages: at, On: on(AgentJoined), If: when(agentBusy), Next: StageIgnored, Reason: ReasonSecondCall,
			From: FromGuide, Why: "an agent has one main and one consult call; all other concurrent calls are ignored"},
		{ID: "direct/campaign-agent-rings", Stages: at, On: on(AgentJoined), If: when(typeOutbound, newcomerRings), Next: StageRinging,
			Do: []Step{
				{Event: exevents.ExternalEstablished, Leg: Caller},
				{Event: exevents.UserEstablished, Leg: New},
			},
			From: FromInferred, Why: "a campaign's call reaches the agent without a queue: as a direct one, but that the customer was called"},
		{ID: "direct/campaign-agent", Stages: at, On: on(AgentJoined), If: when(typeOutbound), Next: StageTalking,
			Do: []Step{
				{Event: exevents.UserEstablished, Leg: New},
				{Event: exevents.ExternalEstablished, Leg: Caller},
			},
			From: FromInferred, Why: "the customer was reported before the agent: the nearest scenario is a call that the agent made"},
		{ID: "direct/not-from-start", Stages: at, On: on(AgentJoined), If: when(agentConnected), Next: StageIgnored, Reason: ReasonNotFromStart,
			From: FromInferred, Why: "the call was on already when monitoring began: how it came to the agent is not known"},
		{ID: "direct/agent", Stages: at, On: on(AgentJoined), Next: StageRinging,
			Do: []Step{
				{Event: exevents.ExternalEstablished, Leg: Caller},
				{Event: exevents.UserEstablished, Leg: New},
			},
			From: FromGuide, Why: "a call may be delivered to an agent directly, without queue (chapter Recording Transcription)"},
	}
}
