// Package conversation is the organization's idea of an injected conversation: what an event may say, which rules
// it has to obey in the conversation's present state, and what it changes. It is pure: no clock, no I/O, no HTTP.
//
// The API definition fixes the event types and their fields. The rules about order, repetition and unknown ids are
// not publicly documented; they are this simulator's assumptions (facts, genesys-cloud-api 3.6 and 3.7), kept as
// tables in rules.go so that each can be changed by itself.
package conversation

import "time"

// Purpose tells what kind of party a communication (leg) belongs to, with the words of the read API.
type Purpose string

// The purposes, one per established event.
const (
	External Purpose = "external"
	IVR      Purpose = "ivr"
	ACD      Purpose = "acd"
	Agent    Purpose = "agent"
	Phone    Purpose = "phone"
)

// Interval is a span of time; End is zero while it lasts.
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end,omitzero"`
}

// Party is one communication of a conversation. All times are those of the events, in UTC.
type Party struct {
	CommunicationID           string     `json:"communicationId"`
	Purpose                   Purpose    `json:"purpose"`
	UserID                    string     `json:"userId,omitempty"`
	QueueID                   string     `json:"queueId,omitempty"` // acd: the queue; agent: on behalf of
	Name                      string     `json:"name,omitempty"`
	PhoneNumber               string     `json:"phoneNumber,omitempty"`
	ANI                       string     `json:"ani,omitempty"`
	DNIS                      string     `json:"dnis,omitempty"`
	InteractionID             string     `json:"interactionId"`
	InvitedBy                 string     `json:"invitedBy,omitempty"`
	Inbound                   bool       `json:"inbound"`
	Consult                   bool       `json:"consult,omitempty"` // the user's second line
	Start                     time.Time  `json:"start"`
	Answered                  time.Time  `json:"answered,omitzero"`
	End                       time.Time  `json:"end,omitzero"`
	DisconnectType            string     `json:"disconnectType,omitempty"`
	DestinationConversationID string     `json:"destinationConversationId,omitempty"`
	Holds                     []Interval `json:"holds,omitempty"`
	Muted                     bool       `json:"muted,omitempty"`
	ACWRequired               bool       `json:"afterCallWorkRequired,omitempty"`
	WrapupCode                string     `json:"wrapupCode,omitempty"`
	WrapupNotes               string     `json:"wrapupNotes,omitempty"`
	WrapupSkipped             bool       `json:"wrapupSkipped,omitempty"`
	WrapupAt                  time.Time  `json:"wrapupAt,omitzero"`
}

// Live reports whether the party has not ended.
func (p *Party) Live() bool { return p.End.IsZero() }

// Alerting reports whether the party still rings.
func (p *Party) Alerting() bool { return p.Live() && p.Answered.IsZero() }

// Held reports whether the party is on hold.
func (p *Party) Held() bool { return len(p.Holds) > 0 && p.Holds[len(p.Holds)-1].End.IsZero() }

// Transfer is one transfer command; consult transfers carry no command id.
type Transfer struct {
	CommandID          string    `json:"commandId,omitempty"`
	Kind               string    `json:"kind"` // user, routing, phone, consult
	Type               string    `json:"type,omitempty"`
	Initiating         string    `json:"initiating"`
	Target             string    `json:"target,omitempty"`
	Object             string    `json:"object"`
	Destination        string    `json:"destination,omitempty"`
	DestinationUserID  string    `json:"destinationUserId,omitempty"`
	DestinationQueueID string    `json:"destinationQueueId,omitempty"`
	DestinationPhone   string    `json:"destinationPhoneNumber,omitempty"`
	Started            time.Time `json:"started"`
	Progressed         time.Time `json:"progressed,omitzero"`
	Ended              time.Time `json:"ended,omitzero"`
	FinalState         string    `json:"finalState,omitempty"`
}

// Open reports whether the transfer was not ended yet.
func (t *Transfer) Open() bool { return t.Ended.IsZero() }

// Conversation is the state of one conversation. It has ended when all its parties have.
type Conversation struct {
	ID            string     `json:"id"`
	InteractionID string     `json:"interactionId"`
	ExternalTag   string     `json:"externalTag,omitempty"`
	SourceID      string     `json:"sourceId"`
	Start         time.Time  `json:"start"`
	End           time.Time  `json:"end,omitzero"`
	LastEvent     time.Time  `json:"lastEvent"`
	Events        int        `json:"events"`
	Parties       []Party    `json:"parties"`
	Transfers     []Transfer `json:"transfers,omitempty"`
}

// Ended reports whether every party has ended.
func (c *Conversation) Ended() bool { return !c.End.IsZero() }

// Party returns the party of a communication id, nil when the conversation has none.
func (c *Conversation) Party(communicationID string) *Party {
	for i := range c.Parties {
		if c.Parties[i].CommunicationID == communicationID {
			return &c.Parties[i]
		}
	}
	return nil
}

// Clone returns a copy that shares nothing with the original.
func (c *Conversation) Clone() Conversation {
	out := *c
	out.Parties = append([]Party(nil), c.Parties...)
	for i := range out.Parties {
		out.Parties[i].Holds = append([]Interval(nil), out.Parties[i].Holds...)
	}
	out.Transfers = append([]Transfer(nil), c.Transfers...)
	return out
}

// command returns the transfer of a command id.
func (c *Conversation) command(id string) *Transfer {
	for i := range c.Transfers {
		if c.Transfers[i].CommandID == id && id != "" {
			return &c.Transfers[i]
		}
	}
	return nil
}

// consult returns the open consult transfer.
func (c *Conversation) consult() *Transfer {
	for i := range c.Transfers {
		if t := &c.Transfers[i]; t.Kind == kindConsult && t.Open() {
			return t
		}
	}
	return nil
}
