package host

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/urfave/cli/v3"

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

// CommandLine is what a service's binary understands.
type CommandLine struct {
	Service string // the name of the binary
	Summary string // what the service does, a clause without a full stop
	// HTTPAddr is where the service listens when HTTP_ADDR is not set, such as ":3640".
	HTTPAddr  string
	Variables []Variable
	// Check reads and validates the configuration without starting anything.
	Check func(environ []string) error
	Run   RunFunc
	// Commands are the service's own sub-commands.
	Commands []SubCommand
}

// SubCommand is a command of one service. It parses its own arguments, -help among them.
type SubCommand struct {
	Name    string
	Summary string // what it does, a clause without a full stop
	Run     func(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int
}

// Main is the body of a service's main function; it does not return. Without arguments it runs the
// service until SIGTERM or SIGINT; a second signal ends it at once.
func Main(c CommandLine) {
	os.Exit(c.Execute(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// Execute runs what the arguments ask for and returns the exit code. -help exits with 0.
func (c CommandLine) Execute(args, environ []string, stdout, stderr io.Writer) int {
	ctx, release := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer release()
	context.AfterFunc(ctx, release) // the next signal has its default effect: it ends the process
	code := ExitOK
	root := c.root(func(run int) { code = run }, environ, stdout, stderr)
	if err := root.Run(ctx, append([]string{c.Service}, args...)); err != nil {
		_, _ = fmt.Fprintf(stderr, "error: %v\nhint: %s -help lists the commands\n", err, c.Service)
		return ExitConfig
	}
	return code
}

// root describes the commands to the library that parses them. Each hands its exit code to exit.
func (c CommandLine) root(exit func(int), environ []string, stdout, stderr io.Writer) *cli.Command {
	root := &cli.Command{
		Name: c.Service, Usage: c.Summary, Version: Version(), HideVersion: true,
		Writer: stdout, ErrWriter: stderr, EnableShellCompletion: true, Suggest: true,
		ConfigureShellCompletionCommand: func(command *cli.Command) { command.Hidden = false },
		Description:                     VariablesText(c.Variables),
		ShellComplete: func(_ context.Context, command *cli.Command) {
			for _, known := range command.Commands {
				_, _ = fmt.Fprintf(stdout, "%s:%s\n", known.Name, known.Usage)
			}
		},
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // Execute owns the exit code
		OnUsageError:   func(_ context.Context, _ *cli.Command, err error, _ bool) error { return err },
		Action: func(ctx context.Context, command *cli.Command) error {
			if command.Args().Present() {
				return fmt.Errorf("there is no command %q", command.Args().First())
			}
			exit(c.Run(ctx, environ, stdout, stderr))
			return nil
		},
	}
	for _, own := range append(c.common(), c.Commands...) {
		root.Commands = append(root.Commands, &cli.Command{
			Name: own.Name, Usage: own.Summary, SkipFlagParsing: true, HideHelp: true,
			Action: func(ctx context.Context, command *cli.Command) error {
				exit(own.Run(ctx, command.Args().Slice(), environ, stdout, stderr))
				return nil
			},
		})
	}
	return root
}

// common are the commands that every service has.
func (c CommandLine) common() []SubCommand {
	plain := func(run RunFunc) func(context.Context, []string, []string, io.Writer, io.Writer) int {
		return func(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
			if len(args) > 0 {
				return Exit(stderr, &ConfigError{Faults: []error{fmt.Errorf("%q is not expected", args[0])}})
			}
			return run(ctx, environ, stdout, stderr)
		}
	}
	return []SubCommand{
		{"serve", "runs the service, as without a command", plain(c.Run)},
		{"check-config", "reads and validates the configuration without starting the service", plain(c.checkConfig)},
		{"healthcheck", "asks the service that runs on this machine; [host:port] overrides HTTP_ADDR", c.healthcheck},
		{"version", "prints the version", plain(func(_ context.Context, _ []string, stdout, _ io.Writer) int {
			_, _ = fmt.Fprintln(stdout, c.Service, Version())
			return ExitOK
		})},
	}
}

// checkConfig reports every fault at once, and names that look mistyped.
func (c CommandLine) checkConfig(_ context.Context, environ []string, stdout, stderr io.Writer) int {
	for _, warning := range Mistyped(environ, c.Variables) {
		_, _ = fmt.Fprintln(stderr, "warning:", warning)
	}
	if err := c.Check(environ); err != nil {
		return Exit(stderr, err)
	}
	_, _ = fmt.Fprintf(stdout, "%s: the configuration is valid\n", c.Service)
	return ExitOK
}

// healthcheck asks the address given, else that of HTTP_ADDR, else the service's default.
func (c CommandLine) healthcheck(ctx context.Context, args, environ []string, _, stderr io.Writer) int {
	if len(args) > 1 {
		return Exit(stderr, &ConfigError{Faults: []error{fmt.Errorf("%q is not expected", args[1])}})
	}
	environ, err := WithConfigFile(environ)
	if err != nil {
		return Exit(stderr, err)
	}
	addr := c.HTTPAddr
	if configured := trimmed(env.ToMap(environ))["HTTP_ADDR"]; configured != "" {
		addr = configured
	}
	if len(args) > 0 {
		addr = args[0]
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	settings := trimmed(env.ToMap(environ))
	encrypted := settings["GRPC_TLS_CERT_FILE"] != "" && settings["HTTP_TLS"] != "false"
	return Exit(stderr, Healthcheck(ctx, addr, encrypted))
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

// Healthcheck asks GET /ready at addr, where an empty or unspecified host means this machine.
// nil means that the service can do its work; else the error says why not. Behind TLS the service's name is not
// checked: it is the service of this machine, whatever its certificate calls it.
func Healthcheck(ctx context.Context, addr string, encrypted bool) error {
	const op = "host.healthcheck"
	target, err := localTarget(addr)
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err).WithHint("give host:port, or set HTTP_ADDR")
	}
	scheme := "http://"
	if encrypted {
		scheme = "https://"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+target+"/ready", nil)
	if err != nil {
		return fault.Wrap(fault.Invalid, op, err)
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above; and no proxy
	// and no proxy: the service is on this machine
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode != http.StatusOK {
		return fault.New(fault.Unavailable, op, notReady(resp.StatusCode, body))
	}
	return nil
}

// notReady says why, as far as the answer tells.
func notReady(status int, body []byte) string {
	var answer Readiness
	if json.Unmarshal(body, &answer) == nil && len(answer.Reasons) > 0 {
		return "the service is not ready: " + strings.Join(answer.Reasons, "; ")
	}
	return fmt.Sprintf("the service answers %d: %s", status, body)
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
