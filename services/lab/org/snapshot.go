package org

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"

	"engage.connector/services/lab/org/conversation"
	"engage.connector/services/lab/org/upload"
)

// The parts of a conversation in a snapshot.
type (
	// Conversation is one injected conversation.
	Conversation = conversation.Conversation
	// Party is one communication of a conversation.
	Party = conversation.Party
	// Interval is a span of time.
	Interval = conversation.Interval
	// Transfer is one transfer command.
	Transfer = conversation.Transfer
)

// Snapshot is the whole state of an organization, for the page and for comparison with what really happened.
type Snapshot struct {
	OrganizationID string         `json:"organizationId"`
	Name           string         `json:"name"`
	At             time.Time      `json:"at"`
	Users          []User         `json:"users"`
	Queues         []Queue        `json:"queues"`
	Skills         []Skill        `json:"skills"`
	WrapupCodes    []WrapupCode   `json:"wrapupCodes"`
	Sources        []Source       `json:"sources"`
	Definitions    []Definition   `json:"presenceDefinitions"`
	Programs       []Program      `json:"programs"` // of speech analytics; the first is the default
	Conversations  []Conversation `json:"conversations"`
	AgentStates    []AgentState   `json:"agentStates"`
	Recordings     []Recording    `json:"recordings"`
	Counters       Counters       `json:"counters"`
}

// User is a directory user; deleted ones are left out.
type User struct {
	ID            string             `json:"id"`
	UserName      string             `json:"userName"`
	DisplayName   string             `json:"displayName"`
	Active        bool               `json:"active"`
	ExternalID    string             `json:"externalId,omitempty"`
	Emails        []string           `json:"emails,omitempty"`
	Roles         []string           `json:"roles"`  // names
	Skills        map[string]float64 `json:"skills"` // skill name -> proficiency
	PrimarySource string             `json:"primarySource,omitempty"`
	Version       int                `json:"version"`
}

// Queue is a routing queue with its members and wrap-up codes by id.
type Queue struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	PeerID      string   `json:"peerId,omitempty"`
	Description string   `json:"description,omitempty"`
	Members     []string `json:"members"`
	WrapupCodes []string `json:"wrapupCodes"`
}

// Skill is a routing skill.
type Skill struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// WrapupCode is a wrap-up code.
type WrapupCode struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Source is a presence source.
type Source struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Type        string `json:"type"`
	Deactivated bool   `json:"deactivated"`
}

// Definition is a presence definition.
type Definition struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	SystemPresence string `json:"systemPresence"`
}

// AgentState is what was injected of a user's presence and routing status. Presence is the system presence.
type AgentState struct {
	UserID               string    `json:"userId"`
	Presence             string    `json:"presence,omitempty"`
	PresenceDefinitionID string    `json:"presenceDefinitionId,omitempty"`
	Message              string    `json:"message,omitempty"`
	PresenceAt           time.Time `json:"presenceAt,omitzero"`
	RoutingStatus        string    `json:"routingStatus,omitempty"`
	RoutingAt            time.Time `json:"routingAt,omitzero"`
	At                   time.Time `json:"at"` // the later of both
	SourceID             string    `json:"sourceId"`
	Effective            bool      `json:"effective"` // the source is the user's primary one
	Changes              int       `json:"changes"`
}

// Recording is an uploaded recording.
type Recording struct {
	UploadKey       string       `json:"uploadKey"`
	FileName        string       `json:"fileName"` // of the ZIP, as presigned
	ConversationID  string       `json:"conversationId,omitempty"`
	CommunicationID string       `json:"communicationId,omitempty"`
	UserID          string       `json:"userId,omitempty"`
	CallUUID        string       `json:"callUUID,omitempty"`
	KeyID           string       `json:"keyId,omitempty"`
	Start           time.Time    `json:"start,omitzero"`
	End             time.Time    `json:"end,omitzero"`
	State           upload.State `json:"state"`
	Reason          string       `json:"reason,omitempty"`
	Detail          string       `json:"detail,omitempty"`
	AudioSHA256     string       `json:"audioSha256,omitempty"` // of the decrypted audio, hex
	AudioBytes      int          `json:"audioBytes,omitempty"`
	AudioName       string       `json:"audioName,omitempty"` // of the audio entry
	Channels        int          `json:"channels,omitempty"`
	ZIPBytes        int          `json:"zipBytes"`
	ProgramID       string       `json:"programId,omitempty"`
	Language        string       `json:"language,omitempty"`
	UploadedAt      time.Time    `json:"uploadedAt"`

	metadata upload.Metadata
}

// Counters count since the start of the organization.
type Counters struct {
	Requests       map[string]int `json:"requests"` // by route
	Statuses       map[int]int    `json:"statuses"` // by HTTP status
	Throttled      int            `json:"throttled"`
	EventsAccepted int            `json:"eventsAccepted"`
	EventsRepeated int            `json:"eventsRepeated"`
	EventsRejected map[string]int `json:"eventsRejected"` // by reason, without the repeated
}

func newCounters() Counters {
	c := Counters{Requests: make(map[string]int), Statuses: make(map[int]int), EventsRejected: make(map[string]int)}
	for _, reason := range conversation.Reasons() {
		if reason != conversation.ReasonRepeated {
			c.EventsRejected[string(reason)] = 0
		}
	}
	return c
}

func (c Counters) clone() Counters {
	c.Requests, c.Statuses, c.EventsRejected = maps.Clone(c.Requests), maps.Clone(c.Statuses), maps.Clone(c.EventsRejected)
	return c
}

// count counts one answered request.
func (o *Org) count(route string, status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counters.Requests[route]++
	o.counters.Statuses[status]++
	if status == http.StatusTooManyRequests {
		o.counters.Throttled++
	}
}

// countEvent counts one event. The caller holds mu.
func (o *Org) countEvent(rejection *conversation.Rejection) {
	switch {
	case rejection == nil:
		o.counters.EventsAccepted++
	case rejection.Reason == conversation.ReasonRepeated:
		o.counters.EventsRepeated++
	default:
		o.counters.EventsRejected[string(rejection.Reason)]++
	}
}

// Snapshot returns the whole state.
func (o *Org) Snapshot() Snapshot { return o.snapshot(0) }

// snapshot returns the state with at most limit conversations and recordings, the last changed ones (0 = all).
func (o *Org) snapshot(limit int) Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := Snapshot{
		OrganizationID: o.id, Name: o.opts.Name, Programs: slices.Clone(o.sta.programs), At: o.opts.Now(), Users: []User{}, Queues: []Queue{}, Skills: []Skill{}, WrapupCodes: []WrapupCode{},
		Sources: []Source{}, Definitions: []Definition{}, Conversations: o.book.Since(0, limit),
		AgentStates: o.statesSince(0), Recordings: o.recordingsSince(0, limit), Counters: o.counters.clone(),
	}
	for _, u := range o.users.order {
		if !u.deleted {
			s.Users = append(s.Users, o.userSnapshot(u))
		}
	}
	for _, q := range o.queues {
		s.Queues = append(s.Queues, Queue{
			ID: q.ID, Name: q.Name, PeerID: q.PeerID, Description: q.Description,
			Members: sorted(q.members), WrapupCodes: sorted(q.codes),
		})
	}
	for _, k := range o.skills {
		s.Skills = append(s.Skills, Skill{ID: k.ID, Name: k.Name})
	}
	for _, w := range o.codes {
		s.WrapupCodes = append(s.WrapupCodes, WrapupCode{ID: w.ID, Name: w.Name})
	}
	for _, src := range o.presence.sources {
		s.Sources = append(s.Sources, Source{ID: src.ID, Name: src.Name, Type: src.Type, Deactivated: src.Deactivated})
	}
	for _, d := range o.presence.definitions {
		s.Definitions = append(s.Definitions, Definition{ID: d.ID, Name: d.Name, SystemPresence: d.SystemPresence})
	}
	return s
}

func sorted[V any](m map[string]V) []string {
	out := slices.Sorted(maps.Keys(m))
	if out == nil {
		return []string{}
	}
	return out
}

func (o *Org) userSnapshot(u *user) User {
	out := User{
		ID: u.id, UserName: u.userName, DisplayName: u.displayName, Active: u.active, ExternalID: u.externalID,
		Skills: map[string]float64{}, PrimarySource: u.primarySource, Version: u.version,
	}
	for _, e := range u.emails {
		out.Emails = append(out.Emails, e.Value)
	}
	for _, r := range o.rolesOf(u).Roles {
		out.Roles = append(out.Roles, r.Name)
	}
	for _, s := range o.skillsOf(u) {
		out.Skills[s.Name] = s.Proficiency
	}
	return out
}

// statesSince and recordingsSince return what changed after seq. The caller holds mu.
func (o *Org) statesSince(seq uint64) []AgentState {
	out := []AgentState{}
	o.statuses.Since(seq, 0, func(s *AgentState) {
		shown := *s
		shown.Effective = o.effective(s)
		out = append(out, shown)
	})
	slices.SortFunc(out, func(a, b AgentState) int { return cmp.Compare(a.UserID, b.UserID) })
	return out
}

func (o *Org) recordingsSince(seq uint64, limit int) []Recording {
	out := []Recording{}
	o.uploads.recordings.Since(seq, limit, func(r *Recording) { out = append(out, o.shown(r)) })
	slices.SortFunc(out, func(a, b Recording) int {
		return cmp.Or(a.UploadedAt.Compare(b.UploadedAt), cmp.Compare(a.UploadKey, b.UploadKey))
	})
	return out
}
