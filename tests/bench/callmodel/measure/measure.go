// Package measure takes the figures of the conversation model.
package measure

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/services/conversation-provider/segments"
	"engage.connector/tests/bench/callmodel/load"
)

// The limits. They are targets for one core; missing one is no failure.
const (
	LeastRatio             = 0.30    // events to lines that are merely validated as JSON
	LeastEventsPerSecond   = 150_000 // of the model alone; our own target
	MostBytesPerLiveCall   = 2048
	MostGrowthPerEndedCall = 1 // bytes
)

// Options say how much is measured.
type Options struct {
	Calls  int
	Live   int
	Few    int
	Many   int
	Warm   int // ended calls before that
	Stdout io.Writer
	// HeapProfile is a file for a profile of the heap while calls are on; empty: none.
	HeapProfile string
}

// Figures are the results.
type Figures struct {
	EventsPerSecond      float64 `json:"events_per_s"`     // the model's decisions: decoded events in order, nothing encoded
	ValidPerSecond       float64 `json:"json_valid_per_s"` // the same events as feed lines, merely validated
	Ratio                float64 `json:"ratio"`
	LeastRatio           float64 `json:"ratio_limit"`
	IntakePerSecond      float64 `json:"intake_lines_per_s"` // from lines to records of the log
	PathPerSecond        float64 `json:"path_events_per_s"`  // from records of the log to what is stored and sent
	PathRatio            float64 `json:"path_ratio"`
	LeastEventsPerSecond float64 `json:"events_per_s_limit"`
	Events               int     `json:"events"`
	BytesPerLiveCall     float64 `json:"bytes_per_live_call"`
	MostBytesPerLiveCall float64 `json:"bytes_per_live_call_limit"`
	HeapAfterFew         uint64  `json:"heap_after_few_calls"`
	HeapAfterMany        uint64  `json:"heap_after_many_calls"`
	GrowthPerEndedCall   float64 `json:"growth_per_ended_call"`
	Few                  int     `json:"few_calls"`
	Many                 int     `json:"many_calls"`
}

// start is the center's clock when a measurement begins.
func start() time.Time { return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) }

const hundredths = 100

// batchSize is how many events one commit applies; calls of one batch are different ones.
const batchSize = 256

// Model measures and prints. The error is a wrong result.
func Model(opts Options) (Figures, error) {
	f := Figures{
		LeastRatio: LeastRatio, LeastEventsPerSecond: LeastEventsPerSecond, MostBytesPerLiveCall: MostBytesPerLiveCall,
		Few: opts.Few, Many: opts.Many,
	}
	if err := f.speed(opts); err != nil {
		return f, err
	}
	var err error
	if f.BytesPerLiveCall, err = liveCalls(opts.Live, opts.HeapProfile); err != nil {
		return f, fmt.Errorf("live calls: %w", err)
	}
	line(opts, "bytes of heap per live call", f.BytesPerLiveCall, "<=", MostBytesPerLiveCall)
	if f.HeapAfterFew, f.HeapAfterMany, err = endedCalls(opts.Warm, opts.Few, opts.Many); err != nil {
		return f, fmt.Errorf("ended calls: %w", err)
	}
	f.GrowthPerEndedCall = (float64(f.HeapAfterMany) - float64(f.HeapAfterFew)) / float64(max(opts.Many-opts.Few, 1))
	line(opts, fmt.Sprintf("heap after %d ended calls, in bytes", opts.Few), float64(f.HeapAfterFew), "", 0)
	line(opts, fmt.Sprintf("heap after %d ended calls, in bytes", opts.Many), float64(f.HeapAfterMany), "", 0)
	line(opts, "growth per ended call, in bytes", f.GrowthPerEndedCall, "<=", MostGrowthPerEndedCall)
	return f, nil
}

// speed takes the figures of how fast events are read.
func (f *Figures) speed(opts Options) error {
	s, err := wholePath(opts.Calls)
	if err != nil {
		return fmt.Errorf("speed: %w", err)
	}
	perSecond := func(took time.Duration) float64 { return float64(s.lines) / took.Seconds() }
	f.Events, f.ValidPerSecond, f.IntakePerSecond, f.PathPerSecond = s.lines, perSecond(s.valid), perSecond(s.intake), perSecond(s.write)
	f.PathRatio = f.PathPerSecond / f.ValidPerSecond
	line(opts, "events per second of one core, from the log to what is stored and sent", f.PathPerSecond, "", 0)
	line(opts, "the same as feed lines, merely validated as JSON", f.ValidPerSecond, "", 0)
	line(opts, "events from the log to these lines, in hundredths", hundredths*f.PathRatio, "", 0)
	line(opts, "lines per second of one core, from the feed to the log", f.IntakePerSecond, "", 0)
	if f.EventsPerSecond, err = decisions(opts.Calls); err != nil {
		return fmt.Errorf("speed of the model alone: %w", err)
	}
	f.Ratio = f.EventsPerSecond / f.ValidPerSecond
	line(opts, "events per second of one core, the model's decisions alone", f.EventsPerSecond, ">=", LeastEventsPerSecond)
	line(opts, "the model's decisions to the validated lines, in hundredths", hundredths*f.Ratio, ">=", hundredths*LeastRatio)
	return nil
}

func line(opts Options, what string, value float64, relation string, limit float64) {
	text := ""
	if relation != "" {
		met := "met"
		if relation == ">=" && value < limit || relation == "<=" && value > limit {
			met = "MISSED"
		}
		text = fmt.Sprintf("   limit %s %.0f: %s", relation, limit, met)
	}
	_, _ = fmt.Fprintf(opts.Stdout, "%-72s %12.1f%s\n", what, value, text)
}

// heap is the size of what is reachable.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// wave lets n calls go through their flow side by side, step by step, in batches.
func wave(clock *load.Clock, flow load.Flow, first, n, steps int, apply func([]engage.Event) error) error {
	var batch []engage.Event
	for step := range steps {
		for call := range n {
			batch = append(batch, flow.Step(clock, first+call, step)...)
			if len(batch) >= batchSize {
				if err := apply(batch); err != nil {
					return err
				}
				batch = nil
			}
		}
		clock.Now = clock.Now.Add(time.Second)
	}
	if len(batch) == 0 {
		return nil
	}
	return apply(batch)
}

// tally counts what is sent.
type tally struct{ established, users, ended, dispositions int }

func (t *tally) add(e exevents.EventType) {
	switch e {
	case exevents.UserEstablished:
		t.users++
		t.established++
	case exevents.ExternalEstablished, exevents.IVREstablished, exevents.RoutingEstablished, exevents.PhoneEstablished:
		t.established++
	case exevents.CommunicationEnded:
		t.ended++
	case exevents.CommunicationDispositionApplied:
		t.dispositions++
	default:
	}
}

// check: an answered call has four legs and a disposition, an abandoned one has three legs.
func (t *tally) check(answered, abandoned int) error {
	const legs, fewer = 4, 3
	want := tally{users: answered, dispositions: answered, established: legs*answered + fewer*abandoned}
	want.ended = want.established
	if *t != want {
		return fmt.Errorf("wrong result: %+v, expected %+v", *t, want)
	}
	return nil
}

// rig is a model as a writer uses it.
type rig struct {
	model *model.Model
	clock load.Clock
	wall  time.Time
	sent  tally
	count bool // read the types of what is sent
}

func newRig(opts model.Options) *rig {
	opts.Tenant, opts.Directory, opts.Recordings = "101", directory{}, recordings{}
	return &rig{model: model.New(opts), clock: load.Clock{Now: start()}, wall: start()}
}

// decide lets the model read and decide, without what a commit stores and sends.
func (r *rig) decide(events []engage.Event) error {
	for _, e := range r.model.Decide(events) {
		r.sent.add(e.Type)
	}
	return nil
}

func (r *rig) apply(events []engage.Event) error { return r.commit(r.model.Apply(events)) }

func (r *rig) commit(e pipeline.Effects, err error) error {
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if !r.count {
		return nil
	}
	return r.read(e.Outbox[model.OutboxConversation])
}

// read looks at what would be sent.
func (r *rig) read(entries []store.OutboxEntry) error {
	for _, entry := range entries {
		var in model.Injection
		if err := packed.DecodeOwn(string(entry.Payload), &in); err != nil {
			return fmt.Errorf("payload: %w", err)
		}
		if in.Event.Fault != "" {
			return fmt.Errorf("wrong result: %s: %s", in.Event.Fault, in.Event.Body)
		}
		r.sent.add(in.Event.Type)
	}
	return nil
}

func (r *rig) tick(d time.Duration) error {
	r.wall = r.wall.Add(d)
	if r.wall = r.wall.Add(0); r.wall.Before(r.clock.Now) {
		r.wall = r.clock.Now
	}
	return r.commit(r.model.Tick(r.wall, pipeline.Progress{UpTo: r.wall}))
}

// directory maps the load's names.
type directory struct{}

const (
	sourceID = "5c1fd4a0-0000-4000-8000-000000000001"
	queueID  = "5c1fd4a0-0000-4000-8000-000000000002"
	codeID   = "5c1fd4a0-0000-4000-8000-000000000006"
)

func (directory) DNKind(number string) conversation.DNKind {
	switch {
	case number == load.Queue:
		return conversation.DNVirtualQueue
	case number == load.RoutingPoint:
		return conversation.DNRoutingPoint
	case len(number) == len("40000"):
		return conversation.DNExtension
	default:
		return conversation.DNUnknown
	}
}

func (directory) Queue(number string) (string, bool) { return queueID, number == load.Queue }

func (directory) User(login string) (string, bool) {
	return "5c1fd4a0-0000-4000-8000-0000000" + login, login != ""
}

func (directory) WrapUpCode(name string) (string, bool) { return codeID, name == load.Disposition }

func (directory) SourceID() string { return sourceID }
func (directory) Refresh()         {}

type recordings struct{}

func (recordings) Options() segments.Options { return segments.Options{LanguageKey: "language_code"} }

func (recordings) Settings() segments.Settings { return segments.Settings{} }
