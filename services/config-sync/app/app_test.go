package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/host"
	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/app"
	"engage.connector/services/config-sync/internal/orgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is an Engage Config DB, an organization and a Redis.
type site struct {
	org    *orgtest.Org
	orgURL string
	db     *sql.DB
	redis  *storetest.Redis
	env    map[string]string
	next   int // DBID of annex rows
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{org: orgtest.New(), redis: storetest.StartServer(t), next: 20_000}
	s.orgURL = s.org.Server(t).URL
	path := filepath.Join(t.TempDir(), "config.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s.db = db
	for _, file := range []string{"schema.sql", "seed.sql"} {
		text, err := os.ReadFile(filepath.Join("..", "configdb", "testdata", file))
		require.NoError(t, err)
		s.exec(t, string(text))
	}
	s.option(t, "general", map[string]string{"organization_id": "org-1", "base_service_url": s.orgURL, "base_auth_url": s.orgURL})
	s.option(t, "config_sync", map[string]string{"client_id": orgtest.ClientID, "client_secret": orgtest.ClientSecret})
	s.env = map[string]string{
		"TENANT_ID": "101", "TENANT_NAME": "Resources", "HTTP_ADDR": "127.0.0.1:0", "GRPC_ADDR": "127.0.0.1:0", "GRPC_TOKEN": "shared", "ALLOW_UNAUTHENTICATED": "true",
		"REDIS_ADDR": s.redis.Addr(), "CONFIG_DB_TYPE": "sqlite", "CONFIG_DB_NAME": path, "POLL_INTERVAL": "1s",
		"GENESYS_CLOUD_REQUESTS_PER_MINUTE": "600000",
	}
	return s
}

func (s *site) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	_, err := s.db.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err)
}

// option writes a section of hybrid_integration anew.
func (s *site) option(t *testing.T, section string, values map[string]string) {
	t.Helper()
	s.exec(t, "DELETE FROM cfg_flex_prop WHERE object_type = 16 AND object_dbid = 801 AND (prop_name = ?1 OR parent_dbid IN (SELECT dbid FROM cfg_flex_prop WHERE prop_name = ?1))", section)
	s.next++
	parent := s.next
	s.exec(t, "INSERT INTO cfg_flex_prop(dbid,object_dbid,object_type,parent_dbid,prop_name,part) VALUES (?1,801,16,0,?2,1)", parent, section)
	for name, value := range values {
		s.next++
		s.exec(t, "INSERT INTO cfg_flex_prop(dbid,object_dbid,object_type,parent_dbid,prop_name,prop_value,part) VALUES (?1,801,16,?2,?3,?4,1)", s.next, parent, name, value)
	}
}

func (s *site) environ() []string {
	var out []string
	for name, value := range s.env {
		out = append(out, name+"="+value)
	}
	return out
}

// service is a running instance.
type service struct {
	*app.App
	log  *lockedBuffer
	stop func()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (s *site) start(t *testing.T) *service {
	t.Helper()
	config, err := app.Load(s.environ())
	require.NoError(t, err)
	log := &lockedBuffer{}
	a, err := app.New(app.Options{Config: config, Tools: wire.Tools{
		Logger: slog.New(slog.NewJSONHandler(log, nil)), Registry: prometheus.NewRegistry(), Now: time.Now,
	}})
	require.NoError(t, err)
	require.NoError(t, a.Start(t.Context()))
	running := &service{App: a, log: log}
	running.stop = sync.OnceFunc(func() { require.NoError(t, a.Stop(context.Background())) })
	t.Cleanup(running.stop)
	return running
}

func (s *service) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return s.call(t, http.MethodGet, path, "")
}

// call makes a request with a bearer token.
func (s *service) call(t *testing.T, method, path, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.HTTPAddr()+path, http.NoBody)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// eventually waits for real processes: Redis, the database and the service's own loop.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 30*time.Second, 20*time.Millisecond, what)
}

func (s *service) status(t *testing.T) string {
	t.Helper()
	_, body := s.get(t, "/status")
	var page struct {
		Data struct{ SyncStatus struct{ Status string } }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &page), body)
	return page.Data.SyncStatus.Status
}

func (s *service) waitForSuccess(t *testing.T) {
	t.Helper()
	eventually(t, func() bool { return s.status(t) == "Success" }, "synchronised")
}

// A whole center arrives in the organization, and the other services can ask for it.
//
// ledger: E-EXCS-101
// ledger: E-EXCS-102
// ledger: E-EXCS-119
// ledger: E-EXCS-121
// ledger: E-EXCS-122
func TestServiceSynchronisesAndAnswers(t *testing.T) {
	s := newSite(t)
	service := s.start(t)
	service.waitForSuccess(t)
	require.Equal(t, orgtest.State{
		Users: map[string]string{
			"ann@x.example": "Ann Lee|301_alee|true|[Supervisor User employee]|[Spanish=5.0]|Home",
			"bob@x.example": "Bob Ray|302_bob@x.example|true|[User employee]|[Spanish=2.0]|Home",
		},
		Queues: map[string]string{
			"VQ_Sales_Leads__SIP_Switch__Engage-external": "Engage Reference: Resources-SIP_Switch-VQ_Sales_Leads;|201|[ann@x.example]|[Resolved]",
		},
		Skills: []string{"Spanish"}, Codes: []string{"Resolved"}, Source: "Engage Connector 101 default=true",
	}, s.org.State())

	code, body := service.get(t, "/api/v1/mappings/users/301")
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, body, s.org.UserID("ann@x.example"))
	code, body = service.get(t, "/api/v1/mappings/extensions/202")
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, body, `"number":"8001"`)
	_, body = service.get(t, "/status")
	require.Contains(t, body, "Latest database updates for orgId:org-1 have been successfully processed on ")
	eventually(t, func() bool {
		code, body := service.get(t, "/health")
		return code == http.StatusOK && strings.Count(body, `"status":"ok"`) == 4
	}, "configdb, redis and genesys-cloud are well")
	code, body = service.get(t, "/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `engage_connector_config_sync_operations_total{action="create",result="ok"} 5`)

	conn, err := host.DialGRPC(service.GRPCAddr(), host.TLSFiles{}, "shared")
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	stream, err := configsyncv1.NewConfigSyncServiceClient(conn).Watch(t.Context(), &configsyncv1.WatchRequest{
		Kinds: []configsyncv1.MappingKind{configsyncv1.MappingKind_MAPPING_KIND_USER},
	})
	require.NoError(t, err)
	snapshot, err := stream.Recv()
	require.NoError(t, err)
	require.Len(t, snapshot.GetUpserted(), 2)
	_, err = stream.Recv()
	require.NoError(t, err)

	// A person that is new in Engage reaches the watchers.
	s.exec(t, "INSERT INTO cfg_person(dbid,tenant_dbid,user_name,is_agent,state) VALUES (310,101,'new@x.example',2,1)")
	change, err := stream.Recv()
	require.NoError(t, err)
	require.Equal(t, "new@x.example", change.GetUpserted()[0].GetCloudName())
	require.NotContains(t, service.log.String(), orgtest.ClientSecret)
}

// After an end at any moment the next instance goes on without doubling anything.
func TestRestartGoesOnWithoutWrites(t *testing.T) {
	s := newSite(t)
	first := s.start(t)
	first.waitForSuccess(t)
	first.stop()
	state, writes := s.org.State(), s.org.Writes()

	second := s.start(t)
	eventually(t, func() bool { return strings.Contains(second.log.String(), "this instance leads") }, "leads")
	eventually(t, func() bool {
		_, body := second.get(t, "/metrics")
		return strings.Contains(body, `engage_connector_config_sync_runs_total{result="success"} 2`)
	}, "two synchronisations")
	require.Equal(t, writes, s.org.Writes(), "%s", s.org.Log())
	require.Equal(t, state, s.org.State())
}

// Nothing that the service needs has to be there at its start; /health names what is missing.
func TestServiceStartsWithoutItsDependencies(t *testing.T) {
	s := newSite(t)
	db := s.env["CONFIG_DB_NAME"]
	s.env["CONFIG_DB_NAME"] = filepath.Join(filepath.Dir(db), "missing.db")
	s.redis.Kill()
	service := s.start(t)
	eventually(t, func() bool {
		code, body := service.get(t, "/health")
		return code == http.StatusOK && strings.Count(body, `"status":"failing"`) == 3 && strings.Contains(body, `"status":"degraded"`)
	}, "all three are missing")

	require.NoError(t, os.Rename(db, s.env["CONFIG_DB_NAME"]))
	s.redis.Restart()
	service.waitForSuccess(t)
	require.Len(t, s.org.State().Users, 2)
}

func TestEnvironmentOverridesTheTransaction(t *testing.T) {
	s := newSite(t)
	s.option(t, "config_sync", map[string]string{"client_id": "wrong", "client_secret": "wrong"})
	s.option(t, "general", nil)
	s.env["GENESYS_CLOUD_API_URL"], s.env["GENESYS_CLOUD_AUTH_URL"] = s.orgURL, s.orgURL
	s.env["GENESYS_CLOUD_CLIENT_ID"], s.env["GENESYS_CLOUD_CLIENT_SECRET"] = orgtest.ClientID, orgtest.ClientSecret
	s.start(t).waitForSuccess(t)
}

func TestMissingCredentialsAreNamedAndTakenUpWhenSet(t *testing.T) {
	s := newSite(t)
	s.option(t, "config_sync", map[string]string{"client_id": orgtest.ClientID})
	service := s.start(t)
	eventually(t, func() bool { return service.status(t) == "Failed" }, "failed")
	_, body := service.get(t, "/status")
	require.Contains(t, body, "config_sync/client_secret")
	s.option(t, "config_sync", map[string]string{"client_id": orgtest.ClientID, "client_secret": orgtest.ClientSecret})
	service.waitForSuccess(t)
}

func TestRunEndsWithItsContext(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	stdout := &lockedBuffer{}
	done := make(chan int, 1)
	go func() { done <- app.Program().Run(ctx, s.environ(), stdout, io.Discard) }()
	eventually(t, func() bool { return strings.Contains(stdout.String(), `"msg":"listening"`) }, "listens")
	cancel()
	require.Equal(t, host.ExitOK, <-done)
}

// The guide's variables without their prefix, all faults at once.
//
// ledger: E-EXCS-105
// ledger: E-EXCS-106
// ledger: E-EXCS-107
// ledger: E-EXCS-108
// ledger: E-EXCS-109
// ledger: E-EXCS-111
// ledger: E-EXCS-113
// ledger: E-EXCS-114
// ledger: E-EXCS-118
func TestConfiguration(t *testing.T) {
	minimal := []string{"TENANT_ID=101", "REDIS_ADDR=127.0.0.1:6379", "CONFIG_DB_HOST=db.example", "CONFIG_DB_NAME=config", "CONFIG_DB_USER=reader"}
	config, err := app.Load(minimal)
	require.NoError(t, err)
	require.Equal(t, ":3640", config.HTTPAddr)
	require.Equal(t, ":3641", config.GRPCAddr)
	require.Equal(t, "postgresql", config.DBType)
	require.Equal(t, 5432, config.DBPort)
	require.Equal(t, time.Minute, config.PollInterval)
	require.Equal(t, 15*time.Minute, config.DriftInterval)
	require.Equal(t, 20, config.MaxRemovalPercent)
	require.Equal(t, "-Engage-external", config.QueueSuffix)
	require.False(t, config.CustomerObjectsOnly)

	tests := map[string]string{
		"TENANT_ID=Resources":                  "TENANT_ID",
		"CONFIG_DB_TYPE=db2":                   "CONFIG_DB_TYPE",
		"CONFIG_DB_PORT=70000":                 "CONFIG_DB_PORT",
		"CONFIG_DB_SSL=maybe":                  "CONFIG_DB_SSL",
		"CONFIG_DB_HOST=":                      "CONFIG_DB_HOST",
		"CONFIG_DB_USER=":                      "CONFIG_DB_USER",
		"CONFIG_DB_NAME=":                      "CONFIG_DB_NAME",
		"POLL_INTERVAL=1ms":                    "POLL_INTERVAL",
		"DRIFT_INTERVAL=1s":                    "DRIFT_INTERVAL",
		"SYNC_MAX_REMOVAL_PERCENT=101":         "SYNC_MAX_REMOVAL_PERCENT",
		"SYNC_CUSTOMER_OBJECTS_ONLY=true":      "SYNC_CUSTOMER_FOLDER_NAME",
		"SYNC_QUEUE_DN_TYPES=virtual_queue,vq": "SYNC_QUEUE_DN_TYPES",
		"GENESYS_CLOUD_API_URL=api.example":    "GENESYS_CLOUD_API_URL",
		"GENESYS_CLOUD_REQUESTS_PER_MINUTE=0":  "GENESYS_CLOUD_REQUESTS_PER_MINUTE",
	}
	for setting, variable := range tests {
		t.Run(setting, func(t *testing.T) {
			_, err := app.Load(append(minimal, setting))
			var faults *host.ConfigError
			require.ErrorAs(t, err, &faults)
			require.Contains(t, fmt.Sprint(err), variable)
		})
	}
	_, err = app.Load(append(minimal, "SYNC_CUSTOMER_OBJECTS_ONLY=true", "SYNC_CUSTOMER_FOLDER_NAME=A, B", "SYNC_QUEUE_DN_TYPES=virtual_queue,routing_point"))
	require.NoError(t, err)
}
