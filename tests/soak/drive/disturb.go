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
	events   []engage.Event
	at       time.Time
	progress pipeline.Progress // of a tick
}

// arrival is a line and when its first copy is in the log.
type arrival struct {
	*engage.Event

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
	repeats [][2]int // a line at one place comes again at another
	sizes   []int    // of the batches, in turn
	restart int
	mode    int
	clocks  clocks
	swaps   uint32 // which events of a link come in the other order; 0: none
	vouch   bool   // heartbeats say how far they vouch
}

// outage is a stretch of a link in which one instance's connection lags behind.
type outage struct {
	from, length, lag int
	stops             bool // nothing comes meanwhile, and then everything at once
}

// The ways in which a history is looked at beside the first.
const (
	modeLag   = iota // without any lag
	modeLive         // with time passing between the lines
	modeWhole        // with nothing lost
	modeRight        // with clocks that are right
	modes
)

func newPlan(pick history.Pick) plan {
	const repeats, sizes, size, outages, lags = 4, 6, 12, 2, 10
	p := plan{lag: lagTable()[pick(len(lagTable()))], mode: pick(modes), restart: pick(parts + 1), outages: map[string][2][]outage{}}
	for _, link := range history.Links() {
		var both [2][]outage
		for instance := range both {
			for range outages {
				both[instance] = append(both[instance], outage{from: pick(parts), length: pick(parts), lag: pick(lags + 1), stops: pick(2) == 1})
			}
		}
		p.outages[link] = both
	}
	p.clocks = newClocks(pick)
	p.swaps, p.vouch = uint32(max(0, pick(1<<16)-1<<15)), pick(2) == 1
	for range pick(repeats) {
		p.repeats = append(p.repeats, [2]int{pick(parts), pick(parts)})
	}
	for range sizes {
		p.sizes = append(p.sizes, 1+pick(size))
	}
	return p
}

// disturb brings the lines of all links into the order in which two instances log them. Each link
// keeps its order; it lags behind its server, and both instances lag differently. Some lines come
// once more than the log's own test for repeats would let through.
func (p plan) disturb(s said) []arrival {
	var all []arrival
	for i, link := range s {
		last, both := time.Time{}, p.outages[history.Links()[i]]
		for n := range link {
			at, gone := p.arrives(both[0], link, n)
			if other, otherGone := p.arrives(both[1], link, n); other.Before(at) {
				at, gone = other, otherGone
			}
			if gone && link[n].Message == engage.MsgHeartbeat {
				continue // nobody was there to hear it
			}
			if at.Before(last) {
				at = last
			}
			last = at
			all = append(all, arrival{Event: &link[n], at: at})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.at.Compare(b.at) })
	for _, r := range p.repeats {
		all = repeat(all, r[0], r[1])
	}
	return all
}

// arrives is when a line of a link reaches an instance; gone: its connection was broken when the line came.
func (p plan) arrives(outages []outage, link []engage.Event, n int) (latest time.Time, gone bool) {
	const tenth = 10
	at, place := link[n].ReceivedAt, n*parts/len(link)
	latest = at
	for _, o := range outages {
		if place < o.from || place > o.from+o.length {
			continue
		}
		lag, since := p.lag*time.Duration(o.lag)/tenth, at
		if o.stops {
			since = link[(o.from*len(link)+parts-1)/parts].ReceivedAt
		}
		if came := since.Add(lag); came.After(latest) {
			latest, gone = came, o.stops
		}
	}
	return latest, gone
}

// repeat lets the event at one place come again after it, at another.
func repeat(all []arrival, from, to int) []arrival {
	at := from * len(all) / parts
	again := all[at]
	at += to * (len(all) - at) / parts
	again.at = all[at].at
	return slices.Insert(all, at+1, again)
}

// patience is how long the pipeline waits for a link (LINK_PATIENCE's default).
const patience = 5 * time.Minute

// inTime tells whether every link comes back before it is not waited for any more.
func (p plan) inTime() bool { return p.lag < patience }

// batches is what the pipeline makes of what arrives: commits, each in the order of time, and ticks. A tick
// in which the links came no further than before says nothing new and is left out.
func (p plan) batches(all []arrival, start time.Time) []batch {
	t := pipeline.NewTimeline(history.Links(), patience, start)
	var list []batch
	told, ticked := pipeline.Progress{}, time.Time{}
	release := func(now time.Time) {
		held := t.Release(now)
		news := len(held) > 0
		for len(held) > 0 {
			n := together(held, p.sizes[len(list)%len(p.sizes)])
			list = append(list, batch{at: now, events: eventsOf(held[:n])})
			held = held[n:]
		}
		progress := t.Progress()
		if !news && progress.UpTo.Equal(told.UpTo) && slices.Equal(progress.Without, told.Without) && now.Sub(ticked) < rarely {
			return
		}
		told, ticked = progress, now
		list = append(list, batch{at: now, progress: progress})
	}
	now := start
	for _, a := range all {
		for ; now.Before(a.at); now = now.Add(look) {
			release(now)
		}
		t.Add(pipeline.Held{Event: *a.Event, ReadAt: a.at})
	}
	for range 2 {
		release(now.Add(look))
	}
	return list
}

const (
	look   = time.Second // how often the pipeline looks what may be released
	rarely = time.Minute // how often there is a tick when the links do not come further
)

// together is how many events are applied next: so many, and what belongs together with the last of them.
func together(held []pipeline.Held, size int) int {
	n := min(size, len(held))
	for n < len(held) && held[n].Event.Time.Truncate(pipeline.Together).Equal(held[n-1].Event.Time.Truncate(pipeline.Together)) {
		n++
	}
	return n
}

func eventsOf(held []pipeline.Held) []engage.Event {
	events := make([]engage.Event, len(held))
	for i := range held {
		events[i] = held[i].Event
	}
	return events
}
