package drive

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/soak/history"
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

// disturb brings the events of all links into the order in which two instances log them. Each link
// keeps its order; it lags behind its server, and both instances lag differently. Some events come
// once more than the log's own test for repeats would let through.
func disturb(events []history.Event, pick history.Pick, most time.Duration) []arrival {
	links := map[string][]arrival{}
	var names []string
	for _, e := range events {
		if links[e.Link] == nil {
			names = append(names, e.Link)
		}
		links[e.Link] = append(links[e.Link], arrival{Event: e.Event, at: e.Time})
	}
	var all []arrival
	for _, name := range names {
		link := links[name]
		first, second := lags(len(link), pick, most), lags(len(link), pick, most)
		last := time.Time{}
		for i := range link {
			at := link[i].at.Add(min(first[i], second[i]))
			if at.Before(last) {
				at = last
			}
			link[i].at, last = at, at
		}
		all = append(all, link...)
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.at.Compare(b.at) })
	const once = 5
	for range pick(once) {
		all = repeat(all, pick)
	}
	return all
}

// lags are how long one instance's connection of a link lags behind, event by event; long lags are
// connections that were lost and came back.
func lags(n int, pick history.Pick, most time.Duration) []time.Duration {
	list := make([]time.Duration, n)
	lag := time.Duration(0)
	const steps = 10
	for i := range list {
		if pick(steps) == steps-1 {
			lag = most * time.Duration(pick(steps+1)) / steps
		}
		list[i] = lag
	}
	return list
}

// repeat lets an event come again, somewhere after it came.
func repeat(all []arrival, pick history.Pick) []arrival {
	from := pick(len(all))
	to := from + pick(len(all)-from)
	again := all[from]
	again.at = all[to].at
	return slices.Insert(all, to+1, again)
}

// batches cuts what arrives into commits. Within one, the pipeline's sequencer has put the events
// into the order of their time.
func batches(all []arrival, pick history.Pick) []batch {
	var list []batch
	const most = 12
	for len(all) > 0 {
		n := min(1+pick(most), len(all))
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
