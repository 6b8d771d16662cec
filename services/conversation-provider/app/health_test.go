package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
	"engage.connector/pkg/store/storetest"
	"engage.connector/services/conversation-provider/app"
)

type health struct {
	Status       string
	Dependencies []dependency
}

type dependency struct {
	Name, Status, Error string
	LastUse             *struct{ Age, Outcome string }
}

func healthOf(t *testing.T, service *app.App) health {
	t.Helper()
	status, text := do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/health", nil)
	require.Equal(t, http.StatusOK, status, text)
	var h health
	require.NoError(t, json.Unmarshal([]byte(text), &h))
	return h
}

// GET /health answers 200 with the status of each dependency, also when one is not there; the
// service stays up and says which one.
//
// ledger: E-EXCP-097
func TestHealthTellsTheStatusOfDependencies(t *testing.T) {
	require.Equal(t, ":3650", app.DefaultHTTPAddr)
	o := newOutside(t)
	redis := storetest.StartServer(t).Addr()
	service, stop := start(t, environment(o, redis))
	defer stop()
	eventually(t, func() bool { return healthOf(t, service).Status == "ok" })
	var names []string
	for _, d := range healthOf(t, service).Dependencies {
		names = append(names, d.Name)
		require.Equal(t, "ok", d.Status, d.Name)
	}
	require.ElementsMatch(t, []string{
		"redis", "config-sync", "engage-feed", "genesys-cloud-settings", "speech-settings", "genesys-cloud-conversation", "recording-provider",
	}, names)

	environ := environment(o, redis)
	for i, line := range environ {
		if strings.HasPrefix(line, "CONFIG_SYNC_ADDR=") {
			environ[i] = "CONFIG_SYNC_ADDR=" + closedAddr(t)
		}
	}
	alone, stopAlone := start(t, environ)
	defer stopAlone()
	h := healthOf(t, alone)
	require.Equal(t, "degraded", h.Status)
	for _, d := range h.Dependencies {
		if d.Name == "config-sync" {
			require.NotEqual(t, "ok", d.Status)
			require.NotEmpty(t, d.Error)
		}
	}
}

type readiness struct {
	Ready   bool
	Reasons []string
}

func readinessOf(t *testing.T, service *app.App) (int, readiness) {
	t.Helper()
	status, text := do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/ready", nil)
	var r readiness
	require.NoError(t, json.Unmarshal([]byte(text), &r), text)
	return status, r
}

// What Redis cannot do is told with the reason, although it answers a PING. /health stays 200, /ready is
// 503; when Redis works again, both are well.
func TestARedisThatCannotDoItsWorkIsToldByHealthAndReady(t *testing.T) {
	for _, c := range []struct {
		word        string // of Redis
		spoil, mend func(server *storetest.Redis)
	}{
		{"READONLY", func(s *storetest.Redis) { s.Do("REPLICAOF", "127.0.0.1", "1") }, func(s *storetest.Redis) { s.Do("REPLICAOF", "NO", "ONE") }},
		{"OOM", func(s *storetest.Redis) { s.Do("CONFIG", "SET", "maxmemory", "1") }, func(s *storetest.Redis) { s.Do("CONFIG", "SET", "maxmemory", "0") }},
		{"may not use eval, evalsha", func(s *storetest.Redis) { s.Do("ACL", "SETUSER", "default", "-evalsha", "-eval") }, func(s *storetest.Redis) { s.Do("ACL", "SETUSER", "default", "+@all") }},
	} {
		t.Run(c.word, func(t *testing.T) {
			o := newOutside(t)
			server := storetest.StartServer(t)
			service, stop := start(t, environment(o, server.Addr()))
			defer stop()
			eventually(t, func() bool { status, _ := readinessOf(t, service); return status == http.StatusOK })
			eventually(t, func() bool {
				return !slices.ContainsFunc(healthOf(t, service).Dependencies, func(d dependency) bool {
					return d.LastUse == nil && slices.Contains([]string{"redis", "config-sync", "engage-feed"}, d.Name)
				})
			})
			c.spoil(server)
			eventually(t, func() bool {
				status, r := readinessOf(t, service)
				return status == http.StatusServiceUnavailable && strings.Contains(strings.Join(r.Reasons, " "), c.word)
			})
			require.Equal(t, "degraded", healthOf(t, service).Status, "and the page answers 200")
			c.mend(server)
			eventually(t, func() bool { status, _ := readinessOf(t, service); return status == http.StatusOK })
		})
	}
}

// A Redis that is dead at the start is named in the log, once, with what to do.
func TestADeadRedisIsNamedInTheLog(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, stderr := &lockedBuffer{}, &lockedBuffer{}
	done := make(chan int, 1)
	environ := environment(newOutside(t), closedAddr(t))
	go func() { done <- app.Program().Run(ctx, environ, stdout, stderr) }()
	const words = "a dependency fails"
	named := func() int {
		n := 0
		for line := range strings.Lines(stdout.String()) {
			if strings.Contains(line, words) && strings.Contains(line, `"dependency":"redis"`) {
				n++
				require.Contains(t, line, "is Redis running")
			}
		}
		return n
	}
	eventually(t, func() bool { return named() > 0 })
	require.Equal(t, 1, named())
	cancel()
	<-done
}

// closedAddr is an address at which nobody listens.
func closedAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// Logs go to standard output, or with LOG_PATH to a file whose name the guide describes.
//
// ledger: E-EXCP-094, E-EXCP-095
func TestLogsGoWhereTheGuideSays(t *testing.T) {
	environ := environment(newOutside(t), storetest.StartServer(t).Addr())
	require.Contains(t, runUntilListening(t, environ, ""), `"msg":"listening"`)

	dir := t.TempDir()
	environ = append(environ, "LOG_PATH="+dir, "LOG_CONSOLE_ENABLE=false")
	_, err := app.Load(environ)
	require.ErrorContains(t, err, "LOG_FILE_NAME", "the name is mandatory with a path")
	require.Empty(t, runUntilListening(t, append(environ, "LOG_FILE_NAME=excp-.%Y%m%d_%H%M%S_%L_{TENANT_ID}_{HOSTNAME}.log"), dir))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	hostname, err := os.Hostname()
	require.NoError(t, err)
	require.Regexp(t, `^excp-\.\d{8}_\d{6}_\d{3}_101_`+hostname+`\.log$`, files[0].Name())
}

// lockedBuffer is written by the program and read by the test.
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

// runUntilListening runs the program until its log, standard output or a file in dir, says that it
// listens; it returns what was written to standard output.
func runUntilListening(t *testing.T, environ []string, dir string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, stderr := &lockedBuffer{}, &lockedBuffer{}
	done := make(chan int, 1)
	go func() { done <- app.Program().Run(ctx, environ, stdout, stderr) }()
	eventually(t, func() bool {
		text := stdout.String()
		files, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		for _, file := range files {
			body, _ := os.ReadFile(file)
			text += string(body)
		}
		return strings.Contains(text, `"msg":"listening"`)
	})
	cancel()
	require.Equal(t, host.ExitOK, <-done, stderr.String())
	return stdout.String()
}
