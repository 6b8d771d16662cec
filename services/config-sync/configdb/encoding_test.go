package configdb_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/tests/databases/pgtest"
)

// A database may have another encoding than UTF-8: the server converts what it holds.
func TestTextsOfOtherEncodings(t *testing.T) {
	backend := startBackend(t)
	for _, encoding := range []string{"LATIN1", "WIN1252"} {
		t.Run(encoding, func(t *testing.T) {
			name := "cfg_" + strings.ToLower(encoding)
			backend.Exec(t, "postgres", "CREATE DATABASE "+name+" ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
			backend.Exec(t, name, append([]string{"SET client_encoding = 'UTF8'"}, asIs().script(t)...)...)
			// The text goes there in the encoding of the database: Kündigung.
			backend.Exec(t, name, `UPDATE cfg_skill SET name = 'K' || chr(252) || 'ndigung' WHERE dbid = 401`, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
			db := open(t, postgresOptions(backend, name))
			snap, err := db.Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, "Kündigung", snap.Skills[0].Name)
			require.Zero(t, db.LastReading().Damaged)
		})
	}
}

// A pooler in transaction mode hands every transaction to any of its connections, which come and go.
func TestPoolerInTransactionMode(t *testing.T) {
	backend := startBackend(t)
	backend.Exec(t, "postgres", "CREATE DATABASE cfg_pooled ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
	backend.Exec(t, "cfg_pooled", append(asIs().script(t), `UPDATE cfg_skill SET name = 'K' || chr(252) || 'ndigung' WHERE dbid = 401`, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")...)
	o := postgresOptions(backend, "cfg_pooled")
	o.Port = startPooler(t, backend)
	db := open(t, o)
	for range 4 {
		snap, err := db.Snapshot(t.Context())
		require.NoError(t, err)
		require.Equal(t, "Kündigung", snap.Skills[0].Name)
		backend.Exec(t, "postgres", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'cfg_pooled'")
	}
}

// startPooler starts a pgbouncer before the server and returns its port.
func startPooler(t *testing.T, backend *pgtest.Server) int {
	t.Helper()
	dir, port := t.TempDir(), pgtest.FreePort(t)
	file := filepath.Join(dir, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `[databases]
cfg_pooled = host=127.0.0.1 port=%d dbname=cfg_pooled user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
auth_type = any
pool_mode = transaction
default_pool_size = 2
unix_socket_dir =
ignore_startup_parameters = extra_float_digits
`, backend.Port, port), 0o600))
	ctx, stop := context.WithCancel(context.Background())
	args := []string{file}
	if os.Geteuid() == 0 { // it refuses to be root
		require.NoError(t, os.Chmod(file, 0o644))
		for at := dir; at != "/" && at != "/tmp"; at = filepath.Dir(at) { // the other user must be able to enter
			require.NoError(t, os.Chmod(at, 0o755))
		}
		args = []string{"-u", "postgres", file}
	}
	cmd := exec.CommandContext(ctx, "pgbouncer", args...)
	require.NoError(t, cmd.Start(), "pgbouncer is missing; install it: make setup")
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, 20*time.Second, 20*time.Millisecond)
	return port
}
