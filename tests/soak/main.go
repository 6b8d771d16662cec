// Command soak runs random call histories through the conversation model and judges what comes
// out. Every history has a seed; a failing one is made small and printed as feed lines.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"engage.connector/tests/soak/campaign"
)

// gcPercent: a history's garbage is small, and collecting it seldom is much faster.
const gcPercent = 800

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

func run(args, environ []string, stdout, stderr io.Writer) int {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	opts := campaign.Options{Stdout: stdout, Environ: environ}
	flags.IntVar(&opts.Histories, "histories", 100_000, "histories to run")
	flags.Uint64Var(&opts.Seed, "seed", 1, "of the first history; the others count up")
	flags.DurationVar(&opts.Limit, "for", 30*time.Minute, "begin no history after this time")
	flags.IntVar(&opts.Workers, "workers", runtime.GOMAXPROCS(0), "histories at a time")
	flags.IntVar(&opts.Calls, "calls", 6, "interactions in a history, at most")
	flags.IntVar(&opts.Moves, "moves", 40, "moves in a history, at most")
	flags.IntVar(&opts.Shown, "shown", 1, "failing histories of each rule that are made small and printed")
	flags.IntVar(&opts.Tries, "tries", 4000, "how often a failing history is run to make it small, at most")
	flags.BoolVar(&opts.LinkOrder, "link-order", false, "demand that how the links lag does not matter even for longer than they are waited for")
	flags.StringVar(&opts.CallModel, "model", "guide", "CALL_MODEL: guide or extended")
	flags.StringVar(&opts.Org, "org", "", "URL of a running lab org that gets the events as well (LAB_OAUTH_SECRET is its secret)")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	debug.SetGCPercent(gcPercent)
	ok, err := campaign.Run(ctx, opts)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "Error:", err)
		return 1
	}
	if !ok {
		return 1
	}
	return 0
}
