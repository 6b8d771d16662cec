package host_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
)

// Every level name of the guide, in any case, lets through its own severity and what is worse.
//
// ledger: E-LOG-009
// ledger: E-LOG-010
// ledger: E-LOG-011
func TestLevels(t *testing.T) {
	severities := []slog.Level{
		host.LevelFatal, slog.LevelError, slog.LevelWarn, slog.LevelInfo, slog.LevelDebug, host.LevelTrace, host.LevelTrace - 100,
	}
	rows := []struct {
		name   string
		passes int // how many of the severities, from the worst
	}{
		{"OFF", 0}, {"FATAL", 1}, {"ERROR", 2}, {"WARN", 3}, {"INFO", 4}, {"DEBUG", 5}, {"TRACE", 6}, {"ALL", 7},
		{"trace", 6}, {"debug", 5}, {"info", 4}, {"warn", 3}, {"error", 2}, {"fatal", 1}, {"Warn", 3}, {" oFf ", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			log, err := host.NewLogger(&out, "config-sync", row.name)
			require.NoError(t, err)
			for _, severity := range severities {
				log.Log(t.Context(), severity, "x")
			}
			require.Equal(t, row.passes, strings.Count(out.String(), "\n"))
		})
	}
}

func TestUnknownLevelIsAConfigurationFault(t *testing.T) {
	for _, name := range []string{"", "verbose", "warning", "1"} {
		_, err := host.NewLogger(&bytes.Buffer{}, "config-sync", name)
		var configErr *host.ConfigError
		require.ErrorAs(t, err, &configErr)
		require.ErrorContains(t, err, "LOG_LEVEL: unknown log level")
		require.ErrorContains(t, err, "choose off, fatal, error, warn, info, debug, trace or all")
	}
}

// ledger: E-LOG-001
func TestLogLineIsJSONWithServiceVersionLevelAndCorrelation(t *testing.T) {
	var out bytes.Buffer
	log, err := host.NewLogger(&out, "config-sync", "all")
	require.NoError(t, err)
	ctx := host.WithCorrelationID(t.Context(), "abc-1")
	log.With("component", "api").WithGroup("g").Log(ctx, host.LevelFatal, "it broke", "token", host.Secret("hunter2"))

	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.Equal(t, "it broke", line["msg"])
	require.Equal(t, "FATAL", line["level"])
	require.Equal(t, "config-sync", line["service"])
	require.Equal(t, host.Version(), line["version"])
	require.Equal(t, "api", line["component"])
	require.Contains(t, out.String(), `"corrId":"abc-1"`)
	require.NotContains(t, out.String(), "hunter2")
}
