package feed_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
)

func TestALineHasTheEnvelopeOfTheFeed(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	ev := queued("C1")
	ev.Time = time.Date(2026, 11, 20, 10, 0, 0, 117312999, time.UTC)
	ev.Attributes["CallType"] = 2
	b.edge.Publish(ev)
	got := b.follow("vq", "").expect("feed.LinkConnected", "EventRegistered", "EventQueued")[2]
	require.Equal(t, 57, got.Number)
	require.EqualValues(t, 2, got.Sequence)
	require.Equal(t, "SIPS_A", got.Server.Name)
	require.Equal(t, "primary", got.Server.Role)
	require.Equal(t, ev.Time.Truncate(time.Microsecond), got.Time)
	require.Len(t, got.Cursor, 16)
	require.Equal(t, map[string]any{"ThisDN": "VQ_Sales", "CallUUID": "C1", "CallType": 2.0}, got.Attributes)
}

func TestAClientResumesAfterItsCursor(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	s := b.follow("vq", "")
	b.edge.Publish(queued("C1"))
	cursor := s.expect("feed.LinkConnected", "EventRegistered", "EventQueued")[2].Cursor
	s.stop()
	b.edge.Publish(queued("C2"))
	got := b.follow("vq", cursor).expect("EventQueued")
	require.Equal(t, "C2", got[0].Attributes["CallUUID"])
	require.Greater(t, got[0].Cursor, cursor)
}

func TestSeveralClientsReadOneLink(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	one, two := b.follow("vq", ""), b.follow("vq", "")
	b.edge.Publish(queued("C1"))
	want := []string{"feed.LinkConnected", "EventRegistered", "EventQueued"}
	require.Equal(t, one.expect(want...), two.expect(want...))
}

func TestEventsGoOnlyToLinksThatAskedForThem(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	b.declare("agent", agentLink("4001"))
	b.declare("call", callLink)
	b.edge.Publish(event("EventCallCreated", "CallUUID", "C1"))
	b.edge.Publish(queued("C1"))
	b.edge.Publish(event("EventUserEvent", "ThisDN", "4001"))
	b.edge.Publish(event("EventUserEvent", "ThisDN", "4002"))
	b.edge.Publish(event("EventCallDeleted", "CallUUID", "C1"))
	b.edge.Publish(event("EventUserEvent", "ThisDN", "4001"))
	b.follow("vq", "").expect("feed.LinkConnected", "EventRegistered", "EventQueued")
	b.follow("agent", "").expect("feed.LinkConnected", "EventRegistered", "EventUserEvent", "EventUserEvent")
	b.follow("call", "").expect("feed.LinkConnected", "EventCallCreated", "EventCallDeleted")
}

func TestLostLinesAreToldAndEverythingIsReportedAgain(t *testing.T) {
	b := newBench(t, feed.Options{RetainLines: 4})
	b.declare("vq", vqLink)
	s := b.follow("vq", "")
	cursor := s.expect("feed.LinkConnected", "EventRegistered")[1].Cursor
	s.stop()
	for i := range 10 {
		b.edge.Publish(queued(fmt.Sprint("C", i)))
	}
	resumed := b.follow("vq", cursor)
	gap := resumed.expect("feed.Gap")[0]
	require.Equal(t, cursor, gap.Attributes["after"])
	require.NotEmpty(t, gap.Attributes["from"])
	require.NotEmpty(t, gap.Attributes["to"])
	require.GreaterOrEqual(t, gap.Cursor, cursor)
	seen := []any{}
	for {
		l := resumed.next()
		if l.Message == "EventRegistered" {
			break
		}
		seen = append(seen, l.Attributes["CallUUID"])
	}
	require.Equal(t, []any{"C7", "C8", "C9"}, seen, "the report again took the place of C6")

	// Who starts without a cursor is told as well, since the first lines are gone.
	b.follow("vq", "").expect("feed.Gap", "EventQueued")
	// The gap's own cursor is a place to resume from.
	b.follow("vq", formatPrevious(t, resumed, b)).expect("EventRegistered")
}

// formatPrevious publishes nothing; it returns the cursor before the newest line.
func formatPrevious(t *testing.T, _ *stream, b *bench) string {
	t.Helper()
	_, body := b.call(http.MethodGet, "/v1/links/vq", "")
	var status struct{ Cursor string }
	require.NoError(t, json.Unmarshal([]byte(body), &status))
	var n uint64
	_, err := fmt.Sscanf(status.Cursor, "%x", &n)
	require.NoError(t, err)
	return fmt.Sprintf("%016x", n-1)
}

func TestTheBytesOfALinkAreBounded(t *testing.T) {
	b := newBench(t, feed.Options{RetainBytes: 2000})
	b.declare("vq", vqLink)
	for i := range 100 {
		b.edge.Publish(queued(fmt.Sprint("C", i)))
	}
	_, body := b.call(http.MethodGet, "/v1/links/vq", "")
	var status struct{ Lines int }
	require.NoError(t, json.Unmarshal([]byte(body), &status))
	require.Less(t, status.Lines, 20)
}

func TestACursorOfAnEarlierLifeIsAGap(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	b.follow("vq", "0000000000000001").expect("feed.Gap", "feed.LinkConnected", "EventRegistered")
	b.follow("vq", "ffffffffffffffff").expect("feed.Gap", "feed.LinkConnected", "EventRegistered")
	for _, bad := range []string{"x", "123", "zzzzzzzzzzzzzzzz"} {
		status, _ := b.call(http.MethodGet, "/v1/links/vq/events?after="+bad, "")
		require.Equal(t, http.StatusBadRequest, status)
	}
}

func TestTheNumberOfReadersIsBounded(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	for range 16 {
		b.follow("vq", "")
	}
	status, _ := b.call(http.MethodGet, "/v1/links/vq/events", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
}

func TestAClosedEdgeEndsItsStreams(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	s := b.follow("vq", "")
	s.expect("feed.LinkConnected", "EventRegistered")
	b.edge.Close()
	b.edge.Close()
	_, ok := s.raw()
	require.False(t, ok)
	status, _ := b.call(http.MethodGet, "/v1/links/vq/events", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
}
