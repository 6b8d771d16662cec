package injection

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/model"
)

// CallsLog is the log that the model reads; *store.Pipeline is one.
type CallsLog interface {
	AppendOnce(ctx context.Context, a store.Append) (int, error)
}

// LoggedRefusals writes the events that are given up into the calls log, so that the model learns of
// them in its own order, and after a restart as well: their conversation sends nothing more that depends
// on them.
type LoggedRefusals struct {
	Calls  CallsLog
	Logger *slog.Logger
	Now    func() time.Time
}

// Settled notes the events that are given up, each once, under the lease that the outbox is sent under. When
// the log is full they are parked all the same: the log drains only while the outbox does.
func (l LoggedRefusals) Settled(ctx context.Context, lease store.Lease, records []pipeline.Settled) error {
	var entries []store.Entry
	for _, g := range records {
		if !g.Parked {
			continue
		}
		var injection model.Injection
		if packed.Decode(g.Record.Payload, &injection) != nil {
			continue // it belongs to no call that could be told
		}
		refusal := model.Refusal{CallUUID: injection.CallUUID, EventID: injection.Event.EventID, Reason: g.Reason, At: l.Now()}
		record, err := refusal.Record()
		if err != nil {
			return err
		}
		entries = append(entries, store.Entry{Identity: "refused:" + injection.Event.EventID, Payload: record})
	}
	if len(entries) == 0 {
		return nil
	}
	_, err := l.Calls.AppendOnce(ctx, store.Append{Lease: &lease, Entries: entries})
	if errors.Is(err, store.ErrFull) {
		l.Logger.Warn("the log is full: the calls of events that are given up do not learn of it", "events", len(entries),
			"hint", "the events are parked with the org's words; what their calls send after them may be refused as well")
		return nil
	}
	return err
}
