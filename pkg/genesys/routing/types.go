package routing

import (
	"encoding/json"

	"engage.connector/pkg/genesys"
)

// Skill is a routing skill; State is active, inactive or deleted.
type Skill struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state,omitempty"`
}

// Queue is a routing queue. Fields that the struct does not name survive a round trip of
// GetQueue or UpdateQueue in other.
type Queue struct {
	ID                  string
	Name                string
	Description         string
	Division            *genesys.Ref
	PeerID              string // id of the associated external queue
	EnableTranscription *bool
	other               map[string]json.RawMessage
}

// UserMembers is how many users are members themselves, not through a group; shown is false when the
// answer does not say.
func (q Queue) UserMembers() (n int, shown bool) {
	raw, has := q.other["userMemberCount"]
	shown = has && string(raw) != "null" && json.Unmarshal(raw, &n) == nil
	return n, shown
}

// QueueFilter selects queues; the zero value means all.
type QueueFilter struct {
	Name    string // may begin and end with *
	PeerID  string
	HasPeer bool // only queues that have a peer id
}

// QueueMember is a member of a queue; MemberBy is "user" or "group".
type QueueMember struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Joined   bool   `json:"joined"`
	MemberBy string `json:"memberBy,omitempty"`
}

// WrapupCode is a wrap-up code.
type WrapupCode struct {
	ID          string       `json:"id,omitempty"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Division    *genesys.Ref `json:"division,omitempty"`
}

// TranscriptionSettings says whether the organization transcribes calls.
type TranscriptionSettings struct {
	Transcription string `json:"transcription"` // Disabled, EnabledGlobally, EnabledQueueFlow
	Confidence    int    `json:"transcriptionConfidenceThreshold"`
	LowLatency    bool   `json:"lowLatencyTranscriptionEnabled"`
}
