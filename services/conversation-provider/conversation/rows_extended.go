package conversation

import "engage.connector/pkg/genesys/exevents"

// extendedRows: what the EX model can say truthfully beyond the guide (CALL_MODEL=extended). They come
// before the others, but for the rows about phones, which stand among them.
func extendedRows() []Row {
	var table []Row
	for _, part := range [][]Row{extendedInternalRows(), extendedSupervisionRows(), extendedConferenceRows()} {
		table = append(table, part...)
	}
	for i := range table {
		table[i].Extended = true
	}
	return table
}

// extendedInternalRows: an agent who calls a queue of the center is its caller.
func extendedInternalRows() []Row {
	fresh := stages(StageNew, StageCaller)
	return []Row{
		{ID: "extended/internal-caller", Stages: stages(StageNew), On: on(CallerJoined), If: when(typeInternal), Next: StageCaller,
			From: FromInferred, Why: "an internal call becomes visible where it enters a mapped queue; nothing is sent before"},
		{ID: "extended/internal-on-the-way", Stages: fresh, On: on(IVRJoined, DeviceJoined), If: when(typeInternal),
			From: FromInferred, Why: "the routing point on the way to the queue"},
		{ID: "extended/internal-queue", Stages: stages(StageCaller), On: on(QueueJoined), If: when(typeInternal, queueMapped), Next: StageQueue,
			Do: []Step{
				{Event: exevents.ExternalEstablished, Leg: Caller},
				{Event: exevents.RoutingEstablished, Leg: New},
			},
			From: FromInferred, Why: "an internal caller in a mapped queue: the agent who is chosen works for the queue"},
	}
}

// extendedSupervisionRows: who only listens changes nothing for the caller.
func extendedSupervisionRows() []Row {
	return []Row{
		{ID: "extended/silent-monitoring", Stages: everyStage(), On: on(Supervised), If: when(supervisedSilently),
			From: FromInferred, Why: "a supervisor who only listens is no party of the conversation"},
	}
}

// phoneRow: the phone of somebody rings who is no user of the org. It stands among the rows about agents who
// cannot be shown.
func phoneRow(id string, at []Stage, joins []Trigger, steps []Step, ifs ...Condition) Row {
	return Row{
		ID: "extended/" + id + "-phone", Extended: true, Stages: at, On: joins, If: append(when(ifs...), agentOutOfScope), Next: StageRinging, Do: steps,
		From: FromInferred, Why: "a phone at which nobody is logged in, or an agent who is not mapped: a phone leg in between",
	}
}

// consultPhoneRows: the same of who is consulted.
func consultPhoneRows(at []Stage) []Row {
	return []Row{
		{ID: "extended/consult-phone-from-queue", Extended: true, Stages: at, On: on(ConsultAgent), If: when(agentOutOfScope, peerQueued), Before: BeginConsult,
			Do: []Step{
				{Event: exevents.PhoneTransfer, Leg: New, From: PeerQueue, Object: Agent},
				{Event: exevents.PhoneEstablished, Leg: New},
				{Event: exevents.ProgressTransfer, Leg: New},
			},
			From: FromInferred, Why: "the queue that is consulted delivers the agent to a phone of nobody in the org"},
		{ID: "extended/consult-phone", Extended: true, Stages: at, On: on(ConsultAgent), If: when(agentOutOfScope), Before: BeginConsult,
			Do:   []Step{{Event: exevents.PhoneEstablished, Leg: New}},
			From: FromInferred, Why: "a phone at which nobody is logged in, or an agent who is not mapped, is consulted: a phone leg that the agent invited"},
	}
}

// extendedConferenceRows: a conference is not shown, but what it leaves behind is.
func extendedConferenceRows() []Row {
	talking, shared := stages(StageTalking), stages(StageConference)
	stirs := on(ConsultStirs, AgentLeft, CallerLeft, ConsultEnded)
	return []Row{
		{ID: "extended/conference-awaited", Stages: talking, On: on(InConference), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "what the agent link reports is read when call monitoring has come as far"},
		{ID: "extended/conference-listed", Stages: talking, On: on(InConference), Next: StageConference,
			From: FromInferred, Why: "the participant list names more than two: the third one is not shown"},
		{ID: "extended/newcomer-awaited", Stages: talking, On: on(AgentJoined, OutsideJoined, NewcomerConnected, OutsideConnected), If: when(newcomerUnclear), Wait: true,
			From: FromInferred, Why: "if the agent leaves it is a transfer, if the agent stays a conference"},
		{ID: "extended/conference", Stages: talking, On: on(AgentJoined, OutsideJoined, NewcomerConnected, OutsideConnected), If: when(newcomerTalks), Next: StageConference,
			From: FromInferred, Why: "a second one talks to the caller beside the agent, and is not shown"},
		{ID: "extended/conference-of-consultation", Stages: talking, On: stirs, If: when(consultConferenced, peerTalks), Next: StageConference,
			From: FromInferred, Why: "agent and consulted party both talk to the caller; the consulted one's leg goes on"},
		{ID: "extended/conference-again", Stages: shared, On: on(InConference, AgentJoined, OutsideJoined, NewcomerConnected, OutsideConnected, QueueJoined, IVRJoined, DeviceJoined),
			From: FromInferred, Why: "further parties are not shown either"},
		{ID: "extended/caller-leaves-conference", Stages: shared, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Caller, ByRelease), end(Peer, exevents.DisconnectPeer), end(Rest, exevents.DisconnectPeer)},
			From: FromInferred, Why: "without the caller, what is left is an internal call"},
		{ID: "extended/consulted-leaves-conference", Stages: shared, On: on(ConsultStirs, ConsultEnded), If: when(peerHasLeft), Next: StageTalking, Effect: EndConsult,
			Do:   []Step{end(Peer, ByLeaver)},
			From: FromInferred, Why: "the conference shrinks back to the caller and the agent"},
		{ID: "extended/newcomer-leaves-conference", Stages: shared, On: on(OtherLeft), If: when(nobodyElse, peerGone), Next: StageTalking,
			From: FromInferred, Why: "the conference shrinks back to the caller and the agent"},
		{ID: "extended/handed-over-to-consulted", Stages: shared, On: on(AgentLeft), If: when(peerTalks, nobodyElse), Next: StageTalking,
			Do: transferTo(Peer), Effect: TakeOver,
			From: FromInferred, Why: "a warm handover by conference ends as a transfer when the first agent leaves"},
		{ID: "extended/handed-over", Stages: shared, On: on(AgentLeft), If: when(oneElse, peerGone), Next: StageTransfer, Effect: HandOver,
			From: FromInferred, Why: "a warm handover by conference ends as a transfer when the first agent leaves"},
		{ID: "extended/nobody-left", Stages: shared, On: on(AgentLeft), If: when(nobodyElse, peerGone), Next: StageParting,
			Do:   []Step{end(Gone, ByRelease)},
			From: FromInferred, Why: "the others have left before"},
		{ID: "extended/agent-leaves-conference", Stages: shared, On: on(AgentLeft), Next: StageSuspended, Reason: ReasonConference,
			Do:   []Step{end(Gone, ByLeaver)},
			From: FromInferred, Why: "several are left, and none of them is the agent: no transfer says this"},
	}
}
