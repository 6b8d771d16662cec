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

type mainConfig struct {
	Addr     string `env:"REDIS_ADDR,required" help:"host:port of Redis"`
	Password Secret `env:"REDIS_PASSWORD" help:"the password"`
	Interval int    `env:"POLL_INTERVAL" envDefault:"60" help:"seconds between two looks"`
}

// runMain runs a program with arguments and environment.
func runMain(run RunFunc, httpAddr string, environ []string, args ...string) exited {
	var stdout, stderr bytes.Buffer
	line := CommandLine{
		Service: "config-sync", Summary: "keeps things in step", HTTPAddr: httpAddr, Run: run, Variables: Variables[mainConfig](),
		Check: func(environ []string) error {
			_, err := Load[mainConfig](environ, nil)
			return err
		},
		Commands: []SubCommand{{Name: "plan", Summary: "prints a plan", Run: func(_ context.Context, args, environ []string, stdout, _ io.Writer) int {
			_, _ = fmt.Fprint(stdout, args, environ)
			return 5
		}}},
	}
	code := line.Execute(args, environ, &stdout, &stderr)
	return exited{code, stdout.String(), stderr.String()}
}

func TestSubCommands(t *testing.T) {
	healthy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, Readiness{Ready: true})
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
		{"a command of the service's own parses its arguments itself", "", []string{"A=b"}, []string{"plan", "-json", "-h"}, exited{5, "[-json -h] [A=b]", ""}},
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

	for _, args := range [][]string{{"plann"}, {"version", "x"}, {"healthcheck", "a", "b"}, {"serve", "x"}, {"-nonsense"}, {"check-config", "x"}} {
		got := runMain(nil, "", nil, args...)
		require.Equal(t, ExitConfig, got.code, args)
		require.Contains(t, got.stderr, "error: ", args)
		require.Equal(t, 1, strings.Count(got.stderr, "error:"), "one fault is one line")
	}
}

func TestHelpListsCommandsAndVariablesAndIsNoFault(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}} {
		got := runMain(nil, "", nil, args...)
		require.Equal(t, ExitOK, got.code)
		require.Empty(t, got.stderr)
		for _, part := range []string{
			"keeps things in step", "check-config", "prints a plan", "REDIS_ADDR (required)\n         host:port of Redis",
			"POLL_INTERVAL (default 60)\n         seconds between two looks", "REDIS_PASSWORD\n", "NAME_FILE", "CONFIG_FILE",
		} {
			require.Contains(t, got.stdout, part)
		}
	}
}

func TestShellsCanCompleteTheCommands(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		got := runMain(nil, "", nil, "completion", shell)
		require.Equal(t, ExitOK, got.code)
		require.Contains(t, got.stdout, "config-sync")
	}
	got := runMain(nil, "", nil, "--generate-shell-completion")
	require.Contains(t, got.stdout, "check-config")
	require.Contains(t, got.stdout, "plan")
}

func TestCheckConfigStartsNothing(t *testing.T) {
	valid := runMain(nil, "", []string{"REDIS_ADDR=a:1", "REDIS_PASSWROD=geheim"}, "check-config")
	require.Equal(t, exited{
		0, "config-sync: the configuration is valid\n",
		"warning: REDIS_PASSWROD is not a variable of this service; did you mean REDIS_PASSWORD?\n",
	}, valid)
	wrong := runMain(nil, "", []string{"POLL_INTERVAL=soon"}, "check-config")
	require.Equal(t, ExitConfig, wrong.code)
	require.Contains(t, wrong.stderr, "POLL_INTERVAL: ")
	require.Contains(t, wrong.stderr, "REDIS_ADDR: required")
}

func TestMistypedNamesAreFoundAndForeignOnesAreNot(t *testing.T) {
	for name, want := range map[string]string{
		"REDIS_ADR": "REDIS_ADDR", "REDIS_ADDRS": "REDIS_ADDR", "redis_addr": "REDIS_ADDR", "REDSI_ADDR": "REDIS_ADDR",
		"REDIS_PASSWORD_FLE": "REDIS_PASSWORD_FILE", "CONFIG_FIEL": "CONFIG_FILE",
		"REDIS_ADDR": "", "REDIS_PASSWORD_FILE": "", "CONFIG_FILE": "", "PATH": "", "HOSTNAME": "", "REDIS_VERSION": "", "OTHER_INTERVAL": "",
	} {
		got := Mistyped([]string{name + "=secret"}, Variables[mainConfig]())
		if want == "" {
			require.Empty(t, got, name)
			continue
		}
		require.Equal(t, []string{name + " is not a variable of this service; did you mean " + want + "?"}, got)
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
