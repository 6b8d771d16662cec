package feed

import (
	"maps"
	"slices"
	"time"
)

// site is what the servers behind the edge know at the moment, built from what they sent: it is
// what they report again to a client that starts late.
type site struct {
	calls    []*runningCall              // in the order in which they were created
	queued   map[string][]map[string]any // by Virtual Queue: attributes of the waiting calls, in their order
	byUUID   map[string]*runningCall
	seats    map[string]seat
	statuses map[string]AgentStatus
}

// runningCall is a call as call monitoring shows it.
type runningCall struct {
	uuid       string
	attributes map[string]any
	parties    []map[string]any // attributes of the party events, with the current PartyState
}

// seat is who sits at an Extension.
type seat struct {
	agentID string
	status  int
}

// Values of EventRegistered's extension AgentStatus (inferred: T-Library's order of agent states).
const (
	seatLoggedOut = 0
	seatLoggedIn  = 1
	seatReady     = 2
	seatNotReady  = 3
	seatAfterCall = 4
)

const workModeAfterCall = 3

func newSite() *site {
	return &site{
		byUUID: map[string]*runningCall{}, queued: map[string][]map[string]any{},
		seats: map[string]seat{}, statuses: map[string]AgentStatus{},
	}
}

// apply takes an event of the T-Server into account.
func (s *site) apply(ev Event) {
	uuid, dn := text(ev.Attributes, "CallUUID"), text(ev.Attributes, "ThisDN")
	switch ev.Message {
	case msgCallCreated:
		call := &runningCall{uuid: uuid, attributes: maps.Clone(ev.Attributes)}
		s.byUUID[uuid] = call
		s.calls = append(s.calls, call)
	case msgCallDeleted:
		delete(s.byUUID, uuid)
		s.calls = slices.DeleteFunc(s.calls, func(c *runningCall) bool { return c.uuid == uuid })
	case msgQueued:
		s.leaves(dn, uuid)
		s.queued[dn] = append(s.queued[dn], maps.Clone(ev.Attributes))
	case msgDiverted, msgAbandoned:
		s.leaves(dn, uuid)
	case msgAgentLogin:
		s.seats[dn] = seat{text(ev.Attributes, "AgentID"), seatLoggedIn}
	case msgAgentLogout:
		delete(s.seats, dn)
	case msgAgentReady:
		s.seat(dn, seatReady)
	case msgAgentNotReady:
		s.seat(dn, notReadyStatus(ev.Attributes))
	default:
		if call := s.byUUID[uuid]; call != nil && isCallEvent(ev.Message) {
			s.applyToCall(call, ev)
		}
	}
}

// leaves takes a call from a queue.
func (s *site) leaves(queue, uuid string) {
	s.queued[queue] = slices.DeleteFunc(s.queued[queue], func(a map[string]any) bool { return text(a, "CallUUID") == uuid })
}

// waiting reports the calls that wait in a Virtual Queue again.
func (s *site) waiting(queue string, now time.Time) []Event {
	out := []Event{}
	for _, attributes := range s.queued[queue] {
		out = append(out, Event{msgQueued, now, maps.Clone(attributes)})
	}
	return out
}

// seat changes the state of who sits at the DN.
func (s *site) seat(dn string, status int) {
	if at, ok := s.seats[dn]; ok {
		at.status = status
		s.seats[dn] = at
	}
}

func notReadyStatus(attributes map[string]any) int {
	if mode, _ := attributes["AgentWorkMode"].(float64); mode == workModeAfterCall {
		return seatAfterCall
	}
	return seatNotReady
}

// applyToCall upserts parties and data of a running call.
func (s *site) applyToCall(call *runningCall, ev Event) {
	party := text(ev.Attributes, "PartyUUID")
	at := slices.IndexFunc(call.parties, func(p map[string]any) bool { return text(p, "PartyUUID") == party })
	switch ev.Message {
	case msgCallChanged:
		maps.Copy(call.attributes, ev.Attributes)
	case msgPartyAdded, msgPartyState:
		if at < 0 {
			call.parties = append(call.parties, maps.Clone(ev.Attributes))
			return
		}
		maps.Copy(call.parties[at], ev.Attributes)
	case msgPartyDeleted:
		if at >= 0 {
			call.parties = slices.Delete(call.parties, at, at+1)
		}
	case msgPartyMoved:
		target := s.byUUID[text(ev.Attributes, "NewCallUUID")]
		if at < 0 || target == nil {
			return
		}
		moved := call.parties[at]
		call.parties = slices.Delete(call.parties, at, at+1)
		moved["CallUUID"] = target.uuid
		target.parties = append(target.parties, moved)
	}
}

// running reports all running calls again, as a T-Server does when call monitoring starts.
func (s *site) running(now time.Time) []Event {
	out := []Event{}
	for _, call := range s.calls {
		out = append(out, Event{msgCallCreated, now, maps.Clone(call.attributes)})
		for _, party := range call.parties {
			out = append(out, Event{msgPartyAdded, now, maps.Clone(party)})
		}
	}
	return out
}

// registered answers a registration of a DN.
func (s *site) registered(dn string, now time.Time) Event {
	at, taken := s.seats[dn]
	attributes := map[string]any{"ThisDN": dn, "Extensions": map[string]any{"AgentStatus": at.status}}
	if taken {
		attributes["AgentID"] = at.agentID
	}
	return Event{msgRegistered, now, attributes}
}
