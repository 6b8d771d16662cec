// Command bench measures config-sync against its limits: the API calls of a first synchronisation, the writes of a
// second one, the share of the request allowance that is used, the time and memory that a center of 30,000 persons
// takes, and how long a change needs to reach the organization. The database and Redis are real ones that it starts
// itself; the organization is the lab's. It fails on wrong results and never on slowness.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// wholeLimit bounds the run; what takes longer is a defect.
const wholeLimit = 6 * time.Minute

// options are the command line.
type options struct {
	binaries string        // folder of the lab and of config-sync
	schema   string        // statements that make the tables of a Config DB
	report   string        // file that takes the figures as JSON
	profiles string        // folder that takes profiles of the large center's cycle; empty for none
	paced    time.Duration // how long the use of the allowance is watched; 0 leaves it out
}

func main() { os.Exit(realMain(os.Args[1:], os.Stdout, os.Stderr)) }

func realMain(args []string, stdout, stderr io.Writer) int {
	var opts options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.binaries, "bin", "bin", "folder of the programs lab and config-sync")
	flags.StringVar(&opts.schema, "schema", filepath.Join("services", "config-sync", "configdb", "testdata", "schema.sql"), "statements that make the tables of a Config DB")
	flags.StringVar(&opts.report, "out", filepath.Join("bench", "out", "config-sync.json"), "file for the figures as JSON")
	flags.StringVar(&opts.profiles, "profiles", "", "folder for cpu.pprof and heap.pprof of the large center's cycle")
	flags.DurationVar(&opts.paced, "paced", 2*time.Minute, "how long the use of the request allowance is watched")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, wholeLimit)
	defer cancel()
	if err := run(ctx, opts, stdout); err != nil {
		_, _ = fmt.Fprintln(stderr, "bench-config-sync failed:", err)
		return 1
	}
	return 0
}
