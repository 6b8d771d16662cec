package feed_test

import (
	"net/http"
	"testing"

	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
)

// Every word of the edge that something may have been missed is followed by all that its servers know.
func TestASnapshotFollowsEachNewBeginning(t *testing.T) {
	begin, end := "feed.SnapshotBegin", "feed.SnapshotEnd"
	for name, test := range map[string]struct {
		disturb func(*bench)
		want    []string // before the snapshot
	}{
		"connect": {func(*bench) {}, nil},
		"reconnect": {func(b *bench) {
			b.edge.Disconnect("call", "broken")
			b.edge.Connect("call")
		}, []string{"feed.LinkDisconnected", "feed.LinkConnected"}},
		"switchover": {func(b *bench) { b.edge.Switchover() }, []string{"feed.Switchover"}},
		"gap": {func(b *bench) {
			b.edge.Lose("call")
			b.edge.Publish(event("EventCallDataChanged", "CallUUID", "C1", "DNIS", "1"))
			b.edge.Gap("call")
		}, []string{"feed.Gap"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, feed.Options{})
			publishRunningCall(b)
			b.declare("call", callLink)
			s := b.follow("call", "")
			s.expectAll("feed.LinkConnected", begin, "EventCallCreated", "EventCallPartyAdded", end)
			if test.want == nil {
				return
			}
			test.disturb(b)
			got := s.expectAll(append(test.want, begin, "EventCallCreated", "EventCallPartyAdded", end)...)
			first, last := got[len(test.want)], got[len(got)-1]
			require.Equal(t, first.moment(t, "at"), last.moment(t, "at"))
			for _, l := range got[len(test.want):] {
				require.False(t, l.Time.After(first.moment(t, "at")), l.Message)
			}
		})
	}
}

func TestADeclarationThatAddsSomethingIsAnsweredWithEverything(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.edge.PublishStatus(johnOnACall())
	b.declare("agent", agentLink("4001"))
	b.declare("agent", agentLink("4002", "4001"))
	b.declare("agent", agentLink("4002")) // takes away: nothing to tell
	b.declare("agent", agentLink("4002"))
	s := b.follow("agent", "")
	s.expectAll("feed.LinkConnected", "feed.SnapshotBegin", "EventRegistered", "feed.SnapshotEnd",
		"feed.SnapshotBegin", "EventRegistered", "EventRegistered", "feed.SnapshotEnd")
	b.edge.Publish(event("EventUserEvent", "ThisDN", "4002"))
	s.expectAll("EventUserEvent")

	b.declare("stat", statLink("john"))
	b.declare("stat", statLink("john", "jane"))
	b.follow("stat", "").expectAll("feed.LinkConnected", "feed.SnapshotBegin", "EventInfo", "feed.SnapshotEnd",
		"feed.SnapshotBegin", "EventInfo", "EventError", "feed.SnapshotEnd")
}

func TestASnapshotHoldsTheCallsThatWaitInAQueue(t *testing.T) {
	b := newBench(t, feed.Options{})
	for _, uuid := range []string{"C1", "C2", "C3"} {
		b.edge.Publish(queued(uuid))
	}
	b.edge.Publish(event("EventDiverted", "ThisDN", "VQ_Sales", "CallUUID", "C2"))
	b.edge.Publish(event("EventAbandoned", "ThisDN", "VQ_Sales", "CallUUID", "C3"))
	b.edge.Publish(event("EventQueued", "ThisDN", "VQ_Other", "CallUUID", "C4"))
	b.declare("vq", vqLink)
	got := b.follow("vq", "").expectAll("feed.LinkConnected", "feed.SnapshotBegin", "EventRegistered", "EventQueued", "feed.SnapshotEnd")
	require.Equal(t, "C1", got[3].Attributes["CallUUID"])
}

func TestWhatIsLostInAGapIsToldToThePublisherAndNotToTheLink(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	b.declare("call", callLink)
	require.True(t, b.edge.Lose("vq"))
	require.False(t, b.edge.Lose("nobody"))
	require.True(t, b.edge.Publish(queued("C1")))
	require.False(t, b.edge.Publish(event("EventCallCreated", "CallUUID", "C1")), "the other link is well")
	require.True(t, b.edge.Publish(event("EventDiverted", "ThisDN", "VQ_Sales", "CallUUID", "C1")))
	require.True(t, b.edge.Gap("vq"))
	require.True(t, b.edge.Gap("vq"), "a second time there is nothing to tell")
	require.False(t, b.edge.Publish(queued("C2")))
	got := b.follow("vq", "").expect("feed.LinkConnected", "EventRegistered", "feed.Gap", "EventRegistered", "EventQueued")
	require.False(t, got[2].moment(t, "from").After(got[2].moment(t, "to")))
	require.Equal(t, "C2", got[4].Attributes["CallUUID"])
}

func TestAnEdgeThatCanNotMakeSnapshotsReportsWithoutThem(t *testing.T) {
	b := newBench(t, feed.Options{})
	require.NoError(t, b.edge.SetKnobs(feed.Knobs{NoSnapshots: true}))
	publishRunningCall(b)
	b.declare("call", callLink)
	b.edge.Switchover()
	b.follow("call", "").expectAll("feed.LinkConnected", "EventCallCreated", "EventCallPartyAdded",
		"feed.Switchover", "EventCallCreated", "EventCallPartyAdded")
}

// Two readers that lose lines one shortly after the other both get a snapshot behind their gap.
func TestEachReaderWithAGapGetsASnapshotBehindIt(t *testing.T) {
	b := newBench(t, feed.Options{RetainLines: 8})
	b.declare("vq", vqLink)
	cursor := b.newest("vq")
	for range 20 {
		b.edge.Publish(noted("C"))
	}
	for range 2 {
		s := b.follow("vq", cursor)
		s.expectAll("feed.Gap")
		for s.any().Message != "feed.SnapshotEnd" {
			continue
		}
		s.stop()
	}
}

func TestAnEdgeThatIsAwayBreaksStreamsAndLosesNothing(t *testing.T) {
	clock := newClock()
	b := newBench(t, feed.Options{Now: clock.now})
	b.declare("vq", vqLink)
	s := b.follow("vq", "")
	cursor := s.expectAll("feed.LinkConnected", "feed.SnapshotBegin", "EventRegistered", "feed.SnapshotEnd")[3].Cursor
	b.edge.Away(clock.seconds(20))
	s.toTheEnd()
	require.Error(t, s.scan.Err(), "the stream breaks off, it does not end in order")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/v1/links", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.Error(t, err)
	require.False(t, b.edge.Publish(queued("C1")), "it is kept")
	clock.advance(21)
	got := b.follow("vq", cursor).expectAll("EventQueued")
	require.Equal(t, "C1", got[0].Attributes["CallUUID"])
}
