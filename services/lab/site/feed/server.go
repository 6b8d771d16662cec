package feed

import (
	"fmt"
	"maps"
	"math"
	"net"
	"strings"
	"time"
)

// Clock tells how a server's clock differs from the edge's, which is right. Setting it while the server
// sends makes its time jump, as an administrator who corrects a clock does.
type Clock struct {
	OffsetSeconds float64 `json:"offsetSeconds"` // ahead; negative: behind
	DriftPPM      float64 `json:"driftPpm"`      // microseconds that it gains in each second; negative: loses

	since time.Time // when the drift began
}

// Bounds of a clock: a day, and a tenth.
const (
	maxOffsetSeconds = 86_400
	maxDriftPPM      = 100_000
)

func (c Clock) problem() error {
	if math.Abs(c.OffsetSeconds) > maxOffsetSeconds || math.Abs(c.DriftPPM) > maxDriftPPM {
		return fmt.Errorf("%g s and %g ppm, at most %d and %d", c.OffsetSeconds, c.DriftPPM, maxOffsetSeconds, maxDriftPPM)
	}
	return nil
}

// read is what the clock shows at a moment.
func (c Clock) read(t time.Time) time.Time {
	drift := t.Sub(c.since).Seconds() * c.DriftPPM / 1e6
	return t.Add(time.Duration((c.OffsetSeconds + drift) * float64(time.Second)))
}

// setClocks replaces all clocks; servers that are not named are right. A clock that keeps its
// drift keeps the beginning of it too.
func (e *Edge) setClocks(clocks map[string]Clock) {
	now := e.opts.Now()
	next := maps.Clone(clocks)
	for server, c := range next {
		c.since = now
		if old, ok := e.clocks[server]; ok && old.OffsetSeconds == c.OffsetSeconds && old.DriftPPM == c.DriftPPM {
			c.since = old.since
		}
		next[server] = c
	}
	e.clocks = next
}

// Skew is how far the servers' clocks are apart at the moment; those that were not set are right.
func (e *Edge) Skew() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.opts.Now()
	first, last := now, now
	for _, c := range e.clocks {
		shown := c.read(now)
		first = earlier(first, shown)
		if shown.After(last) {
			last = shown
		}
	}
	return last.Sub(first)
}

// pair is a high-availability pair of servers; one of the two is active. A pair of one is a server
// without a backup: what takes over from it is itself, started anew.
type pair struct {
	names    [2]string
	active   int
	start    time.Time
	sequence int64
}

func newPair(endpoints []string, start time.Time) *pair {
	p := &pair{start: start}
	for i := range p.names {
		endpoint := endpoints[min(i, len(endpoints)-1)]
		host, _, err := net.SplitHostPort(endpoint)
		if err != nil {
			host = endpoint // a declaration with such an endpoint was refused
		}
		p.names[i] = host
	}
	return p
}

// name is the active server: the host of its endpoint.
func (p *pair) name() string { return p.names[p.active] }

// server describes the active server of the pair.
func (p *pair) server() Server {
	return Server{Name: p.name(), Role: "primary", StartTime: p.start.Unix()}
}

func (p *pair) takeOver(now time.Time) { p.active, p.start, p.sequence = 1-p.active, now, 0 }

func (p *pair) nextSequence() int64 {
	p.sequence++
	return p.sequence
}

// pairOf is the pair that a declaration names; links to the same endpoints share it.
func (e *Edge) pairOf(s Spec) *pair {
	key := s.Kind + " " + strings.Join(s.Endpoints, " ")
	if e.pairs[key] == nil {
		e.pairs[key] = newPair(s.Endpoints, e.started)
	}
	return e.pairs[key]
}

// stamp is how the link's server shows a moment.
func (e *Edge) stamp(l *link, t time.Time) time.Time {
	return e.clocks[l.pair.name()].read(t)
}
