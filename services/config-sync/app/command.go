package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/wire"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

// commandTimeout bounds a sub-command, which may read the whole organization.
const commandTimeout = 15 * time.Minute

// command is a sub-command. It works with the same environment as the service, beside which it may
// run.
type command struct {
	name, summary, usage string
	flags                func(*flag.FlagSet) action
}

// action does the work of a sub-command and returns the exit code, unless there is an error.
type action func(context.Context, *App, []string, output) (int, error)

// The exit codes of plan beside those that every command has.
const (
	exitChanges = 3 // there is something to do
	exitHeld    = 4 // something waits for an approval
)

// output is where a sub-command prints.
type output struct{ stdout, stderr io.Writer }

// commandTable lists the sub-commands.
func commandTable() []command {
	return []command{
		{"plan", "prints what the next synchronisation would do, and changes nothing", "plan [-json] [-refresh=false]\n" +
			"  Prints what the next synchronisation would do, and changes nothing. It reads the organization, to see what was changed\n" +
			"  there; -refresh=false does without, and says how old what is known is.\n" +
			"  Exit codes: 0 nothing to do, 1 failed, 2 wrong configuration, 3 changes, 4 changes that wait for an approval.", planCommand},
		{"approve", "agrees to what a plan takes away", "approve PLAN_ID\n" +
			"  Agrees to what the plan of this id takes away. The service carries it out with its next synchronisation, provided\n" +
			"  that it is still exactly this plan. The approval is good for an hour.", approveCommand},
		{"clear-mapping", "forgets what was done for objects, so that they are mapped anew", "clear-mapping -deleted | KIND ENGAGE_ID...\n" +
			"  Makes the service forget what it did for objects, so that its next synchronisation maps them anew: an object that\n" +
			"  was deleted in the organization is created again. KIND is users, queues, skills, wrapupcodes or source; -deleted\n" +
			"  means all objects that were deleted in the organization. Neither Redis has to be emptied nor the service restarted.", clearCommand},
	}
}

// Commands are the service's sub-commands.
func Commands() []host.SubCommand {
	var all []host.SubCommand
	for _, c := range commandTable() {
		all = append(all, host.SubCommand{
			Name: c.name, Summary: c.summary,
			Run: func(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
				return c.run(ctx, args, environ, output{stdout, stderr})
			},
		})
	}
	return all
}

func (c command) run(ctx context.Context, args, environ []string, out output) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(out.stderr)
	flags.Usage = func() { _, _ = fmt.Fprintf(out.stderr, "usage: %s %s\n", Service, c.usage) }
	execute := c.flags(flags)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintf(out.stderr, "\n%s\n", host.VariablesText(host.Variables[Config]()))
		return host.ExitOK
	} else if err != nil {
		return host.ExitConfig
	}
	config, err := Load(environ)
	if err != nil {
		return host.Exit(out.stderr, err)
	}
	// The command listens to nobody; the service may run beside it.
	config.HTTPAddr, config.GRPCAddr = "127.0.0.1:0", "127.0.0.1:0"
	logger, err := host.NewLogger(out.stderr, Service, "warn")
	if err != nil {
		return host.Exit(out.stderr, err)
	}
	a, err := New(Options{Config: config, Tools: wire.Tools{Logger: logger, Registry: prometheus.NewRegistry(), Now: time.Now}})
	if err != nil {
		return host.Exit(out.stderr, err)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	code, err := execute(ctx, a, flags.Args(), out)
	stopErr := a.Stop(context.WithoutCancel(ctx))
	if fault.CodeOf(err) == fault.Invalid && len(flags.Args()) == 0 {
		flags.Usage()
	}
	if err == nil {
		err = stopErr
	}
	if err == nil {
		return code
	}
	return host.Exit(out.stderr, err)
}

// planCommand prints the plan as text or as JSON.
func planCommand(flags *flag.FlagSet) action {
	asJSON := flags.Bool("json", false, "print JSON")
	refresh := flags.Bool("refresh", true, "read the organization")
	return func(ctx context.Context, a *App, args []string, out output) (int, error) {
		if len(args) > 0 {
			return 0, fault.Newf(fault.Invalid, "app.plan", "%q is not expected", args[0])
		}
		p, err := a.syncer.Preview(ctx, *refresh)
		if err != nil {
			return 0, err
		}
		if p.Refused != "" {
			_, _ = fmt.Fprintln(out.stderr, "warning:", p.Refused)
		}
		if p.Organization.Problem != "" {
			_, _ = fmt.Fprintln(out.stderr, "warning: the organization could not be read:", p.Organization.Problem)
		}
		if !*asJSON {
			return planCode(p), p.WriteText(out.stdout)
		}
		encoder := json.NewEncoder(out.stdout)
		encoder.SetIndent("", "  ")
		return planCode(p), encoder.Encode(p)
	}
}

func planCode(p syncer.Preview) int {
	switch {
	case len(p.Held) > 0:
		return exitHeld
	case !p.Empty():
		return exitChanges
	}
	return host.ExitOK
}

// approveCommand notes the operator's agreement; the service that leads acts on it.
func approveCommand(*flag.FlagSet) action {
	return func(ctx context.Context, a *App, args []string, out output) (int, error) {
		if len(args) != 1 {
			return 0, fault.New(fault.Invalid, "app.approve", "the id of one plan is expected").WithHint("config-sync plan shows it")
		}
		p, err := a.syncer.Approve(ctx, args[0], true)
		if err != nil {
			return 0, err
		}
		_, err = fmt.Fprintf(out.stdout, "plan %s is approved for one hour: %d operations that take something away (%s)\n", p.ID, len(p.Held), p.Withheld())
		return 0, err
	}
}

// clearableTable are the kinds whose mappings can be cleared: those with objects in the
// organization that an administrator can delete.
func clearableTable() []plan.Kind {
	return []plan.Kind{plan.Users, plan.Queues, plan.Skills, plan.Codes, plan.Source}
}

func clearCommand(flags *flag.FlagSet) action {
	deleted := flags.Bool("deleted", false, "all objects that were deleted in the organization")
	return func(ctx context.Context, a *App, args []string, out output) (int, error) {
		applied, err := a.idmap.Load(ctx)
		if err != nil {
			return 0, err
		}
		keys, err := clearable(applied, *deleted, args)
		if err != nil {
			return 0, err
		}
		if err := a.idmap.Request(ctx, keys...); err != nil {
			return 0, err
		}
		for _, key := range keys {
			r := applied[key.Kind][key.ID]
			_, _ = fmt.Fprintf(out.stdout, "%s %s %q will be mapped anew by the next synchronisation\n", key.Kind, key.ID, r.CloudName)
		}
		_, err = fmt.Fprintf(out.stdout, "%d mappings\n", len(keys))
		return 0, err
	}
}

// clearable are the records that the arguments mean.
func clearable(applied plan.Applied, deleted bool, args []string) ([]idmap.Key, error) {
	const op = "app.clear_mapping"
	var keys []idmap.Key
	if deleted && len(args) == 0 {
		for _, kind := range clearableTable() {
			for _, id := range applied.GoneIDs(kind) {
				keys = append(keys, idmap.Key{Kind: kind, ID: id})
			}
		}
		return keys, nil
	}
	if deleted || len(args) < 2 {
		return nil, fault.New(fault.Invalid, op, "a kind and at least one Engage id, or -deleted alone, is expected")
	}
	kind := plan.Kind(strings.ToLower(args[0]))
	if !slices.Contains(clearableTable(), kind) {
		return nil, fault.Newf(fault.Invalid, op, "there are no mappings of %q", args[0]).WithHint("use users, queues, skills, wrapupcodes or source")
	}
	for _, id := range args[1:] {
		r, known := applied[kind][id]
		switch {
		case !known:
			return nil, fault.Newf(fault.NotFound, op, "%s has no mapping of %q", kind, id)
		case r.AliasOf != "":
			id = r.AliasOf
		}
		keys = append(keys, idmap.Key{Kind: kind, ID: id})
	}
	return keys, nil
}
