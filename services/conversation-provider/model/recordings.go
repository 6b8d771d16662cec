package model

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/recording"
	"engage.connector/services/conversation-provider/segments"
)

// RecordingState is where a segment is, as far as this service knows.
type RecordingState string

// The states. The list is closed: it labels a metric.
const (
	RecordingKept      RecordingState = "kept"      // not submitted, with a reason; may be later
	RecordingSubmitted RecordingState = "submitted" // handed to the outbox
	RecordingDropped   RecordingState = "dropped"   // kept too long
)

// RecordingStates lists every state.
func RecordingStates() []RecordingState {
	return []RecordingState{RecordingKept, RecordingSubmitted, RecordingDropped}
}

// Record is a segment that was reported.
type Record struct {
	packed.Kept

	ID      string         `json:"id"`
	Segment segments.File  `json:"segment"`
	State   RecordingState `json:"state"`
	Reason  string         `json:"reason,omitempty"`
	At      time.Time      `json:"at"`
	// Body is what the media server posted, while the segment is kept.
	Body string `json:"body,omitempty"`
	// Submission is what was handed over.
	Submission *segments.Submission `json:"submission,omitempty"`
}

// old tells whether a segment was reported too long ago. Its time is the wall clock of the instance
// that took it.
func (r *Record) old(now time.Time, retention time.Duration) bool { return now.Sub(r.At) >= retention }

// refuse tells whether a batch brings more recordings of calls that are not known than can be kept. Those of
// known calls are kept however many they are.
func (m *Model) refuse(events []engage.Event) error {
	brought := 0
	for _, e := range events {
		if e.Message == MsgRecording && !m.knows(e.CallUUID()) {
			brought++
		}
	}
	if brought == 0 || m.kept+brought <= m.opts.MaxUnmatched || m.unmatched()+brought <= m.opts.MaxUnmatched {
		return nil
	}
	return fault.Newf(fault.Unavailable, "model.recording", "recordings of %d calls that are not known are kept already: "+
		"this one is set aside and taken up again when the writing instance starts; if these calls should be known, look at the links in /status", m.opts.MaxUnmatched)
}

// unmatched is how many recordings are kept whose calls are not known.
func (m *Model) unmatched() int {
	n := 0
	for _, r := range m.records {
		if r.State == RecordingKept && !m.knows(r.Segment.CallUUID) {
			n++
		}
	}
	return n
}

func (m *Model) knows(uuid string) bool {
	_, rests := m.resting[uuid]
	_, closed := m.closed[uuid]
	return rests || closed || m.calls[uuid] != nil
}

// readRecording takes what a media server posted.
func (m *Model) readRecording(e engage.Event, out *outbox) {
	body := e.Attributes.Text("Body")
	files, err := segments.Parse([]byte(body))
	if err != nil {
		return // the handler accepts only what can be read
	}
	for _, s := range files {
		id := segments.ID(m.opts.Tenant, s.FileName)
		if s.CallUUID == "" || recording.CheckFileName(s.FileName) != nil || m.records[id] != nil {
			continue
		}
		r := &Record{ID: id, Segment: s, State: RecordingKept, At: e.Time, Body: body}
		m.records[id] = r
		m.kept++
		m.opts.Observer.Recording(r, RecordingKept)
		m.join(r, out)
	}
}

// join tries to submit a segment.
func (m *Model) join(r *Record, out *outbox) {
	if r.State == RecordingSubmitted {
		return
	}
	in := m.interaction(r.Segment.CallUUID)
	if in != nil && !slices.Contains(in.Recordings, r.ID) {
		in.Recordings = append(in.Recordings, r.ID)
		m.touch(in)
	}
	options := m.opts.Recordings.Options()
	what := segments.Interaction{}
	if root := m.whole(in); root != nil {
		what.Conversation = root.Conversation
		what.Over = m.over(root)
		what.Language = m.language(root, options.LanguageKey)
	}
	sub, kept := segments.Join(m.opts.Tenant, r.Segment, what, m.opts.Recordings.Settings(), options)
	if kept != "" {
		if r.Reason != kept {
			r.Reason = kept
			m.dirty.records[r.ID] = struct{}{}
		}
		return
	}
	m.kept--
	r.State, r.Reason, r.Body, r.Submission = RecordingSubmitted, "", "", &sub
	m.dirty.records[r.ID] = struct{}{}
	m.opts.Observer.Recording(r, RecordingSubmitted)
	out.add(OutboxRecording, r.ID, sub.Segment)
}

// interaction finds an open or closed call; nil when it is not known.
func (m *Model) interaction(uuid string) *Interaction {
	if in := m.calls[uuid]; in != nil {
		return in
	}
	if _, rests := m.resting[uuid]; rests && m.book.Call(uuid) != nil {
		return m.calls[uuid]
	}
	return m.closed[uuid].interaction()
}

func (m *Model) touch(in *Interaction) {
	if in.Call == nil {
		m.store(in)
		return
	}
	m.book.Touch(in.UUID)
}

// whole is the interaction that a call belongs to; nil when it is not known.
func (m *Model) whole(in *Interaction) *Interaction {
	if in == nil {
		return nil
	}
	if in.Call != nil {
		in = m.open(in.Call) // what the call belongs to may have changed
	}
	if in.Root == "" {
		return in
	}
	root := m.interaction(in.Root)
	if root != nil && root.Call != nil {
		return m.open(root.Call)
	}
	return root
}

// over tells whether an interaction has ended, so that its recordings can be submitted (guide, "How
// recording injection works", step 5). After-call work is not waited for.
func (m *Model) over(root *Interaction) bool {
	if root.Call == nil {
		return true
	}
	g := m.board.Group(root.UUID)
	return g.Over() && g.Conv.Finished()
}

// joinWaiting submits the segments of an interaction that waited for its end.
func (m *Model) joinWaiting(in *Interaction, out *outbox) {
	for _, id := range in.Recordings {
		if r := m.records[id]; r != nil {
			m.join(r, out)
		}
	}
}
