package model_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
)

// counter is what the metrics would show.
type counter struct {
	odd     map[callmodel.OddKind]int
	closed  map[string]int // stage and reason
	orphans int
}

func (c *counter) CallClosed(stage conversation.Stage, reason conversation.Reason) {
	c.closed[string(stage)+" "+string(reason)]++
}
func (c *counter) Recording(*model.Record, model.RecordingState) {}
func (c *counter) OrphansDropped(n int)                          { c.orphans += n }
func (c *counter) Odd(kind callmodel.OddKind, times int)         { c.odd[kind] += times }

// counted is a desk whose outcomes are counted.
func counted(t require.TestingT) (*desk, *counter) {
	d, c := newDesk(t), &counter{odd: map[callmodel.OddKind]int{}, closed: map[string]int{}}
	d.opts.Observer = c
	d.restart()
	return d.tick(0), c
}

// traced is the trace of a call, from the model; the stored state has to say the same.
func (d *desk) traced(uuid string) string {
	live, ok, err := d.model.Lookup(uuid)
	require.NoError(d.t, err)
	require.True(d.t, ok, uuid)
	return string(live.Interaction)
}

// Each kind of event that cannot be is counted, shown in the trace of its call, and stops nothing: the
// main call that is on meanwhile gives the events it always gives.
func TestWhatCannotBeIsCountedTracedAndHarmless(t *testing.T) {
	const stranger = "00U3MCI8QO8ER0B5A60AHG5AESFFFFFF"
	party := func(message, uuid, party string, more engage.Attributes) engage.Event {
		a := engage.Attributes{"CallUUID": uuid, "PartyUUID": party, "DN": feedtest.Ext2}
		maps.Copy(a, more)
		return engage.Event{Message: message, Attributes: a}
	}
	table := map[callmodel.OddKind]struct {
		call   string // whose trace shows it; empty: it belongs to no call
		events []engage.Event
	}{
		callmodel.OddNoIdentity: {"", []engage.Event{
			{Message: engage.MsgEventCallCreated}, {Message: engage.MsgEventCallPartyAdded, Attributes: engage.Attributes{"PartyUUID": "P"}},
			{Message: engage.MsgEventQueued, Attributes: engage.Attributes{"ThisDN": feedtest.VQ}},
		}},
		callmodel.OddUnknownCall: {stranger, []engage.Event{
			party(engage.MsgEventCallPartyAdded, stranger, "P", engage.Attributes{"PartyState": 12}),
		}},
		callmodel.OddNeverJoined: {stranger, []engage.Event{party(engage.MsgEventCallPartyDeleted, stranger, "P", nil)}},
		callmodel.OddPartyGone: {stranger, []engage.Event{
			{Message: engage.MsgEventCallCreated, Attributes: engage.Attributes{"CallUUID": stranger, "CallType": 2}},
			party(engage.MsgEventCallPartyAdded, stranger, "P", engage.Attributes{"PartyState": 10}),
			party(engage.MsgEventCallPartyDeleted, stranger, "P", nil),
			party(engage.MsgEventCallPartyState, stranger, "P", engage.Attributes{"PartyState": 12}),
		}},
		callmodel.OddCallEnded: {stranger, []engage.Event{
			{Message: engage.MsgEventCallCreated, Attributes: engage.Attributes{"CallUUID": stranger, "CallType": 2}},
			party(engage.MsgEventCallPartyAdded, stranger, "Q", engage.Attributes{"PartyState": 12}),
			{Message: engage.MsgEventCallDeleted, Attributes: engage.Attributes{"CallUUID": stranger}},
			party(engage.MsgEventCallPartyAdded, stranger, "P", engage.Attributes{"PartyState": 12}),
		}},
		callmodel.OddState: {stranger, []engage.Event{
			{Message: engage.MsgEventCallCreated, Attributes: engage.Attributes{"CallUUID": stranger, "CallType": 2}},
			party(engage.MsgEventCallPartyAdded, stranger, "P", engage.Attributes{"PartyState": "Levitating"}),
		}},
		callmodel.OddTooMany: {"", tooMany()},
	}
	require.ElementsMatch(t, callmodel.OddKinds(), slices.Collect(maps.Keys(table)), "every kind has its case")
	want := newDesk(t)
	main := feedtest.New().Logins()
	main.Main(1)
	want.tick(0).feed(main.Events).settle()
	for kind, c := range table {
		t.Run(string(kind), func(t *testing.T) {
			d, counts := counted(t)
			half := len(main.Events) / 2
			d.feed(main.Events[:half])
			at := main.Events[half-1].Time
			batch := make([]engage.Event, len(c.events))
			for i, e := range c.events {
				e.Time, e.Cursor = at.Add(time.Duration(i)*time.Microsecond), "1"
				batch[i] = e
			}
			d.commit(d.model.Apply(batch))
			require.Positive(t, counts.odd[kind], "counted")
			if c.call != "" {
				require.Contains(t, d.traced(c.call), `"kind":"`+string(kind)+`"`)
			}
			d.feed(main.Events[half:]).settle()
			require.Equal(t, want.lines(), d.lines(), "the other calls are as they would be")
			d.tick(2 * time.Hour).tick(2 * time.Hour).tick(24 * time.Hour).tick(24 * time.Hour)
			require.Zero(t, d.model.Counts().OpenCalls, "nothing of it is kept for ever")
			require.Zero(t, d.model.Counts().Orphans)
			require.Equal(t, want.lines(), d.lines())
		})
	}
}

// tooMany are events of more unknown ConnIDs than are kept.
func tooMany() []engage.Event {
	events := make([]engage.Event, 10_001)
	for i := range events {
		events[i] = engage.Event{Message: engage.MsgEventQueued, Attributes: engage.Attributes{"ThisDN": feedtest.VQ, "ConnID": fmt.Sprintf("%016x", i+1)}}
	}
	return events
}

// What is seen of a call but its beginning is never injected, and says why.
func TestACallOfWhichOnlyTheEndIsSeenIsIgnored(t *testing.T) {
	whole := feedtest.New().Logins()
	whole.Main(1)
	uuid := whole.Events[len(whole.Events)-2].CallUUID()
	created := slices.IndexFunc(whole.Events, func(e feedtest.Event) bool { return e.Message == engage.MsgEventCallCreated })
	for from := created + 1; from < len(whole.Events); from++ {
		if whole.Events[from].Message == engage.MsgEventCallDeleted {
			d, counts := counted(t)
			d.feed(whole.Events[from : from+1]).settle()
			require.Empty(t, d.out)
			require.Contains(t, d.traced(uuid), string(conversation.ReasonNotFromStart))
			require.Equal(t, map[string]int{"ignored not_seen_from_start": 1}, counts.closed)
			require.Zero(t, d.model.Counts().OpenCalls)
		}
		d, counts := counted(t)
		d.feed(whole.Events[from:]).settle().tick(2 * time.Hour).tick(2 * time.Hour)
		require.Empty(t, d.out, "beginning with event %d", from)
		require.Zero(t, d.model.Counts().OpenCalls, "beginning with event %d", from)
		for outcome := range counts.closed {
			require.Contains(t, []string{"ignored not_seen_from_start", "ignored end_not_seen"}, outcome)
		}
	}
}

// A queue's event without CallUUID is of the call of its ConnID; without that it is of none.
//
// ledger: E-EXCP-007, E-EXCP-008
func TestQueueEventsWithoutCallUUID(t *testing.T) {
	site := feedtest.New().Logins()
	site.Main(1)
	want := newDesk(t).feed(site.Events).settle()
	strip := func(keys ...string) []feedtest.Event {
		events := slices.Clone(site.Events)
		for i, e := range events {
			if e.Link == feedtest.LinkQueue {
				events[i].Attributes = maps.Clone(e.Attributes)
				for _, key := range keys {
					delete(events[i].Attributes, key)
				}
			}
		}
		return events
	}
	d, counts := counted(t)
	d.feed(strip("CallUUID")).settle()
	require.Equal(t, want.lines(), d.lines())
	require.Empty(t, counts.odd)

	d, counts = counted(t)
	d.feed(strip("CallUUID", "ConnID")).settle()
	require.Equal(t, 2, counts.odd[callmodel.OddNoIdentity])
	for _, i := range d.out {
		require.Empty(t, i.Event.QueueID, "no queue is guessed")
	}

	d, counts = counted(t)
	queue := slices.DeleteFunc(strip("CallUUID"), func(e feedtest.Event) bool { return e.Link != feedtest.LinkQueue })
	d.feed(queue).tick(time.Minute).tick(6 * time.Minute)
	require.Equal(t, 2, counts.orphans, "what waited for a call that never came is counted")
}
