package injection_test

import (
	"context"
	"encoding/json"
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
