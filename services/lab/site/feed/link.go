package feed

import "time"

// States of a link.
const (
	stateNew       = "connecting"
	stateConnected = "connected"
	stateFailed    = "failed"
)

// link is a declared connection to one pair of servers. It is guarded by the edge's mutex.
type link struct {
	name   string
	spec   Spec
	state  string
	reason string
	ring   *ring
	pair   *pair

	dns        map[string]bool
	statistics map[string][]Statistic // by object

	put       int // events put, for the knobs
	readers   int
	refreshed time.Time
	resynced  uint64        // cursor of the end of the last snapshot
	losing    time.Time     // since when events are lost; zero when they are not
	heard     time.Time     // up to when everything was heard, while the link is down or loses events
	wake      chan struct{} // closed when there is something new
	gone      chan struct{} // closed when the link is deleted
}

// linkStatus is the answer to a declaration and a row of the list of links.
type linkStatus struct {
	Link    string `json:"link"`
	Kind    string `json:"kind"`
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"`
	Cursor  string `json:"cursor"`
	Lines   int    `json:"lines"`
	Readers int    `json:"readers"`
	// What is declared, so that one can see whether a client has got to the end of it.
	DNs            int  `json:"dns"`
	Statistics     int  `json:"statistics"`
	CallMonitoring bool `json:"callMonitoring"`
}

func newLink(name string, r *ring) *link {
	return &link{name: name, state: stateNew, ring: r, wake: make(chan struct{}), gone: make(chan struct{})}
}

// declare replaces the wanted state.
func (l *link) declare(s Spec, p *pair) {
	l.spec, l.pair = s, p
	l.dns = map[string]bool{}
	for _, r := range s.Register {
		l.dns[r.DN] = true
	}
	l.statistics = map[string][]Statistic{}
	for _, stat := range s.Statistics {
		l.statistics[stat.Object] = append(l.statistics[stat.Object], stat)
	}
}

// asksFor tells whether the link's declaration asks for an event of the T-Server.
func (l *link) asksFor(ev Event) bool {
	if l.spec.Kind != kindTServer {
		return false
	}
	if isCallEvent(ev.Message) {
		return l.spec.CallMonitoring
	}
	return l.dns[text(ev.Attributes, "ThisDN")]
}

// signal wakes everybody who waits for a line.
func (l *link) signal() {
	close(l.wake)
	l.wake = make(chan struct{})
}

func (l *link) status() linkStatus {
	return linkStatus{
		Link: l.name, Kind: l.spec.Kind, State: l.state, Reason: l.reason,
		Cursor: formatCursor(l.ring.next() - 1), Lines: len(l.ring.lines), Readers: l.readers,
		DNs: len(l.dns), Statistics: len(l.spec.Statistics), CallMonitoring: l.spec.CallMonitoring,
	}
}
