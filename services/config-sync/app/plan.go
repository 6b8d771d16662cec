package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/host"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// planTimeout bounds the reading for the plan sub-command.
const planTimeout = 5 * time.Minute

// Plan prints what the next synchronisation would do, as text or with -json as JSON, and changes
// nothing. It reads the Config DB and Redis with the same environment as the service and returns
// the exit code: 0 also for a plan that would be refused, which is said on stderr.
func Plan(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("plan", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		_, _ = fmt.Fprintf(stderr, "usage: %s plan [-json]\n", Service)
		return host.ExitConfig
	}
	config, err := Load(environ)
	if err != nil {
		return host.Exit(stderr, err)
	}
	logger, err := host.NewLogger(stderr, Service, "warn")
	if err != nil {
		return host.Exit(stderr, err)
	}
	c, err := newCore(Options{Config: config, Logger: logger, Registry: prometheus.NewRegistry(), Now: time.Now})
	if err != nil {
		return host.Exit(stderr, err)
	}
	defer func() { _ = c.close() }()
	ctx, cancel := context.WithTimeout(ctx, planTimeout)
	defer cancel()
	p, report, err := c.syncer.Preview(ctx)
	if err != nil {
		return host.Exit(stderr, err)
	}
	return host.Exit(stderr, printPlan(stdout, stderr, *asJSON, p, report))
}

func printPlan(stdout, stderr io.Writer, asJSON bool, p plan.Plan, report desired.Report) error {
	if refused := p.Check(); refused != nil {
		_, _ = fmt.Fprintln(stderr, "warning:", refused)
	}
	if asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			plan.Plan
			Calls int            `json:"calls"`
			Notes []desired.Note `json:"notes"`
		}{p, p.Calls(), report.Notes})
	}
	for _, note := range report.Notes {
		if _, err := fmt.Fprintln(stdout, "note:", note); err != nil {
			return err
		}
	}
	return p.WriteText(stdout)
}
