package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
)

// startTimeout is how long a redis-server may take until it answers.
const startTimeout = 10 * time.Second

// Redis is a redis-server process with a directory of its own, on a free port of the loopback
// interface. It is killed at the end of the test.
type Redis struct {
	t    testing.TB
	dir  string
	port string
	argv func(r *Redis) []string
	cmd  *exec.Cmd
	over chan struct{} // closed when the process has ended
}

// StartServer starts a redis-server with AOF, synced at every write so that nothing has to be waited
// for, and waits until it answers. Further arguments are
// settings in the command line's form, e.g. "--appendfsync", "always"; {port} and {dir} in them
// stand for the server's own. The test fails when redis-server is not installed.
func StartServer(t testing.TB, args ...string) *Redis {
	t.Helper()
	return start(t, func(r *Redis) []string {
		all := []string{
			"--port", r.port, "--bind", "127.0.0.1", "--dir", r.dir, "--logfile", r.logFile(),
			"--daemonize", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0",
		}
		for _, arg := range args {
			all = append(all, strings.NewReplacer("{port}", r.port, "{dir}", r.dir).Replace(arg))
		}
		return all
	})
}

// MasterName is what a sentinel started here calls the server it watches.
const MasterName = "main"

// StartSentinel starts a sentinel that watches a server alone. Further lines go into its
// configuration; {port} in them stands for its own.
func StartSentinel(t testing.TB, master *Redis, lines ...string) *Redis {
	t.Helper()
	return start(t, func(r *Redis) []string {
		file := filepath.Join(r.dir, "sentinel.conf")
		config := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nlogfile %s\nsentinel monitor %s 127.0.0.1 %s 1\n",
			r.port, r.dir, r.logFile(), MasterName, master.port) + strings.ReplaceAll(strings.Join(append(lines, ""), "\n"), "{port}", r.port)
		require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
		return []string{file, "--sentinel"}
	})
}

func start(t testing.TB, argv func(r *Redis) []string) *Redis {
	t.Helper()
	r := &Redis{t: t, dir: t.TempDir(), argv: argv}
	t.Cleanup(r.Kill)
	r.port = freePort(t)
	err := r.start()
	// Between choosing a free port and using it another process may take it: then choose again.
	for attempt := 1; errors.Is(err, errPortTaken) && attempt < 5; attempt++ {
		r.port = freePort(t)
		err = r.start()
	}
	require.NoError(t, err)
	return r
}

// Addr is where the server listens, host:port.
func (r *Redis) Addr() string { return net.JoinHostPort("127.0.0.1", r.port) }

// Dir is the server's directory.
func (r *Redis) Dir() string { return r.dir }

// Store returns a store over this server.
func (r *Redis) Store(opts ...Option) *store.Store {
	r.t.Helper()
	return Open(r.t, []string{r.Addr()}, opts...)
}

// Do sends the server a command, as an operator would.
func (r *Redis) Do(command ...any) {
	client := redis.NewClient(&redis.Options{Addr: r.Addr()})
	defer func() { _ = client.Close() }()
	require.NoError(r.t, client.Do(r.t.Context(), command...).Err())
}

// Kill ends the process without warning, like kill -9.
func (r *Redis) Kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	<-r.over
	r.cmd = nil
}

// Restart starts the server again after Kill, on the same port and with what it had written.
func (r *Redis) Restart() {
	r.t.Helper()
	require.Nil(r.t, r.cmd, "the server is still running")
	require.NoError(r.t, r.start())
}

// Log is what the server has printed.
func (r *Redis) Log() string {
	text, err := os.ReadFile(r.logFile())
	if err != nil {
		return "" // nothing said yet
	}
	return string(text)
}

func (r *Redis) logFile() string { return filepath.Join(r.dir, "redis.log") }

func (r *Redis) start() error {
	r.t.Helper()
	program, err := exec.LookPath("redis-server")
	require.NoError(r.t, err, "redis-server is missing; install it: make setup")
	said := len(r.Log())
	// The process outlives the test's context on purpose: Kill, as a clean-up, ends it.
	r.cmd = exec.CommandContext(context.WithoutCancel(r.t.Context()), program, r.argv(r)...) //nolint:gosec // a test's own arguments
	r.cmd.SysProcAttr = endWithParent()
	require.NoError(r.t, r.cmd.Start())
	r.over = make(chan struct{})
	go func(cmd *exec.Cmd, over chan<- struct{}) {
		defer close(over)
		_ = cmd.Wait() // says "signal: killed"
	}(r.cmd, r.over)
	if err := r.awaitAnswer(said); err != nil {
		r.Kill()
		return err
	}
	return nil
}

// errPortTaken says that another process was faster.
var errPortTaken = errors.New("the port is taken")

// awaitAnswer returns once our process says that it listens (a foreign one on the same port would
// answer too) and PING is answered. A server that wants a password, or TLS, has no better answer to
// this PING than its refusal. What the log held before this start does not count.
func (r *Redis) awaitAnswer(said int) error {
	deadline := time.After(startTimeout)
	for {
		text := r.Log()[said:]
		if strings.Contains(text, "eady to accept connections") || strings.Contains(text, "Sentinel ID is") {
			if answer, err := ping(r.t.Context(), r.Addr()); err != nil || !strings.HasPrefix(answer, "-LOADING") {
				return nil
			}
		}
		select {
		case <-r.over:
			text = r.Log()[said:]
			if strings.Contains(text, "already in use") {
				return errPortTaken
			}
			return fmt.Errorf("redis-server gave up: %s", text)
		case <-deadline:
			return fmt.Errorf("redis-server does not answer after %s: %s", startTimeout, text)
		case <-time.After(5 * time.Millisecond): // a real process is on the other side
		}
	}
}

// ping sends PING on a connection of its own and returns the answer's line.
func ping(ctx context.Context, addr string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

// freePort asks the system for a port that nobody uses now. Redis Cluster needs port+10000 too, so
// it stays below 50000.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := listener.Addr().(*net.TCPAddr).Port
		require.NoError(t, listener.Close())
		if port < 50000 {
			return fmt.Sprint(port)
		}
	}
	require.FailNow(t, "no free port below 50000")
	return ""
}
