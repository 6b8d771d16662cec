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

	// Lost is what the edge did not get, Extra what is there only because something was lost.
	Lost, Extra bool
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
	// Lossy: links have lost something; Crashed: a server died.
	Lossy, Crashed bool
	spans          map[string][]span
}

// Talk is one interaction: a call with its consultations and its parts at other sites.
type Talk struct {
	Calls  []string // CallUUIDs
	Type   engage.CallType
	Logins map[string]bool // log-in codes of everybody who had a party in it
	// Absent are the log-in codes of those who had been at a DN of it, and had logged out: when a link
	// lags, or has lost that (true), they are still believed to be there.
	Absent map[string]bool
	Queues map[string]bool // virtual queues it was in
	// Silent: nothing of it may reach the org.
	Silent bool
	// Plain: a caller, a mapped queue, one agent who answered, and nothing unusual.
	Plain bool
	// Lost: its end is not reported.
	Lost bool
	// Hurt: some of what was said of it, or of the desks in it, was lost.
	Hurt bool
	// Over is when it ended; Told is set when the links have made that known.
	Over time.Time
	Told bool
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
	w.troubles = max(0, pick(4)-1)
	for range pick(p.Moves) {
		w.trouble()
		if !w.step() {
			break
		}
	}
	w.finish()
	h := History{Events: w.events, Moves: w.done, Lossy: len(w.spans) > 0 || w.crashed, Crashed: w.crashed, spans: w.spans}
	for _, t := range w.talks {
		t.truth.Plain = t.truth.Plain && !t.truth.Hurt
		t.truth.Told = t.told()
		h.Talks = append(h.Talks, t.truth)
	}
	return h
}
