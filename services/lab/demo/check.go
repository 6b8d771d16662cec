package demo

import (
	"context"
	"fmt"
	"time"

	"engage.connector/services/lab/app"
)

// Check plays calls, waits until everything has arrived, compares, and prints the result and the
// measured figures. It returns an error on any difference.
func Check(ctx context.Context, opts Options) error {
	return within(ctx, opts, func(ctx context.Context, r *run) error {
		ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
		progress, err := r.playAndWait(ctx)
		if err != nil {
			return err
		}
		r.printFigures(progress)
		return r.judge(progress)
	})
}

// playAndWait returns the last comparison: a complete one, or that at the time-out.
func (r *run) playAndWait(ctx context.Context) (app.Progress, error) {
	if err := r.play(ctx, r.opts.Calls); err != nil {
		return app.Progress{}, err
	}
	const troubles = 2
	troubled := make(chan error, troubles)
	go func() { troubled <- r.killInTheMiddle(ctx) }()
	go func() { troubled <- r.disturbInTheMiddle(ctx) }()
	var last app.Progress
	err := poll(ctx, 100*time.Millisecond, func() (bool, error) {
		progress, err := r.progress(ctx)
		if err != nil {
			return false, r.fleet.failure()
		}
		last = progress
		r.noteFirst(progress)
		over := !progress.Playing && progress.Calls == r.opts.Calls
		return over && progress.Complete() || progress.Failure != "", r.fleet.failure()
	})
	if ctx.Err() != nil {
		err = nil // the comparison says what is missing
	}
	for range troubles {
		if err == nil {
			err = <-troubled
		}
	}
	return last, err
}

// killInTheMiddle ends services with SIGKILL while calls are played; they are started again.
func (r *run) killInTheMiddle(ctx context.Context) error {
	for place, name := range r.opts.Kill {
		// Spread over the play: the first one when a part of the calls has begun, and so on.
		due := max(1, r.opts.Calls*(place+1)/(len(r.opts.Kill)+1))
		process, err := r.fleet.find(name)
		if err != nil {
			return err
		}
		begun, err := r.awaitCalls(ctx, due)
		if err != nil {
			return fmt.Errorf("no call to kill %s in: %w", name, err)
		}
		if err := process.Kill(); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(r.opts.Stdout, "killed %s with %d calls begun\n", name, begun)
		if err := r.awaitRestart(ctx, process); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) awaitRestart(ctx context.Context, process *Process) error {
	if err := poll(ctx, 20*time.Millisecond, func() (bool, error) { return process.Restarts() > 0, process.Failure() }); err != nil {
		return fmt.Errorf("%s was not started again: %w", process.Name, err)
	}
	for _, program := range r.services() {
		if program.name == process.Name {
			return r.fleet.awaitHealth(ctx, process, program.http)
		}
	}
	return nil
}

// printFigures prints what was measured in this run.
func (r *run) printFigures(progress app.Progress) {
	out := r.opts.Stdout
	_, _ = fmt.Fprintf(out, "first conversation in the org %s after the start; %.1f requests per call\n",
		seconds(r.firstIn), float64(progress.Requests)/float64(max(progress.Calls, 1)))
	for _, process := range r.fleet.processes {
		size, err := fileMB(process.binary)
		if err != nil {
			_, _ = fmt.Fprintf(out, "%-22s %v\n", process.Name, err)
			continue
		}
		resident, err := residentMB(process.PID())
		if err != nil {
			_, _ = fmt.Fprintf(out, "%-22s %v\n", process.Name, err)
			continue
		}
		_, _ = fmt.Fprintf(out, "%-22s binary %5.1f MB (goal 40), resident %5.1f MB (goal 40), restarts %d\n", process.Name, size, resident, process.Restarts())
	}
}

// judge prints the verdict in one line and returns an error unless everything is right.
func (r *run) judge(p app.Progress) error {
	for _, difference := range p.Differences {
		_, _ = fmt.Fprintln(r.opts.Stderr, "  "+difference)
	}
	_, _ = fmt.Fprintf(r.opts.Stdout, "demo: conversations=%d/%d recordings=%d/%d agents=%d/%d events=%d requests=%d lost=%d duplicated=%d disturbed=%d\n",
		p.Conversations.Right, r.opts.Calls, p.Recordings.Right, p.Recordings.Want, p.Agents.Right, p.Agents.Want, p.Events, p.Requests, p.Lost, p.Duplicated, p.Disturbed)
	switch {
	case p.Failure != "":
		return fmt.Errorf("the lab could not play: %s", p.Failure)
	case p.Playing || p.Calls != r.opts.Calls:
		return fmt.Errorf("%d of %d calls were played within %s", p.Calls, r.opts.Calls, r.opts.Timeout)
	case p.Rejected > 0:
		return fmt.Errorf("the org refused %d events", p.Rejected)
	case !p.Complete():
		return fmt.Errorf("the org differs from what happened in %d places\n%s", p.Lost+p.Duplicated+p.Wrong, r.fleet.tails())
	}
	return nil
}
