package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
	v1 "engage.connector/proto/agentstatesync/v1"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/api"
	"engage.connector/services/agent-state-sync/presence"
	"engage.connector/services/agent-state-sync/statemodel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start() time.Time { return time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC) }

// states is a model that a test changes.
type states struct {
	mu      sync.Mutex
	filters []statemodel.Filter
	from    time.Time
	to      time.Time
	agents  []statemodel.AgentView
	version int
	standby bool
	err     error
}

func (s *states) Agents(filter statemodel.Filter, since int) ([]statemodel.AgentView, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.filters = append(s.filters, filter)
	if since == s.version {
		return nil, s.version
	}
	return s.agents, s.version
}

func (s *states) set(state presence.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.agents = []statemodel.AgentView{{
		EmployeeID: "E1", UserID: "u1", State: state, Since: start(), Presence: statemodel.ValueView{Engage: "OnQueue", Org: "Busy", Open: 1, Why: adherence.Parked},
	}}
}

func (s *states) Gaps(from, to, _ time.Time) []adherence.Gap {
	s.from, s.to = from, to
	return []adherence.Gap{
		{Agent: "=cmd()", UserID: "u1", What: adherence.Presence, From: start(), To: start().Add(time.Minute), Shown: "OnQueue", True: "Break", Cause: adherence.OrgOutage},
		{Agent: "E2", What: adherence.RoutingStatus, From: start(), Shown: "Idle", True: "OffQueue", Cause: adherence.Parked},
	}
}

func (s *states) service() *api.Service {
	return api.New(api.Options{
		States:  func(context.Context) (api.States, error) { return s, s.err },
		Writing: func() bool { s.mu.Lock(); defer s.mu.Unlock(); return !s.standby },
		Logger:  slog.New(slog.DiscardHandler), Now: start,
	})
}

func get(t *testing.T, s *states, path string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	s.service().Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestAgentsAreChosen(t *testing.T) {
	s := &states{}
	s.set(presence.Ready)
	w := get(t, s, "/api/v1/agents?q=e1&state=Not-Ready")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, statemodel.Filter{Text: "e1", State: presence.NotReady}, s.filters[0])
	var answer struct{ Agents []map[string]any }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	require.Equal(t, "ready", answer.Agents[0]["state"])
	for path, hint := range map[string]string{"?state=asleep": "after-call work", "?q=" + strings.Repeat("x", 300): "longer"} {
		w := get(t, s, "/api/v1/agents"+path)
		require.Equal(t, http.StatusBadRequest, w.Code, path)
		require.Contains(t, w.Body.String(), hint)
	}
	s.err = fault.New(fault.Unavailable, "redis", "away")
	require.Equal(t, http.StatusServiceUnavailable, get(t, s, "/api/v1/agents").Code)
	require.Equal(t, http.StatusServiceUnavailable, get(t, s, "/api/v1/adherence-gaps").Code)
}

func TestTheReportIsJSONOrCSV(t *testing.T) {
	s := &states{}
	w := get(t, s, "/api/v1/adherence-gaps?from=2026-11-28&to=2026-11-28T12:00:00%2B01:00")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, start().Add(-10*time.Hour), s.from)
	require.Equal(t, start().Add(time.Hour), s.to)
	require.Contains(t, w.Body.String(), `"cause":"org_outage"`)
	w = get(t, s, "/api/v1/adherence-gaps?format=csv")
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, "agent,userId,what,from,to,shown,true,cause\n"+
		"'=cmd(),u1,presence,2026-11-28T10:00:00.000Z,2026-11-28T10:01:00.000Z,OnQueue,Break,org_outage\n"+
		"E2,,routing status,2026-11-28T10:00:00.000Z,,Idle,OffQueue,parked_event\n", w.Body.String())
	for _, bad := range []string{"?from=yesterday", "?to=1", "?format=xml", "?from=2026-11-28&to=2026-11-27"} {
		w := get(t, s, "/api/v1/adherence-gaps"+bad)
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
	}
}

func dial(t *testing.T, s *states) v1.AgentStateSyncServiceClient {
	t.Helper()
	h := hosttest.New(t, func(*host.Options) {})
	v1.RegisterAgentStateSyncServiceServer(h.GRPC(), s.service())
	require.NoError(t, h.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, h.Stop(context.WithoutCancel(t.Context()))) })
	conn, err := host.DialGRPC(h.GRPCAddr(), host.TLSFiles{}, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return v1.NewAgentStateSyncServiceClient(conn)
}

func TestTheSameOverGRPC(t *testing.T) {
	s := &states{}
	s.set(presence.NotReady)
	client := dial(t, s)
	list, err := client.ListAgents(t.Context(), &v1.ListAgentsRequest{Filter: &v1.AgentFilter{State: "not ready"}})
	require.NoError(t, err)
	require.Equal(t, "E1", list.GetAgents()[0].GetEmployeeId())
	require.Equal(t, "parked_event", list.GetAgents()[0].GetPresence().GetCause())
	_, err = client.ListAgents(t.Context(), &v1.ListAgentsRequest{Filter: &v1.AgentFilter{State: "x"}})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	gaps, err := client.ListAdherenceGaps(t.Context(), &v1.ListAdherenceGapsRequest{})
	require.NoError(t, err)
	require.Len(t, gaps.GetGaps(), 2)
	require.Nil(t, gaps.GetGaps()[1].GetToTime())
}

// A watch begins with everything that fits; what stops fitting is sent once more.
func TestAWatchHearsOfChanges(t *testing.T) {
	s := &states{}
	s.set(presence.Ready)
	client := dial(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream, err := client.WatchAgents(ctx, &v1.WatchAgentsRequest{Filter: &v1.AgentFilter{State: "ready"}})
	require.NoError(t, err)
	message, err := stream.Recv()
	require.NoError(t, err)
	require.True(t, message.GetSnapshotComplete())
	require.Len(t, message.GetAgents(), 1)
	s.set(presence.NotReady)
	message, err = stream.Recv()
	require.NoError(t, err)
	require.Equal(t, "not ready", message.GetAgents()[0].GetState())
	require.False(t, message.GetSnapshotComplete())
	s.set(presence.LoggedOff) // does not fit, and did not before
	s.set(presence.Ready)
	message, err = stream.Recv()
	require.NoError(t, err)
	require.Equal(t, "ready", message.GetAgents()[0].GetState())

	s.mu.Lock()
	s.standby = true
	s.mu.Unlock()
	_, err = stream.Recv()
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Equal(t, "watch the other instance", fault.Hint(err))
}
