// Package model is the pipeline's model of this service: it feeds the call model, advances the
// conversations, joins the recordings, and says what is to be stored and sent. It is called from
// one goroutine; questions of operators may come from others.
package model

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/segments"
)

// The outboxes.
const (
	OutboxConversation = "conversation" // payload: Injection
	OutboxRecording    = "recording"    // payload: recording.Segment
)

// Injection is one entry of the outbox "conversation": an event as it is sent, and the call that it is of.
type Injection struct {
	packed.Kept

	CallUUID string
	Event    exevents.Sealed
}

// Fields names what is stored of an injection.
func (i *Injection) Fields(f *packed.Form) {
	f.Text(1, &i.CallUUID)
	f.Text(2, (*string)(&i.Event.Type))
	f.ID(3, &i.Event.EventID)
	f.Bytes(4, &i.Event.Body, nil)
	f.Text(5, &i.Event.Fault)
}

// Recordings says how recordings are to be treated. Its answers may change between calls.
type Recordings interface {
	// Options returns the options of the section conversation_provider.
	Options() segments.Options
	// Settings returns the org's settings of speech and text analytics.
	Settings() segments.Settings
}

// Observer counts outcomes. After a failed commit an outcome may be counted twice.
type Observer interface {
	CallClosed(stage conversation.Stage, reason conversation.Reason)
	// Recording counts a segment that has come into a state.
	Recording(segment *Record, state RecordingState)
	OrphansDropped(n int)
	// Odd counts input that cannot be.
	Odd(kind callmodel.OddKind, n int)
}

// Options configure a Model. Directory, Recordings and Tenant are required.
type Options struct {
	Tenant     string
	Machine    conversation.Options // Tenant is filled in
	Directory  conversation.Directory
	Recordings Recordings
	Observer   Observer // default: none

	Retention time.Duration // of closed calls and unmatched recordings; default 24 h
	MaxClosed int           // closed calls kept; default 20,000
	// MaxUnmatched is how many recordings of calls that are not known are kept; default 10,000. What is
	// beyond is refused and set aside, where it waits for the calls as well.
	MaxUnmatched int
	StaleAfter   time.Duration // silence after which a call is given up; default 12 h
	MaxCallAge   time.Duration // age at which a call is given up, whatever is heard of it; default 24 h
	MaxAwake     int           // calls in memory unpacked from which on those are packed that wait for nothing; default 256
}

const (
	defaultRetention    = 24 * time.Hour
	defaultMaxClosed    = 20_000
	defaultMaxUnmatched = 10_000
	defaultStaleAfter   = 12 * time.Hour
	defaultMaxCallAge   = 24 * time.Hour
	defaultMaxAwake     = 256
	orphanPatience      = 5 * time.Minute
	stubPatience        = time.Hour
	// lostPatience is how long a call is waited for whose link has lost something since its last word.
	lostPatience = 2 * time.Hour
	housekeeping = time.Minute
)

// Model implements pipeline.Model.
type Model struct {
	opts    Options
	machine *conversation.Machine

	mu      sync.RWMutex // for Lookup; the writer's goroutine is the only one that changes anything
	book    *callmodel.Book
	board   *conversation.Board
	calls   map[string]*Interaction // open ones, by CallUUID
	closed  map[string]closed
	order   []string // closed calls, oldest first
	records map[string]*Record
	kept    int       // records that are not submitted
	waiting agenda    // open interactions that time may change, by their roots
	fed     time.Time // how far the links have come
	dirty   dirty
	clock   time.Time          // the wall clock of the newest tick
	swept   time.Time          // when housekeeping was done
	resting map[string]resting // open calls to which nothing happens, by CallUUID
	spareAt int                // calls awake at which more are put to rest
	encoder packed.Encoder
	room    []byte // of what is encoded for the next effects
	scratch []byte // of what is encoded and kept here
	failed  error  // what could not be encoded since the last effects
}

type dirty struct {
	closed  map[string]struct{}
	records map[string]struct{}
}

var _ pipeline.Model = (*Model)(nil)

// New returns an empty model.
func New(opts Options) *Model {
	fill(&opts.Retention, defaultRetention)
	fill(&opts.StaleAfter, defaultStaleAfter)
	fill(&opts.MaxCallAge, defaultMaxCallAge)
	fill(&opts.MaxClosed, defaultMaxClosed)
	fill(&opts.MaxUnmatched, defaultMaxUnmatched)
	fill(&opts.MaxAwake, defaultMaxAwake)
	if opts.Observer == nil {
		opts.Observer = nobody{}
	}
	opts.Machine.Tenant = opts.Tenant
	m := &Model{opts: opts, machine: conversation.NewMachine(opts.Machine, opts.Directory)}
	m.reset()
	return m
}

func fill[T int | time.Duration](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

type nobody struct{}

func (nobody) CallClosed(conversation.Stage, conversation.Reason) {}
func (nobody) Recording(*Record, RecordingState)                  {}
func (nobody) OrphansDropped(int)                                 {}
func (nobody) Odd(callmodel.OddKind, int)                         {}

func (m *Model) reset() {
	m.book = callmodel.NewBook(callmodel.Options{Keep: m.keep, Wake: m.wake})
	m.board = conversation.NewBoard(m.machine, m.book)
	m.calls, m.closed = map[string]*Interaction{}, map[string]closed{}
	m.records, m.waiting, m.fed = map[string]*Record{}, newAgenda(), time.Time{}
	m.order, m.kept, m.resting, m.spareAt = nil, 0, map[string]resting{}, m.opts.MaxAwake
	m.dirty = dirty{closed: map[string]struct{}{}, records: map[string]struct{}{}}
}

// keep tells which user data is needed: the disposition and the language.
func (m *Model) keep(key string) bool {
	return key == m.machine.DispositionKey() || key != "" && key == m.opts.Recordings.Options().LanguageKey
}

// Keys of the state: the kind, a slash, the id.
const (
	keyCall   = "c/"
	keyClosed = "s/"
	keyDN     = "d/"
	keyOrphan = "o/"
	keyRecord = "r/"
	keyLink   = "l/"
)

// Restore replaces everything by what was committed, and returns what cannot be read.
func (m *Model) Restore(state map[string][]byte) map[string]error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reset()
	unreadable := pipeline.RestoreEach(state, func(key string, value []byte) error {
		if id, open := strings.CutPrefix(key, keyCall); open && state[keyClosed+id] != nil {
			return errClosedSince
		}
		return m.restore(key, value)
	})
	m.sortClosed()
	return unreadable
}

// errClosedSince is of a call that was set aside and began anew, and ended, meanwhile.
var errClosedSince = errors.New("the call has been closed since")

func (m *Model) restore(key string, value []byte) error {
	kind, id, _ := strings.Cut(key, "/")
	switch kind + "/" {
	case keyCall, keyClosed:
		in := &Interaction{}
		if err := packed.Decode(value, in); err != nil {
			return fmt.Errorf("interaction: %w", err)
		}
		if in.UUID != id || in.Call != nil && in.Call.UUID != id || (in.Call == nil) != (kind+"/" == keyClosed) {
			return fmt.Errorf("interaction: %w: it is that of %q", packed.ErrBroken, in.UUID)
		}
		if in.Call == nil {
			m.closed[strings.Clone(id)] = m.pack(in)
			m.book.RestoreClosed(id)
			return nil
		}
		m.calls[id] = in
		m.book.RestoreCall(in.Call)
		if in.Conversation != nil {
			m.board.Put(id, in.Conversation)
		}
		m.waiting.set(id, time.Time{}) // whether it waits is found out first
	case keyDN:
		d := &callmodel.DN{}
		if err := packed.Decode(value, d); err != nil {
			return fmt.Errorf("DN: %w", err)
		}
		if d.Number != id {
			return fmt.Errorf("DN: %w: it is that of %q", packed.ErrBroken, d.Number)
		}
		m.book.RestoreDN(d)
	case keyOrphan:
		o := &callmodel.Orphans{}
		if err := packed.Decode(value, o); err != nil {
			return fmt.Errorf("waiting events: %w", err)
		}
		if o.ConnID != id {
			return fmt.Errorf("waiting events: %w: they are those of %q", packed.ErrBroken, o.ConnID)
		}
		m.book.RestoreOrphans(o)
	case keyLink:
		l := &callmodel.Link{}
		if err := packed.Decode(value, l); err != nil {
			return fmt.Errorf("link: %w", err)
		}
		m.book.RestoreLink(l)
	case keyRecord:
		r := &Record{}
		if err := packed.Decode(value, r); err != nil {
			return fmt.Errorf("recording: %w", err)
		}
		if r.ID != id {
			return fmt.Errorf("recording: %w: it is that of %q", packed.ErrBroken, r.ID)
		}
		m.records[id] = r
		if r.State == RecordingKept {
			m.kept++
		}
	default:
		return fmt.Errorf("this version does not know the kind %q", kind)
	}
	return nil
}

// Apply reads events in the order of their time.
func (m *Model) Apply(events []engage.Event) (pipeline.Effects, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opts.Directory.Refresh()
	if err := m.refuse(events); err != nil {
		return pipeline.Effects{}, err
	}
	out := &outbox{}
	m.readAll(events, out)
	effects, err := m.effects(out)
	m.spare()
	return effects, err
}

// Decide does what Apply does, but encodes nothing: it returns the events that follow. It is for
// measuring; what was to be stored is lost.
func (m *Model) Decide(events []engage.Event) []*exevents.ConversationEvent {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := &outbox{}
	m.readAll(events, out)
	m.changes()
	clear(m.dirty.closed)
	clear(m.dirty.records)
	m.spare()
	out.sort()
	decided := make([]*exevents.ConversationEvent, len(out.injections))
	for i, injection := range out.injections {
		decided[i] = injection.event
	}
	return decided
}

// readAll reads events, those of one stretch of time together. What waits is looked at when its time comes,
// between the events before and after. A stretch is shorter than what any decision waits for, so how events
// come in batches makes no difference.
func (m *Model) readAll(events []engage.Event, out *outbox) {
	for len(events) > 0 {
		n := 1
		for n < len(events) && events[n].Time.Truncate(pipeline.Together).Equal(events[0].Time.Truncate(pipeline.Together)) {
			n++
		}
		m.readTogether(events[:n], out)
		events = events[n:]
	}
}

func (m *Model) readTogether(events []engage.Event, out *outbox) {
	touched := make([]string, 0, 2*len(events))
	m.book.Without = without(events, m.book.Without)
	for _, e := range events {
		if fromLink(e) {
			m.comeTo(e.Time.Add(-time.Microsecond), out)
			break
		}
	}
	for _, e := range events {
		if fromLink(e) && e.Time.After(m.fed) {
			m.fed = e.Time
		}
		touched = append(touched, m.read(e, out)...)
	}
	m.advance(touched, m.fed, out)
}

// without names the links that events were not waited for; before when none of them comes from a link.
func without(events []engage.Event, before string) string {
	links, named := "", false
	for i := range events {
		named = named || events[i].Link != ""
		if len(events[i].Without) > len(links) {
			links = events[i].Without
		}
	}
	if !named {
		return before
	}
	return links
}

// fromLink tells whether an event has its time from a link: the times of our own records say nothing of
// how far the links have come, and what the edge reports of itself is not what a server reports.
func fromLink(e engage.Event) bool {
	return e.Message != MsgRecording && e.Message != MsgRefused && !e.IsFeed()
}

// comeTo lets the links come to a time: what waits is looked at in the order in which its time comes.
func (m *Model) comeTo(at time.Time, out *outbox) {
	for {
		roots, due := m.waiting.next(at)
		if len(roots) == 0 {
			break
		}
		if due.After(m.fed) {
			m.fed = due
		}
		m.advance(roots, m.fed, out)
	}
	if at.After(m.fed) {
		m.fed = at
	}
}

func (m *Model) read(e engage.Event, out *outbox) []string {
	switch e.Message {
	case MsgRecording:
		m.readRecording(e, out)
		return nil
	case MsgRefused:
		uuid := e.CallUUID()
		m.book.Record(uuid, callmodel.Fact{
			Kind: callmodel.Rejected, At: e.Time, Stream: callmodel.StreamCall,
			Subject: e.Attributes.Text("EventID"), Note: e.Attributes.Text("Reason"),
		})
		return []string{uuid}
	case engage.MsgSnapshotEnd:
		for uuid := range m.resting { // a call at rest may be one that has ended
			m.book.Call(uuid)
		}
	}
	return m.book.Apply(e)
}

// Tick lets time pass.
func (m *Model) Tick(now time.Time, progress pipeline.Progress) (pipeline.Effects, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opts.Directory.Refresh()
	out := &outbox{}
	m.clock = now.UTC().Truncate(time.Microsecond) // as it is stored
	m.book.Without = strings.Join(progress.Without, " ")
	m.comeTo(progress.UpTo.UTC().Truncate(time.Microsecond), out)
	if m.clock.Sub(m.swept) >= housekeeping {
		m.swept = m.clock
		m.sweep(m.clock, out)
	}
	effects, err := m.effects(out)
	m.spare()
	return effects, err
}
