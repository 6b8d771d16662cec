package conversation

import "engage.connector/pkg/genesys/exevents"

// suspensionRows: what leaves the EX model while something is injected already, and what is then
// still sent (guide, chapter "Monitoring Suspension Mode").
func suspensionRows() []Row {
	live := stages(StageCalling, StageIVR, StageQueue, StageRinging, StageTalking, StageTransfer)
	started := append(stages(StageParting, StageConference), live...)
	suspended := stages(StageSuspended)
	return []Row{
		{ID: "suspend/call-link-awaited", Stages: live, On: on(InConference, Supervised), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "what the agent link reports is read when call monitoring has come as far"},
		{ID: "suspend/conference", Stages: live, On: on(InConference), Next: StageSuspended, Reason: ReasonConference,
			From: FromGuide, Why: "conferences are not supported"},
		{ID: "suspend/supervision", Stages: append(stages(StageConference), live...), On: on(Supervised), Next: StageSuspended, Reason: ReasonSupervision,
			From: FromGuide, Why: "supervision is not supported"},
		{ID: "suspend/site-awaited", Stages: stages(StageCalling, StageIVR, StageQueue), On: on(OutsideJoined), If: when(linkPossible), Wait: true,
			From: FromInferred, Why: "the party may be the way to another site"},
		{ID: "suspend/unknown-party", Stages: live, On: on(OutsideJoined), Next: StageSuspended, Reason: ReasonUnknownParty,
			From: FromGuide, Why: "no supported scenario has such a party here"},
		{ID: "suspend/several-calls", Stages: started, On: on(OtherCall), Next: StageSuspended, Reason: ReasonJoinedCall,
			From: FromInferred, Why: "the call turned out to belong to an interaction that has its own conversation"},
		{ID: "suspend/refused", Stages: started, On: on(Refused), Next: StageSuspended, Reason: ReasonRejected,
			From: FromInferred, Why: "the org refused an event for good, so its conversation is no longer ours"},
		{ID: "suspended/queue-awaited", Stages: suspended, On: on(CallerLeft, AgentLeft, Ended), If: when(queueLegOpen, queueLinkBehind), Wait: true,
			From: FromInferred, Why: "the queue link tells when the queue was left"},
		{ID: "suspended/party-left", Stages: suspended, On: on(CallerLeft, AgentLeft, FormerLeft), Do: []Step{end(Gone, ByLeaver)},
			From: FromGuide, Why: "a party's removal is indicated when it leaves the Engage call"},
		{ID: "suspended/center-left", Stages: suspended, On: on(IVRLeft, QueueLeft), Do: []Step{end(Gone, exevents.DisconnectTransfer)},
			From: FromGuide, Why: "a party's removal is indicated when it leaves the Engage call; IVR and queue hand the call on"},
		{ID: "suspended/ended", Stages: suspended, On: on(Ended), Do: []Step{end(Rest, ByLeaver)},
			From: FromGuide, Why: "all parties leave with the call"},
	}
}

// lastLegRow is applied after every row that leaves a suspended conversation with one open leg.
func lastLegRow() Row {
	return Row{ID: "suspended/last-leg", Do: []Step{end(Rest, exevents.DisconnectSystem)},
		From: FromGuide, Why: "to avoid leaving a single party, the remaining party leaves too"}
}

// sweepRow is applied when a conversation becomes suspended: legs whose party left before.
func sweepRow() Row {
	return Row{ID: "suspended/left-before", Do: []Step{end(Gone, exevents.DisconnectTransfer)},
		From: FromInferred, Why: "the party had handed the call on already"}
}
