// Package feedtest builds the events of simulated calls for the tests of this service: what the
// three links of an Engage site say about a call, with their own order and nothing more.
package feedtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"engage.connector/pkg/engage"
)

// The links.
const (
	LinkCall  = "call"
	LinkQueue = "vq"
	LinkAgent = "agent"
	// The links of a second site, and of a server that has virtual queues only.
	LinkCall2  = "call-2"
	LinkAgent2 = "agent-2"
	LinkQueue2 = "vq-2"
)

// servers says which server stands behind a link.
func servers() map[string]string {
	return map[string]string{LinkCall2: "SIPS_B", LinkAgent2: "SIPS_B", LinkQueue2: "SIPS_VQ"}
}

// Links lists every link.
func Links() []string {
	return []string{LinkCall, LinkQueue, LinkAgent, LinkCall2, LinkAgent2, LinkQueue2}
}

// Event is an event and the link it comes over.
type Event struct {
	Link string
	engage.Event
}

// Site writes the events of a site in the order of their time.
type Site struct {
	Now    time.Time
	Events []Event
	cursor map[string]int
}

// New returns a site whose clock stands at 2026-11-20 10:00 UTC.
func New() *Site { return At(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)) }

// At returns a site whose clock stands at a time.
func At(now time.Time) *Site { return &Site{Now: now.UTC(), cursor: map[string]int{}} }

// Wait lets time pass.
func (s *Site) Wait(d time.Duration) *Site {
	s.Now = s.Now.Add(d)
	return s
}

// Send writes an event now; a millisecond passes before it.
func (s *Site) Send(link, message string, attributes engage.Attributes) {
	s.Now = s.Now.Add(1037 * time.Microsecond)
	s.cursor[link]++
	server := cmp.Or(servers()[link], "SIPS_A")
	s.Events = append(s.Events, Event{Link: link, Event: engage.Event{
		Cursor: fmt.Sprintf("%016x", s.cursor[link]), ReceivedAt: s.Now,
		Server:  engage.Server{Name: server, Role: "primary", StartTime: 1763600000},
		Message: message, Time: s.Now, Attributes: attributes,
	}})
}

// Registered says who sits at a DN when the connector registers it.
func (s *Site) Registered(dn, agent string) {
	a := engage.Attributes{"ThisDN": dn}
	if agent != "" {
		a["AgentID"] = agent
	}
	s.Send(agentLink(dn), engage.MsgEventRegistered, a)
}

// agentLink is the link over which a DN's events come.
func agentLink(dn string) string {
	if dn == Ext5 {
		return LinkAgent2
	}
	return LinkAgent
}

// Agent sends an agent event.
func (s *Site) Agent(message, dn, agent string, mode engage.AgentWorkMode) {
	a := engage.Attributes{"ThisDN": dn, "AgentID": agent}
	if mode != engage.WorkModeUnknown {
		a["AgentWorkMode"] = int(mode)
	}
	s.Send(agentLink(dn), message, a)
}

// Call is a call of the site.
type Call struct {
	s     *Site
	UUID  string
	Conn  string
	ANI   string
	DNIS  string
	Type  engage.CallType
	link  string // call monitoring of its switch
	queue string // the link of the virtual queues
	alive []party
}

type party struct {
	name, uuid, dn string
	state          engage.PartyState
}

// Call starts a call: EventCallCreated.
func (s *Site) Call(n int, t engage.CallType) *Call { return s.CallWith(n, t, nil) }

// CallWith starts a call with more attributes.
func (s *Site) CallWith(n int, t engage.CallType, more engage.Attributes) *Call {
	c := s.newCall(n, t)
	c.Created(more)
	return c
}

func (s *Site) newCall(n int, t engage.CallType) *Call {
	return &Call{
		s: s, UUID: fmt.Sprintf("00U3MCI8QO8ER0B5A60AHG5AES%06X", n), Conn: fmt.Sprintf("006a0269%08x", n),
		ANI: fmt.Sprintf("+1555123%04d", n), DNIS: "+18005550100", Type: t, link: LinkCall, queue: LinkQueue,
	}
}

// further numbers the further calls of a flow.
func further(n, k int) int {
	const base, perFlow = 0x100000, 16
	return base + n*perFlow + k
}

// Created sends EventCallCreated with more attributes.
func (c *Call) Created(more engage.Attributes) {
	a := engage.Attributes{
		"CallUUID": c.UUID, "ConnID": c.Conn, "CallType": int(c.Type), "ANI": c.ANI, "DNIS": c.DNIS,
		"UserData": map[string]any{},
	}
	maps.Copy(a, more)
	c.s.Send(c.link, engage.MsgEventCallCreated, a)
}

func (c *Call) party(name string) string { return c.UUID[len(c.UUID)-6:] + "-" + name }

// Join sends EventCallPartyAdded.
func (c *Call) Join(name, dn string, state engage.PartyState) {
	p := party{name: name, uuid: c.party(name), dn: dn, state: state}
	c.alive = append(c.alive, p)
	c.s.Send(c.link, engage.MsgEventCallPartyAdded, c.partyAttributes(p))
}

func (c *Call) partyAttributes(p party) engage.Attributes {
	return engage.Attributes{"CallUUID": c.UUID, "PartyUUID": p.uuid, "DN": p.dn, "PartyState": int(p.state)}
}

// State sends EventCallPartyState.
func (c *Call) State(name string, state engage.PartyState) {
	i := c.index(name)
	c.alive[i].state = state
	c.s.Send(c.link, engage.MsgEventCallPartyState, c.partyAttributes(c.alive[i]))
}

func (c *Call) index(name string) int {
	return slices.IndexFunc(c.alive, func(p party) bool { return p.name == name })
}

// Leave sends EventCallPartyDeleted; by is the DN of who caused it, "" when unknown.
func (c *Call) Leave(name, by string, cause engage.Cause) {
	i := c.index(name)
	p := c.alive[i]
	c.alive = slices.Delete(c.alive, i, i+1)
	a := engage.Attributes{"CallUUID": c.UUID, "PartyUUID": p.uuid, "DN": p.dn}
	if by != "" {
		a["CtrlParty"] = by
	}
	if cause != engage.CauseEmpty {
		a["Cause"] = int(cause)
	}
	c.s.Send(c.link, engage.MsgEventCallPartyDeleted, a)
}

// Deleted sends EventCallDeleted.
func (c *Call) Deleted() {
	c.s.Send(c.link, engage.MsgEventCallDeleted, engage.Attributes{"CallUUID": c.UUID})
}

// Data sends EventCallDataChanged.
func (c *Call) Data(key, value string) {
	c.s.Send(c.link, engage.MsgEventCallDataChanged, engage.Attributes{
		"CallUUID": c.UUID, "UserData": map[string]any{key: value},
	})
}

// Queued sends EventQueued.
func (c *Call) Queued(vq string) {
	c.s.Send(c.queue, engage.MsgEventQueued, engage.Attributes{
		"ThisDN": vq, "ConnID": c.Conn, "CallUUID": c.UUID, "CallType": int(c.Type), "ANI": c.ANI, "DNIS": c.DNIS,
		"UserData": map[string]any{},
	})
}

// Anonymous sends an event of a virtual queue that names the call by its ConnID only.
func (c *Call) Anonymous(message, vq, to string) {
	a := engage.Attributes{"ThisDN": vq, "ConnID": c.Conn}
	if to != "" {
		a["CallState"], a["ThirdPartyDN"] = int(engage.CallStateRedirected), to
	}
	c.s.Send(c.queue, message, a)
}

// Diverted sends EventDiverted.
func (c *Call) Diverted(vq, to string) {
	c.s.Send(c.queue, engage.MsgEventDiverted, engage.Attributes{
		"ThisDN": vq, "ConnID": c.Conn, "CallUUID": c.UUID, "CallState": int(engage.CallStateRedirected), "ThirdPartyDN": to,
	})
}

// Abandoned sends EventAbandoned.
func (c *Call) Abandoned(vq string) {
	c.s.Send(c.queue, engage.MsgEventAbandoned, engage.Attributes{"ThisDN": vq, "ConnID": c.Conn, "CallUUID": c.UUID})
}

// Participants sends the participant list to an agent's DN; it carries no CallUUID.
func (c *Call) Participants(dn string, parties ...string) {
	ext := map[string]any{}
	for i, p := range parties {
		ext[fmt.Sprintf("LCTParty%d", i)] = p
		ext[fmt.Sprintf("LCTParty%d_location", i)] = "SIP_Switch"
	}
	ext["LCTPartiesLength"] = len(parties)
	c.s.Send(agentLink(dn), engage.MsgEventUserEvent, engage.Attributes{"ThisDN": dn, "ConnID": c.Conn, "Extensions": ext})
}

// Disposition sends the desktop's EventUserEvent.
func (c *Call) Disposition(dn, code string) {
	c.s.Send(agentLink(dn), engage.MsgEventUserEvent, engage.Attributes{
		"ThisDN": dn, "ConnID": c.Conn, "CallUUID": c.UUID, "UserData": map[string]any{"DispositionCode": code},
	})
}

// Report says again what runs, as a server does when monitoring starts or after a switchover.
func (c *Call) Report() {
	c.Created(nil)
	for _, p := range c.alive {
		c.s.Send(c.link, engage.MsgEventCallPartyAdded, c.partyAttributes(p))
	}
}

// Write writes events as feed lines.
func Write(w io.Writer, events []Event) error {
	enc := json.NewEncoder(w)
	for _, e := range events {
		if err := enc.Encode(e.Event); err != nil {
			return fmt.Errorf("writing a feed line: %w", err)
		}
	}
	return nil
}
