package conversation

import "time"

// Kind is an event type, named as its array in the batch without the ending "Events".
type Kind string

// The 18 voice event types (API field names of BatchConversationEventRequest).
const (
	ExternalEstablished     Kind = "externalEstablished"
	IVREstablished          Kind = "ivrEstablished"
	RoutingEstablished      Kind = "routingEstablished"
	UserEstablished         Kind = "userEstablished"
	PhoneEstablished        Kind = "phoneEstablished"
	Answered                Kind = "communicationAnswered"
	HoldUpdated             Kind = "holdUpdated"
	AudioUpdated            Kind = "audioUpdated"
	CommunicationEnded      Kind = "communicationEnded"
	DispositionApplied      Kind = "communicationDispositionApplied"
	UserTransfer            Kind = "userTransfer"
	RoutingTransfer         Kind = "routingTransfer"
	PhoneTransfer           Kind = "phoneTransfer"
	ProgressTransfer        Kind = "progressTransfer"
	EndTransfer             Kind = "endTransfer"
	ConsultTransfer         Kind = "consultTransfer"
	ProgressConsultTransfer Kind = "progressConsultTransfer"
	EndConsultTransfer      Kind = "endConsultTransfer"
)

// The kinds of Transfer.
const (
	kindUser    = "user"
	kindRouting = "routing"
	kindPhone   = "phone"
	kindConsult = "consult"
)

// Kinds returns all event types in the order in which a batch is read.
func Kinds() []Kind {
	return []Kind{
		ExternalEstablished, IVREstablished, RoutingEstablished, UserEstablished, PhoneEstablished, Answered,
		HoldUpdated, AudioUpdated, CommunicationEnded, DispositionApplied, UserTransfer, RoutingTransfer,
		PhoneTransfer, ProgressTransfer, EndTransfer, ConsultTransfer, ProgressConsultTransfer, EndConsultTransfer,
	}
}

// emailArrays are the e-mail arrays of the batch. They are part of the API, but this organization takes voice only.
func emailArrays() []string {
	return []string{
		"emailBeginTransmittingEvents", "emailCommunicationEndedEvents", "emailExternalEstablishedEvents",
		"emailFlowEstablishedEvents", "emailRoutingEstablishedEvents", "emailUserEstablishedEvents",
		"emailCommunicationAnsweredEvents", "emailCommunicationDispositionAppliedEvents",
		"emailCommunicationSentMessageEvents", "emailHoldUpdatedEvents", "emailEndTransferEvents",
		"emailProgressTransferEvents", "emailRoutingTransferEvents", "emailUserTransferEvents",
	}
}

// Event is one event of any type; fields an event type does not have stay zero.
type Event struct {
	Kind            Kind
	ID              string // V4 UUID, unique per event
	At              time.Time
	ConversationID  string
	CommunicationID string

	Initial Initial
	Source  Source

	ANI, ANIName, DNIS, DNISName   string
	PhoneNumber, IVRPhone, IVRName string
	UserID, QueueID, StationID     string
	LanguageID                     string
	SkillIDs                       []string
	ACWRequired                    bool
	Held                           bool
	Audio                          Audio
	DisconnectType                 string
	DestinationConversationID      string
	Code                           string // wrap-up code id; empty = disposition skipped
	Notes                          string
	Tags                           []string
	CommandID, TransferType        string
	FinalState                     string
	Initiating, Target, Object     string
	Destination                    string // communication id
	DestinationUserID              string
	DestinationQueueID             string
	DestinationPhone               string
}

// Initial is the API's InitialConfiguration.
type Initial struct {
	Audio           Audio
	Alerting        bool
	Inbound         bool
	InvitedBy       string
	RecordingActive bool
	AdditionalInfo  map[string]string
}

// Audio is the API's AudioState; a missing member is nil.
type Audio struct {
	CanHear  *bool `json:"canHear"`
	CanSpeak *bool `json:"canSpeak"`
}

// Source is the API's SourceConfiguration.
type Source struct {
	SourceID      string
	InteractionID string
	TagID         string
}
