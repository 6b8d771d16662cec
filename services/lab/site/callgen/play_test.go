package callgen_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
)

func TestEveryScenarioIsRenderedAsEver(t *testing.T) {
	for _, s := range load(t) {
		t.Run(s.Name, func(t *testing.T) {
			got := strings.Join(perform(t, setting{agents: 3, calls: 1, seed: 1, speed: 1, only: s.Name}).log, "\n") + "\n"
			path := filepath.Join("testdata", s.Name+".golden")
			if flag.Lookup("update").Value.String() == "true" {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestSameSeedSameCalls(t *testing.T) {
	one, two := setting{agents: 12, calls: 15, seed: 5, speed: 2}, setting{agents: 12, calls: 15, seed: 6, speed: 2}
	first := perform(t, one)
	require.NoError(t, first.err)
	require.Equal(t, first.log, perform(t, one).log)
	require.NotEqual(t, first.log, perform(t, two).log)
}

func TestNobodyHasTwoCallsAndSeveralRunAtOnce(t *testing.T) {
	s := perform(t, setting{agents: 20, calls: 60, seed: 2, speed: 1})
	require.NoError(t, s.err)
	require.Len(t, s.calls, 60)
	type span struct{ from, to time.Time }
	busy, all := map[string][]span{}, []span{}
	for _, c := range s.calls {
		require.False(t, c.End.IsZero())
		for _, p := range c.Parties {
			if p.Kind == callgen.KindAgent {
				busy[p.DN] = append(busy[p.DN], span{p.Start, p.End})
			}
		}
		all = append(all, span{c.Start, c.End})
	}
	for dn, spans := range busy {
		slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
		for i := 1; i < len(spans); i++ {
			require.True(t, spans[i].from.After(spans[i-1].to), dn)
		}
	}
	atOnce := 0
	for _, a := range all {
		n := 0
		for _, b := range all {
			if !b.from.After(a.from) && b.to.After(a.from) {
				n++
			}
		}
		atOnce = max(atOnce, n)
	}
	require.Greater(t, atOnce, 5)
	require.LessOrEqual(t, atOnce, 18, "two of twenty are on a break")
}

func TestEveryCallIsTheOneOfTheContract(t *testing.T) {
	s := perform(t, setting{agents: 8, calls: 60, seed: 3, speed: 1, only: "inbound-ivr-queue-agent"})
	require.NoError(t, s.err)
	hungUp, languages, holds := map[string]int{}, 0, 0
	for _, c := range s.calls {
		require.Len(t, c.CallUUID, 32)
		require.Len(t, c.ConnID, 16)
		require.Len(t, c.Parties, 4)
		x, ivr, queue, agent := c.Parties[0], c.Parties[1], c.Parties[2], c.Parties[3]
		require.Equal(t, []string{"external", "ivr", "queue", "agent"}, []string{x.Kind, ivr.Kind, queue.Kind, agent.Kind})
		require.Contains(t, s.model.Dispositions, agent.Disposition)
		between := func(what string, from, to time.Time, low, high time.Duration) {
			d := to.Sub(from)
			require.True(t, d >= low && d <= high, "%s took %s, want %s to %s", what, d, low, high)
		}
		between("IVR", ivr.Start, queue.Start, 3*time.Second, 6100*time.Millisecond)
		between("queue", queue.Start, agent.Start, time.Second, 4500*time.Millisecond)
		between("ringing", agent.Start, agent.Answered, time.Second, 3100*time.Millisecond)
		talk := agent.End.Sub(agent.Answered)
		for _, h := range agent.Holds {
			holds++
			between("hold", h.Start, h.End, 2*time.Second, 4*time.Second)
			talk -= h.End.Sub(h.Start)
		}
		require.True(t, talk >= 6*time.Second && talk <= 15100*time.Millisecond, "talk %s", talk)
		require.NotEqual(t, x.HungUp, agent.HungUp)
		if x.HungUp {
			hungUp["customer"]++
			require.True(t, x.End.Before(agent.End))
		} else {
			hungUp["agent"]++
			require.True(t, agent.End.Before(x.End))
		}
		if c.Choices["language"] != "" {
			languages++
		}
		require.NotNil(t, queue.Queue)
		member := slices.IndexFunc(s.model.Agents, func(a configdb.Agent) bool { return a.DN == agent.DN })
		require.Contains(t, s.model.Agents[member].Queues, queue.Queue.Number)
		require.Equal(t, s.model.Agents[member].LoginCode, agent.Agent.LoginCode)

		require.Len(t, c.Recordings, 1)
		require.True(t, c.Recordings[0].Delivered)
		require.Equal(t, agent.Answered, c.Recordings[0].Start)
		require.Equal(t, agent.End, c.Recordings[0].End)
	}
	require.Len(t, s.segments, 60)
	require.Positive(t, hungUp["customer"])
	require.Positive(t, hungUp["agent"])
	require.Positive(t, languages)
	require.Positive(t, holds)
}

func TestEventsAreInOrderAndWithinTheSwitch(t *testing.T) {
	s := perform(t, setting{agents: 30, calls: 40, seed: 4, speed: 1})
	require.NoError(t, s.err)
	running := map[any]bool{}
	for i, ev := range s.events {
		require.Equal(t, ev.Time.Truncate(time.Microsecond), ev.Time)
		if i > 0 {
			require.False(t, ev.Time.Before(s.events[i-1].Time), "a server's time does not go back")
		}
		require.True(t, feed.Known(ev.Message), ev.Message)
		uuid := ev.Attributes["CallUUID"]
		switch {
		case ev.Message == "EventCallCreated":
			running[uuid] = true
		case ev.Message == "EventCallDeleted":
			delete(running, uuid)
		case strings.HasPrefix(ev.Message, "EventCall"):
			require.True(t, running[uuid], "%s outside of its call", ev.Message)
		}
	}
	require.Empty(t, running)
}

func TestAgentsLogInTakeBreaksAndOneLogsOut(t *testing.T) {
	s := perform(t, setting{agents: 20, calls: 60, seed: 7, speed: 1})
	require.NoError(t, s.err)
	path := map[string][]int{}
	reasons := map[string]int{}
	for _, st := range s.statuses {
		path[st.Object] = append(path[st.Object], st.Status)
		reasons[st.Reasons["ReasonCode"]]++
	}
	seen := map[int]bool{}
	for object, statuses := range path {
		require.Equal(t, []int{23, 8}, statuses[:2], object)
		for _, status := range statuses {
			seen[status] = true
		}
	}
	require.Equal(t, map[int]bool{4: true, 6: true, 7: true, 8: true, 9: true, 13: true, 19: true, 20: true, 21: true, 22: true, 23: true}, seen)
	require.Greater(t, len(reasons), 2, "%v", reasons)

	last := map[int]int{}
	for _, a := range s.agents {
		last[a.Status]++
		if a.Status == 8 {
			require.Equal(t, map[string]string{"ReasonCode": "Break"}, a.Reasons)
		}
	}
	require.Equal(t, map[int]int{4: 17, 8: 2, 23: 1}, last)
}

func TestAStatusShowsTheCallItIsAbout(t *testing.T) {
	s := perform(t, setting{agents: 3, calls: 10, seed: 1, speed: 1, only: "inbound-ivr-queue-agent"})
	held := 0
	for _, st := range s.statuses {
		if st.Status == 23 {
			require.Empty(t, st.DNs)
			require.Empty(t, st.LoginID)
			continue
		}
		require.Len(t, st.DNs, 1)
		require.Equal(t, "SIP_Switch", st.DNs[0].Switch)
		actions := st.DNs[0].Actions
		switch st.Status {
		case 22, 7:
			require.Len(t, actions, 1)
			require.Len(t, actions[0].ConnID, 16)
		case 13:
			held++
			require.Len(t, actions, 2)
			require.Equal(t, 22, actions[0].Action)
			require.True(t, actions[0].Since.Before(actions[1].Since), "the call began before the hold")
			require.Equal(t, st.Since, actions[1].Since)
		default:
			require.Empty(t, actions[0].ConnID)
		}
	}
	require.Positive(t, held)
}

func TestSpeedShortensEverything(t *testing.T) {
	slow := perform(t, setting{agents: 5, calls: 6, seed: 9, speed: 1})
	fast := perform(t, setting{agents: 5, calls: 6, seed: 9, speed: 10})
	require.InDelta(t, slow.took.Seconds()/10, fast.took.Seconds(), 0.1)
	require.InDelta(t, slow.calls[0].End.Sub(slow.calls[0].Start).Seconds()/10, fast.calls[0].End.Sub(fast.calls[0].Start).Seconds(), 0.01)
}

func TestASecondPlayGoesOnWhereTheFirstEnded(t *testing.T) {
	db, err := configdb.Build(configdb.Options{Agents: 6, Seed: 1})
	require.NoError(t, err)
	all := load(t)
	synctest.Test(t, func(t *testing.T) {
		g, err := callgen.New(callgen.Options{Model: db.Model(), Scenarios: all, Seed: 1, Speed: 5}, &witness{})
		require.NoError(t, err)
		require.NoError(t, g.Play(t.Context(), 3))
		require.NoError(t, g.Play(t.Context(), 4))
		calls, _ := g.Script()
		require.Len(t, calls, 7)
		ids := map[string]bool{}
		for _, c := range calls {
			ids[c.CallUUID] = true
			require.Empty(t, c.Recordings, "nobody records")
		}
		require.Len(t, ids, 7)
	})
}

func TestIDsOfARestartedSiteAreNew(t *testing.T) {
	db, err := configdb.Build(configdb.Options{Agents: 3, Seed: 1})
	require.NoError(t, err)
	all := load(t)
	synctest.Test(t, func(t *testing.T) {
		ids := map[string]bool{}
		for range 2 {
			g, err := callgen.New(callgen.Options{Model: db.Model(), Scenarios: all, Seed: 1, Speed: 5}, &witness{})
			require.NoError(t, err)
			require.NoError(t, g.Play(t.Context(), 2))
			calls, _ := g.Script()
			for _, c := range calls {
				ids[c.CallUUID], ids[c.ConnID] = true, true
			}
		}
		require.Len(t, ids, 8)
	})
}

func TestAPlayThatIsBrokenOffShowsUnfinishedCalls(t *testing.T) {
	db, err := configdb.Build(configdb.Options{Agents: 6, Seed: 1})
	require.NoError(t, err)
	all := load(t)
	synctest.Test(t, func(t *testing.T) {
		g, err := callgen.New(callgen.Options{Model: db.Model(), Scenarios: all, Seed: 1, Speed: 1}, &witness{})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- g.Play(ctx, 50) }()
		synctest.Wait()
		require.ErrorContains(t, g.Play(ctx, 1), "being played")
		require.ErrorIs(t, <-ended, context.DeadlineExceeded)
		require.ErrorContains(t, g.Play(t.Context(), 1), "an earlier play has failed")
		calls, _ := g.Script()
		require.NotEmpty(t, calls)
		require.Zero(t, calls[0].End)
		for _, p := range calls[0].Parties {
			require.Empty(t, p.Disposition)
		}
	})
}

func TestWithoutAgentsForTheCallsPlayFails(t *testing.T) {
	s := perform(t, setting{agents: 1, calls: 2, seed: 1, speed: 1})
	require.NoError(t, s.err, "one agent takes one call after the other")
	require.Len(t, s.calls, 2)

	db, err := configdb.Build(configdb.Options{Agents: 1, Seed: 1})
	require.NoError(t, err)
	two, err := callgen.ReadScenario("two", strings.NewReader(strings.Replace(small, `"agents":1`, `"agents":2`, 1)))
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		g, err := callgen.New(callgen.Options{Model: db.Model(), Scenarios: []callgen.Scenario{two}, Seed: 1, Speed: 1}, &witness{})
		require.NoError(t, err)
		require.ErrorContains(t, g.Play(t.Context(), 1), "no agent who could take them")
	})
}

func TestBadOptionsAreRefused(t *testing.T) {
	db, err := configdb.Build(configdb.Options{Agents: 3})
	require.NoError(t, err)
	all := load(t)
	for _, o := range []callgen.Options{
		{Scenarios: all, Speed: 1},
		{Model: db.Model(), Speed: 1},
		{Model: db.Model(), Scenarios: all},
	} {
		_, err := callgen.New(o, &witness{})
		require.Error(t, err)
	}
	g, err := callgen.New(callgen.Options{Model: db.Model(), Scenarios: all, Speed: 1}, &witness{})
	require.NoError(t, err)
	require.Error(t, g.Play(t.Context(), 0))
	require.Error(t, g.Play(t.Context(), 1_000_000))
}

func TestACallTellsWhenItIsOverAndWhatTheFeedLostOfIt(t *testing.T) {
	lost := 0
	s := perform(t, setting{agents: 6, calls: 6, seed: 1, speed: 1, only: "inbound-ivr-queue-agent", broken: func(ev feed.Event) bool {
		if ev.Message != "EventDiverted" {
			return false
		}
		lost++
		return lost == 2
	}})
	require.NoError(t, s.err)
	touched := 0
	for _, c := range s.calls {
		require.True(t, c.Over.After(c.End), "after-call work comes after the end")
		if !c.Lost.IsZero() {
			touched++
			require.True(t, c.Lost.After(c.Start) && c.Lost.Before(c.End))
		}
	}
	require.Equal(t, 1, touched)
}
