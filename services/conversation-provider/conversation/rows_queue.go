package conversation

import "engage.connector/pkg/genesys/exevents"

// siteRows: the call goes on at another site.
func siteRows() []Row {
	at := stages(StageCalling, StageIVR, StageQueue, StageRinging, StageTalking, StageTransfer)
	return []Row{
		{ID: "site/awaited", Stages: at, On: on(CallerLeft, AgentLeft, QueueJoined, Ended), If: when(linkedAlone), Wait: true,
			From: FromInferred, Why: "the call goes on at another site, whose link has not reported yet"},
		{ID: "site/behind", Stages: at, On: on(CallerLeft, AgentLeft, QueueJoined, Ended), If: when(siteBehind), Wait: true,
			From: FromInferred, Why: "the call goes on at another site, whose link has not come as far"},
	}
}

// unfitAgentRows: an agent's phone rings who cannot be shown with the call. The steps are those of a
// transfer to a phone.
func unfitAgentRows(prefix string, at []Stage, phone []Step) []Row {
	return unfitRowsOn(prefix, at, on(AgentJoined), phone)
}

// unfitNewcomerRows: the same where the phone rings, or is answered, beside somebody who leaves.
func unfitNewcomerRows(prefix string, at []Stage, phone []Step) []Row {
	return unfitRowsOn(prefix, at, on(AgentJoined, NewcomerConnected), phone, newcomerTransfers)
}

func unfitRowsOn(prefix string, at []Stage, joins []Trigger, phone []Step, ifs ...Condition) []Row {
	also := func(c Condition) []Condition { return append(when(ifs...), c) }
	return []Row{
		{ID: prefix + "/login-awaited", Stages: at, On: joins, If: also(loginUnsure), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
		phoneRow(prefix, at, joins, phone, ifs...),
		{ID: prefix + "/nobody-logged-in", Stages: at, On: joins, If: also(nobodyLoggedIn), Next: StageSuspended, Reason: ReasonNobodyLoggedIn,
			From: FromGuide, Why: "calls to extensions without a logged-in agent are not supported"},
		{ID: prefix + "/agent-out-of-scope", Stages: at, On: joins, If: also(agentOutOfScope), Next: StageSuspended, Reason: ReasonOutOfScope,
			From: FromGuide, Why: "a call to an agent that is not mapped cannot be injected"},
		{ID: prefix + "/second-call", Stages: at, On: joins, If: also(agentBusy), Next: StageSuspended, Reason: ReasonSecondCall,
			From: FromGuide, Why: "an agent has one main and one consult call; all other concurrent calls are ignored"},
	}
}

// ivrRows: the caller talks to the IVR.
func ivrRows() []Row {
	at := stages(StageIVR)
	rows := []Row{
		{ID: "ivr/queue-not-mapped", Stages: at, On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "ivr/queue", Stages: at, On: on(QueueJoined), Next: StageQueue,
			Do: do(toQueue(New, Ivr), []Step{
				end(Ivr, exevents.DisconnectTransferACD),
				endTransfer(exevents.TransferCompleted),
			}),
			From: FromGuide, Why: "the IVR party left the call and the call is placed on the ACD queue; the transfer events follow the API's fields (inferred)"},
		{ID: "ivr/queue-awaited", Stages: at, On: on(CallerLeft, Ended, AgentJoined, OutsideJoined), If: when(queueLinkBehind), Wait: true,
			From: FromInferred, Why: "EventQueued may still be under way on the queue link"},
		{ID: "ivr/overflow", Stages: at, On: on(CallerLeft), If: when(overflowed), Next: StageSuspended, Reason: ReasonOverflow,
			Do:   []Step{end(Caller, exevents.DisconnectTransfer), end(Rest, exevents.DisconnectTransfer)},
			From: FromGuide, Why: "call overflow is not supported"},
		{ID: "ivr/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Caller, ByRelease), end(Ivr, ByRelease)},
			From: FromInferred, Why: "abandoned in the IVR, or the IVR hung up"},
	}
	rows = append(rows, unfitAgentRows("ivr", at, toPhone(Ivr))...)
	return append(rows, []Row{
		{ID: "ivr/agent-without-queue", Stages: at, On: on(AgentJoined), Next: StageRinging, Do: toAgent(Ivr),
			From: FromInferred, Why: "default routing, or a virtual queue that is not mapped: the nearest is a transfer from the IVR; the guide's product may inject it incorrectly"},
		{ID: "ivr/site-awaited", Stages: at, On: on(OutsideJoined), If: when(linkPossible), Wait: true,
			From: FromInferred, Why: "the party may be the way to another site"},
		{ID: "ivr/outside", Stages: at, On: on(OutsideJoined), Next: StageRinging, Do: toPhone(Ivr),
			From: FromInferred, Why: "the strategy routes the caller to an outside number: the nearest is a transfer to it"},
	}...)
}

// queueRows: the caller waits in a queue.
func queueRows() []Row {
	at := stages(StageQueue)
	return append([]Row{
		{ID: "queue/not-mapped", Stages: at, On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "queue/again-after-nothing", Stages: at, On: on(QueueJoined), If: when(queueLegAlone), Next: StageQueue, Do: handedToQueue(New, Queue),
			From: FromInferred, Why: "the call had left its queue some time ago: another stay, another leg"},
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
	}, append(queueEndRows(), queueAgentRows()...)...)
}

// queueEndRows: the stay ends without an agent.
func queueEndRows() []Row {
	at := stages(StageQueue)
	return []Row{
		{ID: "queue/end-awaited", Stages: at, On: on(QueueLeft, IVRJoined, DeviceJoined), If: when(stayLost, afterUnknown), Wait: true,
			From: FromInferred, Why: "whether an agent, another queue or the IVR follows, or the caller has hung up, shows in what is reported next"},
		{ID: "queue/other-goes-on", Stages: at, On: on(QueueLeft), If: when(stayLost, afterOther), Next: StageQueue,
			Do: do(toQueue(Winner, Queue), []Step{
				end(Queue, exevents.DisconnectTransferACD),
				endTransfer(exevents.TransferCompleted),
			}),
			From: FromInferred, Why: "one of several queues gave the call up, and it waits in another one"},
		{ID: "queue/back-to-ivr", Stages: at, On: on(QueueLeft), If: when(stayLost, afterIVR), Next: StageIVR, Do: toRouting(Routing, Queue),
			From: FromInferred, Why: "the queue timed out or was cleared, and the caller is at the routing point again"},
		{ID: "queue/to-ivr", Stages: at, On: on(IVRJoined, DeviceJoined), If: when(stayLost, afterIVR), Next: StageIVR, Do: toRouting(New, Queue),
			From: FromInferred, Why: "the call had left its queue and comes to a routing point, for instance voicemail"},
		{ID: "queue/nowhere", Stages: at, On: on(QueueLeft), If: when(stayLost, afterNowhere), Effect: LeaveQueue,
			From: FromInferred, Why: "the queue was left and nothing is reported that has the call: the leg ends at this time, as soon as it is known how"},
	}
}

// queueAgentRows: the queue distributes the call, or loses it.
func queueAgentRows() []Row {
	at := stages(StageQueue)
	rows := []Row{
		{ID: "queue/requeue-awaited", Stages: at, On: on(AgentJoined, CallerLeft, Ended), If: when(attemptUnsettled), Wait: true,
			From: FromInferred, Why: "after a failed attempt the queue link tells where the call waits now"},
		{ID: "queue/attempt-awaited", Stages: stages(StageQueue, StageTransfer), On: on(AgentJoined), If: when(attemptLate), Wait: true,
			From: FromInferred, Why: "the call link reports late that a phone rings; whether that was answered follows"},
		{ID: "queue/attempt-over", Stages: stages(StageQueue, StageTransfer), On: on(AgentJoined), If: when(attemptOver),
			From: FromInferred, Why: "the link reports late that a phone rang and was not answered: that is over, and later things have been told"},
	}
	rows = append(rows, unfitAgentRows("queue", at, toPhone(Queue))...)
	return append(rows, []Row{
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
		{ID: "queue/site-awaited", Stages: at, On: on(OutsideJoined), If: when(linkPossible), Wait: true,
			From: FromInferred, Why: "the party may be the way to another site"},
		{ID: "queue/outside", Stages: at, On: on(OutsideJoined), Next: StageRinging, Do: toPhone(Queue),
			From: FromInferred, Why: "the waiting call is routed to an outside number: the nearest is a transfer to it"},
		{ID: "queue/overflow", Stages: at, On: on(CallerLeft), If: when(overflowed), Next: StageSuspended, Reason: ReasonOverflow,
			Do:   []Step{end(Caller, exevents.DisconnectTransfer), end(Rest, exevents.DisconnectTransfer)},
			From: FromGuide, Why: "call overflow is not supported"},
		{ID: "queue/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Queue, exevents.DisconnectPeer), end(Caller, ByRelease)},
			From: FromInferred, Why: "abandoned in the queue"},
	}...)
}

// ringingRows: the phone of an agent or of an outside number rings.
func ringingRows() []Row {
	at := stages(StageRinging)
	failed := []Step{end(Gone, exevents.DisconnectSystem), endTransfer(exevents.TransferFailed)}
	rows := []Row{
		{ID: "ringing/call-link-awaited", Stages: stages(StageRinging, StageTalking), On: on(QueueJoined), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "the agent may have left the call before it was queued"},
		{ID: "ringing/answered", Stages: at, On: on(AgentConnected), Next: StageTalking,
			Do: []Step{
				{Event: exevents.CommunicationAnswered, Leg: Agent},
				end(Queue, ByTarget),
				end(Ivr, ByTarget),
				end(Former, ByTarget),
				endTransfer(exevents.TransferCompleted),
			},
			From: FromGuide, Why: "when the agent answers, a successful user transfer took place"},
		{ID: "ringing/former-left", Stages: at, On: on(FormerLeft),
			Do:   []Step{end(Gone, ByTarget)},
			From: FromInferred, Why: "the agent who transferred the call leaves when the other phone rings"},
		{ID: "ringing/next-awaited", Stages: at, On: on(AgentLeft), If: when(queueLegOpen, stayLost, afterUnknown), Wait: true,
			From: FromInferred, Why: "after a failed attempt the queue, the IVR or another phone follows"},
		{ID: "ringing/not-answered-ivr", Stages: at, On: on(AgentLeft), If: when(queueLegOpen, stayLost, afterIVR), Next: StageIVR, Effect: FailedAttempt,
			Do:   do(failed, toRouting(Routing, Queue)),
			From: FromInferred, Why: "the agent did not answer, and the call goes to a routing point that keeps it, for instance voicemail"},
		{ID: "ringing/not-answered", Stages: at, On: on(AgentLeft), If: when(queueLegOpen), Next: StageQueue, Effect: FailedAttempt, Do: failed,
			From: FromInferred, Why: "the agent did not answer; the call is still in the queue"},
		{ID: "ringing/not-answered-default", Stages: at, On: on(AgentLeft), If: when(ivrLegOpen), Next: StageIVR, Effect: FailedAttempt, Do: failed,
			From: FromInferred, Why: "the agent did not answer; the IVR has the caller again"},
		{ID: "ringing/transfer-failed", Stages: at, On: on(AgentLeft), Next: StageTransfer, Effect: FailedAttempt, Do: failed,
			From: FromInferred, Why: "the transfer was not answered; the switch decides who is next"},
		{ID: "ringing/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Caller, ByRelease), end(Queue, exevents.DisconnectPeer), end(Rest, exevents.DisconnectPeer)},
			From: FromInferred, Why: "the caller gave up while the phone rang; the transfer is cancelled first, while its legs are there"},
	}
	return append(rows, pickupRows()...)
}

// pickupRows: somebody else takes the call that rings at a phone.
func pickupRows() []Row {
	at, taken := stages(StageRinging), on(AgentJoined, OutsideJoined, NewcomerConnected, OutsideConnected)
	rows := []Row{
		{ID: "pickup/awaited", Stages: at, On: taken, If: when(newcomerUnclear), Wait: true,
			From: FromInferred, Why: "if the phone that rings leaves, the call was picked up or forwarded"},
	}
	rows = append(rows, unfitNewcomerRows("pickup", at, pickedUp(exevents.PhoneTransfer, exevents.PhoneEstablished))...)
	return append(rows, []Row{
		{ID: "pickup/taken", Stages: at, On: on(AgentJoined, NewcomerConnected), If: when(newcomerTransfers), Next: StageRinging,
			Do:   pickedUp(exevents.UserTransfer, exevents.UserEstablished),
			From: FromInferred, Why: "call pickup, or forwarding while the first phone still rings: the nearest is an attempt that failed and another one"},
		{ID: "pickup/taken-outside", Stages: at, On: on(OutsideJoined, OutsideConnected), If: when(newcomerTransfers), Next: StageRinging,
			Do:   pickedUp(exevents.PhoneTransfer, exevents.PhoneEstablished),
			From: FromInferred, Why: "the same to an outside number: a phone leg"},
		{ID: "pickup/rings-too", Stages: at, On: on(AgentJoined, OutsideJoined), If: when(newcomerRings),
			From: FromInferred, Why: "several phones ring: who answers shows later"},
	}...)
}

// pickedUp are the steps by which a call goes from a phone that rings to somebody else.
func pickedUp(transfer, established exevents.EventType) []Step {
	return []Step{
		end(Agent, exevents.DisconnectTransfer),
		endTransfer(exevents.TransferFailed),
		{Event: transfer, Leg: New, From: Queue},
		{Event: transfer, Leg: New, From: Ivr},
		{Event: transfer, Leg: New, From: Former},
		{Event: established, Leg: New},
		{Event: exevents.ProgressTransfer, Leg: New},
	}
}
