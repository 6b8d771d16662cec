package feed

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is what one of the lab's servers sends. The edge adds server, number, sequence and cursor.
type Event struct {
	Message    string
	Time       time.Time // the server's time stamp; kept to the microsecond
	Attributes map[string]any
}

// Server names the instance that an event came from.
type Server struct {
	Name      string `json:"name"`
	Role      string `json:"role"`
	StartTime int64  `json:"startTime"` // epoch seconds
}

// envelope is one line of the feed.
type envelope struct {
	Cursor     string         `json:"cursor"`
	ReceivedAt time.Time      `json:"receivedAt"`
	Server     Server         `json:"server"`
	Sequence   int64          `json:"sequence,omitempty"`
	Message    string         `json:"message"`
	Number     int            `json:"number,omitempty"`
	Time       time.Time      `json:"time"`
	Attributes map[string]any `json:"attributes"`
}

// line renders the envelope with its closing newline.
func (v envelope) line() ([]byte, error) {
	if v.Attributes == nil {
		v.Attributes = map[string]any{}
	}
	v.Time = v.Time.UTC().Truncate(time.Microsecond)
	v.ReceivedAt = v.ReceivedAt.UTC().Truncate(time.Millisecond)
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("feed: %s: %w", v.Message, err)
	}
	return append(data, '\n'), nil
}

// The edge's own lines.
const (
	msgHeartbeat        = "feed.Heartbeat"
	msgLinkConnected    = "feed.LinkConnected"
	msgLinkDisconnected = "feed.LinkDisconnected"
	msgSwitchover       = "feed.Switchover"
	msgGap              = "feed.Gap"
	msgSnapshotBegin    = "feed.SnapshotBegin"
	msgSnapshotEnd      = "feed.SnapshotEnd"
)

// The servers' messages that the edge itself understands or sends.
const (
	msgError         = "EventError"
	msgRegistered    = "EventRegistered"
	msgInfo          = "EventInfo"
	msgQueued        = "EventQueued"
	msgDiverted      = "EventDiverted"
	msgAbandoned     = "EventAbandoned"
	msgAgentLogin    = "EventAgentLogin"
	msgAgentLogout   = "EventAgentLogout"
	msgAgentReady    = "EventAgentReady"
	msgAgentNotReady = "EventAgentNotReady"
	msgCallCreated   = "EventCallCreated"
	msgCallChanged   = "EventCallDataChanged"
	msgCallDeleted   = "EventCallDeleted"
	msgPartyAdded    = "EventCallPartyAdded"
	msgPartyState    = "EventCallPartyState"
	msgPartyMoved    = "EventCallPartyMoved"
	msgPartyDeleted  = "EventCallPartyDeleted"
)

// messageTable holds the message numbers of T-Library and, for EventInfo, of Stat Server.
var messageTable = map[string]int{
	msgInfo:          2,
	msgError:         52,
	msgRegistered:    53,
	msgQueued:        57,
	msgDiverted:      58,
	msgAbandoned:     59,
	msgAgentLogin:    73,
	msgAgentLogout:   74,
	msgAgentReady:    75,
	msgAgentNotReady: 76,
	"EventUserEvent": 96,
	msgCallCreated:   160,
	msgCallChanged:   161,
	msgCallDeleted:   162,
	msgPartyAdded:    163,
	msgPartyState:    164,
	msgPartyMoved:    165,
	msgPartyDeleted:  166,
}

// Known tells whether the message is one that the lab's servers send (it has a number).
func Known(message string) bool { return messageTable[message] != 0 }

// isCallEvent tells whether call monitoring delivers the message.
func isCallEvent(message string) bool {
	n := messageTable[message]
	return n >= 160 && n <= 166
}

// text returns a text attribute, "" when it is missing or of another type.
func text(attributes map[string]any, key string) string {
	s, _ := attributes[key].(string)
	return s
}
