package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/agent-state-sync/app"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	userID   = "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a10"
	sourceID = "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a11"
	onQueue  = "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a12"
)

// configSync knows one agent.
type configSync struct {
	configsyncv1.UnimplementedConfigSyncServiceServer
	org string
}

func (c *configSync) Watch(_ *configsyncv1.WatchRequest, stream grpc.ServerStreamingServer[configsyncv1.WatchResponse]) error {
	err := stream.Send(&configsyncv1.WatchResponse{SnapshotComplete: true, Upserted: []*configsyncv1.Mapping{
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: "301", CloudId: userID, Person: &configsyncv1.Person{EmployeeId: "E301", Agent: true, Active: true}},
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: "302", CloudId: "x", Person: &configsyncv1.Person{EmployeeId: "E302", Active: true}},
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_SOURCE, EngageId: "101", CloudId: sourceID},
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_PRESENCE, EngageId: "OnQueue", CloudId: onQueue},
	}})
	if err == nil {
		<-stream.Context().Done()
	}
	return err
}

func (c *configSync) GetOptions(context.Context, *configsyncv1.GetOptionsRequest) (*configsyncv1.GetOptionsResponse, error) {
	return &configsyncv1.GetOptionsResponse{Sections: []*configsyncv1.OptionSection{
		{Name: "general", Options: map[string]string{"base_service_url": c.org, "base_auth_url": c.org}},
		{Name: "agent_state_sync", Options: map[string]string{"client_id": "id", "client_secret": "hush"}},
	}}, nil
}

// outside is the edge and the org.
type outside struct {
	mu       sync.Mutex
	declared map[string]any
	posted   map[string][]string // path -> bodies

	http       *httptest.Server
	configAddr string
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{posted: map[string][]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/links/stat", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		_ = json.NewDecoder(r.Body).Decode(&o.declared)
		_, _ = io.WriteString(w, `{"link":"stat","state":"connected"}`)
	})
	mux.HandleFunc("GET /v1/links", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") })
	mux.HandleFunc("GET /v1/links/stat/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = fmt.Fprintln(w, `{"cursor":"01","receivedAt":"2026-11-20T10:00:00.2Z","server":{"name":"STAT_A","role":"primary","startTime":1},"message":"EventInfo","number":2,"time":"2026-11-20T10:00:00.1Z","attributes":{"statistic":"agent:E301:state","status":4,"since":"2026-11-20T10:00:00.1Z","loginId":"7001","place":"P1","dns":[]}}`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t","token_type":"bearer","expires_in":86399}`)
	})
	for _, path := range []string{"/api/v2/events/users/presence", "/api/v2/events/users/routingstatus"} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			o.mu.Lock()
			defer o.mu.Unlock()
			o.posted[path] = append(o.posted[path], string(body))
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"errors":[]}`)
		})
	}
	o.http = httptest.NewServer(mux)
	t.Cleanup(o.http.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	configsyncv1.RegisterConfigSyncServiceServer(server, &configSync{org: o.http.URL})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	o.configAddr = listener.Addr().String()
	return o
}

func (o *outside) bodies(path string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.posted[path]...)
}

func environment(o *outside, redis string) []string {
	return []string{
		"TENANT_ID=101", "TENANT_NAME=Resources", "REDIS_ADDR=" + redis, "CONFIG_SYNC_ADDR=" + o.configAddr,
		"ENGAGE_FEED_URL=" + o.http.URL, "ENGAGE_FEED_TOKEN=feed", "HTTP_ADDR=127.0.0.1:0", "GRPC_ADDR=127.0.0.1:0", "ALLOW_UNAUTHENTICATED=true",
		"STAT_SERVER_PRIMARY_HOST=stat1", "STAT_SERVER_PRIMARY_PORT=2060", "STAT_SERVER_BACKUP_HOST=stat2", "STAT_SERVER_BACKUP_PORT=2060",
	}
}

// ledger: E-EXAS-001, E-EXAS-002, E-EXAS-003, E-EXAS-004, E-EXAS-026, E-EXAS-027, E-EXAS-036
func TestAStatusOfStatServerReachesTheOrg(t *testing.T) {
	o := newOutside(t)
	config, err := app.Load(environment(o, storetest.StartServer(t).Addr()))
	require.NoError(t, err)
	service, err := app.New(app.Options{
		Tools: wire.Tools{Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now}, Config: config,
	})
	require.NoError(t, err)
	require.NoError(t, service.Start(t.Context()))
	defer func() { require.NoError(t, service.Stop(context.WithoutCancel(t.Context()))) }()

	require.Eventually(t, func() bool {
		return len(o.bodies("/api/v2/events/users/presence")) == 1 && len(o.bodies("/api/v2/events/users/routingstatus")) == 1
	}, 20*time.Second, 20*time.Millisecond)
	require.Contains(t, o.bodies("/api/v2/events/users/presence")[0], onQueue)
	require.Contains(t, o.bodies("/api/v2/events/users/presence")[0], `"userId":"`+userID+`"`)
	require.Contains(t, o.bodies("/api/v2/events/users/routingstatus")[0], `"Idle"`)
	require.Contains(t, o.bodies("/api/v2/events/users/routingstatus")[0], `"2026-11-20T10:00:00.100Z"`)

	o.mu.Lock()
	declared, err := json.Marshal(o.declared)
	o.mu.Unlock()
	require.NoError(t, err)
	require.JSONEq(t, `{"kind":"statserver","endpoints":["stat1:2060","stat2:2060"],"statistics":[
		{"id":"agent:E301:state","object":"E301","objectType":"Agent","tenant":"Resources","category":"CurrentState","subject":"DNStatus"},
		{"id":"agent:E301:reason","object":"E301","objectType":"Agent","tenant":"Resources","category":"CurrentStateReasons","subject":"DNAction"}]}`, string(declared))

	response, err := http.Get("http://" + service.HTTPAddr() + "/health")
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	for _, dependency := range []string{"redis", "config-sync", "engage-feed"} {
		require.Contains(t, string(body), dependency)
	}
}

// ledger: E-EXAS-028, E-EXAS-029, E-EXAS-030, E-EXAS-031, E-EXAS-032, E-EXAS-035
func TestAllFaultsOfTheConfigurationAreReportedAtOnce(t *testing.T) {
	_, err := app.Load([]string{"STAT_SERVER_BACKUP_HOST=b", "STAT_SERVER_BACKUP_PORT=high", "REORDER_WINDOW=1h", "ENGAGE_FEED_URL=edge", "LOG_LEVEL=loud"})
	for _, name := range []string{
		"TENANT_ID", "REDIS_ADDR", "CONFIG_SYNC_ADDR", "STAT_SERVER_PRIMARY_HOST", "STAT_SERVER_PRIMARY_PORT", "STAT_SERVER_BACKUP_PORT",
		"REORDER_WINDOW", "ENGAGE_FEED_URL", "LOG_LEVEL",
	} {
		require.ErrorContains(t, err, name)
	}
	config, err := app.Load(environment(&outside{http: &httptest.Server{URL: "http://edge"}, configAddr: "config:1"}, "redis:6379"))
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(config.HTTPAddr, ":0"))
	require.Equal(t, ":3630", app.DefaultHTTPAddr)
}
