package routing

import (
	"encoding/json"
	"maps"

	"engage.connector/pkg/genesys"
)

// queueFields are the fields of a queue that the struct names.
type queueFields struct {
	ID                  string       `json:"id,omitempty"`
	Name                string       `json:"name,omitempty"`
	Description         string       `json:"description,omitempty"`
	Division            *genesys.Ref `json:"division,omitempty"`
	PeerID              string       `json:"peerId,omitempty"`
	EnableTranscription *bool        `json:"enableTranscription,omitempty"`
}

// MarshalJSON writes the queue with all fields that it was read with.
func (q Queue) MarshalJSON() ([]byte, error) {
	named, err := json.Marshal(queueFields{q.ID, q.Name, q.Description, q.Division, q.PeerID, q.EnableTranscription})
	if err != nil || len(q.other) == 0 {
		return named, err
	}
	all := make(map[string]json.RawMessage, len(q.other)+6)
	maps.Copy(all, q.other)
	if err := json.Unmarshal(named, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads a queue and keeps what the struct does not name.
func (q *Queue) UnmarshalJSON(data []byte) error {
	var named queueFields
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	var other map[string]json.RawMessage
	if err := json.Unmarshal(data, &other); err != nil {
		return err
	}
	for _, name := range []string{"id", "name", "description", "division", "peerId", "enableTranscription"} {
		delete(other, name)
	}
	*q = Queue{named.ID, named.Name, named.Description, named.Division, named.PeerID, named.EnableTranscription, other}
	return nil
}
