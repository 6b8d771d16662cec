package mcp_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/mcp"
	"engage.connector/services/conversation-provider/model"
)

type calls struct {
	got []store.Append
	err error
}

func (c *calls) AppendOnce(_ context.Context, a store.Append) (int, error) {
	c.got = append(c.got, a)
	return 1, c.err
}

func post(t *testing.T, c *calls, path, body string) (int, string) {
	t.Helper()
	mux := http.NewServeMux()
	now := func() time.Time { return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) }
	for _, pattern := range mcp.Patterns() {
		mux.Handle(pattern, mcp.New(c, slog.New(slog.DiscardHandler), now))
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body)))
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return w.Code, string(text)
}

// Metadata is accepted when it is durable; the body is kept as it came; posting it again is the
// same entry.
//
// ledger: E-EXCP-078, E-EXCP-079
func TestMetadataIsStoredBeforeTheAnswer(t *testing.T) {
	body, err := os.ReadFile("testdata/post.json")
	require.NoError(t, err)
	c := &calls{}
	for _, path := range []string{"/v1/recording", "/api/v1/recording"} {
		status, text := post(t, c, path, string(body))
		require.Equal(t, http.StatusOK, status, text)
		require.Contains(t, text, `"message":"OK"`)
	}
	require.Len(t, c.got, 2)
	require.Equal(t, c.got[0].Entries, c.got[1].Entries)
	want, err := (&model.Metadata{CallUUID: "00U3MCI8QO8ER0B5A60AHG5AES000001", At: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Body: string(body)}).Record()
	require.NoError(t, err)
	require.Equal(t, want, c.got[0].Entries[0].Payload)

	c.err = fault.New(fault.Unavailable, "store", "redis is away")
	status, _ := post(t, c, "/v1/recording", string(body))
	require.Equal(t, http.StatusServiceUnavailable, status)
}

// ledger: E-EXCP-110, E-EXRP-017
func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		status int
		text   string
	}{
		"nothing":      {"", http.StatusNotFound, "40402"},
		"no call":      {`{"mediaFiles":[{"mediaId":"a"}]}`, http.StatusNotFound, "CallUUID not found"},
		"no JSON":      {"<xml/>", http.StatusBadRequest, "JSON"},
		"no name":      {`{"id":"U"}`, http.StatusBadRequest, "file name is missing"},
		"path":         {`{"id":"U","mediaFiles":[{"mediaId":"../../a"}]}`, http.StatusBadRequest, "file name"},
		"long name":    {`{"id":"U","mediaFiles":[{"mediaId":"` + strings.Repeat("a", 81) + `"}]}`, http.StatusBadRequest, "81 characters"},
		"one is bad":   {`[{"id":"U","mediaFiles":[{"mediaId":"a"}]},{"id":"U","mediaFiles":[{"mediaId":"b/c"}]}]`, http.StatusBadRequest, "file name"},
		"much too big": {`{"id":"` + strings.Repeat("a", mcp.MaxBody) + `"}`, http.StatusRequestEntityTooLarge, ""},
	} {
		t.Run(name, func(t *testing.T) {
			calls := &calls{}
			status, text := post(t, calls, "/v1/recording", c.body)
			require.Equal(t, c.status, status, text)
			require.Contains(t, text, c.text)
			require.Empty(t, calls.got)
		})
	}
}
