package injection

import (
	"context"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/model"
)

// CallsLog is the log that the model reads; *store.Pipeline is one.
type CallsLog interface {
	AppendOnce(ctx context.Context, a store.Append) (int, error)
}

// LoggedRefusals writes refusals into the calls log, so that the model learns of them in its own
// order and after a restart as well.
type LoggedRefusals struct {
	Calls CallsLog
	Lease func() (store.Lease, bool) // the writer's, under which the outbox is sent
	Now   func() time.Time
}

var _ Refusals = LoggedRefusals{}

// Refused notes a refusal, once per event. Without the lease it notes nothing: whoever leads by then
// sends the event again, and gets the same answer.
func (l LoggedRefusals) Refused(ctx context.Context, callUUID, eventID, reason string) error {
	lease, leads := l.Lease()
	if !leads {
		return fault.New(fault.Unavailable, "injection.refused", "the lease has run out")
	}
	refusal := model.Refusal{CallUUID: callUUID, EventID: eventID, Reason: reason, At: l.Now()}
	record, err := refusal.Record()
	if err != nil {
		return err
	}
	_, err = l.Calls.AppendOnce(ctx, store.Append{Lease: &lease, Entries: []store.Entry{
		{Identity: "refused:" + eventID, Payload: record},
	}})
	return err
}
