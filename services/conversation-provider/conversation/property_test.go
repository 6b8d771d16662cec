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

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/feedtest"
)

// Whatever way events are repeated and running calls reported again, each conversation gets the events it
// gets from the clean feed, with the same ids and times. That links lag makes no difference is the work of
// pipeline.Timeline, which brings what they say into the order of time.
//
// ledger: E-EXCP-006
func TestRepetitionsDoNotMatter(t *testing.T) {
	flows := feedtest.Steady()
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
		mixed = feedtest.Duplicate(mixed, rapid.IntRange(0, 8).Draw(t, "duplicates"), pick)
		slices.SortStableFunc(mixed, func(a, b feedtest.Event) int { return a.Time.Compare(b.Time) })
		got := compact(t, newRunner().feed(mixed).settle().out)

		require.Equal(t, want, got)
	})
}

// compact is one short line per event that differs when anything in the event differs. Of a
// disposition neither place nor time count: when the interaction goes on with somebody else, nobody
// waits for the link that tells of the end of after-call work.
func compact(t require.TestingT, events []exevents.ConversationEvent) map[string][]string {
	m, last := map[string][]string{}, map[string][]string{}
	for _, e := range events {
		if e.Type == exevents.CommunicationDispositionApplied {
			last[e.ConversationID] = append(last[e.ConversationID], e.EventID+" "+e.Code)
			continue
		}
		sum := sha256.Sum256([]byte(encode(t, e)))
		m[e.ConversationID] = append(m[e.ConversationID], fmt.Sprintf("%s %s %x", e.EventDateTime.Format("15:04:05.000"), e.Type, sum[:4]))
	}
	for id, lines := range last {
		m[id] = append(m[id], slices.Sorted(slices.Values(lines))...)
	}
	return m
}

func byConversation(events []exevents.ConversationEvent) map[string][]exevents.ConversationEvent {
	m := map[string][]exevents.ConversationEvent{}
	for _, e := range events {
		m[e.ConversationID] = append(m[e.ConversationID], e)
	}
	return m
}

// In every flow, however mixed: ids are unique, times increase strictly, every event is fit to be
// sent, a leg is established before anything else happens to it and ended exactly once.
func TestEveryConversationIsWellFormed(t *testing.T) {
	flows := feedtest.All()
	names := slices.Sorted(maps.Keys(flows))
	rapid.Check(t, func(t *rapid.T) {
		site := feedtest.New().Logins()
		flows[rapid.SampledFrom(names).Draw(t, "flow")](site, 1)
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		// Here even the order within a link is lost, and events are.
		events := feedtest.InterleaveAll(site.Events, pick)
		for range rapid.IntRange(0, 3).Draw(t, "lost") {
			i := pick(len(events))
			events = slices.Delete(events, i, i+1)
		}
		for range rapid.IntRange(0, 3).Draw(t, "swapped") {
			i := pick(len(events) - 1)
			events[i], events[i+1] = events[i+1], events[i]
		}
		r := newRunner().feed(events).settle()
		r.abandon(site.Now)
		for _, events := range byConversation(r.out) {
			requireWellFormed(t, events)
		}
	})
}

// requireWellFormed: an org could take every event, and every leg comes to its end.
func requireWellFormed(t require.TestingT, events []exevents.ConversationEvent) {
	judge := feedtest.NewJudge()
	require.NoError(t, judge.Take(events))
	require.NoError(t, judge.Ended())
	for _, e := range events {
		require.Zero(t, e.EventDateTime.Nanosecond()%int(time.Millisecond))
	}
}
