package host

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
)

// newTasks is a task list without a host around it.
func newTasks() *tasks {
	return &tasks{
		log:     slog.New(slog.DiscardHandler),
		metrics: newMetrics(prometheus.NewRegistry(), "test", "v0"),
	}
}

func TestFailedTaskIsStartedAgainWithAGrowingWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTasks()
		var starts []time.Time
		ts.add("flaky", func(context.Context) error {
			starts = append(starts, time.Now())
			switch len(starts) {
			case 4:
				panic("fourth")
			case 6:
				return nil
			}
			return errors.New("no")
		})
		ts.start(t.Context())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, starts, 6, "it ends for good when it returns nil")
		for i, least := range []time.Duration{400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond, 6400 * time.Millisecond} {
			wait := starts[i+1].Sub(starts[i])
			require.GreaterOrEqual(t, wait, least)
			require.LessOrEqual(t, wait, least*5/4)
		}
		require.InDelta(t, 5, testutil.ToFloat64(ts.metrics.taskRestarts.WithLabelValues("flaky")), 0)
		require.InDelta(t, 1, testutil.ToFloat64(ts.metrics.panics.WithLabelValues(panicInTask)), 0)
		require.InDelta(t, 0, testutil.ToFloat64(ts.metrics.tasksRunning.WithLabelValues("flaky")), 0)
		require.NoError(t, ts.stop(t.Context()))
	})
}

func TestTaskThatRanLongStartsAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTasks()
		var starts []time.Time
		ts.add("steady", func(ctx context.Context) error {
			starts = append(starts, time.Now())
			sleep(ctx, 2*time.Minute)
			return errors.New("lost the connection")
		})
		ts.start(t.Context())
		time.Sleep(10 * time.Minute)
		require.NoError(t, ts.stop(t.Context()))
		require.GreaterOrEqual(t, len(starts), 4)
		for i := 1; i < len(starts); i++ {
			require.LessOrEqual(t, starts[i].Sub(starts[i-1]), 2*time.Minute+firstRestart)
		}
	})
}

func TestTasksAreCancelledAndAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTasks()
		ended := false
		ts.add("early", func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // it has something to finish
			ended = true
			return ctx.Err()
		})
		ts.start(t.Context())
		late := make(chan struct{})
		ts.add("late", func(ctx context.Context) error {
			close(late)
			<-ctx.Done()
			return ctx.Err()
		})
		<-late
		require.NoError(t, ts.stop(t.Context()))
		require.True(t, ended)
		require.InDelta(t, 0, testutil.ToFloat64(ts.metrics.taskRestarts.WithLabelValues("early")), 0)

		ts.add("too late", func(context.Context) error { t.Error("started after the stop"); return nil })
		synctest.Wait()
	})
}

func TestTaskThatDoesNotEndIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTasks()
		release := make(chan struct{})
		ts.add("deaf", func(context.Context) error { <-release; return nil })
		ts.add("good", func(ctx context.Context) error { <-ctx.Done(); return nil })
		ts.start(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := ts.stop(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "[deaf]")
		close(release)
	})
}

func TestRestartWaitObeysWhatTheErrorAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTasks()
		var starts []time.Time
		ts.add("limited", func(context.Context) error {
			if starts = append(starts, time.Now()); len(starts) == 2 {
				return nil
			}
			return fault.New(fault.RateLimited, "cloud", "slow down").WithRetryIn(42 * time.Second)
		})
		ts.start(t.Context())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 42*time.Second, starts[1].Sub(starts[0]))
		require.NoError(t, ts.stop(t.Context()))
	})
}

func TestRestartDelayIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		failures := rapid.IntRange(0, 1_000_000).Draw(t, "failures")
		asked := time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "asked"))
		random := rapid.Float64Range(0, 0.999).Draw(t, "random")
		wait := restartDelay(failures, asked, random)
		require.GreaterOrEqual(t, wait, firstRestart*8/10)
		require.LessOrEqual(t, wait, max(maxRestart, maxAskedRestart))
		require.GreaterOrEqual(t, wait, min(asked, maxAskedRestart))
	})
}
