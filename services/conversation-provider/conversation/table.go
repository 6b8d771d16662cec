package conversation

import "engage.connector/pkg/genesys"

// Source says where a row comes from.
type Source string

// The sources of rows.
const (
	FromGuide    Source = "guide"    // the vendor's deployment guide says it
	FromAPI      Source = "api"      // the public API definition demands it
	FromInferred Source = "inferred" // our conclusion; not confirmed by any source
)

// Trigger is a fact as the conversation sees it.
type Trigger string

// The triggers.
const (
	CallerJoined   Trigger = "caller joined"
	CallerLeft     Trigger = "caller left"
	IVRJoined      Trigger = "ivr joined"
	IVRLeft        Trigger = "ivr left"
	AgentJoined    Trigger = "agent joined"
	AgentConnected Trigger = "agent connected"
	AgentHeld      Trigger = "agent held"
	AgentLeft      Trigger = "agent left"
	OtherJoined    Trigger = "other joined"
	OtherLeft      Trigger = "other left"
	QueueJoined    Trigger = "queue joined"
	QueueLeft      Trigger = "queue left"
	InConference   Trigger = "conference"
	Supervised     Trigger = "supervised"
	OtherCall      Trigger = "other call"
	Ended          Trigger = "call ended"
	Refused        Trigger = "refused"
)

// Ref names a leg in a step.
type Ref string

// The legs that steps refer to.
const (
	Caller Ref = "caller"
	Ivr    Ref = "ivr"
	Queue  Ref = "queue"
	Agent  Ref = "agent"
	New    Ref = "new"  // the leg that the trigger brings
	Gone   Ref = "gone" // the leg that the trigger ends
	Rest   Ref = "rest" // every leg that is still open
)

// ByRelease stands for Self on the leg of the party that hung up and Peer on the others.
const ByRelease genesys.DisconnectType = "by release"

// Step is one event that a row sends. A step about a leg that is not open sends nothing.
type Step struct {
	Event      genesys.EventType
	Leg        Ref                    // the leg it is about; of transfers the leg transferred to
	From       Ref                    // of transfers the initiating and target leg
	Disconnect genesys.DisconnectType // of CommunicationEnded
	Final      genesys.TransferState  // of EndTransfer
	Held       bool                   // of HoldUpdated
}

// Row is one transition.
type Row struct {
	ID     string
	Stages []Stage
	On     []Trigger
	If     []Condition
	// Wait says that it is too early: the fact waits for another link, for the grace time at most.
	Wait   bool
	Do     []Step
	Next   Stage // empty: stay
	Effect Effect
	Reason Reason
	From   Source
	Why    string
}

// Effect is what a row changes beside the stage.
type Effect int

// The effects.
const (
	NoEffect      Effect = iota
	FailedAttempt        // an agent did not answer
	SameLeg              // the stay in the queue that begins belongs to the ACD leg that is open
)

func stages(s ...Stage) []Stage       { return s }
func on(t ...Trigger) []Trigger       { return t }
func when(c ...Condition) []Condition { return c }

func end(leg Ref, how genesys.DisconnectType) Step {
	return Step{Event: genesys.CommunicationEnded, Leg: leg, Disconnect: how}
}

func endTransfer(final genesys.TransferState) Step {
	return Step{Event: genesys.EndTransfer, Final: final}
}

// Rows is the transition table; the first row that fits is taken. What fits no row is ignored.
func Rows() []Row {
	var table []Row
	for _, part := range [][]Row{startRows(), ivrRows(), queueRows(), ringingRows(), talkingRows(), suspensionRows()} {
		table = append(table, part...)
	}
	return table
}

// startRows: before anything is sent. A call that turns out not to be representable here is ignored.
func startRows() []Row {
	joined := on(CallerJoined, IVRJoined, AgentJoined, OtherJoined, QueueJoined)
	both := stages(StageNew, StageCaller)
	return []Row{
		{ID: "start/type-unknown-yet", Stages: both, On: joined, If: when(typeUnknown), Wait: true,
			From: FromInferred, Why: "CallType is optional in EventCallCreated and may come from the queue's link"},
		{ID: "start/type-unknown", Stages: both, On: joined, If: when(typeUnknown), Next: StageIgnored, Reason: ReasonUnknownType,
			From: FromInferred, Why: "without a direction no scenario fits"},
		{ID: "start/internal", Stages: both, On: joined, If: when(typeInternal), Next: StageIgnored, Reason: ReasonInternal,
			From: FromGuide, Why: "internal calls between agents are not reported"},
		{ID: "start/outbound", Stages: both, On: joined, If: when(typeOutbound), Next: StageIgnored, Reason: ReasonOutbound,
			From: FromInferred, Why: "not supported yet"},
		{ID: "start/consultation", Stages: both, On: joined, If: when(typeConsult), Next: StageIgnored, Reason: ReasonConsult,
			From: FromInferred, Why: "not supported yet"},
		{ID: "start/caller", Stages: stages(StageNew), On: on(CallerJoined), Next: StageCaller,
			From: FromInferred, Why: "the caller is sent together with the first party of the center, so that a call outside the scope leaves no trace"},
		{ID: "start/caller-awaited", Stages: stages(StageNew), On: on(IVRJoined, AgentJoined, OtherJoined, QueueJoined), Wait: true,
			From: FromInferred, Why: "parties are reported in no certain order"},
		{ID: "start/no-caller", Stages: stages(StageNew), On: on(IVRJoined, AgentJoined, OtherJoined, QueueJoined), Next: StageIgnored, Reason: ReasonNoCaller,
			From: FromInferred, Why: "an inbound conversation begins with its external leg"},
		{ID: "start/ivr", Stages: stages(StageCaller), On: on(IVRJoined), Next: StageIVR,
			Do: []Step{
				{Event: genesys.ExternalEstablished, Leg: Caller},
				{Event: genesys.IVREstablished, Leg: New},
			},
			From: FromGuide, Why: "a new conversation is created and the caller talks to the IVR application"},
		{ID: "start/queue-not-mapped", Stages: stages(StageCaller), On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "start/ivr-awaited", Stages: stages(StageCaller), On: on(QueueJoined), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "the IVR party may still be under way on the call link"},
		{ID: "start/queue", Stages: stages(StageCaller), On: on(QueueJoined), Next: StageQueue,
			Do: []Step{
				{Event: genesys.ExternalEstablished, Leg: Caller},
				{Event: genesys.RoutingEstablished, Leg: New},
			},
			From: FromInferred, Why: "direct call without IVR; there is no leg that could initiate a transfer"},
		{ID: "start/queue-awaited", Stages: stages(StageCaller), On: on(AgentJoined, CallerLeft, Ended), If: when(queueLinkBehind), Wait: true,
			From: FromInferred, Why: "EventQueued may still be under way on the queue link"},
		{ID: "start/agent-without-queue", Stages: stages(StageCaller), On: on(AgentJoined), Next: StageIgnored, Reason: ReasonNoQueue,
			From: FromGuide, Why: "a call must reach the agent through a mapped virtual queue"},
		{ID: "start/unknown-party", Stages: stages(StageCaller), On: on(OtherJoined), Next: StageIgnored, Reason: ReasonUnknownParty,
			From: FromGuide, Why: "no supported scenario has such a party"},
		{ID: "start/call-link-awaited", Stages: both, On: on(InConference, Supervised), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "what the agent link reports is read when call monitoring has come as far"},
		{ID: "start/conference", Stages: both, On: on(InConference), Next: StageIgnored, Reason: ReasonConference,
			From: FromGuide, Why: "conferences are not supported"},
		{ID: "start/supervision", Stages: both, On: on(Supervised), Next: StageIgnored, Reason: ReasonSupervision,
			From: FromGuide, Why: "supervision is not supported"},
		{ID: "start/several-calls", Stages: both, On: on(OtherCall), Next: StageIgnored, Reason: ReasonJoinedCall,
			From: FromInferred, Why: "multi-site and consultation flows are not supported yet"},
		{ID: "start/caller-left", Stages: both, On: on(CallerLeft, Ended), Next: StageIgnored, Reason: ReasonCallerLeft,
			From: FromInferred, Why: "the caller met neither IVR nor queue"},
	}
}

// ivrRows: the caller talks to the IVR.
func ivrRows() []Row {
	at := stages(StageIVR)
	return []Row{
		{ID: "ivr/queue-not-mapped", Stages: at, On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "ivr/queue", Stages: at, On: on(QueueJoined), Next: StageQueue,
			Do: []Step{
				{Event: genesys.RoutingTransfer, Leg: New, From: Ivr},
				{Event: genesys.RoutingEstablished, Leg: New},
				{Event: genesys.ProgressTransfer, Leg: New},
				end(Ivr, genesys.DisconnectTransferACD),
				endTransfer(genesys.TransferCompleted),
			},
			From: FromGuide, Why: "the IVR party left the call and the call is placed on the ACD queue; the transfer events follow the API's fields (inferred)"},
		{ID: "ivr/queue-awaited", Stages: at, On: on(CallerLeft, Ended, AgentJoined), If: when(queueLinkBehind), Wait: true,
			From: FromInferred, Why: "EventQueued may still be under way on the queue link"},
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
	return []Row{
		{ID: "queue/not-mapped", Stages: at, On: on(QueueJoined), If: when(queueNotMapped),
			From: FromGuide, Why: "only virtual queues that are mapped to an ACD queue are represented"},
		{ID: "queue/requeued", Stages: at, On: on(QueueJoined), If: when(sameQueue), Effect: SameLeg,
			From: FromInferred, Why: "queued again where it waits already, for instance after an agent did not answer"},
		{ID: "queue/call-link-awaited", Stages: at, On: on(QueueJoined), If: when(queueLegLeft, callLinkBehind), Wait: true,
			From: FromInferred, Why: "the call may have been at an agent in between"},
		{ID: "queue/other-queue", Stages: at, On: on(QueueJoined), If: when(queueLegLeft), Next: StageQueue,
			Do: []Step{
				{Event: genesys.RoutingTransfer, Leg: New, From: Queue},
				{Event: genesys.RoutingEstablished, Leg: New},
				{Event: genesys.ProgressTransfer, Leg: New},
				end(Queue, genesys.DisconnectTransferACD),
				endTransfer(genesys.TransferCompleted),
			},
			From: FromInferred, Why: "the call left its queue and entered another one"},
		{ID: "queue/parallel-queue", Stages: at, On: on(QueueJoined),
			From: FromInferred, Why: "a call in several queues at once is shown in the first one: EX has one ACD leg"},
		{ID: "queue/requeue-awaited", Stages: at, On: on(AgentJoined, CallerLeft, Ended), If: when(attemptUnsettled), Wait: true,
			From: FromInferred, Why: "after a failed attempt the queue link tells where the call waits now"},
		{ID: "queue/login-awaited", Stages: at, On: on(AgentJoined), If: when(nobodyLoggedIn), Wait: true,
			From: FromInferred, Why: "the log-in may still be under way on the agent link"},
		{ID: "queue/nobody-logged-in", Stages: at, On: on(AgentJoined), If: when(nobodyLoggedIn), Next: StageSuspended, Reason: ReasonNobodyLoggedIn,
			From: FromGuide, Why: "calls to extensions without a logged-in agent are not supported"},
		{ID: "queue/agent-out-of-scope", Stages: at, On: on(AgentJoined), If: when(agentOutOfScope), Next: StageSuspended, Reason: ReasonOutOfScope,
			From: FromGuide, Why: "a call to an agent that is not mapped cannot be injected"},
		{ID: "queue/agent", Stages: at, On: on(AgentJoined), Next: StageRinging,
			Do: []Step{
				{Event: genesys.UserTransfer, Leg: New, From: Queue},
				{Event: genesys.UserEstablished, Leg: New},
				{Event: genesys.ProgressTransfer, Leg: New},
			},
			From: FromInferred, Why: "Progress goes before Answered: the agent's phone rings when the transfer has progressed"},
		{ID: "queue/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do:   []Step{end(Caller, ByRelease), end(Queue, genesys.DisconnectPeer)},
			From: FromInferred, Why: "abandoned in the queue"},
	}
}

// ringingRows: a transfer to an agent is under way.
func ringingRows() []Row {
	at := stages(StageRinging)
	return []Row{
		{ID: "ringing/call-link-awaited", Stages: stages(StageRinging, StageTalking), On: on(QueueJoined), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "the agent may have left the call before it was queued"},
		{ID: "ringing/answered", Stages: at, On: on(AgentConnected), Next: StageTalking,
			Do: []Step{
				{Event: genesys.CommunicationAnswered, Leg: Agent},
				end(Queue, genesys.DisconnectTransferUser),
				endTransfer(genesys.TransferCompleted),
			},
			From: FromGuide, Why: "when the agent answers, a successful user transfer took place"},
		{ID: "ringing/not-answered", Stages: at, On: on(AgentLeft), Next: StageQueue, Effect: FailedAttempt,
			Do: []Step{
				end(Agent, genesys.DisconnectSystem),
				endTransfer(genesys.TransferFailed),
			},
			From: FromInferred, Why: "the agent did not answer; the call is still in the queue"},
		{ID: "ringing/abandoned", Stages: at, On: on(CallerLeft, Ended), Next: StageOver,
			Do: []Step{
				endTransfer(genesys.TransferCanceled),
				end(Caller, ByRelease),
				end(Queue, genesys.DisconnectPeer),
				end(Agent, genesys.DisconnectPeer),
			},
			From: FromInferred, Why: "the caller gave up while the agent's phone rang; the transfer ends while its legs are there"},
	}
}

// talkingRows: the caller talks to an agent, and one of them leaves.
func talkingRows() []Row {
	talking, parting := stages(StageTalking), stages(StageParting)
	return []Row{
		{ID: "talking/held", Stages: talking, On: on(AgentHeld), If: when(notHeld),
			Do:   []Step{{Event: genesys.HoldUpdated, Leg: Agent, Held: true}},
			From: FromAPI, Why: "hold"},
		{ID: "talking/retrieved", Stages: talking, On: on(AgentConnected), If: when(held),
			Do:   []Step{{Event: genesys.HoldUpdated, Leg: Agent}},
			From: FromAPI, Why: "retrieve"},
		{ID: "talking/party-left", Stages: talking, On: on(CallerLeft, AgentLeft), Next: StageParting,
			Do:   []Step{end(Gone, ByRelease)},
			From: FromAPI, Why: "whoever hung up ends with Self, the other with Peer"},
		{ID: "talking/ended", Stages: stages(StageTalking, StageParting), On: on(Ended), Next: StageOver,
			Do:   []Step{end(Rest, ByRelease)},
			From: FromAPI, Why: "a call that is deleted has no parties left"},
		{ID: "parting/party-left", Stages: parting, On: on(CallerLeft, AgentLeft), Next: StageOver,
			Do:   []Step{end(Gone, ByRelease)},
			From: FromAPI, Why: "the other one leaves too"},
		{ID: "parting/late-queue", Stages: parting, On: on(QueueJoined), If: when(olderThanStage),
			From: FromInferred, Why: "the queue link reports late what is over"},
		{ID: "parting/went-on", Stages: parting, On: on(AgentJoined, IVRJoined, OtherJoined, QueueJoined), Next: StageSuspended, Reason: ReasonWentOn,
			From: FromGuide, Why: "a call that goes on after the agent left is a transfer, which is not supported yet; a single party is not left behind"},
		{ID: "talking/late-queue", Stages: talking, On: on(QueueJoined), If: when(olderThanStage),
			From: FromInferred, Why: "the queue link reports late what is over"},
		{ID: "talking/queue", Stages: talking, On: on(QueueJoined), Next: StageSuspended, Reason: ReasonMoreParties,
			From: FromInferred, Why: "a transfer to a queue is not supported yet"},
	}
}

// suspensionRows: what leaves the EX model while something is injected already, and what is then
// still sent (guide, chapter "Monitoring Suspension Mode").
func suspensionRows() []Row {
	live := stages(StageIVR, StageQueue, StageRinging, StageTalking)
	started := stages(StageIVR, StageQueue, StageRinging, StageTalking, StageParting)
	suspended := stages(StageSuspended)
	return []Row{
		{ID: "suspend/call-link-awaited", Stages: live, On: on(InConference, Supervised), If: when(callLinkBehind), Wait: true,
			From: FromInferred, Why: "what the agent link reports is read when call monitoring has come as far"},
		{ID: "suspend/conference", Stages: live, On: on(InConference), Next: StageSuspended, Reason: ReasonConference,
			From: FromGuide, Why: "conferences are not supported"},
		{ID: "suspend/supervision", Stages: live, On: on(Supervised), Next: StageSuspended, Reason: ReasonSupervision,
			From: FromGuide, Why: "supervision is not supported"},
		{ID: "suspend/second-agent", Stages: stages(StageRinging, StageTalking), On: on(AgentJoined), Next: StageSuspended, Reason: ReasonMoreParties,
			From: FromGuide, Why: "single-step conference, consultation or transfer: the second agent is not reported"},
		{ID: "suspend/routing-point", Stages: stages(StageTalking), On: on(IVRJoined), Next: StageSuspended, Reason: ReasonMoreParties,
			From: FromInferred, Why: "the agent transfers the call to a routing point: not supported yet"},
		{ID: "suspend/unknown-party", Stages: live, On: on(OtherJoined), Next: StageSuspended, Reason: ReasonUnknownParty,
			From: FromGuide, Why: "no supported scenario has such a party"},
		{ID: "suspend/several-calls", Stages: started, On: on(OtherCall), Next: StageSuspended, Reason: ReasonJoinedCall,
			From: FromInferred, Why: "multi-site and consultation flows are not supported yet"},
		{ID: "suspend/refused", Stages: started, On: on(Refused), Next: StageSuspended, Reason: ReasonRejected,
			From: FromInferred, Why: "the org refused an event for good, so its conversation is no longer ours"},
		{ID: "suspended/queue-awaited", Stages: suspended, On: on(CallerLeft, AgentLeft, Ended), If: when(queueLegOpen, queueLinkBehind), Wait: true,
			From: FromInferred, Why: "the queue link tells when the queue was left"},
		{ID: "suspended/party-left", Stages: suspended, On: on(CallerLeft, AgentLeft), Do: []Step{end(Gone, ByRelease)},
			From: FromGuide, Why: "a party's removal is indicated when it leaves the Engage call"},
		{ID: "suspended/center-left", Stages: suspended, On: on(IVRLeft, QueueLeft), Do: []Step{end(Gone, genesys.DisconnectTransfer)},
			From: FromGuide, Why: "a party's removal is indicated when it leaves the Engage call; IVR and queue hand the call on"},
		{ID: "suspended/ended", Stages: suspended, On: on(Ended), Do: []Step{end(Rest, ByRelease)},
			From: FromGuide, Why: "all parties leave with the call"},
	}
}

// lastLegRow is applied after every row that leaves a suspended conversation with one open leg.
func lastLegRow() Row {
	return Row{ID: "suspended/last-leg", Do: []Step{end(Rest, genesys.DisconnectSystem)},
		From: FromGuide, Why: "to avoid leaving a single party, the remaining party leaves too"}
}

// sweepRow is applied when a conversation becomes suspended: legs whose party left before.
func sweepRow() Row {
	return Row{ID: "suspended/left-before", Do: []Step{end(Gone, genesys.DisconnectTransfer)},
		From: FromInferred, Why: "the queue or IVR had handed the call on already"}
}
