package history

import (
	"time"

	"engage.connector/pkg/engage"
)

// consultation is a call that an agent makes out of the main call.
type consultation struct {
	t     *talk
	c     *call
	asks  *party // the agent in the main call
	asker *party // the same agent in the consultation
	asked *party // nil while a queue has not found anybody
	rp    *party
}

func (t *talk) newConsultation(p *party, dnis string) *consultation {
	c := t.here()
	if p.state != engage.PartyStateHeld {
		c.state(p, engage.PartyStateHeld)
	}
	k := &consultation{t: t, asks: p, c: t.w.newCall(t, c.site, engage.CallTypeConsult, p.dn, dnis)}
	k.c.origin = c.uuid
	k.c.created()
	state := []engage.PartyState{engage.PartyStateConnected, engage.PartyStateInitiated}[t.w.pick(2)]
	k.asker = k.c.join(p.dn, p.agent, state)
	t.consult = k
	return k
}

func (t *talk) consultAgent(p *party) {
	a := t.candidate(t.here().site)
	if a == nil || a == p.agent {
		return
	}
	k := t.newConsultation(p, a.DN)
	k.asked = k.c.join(a.DN, a, engage.PartyStateAlerting)
}

func (t *talk) consultQueue(p *party) {
	rp := RoutingPoints()[t.here().site]
	k := t.newConsultation(p, rp)
	k.rp = k.c.join(rp, nil, engage.PartyStateRouting)
	k.queue()
}

func (k *consultation) queue() {
	for _, q := range Queues() {
		if q.Site == k.c.site && (q.Mapped || k.t.w.one(4)) {
			k.c.queue(q.DN)
			return
		}
	}
}

func (t *talk) consultOutside(p *party) {
	dn := t.w.outside()
	k := t.newConsultation(p, dn)
	k.asked = k.c.join(dn, nil, engage.PartyStateAlerting)
}

func (k *consultation) moves() []move {
	t := k.t
	moves := []move{{"cancel the consultation", func() { k.cancel(k.asker) }}}
	moves = append(moves, move{"caller hangs up in a consultation", k.callerLeaves})
	switch {
	case k.asked == nil:
		moves = append(moves, move{"route the consultation", k.route})
	case k.asked.state.Generic() == engage.PartyStateAlerting:
		moves = append(moves,
			move{"answer the consultation", k.answer},
			move{"consultation not answered", func() { k.cancel(nil) }},
			move{"transfer while it rings", k.transfer})
	default:
		moves = append(moves,
			move{"complete the transfer", k.transfer},
			move{"consulted party hangs up", func() { k.cancel(k.asked) }},
			move{"alternate", k.alternate},
			move{"conference", k.conference})
	}
	if t.w.one(60) {
		moves = append(moves, move{"lose the rest", t.lose})
	}
	return moves
}

func (k *consultation) route() {
	a := k.t.candidate(k.c.site)
	if a == nil || a == k.asks.agent {
		return
	}
	k.asked = k.c.join(a.DN, a, engage.PartyStateAlerting)
	k.c.diverted(a.DN)
	if k.t.w.one(2) {
		k.leaveRP()
	}
}

func (k *consultation) leaveRP() {
	if k.rp != nil {
		k.c.leave(k.rp, nil, engage.CauseRoute)
		k.rp = nil
	}
}

func (k *consultation) answer() {
	if k.asker.state != engage.PartyStateConnected {
		k.c.state(k.asker, engage.PartyStateConnected)
	}
	k.c.state(k.asked, engage.PartyStateConnected)
	k.leaveRP()
	k.c.participants(nil)
}

// cancel ends the consultation; the agent goes back to the caller.
func (k *consultation) cancel(by *party) {
	t := k.t
	k.c.end(by)
	t.consult = nil
	if k.asked != nil {
		k.c.wrapUp(k.asked.agent)
	}
	t.w.wait(2 * time.Second)
	if !t.w.one(8) {
		t.here().state(k.asks, engage.PartyStateConnected)
	}
}

// callerLeaves: the caller does not want to wait; the agents may go on talking.
func (k *consultation) callerLeaves() {
	t := k.t
	caller := t.caller
	if t.far != nil {
		caller = t.away
	}
	for _, c := range t.calls {
		if c != k.c && !c.gone {
			c.end(caller)
		}
	}
	t.w.wait(3 * time.Second)
	k.c.end(k.asker)
	for _, p := range []*party{k.asks, k.asked} {
		if p != nil {
			k.c.wrapUp(p.agent)
		}
	}
	t.consult = nil
}

func (k *consultation) alternate() {
	c := k.t.here()
	k.c.state(k.asker, engage.PartyStateHeld)
	c.state(k.asks, engage.PartyStateConnected)
	k.t.w.wait(3 * time.Second)
	c.state(k.asks, engage.PartyStateHeld)
	k.c.state(k.asker, engage.PartyStateConnected)
}

// moveOver puts the consulted party into the main call: by EventCallPartyMoved, or by leaving one
// call and joining the other, in either order.
func (k *consultation) moveOver() {
	c := k.t.here()
	if k.t.w.one(3) {
		k.c.leave(k.asked, k.asker, engage.CauseTransfer)
		k.asked = c.join(k.asked.dn, k.asked.agent, k.asked.state)
		return
	}
	if k.t.w.one(2) {
		k.c.drop(k.asked)
		c.take(k.asked)
		at := k.c.partyAttributes(k.asked)
		at["NewCallUUID"] = c.uuid
		k.c.send(LinkCall, engage.MsgEventCallPartyMoved, at)
		return
	}
	p := c.join(k.asked.dn, k.asked.agent, k.asked.state)
	k.c.leave(k.asked, k.asker, engage.CauseTransfer)
	k.asked = p
}

// transfer completes the transfer: the consulted party and the caller are in one call.
func (k *consultation) transfer() {
	t, c := k.t, k.t.here()
	if t.w.one(2) {
		c.leave(k.asks, k.asks, engage.CauseTransfer)
		k.moveOver()
	} else {
		k.moveOver()
		c.leave(k.asks, k.asks, engage.CauseTransfer)
	}
	k.leaveRP()
	k.c.leave(k.asker, k.asker, engage.CauseTransfer)
	k.c.deleted(c)
	t.consult = nil
	c.wrapUp(k.asks.agent)
	if len(t.agents(c)) > 0 {
		c.participants(nil)
	}
}

// conference joins everybody in the main call.
func (k *consultation) conference() {
	t, c := k.t, k.t.here()
	c.state(k.asks, engage.PartyStateConnected)
	k.moveOver()
	k.leaveRP()
	k.c.leave(k.asker, k.asker, engage.CauseConference)
	k.c.deleted(c)
	t.consult = nil
	c.participants(nil)
}
