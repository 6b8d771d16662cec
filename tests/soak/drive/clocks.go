package drive

import (
	"time"

	"engage.connector/tests/soak/history"
)

// clocks are those of the servers behind the links: how far each is ahead at the beginning of a history,
// and how that changes until its end.
type clocks struct {
	begin, end map[string]time.Duration
	drift      time.Duration // the largest change
	apart      time.Duration // how far two of them are apart, at most
	zero       time.Time
}

// off tells whether a clock is not right.
func (c clocks) off() bool { return c.drift > 0 || c.apart > 0 }

// driftTime is the stretch in which a clock drifts as far as it does.
const driftTime = 10 * time.Minute

// newClocks: right, or off by up to 10 ms, half a second or 5 s; and they keep that offset, drift as real
// clocks do, or drift as far as they are off.
func newClocks(pick history.Pick) clocks {
	const steps = 2001
	scales := []time.Duration{0, 10 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second}
	drifts := []time.Duration{0, 30 * time.Millisecond, 5 * time.Second}
	c := clocks{begin: map[string]time.Duration{}, end: map[string]time.Duration{}}
	scale := scales[pick(len(scales))]
	c.apart = 2 * scale
	c.drift = min(scale, drifts[pick(len(drifts))])
	// Whole milliseconds: that is how exactly offsets are known, and what comes within one cannot be ordered.
	off := func(most time.Duration) time.Duration {
		return (time.Duration(pick(steps)-steps/2) * most / (steps / 2)).Truncate(time.Millisecond)
	}
	for _, link := range history.Links() {
		c.begin[link] = off(scale)
		c.end[link] = min(max(c.begin[link]+off(c.drift), -scale), scale)
	}
	return c
}

// show is what a link's server shows at a time, in the feed's microseconds.
func (c clocks) show(link string, at time.Time) time.Time {
	offset := c.begin[link]
	if c.drift > 0 {
		gone := min(max(at.Sub(c.zero), 0), driftTime)
		offset += time.Duration(float64(c.end[link]-offset) * (float64(gone) / float64(driftTime)))
	}
	return at.Add(offset).Truncate(time.Microsecond)
}
