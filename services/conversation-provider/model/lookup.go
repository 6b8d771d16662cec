package model

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Trace is what an operator sees of a call.
type Trace struct {
	// Interaction is the call that stands for the interaction: its facts that are not read yet, the
	// conversation with its legs, and every decision.
	Interaction json.RawMessage `json:"interaction"`
	// Calls are the other calls of the interaction.
	Calls      []json.RawMessage `json:"calls,omitempty"`
	Recordings []Record          `json:"recordings,omitempty"`
}

// Lookup returns the trace of a call; false when it is not known. It may be called from any
// goroutine, on the instance that is the writer.
func (m *Model) Lookup(uuid string) (Trace, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return traceOf(uuid, m.view, func(id string) *Record { return m.records[id] })
}

// TraceOf finds a call's trace in stored state: for an instance that is not the writer.
func TraceOf(state map[string][]byte, uuid string) (Trace, bool, error) {
	var broken error
	find := func(uuid string) *Interaction {
		data, ok := state[keyCall+uuid]
		if !ok {
			data, ok = state[keyClosed+uuid]
		}
		if !ok {
			return nil
		}
		in, err := decodeInteraction(data)
		if err != nil {
			broken = fmt.Errorf("stored interaction %s: %w", uuid, err)
			return nil
		}
		return in
	}
	trace, found, err := traceOf(uuid, find, func(id string) *Record {
		r := &Record{}
		if data, ok := state[keyRecord+id]; !ok || json.Unmarshal(data, r) != nil {
			return nil
		}
		return r
	})
	if broken != nil {
		return Trace{}, false, broken
	}
	return trace, found, err
}

// traceOf gathers the trace of a call's interaction.
func traceOf(uuid string, find func(string) *Interaction, record func(string) *Record) (Trace, bool, error) {
	root := find(uuid)
	if root != nil && root.Root != "" {
		if whole := find(root.Root); whole != nil {
			root = whole
		}
	}
	if root == nil {
		return Trace{}, false, nil
	}
	t := Trace{}
	for _, member := range root.members() {
		in := find(member)
		if in == nil {
			continue
		}
		data, err := json.Marshal(in)
		if err != nil {
			return Trace{}, false, fmt.Errorf("encoding interaction %s: %w", member, err)
		}
		if member == root.UUID {
			t.Interaction = data
		} else {
			t.Calls = append(t.Calls, data)
		}
		for _, id := range in.Recordings {
			if r := record(id); r != nil {
				t.Recordings = append(t.Recordings, *r)
			}
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
		OpenCalls: m.book.Len() + len(m.resting), ClosedCalls: len(m.closed), Waiting: len(m.waiting), Orphans: m.book.OrphanCount(),
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
