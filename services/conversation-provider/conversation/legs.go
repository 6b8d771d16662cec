package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
)

// Leg is one party of the conversation, as far as it is or will be injected.
type Leg struct {
	packed.Kept

	Kind LegKind `json:"kind"`
	// Party is the Engage side of the leg: the key of a party, or of the first stay in the queue (see
	// Group.key).
	Party string `json:"party"`
	// Also are the keys under which the same person came into further calls of the interaction: the
	// consultation call, the call of another site, the call that two were merged into.
	Also []string `json:"also,omitempty"`
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
	Left     time.Time `json:"left,omitzero"` // the party left; its leg ends when it is known who took over
	Ended    time.Time `json:"ended,omitzero"`
	Heard    time.Time `json:"heard,omitzero"` // how far the links had come when the end was read, if that was late

	Opened     bool                    `json:"opened,omitempty"`   // its Established event was sent
	Alerting   bool                    `json:"alerting,omitempty"` // it was not answered when it began
	Consult    bool                    `json:"consult,omitempty"`  // it belongs to a consultation, the caller has not met it
	WrapsUp    bool                    `json:"wrapsUp,omitempty"`  // User: after-call work is expected
	Held       bool                    `json:"held,omitempty"`
	Holds      int                     `json:"holds,omitempty"` // hold updates sent
	Disconnect exevents.DisconnectType `json:"disconnect,omitempty"`
	Disposed   bool                    `json:"disposed,omitempty"` // User: the disposition was applied or skipped
}

// Open tells whether the leg is established and has not ended.
func (l *Leg) Open() bool { return l != nil && l.Opened && l.Ended.IsZero() }

// at tells whether a key of a party or stay is one of the leg's.
func (l *Leg) at(key string) bool {
	return l.Party == key || l.Visit != "" && l.Visit == key || slices.Contains(l.Also, key)
}

// talker tells whether the leg is of someone who talks to the caller.
func (l *Leg) talker() bool { return l.Kind == User || l.Kind == Phone }

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

// newest returns the newest leg that has not ended and fits.
func (c *Conversation) newest(fits func(*Leg) bool) *Leg {
	for _, l := range slices.Backward(c.Legs) {
		if l.Ended.IsZero() && fits(l) {
			return l
		}
	}
	return nil
}

// leg returns the newest leg of a kind, consultations aside, that has not ended.
func (c *Conversation) leg(kind LegKind) *Leg {
	return c.newest(func(l *Leg) bool { return l.Kind == kind && !l.Consult })
}

// talker is the agent or outside number that talks to the caller, or whose phone rings.
func (c *Conversation) talker() *Leg {
	return c.newest(func(l *Leg) bool { return l.talker() && !l.Consult })
}

// former is the agent who handed the caller on to the leg given.
func (c *Conversation) former(to *Leg) *Leg {
	return c.newest(func(l *Leg) bool {
		return l.talker() && !l.Consult && l != to && (c.Transfer == nil || l.ID != c.Transfer.LegID)
	})
}

// peer is who is consulted.
func (c *Conversation) peer() *Leg {
	return c.newest(func(l *Leg) bool { return l.talker() && l.Consult })
}

// peerQueue is the queue in which an agent waits for whom to consult.
func (c *Conversation) peerQueue() *Leg {
	return c.newest(func(l *Leg) bool { return l.Kind == ACD && l.Consult })
}

// legAt returns the leg of a party or a stay in a queue that has not ended.
func (c *Conversation) legAt(key string) *Leg {
	return c.newest(func(l *Leg) bool { return l.at(key) })
}

// external is the caller's leg, also when it has ended.
func (c *Conversation) external() *Leg {
	for _, l := range c.Legs {
		if l.Kind == External {
			return l
		}
	}
	return nil
}
