package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// writing is a bubble with a memory and Writers over it.
type writing struct {
	t      *testing.T
	memory *memory
}

// start runs a Writer until stop is called.
func (w *writing) start(owner string, change func(*WriterOptions)) (writer *Writer, stop func()) {
	w.t.Helper()
	opts := WriterOptions{Pipeline: w.memory, Store: w.memory, LeaseName: "calls", Owner: owner, Model: &counting{}, Registerer: prometheus.NewRegistry()}
	if change != nil {
		change(&opts)
	}
	writer, err := NewWriter(opts)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = writer.Run(ctx) })
	return writer, func() { cancel(); wg.Wait() }
}

// append adds an event of a call to the log.
func (w *writing) append(call string, ms int, attributes ...string) {
	e := engage.Event{Cursor: "1", Message: engage.MsgEventCallDataChanged, Time: at(ms), Attributes: engage.Attributes{"CallUUID": call, "n": json.Number(strconv.Itoa(ms))}}
	for i := 0; i+1 < len(attributes); i += 2 {
		e.Attributes[attributes[i]] = attributes[i+1]
	}
	payload, err := engage.Encode(e)
	require.NoError(w.t, err)
	w.raw(call+strconv.Itoa(ms), EncodeRecord(KindEvent, payload))
}

func (w *writing) raw(identity string, payload []byte) {
	_, err := w.memory.AppendOnce(w.t.Context(), store.Append{Entries: []store.Entry{{Identity: identity, Payload: payload}}})
	require.NoError(w.t, err)
}

func (w *writing) outbox() []string {
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	var payloads []string
	for _, r := range w.memory.outboxes["cloud"] {
		payloads = append(payloads, string(r.Payload))
	}
	return payloads
}

func bubble(t *testing.T, body func(t *testing.T, w *writing)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { body(t, &writing{t: t, memory: newMemory()}) })
}

func TestTheWriterAppliesInTheOrderOfEventTimeAndCommits(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		_, stop := w.start("a", func(o *WriterOptions) { o.ReorderWindow = 250 * time.Millisecond })
		defer stop()
		w.append("c", 2)
		settle(100 * time.Millisecond)
		w.append("c", 1)
		settle(time.Second)
		require.Equal(t, []string{"c/1=1", "c/2=2"}, w.outbox())
		require.Empty(t, w.memory.lookLog())
		require.Equal(t, "2", string(w.memory.lookState("c")))
	})
}

func TestAWindowOfNothingWaitsForNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		_, stop := w.start("a", nil)
		defer stop()
		w.append("c", 2)
		synctest.Wait()
		require.Equal(t, []string{"c/1=2"}, w.outbox(), "no time has passed")
	})
}

func TestTimePassesForTheModel(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		_, stop := w.start("a", nil)
		defer stop()
		settle(10*time.Second + 500*time.Millisecond)
		require.Equal(t, "11", string(w.memory.lookState("ticks")), "the first one at once")
	})
}

func TestAStandbyTakesOverAtOnceAfterACleanStop(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		a, stopA := w.start("a", nil)
		settle(time.Second)
		b, stopB := w.start("b", nil)
		defer stopB()
		settle(time.Minute)
		_, ok := a.Lease()
		require.True(t, ok)
		_, ok = b.Lease()
		require.False(t, ok)
		w.append("c", 1)
		settle(time.Second)
		stopA()
		_, ok = a.Lease()
		require.False(t, ok)
		settle(time.Second)
		_, ok = b.Lease()
		require.True(t, ok)
		w.append("c", 2)
		settle(time.Second)
		require.Equal(t, []string{"c/1=1", "c/2=2"}, w.outbox())
	})
}

func TestAStandbyTakesOverWhenTheHoldersLeaseRunsOut(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		p := &process{backend: w.memory, rng: newRand(), killed: func() {}}
		a, stopA := w.start("a", func(o *WriterOptions) { o.Pipeline, o.Store = p, p })
		defer stopA()
		settle(time.Second)
		b, stopB := w.start("b", nil)
		defer stopB()
		settle(time.Minute)
		p.kill() // a is cut off from the store
		settle(16 * time.Second)
		_, ok := a.Lease()
		require.False(t, ok)
		_, ok = b.Lease()
		require.True(t, ok)
	})
}

func TestAWriterThatIsNotReadyLeavesTheLeaseToOthersAndPauses(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		var ready atomic.Bool
		a, stop := w.start("a", func(o *WriterOptions) { o.Ready = ready.Load })
		defer stop()
		w.append("c", 1)
		settle(time.Minute)
		_, ok := a.Lease()
		require.False(t, ok)
		ready.Store(true)
		settle(3 * time.Second)
		require.Len(t, w.outbox(), 1)
		ready.Store(false)
		settle(3 * time.Second)
		w.append("c", 2)
		settle(time.Minute)
		require.Len(t, w.outbox(), 1)
		_, ok = a.Lease()
		require.True(t, ok, "it goes on holding the lease")
	})
}

func TestAFencedWriterDropsItsModelAndStandsBy(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		a, stop := w.start("a", nil)
		defer stop()
		w.append("c", 1)
		settle(time.Second)
		w.memory.mu.Lock() // another took the lease over without a word
		w.memory.lease = store.Lease{Owner: "z", Generation: w.memory.lease.Generation + 1, ExpiresAt: time.Now().Add(10 * time.Second)}
		w.memory.state["c"] = []byte("7")
		w.memory.mu.Unlock()
		w.append("c", 2)
		settle(3 * time.Second)
		_, ok := a.Lease()
		require.False(t, ok)
		require.Len(t, w.outbox(), 1)
		settle(10 * time.Second)
		require.Equal(t, []string{"c/1=1", "c/8=2"}, w.outbox(), "restored from what the other left")
	})
}

func TestAFullOutboxStopsTheWriterWithoutLoss(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		w.memory.outboxFull = true // before anybody looks
		_, stop := w.start("a", nil)
		defer stop()
		w.append("c", 1)
		w.append("c", 2)
		settle(time.Minute)
		require.Len(t, w.memory.lookLog(), 2)
		w.memory.mu.Lock()
		w.memory.outboxFull = false
		w.memory.mu.Unlock()
		settle(time.Minute)
		require.Equal(t, []string{"c/1=1", "c/2=2"}, w.outbox())
	})
}

func TestEventsThatTheModelRefusesAreSetAsideAlone(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		_, stop := w.start("a", nil)
		defer stop()
		w.append("c", 1)
		w.append("c", 2, "poison", "error")
		w.append("c", 3, "poison", "panic")
		w.raw("garbage", []byte("garbage"))
		w.append("c", 4)
		settle(5 * time.Second)
		require.Equal(t, []string{"c/1=1", "c/2=4"}, w.outbox())
		require.Empty(t, w.memory.lookLog())
		require.Len(t, w.memory.lookAside(), 3)
		require.Equal(t, "garbage", w.memory.lookAside()[0])
	})
}

// moody is a model that fails where it is told to.
type moody struct {
	counting
	restore, tick atomic.Bool
}

func (m *moody) Restore(state map[string][]byte) map[string]error {
	if m.restore.Load() {
		panic("I do not know this state")
	}
	return m.counting.Restore(state)
}

func (m *moody) Tick(now time.Time, progress Progress) (Effects, error) {
	if m.tick.Load() {
		return Effects{}, errors.New("time stands still")
	}
	return m.counting.Tick(now, progress)
}

func TestAModelThatFailsIsTriedAgainAndEventsAreNotLost(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		m := &moody{}
		m.restore.Store(true)
		_, stop := w.start("a", func(o *WriterOptions) { o.Model = m })
		defer stop()
		w.append("c", 1)
		settle(time.Minute)
		require.Len(t, w.memory.lookLog(), 1)
		m.restore.Store(false)
		m.tick.Store(true)
		settle(time.Minute)
		require.Len(t, w.outbox(), 1, "a failing tick does not stop the events")
		require.Nil(t, w.memory.lookState("ticks"))
		m.tick.Store(false)
		settle(time.Minute)
		require.NotNil(t, w.memory.lookState("ticks"))
	})
}

func TestALongLogIsReadInBoundedSteps(t *testing.T) {
	bubble(t, func(t *testing.T, w *writing) {
		for i := range 3000 {
			w.append("c"+strconv.Itoa(i%7), i)
		}
		_, stop := w.start("a", nil)
		defer stop()
		settle(30 * time.Second)
		require.Len(t, w.outbox(), 3000)
	})
}

func TestWriterOptionsAreChecked(t *testing.T) {
	_, err := NewWriter(WriterOptions{})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}
