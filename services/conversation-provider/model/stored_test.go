package model_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/packed/packedtest"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
)

// everything is a center in whose state there is something of every kind: calls in the queue, talking, in a
// consultation and closed; events that wait for their call; recordings submitted and kept.
func everything(t *testing.T) *desk {
	t.Helper()
	site, uuid := mainCall()
	d := newDesk(t)
	d.feed(site.Events).settle()
	d.apply(posted(site.Now, uuid, "one.opus", feedtest.Ext1, feedtest.Agent1, site.Now, site.Now))
	d.apply(posted(site.Now, "unknown", "two.opus", "", "", site.Now, site.Now))
	later := feedtest.At(site.Now.Add(time.Hour)).Logins()
	for n := range 3 {
		call := later.Inbound(7 + n)
		call.IVR().Queue()
	}
	talking := later.Inbound(20).IVR().Queue().Ring("a1", feedtest.Ext1).Answer("a1", feedtest.Ext1)
	talking.Hold("a1")
	d.feed(later.Events)
	d.apply(engage.Event{Cursor: "1", Link: "SIPS_A/agents", Message: "EventUserEvent", Time: later.Now, Attributes: engage.Attributes{
		"ThisDN": feedtest.Ext2, "ConnID": "00ff0269722cd9aa", "UserData": map[string]any{"language_code": "de-DE"},
	}})
	return d.tick(time.Second)
}

// decoded is a value of the state, by the kind that its name begins with.
func decoded(t *testing.T, name string, value []byte) packed.Message {
	t.Helper()
	into := map[string]packed.Message{"c": &model.Interaction{}, "s": &model.Interaction{}, "d": &callmodel.DN{}, "o": &callmodel.Orphans{}, "r": &model.Record{}}
	kind, _, _ := strings.Cut(name, "/")
	require.Contains(t, into, kind)
	require.NoError(t, packed.Decode(value, into[kind]), name)
	return into[kind]
}

// golden is a value as a version stored it, and what it is.
type golden struct {
	Stored []byte          `json:"stored"`
	Is     json.RawMessage `json:"is"`
}

var writeGolden = flag.String("golden", "", "file to write the state of this version to")

// What a version has stored stays readable, and means the same. For each form a file is added with
// go test -run StaysReadable ./services/conversation-provider/model -golden testdata/golden/NAME.json
// and none is ever changed.
func TestWhatAVersionStoredStaysReadable(t *testing.T) {
	if *writeGolden != "" {
		values := map[string]golden{}
		for name, stored := range everything(t).state {
			is, err := json.Marshal(decoded(t, name, stored))
			require.NoError(t, err)
			values[name] = golden{stored, is}
		}
		text, err := json.MarshalIndent(values, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(*writeGolden, append(text, '\n'), 0o600))
	}
	files, err := os.ReadDir("testdata/golden")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile("testdata/golden/" + file.Name())
		require.NoError(t, err)
		var values map[string]golden
		require.NoError(t, json.Unmarshal(text, &values))
		state := map[string][]byte{}
		kinds := map[byte]int{}
		for name, value := range values {
			is, err := json.Marshal(decoded(t, name, value.Stored))
			require.NoError(t, err)
			require.JSONEq(t, string(value.Is), string(is), "%s: %s", file.Name(), name)
			state[name] = value.Stored
			kinds[name[0]]++
		}
		require.Len(t, kinds, 5, "there is something of every kind")
		d := newDesk(t)
		require.Empty(t, d.model.Restore(state))
		require.Equal(t, kinds['c'], d.model.Counts().OpenCalls)
		require.Equal(t, kinds['s'], d.model.Counts().ClosedCalls)
		require.Equal(t, kinds['o'], d.model.Counts().Orphans)
		require.Equal(t, kinds['r'], d.model.Counts().Kept+d.model.Counts().Submitted)
	}
}

// Whatever is wrong with a value, only that value is missing, and everybody else goes on as before.
func TestAValueThatCannotBeReadCostsNobodyElse(t *testing.T) {
	whole := everything(t)
	other := slices.Sorted(maps.Keys(whole.state))
	for i, name := range other {
		value := whole.state[name]
		for what, broken := range map[string][]byte{
			"json": []byte(`{"uuid":"U"}`), "empty": {}, "text": []byte("broken"), "cut": value[:len(value)-1], "half written": value[:len(value)/2],
			"of a newer version": append([]byte{2}, value[1:]...), "of another name": whole.state[other[(i+1)%len(other)]],
		} {
			d := newDesk(t)
			d.now = whole.now
			d.state = maps.Clone(whole.state)
			d.state[name] = broken
			unreadable := d.model.Restore(maps.Clone(d.state))
			require.Len(t, unreadable, 1, "%s is %s: %v", name, what, unreadable)
			require.Error(t, unreadable[name], "%s is %s", name, what)
			d.tick(time.Minute)
			counts, all := d.model.Counts(), whole.model.Counts()
			require.GreaterOrEqual(t, counts.OpenCalls+counts.ClosedCalls, all.OpenCalls+all.ClosedCalls-1)
		}
	}
	d := newDesk(t)
	unreadable := d.model.Restore(map[string][]byte{"n/1": whole.state[other[0]]})
	require.ErrorContains(t, unreadable["n/1"], "does not know")
}

// A rollback: a newer version has stored more, at every depth. This one reads it, takes every next event of
// the call, writes, and everything that it does not know is still there.
func TestFieldsOfANewerVersionSurviveEveryEvent(t *testing.T) {
	site, _ := mainCall()
	checked := map[string]int{}
	for i := range site.Events {
		d := newDesk(t)
		d.feed(site.Events[:i]).tick(0)
		for name, value := range d.state {
			d.state[name], _ = packedtest.Grow(t, value)
		}
		before := maps.Clone(d.state)
		d.restart()
		d.apply(site.Events[i].Event)
		d.tick(0)
		for name, was := range before {
			if now := d.state[name]; now != nil && string(now) != string(was) {
				lasting := decoded(t, name, was)
				if in, is := lasting.(*model.Interaction); is && in.Call != nil { // what is over is gone
					in.Call.Facts, in.Call.Past, in.Conversation.Transfer, in.Conversation.Consult = nil, nil, nil, nil
				}
				want, err := packed.Encode(lasting)
				require.NoError(t, err)
				require.Subset(t, packedtest.Grown(t, now), packedtest.Grown(t, want), "event %d, %s", i, name)
				checked[name[:1]]++
			}
		}
	}
	require.Greater(t, checked["c"], 10)
	require.Positive(t, checked["d"])
}

// The calls are the same in the org whether or not a newer version has stored more.
func TestFieldsOfANewerVersionChangeNothing(t *testing.T) {
	site, uuid := mainCall()
	want := newDesk(t).feed(site.Events).settle().lines()
	for i := range site.Events {
		d := newDesk(t).feed(site.Events[:i])
		for name, value := range d.state {
			d.state[name], _ = packedtest.Grow(t, value)
		}
		d.restart()
		d.feed(site.Events[i:]).settle()
		require.Equal(t, want[uuid], d.lines()[uuid], "from event %d", i)
	}
}
