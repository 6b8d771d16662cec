// Command bench measures the conversation model on one core: how many events of Engage it reads in
// a second, how much memory a live call takes, and whether ended calls leave anything behind. It
// fails on wrong results only; the figures stand beside their limits.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"

	"engage.connector/services/conversation-provider/app"
	"engage.connector/tests/bench/callmodel/measure"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(app.GCPercent) // as the service does
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	opts := measure.Options{Stdout: stdout}
	flags.IntVar(&opts.Calls, "calls", 40_000, "calls whose events are timed")
	flags.IntVar(&opts.Live, "live", 20_000, "calls that are on at a time when the memory is measured")
	flags.IntVar(&opts.Few, "few", 100_000, "ended calls after which the memory is measured first")
	flags.IntVar(&opts.Many, "many", 1_000_000, "ended calls after which it is measured again")
	flags.IntVar(&opts.Warm, "warm", 40_000, "calls that are answered before, so that every extension has a history")
	out := flags.String("out", filepath.Join("bench", "out", "conversation-model.json"), "file for the figures")
	profile := flags.String("cpuprofile", "", "file for a CPU profile")
	flags.StringVar(&opts.HeapProfile, "heapprofile", "", "file for a profile of the heap while calls are on")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if err := bench(opts, *out, *profile); err != nil {
		_, _ = fmt.Fprintln(stderr, "Error:", err)
		return 1
	}
	return 0
}

func bench(opts measure.Options, out, profile string) (err error) {
	if profile != "" {
		file, err := os.Create(filepath.Clean(profile))
		if err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	figures, err := measure.Model(opts)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	const folder, file = 0o750, 0o600
	if err := os.MkdirAll(filepath.Dir(out), folder); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	if err := os.WriteFile(out, append(data, '\n'), file); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	if _, err := fmt.Fprintf(opts.Stdout, "bench-conversation-model: events_per_s=%.0f json_valid_per_s=%.0f ratio=%.2f bytes_per_live_call=%.0f\n",
		figures.EventsPerSecond, figures.ValidPerSecond, figures.Ratio, figures.BytesPerLiveCall); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	return nil
}
