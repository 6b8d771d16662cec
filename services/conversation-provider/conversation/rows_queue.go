package conversation

import "engage.connector/pkg/genesys/exevents"

// ivrRows: the caller talks to the IVR.
func ivrRows() []Row {
	at := stages(StageIVR)
	return []Row{
		{ID: "site/awaited", Stages: stages(StageCalling, StageIVR, StageQueue, StageRinging, StageTalking, StageTransfer), On: on(CallerLeft, AgentLeft, QueueJoined, Ended), If: when(linkedAlone), Wait: true,
			From: FromInferred, Why: "the call goes on at another site, whose link has not reported yet"},
		{ID: "site/behind", Stages: stages(StageCalling, StageIVR, StageQueue, StageRinging, StageTalking, StageTransfer), On: on(CallerLeft, AgentLeft, QueueJoined, Ended), If: when(siteBehind), Wait: true,
			From: FromInferred, Why: "the call goes on at another site, whose link has not come as far"},
		{ID: "ivr/queue-not-mapped", Stages: at, On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "ivr/queue", Stages: at, On: on(QueueJoined), Next: StageQueue,
			Do: do(toQueue(New, Ivr), []Step{
				end(Ivr, exevents.DisconnectTransferACD),
				endTransfer(exevents.TransferCompleted),
			}),
			From: FromGuide, Why: "the IVR party left the call and the call is placed on the ACD queue; the transfer events follow the API's fields (inferred)"},
		{ID: "ivr/queue-awaited", Stages: at, On: on(CallerLeft, Ended, AgentJoined), If: when(queueLinkBehind), Wait: true,
			From: FromInferred, Why: "EventQueued may still be under way on the queue link"},
		{ID: "ivr/overflow", Stages: at, On: on(CallerLeft), If: when(overflowed), Next: StageSuspended, Reason: ReasonOverflow,
			Do:   []Step{end(Caller, exevents.DisconnectTransfer), end(Rest, exevents.DisconnectTransfer)},
			From: FromGuide, Why: "call overflow is not supported"},
		{ID: "ivr/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Caller, ByRelease), end(Ivr, ByRelease)},
			From: FromInferred, Why: "abandoned in the IVR, or the IVR hung up"},
		{ID: "ivr/agent-without-queue", Stages: at, On: on(AgentJoined), Next: StageSuspended, Reason: ReasonNoQueue,
			From: FromGuide, Why: "a call must reach the agent through a mapped virtual queue"},
	}
}

// queueRows: the caller waits in a queue.
func queueRows() []Row {
	at := stages(StageQueue)
	return append([]Row{
		{ID: "queue/not-mapped", Stages: at, On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "queue/requeued", Stages: at, On: on(QueueJoined), If: when(sameQueue), Effect: SameLeg,
			From: FromInferred, Why: "queued again where it waits already, for instance after an agent did not answer"},
		{ID: "queue/call-link-awaited", Stages: at, On: on(QueueJoined), If: when(queueLegLeft, callLinkBehind), Wait: true,
			From: FromInferred, Why: "the call may have been at an agent in between"},
		{ID: "queue/other-queue", Stages: at, On: on(QueueJoined), If: when(queueLegLeft), Next: StageQueue,
			Do: do(toQueue(New, Queue), []Step{
				end(Queue, exevents.DisconnectTransferACD),
				endTransfer(exevents.TransferCompleted),
			}),
			From: FromInferred, Why: "the call left its queue and entered another one"},
		{ID: "queue/parallel-queue", Stages: at, On: on(QueueJoined),
			From: FromInferred, Why: "a call in several queues at once is shown in the first one until another one delivers it: EX has one ACD leg"},
	}, queueAgentRows()...)
}

// queueAgentRows: the queue distributes the call, or loses it.
func queueAgentRows() []Row {
	at := stages(StageQueue)
	return []Row{
		{ID: "queue/requeue-awaited", Stages: at, On: on(AgentJoined, CallerLeft, Ended), If: when(attemptUnsettled), Wait: true,
			From: FromInferred, Why: "after a failed attempt the queue link tells where the call waits now"},
		{ID: "queue/attempt-awaited", Stages: stages(StageQueue, StageTransfer), On: on(AgentJoined), If: when(attemptLate), Wait: true,
			From: FromInferred, Why: "the call link reports late that a phone rings; whether that was answered follows"},
		{ID: "queue/attempt-over", Stages: stages(StageQueue, StageTransfer), On: on(AgentJoined), If: when(attemptOver),
			From: FromInferred, Why: "the link reports late that a phone rang and was not answered: that is over, and later things have been told"},
		{ID: "queue/login-awaited", Stages: at, On: on(AgentJoined), If: when(loginUnsure), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
		{ID: "queue/nobody-logged-in", Stages: at, On: on(AgentJoined), If: when(nobodyLoggedIn), Next: StageSuspended, Reason: ReasonNobodyLoggedIn,
			From: FromGuide, Why: "calls to extensions without a logged-in agent are not supported"},
		{ID: "queue/agent-out-of-scope", Stages: at, On: on(AgentJoined), If: when(agentOutOfScope), Next: StageSuspended, Reason: ReasonOutOfScope,
			From: FromGuide, Why: "a call to an agent that is not mapped cannot be injected"},
		{ID: "queue/second-call", Stages: at, On: on(AgentJoined), If: when(agentBusy), Next: StageSuspended, Reason: ReasonSecondCall,
			From: FromGuide, Why: "an agent has one main and one consult call; all other concurrent calls are ignored"},
		{ID: "queue/winner-awaited", Stages: at, On: on(AgentJoined), If: when(winnerUnknown), Wait: true,
			From: FromInferred, Why: "of several queues, the queue link tells which one delivered the call"},
		{ID: "queue/won-by-other", Stages: at, On: on(AgentJoined), If: when(otherQueueWon), Next: StageRinging,
			Do: do(toQueue(Winner, Queue), []Step{
				end(Queue, exevents.DisconnectTransferACD),
				endTransfer(exevents.TransferCompleted),
			}, toAgent(Winner)),
			From: FromInferred, Why: "another of the queues delivered the call: it is the one that counts for the agent"},
		{ID: "queue/agent", Stages: at, On: on(AgentJoined), Next: StageRinging, Do: toAgent(Queue),
			From: FromInferred, Why: "Progress goes before Answered: the agent's phone rings when the transfer has progressed"},
		{ID: "queue/overflow", Stages: at, On: on(CallerLeft), If: when(overflowed), Next: StageSuspended, Reason: ReasonOverflow,
			Do:   []Step{end(Caller, exevents.DisconnectTransfer), end(Rest, exevents.DisconnectTransfer)},
			From: FromGuide, Why: "call overflow is not supported"},
		{ID: "queue/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Caller, ByRelease), end(Queue, exevents.DisconnectPeer)},
			From: FromInferred, Why: "abandoned in the queue"},
	}
}

// ringingRows: the phone of an agent or of an outside number rings.
func ringingRows() []Row {
	at := stages(StageRinging)
	return []Row{
		{ID: "ringing/call-link-awaited", Stages: stages(StageRinging, StageTalking), On: on(QueueJoined), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "the agent may have left the call before it was queued"},
		{ID: "ringing/answered", Stages: at, On: on(AgentConnected), Next: StageTalking,
			Do: []Step{
				{Event: exevents.CommunicationAnswered, Leg: Agent},
				end(Queue, exevents.DisconnectTransferUser),
				end(Former, exevents.DisconnectTransferUser),
				endTransfer(exevents.TransferCompleted),
			},
			From: FromGuide, Why: "when the agent answers, a successful user transfer took place"},
		{ID: "ringing/former-left", Stages: at, On: on(FormerLeft),
			Do:   []Step{end(Gone, exevents.DisconnectTransferUser)},
			From: FromInferred, Why: "the agent who transferred the call leaves when the other phone rings"},
		{ID: "ringing/not-answered", Stages: at, On: on(AgentLeft), If: when(queueLegOpen), Next: StageQueue, Effect: FailedAttempt,
			Do: []Step{
				end(Gone, exevents.DisconnectSystem),
				endTransfer(exevents.TransferFailed),
			},
			From: FromInferred, Why: "the agent did not answer; the call is still in the queue"},
		{ID: "ringing/transfer-failed", Stages: at, On: on(AgentLeft), Next: StageTransfer, Effect: FailedAttempt,
			Do: []Step{
				end(Gone, exevents.DisconnectSystem),
				endTransfer(exevents.TransferFailed),
			},
			From: FromInferred, Why: "the transfer was not answered; the switch decides who is next"},
		{ID: "ringing/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Caller, ByRelease), end(Queue, exevents.DisconnectPeer), end(Rest, exevents.DisconnectPeer)},
			From: FromInferred, Why: "the caller gave up while the phone rang; the transfer is cancelled first, while its legs are there"},
	}
}
