package conversation

import (
	"slices"

	"engage.connector/pkg/genesys/exevents"
)

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
	CallerJoined    Trigger = "caller joined"
	CallerConnected Trigger = "caller connected"
	CallerLeft      Trigger = "caller left"
	IVRJoined       Trigger = "ivr joined"
	IVRLeft         Trigger = "ivr left"
	AgentJoined     Trigger = "agent joined"
	AgentConnected  Trigger = "agent connected" // or the outside number that talks to the caller
	AgentHeld       Trigger = "agent held"
	AgentLeft       Trigger = "agent left" // who talks to the caller, or whose phone rings
	FormerLeft      Trigger = "former agent left"
	OutsideJoined   Trigger = "outside number joined"
	DeviceJoined    Trigger = "device joined" // a place of the switch where the call waits
	OtherLeft       Trigger = "other left"
	QueueJoined     Trigger = "queue joined"
	QueueLeft       Trigger = "queue left"
	ConsultBegan    Trigger = "consultation began"
	ConsultAgent    Trigger = "agent consulted"
	ConsultOutside  Trigger = "outside number consulted"
	ConsultQueue    Trigger = "queue consulted"
	ConsultAnswered Trigger = "consultation answered"
	ConsultStirs    Trigger = "consultation changes hands" // a party of it left, or came into the main call
	ConsultEnded    Trigger = "consultation call ended"
	NestedConsult   Trigger = "nested consultation"
	// NewcomerConnected: an agent whose phone rang beside a talk, or beside another phone, answers.
	NewcomerConnected Trigger = "newcomer connected"
	OutsideConnected  Trigger = "outside newcomer connected" // the same of an outside number
	InConference      Trigger = "conference"
	Supervised        Trigger = "supervised"
	OtherCall         Trigger = "other call"
	Ended             Trigger = "call ended"
	Refused           Trigger = "refused"
)

// Ref names a leg in a step.
type Ref string

// The legs that steps refer to.
const (
	Caller    Ref = "caller"
	Ivr       Ref = "ivr"
	Queue     Ref = "queue"
	Agent     Ref = "agent"      // who talks to the caller, or whose phone rings
	Former    Ref = "former"     // the agent who hands the caller on
	Peer      Ref = "peer"       // who is consulted
	PeerQueue Ref = "peer queue" // the queue that is consulted
	Winner    Ref = "winner"     // the leg of the queue that delivered the call
	Routing   Ref = "routing"    // the leg of the routing point that takes over
	New       Ref = "new"        // the leg that the trigger brings
	Gone      Ref = "gone"       // the leg that the trigger ends
	Rest      Ref = "rest"       // every leg that is still open
)

// Disconnect types that depend on who left.
const (
	// ByRelease stands for Self on the leg of the party that hung up and Peer on the others.
	ByRelease exevents.DisconnectType = "by release"
	// ByTarget stands for TransferUser when an agent takes over, and Transfer when an outside number does.
	ByTarget exevents.DisconnectType = "by target"
	// ByLeaver stands for Self on the leg whose party the fact is about and Peer on the others.
	ByLeaver exevents.DisconnectType = "by leaver"
)

// Step is one event that a row sends. A step about a leg that is not open sends nothing.
type Step struct {
	Event      exevents.EventType
	Leg        Ref                     // the leg it is about; of transfers the leg transferred to
	From       Ref                     // of transfers the initiating and target leg
	Object     Ref                     // of transfers the leg that is transferred; empty: the caller's
	Disconnect exevents.DisconnectType // of CommunicationEnded
	Final      exevents.TransferState  // of EndTransfer
	Held       bool                    // of HoldUpdated
}

// Row is one transition.
type Row struct {
	ID     string
	Stages []Stage
	On     []Trigger
	If     []Condition
	// Wait says that it is too early: the fact waits for another link, for the grace time at most.
	Wait bool
	// First names what belongs before the fact and was reported after it: it is read first.
	First  Trigger
	Before Effect // before the steps
	Do     []Step
	Next   Stage  // empty: stay
	Effect Effect // after the steps
	Reason Reason
	From   Source
	Why    string
	// Extended rows hold with CALL_MODEL=extended only.
	Extended bool
}

// reasonOfConsult stands for the reason why the consulted party is not shown.
const reasonOfConsult Reason = "of the consultation"

func stages(s ...Stage) []Stage       { return s }
func on(t ...Trigger) []Trigger       { return t }
func when(c ...Condition) []Condition { return c }
func do(parts ...[]Step) []Step {
	var all []Step
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func end(leg Ref, how exevents.DisconnectType) Step {
	return Step{Event: exevents.CommunicationEnded, Leg: leg, Disconnect: how}
}

func endTransfer(final exevents.TransferState) Step {
	return Step{Event: exevents.EndTransfer, Final: final}
}

// toQueue are the steps of a transfer to a queue, but for the end of the leg that hands on.
func toQueue(to, from Ref) []Step {
	return []Step{
		{Event: exevents.RoutingTransfer, Leg: to, From: from},
		{Event: exevents.RoutingEstablished, Leg: to},
		{Event: exevents.ProgressTransfer, Leg: to},
	}
}

// handedToQueue are the steps of a transfer to a queue by somebody who has left already.
func handedToQueue(to, from Ref) []Step {
	return []Step{
		{Event: exevents.RoutingTransfer, Leg: to, From: from},
		end(from, exevents.DisconnectTransferACD),
		{Event: exevents.RoutingEstablished, Leg: to},
		{Event: exevents.ProgressTransfer, Leg: to},
		endTransfer(exevents.TransferCompleted),
	}
}

// toRouting are the steps of a transfer to a routing point: to its number, the nearest that there is.
func toRouting(to, from Ref) []Step {
	return []Step{
		{Event: exevents.PhoneTransfer, Leg: to, From: from},
		end(from, exevents.DisconnectTransfer),
		{Event: exevents.IVREstablished, Leg: to},
		{Event: exevents.ProgressTransfer, Leg: to},
		endTransfer(exevents.TransferCompleted),
	}
}

// toAgent are the steps of a transfer to an agent that has begun.
func toAgent(from Ref) []Step {
	return []Step{
		{Event: exevents.UserTransfer, Leg: New, From: from},
		{Event: exevents.UserEstablished, Leg: New},
		{Event: exevents.ProgressTransfer, Leg: New},
	}
}

// handedToPhone are the steps of a transfer to an outside number by somebody who has left already.
func handedToPhone(from Ref) []Step {
	return []Step{
		{Event: exevents.PhoneTransfer, Leg: New, From: from},
		end(from, exevents.DisconnectTransfer),
		{Event: exevents.PhoneEstablished, Leg: New},
		{Event: exevents.ProgressTransfer, Leg: New},
	}
}

// toPhone are the steps of a transfer to an outside number that has begun.
func toPhone(from Ref) []Step {
	return []Step{
		{Event: exevents.PhoneTransfer, Leg: New, From: from},
		{Event: exevents.PhoneEstablished, Leg: New},
		{Event: exevents.ProgressTransfer, Leg: New},
	}
}

// CallModel says how far the model of the org is used.
type CallModel string

// The call models.
const (
	// ModelGuide keeps the limits of the vendor's deployment guide.
	ModelGuide CallModel = "guide"
	// ModelExtended says what the EX model can say beyond them.
	ModelExtended CallModel = "extended"
)

// CallModels lists the call models, the default first.
func CallModels() []CallModel { return []CallModel{ModelGuide, ModelExtended} }

// everyStage lists the stages of a conversation that is still told.
func everyStage() []Stage {
	return stages(StageNew, StageCaller, StageDialing, StageCalling, StageIVR, StageQueue, StageRinging, StageTalking, StageConference, StageTransfer, StageParting)
}

// Rows is the transition table of a call model; the first row that fits is taken. What fits no row
// changes nothing.
func Rows(of CallModel) []Row {
	var table []Row
	for _, part := range [][]Row{
		extendedRows(), unfitRows(), startRows(), outboundRows(), siteRows(), ivrRows(), queueRows(), ringingRows(), consultRows(),
		talkingRows(), transferRows(), suspensionRows(),
	} {
		table = append(table, part...)
	}
	if of != ModelExtended {
		table = slices.DeleteFunc(table, func(row Row) bool { return row.Extended })
	}
	return table
}
