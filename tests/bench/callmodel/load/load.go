// Package load makes the events of many calls at once, as an edge sends them and the feed's decoder hands
// them over, for measuring the conversation model.
package load

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/engage"
)

// Agents is how many extensions the center has.
const Agents = 1000

// Names of the center.
const (
	Queue        = "VQ_Sales"
	RoutingPoint = "8000"
	Disposition  = "Resolved"
)

// Extension returns the n-th extension, and the log-in code of its agent.
func Extension(n int) (dn, login string) {
	return strconv.Itoa(40000 + n%Agents), strconv.Itoa(10000 + n%Agents)
}

// Flow is how a call goes.
type Flow int

// The flows.
const (
	// Answered: IVR, queue, agent, hold and retrieve, hang-up, after-call work with a disposition.
	Answered Flow = iota
	// Abandoned: the caller gives up in the queue.
	Abandoned
)

// Clock stamps events.
type Clock struct {
	Now    time.Time
	cursor int
}

// Event is an event as it is decoded: numbers are json.Number.
func (c *Clock) Event(message string, at engage.Attributes) engage.Event {
	c.Now = c.Now.Add(137 * time.Microsecond)
	c.cursor++
	return engage.Event{
		Cursor: fmt.Sprintf("%016x", c.cursor), ReceivedAt: received(c.Now),
		Server:   engage.Server{Name: "SIPS_A", Role: "primary", StartTime: 1763600000},
		Sequence: int64(c.cursor), Number: number(message), Message: message, Time: c.Now.Truncate(time.Microsecond), Attributes: at,
	}
}

// Heartbeat is what an edge sends over a link on which nothing happens: everything up to now has been sent.
func (c *Clock) Heartbeat() engage.Event {
	return engage.Event{
		ReceivedAt: received(c.Now), Server: engage.Server{Name: "SIPS_A", Role: "primary", StartTime: 1763600000},
		Message: engage.MsgHeartbeat, Time: c.Now.Truncate(time.Microsecond),
		Attributes: engage.Attributes{"upTo": c.Now.UTC().Format("2006-01-02T15:04:05.000000Z")},
	}
}

// received is when the edge has an event, by its own clock, which is right.
func received(stamp time.Time) time.Time {
	const delay = 3 * time.Millisecond
	return stamp.Add(delay).Truncate(time.Millisecond)
}

// number is a message's number in its protocol.
func number(message string) int {
	return map[string]int{
		engage.MsgEventRegistered: 53, engage.MsgEventQueued: 57, engage.MsgEventDiverted: 58, engage.MsgEventAbandoned: 59,
		engage.MsgEventAgentReady: 75, engage.MsgEventAgentNotReady: 76, engage.MsgEventUserEvent: 96,
		engage.MsgEventCallCreated: 160, engage.MsgEventCallDeleted: 162, engage.MsgEventCallPartyAdded: 163,
		engage.MsgEventCallPartyState: 164, engage.MsgEventCallPartyDeleted: 166,
	}[message]
}

// Names of the three links of a SIP Server (guide, "EXCP General Operating Principles").
const (
	LinkCalls  = "call"
	LinkQueues = "queue"
	LinkAgents = "agent"
)

// Link is the link over which a message comes.
func Link(message string) string {
	switch {
	case strings.HasPrefix(message, "EventCall"):
		return LinkCalls
	case message == engage.MsgEventQueued, message == engage.MsgEventDiverted, message == engage.MsgEventAbandoned:
		return LinkQueues
	default:
		return LinkAgents
	}
}

// Logins logs all agents in.
func Logins(c *Clock) []engage.Event {
	events := make([]engage.Event, 0, Agents)
	for n := range Agents {
		dn, login := Extension(n)
		events = append(events, c.Event(engage.MsgEventRegistered, engage.Attributes{"ThisDN": dn, "AgentID": login}))
	}
	return events
}

// Steps is how many steps a flow has: what happens to a call at one time.
func (f Flow) Steps() int {
	if f == Abandoned {
		return len(abandoned())
	}
	return len(answered())
}

// Talking is the number of steps after which all parties of an answered call are known.
const Talking = 4

// Step is the n-th step of a call.
func (f Flow) Step(c *Clock, call, n int) []engage.Event {
	steps := answered
	if f == Abandoned {
		steps = abandoned
	}
	return steps()[n](newCall(c, call))
}

type call struct {
	*Clock
	uuid, conn, ani string
	dn, login       string
}

func newCall(c *Clock, n int) call {
	k := call{Clock: c, uuid: fmt.Sprintf("00U3MCI8QO8ER0B5A60AHG5A%08X", n), conn: fmt.Sprintf("006a%012x", n), ani: fmt.Sprintf("+1555%07d", n)}
	k.dn, k.login = Extension(n)
	return k
}

func value(n int) json.Number { return json.Number(strconv.Itoa(n)) }

func (k call) party(message, name, dn string, state engage.PartyState) engage.Event {
	return k.Event(message, engage.Attributes{
		"CallUUID": k.uuid, "PartyUUID": name + k.uuid[1:], "DN": dn, "PartyState": value(int(state)),
	})
}

func (k call) gone(name, dn string) engage.Event {
	return k.Event(engage.MsgEventCallPartyDeleted, engage.Attributes{
		"CallUUID": k.uuid, "PartyUUID": name + k.uuid[1:], "DN": dn, "CtrlParty": k.ani,
	})
}

func (k call) vq(message string) engage.Event {
	return k.Event(message, engage.Attributes{
		"ThisDN": Queue, "ConnID": k.conn, "CallUUID": k.uuid, "CallType": value(2), "ANI": k.ani, "DNIS": "+18005550100",
		"ThirdPartyDN": k.dn, "UserData": map[string]any{},
	})
}

func (k call) begin() []engage.Event {
	return []engage.Event{
		k.Event(engage.MsgEventCallCreated, engage.Attributes{
			"CallUUID": k.uuid, "ConnID": k.conn, "CallType": value(2), "ANI": k.ani, "DNIS": "+18005550100",
			"UserData": map[string]any{"CustomerSegment": "gold", "language_code": "de-DE"},
		}),
		k.party(engage.MsgEventCallPartyAdded, "X", k.ani, engage.PartyStateConnected),
		k.party(engage.MsgEventCallPartyAdded, "I", RoutingPoint, engage.PartyStateRouting),
		k.party(engage.MsgEventCallPartyState, "I", RoutingPoint, engage.PartyStateTreatment),
	}
}

func (k call) queue() []engage.Event { return []engage.Event{k.vq(engage.MsgEventQueued)} }

func (k call) ring() []engage.Event {
	return []engage.Event{
		k.party(engage.MsgEventCallPartyAdded, "A", k.dn, engage.PartyStateAlerting),
		k.vq(engage.MsgEventDiverted),
	}
}

func (k call) answer() []engage.Event {
	return []engage.Event{
		k.gone("I", RoutingPoint),
		k.party(engage.MsgEventCallPartyState, "A", k.dn, engage.PartyStateConnected),
		k.Event(engage.MsgEventUserEvent, engage.Attributes{"ThisDN": k.dn, "ConnID": k.conn, "Extensions": map[string]any{
			"LCTParty0": k.ani, "LCTParty0_location": "SIP_Switch", "LCTParty1": k.dn, "LCTParty1_location": "SIP_Switch",
			"LCTPartiesLength": value(2),
		}}),
	}
}

func (k call) hold() []engage.Event {
	return []engage.Event{k.party(engage.MsgEventCallPartyState, "A", k.dn, engage.PartyStateHeld)}
}

func (k call) retrieve() []engage.Event {
	return []engage.Event{k.party(engage.MsgEventCallPartyState, "A", k.dn, engage.PartyStateConnected)}
}

func (k call) hangUp() []engage.Event {
	return []engage.Event{
		k.gone("X", k.ani), k.gone("A", k.dn),
		k.Event(engage.MsgEventCallDeleted, engage.Attributes{"CallUUID": k.uuid}),
		k.Event(engage.MsgEventAgentNotReady, engage.Attributes{"ThisDN": k.dn, "AgentID": k.login, "AgentWorkMode": value(int(engage.WorkModeAfterCallWork))}),
	}
}

func (k call) wrapUp() []engage.Event {
	return []engage.Event{
		k.Event(engage.MsgEventUserEvent, engage.Attributes{
			"ThisDN": k.dn, "ConnID": k.conn, "CallUUID": k.uuid, "UserData": map[string]any{"DispositionCode": Disposition},
		}),
		k.Event(engage.MsgEventAgentReady, engage.Attributes{"ThisDN": k.dn, "AgentID": k.login, "AgentWorkMode": value(int(engage.WorkModeAutoIn))}),
	}
}

func (k call) giveUp() []engage.Event {
	return []engage.Event{
		k.gone("X", k.ani), k.gone("I", RoutingPoint), k.vq(engage.MsgEventAbandoned),
		k.Event(engage.MsgEventCallDeleted, engage.Attributes{"CallUUID": k.uuid}),
	}
}

func answered() []func(call) []engage.Event {
	return []func(call) []engage.Event{call.begin, call.queue, call.ring, call.answer, call.hold, call.retrieve, call.hangUp, call.wrapUp}
}

func abandoned() []func(call) []engage.Event {
	return []func(call) []engage.Event{call.begin, call.queue, call.giveUp}
}
