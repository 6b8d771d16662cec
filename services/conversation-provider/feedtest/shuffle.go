package feedtest

import (
	"maps"
	"slices"
	"time"

	"engage.connector/pkg/engage"
)

// Pick chooses a number from 0 up to, but not including, n.
type Pick func(n int) int

// Interleave mixes the links anew: each link keeps its order, nothing else does. The call monitoring
// of two sites counts as one link: what a conversation of two sites shows depends on both.
func Interleave(events []Event, pick Pick) []Event {
	return interleave(events, pick, func(e Event) string {
		if e.Link == LinkCall2 {
			return LinkCall
		}
		return e.Link
	})
}

// InterleaveAll mixes the links of all sites.
func InterleaveAll(events []Event, pick Pick) []Event {
	return interleave(events, pick, func(e Event) string { return e.Link })
}

func interleave(events []Event, pick Pick, stream func(Event) string) []Event {
	links := map[string][]Event{}
	for _, e := range events {
		links[stream(e)] = append(links[stream(e)], e)
	}
	names := Links()
	var mixed []Event
	for len(mixed) < len(events) {
		names = slices.DeleteFunc(names, func(n string) bool { return len(links[n]) == 0 })
		name := names[pick(len(names))]
		// A run of events of one link: links lag by more than one event.
		run := min(1+pick(len(links[name])), len(links[name]))
		mixed = append(mixed, links[name][:run]...)
		links[name] = links[name][run:]
	}
	return mixed
}

// Duplicate repeats n events, each somewhere after it came.
func Duplicate(events []Event, n int, pick Pick) []Event {
	out := slices.Clone(events)
	for range n {
		from := pick(len(out))
		at := from + 1 + pick(len(out)-from)
		out = slices.Insert(out, at, out[from])
	}
	return out
}

// Rereport lets the call link report all running calls again, n times, as after a switchover.
func Rereport(events []Event, n int, pick Pick) []Event {
	out := slices.Clone(events)
	for range n {
		at := pick(len(out) + 1)
		out = slices.Insert(out, at, running(out[:at])...)
	}
	return out
}

// running is what a server reports of the calls that run after a prefix of the feed.
func running(prefix []Event) []Event {
	type call struct {
		created Event
		parties []Event
	}
	calls := map[string]*call{}
	var order []string
	last := time.Time{}
	for _, e := range prefix {
		if e.Link != LinkCall && e.Link != LinkCall2 {
			continue
		}
		last = e.Time
		uuid := e.CallUUID()
		same := func(p Event) bool { return p.PartyUUID() == e.PartyUUID() }
		c := calls[uuid]
		switch e.Message {
		case engage.MsgEventCallCreated:
			if c == nil {
				calls[uuid] = &call{created: e}
				order = append(order, uuid)
			}
		case engage.MsgEventCallPartyAdded:
			if !slices.ContainsFunc(c.parties, same) {
				c.parties = append(c.parties, e)
			}
		case engage.MsgEventCallPartyState:
			c.parties[slices.IndexFunc(c.parties, same)] = e
		case engage.MsgEventCallPartyDeleted:
			c.parties = slices.DeleteFunc(c.parties, same)
		case engage.MsgEventCallPartyMoved:
			c.parties = slices.DeleteFunc(c.parties, same)
			into := e
			into.Attributes = maps.Clone(e.Attributes)
			into.Attributes["CallUUID"] = e.NewCallUUID()
			delete(into.Attributes, "NewCallUUID")
			calls[e.NewCallUUID()].parties = append(calls[e.NewCallUUID()].parties, into)
		case engage.MsgEventCallDeleted:
			delete(calls, uuid)
			order = slices.DeleteFunc(order, func(u string) bool { return u == uuid })
		}
	}
	var out []Event
	for _, uuid := range order {
		created := calls[uuid].created
		created.Time = last.Add(time.Microsecond)
		out = append(out, created)
		for _, p := range calls[uuid].parties {
			p.Message, p.Time = engage.MsgEventCallPartyAdded, created.Time
			out = append(out, p)
		}
	}
	return out
}
