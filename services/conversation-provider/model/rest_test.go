package model_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
)

// Whether calls are packed whenever they wait for nothing, or never, makes no difference to what is
// sent, stored and shown.
func TestPackingCallsChangesNothing(t *testing.T) {
	flows := feedtest.All()
	names := slices.Sorted(maps.Keys(flows))
	rapid.Check(t, func(t *rapid.T) {
		site := feedtest.New().Logins()
		for n, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(t, "flows") {
			flows[name](site, n+1)
		}
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		events := feedtest.Interleave(site.Events, pick)
		never, always := newDesk(t), newDesk(t)
		never.opts.MaxAwake, always.opts.MaxAwake = 1_000_000, 1
		for _, d := range []*desk{never, always} {
			d.restart()
			d.tick(0)
		}
		half := pick(len(events))
		for _, part := range [][]feedtest.Event{events[:half], events[half:]} {
			for _, d := range []*desk{never, always} {
				d.feed(part)
				d.tick(2 * time.Minute)
			}
			require.Equal(t, never.model.Counts(), always.model.Counts())
			require.Equal(t, never.state, always.state)
			for _, e := range events {
				want, known, err := never.model.Lookup(e.CallUUID())
				require.NoError(t, err)
				got, known2, err := always.model.Lookup(e.CallUUID())
				require.NoError(t, err)
				require.Equal(t, known, known2)
				require.Equal(t, want, got)
			}
		}
		require.Equal(t, never.settle().lines(), always.settle().lines())
	})
}

// A call that is packed and of which nothing is heard is given up like any other.
func TestPackedCallWhoseEndIsLostIsEnded(t *testing.T) {
	for name, after := range map[string]func(*desk, *feedtest.Site, *feedtest.Call){
		"nothing is heard": func(d *desk, _ *feedtest.Site, _ *feedtest.Call) { d.tick(11 * time.Hour) },
		"too old": func(d *desk, site *feedtest.Site, call *feedtest.Call) {
			for range 2 {
				d.tick(10 * time.Hour)
				rest := len(site.Events)
				call.Data("language_code", "de-DE")
				d.feed(site.Events[rest:])
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			site := feedtest.New().Logins()
			call := site.Inbound(1).IVR().Queue().Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1)
			d := newDesk(t)
			d.opts.MaxAwake = 1
			d.restart()
			d.tick(0).feed(site.Events).tick(2 * time.Minute)
			sent := len(d.out)
			after(d, site, call)
			require.Equal(t, 1, d.model.Counts().OpenCalls)
			require.Len(t, d.out, sent)
			d.tick(5 * time.Hour)
			require.Zero(t, d.model.Counts().OpenCalls)
			require.Len(t, d.out, sent+2, "both legs are ended")
		})
	}
}

// Decide says what Apply sends.
func TestDecidingIsApplyingWithoutEncoding(t *testing.T) {
	site := feedtest.New().Logins()
	site.Main(1)
	d := newDesk(t).feed(site.Events)
	m := model.New(d.opts)
	n := 0
	for _, e := range site.Events {
		for _, event := range m.Decide([]engage.Event{e.Event}) {
			require.Equal(t, d.out[n].Event, *event)
			n++
		}
	}
	require.Len(t, d.out, n)
}
