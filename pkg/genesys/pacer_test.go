package genesys

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// take lets the pacer's next request go and returns when; it fails when that takes for ever.
func take(t require.TestingT, p *pacer, now time.Time) time.Time {
	for range 1000 {
		d := p.delay(now)
		if d <= 0 {
			p.grant(now)
			return now
		}
		now = now.Add(d)
	}
	require.Fail(t, "the pacer never lets a request go")
	return now
}

// Whatever the demand and whatever the server genesystest.Says, no minute has more requests than the limit
// that counts at its end, and every request goes within the pause and two minutes.
func TestPacer_NeverExceedsTheAllowanceAndNeverDeadlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPacer(rapid.IntRange(0, 400).Draw(t, "per minute"), rapid.Float64Range(0.01, maxShare).Draw(t, "share"))
		now := epoch
		var went []time.Time
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(90*time.Second)).Draw(t, "idle")))
			case 1:
				p.observe(now, quota{
					known: true, count: rapid.IntRange(0, 1000).Draw(t, "count"), allowed: rapid.IntRange(1, 1000).Draw(t, "allowed"),
					reset: time.Duration(rapid.IntRange(0, 61).Draw(t, "reset")) * time.Second,
				}, rapid.IntRange(0, 20).Draw(t, "in flight"))
			case 2:
				p.pause(now.Add(time.Duration(rapid.IntRange(0, 180).Draw(t, "pause")) * time.Second))
			default:
				asked := now
				until := p.pausedUntil
				now = take(t, p, now)
				require.LessOrEqual(t, now.Sub(asked), max(until.Sub(asked), 0)+2*window+2*time.Second)
				went = append(went, now)
				inWindow := 0
				for _, at := range went {
					if now.Sub(at) < window {
						inWindow++
					}
				}
				require.LessOrEqual(t, inWindow, p.limit)
			}
		}
	})
}

// fixedWindows is a server that counts per minute from some phase, and answers 429 above its allowance.
type fixedWindows struct {
	phase   time.Time
	allowed int
	window  int64
	count   int
	refused int
}

func (s *fixedWindows) request(now time.Time) quota {
	since := now.Sub(s.phase)
	if n := int64(since / window); n != s.window {
		s.window, s.count = n, 0
	}
	s.count++
	if s.count > s.allowed {
		s.refused++
	}
	reset := window - since%window
	return quota{known: true, count: s.count, allowed: s.allowed, reset: reset.Truncate(time.Second)}
}

// Under constant full demand a server that counts fixed windows refuses nothing, wherever its
// windows begin and however long answers take, and most of the used share is really used.
func TestPacer_SteadyStateGetsNo429(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server := &fixedWindows{phase: epoch.Add(-time.Duration(rapid.IntRange(1, 59_999).Draw(t, "phase")) * time.Millisecond), allowed: rapid.IntRange(20, 600).Draw(t, "allowed"), window: -1}
		latency := time.Duration(rapid.IntRange(0, 3000).Draw(t, "latency")) * time.Millisecond
		p := newPacer(0, defaultShare)
		p.setAllowed(server.allowed)
		now := epoch
		requests := 0
		for now.Before(epoch.Add(5 * time.Minute)) {
			now = take(t, p, now)
			p.observe(now, server.request(now.Add(latency)), 0)
			requests++
		}
		require.Zero(t, server.refused)
		require.Greater(t, requests, 4*p.limit)
	})
}

// Timers fire late. That does not add up: of the limit hardly anything is lost.
func TestPacer_LateTimersCostNoRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPacer(rapid.IntRange(60, 600).Draw(t, "per minute"), maxShare)
		step := window / time.Duration(p.limit)
		now, requests := epoch, 0
		for now.Before(epoch.Add(10 * window)) {
			late := time.Duration(rapid.Int64Range(0, int64(step/2)).Draw(t, "late"))
			if d := p.delay(now); d > 0 {
				now = now.Add(d + late)
				continue
			}
			p.grant(now)
			requests++
		}
		require.GreaterOrEqual(t, requests, 10*p.limit*98/100)
	})
}

// Others use the same OAuth client: what they take is not there for us.
func TestPacer_LeavesRoomForOtherUsersOfTheClient(t *testing.T) {
	server := &fixedWindows{phase: epoch, allowed: 300, window: -1}
	p := newPacer(0, defaultShare)
	now, nextForeign := epoch, epoch
	for now.Before(epoch.Add(5 * time.Minute)) {
		for !nextForeign.After(now) {
			server.request(nextForeign) // 120 a minute
			nextForeign = nextForeign.Add(500 * time.Millisecond)
		}
		now = take(t, p, now)
		p.observe(now, server.request(now), 0)
	}
	require.Zero(t, server.refused)
}

// Half of the limit may go at once; then requests come further apart instead of stopping.
func TestPacer_BurstThenSpread(t *testing.T) {
	p := newPacer(300, defaultShare)
	for range 120 {
		require.Zero(t, p.delay(epoch))
		p.grant(epoch)
	}
	require.Equal(t, 500*time.Millisecond, p.delay(epoch)) // 120 more over the minute
	now, longest := epoch, time.Duration(0)
	for range 1000 {
		before := now
		now = take(t, p, now)
		longest = max(longest, now.Sub(before))
	}
	require.LessOrEqual(t, longest, time.Second)
}

func TestPacer_ConfiguredAllowanceIsACeiling(t *testing.T) {
	p := newPacer(100, defaultShare)
	p.observe(epoch, quota{known: true, count: 1, allowed: 600, reset: window}, 0)
	require.Equal(t, 100, p.allowed)
	p.observe(epoch, quota{known: true, count: 2, allowed: 50, reset: window}, 0)
	require.Equal(t, 40, p.limit)

	p = newPacer(0, defaultShare)
	p.observe(epoch, quota{known: true, count: 1, allowed: 600, reset: window}, 0)
	require.Equal(t, 480, p.limit)
}

// A used-up window is waited for; an answer of the same window that arrives late changes nothing.
func TestPacer_WaitsForTheServersReset(t *testing.T) {
	p := newPacer(0, defaultShare)
	p.observe(epoch, quota{known: true, count: 240, allowed: 300, reset: 30 * time.Second}, 0)
	require.Equal(t, 30*time.Second, p.delay(epoch))
	p.observe(epoch.Add(time.Second), quota{known: true, count: 10, allowed: 300, reset: 29 * time.Second}, 0)
	require.Equal(t, 29*time.Second, p.delay(epoch.Add(time.Second)))
	require.Zero(t, p.delay(epoch.Add(30*time.Second)))
}

// Setting the clock back does not stop the client for longer than a window.
func TestPacer_SurvivesAClockSetBack(t *testing.T) {
	p := newPacer(1, 0.95)
	p.grant(epoch)
	back := epoch.Add(-time.Hour)
	require.LessOrEqual(t, p.delay(back), window)
	require.LessOrEqual(t, take(t, p, back).Sub(back), window)
}

func TestPacer_SnapshotTellsWhatIsLeft(t *testing.T) {
	p := newPacer(0, defaultShare)
	require.Equal(t, BudgetSnapshot{Allowed: 300, Limit: 240, Remaining: 240}, p.snapshot(epoch))
	p.grant(epoch)
	p.observe(epoch, quota{known: true, count: 100, allowed: 300, reset: 20 * time.Second}, 0)
	require.Equal(t, BudgetSnapshot{Allowed: 300, Limit: 240, Used: 1, Remaining: 140, ResetAt: epoch.Add(20 * time.Second)}, p.snapshot(epoch))
	p.pause(epoch.Add(time.Second))
	require.Zero(t, p.snapshot(epoch).Remaining)
	require.Equal(t, epoch.Add(time.Second), p.snapshot(epoch).PausedUntil)
	require.Equal(t, 240, p.snapshot(epoch.Add(window)).Remaining)
}
