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

// disturb brings the events of all links into the order in which two instances log them. Each link
// keeps its order; it lags behind its server, and both instances lag differently. Some events come
// once more than the log's own test for repeats would let through.
func (p plan) disturb(events []history.Event) []arrival {
	links := map[string][]arrival{}
	for _, e := range events {
		links[e.Link] = append(links[e.Link], arrival{Event: e.Event, at: e.ReceivedAt})
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

// patience is how long the pipeline waits for a link (LINK_PATIENCE's default).
const patience = 5 * time.Minute

// inTime tells whether every link comes back before it is not waited for any more.
func (p plan) inTime() bool { return p.lag < patience }

// batches is what the pipeline makes of what arrives: commits, each in the order of time.
func (p plan) batches(all []arrival, start time.Time) []batch {
	t := pipeline.NewTimeline(history.Links(), patience, start)
	var list []batch
	release := func(now time.Time) {
		held := t.Release(now)
		for len(held) > 0 {
			n := min(p.sizes[len(list)%len(p.sizes)], len(held))
			for n < len(held) && held[n].Event.Time.Truncate(pipeline.Together).Equal(held[n-1].Event.Time.Truncate(pipeline.Together)) {
				n++
			}
			b := batch{at: now}
			for _, h := range held[:n] {
				b.events = append(b.events, h.Event)
			}
			list = append(list, b)
			held = held[n:]
		}
		list = append(list, batch{at: now, progress: t.Progress()})
	}
	now := start
	for _, a := range all {
		for ; now.Before(a.at); now = now.Add(look) {
			release(now)
		}
		t.Add(pipeline.Held{Event: a.Event, ReadAt: a.at})
	}
	for range 2 {
		release(now.Add(look))
	}
	return list
}

// look is how often the pipeline looks what may be released.
const look = time.Second

// withHeartbeats adds what the edge sends on every link once a second, until some time after the end.
func withHeartbeats(events []history.Event) []history.Event {
	const after = 20 * time.Minute
	all := slices.Clone(events)
	begin, end := events[0].ReceivedAt.Truncate(time.Second), events[len(events)-1].ReceivedAt.Add(after)
	for _, link := range history.Links() {
		server := engage.Server{}
		for _, e := range events {
			if e.Link == link {
				server = e.Server
				break
			}
		}
		for at := begin; at.Before(end); at = at.Add(time.Second) {
			all = append(all, history.Event{Link: link, Event: engage.Event{
				Server: server, Message: engage.MsgHeartbeat, ReceivedAt: at, Time: at,
			}})
			if at.Sub(events[len(events)-1].ReceivedAt) > time.Minute {
				at = at.Add(time.Minute)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b history.Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	for i := range all {
		all[i].Event.Link = all[i].Link
	}
	return all
}

// skewed gives every server a clock of its own: the call monitoring, the virtual queues and the extensions
// of a site may be reported by different servers.
func (p plan) skewed(events []history.Event) []history.Event {
	out := slices.Clone(events)
	for i := range out {
		e := &out[i]
		skew := p.skew[e.Link]
		e.Server.Name += "/" + e.Link
		e.ReceivedAt = e.Time.Add(time.Millisecond)
		e.Time = e.Time.Add(skew)
	}
	return out
}
