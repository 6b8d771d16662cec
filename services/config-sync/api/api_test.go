package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/api"
	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeSync is a synchronisation whose state the test sets.
type fakeSync struct {
	status  syncer.Status
	options configmodel.Options
	preview syncer.Preview
	waiting plan.Plan // what an approval is asked for
	err     error
}

func (f *fakeSync) Approve(_ context.Context, planID string, _ bool) (plan.Plan, error) {
	if planID != f.waiting.ID {
		return plan.Plan{}, fault.Newf(fault.Conflict, "test", "plan %q is not the one that waits", planID)
	}
	return f.waiting, nil
}

func (f *fakeSync) Preview(context.Context, bool) (syncer.Preview, error) { return f.preview, f.err }

func (f *fakeSync) Status() syncer.Status { return f.status }

func (f *fakeSync) HybridIntegration() (configmodel.Options, bool) {
	return f.options, f.options != nil
}

// server is the API behind a real host.
type server struct {
	catalog *catalog.Catalog
	sync    *fakeSync
	log     *lines
	http    string
	grpc    string
}

func start(t *testing.T, change func(*host.Options)) *server {
	t.Helper()
	s := &server{catalog: catalog.New(), sync: &fakeSync{}, log: &lines{}}
	var token string
	h := hosttest.New(t, func(o *host.Options) {
		change(o)
		token = o.Token
	})
	service := api.New(api.Options{Catalog: s.catalog, Sync: s.sync, TokenRequired: token != "", Logger: slog.New(slog.NewTextHandler(s.log, nil))})
	configsyncv1.RegisterConfigSyncServiceServer(h.GRPC(), service)
	service.Register(h.Mux())
	h.Status(service.StatusBody)
	require.NoError(t, h.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, h.Stop(context.Background())) })
	s.http, s.grpc = "http://"+h.HTTPAddr(), h.GRPCAddr()
	return s
}

func plain(*host.Options) {}

func (s *server) dial(t *testing.T, tls host.TLSFiles, token string) configsyncv1.ConfigSyncServiceClient {
	t.Helper()
	conn, err := host.DialGRPC(s.grpc, tls, token)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return configsyncv1.NewConfigSyncServiceClient(conn)
}

func mapping(kind configsyncv1.MappingKind, id, cloud string) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{Kind: kind, EngageId: id, CloudId: cloud, EngageName: "n" + id}
}

const (
	userKind  = configsyncv1.MappingKind_MAPPING_KIND_USER
	queueKind = configsyncv1.MappingKind_MAPPING_KIND_QUEUE
	dnKind    = configsyncv1.MappingKind_MAPPING_KIND_DN
)

func TestResolveAnswersWhatExists(t *testing.T) {
	s := start(t, plain)
	client := s.dial(t, host.TLSFiles{}, "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := client.Resolve(ctx, &configsyncv1.ResolveRequest{})
	require.Contains(t, []fault.Code{fault.Unavailable, fault.Timeout}, fault.CodeOf(err), "nothing is known before the first synchronisation")

	s.catalog.Replace([]*configsyncv1.Mapping{mapping(userKind, "1", "u1"), mapping(queueKind, "1", "q1")})
	resp, err := client.Resolve(t.Context(), &configsyncv1.ResolveRequest{Keys: []*configsyncv1.MappingKey{
		{Kind: queueKind, EngageId: "1"}, {Kind: userKind, EngageId: "2"},
	}})
	require.NoError(t, err)
	require.Len(t, resp.GetMappings(), 1)
	require.Equal(t, "q1", resp.GetMappings()[0].GetCloudId())

	_, err = client.Resolve(t.Context(), &configsyncv1.ResolveRequest{Keys: make([]*configsyncv1.MappingKey, 10_001)})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

func TestWatchSendsTheSnapshotAndThenChanges(t *testing.T) {
	s := start(t, plain)
	var all []*configsyncv1.Mapping
	for i := range 2500 {
		all = append(all, mapping(userKind, fmt.Sprint(i), "u"))
	}
	s.catalog.Replace(all)
	stream, err := s.dial(t, host.TLSFiles{}, "").Watch(t.Context(), &configsyncv1.WatchRequest{})
	require.NoError(t, err)
	held := 0
	for {
		message, err := stream.Recv()
		require.NoError(t, err)
		require.LessOrEqual(t, len(message.GetUpserted()), 1000)
		held += len(message.GetUpserted())
		if message.GetSnapshotComplete() {
			break
		}
	}
	require.Equal(t, 2500, held)

	s.catalog.Replace(append(all[1:], mapping(userKind, "new", "u")))
	up := recv(t, stream)
	require.Equal(t, "new", up.GetUpserted()[0].GetEngageId())
	down := recv(t, stream)
	require.Equal(t, "0", down.GetRemoved()[0].GetEngageId())
}

func recv(t *testing.T, stream grpc.ServerStreamingClient[configsyncv1.WatchResponse]) *configsyncv1.WatchResponse {
	t.Helper()
	message, err := stream.Recv()
	require.NoError(t, err)
	return message
}

func TestWatchIsUnavailableBeforeTheFirstSynchronisation(t *testing.T) {
	s := start(t, plain)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	stream, err := s.dial(t, host.TLSFiles{}, "").Watch(ctx, &configsyncv1.WatchRequest{})
	require.NoError(t, err)
	_, err = stream.Recv()
	require.Contains(t, []fault.Code{fault.Unavailable, fault.Timeout}, fault.CodeOf(err))
}

// lines is a log that may be written and read at the same time.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Every service asks until there is a mapping: that is said once, by the API and not by the server.
func TestComingTooEarlyIsLoggedOnce(t *testing.T) {
	server := &lines{}
	s := start(t, func(o *host.Options) { o.Logger = slog.New(slog.NewTextHandler(server, nil)) })
	client := s.dial(t, host.TLSFiles{}, "")
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := client.Resolve(ctx, &configsyncv1.ResolveRequest{})
		cancel()
		require.Contains(t, []fault.Code{fault.Unavailable, fault.Timeout}, fault.CodeOf(err))
		var body map[string]any
		require.Equal(t, http.StatusServiceUnavailable, get(t, s.http+"/api/v1/mappings/users/1", &body))
	}
	require.Equal(t, 1, strings.Count(s.log.String(), "first synchronisation has not ended yet"))
	require.NotContains(t, server.String(), "first synchronisation has not ended yet")
	s.catalog.Replace(nil)
	var body map[string]any
	require.Equal(t, http.StatusNotFound, get(t, s.http+"/api/v1/mappings/users/1", &body))
}

var transaction = configmodel.Options{
	"general":     {"base_service_url": "https://api.example"},
	"config_sync": {"client_id": "id-1", "client_secret": "top-secret"},
	"recording-uploader.exec.transientStorage": {"username": "webdav", "password": "top-secret", "url": "http://x"},
	"gir": {"gir_user": "u", "gir_password": "top-secret"},
}

func options(t *testing.T, client configsyncv1.ConfigSyncServiceClient, sections ...string) map[string]map[string]string {
	t.Helper()
	resp, err := client.GetOptions(t.Context(), &configsyncv1.GetOptionsRequest{Sections: sections})
	require.NoError(t, err)
	got := map[string]map[string]string{}
	for _, section := range resp.GetSections() {
		got[section.GetName()] = section.GetOptions()
	}
	return got
}

func TestSecretsLeaveOnlyToAuthenticatedCallers(t *testing.T) {
	t.Run("a stranger gets none", func(t *testing.T) {
		s := start(t, plain)
		s.sync.options = transaction
		require.Equal(t, map[string]map[string]string{
			"general": {"base_service_url": "https://api.example"}, "config_sync": {"client_id": "id-1"},
			"recording-uploader.exec.transientStorage": {"username": "webdav", "url": "http://x"}, "gir": {"gir_user": "u"},
		}, options(t, s.dial(t, host.TLSFiles{}, "")))
		require.Contains(t, s.log.String(), "config_sync/client_secret")
		require.Contains(t, s.log.String(), "gir/gir_password")
		require.NotContains(t, s.log.String(), "top-secret")
	})
	t.Run("with the token", func(t *testing.T) {
		s := start(t, func(o *host.Options) { o.Token = "shared" })
		s.sync.options = transaction
		got := options(t, s.dial(t, host.TLSFiles{}, "shared"), "config_sync", "absent")
		require.Equal(t, map[string]map[string]string{"config_sync": transaction["config_sync"]}, got)
		_, err := s.dial(t, host.TLSFiles{}, "wrong").GetOptions(t.Context(), &configsyncv1.GetOptionsRequest{})
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
		require.NotContains(t, s.log.String(), "withheld")
	})
	t.Run("with a certificate", func(t *testing.T) {
		authority := hosttest.NewAuthority(t)
		tls := authority.Issue(t, "caller")
		s := start(t, func(o *host.Options) { o.TLS = authority.Issue(t, "config-sync") })
		s.sync.options = transaction
		require.Equal(t, "top-secret", options(t, s.dial(t, tls, ""), "config_sync")["config_sync"]["client_secret"])
	})
	t.Run("before the Config DB was read", func(t *testing.T) {
		s := start(t, plain)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.dial(t, host.TLSFiles{}, "").GetOptions(ctx, &configsyncv1.GetOptionsRequest{})
		require.Contains(t, []fault.Code{fault.Unavailable, fault.Timeout}, fault.CodeOf(err))
	})
}

func TestSecretOptionNames(t *testing.T) {
	for _, name := range []string{"client_secret", "password", "gir_password", "Client_Secret", "api_token"} {
		require.True(t, api.Secret(name), name)
	}
	for _, name := range []string{"client_id", "username", "base_service_url"} {
		require.False(t, api.Secret(name), name)
	}
}

var at = time.Date(2023, 7, 11, 10, 23, 8, 62_000_000, time.UTC)

func TestThePlanIsServedOverGRPCToo(t *testing.T) {
	s := start(t, plain)
	client := s.dial(t, host.TLSFiles{}, "")
	s.sync.preview = syncer.Preview{Plan: plan.Plan{Operations: make([]plan.Operation, 3)}, Refused: "too many removals"}
	got, err := client.GetPlan(t.Context(), &configsyncv1.GetPlanRequest{})
	require.NoError(t, err)
	require.EqualValues(t, 3, got.GetOperations())
	require.Equal(t, "too many removals", got.GetRefused())
	require.JSONEq(t, got.GetDocumentJson(), string(marshal(t, s.sync.preview)))

	s.sync.err = fault.New(fault.Unavailable, "configdb", "away")
	_, err = client.GetPlan(t.Context(), &configsyncv1.GetPlanRequest{})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

// Over gRPC a plan is approved as over HTTP: the one that waits, and no other.
func TestPlanIsApprovedOverGRPC(t *testing.T) {
	s := start(t, plain)
	client := s.dial(t, host.TLSFiles{}, "")
	s.sync.waiting = plan.Plan{ID: "abc", Held: make([]plan.Operation, 2), Excess: []plan.Excess{{Loss: plan.LoseUsers, Lost: 2, Of: 3}}}
	_, err := client.ApprovePlan(t.Context(), &configsyncv1.ApprovePlanRequest{PlanId: "other"})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	got, err := client.ApprovePlan(t.Context(), &configsyncv1.ApprovePlanRequest{PlanId: "abc"})
	require.NoError(t, err)
	require.Equal(t, "abc", got.GetPlanId())
	require.EqualValues(t, 2, got.GetOperations())
	require.Contains(t, got.GetLosses(), "2 of 3 users")
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	body, err := json.Marshal(v)
	require.NoError(t, err)
	return body
}

func TestSyncStatus(t *testing.T) {
	s := start(t, plain)
	client := s.dial(t, host.TLSFiles{}, "")
	got, err := client.GetSyncStatus(t.Context(), &configsyncv1.GetSyncStatusRequest{})
	require.NoError(t, err)
	require.Nil(t, got.GetLastSuccess())

	s.sync.status = syncer.Status{State: syncer.StateFailed, LastSuccess: at, Reason: "no database"}
	got, err = client.GetSyncStatus(t.Context(), &configsyncv1.GetSyncStatusRequest{})
	require.NoError(t, err)
	require.Equal(t, at, got.GetLastSuccess().AsTime())
	require.Equal(t, configsyncv1.SyncState_SYNC_STATE_FAILED, got.GetState())
	require.Equal(t, "no database", got.GetReason())
}

func get(t *testing.T, url string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, into), "%s", body)
	http.DefaultClient.CloseIdleConnections()
	return resp.StatusCode
}

// statusPage is the form of the guide's sample.
type statusPage struct {
	Status struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		CorrID  string `json:"corrId"`
	} `json:"status"`
	Data struct {
		SyncStatus struct {
			TimeStamp string `json:"timeStamp"`
			Status    string `json:"status"`
			Reason    string `json:"reason"`
		} `json:"syncStatus"`
	} `json:"data"`
}

// ledger: E-EXCS-121
// ledger: E-EXCS-122
// ledger: E-EXCS-123
// ledger: E-EXCS-124
// ledger: E-EXCS-125
func TestStatusPageIsTheGuides(t *testing.T) {
	s := start(t, plain)
	s.sync.options = configmodel.Options{"general": {"organization_id": "6662cb10-0d4d-4710-b979-db69011e66fd"}}
	s.sync.status = syncer.Status{State: syncer.StateSuccess, At: at, LastSuccess: at, LastComplete: at}
	var page statusPage
	require.Equal(t, http.StatusOK, get(t, s.http+"/status", &page))
	require.Zero(t, page.Status.Code)
	require.Equal(t, "Latest database updates for orgId:6662cb10-0d4d-4710-b979-db69011e66fd have been successfully processed on 2023-07-11T10:23:08.062Z", page.Status.Message)
	require.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, page.Status.CorrID)
	require.Equal(t, "2023-07-11T10:23:08.062Z", page.Data.SyncStatus.TimeStamp)
	require.Equal(t, "Success", page.Data.SyncStatus.Status)

	s.sync.status.Executed, s.sync.status.Skipped = 12, 3
	var exact map[string]map[string]any
	require.Equal(t, http.StatusOK, get(t, s.http+"/status", &exact))
	require.Equal(t, map[string]any{"syncStatus": map[string]any{"timeStamp": "2023-07-11T10:23:08.062Z", "status": "Success"}}, exact["data"])
	require.Len(t, exact, 2)
	require.ElementsMatch(t, []string{"code", "message", "corrId"}, slices.Collect(maps.Keys(exact["status"])))

	for state, want := range map[syncer.State]string{
		syncer.StateNone: "NotStarted", syncer.StateInProgress: "InProgress", syncer.StateFailed: "Failed",
	} {
		s.sync.status = syncer.Status{State: state, At: at, Reason: "why"}
		require.Equal(t, http.StatusOK, get(t, s.http+"/status", &page))
		require.NotZero(t, page.Status.Code)
		require.Equal(t, want, page.Data.SyncStatus.Status)
	}
}

func TestMappingsOverHTTP(t *testing.T) {
	s := start(t, plain)
	var answer struct {
		Status struct{ Code int }
		Data   api.Mapping
	}
	require.Equal(t, http.StatusServiceUnavailable, get(t, s.http+"/api/v1/mappings/users/1", &answer))
	user := mapping(userKind, "301", "u1")
	user.Person = &configsyncv1.Person{EmployeeId: "E1", Agent: true, Active: true, Logins: []*configsyncv1.AgentLogin{{SwitchName: "S", LoginCode: "7301"}}}
	extension := mapping(dnKind, "211", "")
	extension.Dn = &configsyncv1.Dn{SwitchName: "S", Number: "8001", Alias: "8001_SIP", Type: configsyncv1.DnType_DN_TYPE_EXTENSION}
	s.catalog.Replace([]*configsyncv1.Mapping{user, extension})

	require.Equal(t, http.StatusOK, get(t, s.http+"/api/v1/mappings/users/301", &answer))
	require.Equal(t, "u1", answer.Data.CloudID)
	require.Equal(t, []api.Login{{Switch: "S", Code: "7301"}}, answer.Data.Person.Logins)
	require.Equal(t, http.StatusOK, get(t, s.http+"/api/v1/mappings/extensions/211", &answer))
	require.Equal(t, "8001", answer.Data.DN.Number)
	for _, path := range []string{"users/999", "nothing/1", "queues/301", "", "users", "users/", "users/301/more"} {
		require.Equal(t, http.StatusNotFound, get(t, s.http+"/api/v1/mappings/"+path, &answer), path)
		require.Equal(t, 40400, answer.Status.Code)
	}
}

// Every kind can be asked for; the id of a wrap-up code is its name, whatever it holds.
func TestEveryKindOfMappingOverHTTP(t *testing.T) {
	s := start(t, plain)
	kinds := map[string]configsyncv1.MappingKind{
		"users": userKind, "queues": queueKind, "skills": configsyncv1.MappingKind_MAPPING_KIND_SKILL,
		"wrapupcodes": configsyncv1.MappingKind_MAPPING_KIND_WRAPUP_CODE, "extensions": dnKind,
	}
	const id = "Billing / Dispute 100%?"
	var all []*configsyncv1.Mapping
	for name, kind := range kinds {
		all = append(all, mapping(kind, id, "cloud-"+name))
	}
	s.catalog.Replace(all)
	for name := range kinds {
		var answer struct{ Data api.Mapping }
		require.Equal(t, http.StatusOK, get(t, s.http+"/api/v1/mappings/"+name+"/"+url.PathEscape(id), &answer))
		require.Equal(t, "cloud-"+name, answer.Data.CloudID)
	}
}

func TestMappingsCanOnlyBeRead(t *testing.T) {
	s := start(t, plain)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.http+"/api/v1/mappings/users/1", http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	defer http.DefaultClient.CloseIdleConnections()
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.Equal(t, "GET, HEAD", resp.Header.Get("Allow"))
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Regexp(t, `^\{"status":\{"code":40500,"message":"mappings can only be read","corrId":"[0-9a-f-]{36}"\}\}`, string(body))
}

func TestPlanTellsWhyItCannotBeMade(t *testing.T) {
	s := start(t, plain)
	s.sync.err = fault.New(fault.Unavailable, "configdb", "connection refused").WithHint("check CONFIG_DB_HOST")
	var answer struct {
		Status struct {
			Code int
			Hint string
		}
		Data syncer.Preview
	}
	require.Equal(t, http.StatusServiceUnavailable, get(t, s.http+"/api/v1/plan", &answer))
	require.Equal(t, "check CONFIG_DB_HOST", answer.Status.Hint)
	s.sync.err = nil
	s.sync.preview = syncer.Preview{Refused: "too much"}
	require.Equal(t, http.StatusOK, get(t, s.http+"/api/v1/plan", &answer))
	require.Equal(t, "too much", answer.Data.Refused)
}
