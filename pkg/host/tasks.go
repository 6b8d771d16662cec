package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"engage.connector/pkg/fault"
)

const (
	// firstRestart and maxRestart bound the wait before a failed task is started again.
	firstRestart = 500 * time.Millisecond
	maxRestart   = 30 * time.Second
	// maxAskedRestart bounds the wait that an error itself may ask for.
	maxAskedRestart = 5 * time.Minute
	// settled is how long a task must have run for the next failure to count as the first.
	settled = time.Minute
	// restartJitter is the part of the wait that is random: two instances that failed together
	// must not come back together.
	restartJitter = 0.2
)

// task is a named background function.
type task struct {
	name string
	run  func(context.Context) error
}

// tasks runs background functions and starts failed ones again, until it is stopped.
type tasks struct {
	log     *slog.Logger
	metrics *metrics

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // the life of the tasks themselves, not of a call
	cancel  context.CancelFunc
	waiting []task         // registered before the start
	running map[string]int // name -> how many are alive
	wg      sync.WaitGroup
}

// add registers a task, or starts it when the others run already. After the stop it does nothing.
func (t *tasks) add(name string, run func(context.Context) error) {
	t.metrics.tasksRunning.WithLabelValues(name)
	t.metrics.taskRestarts.WithLabelValues(name)

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil {
		t.waiting = append(t.waiting, task{name, run})
		return
	}
	t.launch(task{name, run})
}

// start launches what is registered. The tasks end with ctx or with stop.
func (t *tasks) start(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx, t.cancel = context.WithCancel(ctx)
	for _, w := range t.waiting {
		t.launch(w)
	}
	t.waiting = nil
}

// launch starts one task; the caller holds mu.
func (t *tasks) launch(w task) {
	if t.ctx.Err() != nil {
		return
	}
	if t.running == nil {
		t.running = map[string]int{}
	}
	t.running[w.name]++
	ctx := t.ctx
	t.wg.Go(func() {
		defer t.ended(w.name)
		t.keepRunning(ctx, w)
	})
}

// ended removes a task from the list of those alive.
func (t *tasks) ended(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[name]--; t.running[name] <= 0 {
		delete(t.running, name)
	}
}

// stop cancels the tasks and waits for them as long as ctx allows; the error names those that
// are still alive then.
func (t *tasks) stop(ctx context.Context) error {
	t.mu.Lock()
	if t.ctx == nil { // never started: make sure that nothing starts later
		t.ctx, t.cancel = context.WithCancel(context.Background())
	}
	t.cancel()
	t.mu.Unlock()

	done := make(chan struct{})
	go func() {
		t.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("still running: %v: %w", t.alive(), ctx.Err())
	}
}

// alive names the tasks that have not ended.
func (t *tasks) alive() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := make([]string, 0, len(t.running))
	for name := range t.running {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// keepRunning runs a task until it ends by itself without an error, or its context ends.
func (t *tasks) keepRunning(ctx context.Context, w task) {
	log := t.log.With("task", w.name)
	for failures := 0; ; {
		began := time.Now()
		err := t.once(ctx, w)
		if ctx.Err() != nil {
			t.logLast(ctx, log, err)
			return
		}
		if err == nil {
			log.DebugContext(ctx, "task finished")
			return
		}
		if time.Since(began) >= settled {
			failures = 0
		}
		wait := restartDelay(failures, fault.RetryIn(err), rand.Float64()) //nolint:gosec // jitter, not a secret
		failures++
		t.metrics.taskRestarts.WithLabelValues(w.name).Inc()
		log.ErrorContext(ctx, "task failed, will be started again", "error", err, "in", wait.String(), "failures", failures)
		if !sleep(ctx, wait) {
			return
		}
	}
}

// logLast says what a task that was asked to end complained about, if it was not the asking itself.
func (t *tasks) logLast(ctx context.Context, log *slog.Logger, err error) {
	if err != nil && !errors.Is(err, context.Canceled) && fault.CodeOf(err) != fault.Canceled {
		log.WarnContext(ctx, "task ended with an error", "error", err)
	}
}

// once runs a task and turns a panic into an error.
func (t *tasks) once(ctx context.Context, w task) (err error) {
	gauge := t.metrics.tasksRunning.WithLabelValues(w.name)
	gauge.Inc()
	defer gauge.Dec()
	defer func() {
		if p := recover(); p != nil {
			t.metrics.panics.WithLabelValues(panicInTask).Inc()
			t.log.ErrorContext(ctx, "panic in a background task", "task", w.name,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fault.Newf(fault.Internal, "host.task", "panic: %v", p)
		}
	}()
	return w.run(ctx)
}

// restartDelay is how long to wait before the attempt after so many failures in a row. random is
// in [0, 1). What the error asked for is obeyed within a bound.
func restartDelay(failures int, asked time.Duration, random float64) time.Duration {
	wait := maxRestart
	if failures < 16 { // beyond, the shift would overflow and the maximum holds anyway
		wait = min(maxRestart, firstRestart<<failures)
	}
	wait -= time.Duration(restartJitter * random * float64(wait))
	return max(wait, min(asked, maxAskedRestart))
}

// sleep waits and reports whether the whole time passed.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
