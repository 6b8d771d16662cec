package exevents

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

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

// The answer lists what was not accepted; the body goes where it belongs.
func TestInject_TellsWhichEventsWereRefused(t *testing.T) {
	reg := prometheus.NewRegistry()
	events := manyEvents(4)
	o := genesystest.Replies(genesystest.Says(200, `{"errors":[{"eventId":"`+events[1].EventID+`","message":"later","retryable":true},{"eventId":"`+events[2].EventID+`","message":"never","retryable":false}]}`,
		"ININ-Correlation-Id", "corr-9"))
	c := client(t, o, func(o *genesys.Options) { o.Registerer = reg })
	got, err := c.InjectConversationEvents(t.Context(), NewConversationBatch(events))
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
	got, err := client(t, o).InjectConversationEvents(t.Context(), NewConversationBatch(events))
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
	o := genesystest.Replies(genesystest.Says(200, `{}`))
	c := client(t, o)
	require.Equal(t, 2, NewConversationBatch(manyEvents(2)).Len())
	_, err := c.InjectConversationEvents(t.Context(), NewConversationBatch(nil))
	require.NoError(t, err)
	_, err = c.InjectConversationEvents(t.Context(), NewConversationBatch(manyEvents(MaxBatch+1)))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.Empty(t, o.Calls())
	_, err = c.InjectConversationEvents(t.Context(), NewConversationBatch(manyEvents(MaxBatch)))
	require.NoError(t, err)
}

// A body that is too large is halved until it is not, in order; a single event that is too large is an error.
func TestInject_HalvesWhatIsTooLarge(t *testing.T) {
	var order []string
	o := &genesystest.Org{}
	o.API = func(w http.ResponseWriter, _ *http.Request) {
		var body map[string][]struct {
			EventID string `json:"eventId"`
		}
		if err := json.Unmarshal([]byte(o.Last(t).Body), &body); err != nil || len(body["holdUpdatedEvents"]) > 3 {
			genesystest.Answer(w, http.StatusRequestEntityTooLarge, `{"code":"request.entity.too.large"}`)
			return
		}
		for _, e := range body["holdUpdatedEvents"] {
			order = append(order, e.EventID)
		}
		genesystest.Answer(w, 200, `{"errors":[{"eventId":"`+body["holdUpdatedEvents"][0].EventID+`","message":"no"}]}`)
	}
	events := manyEvents(10)
	got, err := client(t, o).InjectConversationEvents(t.Context(), NewConversationBatch(events))
	require.NoError(t, err)
	var want []string
	for _, e := range events {
		want = append(want, e.EventID)
	}
	require.Equal(t, want, order)
	require.Len(t, got.Errors, 4) // 2+3+2+3

	c := client(t, genesystest.Replies(genesystest.Says(413, `{}`)))
	_, err = c.InjectConversationEvents(t.Context(), NewConversationBatch(events))
	require.Equal(t, fault.TooLarge, fault.CodeOf(err))
}

// A repeated injection repeats the body byte for byte: the same event ids.
func TestInject_RepeatsTheSameEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Breaks, genesystest.Says(503, `{}`), genesystest.Says(200, `{}`))
		_, err := client(t, o).InjectConversationEvents(t.Context(), NewConversationBatch(manyEvents(5)))
		require.NoError(t, err)
		calls := o.Calls()
		require.Len(t, calls, 3)
		require.Equal(t, calls[0].Body, calls[1].Body)
		require.Equal(t, calls[0].Body, calls[2].Body)
	})
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
