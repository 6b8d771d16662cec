// Package exevents holds the events that are injected into the organization, conversation events and agent
// events, and the part of the API that takes them.
package exevents

import (
	"context"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
)

// InjectConversationEvents posts up to MaxBatch events in one request, in the order they happened. Events
// that are unfit are not sent but listed in the result like the ones the server refused.
//
// An error concerns the whole request: some or all events may have been accepted, and the same
// events (same ids) may be sent again. An answer that does not say for every event what became of it
// is such an error, too. The request is made once: when to repeat it is the caller's decision. To
// keep the order within a conversation, never have two requests with its events in flight.
func (a *API) InjectConversationEvents(ctx context.Context, events []Sealed) (BatchResult, error) {
	return inject(ctx, a, injectConversations, kindConversation, events, injection[Sealed]{
		id:   func(e Sealed) string { return e.EventID },
		body: func(events []Sealed) any { return batch(events) },
	})
}

// InjectPresence posts users' presences; at most MaxBatch. See InjectConversationEvents for
// invalid events and errors.
func (a *API) InjectPresence(ctx context.Context, events []PresenceEvent) (BatchResult, error) {
	return inject(ctx, a, injectPresence, kindPresence, events, injection[PresenceEvent]{
		id:   func(e PresenceEvent) string { return e.EventID },
		body: func(events []PresenceEvent) any { return map[string]any{"userPresenceEvents": events} },
	})
}

// InjectRoutingStatus posts agents' routing statuses; at most MaxBatch. See
// InjectConversationEvents for invalid events and errors.
func (a *API) InjectRoutingStatus(ctx context.Context, events []RoutingStatusEvent) (BatchResult, error) {
	return inject(ctx, a, injectRoutingStatus, kindRoutingStatus, events, injection[RoutingStatusEvent]{
		id:   func(e RoutingStatusEvent) string { return e.EventID },
		body: func(events []RoutingStatusEvent) any { return map[string]any{"userRoutingStatusEvents": events} },
	})
}

// injection is what differs between the three kinds of events.
type injection[E any] struct {
	id   func(E) string
	body func([]E) any
}

func inject[E interface{ Validate() error }](ctx context.Context, a *API, op genesys.Operation, kind eventKind, events []E, how injection[E]) (BatchResult, error) {
	if len(events) > MaxBatch {
		return BatchResult{}, fault.Newf(fault.Invalid, op.Op(), "%d events in one batch, at most %d are allowed", len(events), MaxBatch)
	}
	var result BatchResult
	valid := make([]E, 0, len(events))
	for _, e := range events {
		if err := e.Validate(); err != nil {
			result.Errors = append(result.Errors, EventError{EventID: how.id(e), Message: err.Error()})
			continue
		}
		valid = append(valid, e)
	}
	if err := injectValid(ctx, a, op, valid, how, &result); err != nil {
		return BatchResult{}, err
	}
	a.count(kind, len(events), result.Errors)
	return result, nil
}

// injectValid sends the events.
func injectValid[E any](ctx context.Context, a *API, op genesys.Operation, events []E, how injection[E], result *BatchResult) error {
	if len(events) == 0 {
		return nil
	}
	var answer struct {
		Errors *[]EventError `json:"errors"`
	}
	header, err := a.client.Send(ctx, genesys.Request{Operation: op, Body: how.body(events), Out: &answer, Once: true})
	if err != nil {
		return err
	}
	result.CorrelationID = header.Get(genesys.HeaderCorrelation)
	if answer.Errors == nil {
		return unclear(op, "the answer has no list of errors", result.CorrelationID)
	}
	sent := make(map[string]bool, len(events))
	for _, e := range events {
		sent[how.id(e)] = true
	}
	for _, e := range *answer.Errors {
		if !sent[e.EventID] {
			return unclear(op, "the answer has an error of an event that was not sent, or names none", result.CorrelationID)
		}
	}
	result.Errors = append(result.Errors, *answer.Errors...)
	return nil
}

// unclear is the error of an answer from which nothing can be learned about any event.
func unclear(op genesys.Operation, why, correlation string) error {
	if correlation != "" {
		why += " (correlation id " + correlation + ")"
	}
	return fault.New(fault.Internal, op.Op(), why+": nothing is known of the events")
}
