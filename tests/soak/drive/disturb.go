package drive

import (
	"slices"
	"strings"
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

// said is what the edge says: the lines of every link, each in the order of their receipt.
type said [][]engage.Event

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
	repeats [][2]int // an event at one place comes again at another
	sizes   []int    // of the batches, in turn
	restart int
	mode    int
	skew    map[string]time.Duration // by link: how far the clock of its server is ahead
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
	p.skew = map[string]time.Duration{}
	const most = 10_001
	if pick(2) == 1 {
		for _, link := range history.Links() {
			p.skew[link] = time.Duration(pick(most)-most/2) * time.Millisecond
		}
	}
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
			place := n * parts / len(link)
			at := link[n].ReceivedAt.Add(min(p.lagAt(both[0], place), p.lagAt(both[1], place)))
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

// say is what the edge says of a history: what every server sends, by its own clock, and a heartbeat on
// every link once a second, until some time after the end.
func (p plan) say(events []history.Event) said {
	const after = 20 * time.Minute
	begin, last := events[0].Time, events[len(events)-1].Time
	s := make(said, len(history.Links()))
	for i, name := range history.Links() {
		beat, server := begin.Truncate(time.Second), p.server(name)
		for _, e := range events {
			if e.Link != name {
				continue
			}
			for ; beat.Before(e.Time); beat = beat.Add(time.Second) {
				s[i] = append(s[i], heartbeat(name, server, beat))
			}
			s[i] = append(s[i], p.stamped(e))
		}
		for ; beat.Before(last.Add(after)); beat = beat.Add(time.Second) {
			s[i] = append(s[i], heartbeat(name, server, beat))
			if beat.Sub(last) > time.Minute {
				beat = beat.Add(time.Minute)
			}
		}
	}
	return s
}

// heartbeat is one that does not say how far it vouches.
func heartbeat(link string, server engage.Server, at time.Time) engage.Event {
	return engage.Event{Link: link, Server: server, Message: engage.MsgHeartbeat, ReceivedAt: at, Time: at}
}

// server is whoever reports a link: the call monitoring, the virtual queues and the extensions of a site
// may be reported by different servers.
func (p plan) server(link string) engage.Server {
	site, _, _ := strings.Cut(link, "/")
	return engage.Server{Name: "SIPS_" + site + "/" + link, Role: "primary"}
}

// stamped is an event with the time of its server's clock.
func (p plan) stamped(h history.Event) engage.Event {
	e := h.Event
	e.Link = h.Link
	e.Server.Name += "/" + h.Link
	e.ReceivedAt = e.Time.Add(time.Millisecond)
	e.Time = e.Time.Add(p.skew[h.Link])
	return e
}
