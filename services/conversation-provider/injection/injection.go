// Package injection sends conversation events from the outbox to the EX org.
package injection

import (
	"context"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/model"
)

// Org takes conversation events; exevents.API is one.
type Org interface {
	InjectConversationEvents(ctx context.Context, events []exevents.Sealed) (exevents.BatchResult, error)
}

// Send posts one batch in one request. Each record gets its own outcome. Behind an event that is to be
// sent again nothing of its conversation is given up: it may only have missed that event.
func Send(ctx context.Context, org Org, records []store.OutboxRecord) ([]pipeline.Outcome, error) {
	entries := make([]model.Injection, len(records))
	outcomes := make([]pipeline.Outcome, len(records))
	events := make([]exevents.Sealed, 0, len(records))
	readable := make([]bool, len(records))
	for i, record := range records {
		if err := packed.Decode(record.Payload, &entries[i]); err != nil {
			outcomes[i] = pipeline.Reject("the stored event cannot be read: " + err.Error())
			continue
		}
		readable[i] = true
		events = append(events, entries[i].Event)
	}
	if len(events) == 0 {
		return outcomes, nil
	}
	result, err := org.InjectConversationEvents(ctx, events)
	if err != nil {
		return nil, err
	}
	again := map[string]bool{}
	for i, entry := range entries {
		if !readable[i] {
			continue
		}
		failed, ok := result.Failed(entry.Event.EventID)
		if !ok {
			outcomes[i] = pipeline.Done()
			continue
		}
		failed.Retryable = failed.Retryable || again[records[i].Key]
		outcomes[i] = settle(failed)
		again[records[i].Key] = failed.Retryable
	}
	return outcomes, nil
}

// settle turns the org's word about one event into an outcome, by the table of pkg/genesys.
func settle(failed exevents.EventError) pipeline.Outcome {
	switch failed.Verdict() {
	case exevents.EventAlreadyAccepted:
		return pipeline.Done()
	case exevents.EventRetryable:
		return pipeline.Retry(failed.Message)
	default:
		return pipeline.Reject(failed.Message)
	}
}
