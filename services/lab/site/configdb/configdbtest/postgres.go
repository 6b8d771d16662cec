// Package configdbtest starts the real databases that tests of a Config DB need.
package configdbtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Postgres starts an empty PostgreSQL server of its own on a free port of the loopback interface
// and returns its connection string. It ends with the test. The programs are looked up in PATH
// and in Debian's folder; when they are missing the test fails.
func Postgres(t *testing.T) (dsn string) {
	t.Helper()
	owner, err := user.Lookup("postgres")
	require.NoError(t, err, "PostgreSQL is not installed; install it: make setup")
	dir := t.TempDir()
	if os.Geteuid() == 0 {
		// PostgreSQL refuses to run as root; the owner must be able to reach the data folder.
		uid, gid := number(t, owner.Uid), number(t, owner.Gid)
		require.NoError(t, os.Chown(filepath.Dir(dir), uid, gid))
		require.NoError(t, os.Chown(dir, uid, gid))
	}
	port := freePort(t)
	data, log := filepath.Join(dir, "data"), filepath.Join(dir, "log")
	run(t, log, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
	run(t, log, "pg_ctl", "-D", data, "-l", log, "-w", "start",
		"-o", fmt.Sprintf("-h 127.0.0.1 -p %d -k %s -c fsync=off", port, dir))
	t.Cleanup(func() { run(t, log, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop") })
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
}

// run executes one of PostgreSQL's programs as its user.
func run(t *testing.T, log, program string, args ...string) {
	t.Helper()
	path := find(t, program)
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "postgres", "--", path}, args...)
		path = "runuser"
	}
	// pg_ctl leaves the server behind with the same standard output, so a pipe would never end.
	out, err := os.CreateTemp(t.TempDir(), "out")
	require.NoError(t, err)
	defer func() { require.NoError(t, out.Close()) }()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, args...) //nolint:gosec // fixed programs of the test
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		logged, _ := os.ReadFile(log) //nolint:gosec // the test's own log
		require.NoError(t, err, "%s: %s\n%s", program, said, logged)
	}
}

// find returns the path of a program of PostgreSQL's.
func find(t *testing.T, program string) string {
	t.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	paths, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	require.NoError(t, err)
	require.NotEmpty(t, paths, "%s is not installed; install it: make setup", program)
	return paths[len(paths)-1]
}

func freePort(t *testing.T) int {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}
