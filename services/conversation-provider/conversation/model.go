package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/genesys"
)

// LegKind is the kind of a communication in the EX model.
type LegKind string

// The kinds of legs.
const (
	External LegKind = "external" // the customer
	IVR      LegKind = "ivr"
	ACD      LegKind = "acd" // the queue
	User     LegKind = "user"
)

// Stage is how far a conversation has come.
type Stage string

// The stages.
const (
	StageNew       Stage = ""          // nothing is known that matters
	StageCaller    Stage = "caller"    // the caller is there; nothing was sent yet
	StageIVR       Stage = "ivr"       // the caller talks to the IVR
	StageQueue     Stage = "queue"     // the caller waits in a queue
	StageRinging   Stage = "ringing"   // a transfer to an agent is under way
	StageTalking   Stage = "talking"   // the caller talks to an agent
	StageParting   Stage = "parting"   // one of the two has left
	StageOver      Stage = "over"      // all legs have ended
	StageSuspended Stage = "suspended" // Monitoring Suspension Mode
	StageIgnored   Stage = "ignored"   // nothing was or will be sent
)

// Reason says why a conversation is ignored or suspended.
type Reason string

// The reasons. The list is closed: it labels a metric.
const (
	ReasonInternal       Reason = "internal_call"
	ReasonOutbound       Reason = "outbound_call"
	ReasonConsult        Reason = "consultation_call"
	ReasonUnknownType    Reason = "unknown_call_type"
	ReasonNoCaller       Reason = "no_caller"
	ReasonCallerLeft     Reason = "caller_left_early"
	ReasonNoQueue        Reason = "no_virtual_queue"
	ReasonNobodyLoggedIn Reason = "nobody_logged_in"
	ReasonOutOfScope     Reason = "agent_out_of_scope"
	ReasonUnknownParty   Reason = "unknown_party"
	ReasonMoreParties    Reason = "conference_or_transfer"
	ReasonConference     Reason = "conference"
	ReasonSupervision    Reason = "supervision"
	ReasonJoinedCall     Reason = "several_calls"
	ReasonWentOn         Reason = "went_on_after_party_left"
	ReasonRejected       Reason = "rejected_by_org"
	ReasonNotFromStart   Reason = "not_seen_from_start"
	ReasonLost           Reason = "end_not_seen"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{
		ReasonInternal, ReasonOutbound, ReasonConsult, ReasonUnknownType, ReasonNoCaller, ReasonCallerLeft,
		ReasonNoQueue, ReasonNobodyLoggedIn, ReasonOutOfScope, ReasonUnknownParty, ReasonMoreParties,
		ReasonConference, ReasonSupervision, ReasonJoinedCall, ReasonWentOn, ReasonRejected,
		ReasonNotFromStart, ReasonLost,
	}
}

// Leg is one party of the conversation, as far as it is or will be injected.
type Leg struct {
	Kind LegKind `json:"kind"`
	// Party is the Engage side of the leg: a PartyUUID, or the key of the first stay in the queue.
	Party string `json:"party"`
	// Visit is the newest stay in the queue that the leg stands for. ACD only.
	Visit   string `json:"visit,omitempty"`
	ID      string `json:"id"` // communication id
	DN      string `json:"dn,omitempty"`
	Login   string `json:"login,omitempty"`   // User: login code
	UserID  string `json:"userId,omitempty"`  // User
	QueueID string `json:"queueId,omitempty"` // ACD: the queue; User: the queue that delivered the call

	// The times are those of the Engage events, not of the EX events.
	Began    time.Time `json:"began,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`

	Opened     bool                   `json:"opened,omitempty"` // its Established event was sent
	Held       bool                   `json:"held,omitempty"`
	Holds      int                    `json:"holds,omitempty"` // hold updates sent
	Disconnect genesys.DisconnectType `json:"disconnect,omitempty"`
	Disposed   bool                   `json:"disposed,omitempty"` // User: the disposition was applied or skipped
}

// Open tells whether the leg is established and has not ended.
func (l *Leg) Open() bool { return l != nil && l.Opened && l.Ended.IsZero() }

// Conversation is the EX side of a call.
type Conversation struct {
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
	// Attempt is when the newest agent left without answering.
	Attempt time.Time `json:"attempt,omitzero"`
	// Releaser is who hung up first: a DN or PartyUUID.
	Releaser string               `json:"releaser,omitempty"`
	Parties  map[string]Role      `json:"parties,omitempty"` // what a party of the call is to the conversation
	Trace    []Decision           `json:"trace,omitempty"`
	Waits    string               `json:"-"` // the row that waits for another link
	wrapping map[string]wrapClock // by party; see wrapup.go
}

// Transfer is a transfer command.
type Transfer struct {
	Command string `json:"command"`
	Party   string `json:"party"` // of the leg transferred to
	LegID   string `json:"legId"`
}

// Role is what a party of the call is to the conversation.
type Role string

// The roles.
const (
	RoleCaller Role = "caller"
	RoleIVR    Role = "ivr"
	RoleAgent  Role = "agent"
	RoleOther  Role = "other" // nothing that an EX conversation of the supported kinds has
)

// Decision is one fired row.
type Decision struct {
	At      time.Time           `json:"at"`
	Row     string              `json:"row"`
	Subject string              `json:"subject,omitempty"` // DN of the party or queue
	Stage   Stage               `json:"stage"`             // after the row
	Events  []genesys.EventType `json:"events,omitempty"`
}

// maxTrace bounds the trace; the beginning is what explains a conversation best.
const maxTrace = 100

func (c *Conversation) trace(d Decision) {
	if len(c.Trace) < maxTrace {
		c.Trace = append(c.Trace, d)
	}
}

// Started tells whether an event of the conversation was sent.
func (c *Conversation) Started() bool { return !c.Last.IsZero() }

// Open lists the legs that are established and have not ended.
func (c *Conversation) Open() []*Leg {
	var open []*Leg
	for _, l := range c.Legs {
		if l.Open() {
			open = append(open, l)
		}
	}
	return open
}

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

// leg returns the newest leg of a kind that has not ended.
func (c *Conversation) leg(kind LegKind) *Leg {
	for _, v := range slices.Backward(c.Legs) {
		if l := v; l.Kind == kind && l.Ended.IsZero() {
			return l
		}
	}
	return nil
}

// legOf returns the leg of a party or a stay in a queue that has not ended.
func (c *Conversation) legOf(party string) *Leg {
	for _, l := range c.Legs {
		if l.Ended.IsZero() && (l.Party == party || l.Visit == party) {
			return l
		}
	}
	return nil
}
