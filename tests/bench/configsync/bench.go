package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// run measures everything and writes the report. The paced synchronisation runs from the beginning, because it needs
// minutes to come into its steady state; it makes five requests a second and disturbs the others little.
func run(ctx context.Context, opts options, out io.Writer) (err error) {
	s, err := newSite(ctx, opts, out)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return err
	}
	var f figures
	var paced *pacedSync
	var reading *driftSync
	steps := []struct {
		what string
		do   func() error
	}{
		{"begin the paced synchronisation", func() (err error) { paced, err = s.startPaced(ctx); return err }},
		{"begin the reading of an org", func() (err error) { reading, err = s.startDrift(ctx); return err }},
		{"first synchronisation and changes", func() error { return s.measureCalls(ctx, &f) }},
		{"center of 30,000 persons", func() error { return s.measureLarge(ctx, &f) }},
		{"reading of an org", func() error { return reading.measure(ctx, &f) }},
		{"use of the allowance", func() error { return paced.measure(ctx, opts.paced, &f) }},
	}
	for _, step := range steps {
		started := time.Now()
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w\n%s", step.what, err, s.tails())
		}
		s.say("%-36s done in %s", step.what, time.Since(started).Round(100*time.Millisecond))
	}
	return f.write(out, opts.report)
}
