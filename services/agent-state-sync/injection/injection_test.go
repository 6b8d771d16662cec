package injection_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/agent-state-sync/injection"
	"engage.connector/services/agent-state-sync/statemodel"
)

type org struct {
	presences, routings     []string
	presenceErr, routingErr error
	refused                 []exevents.EventError
}

func (o *org) InjectPresence(_ context.Context, events []exevents.PresenceEvent) (exevents.BatchResult, error) {
	for _, event := range events {
		o.presences = append(o.presences, event.EventID)
	}
	return exevents.BatchResult{Errors: o.refused}, o.presenceErr
}

func (o *org) InjectRoutingStatus(_ context.Context, events []exevents.RoutingStatusEvent) (exevents.BatchResult, error) {
	for _, event := range events {
		o.routings = append(o.routings, event.EventID)
	}
	return exevents.BatchResult{Errors: o.refused}, o.routingErr
}

func records(t *testing.T, entries ...statemodel.Entry) []store.OutboxRecord {
	t.Helper()
	var out []store.OutboxRecord
	for _, entry := range entries {
		payload, err := json.Marshal(entry)
		require.NoError(t, err)
		out = append(out, store.OutboxRecord{Key: "u", Payload: payload})
	}
	return out
}

func presence(id string) statemodel.Entry {
	return statemodel.Entry{Presence: &exevents.PresenceEvent{EventID: id, EventDateTime: time.Unix(1, 0)}}
}

func routing(id string) statemodel.Entry {
	return statemodel.Entry{Routing: &exevents.RoutingStatusEvent{EventID: id, EventDateTime: time.Unix(1, 0)}}
}

func TestEachKindGoesInItsOwnRequest(t *testing.T) {
	o := &org{}
	outcomes, err := injection.Send(t.Context(), o, records(t, presence("p1"), routing("r1"), presence("p2")))
	require.NoError(t, err)
	require.Equal(t, []string{"p1", "p2"}, o.presences)
	require.Equal(t, []string{"r1"}, o.routings)
	require.Equal(t, []pipeline.Outcome{pipeline.Done(), pipeline.Done(), pipeline.Done()}, outcomes)
}

func TestAnErrorOfOneEventIsItsOwn(t *testing.T) {
	o := &org{refused: []exevents.EventError{
		{EventID: "p1", Message: "unknown user"}, {EventID: "p2", Message: "busy", Retryable: true}, {EventID: "r1", Message: "eventId already used"},
	}}
	outcomes, err := injection.Send(t.Context(), o, records(t, presence("p1"), presence("p2"), routing("r1"), routing("r2")))
	require.NoError(t, err)
	require.Equal(t, []pipeline.Outcome{pipeline.Reject("unknown user"), pipeline.Retry("busy"), pipeline.Done(), pipeline.Done()}, outcomes)
}

func TestAFailedRequestIsOneError(t *testing.T) {
	away := fault.New(fault.Unavailable, "org", "away")
	_, err := injection.Send(t.Context(), &org{routingErr: away}, records(t, routing("r1")))
	require.ErrorIs(t, err, away)
	_, err = injection.Send(t.Context(), &org{presenceErr: away}, records(t, presence("p1")))
	require.ErrorIs(t, err, away)
}

func TestWhatCannotBeReadIsRejectedAlone(t *testing.T) {
	broken := append(records(t, presence("p1")), store.OutboxRecord{Payload: []byte("{")}, store.OutboxRecord{Payload: []byte("{}")})
	outcomes, err := injection.Send(t.Context(), &org{}, broken)
	require.NoError(t, err)
	require.Equal(t, pipeline.Done(), outcomes[0])
	require.NotEqual(t, pipeline.Done(), outcomes[1])
	require.NotEqual(t, pipeline.Done(), outcomes[2])
}

// log keeps what is appended.
type log struct {
	appends []store.Append
	err     error
}

func (l *log) AppendOnce(_ context.Context, a store.Append) (int, error) {
	l.appends = append(l.appends, a)
	return len(a.Entries), l.err
}

// What became of the events of a request is one record of the log.
func TestWhatBecameOfEventsIsLogged(t *testing.T) {
	at := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	l := &log{}
	settlements := injection.Settlements{Log: l, Outbox: "presence", Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return at }}
	list := records(t,
		statemodel.Entry{Agent: "E1", Presence: &exevents.PresenceEvent{EventID: "1", EventDateTime: at.Add(-time.Minute)}},
		statemodel.Entry{Agent: "E2", Routing: &exevents.RoutingStatusEvent{EventID: "2", EventDateTime: at.Add(-time.Hour)}},
	)
	list[0].ID, list[0].Key, list[1].Key = "1764324000000-3", "u1", "u2"
	settled := []pipeline.Settled{{Record: list[0], At: at}, {Record: list[1], At: at, Parked: true, Reason: "no"}, {Record: store.OutboxRecord{ID: "x", Payload: []byte("{")}}}
	lease := store.Lease{Name: "l", Owner: "me", Generation: 3}
	require.NoError(t, settlements.Settled(t.Context(), lease, settled))
	require.Len(t, l.appends, 1)
	require.Equal(t, &lease, l.appends[0].Lease)
	payload := l.appends[0].Entries[0].Payload
	event, err := statemodel.Readers()[pipeline.Kind(payload[0])](payload[1:])
	require.NoError(t, err)
	got, ok := event.Attributes["settlement"].(*statemodel.Settlement)
	require.True(t, ok)
	require.Equal(t, []statemodel.Settled{
		{Agent: "E1", UserID: "u1", Told: at.Add(-time.Minute), Queued: time.UnixMilli(1764324000000).UTC(), At: at},
		{Agent: "E2", UserID: "u2", Told: at.Add(-time.Hour), Queued: got.Events[1].Queued, At: at, Parked: true},
	}, got.Events)
	// Redis that is away holds the records back; a full log does not.
	l.err = fault.New(fault.Unavailable, "log", "away")
	require.Error(t, settlements.Settled(t.Context(), lease, settled))
	l.err = fmt.Errorf("log: %w", store.ErrFull)
	require.NoError(t, settlements.Settled(t.Context(), lease, settled))
	require.NoError(t, settlements.Settled(t.Context(), lease, settled[2:]))
	require.Len(t, l.appends, 3, "nothing to say is not said")
}
