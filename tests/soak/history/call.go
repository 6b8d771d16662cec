package history

import (
	"fmt"
	"slices"
	"time"

	"engage.connector/pkg/engage"
)

// call is a call of one switch.
type call struct {
	w       *world
	talk    *talk
	site    string
	uuid    string
	conn    string
	kind    engage.CallType
	ani     string
	dnis    string
	origin  string // main call of a consultation
	links   []string
	parties []*party
	queues  []string // virtual queues it waits in
	gone    bool
	dead    bool // its server died
	told    bool // its end is known
}

// party is a party that is in a call.
type party struct {
	uuid  string
	dn    string
	state engage.PartyState
	agent *agent // nil for all but extensions
}

func (w *world) newCall(t *talk, site string, kind engage.CallType, ani, dnis string) *call {
	w.ids++
	c := &call{
		w: w, talk: t, site: site, kind: kind, ani: ani, dnis: dnis,
		uuid: fmt.Sprintf("%s%0*X", w.params.Tag, 32-len(w.params.Tag), w.ids),
		conn: fmt.Sprintf("%.8s%08x", hash(w.params.Tag), w.ids),
	}
	t.calls = append(t.calls, c)
	t.truth.Calls = append(t.truth.Calls, c.uuid)
	return c
}

// hash spreads a tag over 8 hex digits that begin with 006, as ConnIDs do.
func hash(tag string) string {
	h := uint32(2166136261)
	for _, b := range []byte(tag) {
		h = (h ^ uint32(b)) * 16777619
	}
	return fmt.Sprintf("006%05x", h&0xfffff)
}

// send writes an event of the call, unless its rest is lost.
func (c *call) send(kind, message string, at engage.Attributes) {
	if c.talk.truth.Lost || c.dead {
		return
	}
	c.w.send(c.site, kind, message, at)
	c.talk.truth.Hurt = c.talk.truth.Hurt || c.w.losses[c.site+"/"+kind] != nil
}

func (c *call) created() {
	c.send(LinkCall, engage.MsgEventCallCreated, c.attributes())
}

func (c *call) attributes() engage.Attributes {
	at := engage.Attributes{
		"CallUUID": c.uuid, "ConnID": c.conn, "CallType": int(c.kind), "ANI": c.ani, "DNIS": c.dnis,
		"UserData": map[string]any{},
	}
	if c.origin != "" {
		at["OrigCallUUID"] = c.origin
	}
	return at
}

// report says again what runs. Only here does EventCallCreated carry IS-Links.
func (c *call) report() {
	at := c.attributes()
	if len(c.links) > 0 {
		at["ISLinkList"] = list(c.links)
	}
	c.send(LinkCall, engage.MsgEventCallCreated, at)
	for _, p := range c.parties {
		c.send(LinkCall, engage.MsgEventCallPartyAdded, c.partyAttributes(p))
	}
}

func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

func (c *call) partyAttributes(p *party) engage.Attributes {
	return engage.Attributes{"CallUUID": c.uuid, "PartyUUID": p.uuid, "DN": p.dn, "PartyState": int(p.state)}
}

func (c *call) join(dn string, a *agent, state engage.PartyState) *party {
	c.w.ids++
	if a != nil && state == engage.PartyStateConnected {
		c.free(&party{agent: a})
	}
	p := &party{uuid: fmt.Sprintf("P%s%0*X", c.w.params.Tag, 31-len(c.w.params.Tag), c.w.ids), dn: dn, agent: a, state: state}
	c.take(p)
	c.send(LinkCall, engage.MsgEventCallPartyAdded, c.partyAttributes(p))
	return p
}

// take puts a party into the call without a word.
func (c *call) take(p *party) {
	c.parties = append(c.parties, p)
	if p.agent != nil {
		p.agent.lines++
		c.talk.odd = c.talk.odd || p.agent.stuck
		c.talk.truth.Hurt = c.talk.truth.Hurt || p.agent.hurt
		if !p.agent.here {
			c.talk.truth.Absent[p.agent.Login] = c.talk.truth.Absent[p.agent.Login] || p.agent.unsure
		}
		if p.agent.here {
			c.talk.truth.Logins[p.agent.Login] = true
			if p.agent.User && c.talk.truth.Type == engage.CallTypeOutbound {
				c.talk.truth.Silent = false
			}
		}
	}
}

// free puts the other calls of an agent on hold, as a phone does that gets connected.
func (c *call) free(p *party) {
	for _, t := range c.w.talks {
		for _, other := range t.calls {
			for _, q := range other.parties {
				if t != c.talk && q.agent == p.agent && q.state == engage.PartyStateConnected {
					other.state(q, engage.PartyStateHeld)
				}
			}
		}
	}
}

func (c *call) state(p *party, state engage.PartyState) {
	if p.agent != nil && state == engage.PartyStateConnected {
		c.free(p)
	}
	p.state = state
	c.send(LinkCall, engage.MsgEventCallPartyState, c.partyAttributes(p))
}

// drop takes a party out of the call without a word.
func (c *call) drop(p *party) {
	c.parties = slices.DeleteFunc(c.parties, func(q *party) bool { return q == p })
	if p.agent != nil {
		p.agent.lines--
	}
}

// leave takes a party out; by caused it.
func (c *call) leave(p *party, by *party, cause engage.Cause) {
	c.drop(p)
	at := engage.Attributes{"CallUUID": c.uuid, "PartyUUID": p.uuid, "DN": p.dn}
	if by != nil && !c.w.one(5) {
		at["CtrlParty"] = by.dn
	}
	if cause != engage.CauseEmpty {
		at["Cause"] = int(cause)
	}
	c.send(LinkCall, engage.MsgEventCallPartyDeleted, at)
}

// deleted ends the call; into is the call that it was merged into, or nil.
func (c *call) deleted(into *call) {
	for _, vq := range slices.Clone(c.queues) {
		c.unqueue(vq, engage.MsgEventAbandoned, "")
	}
	c.gone, c.talk.truth.Over = true, c.w.now
	c.told = !c.dead && !c.talk.truth.Lost && c.w.losses[c.site+"/"+LinkCall] == nil
	at := engage.Attributes{"CallUUID": c.uuid}
	if into != nil {
		at["RefCallUUID"] = into.uuid
	}
	c.send(LinkCall, engage.MsgEventCallDeleted, at)
}

// end lets everybody leave; by hung up.
func (c *call) end(by *party) {
	for _, p := range slices.Clone(c.parties) {
		c.leave(p, by, engage.CauseEmpty)
	}
	c.deleted(nil)
}

func (c *call) change(at engage.Attributes) {
	at["CallUUID"] = c.uuid
	c.send(LinkCall, engage.MsgEventCallDataChanged, at)
}

// dnAttributes are what an event of a DN says about the call.
func (c *call) dnAttributes(dn string) engage.Attributes {
	at := engage.Attributes{"ThisDN": dn, "ConnID": c.conn, "CallType": int(c.kind), "ANI": c.ani, "DNIS": c.dnis}
	if !c.w.noUUID {
		at["CallUUID"] = c.uuid
	}
	return at
}

func (c *call) queue(vq string) {
	c.queues = append(c.queues, vq)
	c.talk.truth.Queues[vq] = true
	c.send(LinkQueue, engage.MsgEventQueued, c.dnAttributes(vq))
}

func (c *call) unqueue(vq, message, to string) {
	c.queues = slices.DeleteFunc(c.queues, func(q string) bool { return q == vq })
	at := c.dnAttributes(vq)
	if to != "" {
		at["ThirdPartyDN"] = to
	}
	if message == engage.MsgEventDiverted {
		at["CallState"] = int(engage.CallStateRedirected)
	}
	c.send(LinkQueue, message, at)
}

// diverted takes the call out of all its queues: it was distributed to a DN. The virtual queues
// that did not win are cleared, which is a diversion to nowhere.
func (c *call) diverted(to string) {
	for i, vq := range slices.Clone(c.queues) {
		if i > 0 {
			to = ""
		}
		c.unqueue(vq, engage.MsgEventDiverted, to)
	}
}

// participants sends the participant list to every agent's DN that is in the call.
func (c *call) participants(supervisor *party) {
	ext := map[string]any{"LCTPartiesLength": len(c.parties)}
	n := 0
	for _, p := range c.parties {
		if p == supervisor {
			continue
		}
		ext[fmt.Sprintf("LCTParty%d", n)] = p.dn
		ext[fmt.Sprintf("LCTParty%d_location", n)] = "SIP_" + c.site
		n++
	}
	ext["LCTPartiesLength"] = n
	if supervisor != nil {
		ext["LCTSupervisor0"], ext["LCTSupervisor0_mode"], ext["LCTSupervisorLength"] = supervisor.dn, "mute", 1
	}
	for _, p := range c.parties {
		if p.agent != nil && p.agent.here {
			c.send(LinkAgent, engage.MsgEventUserEvent, engage.Attributes{"ThisDN": p.dn, "ConnID": c.conn, "Extensions": ext})
		}
	}
}

// disposition is the desktop's user event.
func (c *call) disposition(a *agent) {
	values := Dispositions()
	c.send(LinkAgent, engage.MsgEventUserEvent, engage.Attributes{
		"ThisDN": a.DN, "ConnID": c.conn, "CallUUID": c.uuid,
		"UserData": map[string]any{"DispositionCode": values[c.w.pick(len(values))]},
	})
}

// wrapUp begins an agent's after-call work, most of the time.
func (c *call) wrapUp(a *agent) {
	w := c.w
	if a == nil || !a.here || a.lines > 0 || a.wrapsUp != nil || w.one(8) {
		return
	}
	a.wrapsUp, a.wrapped = c, c
	w.now = w.now.Add(time.Millisecond)
	w.agentEvent(a, engage.MsgEventAgentNotReady, engage.WorkModeAfterCallWork)
}
