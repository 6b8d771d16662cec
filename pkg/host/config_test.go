package host_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
)

var update = flag.Bool("update", false, "write the golden files")

// testConfig stands for a service's configuration.
type testConfig struct {
	host.Common
	PollInterval time.Duration `env:"POLL_INTERVAL" envDefault:"1m"`
	Workers      int           `env:"WORKERS" envDefault:"4"`
	Retries      uint8         `env:"RETRIES"`
	Ratio        float64       `env:"RATIO"`
	FeedURL      string        `env:"ENGAGE_FEED_URL,required" help:"the URL of the Engage feed"`
	FeedToken    host.Secret   `env:"ENGAGE_FEED_TOKEN,required" help:"the feed's token"`
	Start        time.Time     `env:"START" help:"a time in RFC 3339 form"`
	DB           struct {
		Password host.Secret `env:"PASSWORD"`
	} `envPrefix:"CONFIG_DB_"`
}

func (testConfig) Defaults() map[string]string {
	return map[string]string{"HTTP_ADDR": ":3640", "GRPC_ADDR": ":3641"}
}

// minimal is the smallest environment that loads.
func minimal(more ...string) []string {
	return append([]string{
		"TENANT_ID=101", "REDIS_ADDR=redis:6379", "ENGAGE_FEED_URL=http://feed", "ENGAGE_FEED_TOKEN=feed-secret",
	}, more...)
}

// load reads a configuration without a service's own checks.
func load(environ []string) (testConfig, error) { return host.Load[testConfig](environ, nil) }

func TestLoadFillsDefaultsAndValues(t *testing.T) {
	cfg, err := load(minimal(
		"TENANT_NAME= Environment \r", "DRAIN_TIMEOUT=30s", "REDIS_TLS=true", "REDIS_ADDR=a:1,b:2",
		"CONFIG_DB_PASSWORD=db-secret", "LOG_LEVEL=TRACE", "WORKERS=", "GRPC_ADDR=127.0.0.1:0", "START=2026-01-02T03:04:05Z",
	))
	require.NoError(t, err)
	require.Equal(t, "101", cfg.TenantID)
	require.Equal(t, "Environment", cfg.TenantName, "blanks and carriage returns are no part of a value")
	require.Equal(t, ":3640", cfg.HTTPAddr)
	require.Equal(t, "127.0.0.1:0", cfg.GRPCAddr, "a value beats the service's default")
	require.Equal(t, 30*time.Second, cfg.DrainTimeout)
	require.Equal(t, time.Minute, cfg.PollInterval)
	require.Equal(t, 4, cfg.Workers, "an empty variable counts as not set")
	require.Equal(t, "db-secret", cfg.DB.Password.Reveal())
	require.Equal(t, "feed-secret", cfg.FeedToken.Reveal())
	require.Equal(t, 2026, cfg.Start.Year())

	fields, err := cfg.RedisFields()
	require.NoError(t, err)
	require.Equal(t, []string{"a:1", "b:2"}, fields.Addrs)
	require.Equal(t, "engage-connector", fields.Prefix)
	require.Equal(t, "101", fields.Tenant)
	require.NotNil(t, fields.TLS)

	opts := cfg.Options("config-sync", slog.New(slog.DiscardHandler), nil)
	require.Equal(t, "config-sync", opts.Service)
	require.Equal(t, 30*time.Second, opts.DrainTimeout)
}

// Everything that is wrong must come in one message, each with the variable and the fix.
func TestLoadReportsAllFaultsAtOnce(t *testing.T) {
	_, err := host.Load([]string{
		"TENANT_ID=a{b}", "HTTP_ADDR=3640", "LOG_LEVEL=loud", "DRAIN_TIMEOUT=10", "REDIS_ADDR=redis,redis2:6379",
		"REDIS_TLS=ja", "REDIS_KEY_PREFIX=a:b", "REDIS_TLS_CA_FILE=/ca.pem", "REDIS_PASSWORD=x", "REDIS_PASSWORD_FILE=y",
		"GRPC_TLS_CERT_FILE=/cert.pem", "GRPC_TOKEN_FILE=/no/such/file", "WORKERS=many", "RETRIES=-1", "RATIO=half",
		"POLL_INTERVAL=99ms", "START=yesterday", "ENGAGE_FEED_URL=", "ENGAGE_FEED_TOKEN=",
	}, func(c *testConfig) []error {
		if c.PollInterval < time.Second {
			return []error{host.BadVariable("POLL_INTERVAL", c.PollInterval.String()+" is too short", "choose 1s or more")}
		}
		return nil
	})
	var configErr *host.ConfigError
	require.ErrorAs(t, err, &configErr)
	golden(t, "all-faults.txt", err.Error()+"\n")
}

// golden compares with a file under testdata; -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestValidateMayCompleteTheConfiguration(t *testing.T) {
	type bare struct{ host.Common }
	cfg, err := host.Load([]string{"TENANT_ID=1", "REDIS_ADDR=r:1"}, func(c *bare) []error {
		c.HTTPAddr, c.GRPCAddr = ":1", ":2"
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, ":1", cfg.HTTPAddr)
}

func TestSecretIsReadFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(path, []byte(" kept blanks \r\n"), 0o600))
	cfg, err := load(minimal("REDIS_PASSWORD_FILE=" + path))
	require.NoError(t, err)
	require.Equal(t, " kept blanks ", cfg.Redis.Password.Reveal())
}

func TestUnusableSecretFileIsAFault(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	large := filepath.Join(t.TempDir(), "large")
	require.NoError(t, os.WriteFile(large, make([]byte, 65<<10), 0o600))
	for path, want := range map[string]string{empty: "is empty", large: "is larger than", t.TempDir(): "cannot be read"} {
		_, err := load(minimal("REDIS_PASSWORD_FILE=" + path))
		require.ErrorContains(t, err, "REDIS_PASSWORD_FILE: ")
		require.ErrorContains(t, err, want)
	}
}

func TestTLSFilesAreAllOrNone(t *testing.T) {
	files := hosttest.NewAuthority(t).Issue(t, "service")
	set := map[string]string{
		"GRPC_TLS_CERT_FILE": files.CertFile, "GRPC_TLS_KEY_FILE": files.KeyFile, "GRPC_TLS_CA_FILE": files.CAFile,
	}
	all := minimal()
	for name, value := range set {
		all = append(all, name+"="+value)
	}
	_, err := load(all)
	require.NoError(t, err)

	for missing := range set {
		environ := minimal()
		for name, value := range set {
			if name != missing {
				environ = append(environ, name+"="+value)
			}
		}
		_, err := load(environ)
		require.ErrorContains(t, err, missing+": not set, while other GRPC_TLS files are")
	}

	_, err = load(append(all, "GRPC_TLS_KEY_FILE="+files.CertFile))
	require.ErrorContains(t, err, "does not load together")
	_, err = load(append(all, "GRPC_TLS_CA_FILE="+files.KeyFile))
	require.ErrorContains(t, err, "holds no PEM certificate")
}

func TestAddresses(t *testing.T) {
	for addr, ok := range map[string]bool{
		":8080": true, "127.0.0.1:0": true, "[::1]:80": true, "host:65535": true,
		"8080": false, "host:65536": false, "host:http": false, "host:-1": false,
	} {
		_, err := load(minimal("HTTP_ADDR=" + addr))
		require.Equal(t, ok, err == nil, "listen on %q: %v", addr, err)
	}
	for addr, ok := range map[string]bool{"redis:6379": true, "[::1]:1": true, ":6379": false, "redis": false, "redis:0": false} {
		require.Equal(t, ok, host.AddrFault("X", addr) == nil, "connect to %q", addr)
	}
}

// A secret must not come out of any way of printing that vet lets pass (it refuses %p).
func TestSecretIsNeverPrinted(t *testing.T) {
	const value = "hunter2hunter2"
	type holder struct {
		Token host.Secret
		Map   map[string]host.Secret
	}
	rapid.Check(t, func(t *rapid.T) {
		verb := rapid.SampledFrom([]string{"v", "+v", "#v", "s", "q", "x", "X", "d", "t", "08.3f", "c", "T"}).Draw(t, "verb")
		s := host.Secret(value)
		for _, arg := range []any{s, &s, []host.Secret{s}, holder{s, map[string]host.Secret{"a": s}}} {
			require.NotContains(t, fmt.Sprintf("%"+verb, arg), value)
			require.NotContains(t, fmt.Sprintf("%"+verb, arg), fmt.Sprintf("%x", value))
		}
	})
	s := host.Secret(value)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", s, "b", holder{Token: s})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", s, "b", holder{Token: s})
	encoded, err := json.Marshal(holder{s, map[string]host.Secret{"a": s}})
	require.NoError(t, err)
	require.NotContains(t, log.String()+string(encoded), value)
	require.Equal(t, 4, strings.Count(log.String(), "[redacted]"))
	require.Empty(t, host.Secret("").String())
	require.Equal(t, value, s.Reveal())
}

// Whatever the environment holds, the answer is a configuration or a list of faults, and no fault
// shows a secret.
func TestLoadNeverPanicsNorLeaks(t *testing.T) {
	names := []string{"TENANT_ID", "HTTP_ADDR", "LOG_LEVEL", "DRAIN_TIMEOUT", "REDIS_ADDR", "REDIS_TLS", "WORKERS", "START", "RATIO"}
	rapid.Check(t, func(t *rapid.T) {
		environ := minimal("REDIS_PASSWORD=hunter2", "REDIS_PASSWORD_FILE="+rapid.SampledFrom([]string{"", "/x"}).Draw(t, "file"))
		for _, name := range names {
			if rapid.Bool().Draw(t, name+" set") {
				environ = append(environ, name+"="+rapid.String().Draw(t, name))
			}
		}
		if _, err := load(environ); err != nil {
			require.NotContains(t, err.Error(), "hunter2")
		}
	})
}
