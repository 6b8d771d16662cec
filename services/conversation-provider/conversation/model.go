package conversation

import (
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
)

// LegKind is the kind of a communication in the EX model.
type LegKind string

// The kinds of legs.
const (
	External LegKind = "external" // the customer
	IVR      LegKind = "ivr"
	ACD      LegKind = "acd" // the queue
	User     LegKind = "user"
	Phone    LegKind = "phone" // an outside number that a call was transferred to, or that is consulted
)

// Stage is how far a conversation has come.
type Stage string

// The stages.
const (
	StageNew        Stage = ""           // nothing is known that matters
	StageCaller     Stage = "caller"     // the caller is there; nothing was sent yet
	StageDialing    Stage = "dialing"    // an agent calls out; nothing was sent yet
	StageCalling    Stage = "calling"    // the customer's phone rings
	StageIVR        Stage = "ivr"        // the caller talks to the IVR
	StageQueue      Stage = "queue"      // the caller waits in a queue
	StageRinging    Stage = "ringing"    // the phone of an agent or of an outside number rings
	StageTalking    Stage = "talking"    // the caller talks to an agent or to an outside number
	StageConference Stage = "conference" // several talk to the caller; CALL_MODEL=extended only
	StageTransfer   Stage = "transfer"   // an agent handed the caller on; who takes over is not there yet
	StageParting    Stage = "parting"    // one of the two has left
	StageOver       Stage = "over"       // all legs have ended
	StageSuspended  Stage = "suspended"  // Monitoring Suspension Mode
	StageIgnored    Stage = "ignored"    // nothing was or will be sent
)

// Reason says why a conversation is ignored or suspended.
type Reason string

// The reasons. The list is closed: it labels a metric.
const (
	ReasonInternal       Reason = "internal_call"
	ReasonConsult        Reason = "consultation_call"
	ReasonNotVoice       Reason = "not_voice"
	ReasonUnknownType    Reason = "unknown_call_type"
	ReasonNoCaller       Reason = "no_caller"
	ReasonCallerLeft     Reason = "caller_left_early"
	ReasonNobodyLoggedIn Reason = "nobody_logged_in"
	ReasonOutOfScope     Reason = "agent_out_of_scope"
	ReasonSecondCall     Reason = "second_call_of_agent"
	ReasonUnknownParty   Reason = "unknown_party"
	ReasonConference     Reason = "conference"
	ReasonSupervision    Reason = "supervision"
	ReasonNestedConsult  Reason = "nested_consultation"
	ReasonCampaign       Reason = "outbound_campaign"
	ReasonOverflow       Reason = "call_overflow"
	ReasonJoinedCall     Reason = "several_calls"
	ReasonWentOn         Reason = "went_on_after_party_left"
	ReasonRejected       Reason = "rejected_by_org"
	ReasonNotFromStart   Reason = "not_seen_from_start"
	ReasonLost           Reason = "end_not_seen"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{
		ReasonInternal, ReasonConsult, ReasonNotVoice, ReasonUnknownType, ReasonNoCaller, ReasonCallerLeft,
		ReasonNobodyLoggedIn, ReasonOutOfScope, ReasonSecondCall, ReasonUnknownParty, ReasonConference,
		ReasonSupervision, ReasonNestedConsult, ReasonCampaign, ReasonOverflow, ReasonJoinedCall, ReasonWentOn,
		ReasonRejected, ReasonNotFromStart, ReasonLost,
	}
}

// Conversation is the EX side of an interaction: of a call, and of all calls that belong to it.
type Conversation struct {
	packed.Kept

	ID     string `json:"id,omitempty"`
	Stage  Stage  `json:"stage,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	Legs   []*Leg `json:"legs,omitempty"`
	// Entered is the time of the fact that led to the stage.
	Entered time.Time `json:"entered,omitzero"`
	// Last is the time stamp of the newest event; the next one gets a later one.
	Last time.Time `json:"last,omitzero"`
	// Transfer is under way between its Transfer and EndTransfer events.
	Transfer *Transfer `json:"transfer,omitempty"`
	// Consult is the consultation that the agent has.
	Consult *Consult `json:"consult,omitempty"`
	// Taken are consultation calls that became part of the main call by a transfer.
	Taken []string `json:"taken,omitempty"`
	// OnBehalf is the queue in whose name an agent calls out.
	OnBehalf string `json:"onBehalf,omitempty"`
	// Attempt is when the newest agent left without answering.
	Attempt time.Time `json:"attempt,omitzero"`
	// Releaser is who hung up first: a DN or PartyUUID.
	Releaser string `json:"releaser,omitempty"`
	Parties  Roles  `json:"parties,omitempty"` // what a party is to the conversation
	// Trace is every fact and what became of it.
	Trace Trace  `json:"trace,omitzero"`
	Waits string `json:"-"` // the row that waits for another link
}

// Transfer is a transfer command.
type Transfer struct {
	packed.Kept

	Command string `json:"command"`
	Party   string `json:"party"` // of the leg transferred to
	LegID   string `json:"legId"`
	Object  string `json:"object"` // the leg that is transferred
}

// Consult is a consultation.
type Consult struct {
	packed.Kept

	Call string `json:"call"`
	// Unseen is why the party that is consulted is not shown.
	Unseen Reason `json:"unseen,omitempty"`
}

// Role is what a party of the call is to the conversation.
type Role string

// The roles.
const (
	RoleCaller   Role = "caller"
	RoleIVR      Role = "ivr"
	RoleAgent    Role = "agent"
	RoleOutside  Role = "outside"  // a number that no switch has
	RoleTrunk    Role = "trunk"    // the way to another site: nobody
	RoleAgain    Role = "again"    // somebody who has a leg, in a further call
	RoleObserver Role = "observer" // a supervisor
	RoleDialer   Role = "dialer"   // a routing point or trunk that calls for a campaign: nobody
	RoleDevice   Role = "device"   // a place of the switch where the call waits: ACD queue, park
)

// Decision is one fact and what became of it.
type Decision struct {
	At      time.Time            `json:"at"`
	What    string               `json:"what"`              // what came in
	Row     string               `json:"row,omitempty"`     // the row that fired; empty: none fits, nothing follows
	Subject string               `json:"subject,omitempty"` // DN of the party or queue
	Stage   Stage                `json:"stage"`             // after the row
	Reason  Reason               `json:"reason,omitempty"`  // why it became suspended or ignored
	Events  []exevents.EventType `json:"events,omitempty"`  // what was injected
	Without string               `json:"without,omitempty"` // the links that were not waited for any more
	Note    string               `json:"note,omitempty"`    // of an end that was not seen: the bounds of its time
}

// maxTrace bounds the trace; the beginning is what explains a conversation best. Why it was suspended
// or ignored is noted in any case.
const maxTrace = 200

func (c *Conversation) trace(d Decision) {
	if c.Trace.Len() < maxTrace || d.Reason != "" {
		c.Trace.add(d)
	}
}

// Started tells whether an event of the conversation was sent.
func (c *Conversation) Started() bool { return !c.Last.IsZero() }

// Finished tells whether the conversation will never send another event but a disposition.
func (c *Conversation) Finished() bool {
	switch c.Stage {
	case StageOver, StageIgnored:
		return true
	case StageSuspended:
		return len(c.Open()) == 0
	default:
		return false
	}
}
