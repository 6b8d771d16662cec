package history

import (
	"strings"
	"time"

	"engage.connector/pkg/engage"
)

// span is a stretch of time in which the edge got nothing of what a link's server sent.
type span struct {
	from, to time.Time
	down     bool // the edge knows that it lost the server
	// heard is when the server sent the last line before.
	heard time.Time
}

// Deaf tells since when, at a time, the edge had got nothing of what a link's server sent.
func (h History) Deaf(link string, at time.Time) (since time.Time, deaf bool) {
	for _, s := range h.spans[link] {
		if !at.Before(s.from) && at.Before(s.to) {
			return s.from, true
		}
	}
	return time.Time{}, false
}

// longestLoss is shorter than what is waited for a link.
const longestLoss = time.Minute

// How a link is brought up to date after a loss.
const (
	bySnapshot = iota // everything that runs is reported again, between two lines
	byReport          // the same without the lines: who does not know better takes it for news
	byNothing
)

// trouble lets links lose what their servers send, and come back; now and then a server crashes.
func (w *world) trouble() {
	for _, s := range w.losses {
		if w.now.Sub(s.from) > longestLoss {
			w.mend()
			return
		}
	}
	switch {
	case len(w.losses) > 0:
		if w.one(5) {
			w.mend()
		}
	case w.troubles == 0 || !w.one(12):
	default:
		w.troubles--
		switch w.pick(3) {
		case 0:
			w.lose(Links()[w.pick(len(Links()))], false)
		case 1:
			w.lose(Links()[w.pick(len(Links()))], true)
		default:
			w.crash([]string{SiteA, SiteB}[w.pick(2)])
		}
	}
}

// lose lets the edge get nothing of a link from now on; down: it notices.
func (w *world) lose(link string, down bool) {
	w.done["loss"]++
	s := &span{from: w.now, down: down, heard: w.heard[link]}
	if down {
		w.own(link, engage.MsgLinkDisconnected, engage.Attributes{"reason": "the connection broke"})
	}
	s.from = w.now
	w.losses[link] = s
}

// mend brings the links back that had lost something.
func (w *world) mend() {
	how := w.pick(3)
	for _, link := range Links() {
		s := w.losses[link]
		if s == nil {
			continue
		}
		w.wait(2 * time.Second)
		delete(w.losses, link)
		s.to = w.now
		w.spans[link] = append(w.spans[link], *s)
		if s.down {
			w.own(link, engage.MsgLinkConnected, engage.Attributes{"reason": "the server is back"})
		} else {
			w.own(link, engage.MsgGap, engage.Attributes{"from": s.heard, "to": w.now})
		}
		w.resync(link, how)
	}
}

// resync brings a link up to date.
func (w *world) resync(link string, how int) {
	if how == byNothing {
		return
	}
	w.done["resync"]++
	at := w.now
	if how == bySnapshot {
		w.own(link, engage.MsgSnapshotBegin, engage.Attributes{"at": at})
	}
	w.extra = true
	w.reportLink(link)
	w.extra = false
	for _, a := range w.agents {
		if a.Site+"/"+LinkAgent == link {
			a.hurt, a.unsure = false, false
		}
	}
	if how == bySnapshot {
		w.own(link, engage.MsgSnapshotEnd, engage.Attributes{"at": at})
		w.settled(link)
	}
}

// reportLink says again what runs.
func (w *world) reportLink(link string) {
	site, kind, _ := strings.Cut(link, "/")
	if kind == LinkAgent {
		for _, a := range w.agents {
			if a.Site == site {
				w.registered(a)
			}
		}
		return
	}
	for _, t := range w.talks {
		for _, c := range t.calls {
			if c.site != site || c.gone {
				continue
			}
			if kind == LinkCall {
				c.report()
				continue
			}
			for _, vq := range c.queues {
				c.send(LinkQueue, engage.MsgEventQueued, c.dnAttributes(vq))
			}
		}
	}
}

// settled: whoever reads the link's snapshot knows of every call of it that has ended.
func (w *world) settled(link string) {
	for _, t := range w.talks {
		for _, c := range t.calls {
			if c.gone && c.site+"/"+LinkCall == link {
				c.told = true
			}
		}
	}
}

// crash: a site's server dies, with all its calls. It is started again and knows nothing of them.
func (w *world) crash(site string) {
	w.done["crash"]++
	w.crashed = true
	for _, kind := range []string{LinkCall, LinkQueue, LinkAgent} {
		w.own(site+"/"+kind, engage.MsgLinkDisconnected, engage.Attributes{"reason": "the server is gone"})
	}
	w.die(site)
	w.wait(10 * time.Second)
	w.now = w.now.Add(time.Second)
	w.started[site] = w.now.Unix()
	how := w.pick(3)
	for _, kind := range []string{LinkCall, LinkQueue, LinkAgent} {
		w.own(site+"/"+kind, engage.MsgLinkConnected, engage.Attributes{"reason": "the server was started again"})
		w.resync(site+"/"+kind, how)
	}
	for _, a := range w.agents {
		if a.Site == site && a.wasHere && !w.one(4) {
			w.login(a)
			w.agentEvent(a, engage.MsgEventAgentReady, engage.WorkModeAutoIn)
		}
		a.wasHere = false
	}
}

// die ends everything at a site without a word. What goes on at the other site of a call ends there.
func (w *world) die(site string) {
	for _, a := range w.agents {
		if a.Site == site {
			a.wasHere, a.here, a.wrapsUp, a.unsure = a.here, false, nil, true
		}
	}
	for _, t := range w.talks {
		hit := false
		for _, c := range t.calls {
			if c.site == site && !c.gone {
				c.dead, hit = true, true
			}
		}
		if hit {
			t.odd, t.truth.Hurt = true, true
			t.endAll(nil)
		}
	}
}

// own writes a line of the edge.
func (w *world) own(link, message string, attributes engage.Attributes) {
	site, kind, _ := strings.Cut(link, "/")
	w.extra = true
	w.send(site, kind, message, attributes)
	w.extra = false
}

// hurtAgent: something was lost of what a desk reported.
func (w *world) hurtAgent(a *agent) {
	if a.wrapped != nil {
		a.wrapped.talk.truth.Hurt = true
	}
	a.hurt, a.unsure = true, true
	for _, t := range w.talks {
		for _, c := range t.calls {
			for _, p := range c.parties {
				t.truth.Hurt = t.truth.Hurt || p.agent == a
			}
		}
	}
}
