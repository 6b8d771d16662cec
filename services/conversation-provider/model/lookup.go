package model

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
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

// maxParts bounds the calls, and the recordings, that are shown of one interaction. Both of a call's
// keys are asked for in one step, which may name 1,000.
const maxParts = 500

// Load reads parts of the stored state: those of the keys, at most 1,000, that there are.
type Load func(ctx context.Context, keys ...string) (map[string][]byte, error)

// StoredTrace finds a call's trace in stored state, of which it reads the call's interaction only: for
// an instance that is not the writer.
func StoredTrace(ctx context.Context, load Load, uuid string) (Trace, bool, error) {
	s := stored{load: load, calls: map[string]*Interaction{}, records: map[string]*Record{}}
	if err := s.readCalls(ctx, uuid); err != nil {
		return Trace{}, false, err
	}
	root := s.calls[uuid]
	if root == nil {
		return Trace{}, false, nil
	}
	if root.Root != "" {
		if err := s.readCalls(ctx, root.Root); err != nil {
			return Trace{}, false, err
		}
		if whole := s.calls[root.Root]; whole != nil {
			root = whole
		}
	}
	if err := s.readCalls(ctx, root.members()...); err != nil {
		return Trace{}, false, err
	}
	if err := s.readRecords(ctx); err != nil {
		return Trace{}, false, err
	}
	return traceOf(uuid, func(uuid string) *Interaction { return s.calls[uuid] }, func(id string) *Record { return s.records[id] })
}

// stored is as much of the stored state as was read.
type stored struct {
	load    Load
	calls   map[string]*Interaction
	records map[string]*Record
}

// readCalls reads calls whether they are open or closed.
func (s *stored) readCalls(ctx context.Context, uuids ...string) error {
	uuids = uuids[:min(len(uuids), maxParts)]
	keys := make([]string, 0, 2*len(uuids))
	for _, uuid := range uuids {
		keys = append(keys, keyCall+uuid, keyClosed+uuid)
	}
	found, err := s.load(ctx, keys...)
	if err != nil {
		return err
	}
	for _, uuid := range uuids {
		data, ok := found[keyCall+uuid]
		if !ok {
			data, ok = found[keyClosed+uuid]
		}
		if !ok {
			continue
		}
		in := &Interaction{}
		if err := packed.Decode(data, in); err != nil {
			return fault.Newf(fault.Internal, "model.trace", "stored interaction %s: %w", uuid, err)
		}
		s.calls[uuid] = in
	}
	return nil
}

// readRecords reads the recordings of the calls that were read.
func (s *stored) readRecords(ctx context.Context) error {
	var keys []string
	for _, in := range s.calls {
		for _, id := range in.Recordings {
			keys = append(keys, keyRecord+id)
		}
	}
	found, err := s.load(ctx, keys[:min(len(keys), maxParts)]...)
	if err != nil {
		return err
	}
	for key, data := range found {
		r := &Record{}
		if err := packed.Decode(data, r); err != nil {
			return fault.Newf(fault.Internal, "model.trace", "stored recording %s: %w", key, err)
		}
		s.records[strings.TrimPrefix(key, keyRecord)] = r
	}
	return nil
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
	members := root.members()
	for _, member := range members[:min(len(members), maxParts)] {
		in := find(member)
		if in == nil {
			continue
		}
		data, err := json.Marshal(in)
		if err != nil {
			return Trace{}, false, fault.Newf(fault.Internal, "model.trace", "encoding interaction %s: %w", member, err)
		}
		if member == root.UUID {
			t.Interaction = data
		} else {
			t.Calls = append(t.Calls, data)
		}
		for _, id := range in.Recordings {
			if r := record(id); r != nil && len(t.Recordings) < maxParts {
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
		OpenCalls: m.book.Len() + len(m.resting), ClosedCalls: len(m.closed), Waiting: len(m.waiting.due), Orphans: m.book.OrphanCount(),
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
