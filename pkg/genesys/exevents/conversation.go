package exevents

import (
	"time"
)

// EventType names one of the 18 voice events of conversation injection.
type EventType string

// The voice events. The names are those of the API's models without the word Event.
const (
	ExternalEstablished             EventType = "ExternalEstablished"
	IVREstablished                  EventType = "IvrEstablished"
	RoutingEstablished              EventType = "RoutingEstablished"
	UserEstablished                 EventType = "UserEstablished"
	PhoneEstablished                EventType = "PhoneEstablished"
	CommunicationAnswered           EventType = "CommunicationAnswered"
	HoldUpdated                     EventType = "HoldUpdated"
	AudioUpdated                    EventType = "AudioUpdated"
	CommunicationEnded              EventType = "CommunicationEnded"
	CommunicationDispositionApplied EventType = "CommunicationDispositionApplied"
	UserTransfer                    EventType = "UserTransfer"
	RoutingTransfer                 EventType = "RoutingTransfer"
	PhoneTransfer                   EventType = "PhoneTransfer"
	ProgressTransfer                EventType = "ProgressTransfer"
	EndTransfer                     EventType = "EndTransfer"
	ConsultTransfer                 EventType = "ConsultTransfer"
	ProgressConsultTransfer         EventType = "ProgressConsultTransfer"
	EndConsultTransfer              EventType = "EndConsultTransfer"
)

// DisconnectType says why a communication ended, as seen from that communication.
type DisconnectType string

// The disconnect types of CommunicationEnded.
const (
	DisconnectError              DisconnectType = "Error"
	DisconnectPeer               DisconnectType = "Peer"
	DisconnectSelf               DisconnectType = "Self"
	DisconnectSystem             DisconnectType = "System"
	DisconnectTransfer           DisconnectType = "Transfer"
	DisconnectTransferACD        DisconnectType = "TransferACD"
	DisconnectTransferConference DisconnectType = "TransferConference"
	DisconnectTransferConsult    DisconnectType = "TransferConsult"
	DisconnectTransferUser       DisconnectType = "TransferUser"
)

// TransferType says whether the transferring party waited for the destination.
type TransferType string

// The transfer types of UserTransfer, RoutingTransfer and PhoneTransfer.
const (
	TransferAttended   TransferType = "Attended"
	TransferUnattended TransferType = "Unattended"
)

// TransferState is how a transfer command ended.
type TransferState string

// The final states of EndTransfer.
const (
	TransferCompleted TransferState = "Completed"
	TransferCanceled  TransferState = "Canceled"
	TransferFailed    TransferState = "Failed"
)

// ConversationEvent is one event of a conversation, of any type. Type decides which fields are
// sent: the API's field lists stand in specs.go, and fields that the type does not have are left out.
// Seal writes the API's form, Open reads it.
//
// All ids of events, conversations, communications and commands are V4 UUIDs chosen by the sender.
type ConversationEvent struct {
	Type EventType `json:"type"`

	// Every event.
	EventID        string    `json:"eventId"`
	EventDateTime  time.Time `json:"eventDateTime"` // sent with millisecond precision
	ConversationID string    `json:"conversationId"`

	// The party leg the event is about: all events but the transfers.
	CommunicationID string `json:"communicationId,omitempty"`

	// Established events.
	ANI                   string                `json:"ani,omitempty"`
	ANIName               string                `json:"aniName,omitempty"`  // external
	DNIS                  string                `json:"dnis,omitempty"`     //
	DNISName              string                `json:"dnisName,omitempty"` // external
	IVRPhoneNumber        string                `json:"ivrPhoneNumber,omitempty"`
	IVRName               string                `json:"ivrName,omitempty"`
	PhoneNumber           string                `json:"phoneNumber,omitempty"` // routing, user, phone
	QueueID               string                `json:"queueId,omitempty"`     // routing: required; user: on behalf of, outbound only
	UserID                string                `json:"userId,omitempty"`
	StationID             string                `json:"stationId,omitempty"`
	SkillIDs              []string              `json:"skillIds,omitempty"`   // routing, routing transfer
	LanguageID            string                `json:"languageId,omitempty"` // routing, routing transfer
	AfterCallWorkRequired bool                  `json:"afterCallWorkRequired,omitempty"`
	InitialConfiguration  *InitialConfiguration `json:"initialConfiguration,omitempty"`
	SourceConfiguration   *SourceConfiguration  `json:"sourceConfiguration,omitempty"`

	// Changes of a leg.
	Held                      bool           `json:"held,omitempty"`       // HoldUpdated; always sent there
	AudioState                *AudioState    `json:"audioState,omitempty"` // AudioUpdated
	DisconnectType            DisconnectType `json:"disconnectType,omitempty"`
	DestinationConversationID string         `json:"destinationConversationId,omitempty"` // the leg moves there on a merge
	Code                      string         `json:"code,omitempty"`                      // wrap-up code id; empty: disposition skipped
	Notes                     string         `json:"notes,omitempty"`
	Tags                      []string       `json:"tags,omitempty"`

	// Transfers. Initiating is the leg that starts the transfer, target the leg transferred away
	// from, object the leg transferred, destination where it goes. CommandID ties the events of
	// one transfer together.
	TransferType               TransferType  `json:"transferType,omitempty"`
	CommandID                  string        `json:"commandId,omitempty"`
	InitiatingCommunicationID  string        `json:"initiatingCommunicationId,omitempty"`
	TargetCommunicationID      string        `json:"targetCommunicationId,omitempty"`
	ObjectCommunicationID      string        `json:"objectCommunicationId,omitempty"`
	DestinationCommunicationID string        `json:"destinationCommunicationId,omitempty"`
	DestinationUserID          string        `json:"destinationUserId,omitempty"`
	DestinationQueueID         string        `json:"destinationQueueId,omitempty"`
	DestinationPhoneNumber     string        `json:"destinationPhoneNumber,omitempty"`
	FinalState                 TransferState `json:"finalState,omitempty"`
}

// InitialConfiguration is the state of a leg when it is established. The booleans are always sent:
// what the API takes their absence for is not documented.
type InitialConfiguration struct {
	AudioState      *AudioState       `json:"audioState,omitempty"`
	Alerting        bool              `json:"alerting"`            // false: the leg starts connected
	Inbound         bool              `json:"inbound"`             // seen from the contact center
	InvitedBy       string            `json:"invitedBy,omitempty"` // communication id of the peer that invited this one
	RecordingActive bool              `json:"recordingActive"`
	AdditionalInfo  map[string]string `json:"additionalInfo,omitempty"` // stored for diagnosis, not indexed
}

// AudioState says what a party can do with its audio.
type AudioState struct {
	CanHear  bool `json:"canHear"`
	CanSpeak bool `json:"canSpeak"`
}

// SourceConfiguration ties a leg to the external platform it was reported by.
type SourceConfiguration struct {
	SourceID      string `json:"sourceId"`        // id of the Source object
	InteractionID string `json:"interactionId"`   // the platform's own id of the interaction
	TagID         string `json:"tagId,omitempty"` // tags the conversation: its externalTag
}

// Validate reports everything that makes the event unfit to be sent: missing required fields, ids
// that are no V4 UUIDs, values outside their enumerations. It returns a *fault.Error with code
// Invalid, or nil.
func (e *ConversationEvent) Validate() error { return e.Seal().Validate() }
