package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/api"
	"engage.connector/services/conversation-provider/model"
)

// desk answers everything the handler asks.
type desk struct {
	writing bool
	err     error
	limits  []int
}

func (d *desk) Lookup(uuid string) (model.Trace, bool, error) {
	return model.Trace{Interaction: json.RawMessage(`{"from":"model"}`)}, uuid == "U", d.err
}

func (d *desk) Kept(limit int) []model.Record {
	d.limits = append(d.limits, limit)
	return []model.Record{{ID: "R", Reason: "call unknown"}}
}

func (d *desk) LoadState(context.Context) (map[string][]byte, error) {
	return map[string][]byte{"s/U": []byte(`{"uuid":"U","conversation":{"stage":"over"},"recordings":["R"]}`), "r/R": []byte(`{"id":"R","state":"submitted"}`)}, d.err
}

func (d *desk) Parked(_ context.Context, outbox string, limit int) ([]store.ParkedRecord, error) {
	d.limits = append(d.limits, limit)
	return []store.ParkedRecord{{ID: "1", Key: outbox, Reason: "no such leg", At: time.Unix(0, 0), Payload: []byte("secret")}}, d.err
}

func get(t *testing.T, d *desk, path string) (int, string) {
	t.Helper()
	mux := http.NewServeMux()
	api.New(api.Options{Calls: d, State: d, Parked: d, Writing: func() bool { return d.writing }, Logger: slog.New(slog.DiscardHandler)}).Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestInteractionComesFromTheModelOrTheStore(t *testing.T) {
	status, text := get(t, &desk{writing: true}, "/api/v1/interactions/U")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "model")
	status, text = get(t, &desk{}, "/api/v1/interactions/U")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `"over"`)
	require.Contains(t, text, "submitted")
	for _, writing := range []bool{true, false} {
		status, text = get(t, &desk{writing: writing}, "/api/v1/interactions/other")
		require.Equal(t, http.StatusNotFound, status)
		require.Contains(t, text, "24 hours")
		status, _ = get(t, &desk{writing: writing, err: fault.New(fault.Unavailable, "", "away")}, "/api/v1/interactions/U")
		require.Equal(t, http.StatusServiceUnavailable, status)
	}
}

func TestKeptRecordingsAreListedByTheWriter(t *testing.T) {
	d := &desk{writing: true}
	status, text := get(t, d, "/api/v1/recordings?limit=5000")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "call unknown")
	require.Equal(t, []int{1000}, d.limits)
	status, _ = get(t, &desk{}, "/api/v1/recordings")
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = get(t, d, "/api/v1/recordings?limit=x")
	require.Equal(t, http.StatusBadRequest, status)
}

func TestParkedRecordsAreListedWithoutTheirPayload(t *testing.T) {
	d := &desk{}
	for _, outbox := range []string{"conversation", "recording"} {
		status, text := get(t, d, "/api/v1/parked/"+outbox)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, "no such leg")
		require.NotContains(t, text, "secret")
	}
	require.Equal(t, []int{100, 100}, d.limits)
	status, _ := get(t, d, "/api/v1/parked/other")
	require.Equal(t, http.StatusNotFound, status)
	status, _ = get(t, &desk{err: fault.New(fault.Unavailable, "", "away")}, "/api/v1/parked/recording")
	require.Equal(t, http.StatusServiceUnavailable, status)
}
