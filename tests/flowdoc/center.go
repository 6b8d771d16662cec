package flowdoc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/feedtest"
)

// center reads the feed as a person would: it knows who sits where, and draws who is in which call.
type center struct {
	flow   *flow
	agents map[string]string // login code by DN
	calls  []*callBars
	queues map[string]*bar // open stays, by ConnID and DN
	end    time.Time       // of the feed
}

// callBars is what is drawn of one call.
type callBars struct {
	uuid, conn, title, server string
	outbound                  bool
	parties                   map[string]*bar // by PartyUUID
	section                   section
}

func newCenter(f *flow) *center {
	c := &center{flow: f, agents: map[string]string{}, queues: map[string]*bar{}}
	for _, e := range f.logins {
		if id := e.AgentID(); id != "" {
			c.agents[e.ThisDN()] = id
		}
	}
	for _, e := range f.feed {
		if e.Message == engage.MsgEventCallCreated && c.call(e.CallUUID(), "") == nil {
			c.addCall(e)
		}
	}
	for _, e := range f.feed {
		c.read(e)
		c.end = e.Time
	}
	return c
}

// typeTable says what a call is called.
func typeTable() map[engage.CallType]string {
	return map[engage.CallType]string{
		engage.CallTypeInbound: "inbound", engage.CallTypeOutbound: "outbound", engage.CallTypeConsult: "consultation",
		engage.CallTypeInternal: "internal",
	}
}

func (c *center) addCall(e feedtest.Event) {
	t := e.CallType()
	call := &callBars{
		uuid: e.CallUUID(), conn: e.ConnID(), server: e.Server.Name, outbound: t == engage.CallTypeOutbound,
		parties: map[string]*bar{}, title: string(rune('A' + len(c.calls))),
	}
	call.section.title = fmt.Sprintf("Engage, %s call", typeTable()[t])
	c.calls = append(c.calls, call)
}

// name numbers a call where there are several.
func (c *center) name(call *callBars) string {
	if len(c.calls) < 2 || call == nil {
		return ""
	}
	return call.title
}

func (c *center) call(uuid, conn string) *callBars {
	i := slices.IndexFunc(c.calls, func(call *callBars) bool {
		return call.uuid == uuid && uuid != "" || uuid == "" && call.conn == conn
	})
	if i < 0 {
		return nil
	}
	return c.calls[i]
}

// agent names who sits at an extension.
func (c *center) agent(dn string) string {
	login := c.agents[dn]
	switch {
	case login == "":
		return "extension " + dn + ", nobody logged in"
	case !isMapped(login):
		return "agent " + login + ", not mapped"
	default:
		return "agent " + login
	}
}

// party names a party of a call. The simulated site marks the customer and trunks in the PartyUUID.
func (c *center) party(call *callBars, uuid, dn string) string {
	switch {
	case kindOf(dn) == kindExtension:
		return c.agent(dn)
	case kindOf(dn) == kindRouting:
		return "RP " + dn
	case kindOf(dn) == kindOther:
		return "ACD queue " + dn
	case strings.HasSuffix(uuid, "-T"):
		return "trunk " + dn
	case strings.HasSuffix(uuid, "-X") && call != nil && call.outbound:
		return "customer"
	case strings.HasSuffix(uuid, "-X"):
		return "caller"
	default:
		return "outside " + dn
	}
}

// shows says what a party's state looks like.
func shows(dn string, state engage.PartyState) rune {
	switch {
	case kindOf(dn) == kindRouting:
		return treated
	case kindOf(dn) == kindOther:
		return waits
	case state.Has(engage.PartyStateSvcObserving):
		return listens
	case state.Generic() == engage.PartyStateAlerting:
		return rings
	case state.Generic() == engage.PartyStateHeld:
		return held
	default:
		return talks
	}
}

// read draws what an event says.
func (c *center) read(e feedtest.Event) {
	call := c.call(e.CallUUID(), e.ConnID())
	if call == nil {
		return
	}
	switch e.Message {
	case engage.MsgEventCallPartyAdded, engage.MsgEventCallPartyState:
		c.partyIs(call, e)
	case engage.MsgEventCallPartyDeleted:
		call.leaves(e)
	case engage.MsgEventCallPartyMoved:
		call.leaves(e)
		if to := c.call(e.NewCallUUID(), ""); to != nil {
			c.partyIs(to, e)
		}
	case engage.MsgEventQueued:
		b := &bar{name: e.ThisDN()}
		b.begin(e.Time, waits)
		call.section.bars = append(call.section.bars, b)
		c.queues[e.ConnID()+e.ThisDN()] = b
	case engage.MsgEventDiverted, engage.MsgEventAbandoned:
		if b := c.queues[e.ConnID()+e.ThisDN()]; b != nil {
			b.end(e.Time)
		}
	}
}

func (c *center) partyIs(call *callBars, e feedtest.Event) {
	b := call.parties[e.PartyUUID()]
	if b == nil {
		b = &bar{name: c.party(call, e.PartyUUID(), e.DN())}
		call.parties[e.PartyUUID()] = b
		call.section.bars = append(call.section.bars, b)
	}
	b.begin(e.Time, shows(e.DN(), e.PartyState()))
}

func (b *callBars) leaves(e feedtest.Event) {
	if p := b.parties[e.PartyUUID()]; p != nil {
		p.end(e.Time)
	}
}

// sections are the calls, each with its letter if there are several, and its server if there are.
func (c *center) sections() []section {
	servers := map[string]bool{}
	for _, call := range c.calls {
		servers[call.server] = true
	}
	var all []section
	for _, call := range c.calls {
		s := call.section
		if letter := c.name(call); letter != "" {
			s.title = strings.Replace(s.title, "call", "call "+letter, 1)
		}
		if len(servers) > 1 {
			s.title += " on " + call.server
		}
		s.bars = joined(s.bars)
		all = append(all, s)
	}
	return all
}

// joined puts stays of the same name that do not overlap into one bar.
func joined(bars []*bar) []*bar {
	var all []*bar
	for _, b := range bars {
		i := slices.IndexFunc(all, func(other *bar) bool {
			last := other.spans[len(other.spans)-1].to
			return other.name == b.name && !last.IsZero() && !last.After(b.spans[0].from)
		})
		if i < 0 {
			all = append(all, b)
			continue
		}
		all[i].spans = append(all[i].spans, b.spans...)
	}
	return all
}

// text is an event as a short line: its name, whom it is about, what it says.
func (c *center) text(e feedtest.Event) string {
	call := c.call(e.CallUUID(), e.ConnID())
	about, says := c.about(call, e)
	return strings.TrimRight(strings.Join(nonEmpty(c.name(call), e.Message, about, says), " "), " ")
}

func (c *center) about(call *callBars, e feedtest.Event) (about, says string) {
	switch e.Message {
	case engage.MsgEventCallPartyAdded, engage.MsgEventCallPartyState:
		return c.party(call, e.PartyUUID(), e.DN()) + ":", e.PartyState().String()
	case engage.MsgEventCallPartyDeleted:
		return c.party(call, e.PartyUUID(), e.DN()), causeText(e)
	case engage.MsgEventCallPartyMoved:
		return c.party(call, e.PartyUUID(), e.DN()), "to " + c.name(c.call(e.NewCallUUID(), ""))
	case engage.MsgEventQueued, engage.MsgEventAbandoned:
		return e.ThisDN(), ""
	case engage.MsgEventDiverted:
		return e.ThisDN(), strings.TrimSuffix("to "+e.Attributes.Text("ThirdPartyDN"), "to ")
	case engage.MsgEventUserEvent:
		return c.agent(e.ThisDN()) + ":", userEventText(e)
	case engage.MsgEventCallDataChanged:
		return "", dataText(e)
	case engage.MsgEventCallCreated:
		return e.CallType().String(), originText(c, e)
	case engage.MsgEventCallDeleted:
		if into := c.call(e.RefCallUUID(), ""); into != nil {
			return "", "into " + c.name(into)
		}
		return "", ""
	default:
		return c.agent(e.ThisDN()), workModeText(e)
	}
}

func originText(c *center, e feedtest.Event) string {
	if of := c.call(e.OrigCallUUID(), ""); of != nil {
		return "of " + c.name(of)
	}
	return ""
}

func causeText(e feedtest.Event) string {
	if e.Attributes["Cause"] == nil {
		return ""
	}
	return "(" + e.Cause().String() + ")"
}

func workModeText(e feedtest.Event) string {
	if e.Message == engage.MsgEventAgentNotReady && e.WorkMode() == engage.WorkModeAfterCallWork {
		return "(after-call work)"
	}
	return ""
}

func userEventText(e feedtest.Event) string {
	if len(e.UserData()) > 0 {
		return dataText(e)
	}
	ext := e.Attributes.KeyValues("Extensions")
	if mode := ext["LCTSupervisor0_mode"]; mode != "" {
		return fmt.Sprintf("%s parties, a supervisor (%s)", ext["LCTPartiesLength"], mode)
	}
	return ext["LCTPartiesLength"] + " parties"
}

func dataText(e feedtest.Event) string {
	var parts []string
	for key, value := range e.UserData() {
		parts = append(parts, key+"="+value)
	}
	if links := e.ISLinks(); len(links) > 0 {
		parts = append(parts, "IS-Link")
	}
	slices.Sort(parts)
	return cmp.Or(strings.Join(parts, " "), "")
}

func nonEmpty(parts ...string) []string {
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}
