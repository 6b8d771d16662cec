package callgen_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"engage.connector/services/lab/scenarios"
	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// witness is the edge's place: it keeps what the generator sends.
type witness struct {
	mu       sync.Mutex
	events   []feed.Event
	statuses []feed.AgentStatus
	log      []string

	earliest time.Time // what Await has announced last
	awaited  int
	early    int // events that were stamped before it
	broken   func(feed.Event) bool
}

func (w *witness) Await(earliest time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.earliest = earliest
	w.awaited++
}

func (w *witness) Publish(ev feed.Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, ev)
	text, err := json.Marshal(ev.Attributes)
	w.note(ev.Time, ev.Message, text, err)
	return w.broken != nil && w.broken(ev)
}

func (w *witness) PublishStatus(s feed.AgentStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statuses = append(w.statuses, s)
	text, err := json.Marshal(s)
	w.note(s.Time, "EventInfo", text, err)
}

func (w *witness) note(at time.Time, message string, text []byte, err error) {
	if at.Before(w.earliest) {
		w.early++
	}
	w.log = append(w.log, fmt.Sprint(at.Format(time.RFC3339Nano), " ", message, " ", string(text), err))
}

// recorder stands for the media server.
type recorder struct{ segments []callgen.Segment }

func (r *recorder) Record(s callgen.Segment) (callgen.Recording, error) {
	r.segments = append(r.segments, s)
	go s.Done(nil)
	return callgen.Recording{FileName: s.CallUUID + ".opus", AgentID: s.Agent.LoginCode, Start: s.Start, End: s.End}, nil
}

// show is one performance on the fake clock.
type show struct {
	*witness

	model    configdb.Model
	calls    []callgen.Call
	agents   []callgen.AgentStatus
	segments []callgen.Segment
	took     time.Duration
	err      error
}

// setting says what is to be played.
type setting struct {
	agents, calls int
	seed          int64
	speed         float64
	only          string // the name of one scenario; "" for all of them
	broken        func(feed.Event) bool
}

func load(t require.TestingT) []callgen.Scenario {
	all, err := callgen.LoadScenarios(scenarios.Files())
	require.NoError(t, err)
	return all
}

// scenarios reads what is to be played, and nothing else: every combination of choices is tried.
func (s setting) scenarios(t *testing.T) []callgen.Scenario {
	t.Helper()
	if s.only == "" {
		return load(t)
	}
	f, err := scenarios.Files().Open(s.only + ".ndjson")
	require.NoError(t, err)
	one, err := callgen.ReadScenario(s.only, f)
	require.NoError(t, errors.Join(err, f.Close()))
	return []callgen.Scenario{one}
}

func perform(t *testing.T, s setting) show {
	t.Helper()
	db, err := configdb.Build(configdb.Options{Agents: s.agents, Seed: s.seed})
	require.NoError(t, err)
	out := show{witness: &witness{broken: s.broken}, model: db.Model()}
	all := s.scenarios(t)
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		g, err := callgen.New(callgen.Options{
			Model: db.Model(), Scenarios: all, Seed: s.seed, Speed: s.speed, Recorder: rec,
		}, out.witness)
		require.NoError(t, err)
		began := time.Now()
		require.True(t, out.earliest.IsZero())
		out.err = g.Play(t.Context(), s.calls)
		require.True(t, out.earliest.IsZero(), "nothing is planned any more")
		out.took = time.Since(began)
		synctest.Wait()
		out.calls, out.agents = g.Script()
		out.segments = rec.segments
		require.Greater(t, out.awaited, s.calls)
		require.Zero(t, out.early, "events stamped before what was announced")
	})
	return out
}
