package history

import (
	"time"

	"engage.connector/pkg/engage"
)

// Pick chooses a number from 0 up to, but not including, n. 0 is the plainest choice.
type Pick func(n int) int

// Event is an event and the link it comes over.
type Event struct {
	Link string
	engage.Event
}

// Kinds of links; a link's name is the site, a slash and its kind.
const (
	LinkCall  = "call"
	LinkQueue = "vq"
	LinkAgent = "agent"
)

// Links are the names of all links.
func Links() []string {
	var names []string
	for _, site := range []string{SiteA, SiteB} {
		for _, kind := range []string{LinkCall, LinkQueue, LinkAgent} {
			names = append(names, site+"/"+kind)
		}
	}
	return names
}

// History is what the links say, in the order of time, and what really happened.
type History struct {
	Events []Event
	Talks  []Talk
	// Moves counts what was done, by name.
	Moves map[string]int
}

// Talk is one interaction: a call with its consultations and its parts at other sites.
type Talk struct {
	Calls  []string // CallUUIDs
	Type   engage.CallType
	Logins map[string]bool // log-in codes of everybody who had a party in it
	// Absent are the log-in codes of those who had been at a DN of it, and had logged out: with a link
	// that lags they are still believed to be there.
	Absent map[string]bool
	Queues map[string]bool // virtual queues it was in
	// Silent: nothing of it may reach the org.
	Silent bool
	// Plain: a caller, a mapped queue, one agent who answered, and nothing unusual.
	Plain bool
	// Shared: an agent of it had another call at the same time.
	Shared bool
	// Lost: its end is not reported.
	Lost bool
}

// Params bound a history.
type Params struct {
	Tag   string    // part of all ids; two histories of one org need different ones
	Start time.Time // of the center's clock
	Calls int       // at most this many interactions begin
	Moves int       // fewer moves than this happen before everything is brought to its end
}

// Generate makes a history.
func Generate(p Params, pick Pick) History {
	p.Calls = 1 + pick(p.Calls)
	w := newWorld(p, pick)
	w.open()
	for range pick(p.Moves) {
		if !w.step() {
			break
		}
	}
	w.finish()
	h := History{Events: w.events, Moves: w.done}
	for _, t := range w.talks {
		h.Talks = append(h.Talks, t.truth)
	}
	return h
}
