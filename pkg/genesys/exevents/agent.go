package exevents

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/fault"

	"engage.connector/pkg/genesys"
)

// RoutingStatus is an agent's routing status in the spelling of injection. (Reading it back gives
// another spelling: OFF_QUEUE and so on.)
type RoutingStatus string

// The routing statuses that can be injected.
const (
	OffQueue      RoutingStatus = "OffQueue"
	Idle          RoutingStatus = "Idle"
	Interacting   RoutingStatus = "Interacting"
	Communicating RoutingStatus = "Communicating"
	NotResponding RoutingStatus = "NotResponding"
)

var routingStatuses = []RoutingStatus{OffQueue, Idle, Interacting, Communicating, NotResponding}

// PresenceEvent reports a user's presence. Its JSON is that of the API and round-trips.
type PresenceEvent struct {
	EventID              string // V4 UUID
	EventDateTime        time.Time
	UserID               string
	SourceID             string // id of the Source object
	PresenceDefinitionID string // id of a presence definition of the organization
	Message              string
}

// RoutingStatusEvent reports an agent's routing status. Its JSON is that of the API and round-trips.
type RoutingStatusEvent struct {
	EventID       string // V4 UUID
	EventDateTime time.Time
	AgentID       string // the user's id; the API calls it agentId here and userId in presence events
	SourceID      string // id of the Source object
	Status        RoutingStatus
}

type presenceEventJSON struct {
	EventID              string `json:"eventId"`
	EventDateTime        string `json:"eventDateTime"`
	UserID               string `json:"userId"`
	SourceID             string `json:"sourceId"`
	PresenceDefinitionID string `json:"presenceDefinitionId,omitempty"`
	Message              string `json:"message,omitempty"`
}

type routingStatusEventJSON struct {
	EventID       string        `json:"eventId"`
	EventDateTime string        `json:"eventDateTime"`
	AgentID       string        `json:"agentId"`
	Status        RoutingStatus `json:"status"`
	SourceID      string        `json:"sourceId"`
}

// MarshalJSON writes the API's form.
func (e PresenceEvent) MarshalJSON() ([]byte, error) {
	return json.Marshal(presenceEventJSON{
		EventID: e.EventID, EventDateTime: genesys.FormatTime(e.EventDateTime), UserID: e.UserID, SourceID: e.SourceID,
		PresenceDefinitionID: e.PresenceDefinitionID, Message: e.Message,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *PresenceEvent) UnmarshalJSON(data []byte) error {
	var raw presenceEventJSON
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, raw.EventDateTime)
	if err != nil {
		return err
	}
	*e = PresenceEvent{
		EventID: raw.EventID, EventDateTime: at, UserID: raw.UserID, SourceID: raw.SourceID,
		PresenceDefinitionID: raw.PresenceDefinitionID, Message: raw.Message,
	}
	return nil
}

// MarshalJSON writes the API's form.
func (e RoutingStatusEvent) MarshalJSON() ([]byte, error) {
	return json.Marshal(routingStatusEventJSON{
		EventID: e.EventID, EventDateTime: genesys.FormatTime(e.EventDateTime), AgentID: e.AgentID, Status: e.Status, SourceID: e.SourceID,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *RoutingStatusEvent) UnmarshalJSON(data []byte) error {
	var raw routingStatusEventJSON
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339, raw.EventDateTime)
	if err != nil {
		return err
	}
	*e = RoutingStatusEvent{EventID: raw.EventID, EventDateTime: at, AgentID: raw.AgentID, Status: raw.Status, SourceID: raw.SourceID}
	return nil
}

// Validate reports missing fields and a malformed event id as code Invalid.
func (e PresenceEvent) Validate() error {
	faults := commonFaults(e.EventID, e.EventDateTime)
	faults = appendMissing(faults, "userId", e.UserID)
	faults = appendMissing(faults, "sourceId", e.SourceID)
	if len(faults) == 0 {
		return nil
	}
	return invalidEvent("presence", strings.Join(faults, ", "))
}

// Validate reports missing fields, a malformed event id and an unknown status as code Invalid.
func (e RoutingStatusEvent) Validate() error {
	faults := commonFaults(e.EventID, e.EventDateTime)
	faults = appendMissing(faults, "agentId", e.AgentID)
	faults = appendMissing(faults, "sourceId", e.SourceID)
	if !slices.Contains(routingStatuses, e.Status) {
		faults = append(faults, "status is none of the API's")
	}
	if len(faults) == 0 {
		return nil
	}
	return invalidEvent("routing status", strings.Join(faults, ", "))
}

func commonFaults(eventID string, at time.Time) []string {
	var faults []string
	if !isV4(eventID) {
		faults = append(faults, "eventId is no V4 UUID")
	}
	if at.IsZero() {
		faults = append(faults, "eventDateTime is missing")
	}
	return faults
}

func appendMissing(faults []string, field, value string) []string {
	if value == "" {
		return append(faults, field+" is missing")
	}
	return faults
}

func invalidEvent(kind, faults string) *fault.Error {
	return fault.New(fault.Invalid, "genesys.event", "invalid "+kind+" event: "+faults)
}
