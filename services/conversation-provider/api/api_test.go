package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
	"engage.connector/pkg/packed"
	v1 "engage.connector/proto/conversationprovider/v1"
	"engage.connector/services/conversation-provider/api"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk answers everything the service asks.
type desk struct {
	writing bool
	err     error
	limits  []int
	asked   []string
}

func (d *desk) Lookup(uuid string) (model.Trace, bool, error) {
	d.asked = append(d.asked, uuid)
	return model.Trace{Interaction: json.RawMessage(`{"uuid":"from the model"}`)}, uuid == "U", d.err
}

func (d *desk) Kept(limit int) []model.Record {
	d.limits = append(d.limits, limit)
	return []model.Record{{ID: "R", Reason: "call unknown"}}
}

func (d *desk) LoadStateKeys(_ context.Context, keys ...string) (map[string][]byte, error) {
	d.asked = append(d.asked, keys...)
	over := &conversation.Conversation{Stage: conversation.StageOver}
	state := map[string]packed.Message{
		"s/U": &model.Interaction{UUID: "U", Conversation: over, Recordings: []string{"R"}},
		"r/R": &model.Record{ID: "R", State: model.RecordingSubmitted},
	}
	found := map[string][]byte{}
	for _, key := range keys {
		if value, ok := state[key]; ok {
			data, err := packed.Encode(value)
			found[key], d.err = data, errors.Join(d.err, err)
		}
	}
	return found, d.err
}

func (d *desk) service() *api.Service {
	return api.New(api.Options{Calls: d, State: d, Writing: func() bool { return d.writing }, Logger: slog.New(slog.DiscardHandler)})
}

func get(t *testing.T, d *desk, path string) (int, string) {
	t.Helper()
	mux := http.NewServeMux()
	d.service().Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestInteractionComesFromTheModelOrTheStore(t *testing.T) {
	status, text := get(t, &desk{writing: true}, "/api/v1/interactions/U")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "from the model")
	standby := &desk{}
	status, text = get(t, standby, "/api/v1/interactions/U")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `"over"`)
	require.Contains(t, text, "submitted")
	for _, key := range standby.asked {
		require.Contains(t, []string{"c/U", "s/U", "r/R"}, key, "nothing else of the state is read")
	}
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
	status, _ = get(t, d, "/api/v1/recordings")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []int{1000, 100}, d.limits)
	status, _ = get(t, &desk{}, "/api/v1/recordings")
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = get(t, d, "/api/v1/recordings?limit=x")
	require.Equal(t, http.StatusBadRequest, status)
}

// malformed are texts that are no CallUUID; nobody is asked for them.
func malformed() []string {
	return []string{strings.Repeat("A", 65), "../etc/passwd", "a b", "a/b", "c*", "\x00", "ü", "{101}:x", "a\r\nSET"}
}

func TestWhatIsNoCallUUIDIsRefusedBeforeAnybodyLooks(t *testing.T) {
	for _, writing := range []bool{true, false} {
		d := &desk{writing: writing}
		for _, uuid := range malformed() {
			status, text := get(t, d, "/api/v1/interactions/"+url.PathEscape(uuid))
			require.Equal(t, http.StatusBadRequest, status, uuid)
			require.Contains(t, text, "64 letters", uuid)
			_, err := d.service().GetInteraction(t.Context(), &v1.GetInteractionRequest{CallUuid: uuid})
			require.Equal(t, fault.Invalid, fault.CodeOf(err), uuid)
		}
		_, err := d.service().GetInteraction(t.Context(), &v1.GetInteractionRequest{})
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.Empty(t, d.asked)
		_, err = d.service().GetInteraction(t.Context(), &v1.GetInteractionRequest{CallUuid: strings.Repeat("A", 64)})
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
	}
}

// dial starts a real server and connects to it.
func dial(t *testing.T, d *desk) v1.ConversationProviderServiceClient {
	t.Helper()
	h := hosttest.New(t, func(*host.Options) {})
	v1.RegisterConversationProviderServiceServer(h.GRPC(), d.service())
	require.NoError(t, h.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, h.Stop(context.WithoutCancel(t.Context()))) })
	conn, err := host.DialGRPC(h.GRPCAddr(), host.TLSFiles{}, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return v1.NewConversationProviderServiceClient(conn)
}

func TestErrorsTravelWithTheirHint(t *testing.T) {
	d := &desk{writing: true}
	client := dial(t, d)
	ask := func(uuid string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := client.GetInteraction(ctx, &v1.GetInteractionRequest{CallUuid: uuid})
		return err
	}
	require.NoError(t, ask("U"))
	err := ask("other")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Contains(t, fault.Hint(err), "24 hours")
	err = ask("no such thing")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.Contains(t, fault.Hint(err), "64 letters")
}

func TestKeptRecordingsAreListedOverGRPC(t *testing.T) {
	d := &desk{writing: true}
	answer, err := d.service().ListKeptRecordings(t.Context(), &v1.ListKeptRecordingsRequest{Limit: 5000})
	require.NoError(t, err)
	require.Equal(t, "call unknown", answer.GetRecordings()[0].GetReason())
	_, err = d.service().ListKeptRecordings(t.Context(), &v1.ListKeptRecordingsRequest{})
	require.NoError(t, err)
	require.Equal(t, []int{1000, 100}, d.limits)
	_, err = d.service().ListKeptRecordings(t.Context(), &v1.ListKeptRecordingsRequest{Limit: -1})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	_, err = (&desk{}).service().ListKeptRecordings(t.Context(), &v1.ListKeptRecordingsRequest{})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Equal(t, "ask the other instance", fault.Hint(err))
}

func TestATraceThatCannotBeReadIsOurFault(t *testing.T) {
	broken := brokenState{}
	service := api.New(api.Options{Calls: &desk{}, State: broken, Writing: func() bool { return false }, Logger: slog.New(slog.DiscardHandler)})
	_, err := service.GetInteraction(t.Context(), &v1.GetInteractionRequest{CallUuid: "U"})
	require.Equal(t, fault.Internal, fault.CodeOf(err))
}

// brokenState holds what nobody wrote.
type brokenState struct{}

func (brokenState) LoadStateKeys(_ context.Context, keys ...string) (map[string][]byte, error) {
	return map[string][]byte{keys[0]: []byte("[")}, nil
}
