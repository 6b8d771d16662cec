package pipeline

import (
	"maps"
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// known is what a term leaves to the next one beside the model's state, so that it orders what comes as
// before: the offsets of the clocks, and the links that other instances follow. A new term that did not
// know of those would not wait for them until it heard of them.
type known struct {
	packed.Kept

	clocks *clocks
	links  []string
}

// Fields names what is stored.
func (k *known) Fields(f *packed.Form) {
	k.clocks.Fields(f)
	f.Texts(2, &k.links)
}

// clocks are what is known of the clocks of the servers behind the links, measured against the clock of
// the edge: a server's offset is the smallest difference between the receipt of its lines and their
// stamps. What is delayed before it reaches the edge looks like an offset until one line comes
// undelayed (feed contract).
type clocks struct {
	packed.Kept

	servers map[string]*clock
	changes int // grows with every correction that changes
}

// clock is one server's.
type clock struct {
	packed.Kept

	name string // only while it is stored
	// Offset is what is added to the server's stamps, in whole milliseconds, so that times that are
	// given back without it are what they were.
	Offset time.Duration
	// window holds the lines that may still be the smallest one, by receipt; their differences grow.
	window []difference
	lines  int // received within the window
}

// difference is receipt minus stamp of one line.
type difference struct {
	at time.Time
	d  time.Duration
}

const (
	// clockWindow is how long a line counts. Clocks drift apart, so old lines must not.
	clockWindow = 30 * time.Second
	clockLines  = 4 // at least that many count, however old
	// clockNoise is how far the smallest difference moves without the offset following it: lines come
	// a few milliseconds sooner or later.
	clockNoise = 5 * time.Millisecond
	// clockJump is what is delay and not offset when the smallest difference grows.
	clockJump = 5 * time.Second
	// clockBroken is what no clock loses at once: the stamp itself is wrong.
	clockBroken = time.Hour
)

func newClocks() *clocks { return &clocks{servers: map[string]*clock{}} }

// serverOf names a clock: the two of a pair have one each.
func serverOf(e engage.Event) string { return e.Server.Name + "/" + e.Server.Role }

// offset is what is added to the stamp of an event of a server, the event's own receipt included; false
// when its stamp cannot be right.
func (c *clocks) offset(e engage.Event) (time.Duration, bool) {
	s := c.servers[serverOf(e)]
	if e.ReceivedAt.IsZero() {
		if s == nil {
			return 0, true
		}
		return s.Offset, true
	}
	d := e.ReceivedAt.Sub(e.Time)
	switch {
	case s == nil:
		return d.Truncate(time.Millisecond), true
	case d < s.Offset-clockBroken:
		return d, false
	case d < s.Offset-clockNoise:
		return d.Truncate(time.Millisecond), true
	default:
		return s.Offset, true
	}
}

// of is the offset of a server, false when none of its lines has been read.
func (c *clocks) of(server string) (time.Duration, bool) {
	s := c.servers[server]
	if s == nil {
		return 0, false
	}
	return s.Offset, true
}

// read takes an event's receipt into account. Events are read in the order in which they are released,
// so that how links lag does not matter.
func (c *clocks) read(e engage.Event) {
	if e.ReceivedAt.IsZero() {
		return
	}
	name := serverOf(e)
	offset, sound := c.offset(e)
	if !sound {
		return
	}
	s := c.servers[name]
	if s == nil {
		s = &clock{}
		c.servers[name] = s
		c.changes++
	}
	least := s.least(difference{at: e.ReceivedAt, d: e.ReceivedAt.Sub(e.Time)})
	if up := least - s.Offset; s.lines >= clockLines && up > clockNoise && up <= clockJump && offset == s.Offset {
		offset = least.Truncate(time.Millisecond)
	}
	if offset != s.Offset {
		s.Offset = offset
		c.changes++
	}
}

// least adds a line and returns the smallest difference of the window.
func (s *clock) least(new difference) time.Duration {
	for len(s.window) > 0 && s.window[len(s.window)-1].d >= new.d {
		s.window = s.window[:len(s.window)-1]
	}
	s.window = append(s.window, new)
	s.lines = min(s.lines+1, clockLines)
	for len(s.window) > 1 && s.lines >= clockLines && new.at.Sub(s.window[0].at) > clockWindow {
		s.window = s.window[1:]
	}
	return s.window[0].d
}

// Fields names what is stored: the servers' offsets.
func (c *clocks) Fields(f *packed.Form) {
	known := make([]clock, 0, len(c.servers))
	for _, name := range slices.Sorted(maps.Keys(c.servers)) {
		s := *c.servers[name]
		s.name = name
		known = append(known, s)
	}
	packed.All(f, 1, &known)
	if f.Reading() {
		for i := range known {
			c.servers[known[i].name] = &known[i]
		}
	}
}

// Fields names what is stored of a server's clock.
func (s *clock) Fields(f *packed.Form) {
	f.Text(1, &s.name)
	f.Int64(2, (*int64)(&s.Offset))
}
