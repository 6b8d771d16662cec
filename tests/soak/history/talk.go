package history

import (
	"fmt"
	"slices"
	"time"

	"engage.connector/pkg/engage"
)

// talk is an interaction: the main call, its continuation at the other site, and a consultation.
type talk struct {
	w       *world
	calls   []*call
	main    *call
	far     *call // the continuation at the other site; nil when there is none
	trunk   *party
	consult *consultation
	caller  *party // in main
	away    *party // who stands for the caller in far
	ivr     *party
	watcher *party // a supervisor
	truth   Talk
	odd     bool // something happened that no plain call has
}

func (w *world) newTalk(kind engage.CallType, site, ani, dnis string) *talk {
	w.begun++
	t := &talk{w: w, truth: Talk{Type: kind, Logins: map[string]bool{}, Absent: map[string]bool{}, Queues: map[string]bool{}}}
	w.talks = append(w.talks, t)
	t.main = w.newCall(t, site, kind, ani, dnis)
	return t
}

func (t *talk) over() bool {
	return !slices.ContainsFunc(t.calls, func(c *call) bool { return !c.gone })
}

// told: the links have made known that all calls of it have ended.
func (t *talk) told() bool {
	return !t.truth.Lost && !slices.ContainsFunc(t.calls, func(c *call) bool { return !c.told })
}

// here is the call that the agents are in.
func (t *talk) here() *call {
	if t.far != nil {
		return t.far
	}
	return t.main
}

// agents are the agents' parties of a call, without a supervisor.
func (t *talk) agents(c *call) []*party {
	var found []*party
	for _, p := range c.parties {
		if p.agent != nil && p != t.watcher {
			found = append(found, p)
		}
	}
	return found
}

func (w *world) outside() string { return fmt.Sprintf("+1555%07d", 1000000+w.begun*100+w.pick(100)) }

// inbound begins an inbound call.
func (w *world) inbound() {
	site := []string{SiteA, SiteA, SiteA, SiteB}[w.pick(4)]
	ani := w.outside()
	if w.one(30) {
		ani = "" // withheld
	}
	t := w.newTalk(engage.CallTypeInbound, site, ani, "+18005550100")
	t.main.created()
	dn := ani
	if dn == "" {
		dn = "Trunk_1"
	}
	t.caller = t.main.join(dn, nil, engage.PartyStateConnected)
	if !w.one(8) {
		t.toRoutingPoint()
	}
}

// outbound begins a call of an agent to the outside.
func (w *world) outbound(a *agent) {
	t := w.newTalk(engage.CallTypeOutbound, a.Site, a.DN, w.outside())
	t.truth.Silent = !a.User
	t.odd = true
	t.main.created()
	p := t.main.join(a.DN, a, engage.PartyStateInitiated)
	if w.one(2) {
		t.main.state(p, engage.PartyStateConnected)
	}
	t.caller = t.main.join(t.main.dnis, nil, engage.PartyStateAlerting)
}

// internal begins a call between two agents, with no one else.
func (w *world) internal(a *agent) {
	other := w.free(func(b *agent) bool { return b != a && b.Site == a.Site })
	if other == nil {
		return
	}
	t := w.newTalk(engage.CallTypeInternal, a.Site, a.DN, other.DN)
	t.truth.Silent, t.odd = true, true
	t.main.created()
	t.main.join(a.DN, a, engage.PartyStateConnected)
	t.main.join(other.DN, other, engage.PartyStateAlerting)
}

// toRoutingPoint puts the call on the site's routing point.
func (t *talk) toRoutingPoint() {
	c := t.here()
	t.ivr = c.join(RoutingPoints()[c.site], nil, engage.PartyStateRouting)
	if !t.w.one(4) {
		t.w.wait(100 * time.Millisecond)
		c.state(t.ivr, engage.PartyStateTreatment)
	}
}

// moves are what may happen next; the first one brings the talk nearer to its end.
func (t *talk) moves() []move {
	switch {
	case t.consult != nil:
		return t.consult.moves()
	case t.main.kind == engage.CallTypeInternal:
		return t.internalMoves()
	case t.main.gone: // a part of it is left behind
		return []move{{"hang up", func() { t.endAll(nil) }}}
	}
	c := t.here()
	agents := t.agents(c)
	var moves []move
	switch {
	case len(c.parties) > 2 && len(agents) > 1, t.watcher != nil:
		moves = t.crowdMoves()
	case len(agents) == 0 && t.outsideOnly():
		moves = []move{{"hang up", func() { t.endAll(t.caller) }}}
	case len(agents) == 0:
		moves = t.waitingMoves()
	case t.main.kind == engage.CallTypeOutbound && t.caller.state.Generic() == engage.PartyStateAlerting:
		moves = t.dialingMoves(agents[0])
	case agents[0].state.Generic() == engage.PartyStateAlerting:
		moves = t.ringingMoves(agents[0])
	default:
		moves = t.talkingMoves(agents[0])
	}
	if t.w.one(60) {
		moves = append(moves, move{"lose the rest", t.lose})
	}
	return moves
}

// outsideOnly: the caller talks to somebody outside of the center.
func (t *talk) outsideOnly() bool {
	c := t.here()
	return t.ivr == nil && len(c.queues) == 0 && len(c.parties) > 1
}

// lose: a link is lost and nothing more is heard of this interaction.
func (t *talk) lose() {
	t.truth.Lost, t.odd = true, true
	for _, c := range t.calls {
		for _, p := range t.agents(c) {
			p.agent.stuck = true
			p.agent.talked = p.state == engage.PartyStateConnected && t.consult == nil && len(t.calls) == 1
		}
	}
	t.endAll(nil)
}

// endAll ends all calls of the talk; by hung up.
func (t *talk) endAll(by *party) {
	last := t.agents(t.here())
	for _, c := range t.calls {
		if !c.gone {
			c.end(by)
		}
	}
	for _, p := range last {
		t.here().wrapUp(p.agent)
	}
	t.ivr, t.watcher, t.trunk, t.away, t.consult = nil, nil, nil, nil, nil
}

// waitingMoves: the caller is alone, on a routing point or in queues.
func (t *talk) waitingMoves() []move {
	c, w := t.here(), t.w
	moves := []move{{"abandon", func() { t.endAll(t.caller) }}}
	if len(c.queues) > 0 {
		moves = append(moves, move{"route", func() { t.ring(nil) }})
		if w.one(4) {
			moves = append(moves, move{"clear a queue", func() {
				t.odd = true
				c.unqueue(c.queues[w.pick(len(c.queues))], engage.MsgEventDiverted, "")
			}})
		}
		if w.one(12) {
			moves = append(moves, move{"route outside", func() { t.odd = true; t.routeOutside() }})
		}
	}
	if len(c.queues) == 0 || len(c.queues) == 1 && w.one(8) {
		moves = append(moves, move{"queue", t.queue})
	}
	if t.ivr == nil {
		moves = append(moves, move{"routing point", t.toRoutingPoint})
	}
	if w.one(20) {
		moves = append(moves, move{"route without queue", func() { t.odd = true; t.ring(nil) }})
	}
	if w.one(4) {
		moves = append(moves, move{"data", func() {
			c.change(engage.Attributes{"UserData": map[string]any{"language_code": "de-DE", "Other": "x"}})
		}})
	}
	return moves
}

func (t *talk) queue() {
	c := t.here()
	var fit []Line
	for _, q := range Queues() {
		if q.Site == c.site && !slices.Contains(c.queues, q.DN) {
			fit = append(fit, q)
		}
	}
	q := fit[t.w.pick(len(fit))]
	t.odd = t.odd || !q.Mapped || len(c.queues) > 0
	c.queue(q.DN)
}

// candidate picks an agent for a call of a site: mostly a free one of the same site who is logged in.
func (t *talk) candidate(site string) *agent {
	w := t.w
	inScope := func(a *agent) bool { return a.Site == site && a.here && a.User }
	switch w.pick(16) {
	case 15:
		if a := w.among(func(a *agent) bool { return a.Site == site && a.Login != "" && a.lines < 2 && a.wrapsUp == nil }); a != nil {
			t.odd = true // busy, or logged out, or out of scope
			return a
		}
	case 14:
		if a := w.free(func(a *agent) bool { return a.Site == site }); a != nil {
			t.odd = t.odd || !inScope(a)
			return a
		}
	}
	return w.free(inScope)
}

// ring lets an agent's phone ring; nil: anybody's, maybe at the other site.
func (t *talk) ring(a *agent) {
	c, w := t.here(), t.w
	if a == nil && t.far == nil && w.one(6) {
		other := map[string]string{SiteA: SiteB, SiteB: SiteA}[c.site]
		if a = t.candidate(other); a != nil {
			t.ringFar(a)
			return
		}
	}
	if a == nil {
		a = t.candidate(c.site)
	}
	if a == nil {
		return
	}
	if t.ivr != nil && w.one(2) {
		c.leave(t.ivr, nil, engage.CauseRoute)
		t.ivr = nil
	}
	if w.one(3) {
		c.diverted(a.DN)
		c.join(a.DN, a, engage.PartyStateAlerting)
		return
	}
	c.join(a.DN, a, engage.PartyStateAlerting)
	c.diverted(a.DN)
}

func (t *talk) routeOutside() {
	c := t.here()
	dn := t.w.outside()
	c.diverted(dn)
	if t.ivr != nil {
		c.leave(t.ivr, nil, engage.CauseRoute)
		t.ivr = nil
	}
	c.join(dn, nil, engage.PartyStateConnected)
}

func (t *talk) ringingMoves(p *party) []move {
	c, w := t.here(), t.w
	moves := []move{
		{"answer", func() { t.answer(p) }},
		{"no answer", func() { t.notAnswered(p) }},
		{"abandon while ringing", func() { t.endAll(t.caller) }},
	}
	if w.one(5) && len(c.queues) == 0 {
		moves = append(moves, move{"queue while ringing", t.queue})
	}
	return moves
}

func (t *talk) answer(p *party) {
	c := t.here()
	if t.ivr != nil {
		if t.w.one(2) {
			c.leave(t.ivr, nil, engage.CauseRoute)
			t.ivr = nil
		}
	}
	if t.trunk != nil && t.trunk.state != engage.PartyStateConnected {
		t.main.state(t.trunk, engage.PartyStateConnected)
	}
	c.state(p, engage.PartyStateConnected)
	if p.agent.talked {
		p.agent.stuck, p.agent.talked = false, false
	}
	if t.ivr != nil {
		c.leave(t.ivr, nil, engage.CauseRoute)
		t.ivr = nil
	}
	for _, vq := range slices.Clone(c.queues) { // queued while it rang
		c.unqueue(vq, engage.MsgEventDiverted, "")
	}
	if !t.odd && len(t.truth.Queues) > 0 {
		t.truth.Plain = p.agent.User && p.agent.here
	}
	c.participants(nil)
}

func (t *talk) notAnswered(p *party) {
	c, w := t.here(), t.w
	cause := []engage.Cause{engage.CauseNoAnswer, engage.CauseEmpty, engage.CauseRedirect}[w.pick(3)]
	c.leave(p, nil, cause)
	if t.far != nil && len(t.agents(t.far)) == 0 {
		t.leaveFar(nil)
	}
	if w.one(2) {
		t.queue()
		return
	}
	if t.ivr == nil {
		t.toRoutingPoint()
	}
}

func (t *talk) dialingMoves(p *party) []move {
	c := t.main
	return []move{
		{"give up dialing", func() { t.endAll(p) }},
		{"answered outside", func() {
			if p.state != engage.PartyStateConnected {
				c.state(p, engage.PartyStateConnected)
			}
			c.state(t.caller, engage.PartyStateConnected)
			c.participants(nil)
		}},
		{"answered outside", func() { c.state(t.caller, engage.PartyStateConnected); c.state(p, engage.PartyStateConnected) }},
		{"busy outside", func() { c.state(t.caller, engage.PartyStateBusy); t.endAll(nil) }},
	}
}

func (t *talk) internalMoves() []move {
	c := t.main
	moves := []move{{"hang up", func() { t.endAll(c.parties[0]) }}}
	if second := c.parties[1]; second.state == engage.PartyStateAlerting {
		moves = append(moves, move{"answer", func() { c.state(second, engage.PartyStateConnected); c.participants(nil) }})
	} else {
		moves = append(moves, move{"hold", func() { t.hold(c.parties[0]) }})
	}
	return moves
}

func (t *talk) hold(p *party) {
	c := t.here()
	c.state(p, engage.PartyStateHeld)
	t.w.wait(5 * time.Second)
	if !t.w.one(6) {
		c.state(p, engage.PartyStateConnected)
	}
}
