package model_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A captured feed goes in, the events for the org come out; both are files that can be read.
//
// ledger: E-EXCP-002
// ledger: E-EXCP-007
// ledger: E-EXCP-008
// ledger: E-EXCP-009
// ledger: E-EXCP-010
// ledger: E-EXCP-011
// ledger: E-EXCP-012
// ledger: E-EXCP-013
// ledger: E-EXCP-014
// ledger: E-EXCP-015
// ledger: E-EXCP-027
func TestFeedFilesGiveTheirGoldenEvents(t *testing.T) {
	for name, flow := range feedtest.All() {
		t.Run(name, func(t *testing.T) {
			feed, golden := filepath.Join("testdata", name+".ndjson"), filepath.Join("testdata", name+".golden.json")
			if *update {
				site := feedtest.New().Logins()
				flow(site, 1)
				var b bytes.Buffer
				require.NoError(t, feedtest.Write(&b, site.Events))
				require.NoError(t, os.WriteFile(feed, b.Bytes(), 0o600))
			}
			file, err := os.Open(feed)
			require.NoError(t, err)
			defer func() { require.NoError(t, file.Close()) }()
			d := newDesk(t)
			require.NoError(t, engage.Replay(file, func(e engage.Event) error {
				d.apply(e)
				return nil
			}, func(bad engage.BadLine) error {
				t.Errorf("bad line: %s", bad.Reason)
				return nil
			}))
			d.settle()
			var got bytes.Buffer
			for _, i := range d.out {
				line, err := json.Marshal(i.Event)
				require.NoError(t, err)
				got.Write(line)
				got.WriteByte('\n')
			}
			if *update {
				require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
		})
	}
}

// A model that is dropped after any batch and restored from what was committed sends, in sum, what
// an undisturbed one sends.
func TestRestartAtAnyPointChangesNothing(t *testing.T) {
	flows := feedtest.Steady()
	names := slices.Sorted(maps.Keys(flows))
	rapid.Check(t, func(t *rapid.T) {
		site := feedtest.New().Logins()
		for n, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 3).Draw(t, "flows") {
			flows[name](site, n+1)
		}
		undisturbed := newDesk(t).feed(site.Events).settle()

		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		mixed := feedtest.Duplicate(site.Events, 3, pick)
		slices.SortStableFunc(mixed, func(a, b feedtest.Event) int { return a.Time.Compare(b.Time) })
		d := newDesk(t)
		for len(mixed) > 0 {
			n := 1 + pick(min(len(mixed), 8))
			batch := make([]engage.Event, n)
			for i, e := range mixed[:n] {
				batch[i] = e.Event
			}
			slices.SortStableFunc(batch, func(a, b engage.Event) int { return a.Time.Compare(b.Time) })
			d.apply(batch...)
			mixed = mixed[n:]
			if pick(3) == 0 {
				d.restart()
			}
		}
		d.settle()
		require.Equal(t, undisturbed.lines(), d.lines())
	})
}

// So it is when the model is restored after every single event; what waits goes on waiting.
func TestRestartAfterEveryEventChangesNothing(t *testing.T) {
	for name, flow := range feedtest.Steady() {
		t.Run(name, func(t *testing.T) {
			site := feedtest.New().Logins()
			flow(site, 1)
			undisturbed, d := newDesk(t).feed(site.Events).settle(), newDesk(t)
			for _, e := range site.Events {
				d.apply(e.Event)
				d.restart()
			}
			require.Equal(t, undisturbed.lines(), d.settle().lines())
		})
	}
}

func TestClosedCallsAreForgottenAfterTheRetention(t *testing.T) {
	site := feedtest.New().Logins()
	site.Main(1)
	d := newDesk(t).feed(site.Events).settle()
	require.Zero(t, d.model.Counts().OpenCalls)
	require.Equal(t, 1, d.model.Counts().ClosedCalls)
	sent := len(d.out)

	// What comes late does not bring the call back.
	d.feed(site.Events).settle()
	require.Len(t, d.out, sent)
	require.Zero(t, d.model.Counts().OpenCalls)

	d.tick(25 * time.Hour)
	require.Zero(t, d.model.Counts().ClosedCalls)
	for key := range d.state {
		require.Contains(t, key, "d/", "only DNs are left")
	}
}

// The trace of a call is there for 24 hours after its end, also after a restart, on the writer as on a
// standby, and not longer.
func TestTheTraceIsKeptFor24Hours(t *testing.T) {
	site := feedtest.New().Logins()
	site.Main(1)
	uuid := site.Events[len(site.Events)-2].CallUUID()
	d := newDesk(t).tick(0).feed(site.Events)
	closed := d.now
	known := func() (model.Trace, bool) {
		live, there, err := d.model.Lookup(uuid)
		require.NoError(t, err)
		stored, kept, err := model.StoredTrace(t.Context(), d.load, uuid)
		require.NoError(t, err)
		require.Equal(t, there, kept)
		require.Equal(t, live, stored)
		return live, there
	}
	first, ok := known()
	require.True(t, ok)
	for range 24 { // not quite a day
		d.tick(59*time.Minute + 45*time.Second)
		d.restart()
		trace, ok := known()
		require.True(t, ok, d.now)
		require.Equal(t, first, trace)
	}
	d.tick(closed.Add(24*time.Hour - time.Second).Sub(d.now))
	_, ok = known()
	require.True(t, ok)
	d.tick(2 * time.Minute)
	_, ok = known()
	require.False(t, ok)
}

// A call of which something is heard all the time is given up when it is too old: its transfer and all
// legs are ended, the consultation's too, and what comes later does not bring it back.
func TestACallThatIsTooOldIsEnded(t *testing.T) {
	for name, last := range map[string]func(*feedtest.Call, *feedtest.Site){
		"talking":       func(*feedtest.Call, *feedtest.Site) {},
		"in a transfer": func(c *feedtest.Call, _ *feedtest.Site) { c.Single("A", "B", feedtest.Ext2) },
		"in the queue":  func(c *feedtest.Call, _ *feedtest.Site) { c.Leave("A", "", engage.CauseEmpty); c.Queued(feedtest.VQ2) },
		"with a consult": func(c *feedtest.Call, _ *feedtest.Site) {
			c.Consult(1, 1, "A").Join("B", feedtest.Ext2, engage.PartyStateAlerting)
		},
	} {
		t.Run(name, func(t *testing.T) {
			site := feedtest.New().Logins()
			call := site.Talk(1)
			last(call, site)
			d, counts := counted(t)
			d.opts.MaxCallAge = 10 * time.Hour
			d.restart()
			d.tick(0).feed(site.Events)
			for range 9 {
				told := len(site.Events)
				call.Data("language_code", site.Now.String())
				d.feed(site.Events[told:]).tick(time.Hour)
			}
			require.Empty(t, counts.closed)
			d.tick(time.Hour + time.Minute)
			require.Zero(t, d.model.Counts().OpenCalls)
			require.Equal(t, map[string]int{"suspended end_not_seen": 1}, counts.closed)
			require.Contains(t, d.traced(call.UUID), string(conversation.ReasonLost))
			judge := feedtest.NewJudge()
			var sent []exevents.ConversationEvent
			open := map[string]bool{}
			for _, o := range d.out {
				sent = append(sent, o.Event)
				switch o.Event.Type {
				case exevents.UserTransfer, exevents.RoutingTransfer, exevents.PhoneTransfer:
					open[o.Event.CommandID] = true
				case exevents.EndTransfer:
					delete(open, o.Event.CommandID)
				}
			}
			require.NoError(t, judge.Take(sent))
			require.NoError(t, judge.Ended())
			require.Empty(t, open, "no transfer is left under way")
			told := len(site.Events)
			call.Data("language_code", "xx")
			d.feed(site.Events[told:]).settle()
			require.Len(t, d.out, len(sent))
			require.Zero(t, d.model.Counts().OpenCalls)
		})
	}
}

func TestClosedCallsAreBounded(t *testing.T) {
	d := newDesk(t)
	d.opts.MaxClosed = 3
	d.restart()
	site := feedtest.New().Logins()
	for n := range 5 {
		feedtest.Flows()["abandoned-in-queue"](site, n+1)
	}
	d.feed(site.Events).settle()
	require.Equal(t, 3, d.model.Counts().ClosedCalls)
}

func TestCallWhoseEndIsLostIsEnded(t *testing.T) {
	site := feedtest.New().Logins()
	site.Inbound(1).IVR().Queue().Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1)
	d := newDesk(t).feed(site.Events).settle()
	require.Equal(t, 1, d.model.Counts().OpenCalls)
	sent := len(d.out)
	d.tick(11 * time.Hour)
	require.Equal(t, 1, d.model.Counts().OpenCalls)
	d.tick(2 * time.Hour)
	require.Zero(t, d.model.Counts().OpenCalls)
	require.Len(t, d.out, sent+2, "both legs are ended")
	trace, ok, err := d.model.Lookup(site.Events[len(site.Events)-2].CallUUID())
	require.NoError(t, err)
	require.True(t, ok)
	require.Contains(t, string(trace.Interaction), string(conversation.ReasonLost))
}

func TestRefusalByTheOrgSuspendsTheConversation(t *testing.T) {
	site := feedtest.New().Logins()
	call := site.Inbound(1).IVR().Queue()
	d := newDesk(t).feed(site.Events)
	sent := len(d.out)
	d.apply(engage.Event{Message: model.MsgRefused, Time: site.Now, Attributes: engage.Attributes{
		"CallUUID": call.UUID, "EventID": d.out[0].Event.EventID, "Reason": "conversation closed",
	}})
	rest := len(site.Events)
	call.Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1).HangUp("X", "A")
	d.feed(site.Events[rest:]).settle()
	for _, i := range d.out[sent:] {
		require.EqualValues(t, "CommunicationEnded", i.Event.Type)
	}
	require.NotEmpty(t, d.out[sent:])
}

func TestEventsBeforeTheirCallFindItByConnID(t *testing.T) {
	site := feedtest.New().Logins()
	site.Main(1)
	var late []feedtest.Event
	for i, e := range site.Events {
		if e.Link == feedtest.LinkQueue {
			site.Events[i].Attributes = maps.Clone(e.Attributes)
			delete(site.Events[i].Attributes, "CallUUID")
		}
	}
	want := newDesk(t).feed(site.Events).settle()
	first := slices.IndexFunc(site.Events, func(e feedtest.Event) bool { return e.Link == feedtest.LinkCall })
	for _, e := range site.Events[first:] {
		if e.Link == feedtest.LinkQueue {
			late = append(late, e)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(site.Events), func(e feedtest.Event) bool { return e.Link == feedtest.LinkQueue })
	d := newDesk(t).feed(late)
	require.Equal(t, 1, d.model.Counts().Orphans)
	d.restart()
	d.feed(rest).settle()
	require.Equal(t, want.lines(), d.lines())
	require.Zero(t, d.model.Counts().Orphans)
}

func TestOrphansAreDroppedAfterAWhile(t *testing.T) {
	site := feedtest.New()
	call := site.Call(1, engage.CallTypeInbound)
	call.Participants(feedtest.Ext1, "a", "b")
	d := newDesk(t).feed(site.Events[1:])
	require.Equal(t, 1, d.model.Counts().Orphans)
	d.tick(0).tick(6 * time.Minute)
	require.Zero(t, d.model.Counts().Orphans)
	require.Empty(t, d.state)
}

// The end of a call is lost. The agent's next call cannot be shown beside it; but as soon as the agent
// talks there, the lost call is known to be over, and the one after that is whole again. A call on hold is
// none that is lost.
func TestALostEndDoesNotKeepTheAgentBusy(t *testing.T) {
	talk := func(s *feedtest.Site, n int) *feedtest.Call {
		return s.Inbound(n).IVR().Queue().Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1)
	}
	for name, c := range map[string]struct {
		before func(c *feedtest.Call)
		open   int
		third  conversation.Stage
	}{
		"lost":    {before: func(*feedtest.Call) {}, open: 0, third: conversation.StageOver},
		"on hold": {before: func(c *feedtest.Call) { c.State("A", engage.PartyStateHeld) }, open: 1, third: conversation.StageSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			site := feedtest.New().Logins()
			first := talk(site, 1)
			c.before(first)
			second := talk(site, 2).HangUp("X", "A")
			third := talk(site, 3).HangUp("X", "A")
			d := newDesk(t).feed(site.Events).settle()
			require.Equal(t, c.open, d.model.Counts().OpenCalls)
			for call, stage := range map[*feedtest.Call]conversation.Stage{second: conversation.StageSuspended, third: c.third} {
				require.Contains(t, d.traced(call.UUID), `"stage":"`+string(stage)+`"`, call.UUID)
			}
			if c.open == 0 {
				require.Contains(t, d.traced(first.UUID), string(conversation.ReasonLost))
			}
		})
	}
}

// After-call work ends when the agent's next call rings, and is told at once: nothing else needs to be
// heard of the agent or of the call before.
func TestTheNextCallEndsAfterCallWorkAtOnce(t *testing.T) {
	site := feedtest.New().Logins()
	site.Talk(1).HangUp("X", "A")
	site.Agent(engage.MsgEventAgentNotReady, feedtest.Ext1, feedtest.Agent1, engage.WorkModeAfterCallWork)
	site.Wait(time.Minute)
	site.Inbound(2).IVR().Queue().Ring("A", feedtest.Ext1)
	d := newDesk(t).feed(site.Events)
	disposed := slices.IndexFunc(d.out, func(i injection) bool { return i.Event.Type == exevents.CommunicationDispositionApplied })
	rings := slices.IndexFunc(d.out, func(i injection) bool {
		return i.Event.Type == exevents.UserTransfer && i.CallUUID != d.out[0].CallUUID
	})
	require.Positive(t, disposed)
	require.Less(t, disposed, rings)
}
