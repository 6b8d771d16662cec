package app_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/app"
	"engage.connector/services/config-sync/internal/orgtest"
)

// One instance serves one tenant of a Config DB with several. The vendor's product stops there; here
// another instance serves the next tenant from the same Config DB and Redis, and the two do not mix.
//
// ledger: E-EXCS-099
func TestTenantsOfOneConfigDBDoNotMix(t *testing.T) {
	s := newSite(t)
	s.exec(t, "INSERT INTO cfg_person(dbid,tenant_dbid,user_name,is_agent,state) VALUES (390,102,'second@x.example',2,1)")
	s.start(t).waitForSuccess(t)
	require.Empty(t, s.org.UserID("second@x.example"), "only the chosen tenant")

	first, other := s.org.State(), orgtest.New()
	url := other.Server(t).URL
	s.env["TENANT_ID"], s.env["GENESYS_CLOUD_API_URL"], s.env["GENESYS_CLOUD_AUTH_URL"] = "102", url, url
	s.env["GENESYS_CLOUD_CLIENT_ID"], s.env["GENESYS_CLOUD_CLIENT_SECRET"] = orgtest.ClientID, orgtest.ClientSecret
	second := s.start(t)
	second.waitForSuccess(t)
	require.Len(t, other.State().Users, 2)
	require.Contains(t, other.State().Users, "second@x.example")
	require.NotContains(t, other.State().Users, "ann@x.example")
	code, _ := second.get(t, "/api/v1/mappings/users/301")
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, first, s.org.State())
}

// What the conversation provider needs of an extension arrives where it asks: found by switch and
// number, with its type.
//
// ledger: E-EXCS-095
func TestExtensionsReachTheOtherServices(t *testing.T) {
	s := newSite(t)
	service := s.start(t)
	service.waitForSuccess(t)
	conn, err := host.DialGRPC(service.GRPCAddr(), host.TLSFiles{}, "shared")
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	client := directory.New(directory.Options{Conn: conn, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()
	eventually(t, client.Ready, "the mapping is there")
	snapshot, _ := client.Snapshot()
	dn, found := snapshot.DN("SIP_Switch", "8001")
	require.True(t, found)
	require.Equal(t, configsyncv1.DnType_DN_TYPE_EXTENSION, dn.GetDn().GetType())
	require.Empty(t, dn.GetCloudId(), "an extension has no object in the organization")
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

// Logs go to standard output, or with LOG_PATH to a file whose name the guide describes; its six
// levels are understood.
//
// ledger: E-EXCS-115
// ledger: E-EXCS-116
// ledger: E-EXCS-117
func TestLogsGoWhereTheGuideSays(t *testing.T) {
	s := newSite(t)
	for _, level := range []string{"trace", "debug", "info", "warn", "error", "fatal"} {
		s.env["LOG_LEVEL"] = level
		_, err := app.Load(s.environ())
		require.NoError(t, err, level)
	}
	s.env["LOG_LEVEL"] = "loud"
	_, err := app.Load(s.environ())
	require.ErrorContains(t, err, "LOG_LEVEL")

	s.env["LOG_LEVEL"] = "info"
	require.Contains(t, s.runUntilListening(t, ""), `"msg":"listening"`)

	dir := t.TempDir()
	s.env["LOG_PATH"] = dir
	_, err = app.Load(s.environ())
	require.ErrorContains(t, err, "LOG_FILE", "the name is mandatory with a path")
	s.env["LOG_FILENAME"] = "excs-<TENANT_ID>.%Y%m%d_%H%M%S_%L.log"
	s.runUntilListening(t, dir)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Regexp(t, `^excs-101\.\d{8}_\d{6}_\d{3}\.log$`, files[0].Name())
}

// runUntilListening runs the program until its log says that it listens, and returns what it wrote.
// The log is standard output, or a file in dir.
func (s *site) runUntilListening(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, stderr := &lockedBuffer{}, &lockedBuffer{}
	done := make(chan int, 1)
	go func() { done <- app.Program().Run(ctx, s.environ(), stdout, stderr) }()
	log := func() string {
		text := stdout.String()
		files, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		for _, file := range files {
			body, _ := os.ReadFile(file)
			text += string(body)
		}
		return text
	}
	eventually(t, func() bool { return strings.Contains(log(), `"msg":"listening"`) }, "listens")
	cancel()
	require.Equal(t, host.ExitOK, <-done, stderr.String())
	return log()
}

// An instance that was killed does not wait for the end of its lease when it is started again on the
// same host and port.
func TestKilledInstanceLeadsAtOnce(t *testing.T) {
	s := newSite(t)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.env["HTTP_ADDR"] = listener.Addr().String()
	require.NoError(t, listener.Close())
	_, port, err := net.SplitHostPort(s.env["HTTP_ADDR"])
	require.NoError(t, err)
	hostname, err := os.Hostname()
	require.NoError(t, err)

	killed, err := store.Open(store.Options{
		Addrs: []string{s.redis.Addr()}, Prefix: "engage-connector", Tenant: "101",
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Now: time.Now,
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, killed.Close()) }()
	_, err = killed.AcquireLease(t.Context(), "config-sync", net.JoinHostPort(hostname, port), time.Hour)
	require.NoError(t, err)
	s.start(t).waitForSuccess(t)
}
