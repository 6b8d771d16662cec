package adherence_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/packed"
	"engage.connector/services/agent-state-sync/adherence"
)

func start() time.Time { return time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC) }

func sec(n int) time.Time { return start().Add(time.Duration(n) * time.Second) }

// text renders gaps in short: "10-20 OnQueue/Break org_outage".
func text(gaps []adherence.Gap) string {
	var lines []string
	for _, g := range gaps {
		to := "…"
		if !g.To.IsZero() {
			to = g.To.Sub(start()).String()
		}
		lines = append(lines, g.From.Sub(start()).String()+"-"+to+" "+g.Shown+"/"+g.True+" "+string(g.Cause))
	}
	return strings.Join(lines, "; ")
}

func change(value string, at int) adherence.Change {
	return adherence.Change{Value: value, At: sec(at), Stamp: sec(at), Seen: sec(at)}
}

// told marks every change that waits as told, with its own stamp.
func told(t *adherence.Track) {
	for i := range t.Open {
		if t.Open[i].Waiting() {
			t.Open[i].Told = t.Open[i].Stamp
		}
	}
}

func accept(t *adherence.Track, stamp, queued, at int) string {
	return text(t.Accept(adherence.Acceptance{Told: sec(stamp), Queued: sec(queued), At: sec(at)}, 2*time.Second))
}

func shown(value string) *adherence.Track {
	t := &adherence.Track{}
	t.Begin(change(value, 0))
	told(t)
	t.Accept(adherence.Acceptance{Told: sec(0), Queued: sec(0), At: sec(0)}, time.Second)
	return t
}

func TestWhatIsAcceptedInTimeIsNoGap(t *testing.T) {
	track := shown("Ready")
	track.Begin(change("Break", 10))
	told(track)
	require.Empty(t, accept(track, 10, 10, 12))
	require.Equal(t, "Break", track.Shown)
	require.Empty(t, track.Open)
}

// Each part of the way is a cause of its own.
func TestTheCauseIsThePartThatTookLongest(t *testing.T) {
	for name, c := range map[string]struct {
		seen, queued int
		why          adherence.Cause
		want         string
	}{
		"the link":       {60, 61, "", "10s-1m3s Ready/Break late_link"},
		"the connector":  {11, 61, "", "10s-1m3s Ready/Break connector_outage"},
		"the org":        {11, 12, "", "10s-1m3s Ready/Break org_outage"},
		"not mapped":     {11, 61, adherence.Unmapped, "10s-1m3s Ready/Break unmapped_agent"},
		"clocks differ":  {5, 70, "", "10s-1m3s Ready/Break connector_outage"},
		"nobody's clock": {70, 5, "", "10s-1m3s Ready/Break late_link"},
	} {
		t.Run(name, func(t *testing.T) {
			track := shown("Ready")
			next := change("Break", 10)
			next.Seen, next.Why = sec(c.seen), c.why
			track.Begin(next)
			told(track)
			require.Equal(t, c.want, accept(track, 10, c.queued, 63))
		})
	}
}

// States of an outage that the org takes one after the other, long afterwards.
func TestEveryStateOfAnOutageHasItsInterval(t *testing.T) {
	track := shown("Ready")
	for _, c := range []adherence.Change{change("Break", 10), change("Ready", 20), change("Meal", 30)} {
		track.Begin(c)
	}
	told(track)
	require.Equal(t, "10s-20s Ready/Break org_outage", accept(track, 10, 10, 100))
	require.Empty(t, accept(track, 20, 20, 101), "the org happened to show what was")
	require.Equal(t, "30s-1m40s Ready/Meal org_outage; 1m40s-1m41s Break/Meal org_outage; 1m41s-1m42s Ready/Meal org_outage", accept(track, 30, 30, 102))
}

// An event that is given up leaves the org with what it shows, until it takes another.
func TestAParkedEventIsAGapUntilTheNextOne(t *testing.T) {
	track := shown("Ready")
	track.Begin(change("Break", 10))
	told(track)
	require.True(t, track.Park(sec(10)))
	require.Equal(t, "10s-… Ready/Break parked_event", text(track.Pending(sec(60), time.Second)))
	track.Begin(change("Meal", 70))
	told(track)
	require.Equal(t, "10s-1m10s Ready/Break parked_event", accept(track, 70, 70, 71))
	require.Empty(t, accept(track, 10, 10, 80), "sent again by a person: the org shows something newer")
	require.False(t, track.Park(sec(10)))
}

func TestTheOldestIntermediateStatesOfABacklogAreDropped(t *testing.T) {
	track := shown("Ready")
	for i, value := range []string{"Break", "Ready", "Meal", "Busy"} {
		track.Begin(change(value, 10*(i+1)))
	}
	require.Equal(t, 2, track.Bound(2))
	require.Zero(t, track.Bound(2))
	require.Equal(t, 2, track.Waiting())
	told(track)
	require.Equal(t, "10s-20s Ready/Break backlog_dropped; 30s-40s Ready/Meal org_outage", accept(track, 30, 30, 90))
	require.Equal(t, "Busy", track.Last(), "the newest state is never dropped")
	one := shown("Ready")
	one.Begin(change("Break", 1))
	require.Zero(t, one.Bound(0))
}

func TestAChangeThatIsCompletedIsOne(t *testing.T) {
	track := shown("Ready")
	track.Begin(change("Busy", 10))
	track.Complete(change("Break", 10))
	require.Len(t, track.Open, 1)
	require.Equal(t, "Break", track.Last())
	track.Complete(change("Ready", 10)) // back to what the org shows
	require.Empty(t, track.Open)
	track.Begin(change("Busy", 20))
	told(track)
	track.Complete(change("Break", 20))
	require.Len(t, track.Open, 2, "what was told cannot be taken back")
}

// Whatever happens, the intervals are exactly the time in which the two differed.
func TestTheIntervalsAreTheTimeInWhichTheTwoDiffered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := []string{"A", "B", "C"}
		track := shown("A")
		truth, org := map[int]string{0: "A"}, map[int]string{0: "A"} // by the second in which they began
		type sent struct{ stamp, at int }
		var events []sent
		at, accepted := 0, 1
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			at += rapid.IntRange(1, 20).Draw(t, "seconds")
			if value := rapid.SampledFrom(values).Draw(t, "value"); track.Begin(change(value, at)) {
				truth[at] = value
				accepted = max(accepted, at) + rapid.IntRange(0, 15).Draw(t, "late")
				events = append(events, sent{at, accepted})
			}
		}
		told(track)
		end := max(at, accepted) + 5
		var gaps []adherence.Gap
		for _, e := range events {
			org[e.at] = truth[e.stamp]
			gaps = append(gaps, track.Accept(adherence.Acceptance{Told: sec(e.stamp), Queued: sec(e.stamp), At: sec(e.at)}, 0)...)
			data, err := packed.Encode(track) // a crash in between changes nothing
			require.NoError(t, err)
			track = &adherence.Track{}
			require.NoError(t, packed.Decode(data, track))
		}
		reported := map[int][2]string{}
		for _, g := range gaps {
			for s := int(g.From.Sub(start()).Seconds()); s < int(g.To.Sub(start()).Seconds()); s++ {
				require.Equal(t, [2]string{}, reported[s], "second %d is there twice", s)
				reported[s] = [2]string{g.Shown, g.True}
			}
		}
		isTrue, isShown := "", ""
		for s := range end {
			if v, ok := truth[s]; ok {
				isTrue = v
			}
			if v, ok := org[s]; ok {
				isShown = v
			}
			want := [2]string{}
			if isTrue != isShown {
				want = [2]string{isShown, isTrue}
			}
			require.Equal(t, want, reported[s], "second %d", s)
		}
	})
}

func TestTheJournalIsBoundedAndOutlivesACrash(t *testing.T) {
	state := map[string][]byte{}
	journal := adherence.NewJournal(200)
	gone := 0
	for n := range 1000 {
		g := adherence.Gap{Agent: "E1", What: adherence.Presence, From: sec(n), To: sec(n + 1), Shown: "A", True: "B", Cause: adherence.OrgOutage}
		changed := map[string][]byte{}
		lost, err := journal.Add([]adherence.Gap{g}, changed)
		require.NoError(t, err)
		gone += lost
		for name, value := range changed {
			if value == nil {
				delete(state, name)
			} else {
				state[name] = value
			}
		}
		if n%97 == 0 {
			journal = adherence.NewJournal(200)
			for name, value := range state {
				require.NoError(t, journal.Restore(name, value))
			}
		}
	}
	require.LessOrEqual(t, journal.Len(), 200)
	require.Equal(t, 1000, journal.Len()+gone)
	all := slices.Collect(journal.Between(time.Time{}, time.Time{}))
	require.Len(t, all, journal.Len())
	require.Equal(t, sec(999), all[len(all)-1].From, "the newest are kept")
	require.Len(t, slices.Collect(journal.Between(sec(990), sec(995))), 5)
	require.Error(t, journal.Restore("g/x", nil))
	require.Error(t, journal.Restore("g/1", []byte("{")))
}
