// Command lab is an Engage site and an EX org in one process, and the demo around them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"engage.connector/services/lab/app"
	"engage.connector/services/lab/demo"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	command, args := "help", []string{}
	if len(os.Args) > 1 {
		command, args = os.Args[1], os.Args[2:]
	}
	switch command {
	case "serve":
		return app.Run(ctx, os.Environ(), os.Stdout, os.Stderr)
	case "demo":
		return runDemo(ctx, command, args, demo.Options{Speed: 1}, demo.Show)
	case "demo-check":
		return runDemo(ctx, command, args, demo.Options{Speed: 4}, demo.Check)
	}
	fmt.Fprintln(os.Stderr, "usage: lab serve | demo [flags] | demo-check [flags]")
	return 2
}

func runDemo(ctx context.Context, name string, args []string, opts demo.Options, body func(context.Context, demo.Options) error) int {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&opts.BinDir, "bin", "bin", "folder of the binaries")
	flags.IntVar(&opts.Agents, "agents", 25, "agents of the site")
	flags.IntVar(&opts.Calls, "calls", 20, "calls to play (demo-check)")
	flags.Int64Var(&opts.Seed, "seed", 1, "same seed, same center and same calls")
	flags.Float64Var(&opts.Speed, "speed", opts.Speed, "1 is real time")
	flags.DurationVar(&opts.Timeout, "timeout", 3*time.Minute, "how long everything may take to arrive (demo-check)")
	kill := flags.String("kill", "", "services to kill -9 in the middle, separated by commas (demo-check)")
	flags.BoolFunc("skew", "servers' clocks differ; -skew=vq=1.5,agent=-2 by so many seconds (demo-check)", opts.Disturb.SetSkew)
	flags.Func("late", "`LINK=SECONDS` that a link is held back: vq, agent, call or stat (demo-check)", opts.Disturb.SetLate)
	flags.BoolFunc("gap", "events are lost in the middle; -gap=vq,call on these links (demo-check)", opts.Disturb.SetGap)
	flags.Func("away", "`SECONDS` that the edge can not be reached in the middle (demo-check)", opts.Disturb.SetAway)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *kill != "" {
		opts.Kill = strings.Split(*kill, ",")
	}
	opts.Environ, opts.Stdout, opts.Stderr = os.Environ(), os.Stdout, os.Stderr
	if err := body(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	return 0
}
