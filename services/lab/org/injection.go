package org

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"engage.connector/services/lab/org/conversation"
)

// maxEventIDs bounds the memory for used ids of presence and routing status events.
const maxEventIDs = 500_000

// batchAnswer is the API's BatchEventResponse.
type batchAnswer struct {
	Errors []eventError `json:"errors"`
}

type eventError struct {
	EventID   string `json:"eventId"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// directory lets the rules ask whether an object exists. It reads under the organization's lock.
type directory struct{ org *Org }

// HasUser implements conversation.Directory; inactive users still exist.
func (d directory) HasUser(id string) bool {
	u := d.org.users.byID[id]
	return u != nil && !u.deleted
}

// HasQueue implements conversation.Directory.
func (d directory) HasQueue(id string) bool { return d.org.queueByID(id) != nil }

// HasWrapupCode implements conversation.Directory.
func (d directory) HasWrapupCode(id string) bool { return d.org.codeByID(id) != nil }

// HasActiveSource implements conversation.Directory. The platform's own source injects nothing.
func (d directory) HasActiveSource(id string) bool {
	s := d.org.source(id)
	return s != nil && !s.Deactivated && s.Type == "User"
}

// batchFault turns a fault of the whole batch into its documented code.
func batchFault(err error) *fault {
	var property *conversation.UnknownPropertyError
	switch {
	case errors.Is(err, conversation.ErrNoEvents):
		return fail(codeZeroEvents)
	case errors.Is(err, conversation.ErrTooMany):
		return fail(codeMaxBatch)
	case errors.As(err, &property):
		return fail(codeInvalidProperty, clip(property.Name), "BatchConversationEventRequest")
	default:
		return fail(codeBadRequest)
	}
}

// injectConversations applies a batch event by event. After an event that has to come again, the later ones of its
// conversation in this batch have to come again too: taking them would put them before it for good.
func (o *Org) injectConversations(c *call) (*reply, *fault) {
	items, err := conversation.DecodeBatch(c.body)
	if err != nil {
		return nil, batchFault(err)
	}
	if o.Knobs().BadEnumFailsBatch {
		for _, item := range items {
			if flt := enumFault(item.Rejection); flt != nil {
				return nil, flt
			}
		}
	}
	answer := batchAnswer{Errors: []eventError{}}
	blocked := make(map[string]bool)
	touched := make(map[string]bool)
	for i := range items {
		item := &items[i]
		rejection := item.Rejection
		switch {
		case rejection != nil:
		case blocked[item.Event.ConversationID]:
			rejection = &conversation.Rejection{
				Reason: conversation.ReasonBlocked, Retryable: true, Message: "an earlier event of the conversation has to be sent again",
			}
		case every(&o.faults.events, o.Knobs().EventErrorEvery):
			rejection = temporary()
		default:
			rejection = o.book.Apply(item.Event, directory{o})
			touched[item.Event.ConversationID] = true
		}
		if rejection != nil && rejection.Retryable {
			blocked[item.Event.ConversationID] = true
		}
		answer.add(item.ID, rejection)
		o.countEvent(rejection)
	}
	for id := range touched {
		o.settleUploads(id)
	}
	return ok(answer)
}

// enumFault is the answer of a platform that reads the body into types before it looks at any event.
func enumFault(rejection *conversation.Rejection) *fault {
	if rejection == nil || rejection.Reason != conversation.ReasonInvalidValue {
		return nil
	}
	f := fail(codeBadRequest)
	if body, isError := f.body.(errorBody); isError {
		body.Message = rejection.Message
		f.body = body
	}
	return f
}

func temporary() *conversation.Rejection {
	return &conversation.Rejection{
		Reason: conversation.ReasonTemporary, Retryable: true, Message: "the event could not be processed at the moment",
	}
}

func (a *batchAnswer) add(id string, rejection *conversation.Rejection) {
	if rejection != nil {
		a.Errors = append(a.Errors, eventError{EventID: clip(id), Message: rejection.Message, Retryable: rejection.Retryable})
	}
}

// Presence and routing status.

// stateEvent is a UserPresenceEvent or a UserRoutingStatusEvent.
type stateEvent struct {
	EventID       string  `json:"eventId"`
	EventDateTime string  `json:"eventDateTime"`
	UserID        string  `json:"userId"`
	AgentID       string  `json:"agentId"`
	SourceID      string  `json:"sourceId"`
	DefinitionID  string  `json:"presenceDefinitionId"`
	Message       *string `json:"message"`
	Status        string  `json:"status"`

	at time.Time
}

// stateKind is what the two injections differ in.
type stateKind struct {
	array, object string
	properties    []string
	required      []string
	user          func(e *stateEvent) string
	check         func(o *Org, e *stateEvent) *conversation.Rejection
	last          func(s *AgentState) time.Time
	apply         func(o *Org, e *stateEvent, s *AgentState)
}

// routingStatuses are the values of the injection.
func routingStatuses() []string {
	return []string{"OffQueue", "Idle", "Interacting", "Communicating", "NotResponding"}
}

var presenceKind = stateKind{
	array: "userPresenceEvents", object: "BatchUserPresenceEventRequest",
	properties: []string{"eventId", "eventDateTime", "userId", "sourceId", "presenceDefinitionId", "message"},
	required:   []string{"eventId", "eventDateTime", "userId", "sourceId"},
	user:       func(e *stateEvent) string { return e.UserID },
	check: func(o *Org, e *stateEvent) *conversation.Rejection {
		if e.DefinitionID != "" && o.definition(e.DefinitionID) == nil {
			return conversation.Refuse(conversation.ReasonPresence, "presenceDefinitionId is not known")
		}
		return nil
	},
	last: func(s *AgentState) time.Time { return s.PresenceAt },
	apply: func(o *Org, e *stateEvent, s *AgentState) {
		s.PresenceAt = e.at
		if d := o.definition(e.DefinitionID); d != nil {
			s.PresenceDefinitionID, s.Presence = d.ID, d.SystemPresence
		}
		if e.Message != nil {
			s.Message = *e.Message
		}
	},
}

var routingKind = stateKind{
	array: "userRoutingStatusEvents", object: "BatchUserRoutingStatusEventRequest",
	properties: []string{"eventId", "eventDateTime", "agentId", "sourceId", "status"},
	required:   []string{"eventId", "eventDateTime", "agentId", "sourceId", "status"},
	user:       func(e *stateEvent) string { return e.AgentID },
	check: func(_ *Org, e *stateEvent) *conversation.Rejection {
		if !slices.Contains(routingStatuses(), e.Status) {
			return conversation.Refuse(conversation.ReasonInvalidValue, "value [%s] is not valid for status, allowed: %s",
				clip(e.Status), strings.Join(routingStatuses(), ", "))
		}
		return nil
	},
	last:  func(s *AgentState) time.Time { return s.RoutingAt },
	apply: func(_ *Org, e *stateEvent, s *AgentState) { s.RoutingAt, s.RoutingStatus = e.at, e.Status },
}

func (o *Org) injectPresence(c *call) (*reply, *fault) { return o.injectStates(c, presenceKind) }

func (o *Org) injectRoutingStatus(c *call) (*reply, *fault) { return o.injectStates(c, routingKind) }

func (o *Org) injectStates(c *call, kind stateKind) (*reply, *fault) {
	var body map[string][]json.RawMessage
	if err := json.Unmarshal(c.body, &body); err != nil || body == nil {
		return nil, fail(codeBadRequest)
	}
	for name := range body {
		if name != kind.array {
			return nil, fail(codeInvalidProperty, clip(name), kind.object)
		}
	}
	list := body[kind.array]
	switch {
	case len(list) == 0:
		return nil, fail(codeZeroEvents)
	case len(list) > conversation.MaxBatch:
		return nil, fail(codeMaxBatch)
	}
	return o.applyStates(list, kind)
}

// applyStates applies one user's events in the order of the array; there is one array only.
func (o *Org) applyStates(list []json.RawMessage, kind stateKind) (*reply, *fault) {
	if o.Knobs().BadEnumFailsBatch {
		for _, raw := range list {
			var e stateEvent
			rejection := readState(raw, &e, kind)
			if rejection == nil {
				rejection = kind.check(o, &e)
			}
			if flt := enumFault(rejection); flt != nil {
				return nil, flt
			}
		}
	}
	answer := batchAnswer{Errors: []eventError{}}
	blocked := make(map[string]bool)
	for _, raw := range list {
		var e stateEvent
		rejection := readState(raw, &e, kind)
		user := kind.user(&e)
		switch {
		case rejection != nil:
		case blocked[user]:
			rejection = &conversation.Rejection{
				Reason: conversation.ReasonBlocked, Retryable: true, Message: "an earlier event of the user has to be sent again",
			}
		case every(&o.faults.events, o.Knobs().EventErrorEvery):
			rejection = temporary()
		default:
			rejection = o.applyState(&e, kind)
		}
		if rejection != nil && rejection.Retryable {
			blocked[user] = true
		}
		answer.add(e.EventID, rejection)
		o.countEvent(rejection)
	}
	return ok(answer)
}

// readState checks a state event by itself.
func readState(raw json.RawMessage, e *stateEvent, kind stateKind) *conversation.Rejection {
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(raw, &properties); err != nil {
		return conversation.Refuse(conversation.ReasonInvalidValue, "the event is no object")
	}
	if err := json.Unmarshal(raw, e); err != nil {
		return conversation.Refuse(conversation.ReasonInvalidValue, "a property has the wrong type")
	}
	for name := range properties {
		if !slices.Contains(kind.properties, name) {
			return conversation.Refuse(conversation.ReasonUnknownField, "unknown property %s", clip(name))
		}
	}
	for _, name := range kind.required {
		if value := properties[name]; len(value) == 0 || string(value) == "null" || string(value) == `""` {
			return conversation.Refuse(conversation.ReasonMissingField, "%s is required", name)
		}
	}
	if !conversation.IsUUID4(e.EventID) {
		return conversation.Refuse(conversation.ReasonInvalidID, "eventId is not a V4 UUID")
	}
	at, err := conversation.ParseTime(e.EventDateTime)
	if err != nil {
		return conversation.Refuse(conversation.ReasonInvalidTime, "eventDateTime must be yyyy-MM-ddTHH:mm:ss[.mmm]Z")
	}
	e.at = at
	return nil
}

// applyState checks a state event against the organization and applies it. A user's events of one kind must not go
// back in time; two at the same time are taken in the order they come.
func (o *Org) applyState(e *stateEvent, kind stateKind) *conversation.Rejection {
	if o.events.Has(e.EventID) {
		return conversation.Refuse(conversation.ReasonRepeated, "eventId already used")
	}
	dir, userID := directory{o}, kind.user(e)
	if !dir.HasUser(userID) {
		return conversation.Refuse(conversation.ReasonUser, "the user is not known")
	}
	if !dir.HasActiveSource(e.SourceID) {
		return conversation.Refuse(conversation.ReasonSource, "sourceId is not an active source")
	}
	if rejection := kind.check(o, e); rejection != nil {
		return rejection
	}
	state := o.statuses.Get(userID)
	if state == nil {
		state = &AgentState{UserID: userID}
	}
	if e.at.Before(kind.last(state)) {
		return conversation.Refuse(conversation.ReasonOutOfOrder, "eventDateTime is before the user's latest event")
	}
	kind.apply(o, e, state)
	state.SourceID = e.SourceID
	state.At = later(state.PresenceAt, state.RoutingAt)
	state.Changes++
	o.statuses.Put(userID, state)
	o.events.Add(e.EventID)
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
