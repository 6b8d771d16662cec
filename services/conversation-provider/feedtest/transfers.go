package feedtest

import (
	"time"

	"engage.connector/pkg/engage"
)

// Talk brings an inbound call to an agent of the first site.
func (s *Site) Talk(n int) *Call {
	return s.Inbound(n).IVR().Queue().Ring("A", Ext1).Answer("A", Ext1)
}

// Single is a single-step transfer: the party leaves, another phone rings.
func (c *Call) Single(from, to, dn string) *Call {
	c.Leave(from, c.dnOf(from), engage.CauseOneStepTransfer)
	c.Join(to, dn, engage.PartyStateAlerting)
	c.s.Wait(2 * time.Second)
	return c
}

func (c *Call) dnOf(name string) string { return c.alive[c.index(name)].dn }

// Meanwhile is the after-call work of an agent who handed the caller on.
func (c *Call) Meanwhile(dn, agent, code string) *Call { return c.WrapUp(dn, agent, code) }

// Pick lets whoever's phone rings answer.
func (c *Call) Pick(name string) *Call {
	c.State(name, engage.PartyStateConnected)
	c.s.Wait(8 * time.Second)
	return c
}

// Gone ends a call whose parties left or moved; into is the call that it went on in, nil for none.
func (c *Call) Gone(into *Call) *Call {
	a := engage.Attributes{"CallUUID": c.UUID}
	if into != nil {
		a["RefCallUUID"] = into.UUID
	}
	c.s.Send(c.link, engage.MsgEventCallDeleted, a)
	return c
}

// Move moves a party into another call of the same switch.
func (c *Call) Move(name string, into *Call) {
	i := c.index(name)
	p := c.alive[i]
	c.alive = append(c.alive[:i:i], c.alive[i+1:]...)
	into.alive = append(into.alive, p)
	a := c.partyAttributes(p)
	a["NewCallUUID"] = into.UUID
	c.s.Send(c.link, engage.MsgEventCallPartyMoved, a)
}

// Consult puts the caller on hold and starts a consultation call of the party; k numbers it.
func (c *Call) Consult(n, k int, by string) *Call {
	c.State(by, engage.PartyStateHeld)
	return c.Beside(n, k, by)
}

// Beside starts a consultation call of a party, which is named by a 2 after its name there.
func (c *Call) Beside(n, k int, by string) *Call {
	dn := c.dnOf(by)
	consult := c.s.newCall(further(n, k), engage.CallTypeConsult)
	consult.link, consult.ANI, consult.DNIS = c.link, dn, ""
	consult.Created(engage.Attributes{"OrigCallUUID": c.UUID})
	consult.Join(by+"2", dn, engage.PartyStateConnected)
	return consult
}

// Complete completes the transfer: the agent leaves both calls, the consultation becomes part of
// the main call.
func (c *Call) Complete(consult *Call, by, peer string) *Call {
	consult.Leave(by+"2", c.dnOf(by), engage.CauseTransfer)
	consult.Move(peer, c)
	consult.Gone(c)
	c.Leave(by, c.dnOf(by), engage.CauseTransfer)
	c.s.Wait(10 * time.Second)
	return c
}

// End ends a consultation call; first hangs up.
func (c *Call) End(first, second string) {
	by := c.dnOf(first)
	c.Leave(first, by, engage.CauseEmpty)
	c.Leave(second, by, engage.CauseEmpty)
	c.Gone(nil)
}

// ToSite continues the call on the second site: a trunk party here, a call there whose first party
// is that trunk. Both name the IS-Link.
func (c *Call) ToSite(n, k int, t engage.CallType) *Call {
	link := "0000000000000000000000000" + c.UUID[len(c.UUID)-7:]
	there := c.s.newCall(further(n, k), t)
	there.link, there.ANI = LinkCall2, c.ANI
	p := party{name: "T", uuid: c.party("T"), dn: "T_SITE_B", state: engage.PartyStateAlerting}
	c.alive = append(c.alive, p)
	a := c.partyAttributes(p)
	a["RemoteLoc"], a["ISLinkList"] = "SIP_Switch_B", []any{link}
	c.s.Send(c.link, engage.MsgEventCallPartyAdded, a)
	there.Created(nil)
	q := party{name: "T", uuid: there.party("T"), dn: "T_SITE_A", state: engage.PartyStateConnected}
	there.alive = append(there.alive, q)
	a = there.partyAttributes(q)
	a["RemoteLoc"], a["ISLinkList"] = "SIP_Switch", []any{link}
	c.s.Send(there.link, engage.MsgEventCallPartyAdded, a)
	return there
}

// Supervised sends a participant list with a supervisor.
func (c *Call) Supervised(dn, mode string, parties ...string) {
	ext := map[string]any{"LCTPartiesLength": len(parties), "LCTSupervisorLength": 1}
	for i, p := range parties {
		key := "LCTParty" + string(rune('0'+i))
		ext[key], ext[key+"_location"] = p, "SIP_Switch"
	}
	ext["LCTSupervisor0"], ext["LCTSupervisor0_location"] = Ext6, "SIP_Switch"
	ext["LCTSupervisor0_mode"], ext["LCTSupervisor0_monitoredDN"] = mode, dn
	c.s.Send(agentLink(dn), engage.MsgEventUserEvent, engage.Attributes{"ThisDN": dn, "ConnID": c.Conn, "Extensions": ext})
}

// Dial is an agent's call to a customer, up to the ringing of the customer's phone.
func (s *Site) Dial(n int) *Call {
	c := s.newCall(n, engage.CallTypeOutbound)
	c.ANI, c.DNIS = Ext1, Outside
	c.Created(nil)
	c.Join("A", Ext1, engage.PartyStateConnected)
	return c
}

// Called lets the customer's phone ring.
func (c *Call) Called() *Call {
	c.Join("X", Outside, engage.PartyStateAlerting)
	c.s.Wait(3 * time.Second)
	return c
}
