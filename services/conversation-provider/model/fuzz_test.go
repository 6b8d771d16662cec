package model_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// live feeds events as the pipeline does: sorted by their time, up to batch of one moment together,
// while the clock goes with them.
func live(t require.TestingT, of conversation.CallModel, events []engage.Event, batch int) *desk {
	slices.SortStableFunc(events, func(a, b engage.Event) int { return a.Time.Compare(b.Time) })
	d := newDesk(t)
	d.opts.Machine.CallModel = of
	d.restart()
	if len(events) > 0 {
		d.now = events[0].Time
	}
	d.tick(0)
	const window = 250 * time.Millisecond
	for len(events) > 0 {
		n := 1
		for n < len(events) && n < batch && events[n].Time.Sub(events[0].Time) < window {
			n++
		}
		for _, pause := range []time.Duration{time.Second, 3 * time.Second, time.Minute} { // long enough for whatever waits
			if next := d.now.Add(pause); next.Before(events[n-1].Time) {
				d.tick(pause)
			}
		}
		d.tick(max(0, events[n-1].Time.Sub(d.now)))
		d.commit(d.model.Apply(events[:n]))
		events = events[n:]
	}
	d.settle()
	for range 4 {
		d.tick(13 * time.Hour)
	}
	return d
}

// survive requires that no event is refused by the model, that nothing is kept for ever, and that the
// org can take all of every conversation. Conversations are judged one by one: that an agent has one
// main call at a time holds for events that are complete and in time (see package soak).
func survive(t require.TestingT, of conversation.CallModel, events []engage.Event, batch int) {
	d := live(t, of, events, batch)
	require.Zero(t, d.model.Counts().OpenCalls)
	require.Zero(t, d.model.Counts().Orphans)
	conversations := map[string][]exevents.ConversationEvent{}
	for _, o := range d.out {
		conversations[o.Event.ConversationID] = append(conversations[o.Event.ConversationID], o.Event)
	}
	for _, conversation := range conversations {
		judge := feedtest.NewJudge()
		require.NoError(t, judge.Take(conversation))
		require.NoError(t, judge.Ended())
	}
}

// Whatever lines a feed carries, the model takes the ones that can be decoded.
func FuzzModel(f *testing.F) {
	for _, name := range []string{"abandoned-in-ivr", "consult-transfer-agent", "multi-site"} {
		lines, err := os.ReadFile(filepath.Join("testdata", name+".ndjson"))
		require.NoError(f, err)
		var call [][]byte // short seeds: long ones take the fuzzer minutes to make small
		for line := range bytes.Lines(lines) {
			if bytes.Contains(line, []byte("EventCall")) {
				call = append(call, line)
			}
		}
		for part := range slices.Chunk(call, 5) {
			f.Add(bytes.Join(part, nil), 3)
		}
	}
	f.Fuzz(func(t *testing.T, lines []byte, batch int) {
		var events []engage.Event
		for line := range bytes.Lines(lines) {
			if e, err := engage.Decode(bytes.TrimSpace(line)); err == nil {
				events = append(events, e)
			}
		}
		for _, of := range conversation.CallModels() {
			survive(t, of, slices.Clone(events), batch)
		}
	})
}

// mangled draws events of some flows of which some are lost, come twice, come late, or say something
// else than they should.
func mangled(t *rapid.T) []engage.Event {
	flows := feedtest.All()
	names := slices.Sorted(maps.Keys(flows))
	site := feedtest.New().Logins()
	for n, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 3).Draw(t, "flows") {
		flows[name](site, n+1)
	}
	pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
	var values []any
	for _, e := range site.Events {
		for _, key := range slices.Sorted(maps.Keys(e.Attributes)) {
			values = append(values, e.Attributes[key])
		}
	}
	values = append(values, "", 0, -1, 1<<40, "Levitating", nil, map[string]any{})
	var events []engage.Event
	for _, e := range site.Events {
		switch event := e.Event; pick(24) {
		case 0: // lost
		case 1:
			events = append(events, event, event)
		case 2:
			event.Time = event.Time.Add(time.Duration(pick(60)-30) * time.Second)
			events = append(events, event)
		case 3:
			event.Attributes = maps.Clone(event.Attributes)
			keys := slices.Sorted(maps.Keys(event.Attributes))
			event.Attributes[keys[pick(len(keys))]] = values[pick(len(values))]
			events = append(events, event)
		case 4:
			event.Message = site.Events[pick(len(site.Events))].Message
			events = append(events, event)
		default:
			events = append(events, event)
		}
	}
	return events
}

// Histories that never happened are taken like those that did.
func TestMangledHistoriesAreSurvived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := mangled(t)
		for i, e := range events { // as they are decoded
			line, err := engage.Encode(e)
			require.NoError(t, err)
			events[i], err = engage.Decode(line)
			require.NoError(t, err, strings.TrimSpace(string(line)))
		}
		batch := 1 + rapid.IntRange(0, 5).Draw(t, "batch")
		for _, of := range conversation.CallModels() {
			survive(t, of, slices.Clone(events), batch)
		}
	})
}
