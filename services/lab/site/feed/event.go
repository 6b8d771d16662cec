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
)

// The servers' messages that the edge itself understands or sends.
const (
	msgError         = "EventError"
	msgRegistered    = "EventRegistered"
	msgInfo          = "EventInfo"
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

// numberOf returns the message number of T-Library or, for EventInfo, of Stat Server; 0 when it has none.
func numberOf(message string) int {
	switch message {
	case msgInfo:
		return 2
	case msgError:
		return 52
	case msgRegistered:
		return 53
	case "EventQueued":
		return 57
	case "EventDiverted":
		return 58
	case "EventAbandoned":
		return 59
	case msgAgentLogin:
		return 73
	case msgAgentLogout:
		return 74
	case msgAgentReady:
		return 75
	case msgAgentNotReady:
		return 76
	case "EventUserEvent":
		return 96
	case msgCallCreated:
		return 160
	case msgCallChanged:
		return 161
	case msgCallDeleted:
		return 162
	case msgPartyAdded:
		return 163
	case msgPartyState:
		return 164
	case msgPartyMoved:
		return 165
	case msgPartyDeleted:
		return 166
	default:
		return 0
	}
}

// Known tells whether the message is one that the lab's servers send (it has a number).
func Known(message string) bool { return numberOf(message) != 0 }

// isCallEvent tells whether call monitoring delivers the message.
func isCallEvent(message string) bool {
	n := numberOf(message)
	return n >= 160 && n <= 166
}

// text returns a text attribute, "" when it is missing or of another type.
func text(attributes map[string]any, key string) string {
	s, _ := attributes[key].(string)
	return s
}
