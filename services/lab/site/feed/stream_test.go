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
	require.Equal(t, "sips", got.Server.Name)
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

// newest returns the cursor of the newest line that a link holds, without reading it.
func (b *bench) newest(name string) string {
	b.t.Helper()
	status, body := b.call(http.MethodGet, "/v1/links/"+name, "")
	require.Equal(b.t, http.StatusOK, status)
	var link struct{ Cursor string }
	require.NoError(b.t, json.Unmarshal([]byte(body), &link))
	return link.Cursor
}

func TestLostLinesAreToldOnceAndEverythingIsReportedAgain(t *testing.T) {
	b := newBench(t, feed.Options{RetainLines: 4})
	b.declare("vq", vqLink)
	cursor := b.newest("vq")
	for i := range 10 {
		b.edge.Publish(noted(fmt.Sprint("C", i)))
	}
	s := b.follow("vq", cursor)
	// What is still held comes before the report, which would push it out of the full ring.
	got := s.expect("feed.Gap", "EventUserEvent", "EventUserEvent", "EventUserEvent", "EventUserEvent", "EventRegistered")
	gap := got[0]
	require.Equal(t, cursor, gap.Attributes["after"])
	require.NotEmpty(t, gap.Attributes["from"])
	require.NotEmpty(t, gap.Attributes["to"])
	require.Greater(t, gap.Cursor, cursor)
	for i, l := range got[1:5] {
		require.Equal(t, fmt.Sprint("C", 6+i), l.Attributes["CallUUID"])
		require.Greater(t, l.Cursor, gap.Cursor)
	}
	b.edge.Publish(noted("C10"))
	require.Equal(t, "C10", s.expect("EventUserEvent")[0].Attributes["CallUUID"], "nothing is lost behind the gap")
}

func TestAClientWithoutACursorIsToldThatTheBeginningIsGone(t *testing.T) {
	b := newBench(t, feed.Options{RetainLines: 3})
	b.declare("vq", vqLink)
	for i := range 5 {
		b.edge.Publish(noted(fmt.Sprint("C", i)))
	}
	b.follow("vq", "").expect("feed.Gap", "EventUserEvent", "EventUserEvent", "EventUserEvent", "EventRegistered")
}

func TestTheCursorOfAGapIsAPlaceToResumeFrom(t *testing.T) {
	b := newBench(t, feed.Options{RetainLines: 4})
	b.declare("vq", vqLink)
	cursor := b.newest("vq")
	for i := range 10 {
		b.edge.Publish(noted(fmt.Sprint("C", i)))
	}
	require.NoError(t, b.edge.SetKnobs(feed.Knobs{DropAfterLines: 1}))
	gap := b.follow("vq", cursor).expect("feed.Gap")[0]
	require.NoError(t, b.edge.SetKnobs(feed.Knobs{}))
	got := b.follow("vq", gap.Cursor).expect("EventUserEvent", "EventUserEvent", "EventUserEvent", "EventUserEvent")
	require.Equal(t, "C6", got[0].Attributes["CallUUID"])
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
	s.toTheEnd()
	status, _ := b.call(http.MethodGet, "/v1/links/vq/events", "")
	require.Equal(t, http.StatusServiceUnavailable, status)
}
