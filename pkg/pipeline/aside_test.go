package pipeline

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
)

// newer is a version that reads what the present one cannot: numbers in words.
type newer struct{ counting }

func (m *newer) Restore(state map[string][]byte) map[string]error {
	for call, text := range state {
		if string(text) == "seven" {
			state[call] = []byte("7")
		}
	}
	return m.counting.Restore(state)
}

// One value of a thousand that cannot be read does not stop the tenant: it is set aside whole, named once,
// and the version that can read it takes it up.
func TestAValueThatCannotBeReadIsSetAsideAndTakenUpLater(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		for n := range 1000 {
			w.memory.state["call"+strconv.Itoa(n)] = []byte(strconv.Itoa(n))
		}
		w.memory.state["call500"] = []byte("seven")
		for range 2 { // the second start finds nothing new
			reg := prometheus.NewRegistry()
			_, stop := w.start("old", func(o *WriterOptions) { o.Registerer = reg })
			w.append("call499", 1)
			w.append("call501", 1)
			settle(5 * time.Second)
			stop()
			require.Equal(t, []string{"call499/500=1", "call501/502=1"}, w.outbox())
			require.Nil(t, w.memory.lookState("call500"))
			require.Equal(t, "seven", string(w.memory.lookState(keyAsideValue+"call500")))
			require.Len(t, w.memory.lookAside(), 1, "its reason is noted once")
			require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`# HELP engage_connector_pipeline_writer_aside_values Values of the state that this version cannot read; they are kept for one that can.
# TYPE engage_connector_pipeline_writer_aside_values gauge
engage_connector_pipeline_writer_aside_values 1
`), prefix+"writer_aside_values"))
		}
		_, stop := w.start("new", func(o *WriterOptions) { o.Model = &newer{} })
		defer stop()
		w.append("call500", 2)
		settle(5 * time.Second)
		require.Equal(t, "8", string(w.memory.lookState("call500")))
		require.Nil(t, w.memory.lookState(keyAsideValue+"call500"))
	})
}

// A value that began anew while its predecessor was set aside is not overwritten by it.
func TestAValueThatWasSetAsideStaysBesideItsSuccessor(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		w.memory.state["c"] = []byte("seven")
		_, stop := w.start("old", nil)
		w.append("c", 1)
		settle(5 * time.Second)
		stop()
		require.Equal(t, "1", string(w.memory.lookState("c")))
		_, stop = w.start("new", func(o *WriterOptions) { o.Model = &newer{} })
		defer stop()
		settle(5 * time.Second)
		require.Equal(t, "1", string(w.memory.lookState("c")))
		require.Equal(t, "seven", string(w.memory.lookState(keyAsideValue+"c")))
	})
}

const kindOfTest = FirstOwnKind + 3

// readNote makes an event of a record that only some versions know.
func readNote(payload []byte) (engage.Event, error) {
	call, n, ok := strings.Cut(string(payload), "=")
	if !ok {
		return engage.Event{}, fmt.Errorf("%q is not a note", payload)
	}
	return engage.Event{Message: "note", Time: at(3), Attributes: engage.Attributes{"CallUUID": call, "n": json.Number(n)}}, nil
}

// A record of a kind that a newer version writes is kept whole between the others, which are applied; the
// version that knows the kind applies it when it starts.
func TestARecordOfAnUnknownKindIsKeptForAVersionThatKnowsIt(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		_, stop := w.start("old", nil)
		w.append("c", 1)
		long := "c=" + strings.Repeat("3", 10_000) // longer than what an operator is shown of it
		w.raw("note", EncodeRecord(kindOfTest, []byte(long)))
		w.raw("json", []byte(`{"message":"EventQueued"}`))
		w.raw("empty", nil)
		w.raw("half", EncodeRecord(KindEvent, []byte(`{"cursor":"1","mess`)))
		w.append("c", 2)
		settle(5 * time.Second)
		stop()
		require.Equal(t, []string{"c/1=1", "c/2=2"}, w.outbox())
		require.Empty(t, w.memory.lookLog())
		require.Len(t, w.memory.lookAside(), 4)
		require.Len(t, w.asideRecords(), 4)

		_, stop = w.start("new", func(o *WriterOptions) { o.Readers = map[Kind]Reader{kindOfTest: readNote} })
		defer stop()
		settle(5 * time.Second)
		require.Equal(t, []string{"c/1=1", "c/2=2", "c/3=" + long[2:]}, w.outbox())
		require.Len(t, w.asideRecords(), 3, "those that nobody can read stay")
		require.Len(t, w.memory.lookAside(), 4)
	})
}

func (w *writing) asideRecords() []string {
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	var names []string
	for name := range w.memory.state {
		if strings.HasPrefix(name, keyAsideRecord) {
			names = append(names, name)
		}
	}
	return names
}

// tolerant is a version that no longer refuses poison.
type tolerant struct{ counting }

func (m *tolerant) Apply(events []engage.Event) (Effects, error) {
	for _, e := range events {
		delete(e.Attributes, "poison")
	}
	return m.counting.Apply(events)
}

// A record that a version's model refuses is tried again at the next start, once, and without a second note.
func TestARecordThatTheModelRefusesIsTriedAgainAtTheNextStart(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		for range 2 {
			_, stop := w.start("old", nil)
			settle(time.Second)
			if len(w.memory.lookAside()) == 0 {
				w.append("c", 1, "poison", "panic")
				w.append("c", 2)
			}
			settle(5 * time.Second)
			stop()
			require.Equal(t, []string{"c/1=2"}, w.outbox())
			require.Len(t, w.asideRecords(), 1)
			require.Len(t, w.memory.lookAside(), 1)
		}
		_, stop := w.start("new", func(o *WriterOptions) { o.Model = &tolerant{} })
		defer stop()
		settle(5 * time.Second)
		require.Equal(t, []string{"c/1=2", "c/2=1"}, w.outbox())
		require.Empty(t, w.asideRecords())
	})
}

func TestWhatIsSetAsideIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		for n := range maxAsideRecords {
			w.memory.state[keyAsideRecord+strconv.Itoa(n)] = []byte{}
		}
		_, stop := w.start("a", nil)
		defer stop()
		w.raw("garbage", []byte("garbage"))
		settle(5 * time.Second)
		require.Len(t, w.asideRecords(), maxAsideRecords)
		require.Empty(t, w.memory.lookLog())
		require.Len(t, w.memory.lookAside(), 1)
	})
}
