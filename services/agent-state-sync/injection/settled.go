package injection

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/agent-state-sync/statemodel"
)

// Log is the log that the model reads; *store.Pipeline is one.
type Log interface {
	AppendOnce(ctx context.Context, a store.Append) (int, error)
}

// Settlements writes what became of events into the log, so that the model knows what the org shows, in its
// own order and after a restart as well.
type Settlements struct {
	Log    Log
	Outbox string
	Logger *slog.Logger
	Now    func() time.Time
}

// Settled notes what became of the records of an outbox. When the log is full the records leave the outbox
// all the same: the outbox must be able to drain, and the org shows what it took.
func (s Settlements) Settled(ctx context.Context, lease store.Lease, records []pipeline.Settled) error {
	settlement := statemodel.Settlement{Outbox: s.Outbox, At: s.Now()}
	for i := range records {
		var entry statemodel.Entry
		if json.Unmarshal(records[i].Record.Payload, &entry) != nil {
			continue // it is parked as unreadable; nobody was told
		}
		one := statemodel.Settled{
			Agent: entry.Agent, UserID: records[i].Record.Key, Queued: queuedAt(records[i].Record.ID), Parked: records[i].Parked, At: records[i].At,
		}
		switch {
		case entry.Presence != nil:
			one.Told = entry.Presence.EventDateTime
		case entry.Routing != nil:
			one.Told = entry.Routing.EventDateTime
		default:
			continue
		}
		settlement.Events = append(settlement.Events, one)
	}
	if len(settlement.Events) == 0 {
		return nil
	}
	record, err := settlement.Record()
	if err != nil {
		return err
	}
	_, err = s.Log.AppendOnce(ctx, store.Append{Lease: &lease, Entries: []store.Entry{{Repeats: true, Payload: record}}})
	if errors.Is(err, store.ErrFull) {
		s.Logger.Warn("the log is full: what the org accepted is not noted, and is missing in the adherence report", "outbox", s.Outbox, "events", len(settlement.Events))
		return nil
	}
	return err
}

// queuedAt is when a record came into its outbox: the beginning of its id.
func queuedAt(id string) time.Time {
	text, _, _ := strings.Cut(id, "-")
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
