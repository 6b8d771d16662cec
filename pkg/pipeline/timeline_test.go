package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
)

const patience = 5 * time.Minute

// stamped is a line of a link: stamped by the server, received by the edge, read by us, in milliseconds.
func stamped(link string, stamp, received, read int) Held {
	return Held{
		ID: fmt.Sprintf("%s%d ", link, stamp), ReadAt: at(read), Size: 1,
		Event: engage.Event{
			Link: link, Server: engage.Server{Name: "S" + link, Role: "primary"}, Message: engage.MsgEventQueued,
			Time: at(stamp), ReceivedAt: at(received),
		},
	}
}

func feedLine(message, link string, received, read int) Held {
	h := stamped(link, received, received, read)
	h.ID, h.Event.Message = "", message
	return h
}

// beat is a heartbeat that vouches for the server's time upTo; 0 for none.
func beat(link string, upTo, received, read int) Held {
	h := feedLine(engage.MsgHeartbeat, link, received, read)
	if upTo != 0 {
		h.Event.Attributes = engage.Attributes{"upTo": at(upTo).Format(time.RFC3339Nano)}
	}
	return h
}

// timelineOf releases every event for itself; see TestEventsOfOneStretchAreReleasedTogether.
func timelineOf(links string) *Timeline {
	t := NewTimeline(strings.Fields(links), patience, at(0))
	t.together = 0
	return t
}

// What is decided of an event knows the others of its stretch of time, however they came.
func TestEventsOfOneStretchAreReleasedTogether(t *testing.T) {
	tl := NewTimeline([]string{"a", "b"}, patience, at(0))
	tl.Add(stamped("a", 10, 10, 10))
	tl.Add(stamped("b", 90, 90, 90))
	tl.Add(stamped("a", 150, 150, 150))
	require.Empty(t, tl.Release(at(150)), "b may still say something of the same tenth of a second")
	tl.Add(stamped("b", 160, 160, 160))
	require.Equal(t, "a10 b90 ", ids(tl.Release(at(160))))
}

func TestATimelineWaitsUntilEveryLinkHasComeAsFar(t *testing.T) {
	for name, c := range map[string]struct {
		held []Held
		now  int
		want string
	}{
		"a link that nobody has heard of is waited for": {[]Held{stamped("a", 10, 10, 10)}, 200_000, ""},
		"for as long as patience lasts":                 {[]Held{stamped("a", 10, 10, 10)}, 300_000, "a10 "},
		"an event of the other link vouches for before": {[]Held{stamped("a", 10, 10, 10), stamped("b", 20, 20, 20)}, 20, "a10 "},
		"not for the same microsecond":                  {[]Held{stamped("a", 10, 10, 10), stamped("b", 10, 10, 20)}, 20, "a10 "},
		"a heartbeat vouches for its own time":          {[]Held{stamped("a", 10, 10, 10), stamped("b", 5, 5, 5), beat("b", 10, 900, 900)}, 900, "b5 a10 "},
		"and for none after it":                         {[]Held{stamped("a", 10, 10, 10), stamped("b", 5, 5, 5), beat("b", 9, 900, 900)}, 900, "b5 "},
		"one that cannot tell: less than its receipt":   {[]Held{stamped("a", 10, 10, 10), beat("b", 0, 260, 300)}, 300, "a10 "},
		"and not more": {[]Held{stamped("a", 11, 11, 11), beat("b", 0, 260, 300)}, 300, ""},
		"an edge that holds lines back says so before the first one comes": {[]Held{stamped("a", 900, 900, 900), beat("b", 100, 5000, 5000)}, 5000, ""},
		"until it is past":                               {[]Held{stamped("a", 900, 900, 900), beat("b", 900, 5000, 5000)}, 5000, "a900 "},
		"what is read late still comes first":            {[]Held{stamped("a", 50, 50, 50), stamped("b", 10, 10, 9000), stamped("b", 60, 60, 9000)}, 9000, "b10 a50 "},
		"a link that is down says nothing by heartbeats": {[]Held{stamped("a", 900, 900, 900), feedLine(engage.MsgLinkDisconnected, "b", 100, 100), beat("b", 0, 5000, 5000)}, 5000, ""},
		"once it is there again it does": {[]Held{
			stamped("a", 900, 900, 900), feedLine(engage.MsgLinkDisconnected, "b", 100, 100),
			feedLine(engage.MsgLinkConnected, "b", 4000, 4000), beat("b", 0, 5000, 5000),
		}, 5000, "a900 "},
		"records of our own wait for nobody": {[]Held{{ID: "own", Event: engage.Event{Time: at(1)}, ReadAt: at(1), Size: 1}}, 1, "own"},
	} {
		t.Run(name, func(t *testing.T) {
			tl := timelineOf("a b")
			now := 0
			for _, h := range c.held {
				tl.Add(h)
			}
			// Looked at as often as a writer does: what nobody looks at, nobody waits for.
			var released []Held
			for ; now < c.now; now += 500 {
				released = append(released, tl.Release(at(now))...)
			}
			released = append(released, tl.Release(at(c.now))...)
			require.Equal(t, c.want, ids(released))
		})
	}
}

func TestServersWithOtherClocksAreBroughtTogether(t *testing.T) {
	tl := timelineOf("a b")
	for i := range 20 { // b's clock is 4 s ahead; each says something every second, b half a second later
		tl.Add(stamped("a", i*1000, i*1000+2, i*1000+3))
		tl.Add(stamped("b", i*1000+500+4000, i*1000+502, i*1000+503))
	}
	released := tl.Release(at(20_000))
	require.Len(t, released, 39)
	for i, h := range released {
		require.Equal(t, []string{"a", "b"}[i%2], h.Event.Link)
		require.Equal(t, at(i*500+2), h.Event.Time, "the edge's clock")
		own := i * 500
		if i%2 == 1 {
			own += 4000
		}
		require.Equal(t, at(own), h.Event.Time.Add(-h.Event.Shift), "the server's own stamp is not lost")
	}
}

func TestTheOffsetIsTheSmallestDifferenceOfTheWindow(t *testing.T) {
	for name, c := range map[string]struct {
		delays []int // of a line every second
		want   int
	}{
		"steady":                            {[]int{4, 4, 4, 4}, 4},
		"delayed until one comes undelayed": {[]int{3000, 3000, 7}, 7},
		"then one that is delayed":          {[]int{4, 2000, 4, 900}, 4},
		"a few milliseconds are noise":      {[]int{4, 1, 3, 6, 2}, 4},
		"a clock that drifts":               {slices.Repeat([]int{0}, 10), 0},
		"drifting by 20 ms a second":        {steps(0, 20, 120), 118*20 - 29*20},
		"drifting the other way":            {steps(2400, -20, 120), 2400 - 119*20},
		"more than 5 s is delay":            {append(slices.Repeat([]int{4}, 5), slices.Repeat([]int{6000}, 90)...), 4},
		"a stamp that cannot be":            {[]int{4, -7_200_000, 4}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			clocks := newClocks()
			for i, delay := range c.delays {
				clocks.read(stamped("a", i*1000, i*1000+delay, 0).Event)
			}
			offset, known := clocks.of("Sa/primary")
			require.True(t, known)
			require.InDelta(t, c.want, offset.Milliseconds(), 20)

			before, again := timelineOf("a"), timelineOf("a")
			before.clocks = clocks
			data, err := before.known()
			require.NoError(t, err)
			require.NoError(t, again.recall(data))
			kept, _ := again.clocks.of("Sa/primary")
			require.Equal(t, offset, kept, "a restart goes on with it")
		})
	}
}

func steps(from, by, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = from + i*by
	}
	return list
}

func TestALinkThatIsNotWaitedForIsNamed(t *testing.T) {
	tl := timelineOf("a b")
	var released []Held
	for ms := 0; ms <= 400_000; ms += 500 {
		if ms%1000 == 0 {
			tl.Add(stamped("a", ms, ms, ms))
		}
		released = append(released, tl.Release(at(ms))...)
	}
	require.Len(t, released, 401, "patience is lost once and not for every event")
	require.Equal(t, []string{"b"}, tl.Progress().Without)
	for _, h := range released {
		require.Equal(t, "b", h.Event.Without)
	}
	tl.Add(beat("b", 0, 401_000, 401_000))
	require.Empty(t, tl.Release(at(401_000)))
	require.Empty(t, tl.Progress().Without)
	tl.Add(stamped("a", 402_000, 402_000, 402_000))
	tl.Add(beat("b", 0, 402_300, 402_300))
	require.Equal(t, "a402000 ", ids(slices.DeleteFunc(tl.Release(at(402_300)), func(h Held) bool { return h.ID == "" })))
}

// The links that other instances follow are waited for after a restart as before: that nothing has been
// heard of them yet does not mean that they have nothing to say.
func TestLinksOfOtherInstancesAreWaitedForAfterARestart(t *testing.T) {
	before := timelineOf("a")
	before.Add(stamped("a", 10, 10, 10))
	before.Add(beat("other", 10, 20, 20))
	before.Release(at(20))
	require.NotZero(t, before.changes(), "so it is kept")
	data, err := before.known()
	require.NoError(t, err)

	after := timelineOf("a")
	require.NoError(t, after.recall(data))
	after.Add(stamped("a", 1000, 1000, 1000))
	require.Empty(t, after.Release(at(1000)))
	after.Add(stamped("other", 900, 900, 1100))
	after.Add(beat("other", 1001, 1101, 1101))
	require.Equal(t, "other900 a1000 ", ids(after.Release(at(1101))))

	for ms := 20; ms <= 400_000; ms += 500 {
		before.Release(at(ms))
	}
	data, err = before.known()
	require.NoError(t, err)
	forgotten := timelineOf("a")
	require.NoError(t, forgotten.recall(data))
	require.Len(t, forgotten.lines, 1, "a link that was given up is not waited for again until it is heard of")
}

// A process that stood still has waited for nobody.
func TestStandingStillIsNotWaiting(t *testing.T) {
	tl := timelineOf("a b")
	tl.Add(stamped("a", 10, 10, 10))
	require.Empty(t, tl.Release(at(600_000)))
	require.Empty(t, tl.Progress().Without)
}

func TestTimeGoesOnWhenNobodyReports(t *testing.T) {
	tl := timelineOf("a b")
	tl.Add(stamped("a", 1000, 1000, 1000))
	tl.Add(stamped("b", 1000, 1000, 1000))
	for ms := 1000; ms <= 901_000; ms += 1000 {
		tl.Release(at(ms))
	}
	require.Equal(t, []string{"a", "b"}, tl.Progress().Without)
	require.WithinDuration(t, at(601_000), tl.Progress().UpTo, time.Second)
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	tl := timelineOf("a b")
	for i := range maxTimeline + 10 {
		tl.Add(stamped("a", i, i, i))
	}
	require.Len(t, tl.Release(at(maxTimeline)), 10)
	require.Equal(t, maxTimeline, tl.Len())
	require.Equal(t, maxTimeline, tl.Size())
}

// However links lag after the edge has received what they say, what comes out is the same: in the same
// order, at the same times.
func TestLagMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := []string{"a", "b", "c"}
		skew := map[string]int{}
		for _, link := range links {
			skew[link] = rapid.IntRange(-5000, 5000).Draw(t, "skew")
		}
		type heard struct{ Held }
		var all []heard
		n := rapid.IntRange(1, 80).Draw(t, "lines")
		now := 1000
		for range n {
			now += rapid.IntRange(0, 700).Draw(t, "pause")
			link := rapid.SampledFrom(links).Draw(t, "link")
			delay := rapid.IntRange(0, 4).Draw(t, "delay")
			all = append(all, heard{Held: stamped(link, now+skew[link], now+delay, 0)})
		}
		for _, link := range links {
			for ms := 1000; ms < now+2000; ms += 1000 {
				// What was sent in the last 4 ms may still be on its way to the edge, which must not vouch for it.
				all = append(all, heard{Held: beat(link, ms-5+skew[link], ms, 0)})
			}
		}
		slices.SortStableFunc(all, func(x, y heard) int { return x.Event.ReceivedAt.Compare(y.Event.ReceivedAt) })

		run := func(lagging bool) []string {
			lag, last := map[string]int{}, map[string]time.Time{}
			list := slices.Clone(all)
			for i := range list {
				link := list[i].Event.Link
				if lagging && i%7 == 0 {
					lag[link] = rapid.IntRange(0, 60_000).Draw(t, "lag")
				}
				read := list[i].Event.ReceivedAt.Add(time.Duration(lag[link]) * time.Millisecond)
				if read.Before(last[link]) {
					read = last[link]
				}
				list[i].ReadAt, last[link] = read, read
			}
			slices.SortStableFunc(list, func(x, y heard) int { return x.ReadAt.Compare(y.ReadAt) })
			tl := timelineOf("a b c")
			var out []string
			take := func(held []Held) {
				for _, h := range held {
					if h.Event.Message != engage.MsgHeartbeat {
						require.Empty(t, h.Event.Without)
						out = append(out, h.ID+h.Event.Time.Format("05.000000"))
					}
				}
			}
			clock := at(0)
			for _, h := range list {
				for ; clock.Before(h.ReadAt); clock = clock.Add(250 * time.Millisecond) {
					take(tl.Release(clock))
				}
				tl.Add(h.Held)
			}
			take(tl.Release(clock))
			return out
		}
		require.Equal(t, run(false), run(true))
	})
}
