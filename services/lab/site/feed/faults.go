package feed

import (
	"net/http"
	"time"
)

// Switchover makes the pairs' other servers take over: every link is told, and everything is reported again.
func (e *Edge) Switchover() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.pairs {
		p.takeOver(e.opts.Now())
	}
	for _, l := range e.sortedLinks() {
		if l.state != stateConnected {
			continue
		}
		e.own(l, msgSwitchover, map[string]any{"server": l.pair.name()})
		e.reportAgain(l)
	}
}

// Disconnect breaks a link to its servers: what they send is lost to it until Connect. It
// reports whether there is such a link.
func (e *Edge) Disconnect(name, reason string) bool {
	return e.onLink(name, func(l *link) {
		if l.state == stateFailed {
			return
		}
		e.own(l, msgLinkDisconnected, map[string]any{"reason": reason})
		l.state, l.reason, l.heard = stateFailed, reason, e.present()
	})
}

// Connect brings a broken link back; the servers report their present state again.
func (e *Edge) Connect(name string) bool {
	return e.onLink(name, func(l *link) {
		if l.state == stateConnected {
			return
		}
		l.state, l.reason, l.losing = stateConnected, "", time.Time{}
		e.own(l, msgLinkConnected, map[string]any{"reason": "the servers are back"})
		e.reportAgain(l)
	})
}

// Lose makes a connected link lose what its servers send, until Gap.
func (e *Edge) Lose(name string) bool {
	return e.onLink(name, func(l *link) {
		if l.losing.IsZero() {
			l.losing, l.heard = e.opts.Now(), e.present()
		}
	})
}

// Gap ends what Lose began: the link is told, and everything is reported again.
func (e *Edge) Gap(name string) bool {
	return e.onLink(name, func(l *link) {
		if l.losing.IsZero() || l.state != stateConnected {
			return
		}
		l.losing = time.Time{}
		e.own(l, msgGap, map[string]any{
			"from": instant(e.stamp(l, l.heard)), "to": instant(e.stamp(l, e.present())),
		})
		e.reportAgain(l)
	})
}

// reportAgain sends the servers' present state to a client that missed what was before.
func (e *Edge) reportAgain(l *link) {
	if e.knobs.NoSnapshots {
		e.report(l, Spec{}, e.present())
	} else {
		e.resync(l)
	}
	l.resynced = l.ring.next() - 1
}

// onLink does something to a link; it tells whether there is one of that name.
func (e *Edge) onLink(name string, do func(*link)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.links[name]
	if l != nil {
		do(l)
	}
	return l != nil
}

// Away makes the edge unreachable for a while: streams break off and requests are not answered. The edge
// itself goes on, so nothing is lost.
func (e *Edge) Away(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.awayUntil = e.opts.Now().Add(d)
	close(e.cut)
	e.cut = make(chan struct{})
}

// whileThere lets requests through only while the edge can be reached.
func (e *Edge) whileThere(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		away := e.opts.Now().Before(e.awayUntil)
		e.mu.Unlock()
		if away {
			panic(http.ErrAbortHandler) // the connection breaks, as to a machine that is gone
		}
		next(w, r)
	}
}
