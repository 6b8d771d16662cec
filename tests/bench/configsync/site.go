package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// site is what the measurements share: a database server, a Redis, and the processes around them.
type site struct {
	opts      options
	out       io.Writer
	dir       string // private folder of the run
	schema    string
	postgres  *postgres
	redis     string // address
	processes []*process
}

func newSite(ctx context.Context, opts options, out io.Writer) (*site, error) {
	s := &site{opts: opts, out: out}
	var err error
	if s.dir, err = os.MkdirTemp("", "config-sync-bench-"); err != nil {
		return s, fmt.Errorf("folder of the run: %w", err)
	}
	for _, name := range []string{"lab", "config-sync"} {
		if _, err := os.Stat(s.binary(name)); err != nil {
			return s, fmt.Errorf("%w; build it: make build", err)
		}
	}
	schema, err := os.ReadFile(opts.schema)
	if err != nil {
		return s, fmt.Errorf("schema: %w", err)
	}
	s.schema = string(schema)
	if s.postgres, err = startPostgres(ctx, s.dir); err != nil {
		return s, err
	}
	return s, s.startRedis(ctx)
}

func (s *site) binary(name string) string {
	path, err := filepath.Abs(filepath.Join(s.opts.binaries, name))
	if err != nil {
		return name
	}
	return path
}

func (s *site) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }

func (s *site) startRedis(ctx context.Context) error {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("redis-server is missing; install it: make setup")
	}
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return err
	}
	s.redis = ports[0]
	p, err := s.start(program{
		name: "redis", binary: binary, stop: syscall.SIGTERM,
		args: []string{"--port", portOf(s.redis), "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"},
	})
	if err != nil {
		return err
	}
	return p.await(ctx, func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.redis)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// start starts a process that close ends.
func (s *site) start(p program) (*process, error) {
	p.dir, p.log = s.dir, s.dir
	started, err := start(p)
	if err != nil {
		return nil, err
	}
	s.processes = append(s.processes, started)
	return started, nil
}

// quit ends one process before the others.
func (s *site) quit(p *process) error {
	s.processes = slices.DeleteFunc(s.processes, func(other *process) bool { return other == p })
	return p.quit()
}

// startLab starts a lab of its own and returns its org. Its Engage side is not used.
func (s *site) startLab(ctx context.Context, name string) (*organization, error) {
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(s.dir, name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, fmt.Errorf("folder of %s: %w", name, err)
	}
	o := &organization{address: ports[0], secret: randomHex()}
	p, err := s.start(program{name: name, binary: s.binary("lab"), args: []string{"serve"}, stop: syscall.SIGTERM, env: []string{
		"LAB_HTTP_ADDR=" + o.address, "LAB_DIR=" + folder, "LAB_AGENTS=1", "LAB_MCP_DEST=http://127.0.0.1:9/none",
		"LAB_FEED_TOKEN=" + randomHex(), "LAB_WEBDAV_PASSWORD=" + randomHex(), "LAB_OAUTH_SECRET=" + o.secret,
		"CONFIG_DB_TYPE=sqlite", "CONFIG_DB_NAME=" + filepath.Join(folder, "config.db"),
	}})
	if err != nil {
		return nil, err
	}
	return o, p.await(ctx, func(ctx context.Context) error { _, err := o.state(ctx); return err })
}

// service says how an instance of config-sync is set up.
type service struct {
	name      string // of the process and of its keys in Redis
	database  string
	org       *organization
	perMinute int // allowance
	interval  time.Duration
	drift     time.Duration // from one reading of the org to the next; 0 for the default
}

// startService starts config-sync and waits until it serves.
func (s *site) startService(ctx context.Context, v service) (*instance, error) {
	ports, err := freePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	env := []string{
		"TENANT_ID=" + strconv.Itoa(tenantDBID), "TENANT_NAME=" + tenantName, "HTTP_ADDR=" + ports[0], "GRPC_ADDR=" + ports[1],
		"REDIS_ADDR=" + s.redis, "REDIS_KEY_PREFIX=" + keyPrefix(v.name), "POLL_INTERVAL=" + v.interval.String(),
		"CONFIG_DB_TYPE=postgresql", "CONFIG_DB_HOST=127.0.0.1", "CONFIG_DB_PORT=" + s.postgres.port, "CONFIG_DB_NAME=" + v.database, "CONFIG_DB_USER=postgres",
		"GENESYS_CLOUD_API_URL=http://" + v.org.address, "GENESYS_CLOUD_AUTH_URL=http://" + v.org.address,
		"GENESYS_CLOUD_CLIENT_ID=lab-config-sync", "GENESYS_CLOUD_CLIENT_SECRET=" + v.org.secret + "-config-sync",
		"GENESYS_CLOUD_REQUESTS_PER_MINUTE=" + strconv.Itoa(v.perMinute),
	}
	if v.drift > 0 {
		env = append(env, "DRIFT_INTERVAL="+v.drift.String())
	}
	p, err := s.start(program{name: v.name, binary: s.binary("config-sync"), stop: syscall.SIGTERM, env: env})
	if err != nil {
		return nil, err
	}
	i := &instance{process: p, address: ports[0]}
	return i, p.await(ctx, func(ctx context.Context) error { _, err := i.runs(ctx); return err })
}

func keyPrefix(name string) string { return "bench-" + name }

// tails returns the last words of every process.
func (s *site) tails() string {
	var text strings.Builder
	for _, p := range s.processes {
		text.WriteString("--- " + p.name + "\n" + p.tail(5) + "\n")
	}
	return text.String()
}

// close ends what was started, the last first, and removes the files.
func (s *site) close() error {
	var faults []error
	for _, p := range slices.Backward(s.processes) {
		faults = append(faults, p.quit())
	}
	if s.postgres != nil {
		faults = append(faults, s.postgres.close())
	}
	if s.dir != "" {
		faults = append(faults, os.RemoveAll(s.dir))
	}
	return errors.Join(faults...)
}

func randomHex() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return hex.EncodeToString(raw)
}
