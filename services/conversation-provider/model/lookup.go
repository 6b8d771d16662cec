package model

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Trace is what an operator sees of a call.
type Trace struct {
	Interaction json.RawMessage `json:"interaction"`
	Recordings  []Record        `json:"recordings,omitempty"`
}

// Lookup returns the trace of a call; false when it is not known. It may be called from any
// goroutine, on the instance that is the writer.
func (m *Model) Lookup(uuid string) (Trace, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	in := m.interaction(uuid)
	if in == nil {
		return Trace{}, false, nil
	}
	data, err := json.Marshal(in)
	if err != nil {
		return Trace{}, false, fmt.Errorf("encoding interaction %s: %w", uuid, err)
	}
	t := Trace{Interaction: data}
	for _, id := range in.Recordings {
		if r := m.records[id]; r != nil {
			t.Recordings = append(t.Recordings, *r)
		}
	}
	return t, true, nil
}

// TraceOf finds a call's trace in stored state: for an instance that is not the writer.
func TraceOf(state map[string][]byte, uuid string) (Trace, bool, error) {
	data, ok := state[keyCall+uuid]
	if !ok {
		data, ok = state[keyClosed+uuid]
	}
	if !ok {
		return Trace{}, false, nil
	}
	var in Interaction
	if err := json.Unmarshal(data, &in); err != nil {
		return Trace{}, false, fmt.Errorf("stored interaction %s: %w", uuid, err)
	}
	t := Trace{Interaction: data}
	for _, id := range in.Recordings {
		var r Record
		if stored, ok := state[keyRecord+id]; ok && json.Unmarshal(stored, &r) == nil {
			t.Recordings = append(t.Recordings, r)
		}
	}
	return t, true, nil
}

// Counts are the sizes of the model.
type Counts struct {
	OpenCalls   int `json:"openCalls"`
	ClosedCalls int `json:"closedCalls"`
	Waiting     int `json:"waiting"` // calls that wait for a link or for the end of after-call work
	Orphans     int `json:"orphans"` // ConnIDs whose call is not known
	Kept        int `json:"recordingsKept"`
	Submitted   int `json:"recordingsSubmitted"`
}

// Counts returns the sizes of the model.
func (m *Model) Counts() Counts {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return Counts{
		OpenCalls: m.book.Len(), ClosedCalls: len(m.closed), Waiting: len(m.waiting), Orphans: m.book.OrphanCount(),
		Kept: m.kept, Submitted: len(m.records) - m.kept,
	}
}

// Kept lists up to limit segments that are not submitted, oldest first, with their reasons.
func (m *Model) Kept(limit int) []Record {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var kept []Record
	for _, r := range m.records {
		if r.State == RecordingKept {
			kept = append(kept, *r)
		}
	}
	slices.SortFunc(kept, func(a, b Record) int { return a.At.Compare(b.At) })
	return kept[:min(limit, len(kept))]
}
