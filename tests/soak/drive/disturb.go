package drive

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/pipeline"
	"engage.connector/tests/soak/history"
)

// batch is what one commit of the pipeline applies, and the wall clock at that time.
type batch struct {
	events []engage.Event
	at     time.Time
}

// arrival is an event and when its first copy is in the log.
type arrival struct {
	engage.Event
	at time.Time
}

// parts is how finely places in a feed are picked: as parts of its length, so that they stay where
// they are when the feed gets shorter.
const parts = 64

// plan is how a feed is disturbed. All of it is picked before the history is, so that neither
// changes when the other is made smaller.
type plan struct {
	lag     time.Duration // longest lag of a link
	outages map[string][2][]outage
	repeats [][2]int // an event at one place comes again at another
	sizes   []int    // of the batches, in turn
	restart int
	mode    int
}

// outage is a stretch of a link in which one instance's connection lags behind.
type outage struct{ from, length, lag int }

func newPlan(pick history.Pick) plan {
	const modes, repeats, sizes, size, outages, lags = 2, 4, 6, 12, 2, 10
	p := plan{lag: lagTable()[pick(len(lagTable()))], mode: pick(modes), restart: pick(parts + 1), outages: map[string][2][]outage{}}
	for _, link := range history.Links() {
		var both [2][]outage
		for instance := range both {
			for range outages {
				both[instance] = append(both[instance], outage{from: pick(parts), length: pick(parts), lag: pick(lags + 1)})
			}
		}
		p.outages[link] = both
	}
	for range pick(repeats) {
		p.repeats = append(p.repeats, [2]int{pick(parts), pick(parts)})
	}
	for range sizes {
		p.sizes = append(p.sizes, 1+pick(size))
	}
	return p
}

// disturb brings the events of all links into the order in which two instances log them. Each link
// keeps its order; it lags behind its server, and both instances lag differently. Some events come
// once more than the log's own test for repeats would let through.
func (p plan) disturb(events []history.Event) []arrival {
	links := map[string][]arrival{}
	for _, e := range events {
		links[e.Link] = append(links[e.Link], arrival{Event: e.Event, at: e.Time})
	}
	var all []arrival
	for _, name := range history.Links() {
		link, last := links[name], time.Time{}
		for i := range link {
			place, both := i*parts/len(link), p.outages[name]
			at := link[i].at.Add(min(p.lagAt(both[0], place), p.lagAt(both[1], place)))
			if at.Before(last) {
				at = last
			}
			link[i].at, last = at, at
		}
		all = append(all, link...)
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.at.Compare(b.at) })
	for _, r := range p.repeats {
		all = repeat(all, r[0], r[1])
	}
	return all
}

// lagAt is how long an instance's connection lags behind at a place of a link.
func (p plan) lagAt(outages []outage, place int) time.Duration {
	lag := time.Duration(0)
	const tenth = 10
	for _, o := range outages {
		if place >= o.from && place <= o.from+o.length {
			lag = max(lag, p.lag*time.Duration(o.lag)/tenth)
		}
	}
	return lag
}

// repeat lets the event at one place come again after it, at another.
func repeat(all []arrival, from, to int) []arrival {
	at := from * len(all) / parts
	again := all[at]
	at += to * (len(all) - at) / parts
	again.at = all[at].at
	return slices.Insert(all, at+1, again)
}

// reorderWindow is for how long the pipeline holds what it has read (REORDER_WINDOW's default).
const reorderWindow = 250 * time.Millisecond

// inOrder tells whether the pipeline brings everything back into the order of time.
func (p plan) inOrder() bool { return p.lag <= reorderWindow }

// sequence is what the pipeline's sequencer makes of what arrives.
func sequence(all []arrival) []arrival {
	seq := pipeline.NewSequencer(reorderWindow)
	var released []arrival
	release := func(now time.Time) {
		for _, h := range seq.Release(now) {
			released = append(released, arrival{Event: h.Event, at: now})
		}
	}
	for _, a := range all {
		for due, held := seq.Due(); held && !due.After(a.at); due, held = seq.Due() {
			release(due)
		}
		seq.Add(pipeline.Held{Event: a.Event, ReadAt: a.at})
	}
	for due, held := seq.Due(); held; due, held = seq.Due() {
		release(due)
	}
	return released
}

// batches cuts what arrives into commits, each in the order of time.
func (p plan) batches(all []arrival) []batch {
	if p.inOrder() {
		all = sequence(all)
	}
	var list []batch
	for len(all) > 0 {
		n := min(p.sizes[len(list)%len(p.sizes)], len(all))
		b := batch{at: all[n-1].at}
		for _, a := range all[:n] {
			b.events = append(b.events, a.Event)
		}
		slices.SortStableFunc(b.events, func(x, y engage.Event) int { return x.Time.Compare(y.Time) })
		list = append(list, b)
		all = all[n:]
	}
	return list
}

// clean is the history as one undisturbed instance applies it.
func clean(events []history.Event) []batch {
	list := make([]batch, len(events))
	for i, e := range events {
		list[i] = batch{events: []engage.Event{e.Event}, at: e.Time}
	}
	return list
}
