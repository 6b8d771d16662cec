package feed_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
)

// handClock is moved by the test.
type handClock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *handClock { return &handClock{at: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)} }

func (c *handClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *handClock) advance(seconds float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(c.seconds(seconds))
}

func (c *handClock) seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// fakeTime is an edge on the fake clock with one reader.
type fakeTime struct {
	t    *testing.T
	edge *feed.Edge
	mux  *http.ServeMux
}

func onFakeTime(t *testing.T, body func(f *fakeTime)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeTime{t: t, edge: feed.New(feed.Options{}), mux: http.NewServeMux()}
		f.edge.Register(f.mux)
		defer synctest.Wait()
		defer f.edge.Close()
		body(f)
	})
}

func (f *fakeTime) declare(name, spec string) {
	f.t.Helper()
	answer := httptest.NewRecorder()
	f.mux.ServeHTTP(answer, httptest.NewRequestWithContext(f.t.Context(), http.MethodPut, "/v1/links/"+name, strings.NewReader(spec)))
	require.Equal(f.t, http.StatusOK, answer.Code, answer.Body)
}

// follow reads a link until the edge closes.
func (f *fakeTime) follow(name string) *collector {
	out := &collector{header: http.Header{}}
	request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/v1/links/"+name+"/events", nil)
	go f.mux.ServeHTTP(out, request)
	synctest.Wait()
	return out
}

// after lets time pass and returns the last heartbeat and all other lines since.
func (f *fakeTime) after(d time.Duration, out *collector) (beat line, rest []line) {
	f.t.Helper()
	out.take(f.t)
	time.Sleep(d)
	synctest.Wait()
	for _, l := range out.take(f.t) {
		if l.Message == "feed.Heartbeat" {
			beat = l
			continue
		}
		rest = append(rest, l)
	}
	return beat, rest
}

// take returns the lines that have come since it was called last.
func (c *collector) take(t *testing.T) []line {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := []line{}
	for text := range strings.Lines(c.text.String()) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), text)
		lines = append(lines, l)
	}
	c.text.Reset()
	return lines
}

const tick = time.Microsecond // the unit of servers' stamps

func TestAHeartbeatTellsUpToWhenEverythingWasSent(t *testing.T) {
	onFakeTime(t, func(f *fakeTime) {
		f.declare("vq", vqLink)
		s := f.follow("vq")
		beat, _ := f.after(time.Second, s)
		require.Equal(t, time.Now().Add(-tick), beat.moment(t, "upTo").Local())

		// A server that is to send something planned is not past it, however late it sends it.
		planned := time.Now().Add(500 * time.Millisecond)
		f.edge.Await(planned)
		beat, _ = f.after(3*time.Second, s)
		require.Less(t, beat.moment(t, "upTo"), planned)
		ev := queued("C1")
		ev.Time = planned
		f.edge.Publish(ev)
		f.edge.Await(time.Time{})
		beat, rest := f.after(time.Second, s)
		require.Equal(t, planned.UTC(), rest[0].Time)
		require.Equal(t, time.Now().Add(-tick), beat.moment(t, "upTo").Local())
	})
}

func TestAServerHasItsOwnClockAndTheEdgeKeepsItsOwn(t *testing.T) {
	onFakeTime(t, func(f *fakeTime) {
		require.NoError(t, f.edge.SetKnobs(feed.Knobs{Clocks: map[string]feed.Clock{
			"vq-a": {OffsetSeconds: 3.5}, "stat": {OffsetSeconds: -2}, "vq-b": {DriftPPM: 1000},
		}}))
		f.declare("vq", strings.NewReplacer("sips:", "vq-a:", "sips2:", "vq-b:").Replace(vqLink))
		f.declare("call", callLink)
		f.declare("stat", statLink("john"))
		vq, call, stat := f.follow("vq"), f.follow("call"), f.follow("stat")
		f.after(time.Second, vq)
		for _, s := range []*collector{vq, call, stat} {
			s.take(t)
		}
		f.edge.Publish(queued("C1"))
		f.edge.Publish(event("EventCallCreated", "CallUUID", "C1"))
		status := johnOnACall()
		status.Time = time.Now()
		f.edge.PublishStatus(status)
		synctest.Wait()
		now := time.Now().UTC()
		for _, want := range []struct {
			out    *collector
			offset time.Duration
		}{{vq, 3500 * time.Millisecond}, {call, 0}, {stat, -2 * time.Second}} {
			l := want.out.take(t)[0]
			require.Equal(t, now.Add(want.offset), l.Time, l.Message)
			require.Equal(t, now.Format("2006-01-02T15:04:05Z"), l.ReceivedAt, "the edge's clock is right")
			if l.Message == "EventInfo" {
				require.Equal(t, status.Since.Add(want.offset), l.moment(t, "since"), "times in a status are the server's too")
			}
		}
		beat, _ := f.after(time.Second, vq)
		require.Equal(t, time.Now().Add(3500*time.Millisecond-tick), beat.moment(t, "upTo").Local(), "the watermark is the server's time")

		// The backup has a clock of its own: it gains a thousandth.
		f.edge.Switchover()
		time.Sleep(100 * time.Second)
		f.edge.Publish(queued("C2"))
		synctest.Wait()
		lines := vq.take(t)
		last := lines[len(lines)-1]
		gained := last.Time.Sub(time.Now().UTC())
		require.Equal(t, "vq-b", last.Server.Name)
		require.Equal(t, 102*time.Millisecond, gained, "102 s after the clock was set")
	})
}

func TestTheWatermarkStandsStillWhileTheLinkIsDownOrLosesEvents(t *testing.T) {
	for name, fault := range map[string]struct{ begin, end func(*feed.Edge) }{
		"down":  {func(e *feed.Edge) { e.Disconnect("vq", "broken") }, func(e *feed.Edge) { e.Connect("vq") }},
		"loses": {func(e *feed.Edge) { e.Lose("vq") }, func(e *feed.Edge) { e.Gap("vq") }},
	} {
		t.Run(name, func(t *testing.T) {
			onFakeTime(t, func(f *fakeTime) {
				f.declare("vq", vqLink)
				s := f.follow("vq")
				f.after(time.Second, s)
				began := time.Now()
				fault.begin(f.edge)
				beat, _ := f.after(5*time.Second, s)
				require.Equal(t, began.Add(-tick), beat.moment(t, "upTo").Local())
				fault.end(f.edge)
				beat, _ = f.after(time.Second, s)
				require.Equal(t, time.Now().Add(-tick), beat.moment(t, "upTo").Local())
			})
		})
	}
}

func TestALateLinkHoldsBackWhatItHasAndItsWatermarkToo(t *testing.T) {
	onFakeTime(t, func(f *fakeTime) {
		require.NoError(t, f.edge.SetKnobs(feed.Knobs{LateSeconds: map[string]float64{"vq": 4}}))
		f.declare("vq", vqLink)
		f.declare("call", callLink)
		vq, call := f.follow("vq"), f.follow("call")
		f.after(5*time.Second, vq)
		call.take(t)
		at := time.Now()
		f.edge.Publish(queued("C1"))
		f.edge.Publish(event("EventCallCreated", "CallUUID", "C1"))
		beat, rest := f.after(3500*time.Millisecond, vq)
		require.Empty(t, rest)
		require.False(t, beat.moment(t, "upTo").After(at), "the call is before the watermark")
		require.NotEmpty(t, call.take(t), "the other link is in time")
		_, rest = f.after(500*time.Millisecond, vq)
		require.Len(t, rest, 1, "it comes when it is due, not with the next heartbeat")
		require.Equal(t, at.UTC(), rest[0].Time)
		require.NoError(t, f.edge.SetKnobs(feed.Knobs{}))
		f.edge.Publish(queued("C2"))
		synctest.Wait()
		require.Len(t, vq.take(t), 1, "it is late no more")
	})
}

func TestAnEdgeThatCanNotTellWatermarksLeavesThemOut(t *testing.T) {
	onFakeTime(t, func(f *fakeTime) {
		require.NoError(t, f.edge.SetKnobs(feed.Knobs{NoUpTo: true}))
		f.declare("vq", vqLink)
		beat, _ := f.after(time.Second, f.follow("vq"))
		require.Equal(t, "feed.Heartbeat", beat.Message)
		require.NotContains(t, beat.Attributes, "upTo")
	})
}

func TestTheSkewIsHowFarTheClocksAreApart(t *testing.T) {
	clock := newClock()
	edge := feed.New(feed.Options{Now: clock.now})
	require.Zero(t, edge.Skew())
	require.NoError(t, edge.SetKnobs(feed.Knobs{Clocks: map[string]feed.Clock{"a": {OffsetSeconds: 1.5}, "b": {OffsetSeconds: -2}, "c": {DriftPPM: 1000}}}))
	require.Equal(t, clock.seconds(3.5), edge.Skew())
	clock.advance(2000)
	require.Equal(t, clock.seconds(4), edge.Skew())
}

func TestClocksAndDelaysAreBounded(t *testing.T) {
	edge := feed.New(feed.Options{})
	for _, bad := range []feed.Knobs{
		{Clocks: map[string]feed.Clock{"a": {OffsetSeconds: 1e6}}},
		{Clocks: map[string]feed.Clock{"a": {DriftPPM: -1e6}}},
		{LateSeconds: map[string]float64{"vq": -1}},
		{LateSeconds: map[string]float64{"vq": 1e6}},
	} {
		require.Error(t, edge.SetKnobs(bad))
	}
	require.Equal(t, feed.Knobs{}, edge.Knobs())
}
