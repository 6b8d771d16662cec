// Package engage is the Engage side of the connector: the event model of the
// Engage feed, its decoding, the client that follows the links of an edge and
// the replay of captured feeds. Message, attribute and enumeration names are
// those of the vendor's Platform SDK, as the feed contract prescribes.
package engage

import (
	"strconv"
	"time"
)

// Names of the messages that the connector understands. Every other message
// is decoded, kept and ignored by its consumers.
const (
	MsgEventQueued    = "EventQueued"
	MsgEventDiverted  = "EventDiverted"
	MsgEventAbandoned = "EventAbandoned"
	MsgEventUserEvent = "EventUserEvent"

	MsgEventCallCreated      = "EventCallCreated"
	MsgEventCallDataChanged  = "EventCallDataChanged"
	MsgEventCallDeleted      = "EventCallDeleted"
	MsgEventCallPartyAdded   = "EventCallPartyAdded"
	MsgEventCallPartyState   = "EventCallPartyState"
	MsgEventCallPartyMoved   = "EventCallPartyMoved"
	MsgEventCallPartyDeleted = "EventCallPartyDeleted"

	MsgEventRegistered    = "EventRegistered"
	MsgEventAgentLogin    = "EventAgentLogin"
	MsgEventAgentLogout   = "EventAgentLogout"
	MsgEventAgentReady    = "EventAgentReady"
	MsgEventAgentNotReady = "EventAgentNotReady"

	// MsgEventInfo carries the value of a statistic, see Event.AgentStatus.
	MsgEventInfo = "EventInfo"

	// The edge's own messages.
	MsgHeartbeat        = "feed.Heartbeat"        // the connection lives; with attribute "upTo", see Event.UpTo
	MsgLinkConnected    = "feed.LinkConnected"    // the edge reached the Engage server
	MsgLinkDisconnected = "feed.LinkDisconnected" // with attribute "reason"
	MsgSwitchover       = "feed.Switchover"       // the pair's other server took over: running calls are reported again
	MsgGap              = "feed.Gap"              // events were lost at the edge: resynchronise
	MsgSnapshotBegin    = "feed.SnapshotBegin"    // what runs is reported again from here
	MsgSnapshotEnd      = "feed.SnapshotEnd"      // to here; with attribute "at", see Event.SnapshotAt
)

// Event is one line of a feed: one message of an Engage server, or one of the
// edge's own messages. Everything may come more than once.
type Event struct {
	// Cursor is opaque and increases per link; it is what a resumed feed
	// starts after.
	Cursor string `json:"cursor"`
	// ReceivedAt is when the edge received the message.
	ReceivedAt time.Time `json:"receivedAt"`
	// Server is the Engage server that sent the message.
	Server Server `json:"server"`
	// Sequence is the server's event sequence number; 0 when it is missing.
	Sequence int64 `json:"sequence,omitempty"`
	// Message is the message's name, see the Msg constants.
	Message string `json:"message"`
	// Number is the message's number in its protocol; 0 when it is missing.
	Number int `json:"number,omitempty"`
	// Time is the server's own time stamp, UTC, in microseconds.
	Time time.Time `json:"time"`
	// Attributes are all attributes, the unknown ones too.
	Attributes Attributes `json:"attributes"`

	// Link is the link that the line came over, as whoever reads a log of several links names it; an
	// edge does not write it.
	Link string `json:"link,omitempty"`
	// Shift is how much later Time is than what the server's own clock showed, once the clocks of
	// several servers have been brought together; and Without names the links that were not waited for
	// when the event was read. Both belong to one reading and are not written.
	Shift   time.Duration `json:"-"`
	Without string        `json:"-"`
}

// Server names an Engage server process.
type Server struct {
	Name string `json:"name"`
	Role string `json:"role"` // "primary" or "backup"
	// StartTime is the process's start in seconds since 1970. Together with
	// the event's Sequence it tells a restart from a continuation.
	StartTime int64 `json:"startTime"`
}

// CallUUID is the call's identity, which never changes. Events of DNs may
// lack it; see ConnID.
func (e Event) CallUUID() string { return e.Attributes.Text("CallUUID") }

// ConnID is the connection id as 16 lower-case hex digits, or "". It may
// change in a call's life.
func (e Event) ConnID() string { return connID(e.Attributes["ConnID"]) }

// ThisDN is the DN that an event of a DN is about.
func (e Event) ThisDN() string { return e.Attributes.Text("ThisDN") }

// DN is the DN of the party that a party event is about.
func (e Event) DN() string { return e.Attributes.Text("DN") }

// PartyUUID is the party's identity within call monitoring.
func (e Event) PartyUUID() string { return e.Attributes.Text("PartyUUID") }

// RefCallUUID is the call into which an ended call was merged.
func (e Event) RefCallUUID() string { return e.Attributes.Text("RefCallUUID") }

// NewCallUUID is the call to which a party moved.
func (e Event) NewCallUUID() string { return e.Attributes.Text("NewCallUUID") }

// OrigCallUUID is the main call of a consultation call.
func (e Event) OrigCallUUID() string { return e.Attributes.Text("OrigCallUUID") }

// ThirdPartyDN is the other DN of a diversion or a transfer, for instance the
// agent to whom a queue distributed the call.
func (e Event) ThirdPartyDN() string { return e.Attributes.Text("ThirdPartyDN") }

// CtrlParty is the DN that caused a release, when the server knows it.
func (e Event) CtrlParty() string { return e.Attributes.Text("CtrlParty") }

// ANI is the calling number.
func (e Event) ANI() string { return e.Attributes.Text("ANI") }

// DNIS is the called number.
func (e Event) DNIS() string { return e.Attributes.Text("DNIS") }

// AgentID is the agent's login code.
func (e Event) AgentID() string { return e.Attributes.Text("AgentID") }

// ISLinks are the UUIDs of the inter-site links of the call, sorted.
func (e Event) ISLinks() []string { return isLinks(e.Attributes["ISLinkList"]) }

// UserData is the attached data of the call; nil when the event has none.
func (e Event) UserData() map[string]string { return e.Attributes.KeyValues("UserData") }

// Extensions are the server's additional data; nil when the event has none.
func (e Event) Extensions() map[string]string { return e.Attributes.KeyValues("Extensions") }

// Reasons are the reasons of an agent state; nil when the event has none.
func (e Event) Reasons() map[string]string { return e.Attributes.KeyValues("Reasons") }

// CallType is the call's type as the local switch sees it.
func (e Event) CallType() CallType {
	return enumOf(callTypeTable, CallTypeUnknown, e.Attributes["CallType"])
}

// Voice tells whether the call is a voice call; it is one when the event does not say.
func (e Event) Voice() bool {
	value := e.Attributes["MediaType"]
	if value == nil {
		return true
	}
	t := enumOf(mediaTypeTable, MediaTypeOther, value)
	return t == MediaTypeVoice || t == MediaTypeVoIP
}

// CallState is the CallState attribute of an event of a DN.
func (e Event) CallState() CallState {
	return enumOf(callStateTable, CallStateUnknown, e.Attributes["CallState"])
}

// PartyState is the state of a party, a bit field: see PartyState.Generic.
func (e Event) PartyState() PartyState {
	return partyState(e.Attributes["PartyState"])
}

// WorkMode is the agent's work mode.
func (e Event) WorkMode() AgentWorkMode {
	return enumOf(workModeTable, WorkModeUnknown, e.Attributes["AgentWorkMode"])
}

// Cause is why a party was added, changed or deleted.
func (e Event) Cause() Cause {
	return enumOf(causeTable, CauseUnknown, e.Attributes["Cause"])
}

// UpTo is the server's time up to which a heartbeat says that everything has been sent; false when
// the edge cannot tell.
func (e Event) UpTo() (time.Time, bool) { return e.Attributes.Time("upTo") }

// SnapshotAt is the server's time for which a snapshot is complete; that of the line when it does not
// say.
func (e Event) SnapshotAt() time.Time {
	if at, ok := e.Attributes.Time("at"); ok {
		return at
	}
	return e.Time
}

// IsFeed tells whether the message is one of the edge's own.
func (e Event) IsFeed() bool {
	return len(e.Message) > len(feedPrefix) && e.Message[:len(feedPrefix)] == feedPrefix
}

const feedPrefix = "feed."

// Participant is one entry of the participant list that SIP Server sends to
// the DNs of logged-in agents (Extensions LCTParty<n>).
type Participant struct {
	DN       string
	Location string // name of the switch
	State    string // "" or for instance ListenDisconnectedHeld
}

// maxParticipants bounds the list whatever LCTPartiesLength claims.
const maxParticipants = 256

// Participants is the participant list of an EventUserEvent, in its order;
// nil when the event carries none.
func (e Event) Participants() []Participant {
	ext := e.Extensions()
	var list []Participant
	for n := range maxParticipants {
		key := "LCTParty" + strconv.Itoa(n)
		dn, ok := ext[key]
		if !ok {
			break
		}
		list = append(list, Participant{DN: dn, Location: ext[key+"_location"], State: ext[key+"_state"]})
	}
	return list
}
