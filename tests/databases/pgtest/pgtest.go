// Package pgtest runs a PostgreSQL server of its own for a test.
package pgtest

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

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Server is a server that ends with the test.
type Server struct {
	Port int
	// Dir is readable for the server: certificates may be put there before it starts.
	Dir string
}

// Start makes a cluster in a folder of its own and starts it on a free port. The server refuses
// to run as root, so that root hands it to the user postgres. prepare may add files to the folder
// and returns further settings of the server.
func Start(t testing.TB, prepare ...func(dir string) (settings string)) *Server {
	t.Helper()
	bin := binaries(t)
	dir := clusterDir(t)
	data := filepath.Join(dir, "data")
	settings := []string{""}
	for _, p := range prepare {
		settings = append(settings, p(dir))
	}
	own(t, dir)
	run(t, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	s := &Server{Port: FreePort(t), Dir: dir}
	options := fmt.Sprintf("-h 127.0.0.1 -p %d -k %s -F%s", s.Port, dir, strings.Join(settings, " "))
	ctl := filepath.Join(bin, "pg_ctl")
	run(t, ctl, "-D", data, "-l", filepath.Join(dir, "log"), "-o", options, "-w", "-t", "30", "start")
	t.Cleanup(func() { run(t, ctl, "-D", data, "-m", "immediate", "-w", "stop") })
	return s
}

// URL is the connection string of a database for the superuser.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.Port, database)
}

// Database makes a database and runs the statements in it.
func (s *Server) Database(t testing.TB, name string, statements ...string) {
	t.Helper()
	s.Exec(t, "postgres", "CREATE DATABASE "+name)
	s.Exec(t, name, statements...)
}

// Exec runs the statements as superuser.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL(database))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for _, statement := range statements {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

// FreePort returns a port of the loopback interface that nobody listens on.
func FreePort(t testing.TB) int {
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

func binaries(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	require.NotEmpty(t, found, "PostgreSQL is missing; install it: make setup")
	return filepath.Dir(found[len(found)-1])
}

// clusterDir is not t.TempDir, because the other user must be able to enter it.
func clusterDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "configdb-pg-") //nolint:usetesting // t.TempDir is closed to other users
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func own(t testing.TB, dir string) {
	t.Helper()
	if os.Geteuid() == 0 {
		out, err := exec.CommandContext(t.Context(), "chown", "-R", "postgres", dir).CombinedOutput() //nolint:gosec // a folder of our own
		require.NoError(t, err, "%s", out)
	}
}

// run runs a command as the user of the server.
func run(t testing.TB, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if os.Geteuid() == 0 {
		name, args = "runuser", append([]string{"-u", "postgres", "--", name}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the commands of the server, on its own folder
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
