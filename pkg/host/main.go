package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"

	"engage.connector/pkg/fault"
)

// The exit codes of a service.
const (
	ExitOK     = 0
	ExitFailed = 1 // it ran into an error, or its health check failed
	ExitConfig = 2 // the configuration or the command line is wrong: a restart does not help
)

// healthcheckTimeout bounds the healthcheck sub-command.
const healthcheckTimeout = 5 * time.Second

// RunFunc is a service's whole program: it ends with ctx and returns the exit code. Exit makes one
// out of an error.
type RunFunc func(ctx context.Context, environ []string, stdout, stderr io.Writer) int

// MainOption changes what Main does.
type MainOption func(*program)

// WithHTTPAddr tells the healthcheck sub-command where the service listens when HTTP_ADDR is not
// set, e.g. ":3640".
func WithHTTPAddr(addr string) MainOption {
	return func(p *program) { p.httpAddr = addr }
}

// program is one run of a service's binary.
type program struct {
	service  string
	httpAddr string
	run      RunFunc
}

// Main is the body of a service's main function; it does not return. Without arguments it runs the
// service until SIGTERM or SIGINT (a second signal ends it at once). "version" prints the version,
// "healthcheck" asks the running service on this machine, for the container's health check.
func Main(service string, run RunFunc, opts ...MainOption) {
	p := &program{service: service, run: run}
	for _, opt := range opts {
		opt(p)
	}
	os.Exit(p.main(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// main picks the sub-command.
func (p *program) main(args, environ []string, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 0 || args[0] == "serve" && len(args) == 1:
		return p.serve(environ, stdout, stderr)
	case args[0] == "version" && len(args) == 1:
		_, _ = fmt.Fprintln(stdout, p.service, Version())
		return ExitOK
	case args[0] == "healthcheck" && len(args) <= 2:
		return p.healthcheck(args[1:], environ, stderr)
	default:
		_, _ = fmt.Fprintf(stderr, "usage: %s [serve | version | healthcheck [host:port]]\n", p.service)
		return ExitConfig
	}
}

// serve runs the service under the signals that ask it to end.
func (p *program) serve(environ []string, stdout, stderr io.Writer) int {
	ctx, release := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer release()
	context.AfterFunc(ctx, release) // the next signal has its default effect: it ends the process
	return p.run(ctx, environ, stdout, stderr)
}

// healthcheck asks the address given, else that of HTTP_ADDR, else the service's default.
func (p *program) healthcheck(args, environ []string, stderr io.Writer) int {
	addr := p.httpAddr
	if configured := trimmed(env.ToMap(environ))["HTTP_ADDR"]; configured != "" {
		addr = configured
	}
	if len(args) > 0 {
		addr = args[0]
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthcheckTimeout)
	defer cancel()
	return Exit(stderr, Healthcheck(ctx, addr))
}

// Exit prints an error for the operator, with its hint, and gives the exit code: 0 without an
// error, 2 when the configuration is wrong, else 1.
func Exit(stderr io.Writer, err error) int {
	if err == nil {
		return ExitOK
	}
	_, _ = fmt.Fprintln(stderr, "error:", err)
	if hint := fault.Hint(err); hint != "" {
		_, _ = fmt.Fprintln(stderr, "hint:", hint)
	}
	if _, ok := errors.AsType[*ConfigError](err); ok {
		return ExitConfig
	}
	return ExitFailed
}

// Healthcheck asks GET /health at addr, where an empty or unspecified host means this machine.
// nil means that the service serves; degraded counts as serving.
func Healthcheck(ctx context.Context, addr string) error {
	const op = "host.healthcheck"
	target, err := localTarget(addr)
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err).WithHint("give host:port, or set HTTP_ADDR")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+target+"/health", nil) //nolint:gosec // localTarget lets only this machine through
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err)
	}
	transport := &http.Transport{DisableKeepAlives: true}     // and no proxy: the service is on this machine
	resp, err := (&http.Client{Transport: transport}).Do(req) //nolint:gosec // as above
	if err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode != http.StatusOK {
		return fault.Newf(fault.Unavailable, op, "the service answers %d: %s", resp.StatusCode, body)
	}
	return nil
}

// localTarget makes an address to connect to out of one to listen on.
func localTarget(addr string) (string, error) {
	hostname, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("address %q: %w", addr, err)
	}
	if ip := net.ParseIP(hostname); hostname == "" || ip != nil && ip.IsUnspecified() {
		hostname = "127.0.0.1"
	}
	return net.JoinHostPort(hostname, port), nil
}
