package exevents

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/genesystest"
)

func manyEvents(n int) []ConversationEvent {
	events := make([]ConversationEvent, n)
	for i := range events {
		events[i] = fullEvent(HoldUpdated)
		events[i].EventID = StableID("many", string(rune('a'+i%26)), string(rune(i)))
	}
	return events
}

func sealed(events []ConversationEvent) []Sealed {
	out := make([]Sealed, len(events))
	for i := range events {
		out[i] = events[i].Seal()
	}
	return out
}

// The answer lists what was not accepted; the body goes where it belongs.
func TestInject_TellsWhichEventsWereRefused(t *testing.T) {
	reg := prometheus.NewRegistry()
	events := manyEvents(4)
	o := genesystest.Replies(genesystest.Says(200, `{"errors":[{"eventId":"`+events[1].EventID+`","message":"later","retryable":true},{"eventId":"`+events[2].EventID+`","message":"never","retryable":false}]}`,
		"ININ-Correlation-Id", "corr-9"))
	c := client(t, o, func(o *genesys.Options) { o.Registerer = reg })
	got, err := c.InjectConversationEvents(t.Context(), sealed(events))
	require.NoError(t, err)
	require.Equal(t, "corr-9", got.CorrelationID)
	require.Len(t, got.Errors, 2)
	refused, ok := got.Failed(events[1].EventID)
	require.True(t, ok)
	require.True(t, refused.Retryable)
	_, ok = got.Failed(events[0].EventID)
	require.False(t, ok)
	require.Equal(t, "POST /api/v2/events/conversations", o.Last(t).Method+" "+o.Last(t).Path)
	require.Equal(t, "application/json", o.Last(t).Header.Get("Content-Type"))
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP engage_connector_genesys_events_total Injected events by kind and verdict.
# TYPE engage_connector_genesys_events_total counter
engage_connector_genesys_events_total{client="test",kind="conversation",verdict="accepted"} 2
engage_connector_genesys_events_total{client="test",kind="conversation",verdict="rejected"} 1
engage_connector_genesys_events_total{client="test",kind="conversation",verdict="repeated"} 0
engage_connector_genesys_events_total{client="test",kind="conversation",verdict="retryable"} 1
engage_connector_genesys_events_total{client="test",kind="presence",verdict="accepted"} 0
engage_connector_genesys_events_total{client="test",kind="presence",verdict="rejected"} 0
engage_connector_genesys_events_total{client="test",kind="presence",verdict="repeated"} 0
engage_connector_genesys_events_total{client="test",kind="presence",verdict="retryable"} 0
engage_connector_genesys_events_total{client="test",kind="routing_status",verdict="accepted"} 0
engage_connector_genesys_events_total{client="test",kind="routing_status",verdict="rejected"} 0
engage_connector_genesys_events_total{client="test",kind="routing_status",verdict="repeated"} 0
engage_connector_genesys_events_total{client="test",kind="routing_status",verdict="retryable"} 0
`), "engage_connector_genesys_events_total"))
}

// One unfit event does not keep the others from being sent.
func TestInject_SetsUnfitEventsAside(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{"errors":[]}`))
	events := manyEvents(3)
	events[1].CommunicationID = ""
	got, err := client(t, o).InjectConversationEvents(t.Context(), sealed(events))
	require.NoError(t, err)
	require.Len(t, got.Errors, 1)
	require.Equal(t, events[1].EventID, got.Errors[0].EventID)
	require.False(t, got.Errors[0].Retryable)
	require.Contains(t, got.Errors[0].Message, "communicationId is missing")
	require.NotContains(t, o.Last(t).Body, events[1].EventID)
	require.Contains(t, o.Last(t).Body, events[2].EventID)
}

// Nothing to send is no request; more than the API takes is refused here.
func TestInject_BatchSize(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{"errors":[]}`))
	c := client(t, o)
	_, err := c.InjectConversationEvents(t.Context(), nil)
	require.NoError(t, err)
	_, err = c.InjectConversationEvents(t.Context(), sealed(manyEvents(MaxBatch+1)))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.Empty(t, o.Calls())
	_, err = c.InjectConversationEvents(t.Context(), sealed(manyEvents(MaxBatch)))
	require.NoError(t, err)
}

// A failed request is made once; when it is made again is decided elsewhere, by one table.
func TestInject_MakesOneRequest(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"503": genesystest.Says(503, `{}`), "413": genesystest.Says(413, `{}`), "429": genesystest.Says(429, `{}`), "no answer": genesystest.Breaks,
	} {
		o := genesystest.Replies(answer)
		_, err := client(t, o).InjectConversationEvents(t.Context(), sealed(manyEvents(10)))
		require.Error(t, err, name)
		require.Len(t, o.Calls(), 1, name)
	}
}

// An answer that does not say of each event what became of it says nothing of any.
func TestInject_UnclearAnswersAreNoSuccess(t *testing.T) {
	events := manyEvents(2)
	id := events[0].EventID
	for _, body := range []string{
		``, `null`, `{}`, `{"errors":null}`, `[]`, `{"errors":[`, `{"errors":{}}`, `{"errors":[{"message":"no"}]}`,
		`{"errors":[{"eventId":"` + id + `","message":"no"},{"eventId":"` + StableID("else") + `","message":"no"}]}`,
		`{"errors":[{"eventId":"` + strings.ToUpper(id) + `","message":"no"}]}`, `{"errors":[{"eventId":null}]}`, `{"errors":[null]}`,
		`<html>`, `{"accepted":2}`,
	} {
		o := genesystest.Replies(genesystest.Says(200, body, "ININ-Correlation-Id", "corr-9"))
		got, err := client(t, o).InjectConversationEvents(t.Context(), sealed(events))
		require.Equal(t, fault.Internal, fault.CodeOf(err), body)
		require.Zero(t, got, body)
	}
}

// Of two errors of one event the milder counts; the correlation id is with it.
func TestFailed_TakesTheMilder(t *testing.T) {
	r := BatchResult{CorrelationID: "corr-9", Errors: []EventError{{EventID: "1", Message: "never"}, {EventID: "1", Message: "later", Retryable: true}}}
	got, ok := r.Failed("1")
	require.True(t, ok)
	require.Equal(t, EventError{EventID: "1", Message: "later (correlation id corr-9)", Retryable: true}, got)
}

func TestInject_AgentEvents(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{"errors":[]}`))
	c := client(t, o)
	got, err := c.InjectPresence(t.Context(), []PresenceEvent{{StableID("1"), eventTime, "u", "s", "d", ""}, {}})
	require.NoError(t, err)
	require.Len(t, got.Errors, 1)
	require.Equal(t, "/api/v2/events/users/presence", o.Last(t).Path)
	require.JSONEq(t, `{"userPresenceEvents":[{"eventId":"`+StableID("1")+`","eventDateTime":"2024-10-25T10:00:00.010Z","userId":"u","sourceId":"s","presenceDefinitionId":"d"}]}`, o.Last(t).Body)

	_, err = c.InjectRoutingStatus(t.Context(), []RoutingStatusEvent{{StableID("2"), eventTime, "u", "s", Idle}})
	require.NoError(t, err)
	require.Equal(t, "/api/v2/events/users/routingstatus", o.Last(t).Path)
	require.JSONEq(t, `{"userRoutingStatusEvents":[{"eventId":"`+StableID("2")+`","eventDateTime":"2024-10-25T10:00:00.010Z","agentId":"u","status":"Idle","sourceId":"s"}]}`, o.Last(t).Body)
}
