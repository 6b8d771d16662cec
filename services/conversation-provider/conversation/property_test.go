package conversation_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/genesys"
	"engage.connector/services/conversation-provider/feedtest"
)

// Whatever way the links are mixed, events are repeated and running calls reported again, each
// conversation gets the events it gets from the clean order, with the same ids and times.
//
// ledger: E-EXCP-006
func TestOrderOfLinksDoesNotMatter(t *testing.T) {
	flows := maps.Clone(feedtest.Flows())
	maps.Copy(flows, feedtest.Unsupported())
	names := slices.Sorted(maps.Keys(flows))
	rapid.Check(t, func(t *rapid.T) {
		site := feedtest.New().Logins()
		for n, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(t, "flows") {
			flows[name](site, n+1)
			site.Wait(time.Second)
		}
		want := compact(t, newRunner().feed(site.Events).settle().out)

		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		mixed := feedtest.Rereport(site.Events, rapid.IntRange(0, 2).Draw(t, "reports"), pick)
		mixed = feedtest.Interleave(mixed, pick)
		mixed = feedtest.Duplicate(mixed, rapid.IntRange(0, 8).Draw(t, "duplicates"), pick)
		got := compact(t, newRunner().feed(mixed).settle().out)

		require.Equal(t, want, got)
	})
}

// compact is one short line per event that differs when anything in the event differs.
func compact(t require.TestingT, events []genesys.ConversationEvent) map[string][]string {
	m := map[string][]string{}
	for _, e := range events {
		sum := sha256.Sum256([]byte(encode(t, e)))
		m[e.ConversationID] = append(m[e.ConversationID], fmt.Sprintf("%s %s %x", e.EventDateTime.Format("15:04:05.000"), e.Type, sum[:4]))
	}
	return m
}

func byConversation(events []genesys.ConversationEvent) map[string][]genesys.ConversationEvent {
	m := map[string][]genesys.ConversationEvent{}
	for _, e := range events {
		m[e.ConversationID] = append(m[e.ConversationID], e)
	}
	return m
}

// In every flow, however mixed: ids are unique, times increase strictly, every event is fit to be
// sent, a leg is established before anything else happens to it and ended exactly once.
func TestEveryConversationIsWellFormed(t *testing.T) {
	flows := maps.Clone(feedtest.Flows())
	maps.Copy(flows, feedtest.Unsupported())
	names := slices.Sorted(maps.Keys(flows))
	rapid.Check(t, func(t *rapid.T) {
		site := feedtest.New().Logins()
		flows[rapid.SampledFrom(names).Draw(t, "flow")](site, 1)
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		// Here even the order within a link is lost, and events are.
		events := feedtest.Interleave(site.Events, pick)
		for range rapid.IntRange(0, 3).Draw(t, "lost") {
			i := pick(len(events))
			events = slices.Delete(events, i, i+1)
		}
		for range rapid.IntRange(0, 3).Draw(t, "swapped") {
			i := pick(len(events) - 1)
			events[i], events[i+1] = events[i+1], events[i]
		}
		r := newRunner().feed(events).settle()
		for uuid, conv := range r.convs {
			if call := r.book.Call(uuid); !conv.Finished() {
				r.out = append(r.out, r.machine.Abandon(call, conv, site.Now)...)
			}
		}
		for _, events := range byConversation(r.out) {
			requireWellFormed(t, events)
		}
	})
}

func requireWellFormed(t require.TestingT, events []genesys.ConversationEvent) {
	ids, open, transfers := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var ended []string
	last := time.Time{}
	for _, e := range events {
		require.NoError(t, e.Validate())
		require.False(t, ids[e.EventID], "event id used twice")
		ids[e.EventID] = true
		require.True(t, e.EventDateTime.After(last), "times increase strictly")
		require.Zero(t, e.EventDateTime.Nanosecond()%int(time.Millisecond))
		last = e.EventDateTime
		switch e.Type {
		case genesys.ExternalEstablished, genesys.IVREstablished, genesys.RoutingEstablished, genesys.UserEstablished:
			require.NotContains(t, open, e.CommunicationID)
			open[e.CommunicationID] = true
		case genesys.CommunicationEnded:
			require.True(t, open[e.CommunicationID], "only an open leg ends")
			open[e.CommunicationID] = false
			ended = append(ended, e.CommunicationID)
		case genesys.HoldUpdated, genesys.CommunicationAnswered:
			require.True(t, open[e.CommunicationID], "only an open leg changes")
		case genesys.CommunicationDispositionApplied:
			require.Contains(t, ended, e.CommunicationID, "a disposition follows the end of its leg")
		case genesys.RoutingTransfer, genesys.UserTransfer:
			require.True(t, open[e.InitiatingCommunicationID])
			require.True(t, open[e.ObjectCommunicationID])
			transfers[e.CommandID] = true
		case genesys.ProgressTransfer:
			require.True(t, transfers[e.CommandID])
			require.True(t, open[e.DestinationCommunicationID])
		case genesys.EndTransfer:
			require.True(t, transfers[e.CommandID])
			transfers[e.CommandID] = false
		}
	}
	for id, is := range open {
		require.False(t, is, "leg %s was never ended", id)
	}
}
