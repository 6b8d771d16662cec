package injection

import (
	"context"
	"time"

	"engage.connector/pkg/engage"
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
	Now   func() time.Time
}

var _ Refusals = LoggedRefusals{}

// Refused notes a refusal, once per event.
func (l LoggedRefusals) Refused(ctx context.Context, callUUID, eventID, reason string) error {
	payload, err := engage.Encode(engage.Event{
		ReceivedAt: l.Now(), Message: model.MsgRefused, Time: l.Now(),
		Attributes: engage.Attributes{"CallUUID": callUUID, "EventID": eventID, "Reason": reason},
	})
	if err != nil {
		return fault.Wrap(fault.Internal, "injection.refused", err)
	}
	_, err = l.Calls.AppendOnce(ctx, store.Append{Entries: []store.Entry{{Identity: "refused:" + eventID, Payload: payload}}})
	return err
}
