package wire_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
)

// ask sends one request to the routes over a pipeline with one parked event and one bad line.
func ask(t *testing.T, pipeline *store.Pipeline, method, path, body string) (int, string) {
	t.Helper()
	mux := http.NewServeMux()
	wire.ServeKept(mux, pipeline, slog.New(slog.DiscardHandler), "conversation")
	recorder := httptest.NewRecorder()
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	mux.ServeHTTP(recorder, httptest.NewRequest(method, path, content))
	return recorder.Code, recorder.Body.String()
}

func parkOne(ctx context.Context, t *testing.T) *store.Pipeline {
	t.Helper()
	s := storetest.Server(t)
	lease, err := s.AcquireLease(ctx, "writer", "me", time.Minute)
	require.NoError(t, err)
	pipeline := s.Pipeline("calls")
	require.NoError(t, pipeline.Commit(ctx, lease, store.Commit{Outbox: map[string][]store.OutboxEntry{
		"conversation": {{Key: "c1", Payload: []byte("secret of a customer")}},
	}}))
	records, err := pipeline.ReadOutbox(ctx, "conversation", "", 10, 0)
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.NoError(t, pipeline.Park(ctx, lease, "conversation", []store.Parked{{ID: records[0].ID, Reason: "unknown queue"}}))
	require.NoError(t, pipeline.SetAside(ctx, "vq", []byte("{"), store.Position{Cursor: "07"}, "no JSON"))
	return pipeline
}

func TestWhatWasNotHandledIsListedWithItsReason(t *testing.T) {
	pipeline := parkOne(t.Context(), t)
	code, body := ask(t, pipeline, http.MethodGet, "/api/v1/parked/conversation", "")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `"reason":"unknown queue"`)
	require.Contains(t, body, `"key":"c1"`)
	require.NotContains(t, body, "customer")

	code, body = ask(t, pipeline, http.MethodGet, "/api/v1/set-aside", "")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, "no JSON")
}

func TestWhatWasParkedCanBeSentAgain(t *testing.T) {
	pipeline := parkOne(t.Context(), t)
	code, body := ask(t, pipeline, http.MethodPost, "/api/v1/parked/conversation/retry", "")
	require.Equal(t, http.StatusOK, code, body)
	require.JSONEq(t, `{"retried":1}`, body)
	records, err := pipeline.ReadReturned(t.Context(), "conversation")
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.Equal(t, "secret of a customer", string(records[0].Payload))

	_, body = ask(t, pipeline, http.MethodPost, "/api/v1/parked/conversation/retry", `{"ids":["7-0"]}`)
	require.JSONEq(t, `{"retried":0}`, body)
	code, body = ask(t, pipeline, http.MethodPost, "/api/v1/parked/conversation/retry", `{"ids":["7-0 0"]}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "is not the id of a parked entry")
}

func TestAWrongQuestionSaysWhatIsWrong(t *testing.T) {
	pipeline := storetest.Miniredis(t).Pipeline("calls")
	for path, want := range map[string]string{
		"/api/v1/parked/other": `no outbox \"other\"; there is conversation`, "/api/v1/parked/conversation?limit=-1": "limit is no positive number",
	} {
		_, body := ask(t, pipeline, http.MethodGet, path, "")
		require.Contains(t, body, want)
	}
}
