package app_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"engage.connector/pkg/host"
	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
	configsyncv1 "engage.connector/proto/configsync/v1"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
	"engage.connector/services/recording-provider/app"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fileName = "00U3MCI8QO8ER0B5A60AHG5AES000001_2026-11-20_10-00-00-0A0B0C0D.opus"

// configSync answers GetOptions.
type configSync struct {
	configsyncv1.UnimplementedConfigSyncServiceServer
	sections []*configsyncv1.OptionSection
}

func (c *configSync) GetOptions(context.Context, *configsyncv1.GetOptionsRequest) (*configsyncv1.GetOptionsResponse, error) {
	return &configsyncv1.GetOptionsResponse{Sections: c.sections}, nil
}

// outside is everything around the service: WebDAV storage, EX org and config-sync.
type outside struct {
	mu      sync.Mutex
	files   map[string][]byte
	uploads [][]byte

	http       *httptest.Server
	configAddr string
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	keydata := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	o := &outside{files: map[string][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /recordings/{name}", o.serveFile)
	mux.HandleFunc("POST /oauth/token", answer(map[string]any{"access_token": "t", "token_type": "bearer", "expires_in": 86399}))
	mux.HandleFunc("GET /api/v2/recording/recordingkeys", answer(map[string]any{
		"entities":   []any{map[string]any{"id": "key-1", "createDate": "2026-11-20T00:00:00.000Z", "keydataSummary": keydata, "keyConfigurationType": "Native"}},
		"pageNumber": 1, "pageSize": 25, "pageCount": 1, "total": 1,
	}))
	mux.HandleFunc("POST /api/v2/uploads/recordings", func(w http.ResponseWriter, r *http.Request) {
		answer(map[string]any{"url": "http://" + r.Host + "/bucket/x", "uploadKey": "upload-1", "headers": map[string]string{"x-amz-tagging": "a"}})(w, r)
	})
	mux.HandleFunc("PUT /bucket/x", o.takeUpload)
	o.http = httptest.NewServer(mux)
	t.Cleanup(o.http.Close)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	configsyncv1.RegisterConfigSyncServiceServer(server, &configSync{sections: []*configsyncv1.OptionSection{
		{Name: "general", Options: map[string]string{"base_service_url": o.http.URL, "base_auth_url": o.http.URL}},
		{Name: "recording-uploader.exec.genesysCloud", Options: map[string]string{"client_id": "id", "password": "hush"}},
		{Name: "recording-uploader.exec.transientStorage", Options: map[string]string{"type": "WebDAV", "username": "mcp", "password": "hush", "url": o.http.URL + "/recordings"}},
	}})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	o.configAddr = listener.Addr().String()
	return o
}

func answer(body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (o *outside) serveFile(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if content, ok := o.files[r.PathValue("name")]; ok {
		_, _ = w.Write(content)
		return
	}
	http.NotFound(w, r)
}

func (o *outside) takeUpload(_ http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.uploads = append(o.uploads, content)
}

func (o *outside) put(name string, content []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files[name] = content
}

func (o *outside) uploaded() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.uploads)
}

func opus(t *testing.T) []byte {
	t.Helper()
	_, err := exec.LookPath("opusenc")
	require.NoError(t, err, "install it: make setup")
	out := filepath.Join(t.TempDir(), "a.opus")
	command := exec.CommandContext(t.Context(), "opusenc", "--quiet", "--raw", "--raw-rate", "8000", "--raw-chan", "1", "-", out)
	command.Stdin = strings.NewReader(strings.Repeat("ab", 16000))
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	content, err := os.ReadFile(out)
	require.NoError(t, err)
	return content
}

// start runs the whole service on free ports.
func start(t *testing.T, o *outside, redisAddr string, more ...string) *app.App {
	t.Helper()
	config, err := app.Load(append([]string{
		"TENANT_ID=101", "REDIS_ADDR=" + redisAddr, "CONFIG_SYNC_ADDR=" + o.configAddr,
		"HTTP_ADDR=127.0.0.1:0", "GRPC_ADDR=127.0.0.1:0", "GRPC_TOKEN=shared", "ALLOW_UNAUTHENTICATED=true", "DELIVERY_PERMANENT_FOR=1s",
	}, more...))
	require.NoError(t, err)
	service, err := app.New(app.Options{
		Tools: wire.Tools{Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now}, Config: config,
	})
	require.NoError(t, err)
	require.NoError(t, service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, service.Stop(context.WithoutCancel(t.Context()))) })
	return service
}

func client(t *testing.T, service *app.App, token string) recordingproviderv1.RecordingProviderServiceClient {
	t.Helper()
	conn, err := host.DialGRPC(service.GRPCAddr(), host.TLSFiles{}, token)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return recordingproviderv1.NewRecordingProviderServiceClient(conn)
}

func submission() *recordingproviderv1.SubmitRecordingRequest {
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return &recordingproviderv1.SubmitRecordingRequest{Recording: &recordingproviderv1.Recording{
		RecordingId: "r1", FileName: fileName, ConversationId: "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a10",
		CommunicationId: "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a11", CallUuid: "00U3MCI8QO8ER0B5A60AHG5AES000001",
		StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(time.Second)),
	}}
}

// ledger: E-EXRP-001, E-EXRP-006, E-EXRP-020, E-EXRP-024, E-EXRP-025
func TestASubmittedRecordingReachesTheOrgOnce(t *testing.T) {
	o := newOutside(t)
	o.put(fileName, opus(t))
	service := start(t, o, storetest.StartServer(t).Addr())
	recordings := client(t, service, "shared")

	first, err := recordings.SubmitRecording(t.Context(), submission())
	require.NoError(t, err)
	require.True(t, first.GetAcceptedNow())
	second, err := recordings.SubmitRecording(t.Context(), submission())
	require.NoError(t, err)
	require.False(t, second.GetAcceptedNow())

	var got *recordingproviderv1.GetRecordingResponse
	require.Eventually(t, func() bool {
		got, err = recordings.GetRecording(t.Context(), &recordingproviderv1.GetRecordingRequest{RecordingId: "r1"})
		return err == nil && got.GetStatus().GetState() == recordingproviderv1.RecordingState_RECORDING_STATE_UPLOADED
	}, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, "upload-1", got.GetStatus().GetUploadKey())
	require.Equal(t, fileName, got.GetStatus().GetRecording().GetFileName())
	require.Equal(t, 1, o.uploaded())
}

func TestAParkedRecordingIsListedWithItsReasonAndCanBeRetried(t *testing.T) {
	o := newOutside(t)
	o.put(fileName, []byte("this is no audio"))
	service := start(t, o, storetest.StartServer(t).Addr())
	recordings := client(t, service, "shared")
	_, err := recordings.SubmitRecording(t.Context(), submission())
	require.NoError(t, err)
	parked := &recordingproviderv1.ListRecordingsRequest{State: recordingproviderv1.RecordingState_RECORDING_STATE_PARKED}
	var list *recordingproviderv1.ListRecordingsResponse
	require.Eventually(t, func() bool {
		list, err = recordings.ListRecordings(t.Context(), parked)
		return err == nil && len(list.GetRecordings()) == 1
	}, 20*time.Second, 20*time.Millisecond)
	require.Contains(t, list.GetRecordings()[0].GetReason(), "inspect")

	o.put(fileName, opus(t))
	_, err = recordings.RetryRecording(t.Context(), &recordingproviderv1.RetryRecordingRequest{RecordingId: "r1"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return o.uploaded() == 1 }, 20*time.Second, 20*time.Millisecond)
}

// ledger: E-EXRP-017
func TestAWrongSubmissionNamesEveryField(t *testing.T) {
	service := start(t, newOutside(t), storetest.StartServer(t).Addr())
	request := submission()
	request.Recording.FileName, request.Recording.ConversationId = "../etc/passwd", "c"
	_, err := client(t, service, "shared").SubmitRecording(t.Context(), request)
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	require.ErrorContains(t, err, "file name")
	require.ErrorContains(t, err, "conversationId")
}

func TestWithoutTheTokenNothingIsTaken(t *testing.T) {
	service := start(t, newOutside(t), storetest.StartServer(t).Addr())
	_, err := client(t, service, "wrong").SubmitRecording(t.Context(), submission())
	require.Equal(t, codes.Unauthenticated, status.Code(err))
}

// ledger: E-EXRP-033
func TestHealthNamesWhatCannotBeReached(t *testing.T) {
	service := start(t, newOutside(t), "127.0.0.1:1")
	var body string
	require.Eventually(t, func() bool {
		code, text := get(t, "http://"+service.HTTPAddr()+"/health")
		body = text
		return code == http.StatusOK && strings.Contains(text, `"degraded"`)
	}, 20*time.Second, 50*time.Millisecond)
	require.Contains(t, body, `"redis"`)
}

func TestInteractionEndIsTakenOverHTTPToo(t *testing.T) {
	o := newOutside(t)
	o.put(fileName, opus(t))
	service := start(t, o, storetest.StartServer(t).Addr())
	body := `{"recordingId":"r1","fileName":"` + fileName + `","conversationId":"8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a10",
		"communicationId":"8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a11","callUuid":"u","startTime":"2026-11-20T10:00:00Z","endTime":"2026-11-20T10:00:01Z"}`
	response, err := http.Post("http://"+service.HTTPAddr()+"/api/v1/interaction-end", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Eventually(t, func() bool { return o.uploaded() == 1 }, 20*time.Second, 20*time.Millisecond)

	code, text := get(t, "http://"+service.HTTPAddr()+"/api/v1/recordings/unknown")
	require.Equal(t, http.StatusNotFound, code)
	require.Contains(t, text, "unknown")
}

func TestAllFaultsOfTheConfigurationAreReportedAtOnce(t *testing.T) {
	_, err := app.Load([]string{"RECORDING_WORKERS=0", "RECORDING_MAX_BYTES=1", "LOG_LEVEL=loud"})
	for _, name := range []string{"TENANT_ID", "REDIS_ADDR", "CONFIG_SYNC_ADDR", "RECORDING_WORKERS", "RECORDING_MAX_BYTES", "LOG_LEVEL"} {
		require.ErrorContains(t, err, name)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}
