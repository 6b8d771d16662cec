package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
	"engage.connector/services/config-sync/app"
)

// ledger: E-EXCS-107
// ledger: E-EXCS-110
// ledger: E-EXCS-112
func TestDatabaseSettings(t *testing.T) {
	minimal := []string{
		"TENANT_ID=101", "REDIS_ADDR=127.0.0.1:6379", "CONFIG_DB_HOST=db.example", "CONFIG_DB_NAME=config",
		"CONFIG_DB_USER=reader", "CONFIG_DB_PASSWORD=secret",
	}
	for dbType, port := range map[string]int{"postgresql": 5432, "oracle": 1521, "mssql": 1433, "Oracle": 1521} {
		config, err := app.Load(append(minimal, "CONFIG_DB_TYPE="+dbType))
		require.NoError(t, err)
		require.Equal(t, port, config.DBPort)
		require.Equal(t, 2*time.Minute, config.DBTimeout)
		require.NotContains(t, fmt.Sprintf("%+v", config), "secret")

		config, err = app.Load(append(minimal, "CONFIG_DB_TYPE="+dbType, "CONFIG_DB_PORT=7000"))
		require.NoError(t, err)
		require.Equal(t, 7000, config.DBPort)
	}

	names := filepath.Join(t.TempDir(), "names.json")
	require.NoError(t, os.WriteFile(names, []byte(`{"histroy": "-"}`), 0o600))
	for want, settings := range map[string][]string{
		"CONFIG_DB_HOST":         {"CONFIG_DB_TYPE=mssql", "CONFIG_DB_HOST="},
		"CONFIG_DB_USER":         {"CONFIG_DB_TYPE=oracle", "CONFIG_DB_USER="},
		"CONFIG_DB_PASSWORD":     {"CONFIG_DB_TYPE=oracle", "CONFIG_DB_PASSWORD="},
		"CONFIG_DB_PORT":         {"CONFIG_DB_PORT=-1"},
		"CONFIG_DB_SCHEMA":       {"CONFIG_DB_SCHEMA=a.b"},
		"histroy: not known":     {"CONFIG_DB_NAMES_FILE=" + names},
		"CONFIG_DB_NAMES_FILE":   {"CONFIG_DB_NAMES_FILE=" + names + ".none"},
		"CONFIG_DB_TIMEOUT":      {"CONFIG_DB_TIMEOUT=1s"},
		"CONFIG_DB_READ_TIMEOUT": {"CONFIG_DB_READ_TIMEOUT=1ms"},
	} {
		t.Run(want, func(t *testing.T) {
			_, err := app.Load(append(minimal, settings...))
			var faults *host.ConfigError
			require.ErrorAs(t, err, &faults)
			require.ErrorContains(t, err, want)
		})
	}
}
