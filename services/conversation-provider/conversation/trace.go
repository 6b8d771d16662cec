package conversation

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
)

// Trace is a list of decisions in a compact form: a call that is on has a dozen of them, and nobody
// looks at most. Its JSON is a list of decisions.
type Trace struct {
	kept string // of the stored form
	more []byte // since
	n    int
	last time.Time // of the newest one
}

// Len is the number of decisions.
func (t *Trace) Len() int { return t.n }

// IsZero tells whether the trace is empty.
func (t Trace) IsZero() bool { return t.n == 0 }

// add appends a decision: its length, microseconds since the one before, then texts. A later version may
// append what it wants to know of a decision; the length says where the next one begins.
func (t *Trace) add(d Decision) {
	begin := len(t.more)
	b := binary.AppendVarint(append(t.more, 0), d.At.UnixMicro()-t.lastMicro())
	b = appendWord(b, d.What)
	b = appendWord(b, d.Row)
	b = appendText(b, d.Subject)
	b = appendWord(b, string(d.Stage))
	b = appendWord(b, string(d.Reason))
	b = binary.AppendUvarint(b, uint64(len(d.Events)))
	for _, e := range d.Events {
		b = appendWord(b, string(e))
	}
	if d.Without != "" || d.Note != "" {
		b = appendText(appendText(b, d.Without), d.Note)
	}
	if size := len(b) - begin - 1; size < oneByte {
		b[begin] = byte(size)
	} else {
		b = slices.Replace(b, begin, begin+1, binary.AppendUvarint(nil, uint64(size))...)
	}
	t.more, t.last, t.n = b, d.At, t.n+1
}

func (t *Trace) lastMicro() int64 {
	if t.last.IsZero() {
		return 0
	}
	return t.last.UnixMicro()
}

// All decodes the decisions; those that cannot be read are left out.
func (t *Trace) All() []Decision {
	all := make([]Decision, 0, t.n)
	whole := traceReader{data: slices.Concat([]byte(t.kept), t.more)}
	for last := int64(0); len(whole.data) > 0; {
		r := traceReader{data: []byte(whole.text())}
		last += r.number()
		d := Decision{At: time.UnixMicro(last).UTC(), What: r.word(), Row: r.word(), Subject: r.text(), Stage: Stage(r.word()), Reason: Reason(r.word())}
		for range min(r.length(), len(r.data)) {
			d.Events = append(d.Events, exevents.EventType(r.word()))
		}
		d.Without, d.Note = r.notes()
		if r.broken {
			continue // of a version that writes decisions differently, or nothing that was written
		}
		all = append(all, d)
	}
	return all
}

// MarshalJSON writes a list of decisions.
func (t Trace) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(t.All())
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	return data, nil
}

// UnmarshalJSON reads a list of decisions.
func (t *Trace) UnmarshalJSON(data []byte) error {
	var all []Decision
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	*t = Trace{}
	for _, d := range all {
		t.add(d)
	}
	return nil
}

// traceWords are the words that traces consist of. Their places are part of the stored form: words
// may be added at the end only. A word that is missing is written out.
var traceWords = [...]string{
	string(CallerJoined), string(CallerConnected), string(CallerLeft), string(IVRJoined), string(IVRLeft),
	string(AgentJoined), string(AgentConnected), string(AgentHeld), string(AgentLeft), string(FormerLeft),
	string(OutsideJoined), "other joined", string(OtherLeft), string(QueueJoined), string(QueueLeft),
	string(ConsultBegan), string(ConsultAgent), string(ConsultOutside), string(ConsultQueue), string(ConsultAnswered),
	string(ConsultStirs), string(ConsultEnded), string(NestedConsult), string(InConference), string(Supervised),
	string(OtherCall), string(Ended), string(Refused),

	string(StageCaller), string(StageDialing), string(StageCalling), string(StageIVR), string(StageQueue), string(StageRinging),
	string(StageTalking), string(StageTransfer), string(StageParting), string(StageOver), string(StageSuspended), string(StageIgnored),

	string(exevents.ExternalEstablished), string(exevents.IVREstablished), string(exevents.RoutingEstablished),
	string(exevents.UserEstablished), string(exevents.PhoneEstablished), string(exevents.CommunicationAnswered),
	string(exevents.HoldUpdated), string(exevents.CommunicationEnded), string(exevents.CommunicationDispositionApplied),
	string(exevents.UserTransfer), string(exevents.RoutingTransfer), string(exevents.PhoneTransfer), string(exevents.ProgressTransfer),
	string(exevents.EndTransfer), string(exevents.ConsultTransfer), string(exevents.ProgressConsultTransfer), string(exevents.EndConsultTransfer),

	string(callmodel.PartyJoined), string(callmodel.PartyChanged), string(callmodel.PartyLeft), whatWrapUp,

	string(DeviceJoined), string(NewcomerConnected),

	// The rows of ordinary calls.
	"start/caller", "start/ivr", "start/queue", "ivr/queue", "ivr/abandoned", "queue/agent", "queue/abandoned", "queue/requeued",
	"queue/to-ivr", "ringing/answered", "ringing/not-answered", "direct/agent", "outbound/agent", "outbound/customer", "outbound/answered",
	"outbound/connected", "outbound/ended", "talking/held", "talking/retrieved", "talking/party-left", "talking/handed-on",
	"talking/ended", "parting/party-left", "transfer/agent", "transfer/queue", "consult/began", "consult/agent", "consult/answered",
	"consult/transferred", "consult/ended",
}

// traceCodes are the places of the words.
var traceCodes = func() map[string]byte {
	codes := make(map[string]byte, len(traceWords))
	for i, word := range traceWords {
		if _, twice := codes[word]; !twice {
			codes[word] = byte(i) + firstWord
		}
	}
	return codes
}()

// Before a word that is written out, for no word, and the code of the first one.
const (
	wordFollows = 0
	noWord      = 1
	firstWord   = 2
	oneByte     = 0x80 // lengths below it take one byte
)

func appendWord(b []byte, word string) []byte {
	if word == "" {
		return append(b, noWord)
	}
	if code, known := traceCodes[word]; known {
		return append(b, code)
	}
	return appendText(append(b, wordFollows), word)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

type traceReader struct {
	data   []byte
	broken bool
}

func (r *traceReader) number() int64 {
	n, size := binary.Varint(r.data)
	r.skip(size)
	return n
}

func (r *traceReader) length() int {
	n, size := binary.Uvarint(r.data)
	r.skip(size)
	return int(min(n, uint64(len(r.data))))
}

func (r *traceReader) skip(n int) {
	if n <= 0 || n > len(r.data) {
		r.data, r.broken = nil, true
		return
	}
	r.data = r.data[n:]
}

func (r *traceReader) text() string {
	n := r.length()
	text := string(r.data[:n])
	r.data = r.data[n:]
	return text
}

func (r *traceReader) word() string {
	if len(r.data) == 0 {
		r.broken = true
		return ""
	}
	code := r.data[0]
	r.data = r.data[1:]
	switch at := int(code) - firstWord; {
	case code == wordFollows:
		return r.text()
	case code == noWord:
		return ""
	case at < len(traceWords):
		return traceWords[at]
	default:
		return unknownWord
	}
}

// notes are what is written of few decisions only.
func (r *traceReader) notes() (without, note string) {
	if r.broken || len(r.data) == 0 {
		return "", ""
	}
	rest := traceReader{data: r.data}
	if without, note = rest.text(), rest.text(); rest.broken {
		return "", ""
	}
	return without, note
}

// unknownWord stands for a word that only a newer version knows.
const unknownWord = "(word of a newer version)"
