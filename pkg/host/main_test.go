package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
)

// exited is what a run of the program left behind.
type exited struct {
	code           int
	stdout, stderr string
}

// runMain runs a program with arguments and environment.
func runMain(run RunFunc, httpAddr string, environ []string, args ...string) exited {
	var stdout, stderr bytes.Buffer
	p := &program{service: "config-sync", run: run, httpAddr: httpAddr}
	code := p.main(args, environ, &stdout, &stderr)
	return exited{code, stdout.String(), stderr.String()}
}

func TestSubCommands(t *testing.T) {
	healthy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, Health{Status: healthOK})
	}))
	defer healthy.Close()
	addr := strings.TrimPrefix(healthy.URL, "http://")
	run := func(_ context.Context, environ []string, stdout, _ io.Writer) int {
		_, _ = fmt.Fprint(stdout, "ran with ", environ)
		return 7
	}
	rows := []struct {
		name     string
		httpAddr string
		environ  []string
		args     []string
		want     exited
	}{
		{"no argument runs the service", "", []string{"A=b"}, nil, exited{7, "ran with [A=b]", ""}},
		{"serve runs the service", "", nil, []string{"serve"}, exited{7, "ran with []", ""}},
		{"version", "", nil, []string{"version"}, exited{0, "config-sync " + Version() + "\n", ""}},
		{"healthcheck of the default address", addr, nil, []string{"healthcheck"}, exited{0, "", ""}},
		{"healthcheck of HTTP_ADDR", "127.0.0.1:1", []string{"HTTP_ADDR=" + addr}, []string{"healthcheck"}, exited{0, "", ""}},
		{"healthcheck of an argument", "", []string{"HTTP_ADDR=127.0.0.1:1"}, []string{"healthcheck", addr}, exited{0, "", ""}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, row.want, runMain(run, row.httpAddr, row.environ, row.args...))
		})
	}
}

func TestFailedHealthcheckAndUsage(t *testing.T) {
	dead := runMain(nil, "127.0.0.1:1", nil, "healthcheck")
	require.Equal(t, ExitFailed, dead.code)
	require.Contains(t, dead.stderr, "refused")

	unset := runMain(nil, "", nil, "healthcheck")
	require.Equal(t, ExitFailed, unset.code)
	require.Contains(t, unset.stderr, "hint: give host:port, or set HTTP_ADDR")

	for _, args := range [][]string{{"help"}, {"version", "x"}, {"healthcheck", "a", "b"}, {"serve", "x"}} {
		got := runMain(nil, "", nil, args...)
		require.Equal(t, ExitConfig, got.code)
		require.Contains(t, got.stderr, "usage: config-sync")
	}
}

func TestExitCodes(t *testing.T) {
	wrongConfig := &ConfigError{Faults: []error{BadVariable("A", "is bad", "make it good")}}
	for _, row := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{errors.New("boom"), 1, "error: boom\n"},
		{fault.New(fault.Unavailable, "redis", "down").WithHint("start it"), 1, "error: redis: down\nhint: start it\n"},
		{fmt.Errorf("start: %w", wrongConfig), 2, "error: start: the configuration has 1 fault:\n  - A: is bad; make it good\n"},
	} {
		var stderr bytes.Buffer
		require.Equal(t, row.code, Exit(&stderr, row.err))
		require.Equal(t, row.text, stderr.String())
	}
}

func TestSignalEndsTheServiceInOrder(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		got := runMain(func(ctx context.Context, _ []string, _, stderr io.Writer) int {
			if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
				return Exit(stderr, err)
			}
			<-ctx.Done()
			return ExitOK
		}, "", nil)
		require.Equal(t, exited{}, got)
	}
}

func TestVersionOfABuild(t *testing.T) {
	for _, row := range []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, "dev"},
		{[]debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}}, "dev-0123456789ab"},
		{[]debug.BuildSetting{{Key: "vcs.revision", Value: "0123"}, {Key: "vcs.modified", Value: "true"}}, "dev-0123-modified"},
	} {
		require.Equal(t, row.want, versionOf(&debug.BuildInfo{Settings: row.settings}))
	}
}
