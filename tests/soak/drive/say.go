package drive

import (
	"maps"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/tests/soak/history"
)

// said is what the edge says: the lines of every link, each in the order of their receipt.
type said [][]engage.Event

// say is what the edge says of a history: what every server sends, by its own clock, and a heartbeat on
// every link once a second, until some time after the end. whole: as if nothing had been lost.
func (p plan) say(h history.History, whole bool) said {
	const after = 20 * time.Minute
	begin, last := h.Events[0].Time, h.Events[len(h.Events)-1].Time
	s := make(said, len(history.Links()))
	for i, name := range history.Links() {
		events := p.swapped(sent(h, name, whole))
		beat, server := begin.Truncate(time.Second), serverOf(name)
		beats := func(until time.Time) {
			for ; beat.Before(until); beat = beat.Add(time.Second) {
				s[i] = append(s[i], p.heartbeat(h, name, server, beat, whole))
				if beat.Sub(last) > time.Minute {
					beat = beat.Add(time.Minute)
				}
			}
		}
		for n := range events {
			beats(events[n].Time)
			s[i] = append(s[i], p.stamped(name, events[n]))
		}
		beats(last.Add(after))
	}
	return s
}

// sent are the events that the edge gets over a link.
func sent(h history.History, link string, whole bool) []engage.Event {
	var events []engage.Event
	for _, e := range h.Events {
		if e.Link == link && (whole && !e.Extra || !whole && !e.Lost) {
			events = append(events, e.Event)
		}
	}
	return events
}

// heartbeat is one that says how far it vouches, or not.
func (p plan) heartbeat(h history.History, link string, server engage.Server, at time.Time, whole bool) engage.Event {
	e := engage.Event{Link: link, Server: server, Message: engage.MsgHeartbeat, ReceivedAt: at, Time: p.clocks.show(link, at)}
	if p.vouch {
		heard := at
		if since, deaf := h.Deaf(link, at); deaf && !whole {
			heard = since
		}
		e.Attributes = engage.Attributes{"upTo": instant(p.clocks.show(link, heard.Add(-time.Microsecond)))}
	}
	return e
}

// serverOf is whoever reports a link: the call monitoring, the virtual queues and the extensions of a site
// may be reported by different servers.
func serverOf(link string) engage.Server {
	site, _, _ := strings.Cut(link, "/")
	return engage.Server{Name: "SIPS_" + site + "/" + link, Role: "primary"}
}

// stamped is an event with the time of its server's clock.
func (p plan) stamped(link string, e engage.Event) engage.Event {
	e.Link = link
	e.Server.Name = serverOf(link).Name
	e.ReceivedAt = e.Time.Truncate(time.Microsecond).Add(time.Millisecond)
	e.Time = p.clocks.show(link, e.Time)
	for key, value := range e.Attributes {
		if at, ok := value.(time.Time); ok {
			e.Attributes = maps.Clone(e.Attributes)
			e.Attributes[key] = instant(p.clocks.show(link, at))
		}
	}
	return e
}

// instant is a time as feed lines show it.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// swapped puts events of one link into another order that the server might have reported them in: what
// concerns different calls and desks at almost the same time, and the first parties of a call.
func (p plan) swapped(events []engage.Event) []engage.Event {
	if p.swaps == 0 {
		return events
	}
	const rounds, near = 3, 20 * time.Millisecond
	for round := range uint32(rounds) {
		for i := range len(events) - 1 {
			a, b := &events[i], &events[i+1]
			if scatter(p.swaps, round, uint32(i))%2 == 0 || b.Time.Sub(a.Time) > near || !independent(*a, *b) {
				continue
			}
			a.Time, b.Time = b.Time, a.Time
			a.ReceivedAt, b.ReceivedAt = b.ReceivedAt, a.ReceivedAt
			a.Cursor, b.Cursor = b.Cursor, a.Cursor
			*a, *b = *b, *a
		}
	}
	return events
}

// independent tells whether a server may report two events in either order.
func independent(a, b engage.Event) bool {
	switch {
	case a.IsFeed() || b.IsFeed():
		return false
	case a.DN() != "" && a.DN() == b.DN() || a.ThisDN() != "" && a.ThisDN() == b.ThisDN():
		return false
	case a.Message == engage.MsgEventCallPartyAdded && b.Message == a.Message:
		return true // consultations too: their parties are reported in either order
	case a.Message == engage.MsgEventDiverted && b.Message == a.Message, a.ThisDN() != "" && b.ThisDN() != "" && a.ConnID() != b.ConnID():
		return true
	default:
		return false
	}
}

func scatter(seed, round, i uint32) uint32 {
	h := seed*2654435761 ^ round*40503 ^ i*2246822519
	h ^= h >> 15
	h *= 2654435761
	return h >> 16
}
