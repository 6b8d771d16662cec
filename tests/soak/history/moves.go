package history

import (
	"time"

	"engage.connector/pkg/engage"
)

// talkingMoves: the caller and one agent.
func (t *talk) talkingMoves(p *party) []move {
	c, w := t.here(), t.w
	caller := t.caller
	if t.far != nil {
		caller = t.away
	}
	moves := []move{
		{"hang up", func() { t.endAll(caller) }},
		{"hang up", func() { t.endAll(p) }},
		{"disposition in the call", func() { c.disposition(p.agent) }},
		{"participants again", func() { c.participants(nil) }},
	}
	if p.state == engage.PartyStateHeld {
		moves = append(moves, move{"retrieve", func() { c.state(p, engage.PartyStateConnected) }})
	} else {
		moves = append(moves, move{"hold", func() { t.hold(p) }})
	}
	if w.one(3) {
		moves = append(moves, t.transferMoves(p)...)
	}
	if w.one(3) {
		moves = append(moves, move{"consult an agent", func() { t.odd = true; t.consultAgent(p) }})
		moves = append(moves, move{"consult a queue", func() { t.odd = true; t.consultQueue(p) }})
		moves = append(moves, move{"consult outside", func() { t.odd = true; t.consultOutside(p) }})
	}
	if w.one(8) {
		moves = append(moves, move{"single-step conference", func() { t.conference() }})
		moves = append(moves, move{"supervise", func() { t.supervise() }})
	}
	if w.one(10) {
		moves = append(moves, move{"new ConnID", func() { t.newConnID() }})
	}
	return moves
}

// transferMoves are single-step transfers.
func (t *talk) transferMoves(p *party) []move {
	c := t.here()
	gone := func() {
		c.leave(p, p, engage.CauseOneStepTransfer)
		c.wrapUp(p.agent)
		t.odd = true
	}
	return []move{
		{"transfer to an agent", func() {
			to := t.candidate(c.site)
			if to == nil || to == p.agent {
				return
			}
			if t.w.one(3) { // the new party is there before the old one has left
				c.join(to.DN, to, engage.PartyStateAlerting)
				gone()
				return
			}
			gone()
			c.join(to.DN, to, engage.PartyStateAlerting)
		}},
		{"transfer to a routing point", func() {
			if t.w.one(3) {
				t.toRoutingPoint()
				gone()
			} else {
				gone()
				t.toRoutingPoint()
			}
			t.w.wait(time.Second)
			t.queue()
		}},
		{"transfer outside", func() {
			if t.far != nil {
				return
			}
			gone()
			out := c.join(t.w.outside(), nil, engage.PartyStateAlerting)
			t.w.wait(3 * time.Second)
			if t.w.one(4) {
				c.leave(out, nil, engage.CauseBusy)
				t.endAll(nil)
				return
			}
			c.state(out, engage.PartyStateConnected)
		}},
	}
}

// crowdMoves: more than two parties, or a supervisor.
func (t *talk) crowdMoves() []move {
	c, w := t.here(), t.w
	moves := []move{
		{"all hang up", func() { t.endAll(c.parties[0]) }},
		{"participants again", func() { c.participants(t.watcher) }},
	}
	if t.watcher != nil {
		moves = append(moves, move{"supervisor leaves", func() {
			c.leave(t.watcher, t.watcher, engage.CauseEmpty)
			t.watcher = nil
			c.participants(nil)
		}})
		return moves
	}
	for _, p := range t.agents(c) {
		if p.state == engage.PartyStateAlerting {
			moves = append(moves, move{"join the conference", func() { c.state(p, engage.PartyStateConnected); c.participants(nil) }})
			continue
		}
		moves = append(moves, move{"leave the conference", func() {
			c.leave(p, p, engage.CauseEmpty)
			c.wrapUp(p.agent)
			w.wait(time.Second)
			if len(t.agents(c)) > 0 {
				c.participants(nil)
			}
		}})
	}
	return moves
}

// conference is a single-step conference.
func (t *talk) conference() {
	c := t.here()
	a := t.w.free(func(a *agent) bool { return a.Site == c.site && a.here })
	if a == nil {
		return
	}
	t.odd = true
	p := c.join(a.DN, a, engage.PartyStateAlerting)
	t.w.wait(time.Second)
	if t.w.one(4) {
		c.leave(p, nil, engage.CauseNoAnswer)
		return
	}
	c.state(p, engage.PartyStateConnected)
	c.participants(nil)
}

// supervise lets a supervisor listen.
func (t *talk) supervise() {
	c := t.here()
	a := t.w.free(func(a *agent) bool { return a.Site == c.site && a.here })
	if a == nil {
		return
	}
	t.odd = true
	t.watcher = c.join(a.DN, a, engage.PartyStateConnected|engage.PartyStateNoTalk)
	c.participants(t.watcher)
}

// newConnID: a ConnID may change; a CallUUID does not.
func (t *talk) newConnID() {
	c := t.here()
	t.w.ids++
	c.conn = c.conn[:8] + "f" + c.conn[9:]
	c.change(engage.Attributes{"ConnID": c.conn})
}

// ringFar routes the call to an agent of the other site: a second call, joined by an IS-Link.
func (t *talk) ringFar(a *agent) {
	w, c := t.w, t.main
	kind := []engage.CallType{engage.CallTypeInbound, engage.CallTypeInbound, engage.CallTypeInternal, engage.CallTypeUnknown}[w.pick(4)]
	t.odd = true
	if t.ivr != nil {
		c.leave(t.ivr, nil, engage.CauseRoute)
		t.ivr = nil
	}
	t.trunk = c.join("77"+a.DN, nil, engage.PartyStateAlerting) // the access number
	t.far = w.newCall(t, a.Site, kind, c.ani, a.DN)
	if w.one(2) {
		t.far.conn = c.conn // call data are passed on
	}
	link := "L" + t.far.uuid[1:]
	c.links, t.far.links = append(c.links, link), append(t.far.links, link)
	t.far.created()
	if w.one(2) {
		c.change(engage.Attributes{"ISLinkList": list(c.links)})
		t.far.change(engage.Attributes{"ISLinkList": list(t.far.links)})
	} else {
		t.far.change(engage.Attributes{"ISLinkList": list(t.far.links)})
		c.change(engage.Attributes{"ISLinkList": list(c.links)})
	}
	dn := c.ani
	if dn == "" || w.one(3) {
		dn = "77" + a.DN
	}
	t.away = t.far.join(dn, nil, engage.PartyStateConnected)
	t.far.join(a.DN, a, engage.PartyStateAlerting)
	c.diverted("77" + a.DN)
}

// leaveFar takes the call back from the other site.
func (t *talk) leaveFar(by *party) {
	t.far.end(by)
	if t.trunk != nil {
		t.main.leave(t.trunk, by, engage.CauseEmpty)
	}
	t.far, t.away, t.trunk = nil, nil, nil
}
