// Package injection sends agent states from the outbox to the EX org.
package injection

import (
	"context"
	"encoding/json"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/agent-state-sync/statemodel"
)

// Org takes agent events; genesys.Client is one.
type Org interface {
	InjectPresence(ctx context.Context, events []exevents.PresenceEvent) (exevents.BatchResult, error)
	InjectRoutingStatus(ctx context.Context, events []exevents.RoutingStatusEvent) (exevents.BatchResult, error)
}

// Send posts one batch of one outbox: presences or routing statuses. An error is about the whole
// request; what follows from it, and from what is said of an event, is decided by package delivery.
func Send(ctx context.Context, org Org, records []store.OutboxRecord) ([]pipeline.Outcome, error) {
	batch := split(records)
	if len(batch.presences) > 0 {
		result, err := org.InjectPresence(ctx, batch.presences)
		if err != nil {
			return nil, err
		}
		batch.settle(result, func(i int) string { return batch.presences[i].EventID }, batch.presenceAt)
	}
	if len(batch.routings) > 0 {
		result, err := org.InjectRoutingStatus(ctx, batch.routings)
		if err != nil {
			return nil, err
		}
		batch.settle(result, func(i int) string { return batch.routings[i].EventID }, batch.routingAt)
	}
	return batch.outcomes, nil
}

// batch is the records by kind, each with its place among the outcomes.
type batch struct {
	presences  []exevents.PresenceEvent
	presenceAt []int
	routings   []exevents.RoutingStatusEvent
	routingAt  []int
	outcomes   []pipeline.Outcome
}

func split(records []store.OutboxRecord) *batch {
	b := &batch{outcomes: make([]pipeline.Outcome, len(records))}
	for i, record := range records {
		var entry statemodel.Entry
		err := json.Unmarshal(record.Payload, &entry)
		switch {
		case err != nil:
			b.outcomes[i] = pipeline.Reject("the stored event cannot be read: " + err.Error())
		case entry.Presence != nil:
			b.presences, b.presenceAt = append(b.presences, *entry.Presence), append(b.presenceAt, i)
		case entry.Routing != nil:
			b.routings, b.routingAt = append(b.routings, *entry.Routing), append(b.routingAt, i)
		default:
			b.outcomes[i] = pipeline.Reject("the stored event is empty")
		}
	}
	return b
}

func (b *batch) settle(result exevents.BatchResult, eventID func(int) string, places []int) {
	for i, at := range places {
		b.outcomes[at] = outcome(result, eventID(i))
	}
}

func outcome(result exevents.BatchResult, eventID string) pipeline.Outcome {
	failed, ok := result.Failed(eventID)
	if !ok {
		return pipeline.Done()
	}
	switch failed.Verdict() {
	case exevents.EventAlreadyAccepted:
		return pipeline.Done()
	case exevents.EventRetryable:
		return pipeline.Retry(failed.Message)
	case exevents.EventRejected:
	}
	return pipeline.Reject(failed.Message)
}
