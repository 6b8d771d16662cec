package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/wire"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/api"
)

// commandTimeout bounds a sub-command.
const commandTimeout = 5 * time.Minute

const gapsUsage = "usage: " + Service + " gaps [-from TIME] [-to TIME] [-json]\n" +
	"  Prints the intervals in which the org showed another state than Engage had, as CSV or as JSON. TIME is like\n" +
	"  2026-11-28T10:00:00Z or 2026-11-28. The service may run beside it.\n"

// Commands are the service's sub-commands.
func Commands() []host.SubCommand {
	return []host.SubCommand{{Name: "gaps", Summary: "prints when the org showed another state than Engage had", Run: gapsCommand}}
}

func gapsCommand(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("gaps", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { _, _ = io.WriteString(stderr, gapsUsage) }
	from, to, asJSON := flags.String("from", "", ""), flags.String("to", "", ""), flags.Bool("json", false, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return host.ExitOK
	} else if err != nil {
		return host.ExitConfig
	}
	if flags.NArg() > 0 {
		return host.Exit(stderr, fault.Newf(fault.Invalid, "app.gaps", "%q is not expected", flags.Arg(0)))
	}
	config, err := Load(environ)
	if err != nil {
		return host.Exit(stderr, err)
	}
	gaps, err := storedGaps(ctx, config, *from, *to, stderr)
	switch {
	case err != nil:
	case *asJSON:
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(map[string]any{"gaps": gaps})
	default:
		err = api.WriteCSV(stdout, gaps)
	}
	return host.Exit(stderr, err)
}

// storedGaps reads the gaps from Redis.
func storedGaps(ctx context.Context, config Config, fromText, toText string, stderr io.Writer) (gaps []adherence.Gap, err error) {
	from, err := api.ReadTime("from", fromText)
	if err != nil {
		return nil, err
	}
	to, err := api.ReadTime("to", toText)
	if err != nil {
		return nil, err
	}
	// The command listens to nobody; the service may run beside it.
	config.HTTPAddr, config.GRPCAddr = "127.0.0.1:0", "127.0.0.1:0"
	logger, err := host.NewLogger(stderr, Service, "warn")
	if err != nil {
		return nil, fmt.Errorf("gaps: %w", err)
	}
	a, err := New(Options{Config: config, Tools: wire.Tools{Logger: logger, Registry: prometheus.NewRegistry(), Now: time.Now}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	states, err := a.states(ctx)
	if err != nil {
		return nil, err
	}
	if gaps = states.Gaps(from, to, time.Now()); gaps == nil {
		gaps = []adherence.Gap{}
	}
	return gaps, nil
}
