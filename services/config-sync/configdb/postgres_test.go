package configdb_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// postgres is a server of its own that ends with the test.
type postgres struct{ port int }

// startPostgres makes a cluster in a folder of its own and starts it on a free port. The server
// refuses to run as root, so that root hands it to the user postgres.
func startPostgres(t *testing.T) *postgres {
	t.Helper()
	bin := postgresBin(t)
	dir := clusterDir(t)
	data := filepath.Join(dir, "data")
	asPostgres(t, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	p := &postgres{port: freePort(t)}
	options := fmt.Sprintf("-h 127.0.0.1 -p %d -k %s -F", p.port, dir)
	ctl := filepath.Join(bin, "pg_ctl")
	asPostgres(t, ctl, "-D", data, "-l", filepath.Join(dir, "log"), "-o", options, "-w", "-t", "30", "start")
	t.Cleanup(func() { asPostgres(t, ctl, "-D", data, "-m", "immediate", "-w", "stop") })
	return p
}

func postgresBin(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	require.NotEmpty(t, found, "PostgreSQL is missing; install it: make setup")
	return filepath.Dir(found[len(found)-1])
}

// clusterDir is not t.TempDir, because the other user must be able to enter it.
func clusterDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "configdb-pg-") //nolint:usetesting // t.TempDir is closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	if os.Geteuid() == 0 {
		out, err := exec.CommandContext(t.Context(), "chown", "postgres", dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return dir
}

func asPostgres(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if os.Geteuid() == 0 {
		name, args = "runuser", append([]string{"-u", "postgres", "--", name}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	// The started server inherits the output, so a pipe would never end.
	log, err := os.CreateTemp(t.TempDir(), "out")
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Run()
	out, _ := os.ReadFile(log.Name())
	require.NoError(t, err, "%s", out)
	require.NoError(t, log.Close())
}

func freePort(t *testing.T) int {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	return n
}

// database makes a database and runs the statements in it.
func (p *postgres) database(t *testing.T, name string, statements ...string) {
	t.Helper()
	p.exec(t, "postgres", "CREATE DATABASE "+name)
	p.exec(t, name, statements...)
}

func (p *postgres) exec(t *testing.T, database string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s", p.port, database))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for _, s := range statements {
		_, err := conn.Exec(t.Context(), s)
		require.NoError(t, err)
	}
}
