package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
	"engage.connector/services/recording-provider/injector"
	"engage.connector/services/recording-provider/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func enqueue(t *testing.T, queue *store.JobQueue, ids ...string) {
	t.Helper()
	for _, id := range ids {
		payload, err := json.Marshal(injector.Task{Segment: recording.Segment{ID: id, FileName: id + ".opus"}})
		require.NoError(t, err)
		_, err = queue.Enqueue(t.Context(), id, payload)
		require.NoError(t, err)
	}
}

// start runs a pool until the test ends or the returned function is called.
func start(t *testing.T, queue worker.Queue, inject worker.Inject) (stop func()) {
	t.Helper()
	pool := worker.New(worker.Options{
		Queue: queue, Inject: inject, Ready: func() bool { return true }, Name: "test", Workers: 3,
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Now: time.Now,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = pool.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func state(t *testing.T, queue *store.JobQueue, id string) store.JobStatus {
	t.Helper()
	found, ok, err := queue.Get(context.WithoutCancel(t.Context()), id)
	require.NoError(t, err)
	require.True(t, ok)
	return found
}

func eventually(t *testing.T, queue *store.JobQueue, id string, want store.JobState) store.JobStatus {
	t.Helper()
	require.Eventually(t, func() bool { return state(t, queue, id).State == want }, 10*time.Second, 10*time.Millisecond)
	return state(t, queue, id)
}

func TestEveryRecordingIsInjectedOnceAndItsReceiptKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		queue := s.Jobs("recordings")
		enqueue(t, queue, "a", "b", "c", "d", "e")
		var calls atomic.Int32
		start(t, queue, func(_ context.Context, task injector.Task, _ injector.Save) (injector.Receipt, error) {
			calls.Add(1)
			return injector.Receipt{Segment: task.Segment, UploadKey: "k-" + task.Segment.ID}, nil
		})
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			done := eventually(t, queue, id, store.JobDone)
			require.Contains(t, string(done.Result), "k-"+id)
		}
		require.EqualValues(t, 5, calls.Load())
	})
}

func TestAHopelessRecordingIsParkedWithItsReason(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	enqueue(t, queue, "a")
	start(t, queue, func(context.Context, injector.Task, injector.Save) (injector.Receipt, error) {
		return injector.Receipt{}, &injector.StepError{Step: injector.StepInspect, Err: fault.New(fault.Invalid, "oggopus", "no Ogg page at byte 0")}
	})
	require.Equal(t, "inspect: oggopus: no Ogg page at byte 0", eventually(t, queue, "a", store.JobParked).Reason)
}

func TestAnUnreadableJobIsParked(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	_, err := queue.Enqueue(t.Context(), "a", []byte("{"))
	require.NoError(t, err)
	start(t, queue, nil)
	require.Contains(t, eventually(t, queue, "a", store.JobParked).Reason, "cannot be read")
}

func TestAFailureThatMayPassWaitsForItsNextAttempt(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	enqueue(t, queue, "a")
	failed := make(chan struct{})
	var once atomic.Bool
	stop := start(t, queue, func(context.Context, injector.Task, injector.Save) (injector.Receipt, error) {
		if once.CompareAndSwap(false, true) {
			close(failed)
		}
		return injector.Receipt{}, &injector.StepError{Step: injector.StepPresign, Err: fault.New(fault.RateLimited, "org", "slow down").WithRetryIn(time.Hour)}
	})
	<-failed
	waiting := eventually(t, queue, "a", store.JobWaiting)
	stop()
	require.Greater(t, time.Until(waiting.Due), 50*time.Minute)
	require.Contains(t, waiting.Reason, "slow down")
}

func TestAStopGivesTheWorkBack(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	enqueue(t, queue, "a")
	begun := make(chan struct{})
	stop := start(t, queue, func(ctx context.Context, _ injector.Task, _ injector.Save) (injector.Receipt, error) {
		close(begun)
		<-ctx.Done()
		return injector.Receipt{}, ctx.Err()
	})
	<-begun
	stop()
	require.Equal(t, store.JobWaiting, state(t, queue, "a").State)
}

// broken is a queue whose Claim fails once.
type broken struct {
	*store.JobQueue
	failed atomic.Bool
}

func (b *broken) Claim(ctx context.Context, name string, n int, lease, block time.Duration) ([]store.Job, error) {
	if b.failed.CompareAndSwap(false, true) {
		return nil, errors.New("redis is away")
	}
	return b.JobQueue.Claim(ctx, name, n, lease, block)
}

func TestTheWorkGoesOnAfterTheQueueWasAway(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	enqueue(t, queue, "a")
	start(t, &broken{JobQueue: queue}, func(_ context.Context, task injector.Task, _ injector.Save) (injector.Receipt, error) {
		return injector.Receipt{Segment: task.Segment}, nil
	})
	eventually(t, queue, "a", store.JobDone)
}

func TestWhatIsSavedComesWithTheNextAttempt(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	enqueue(t, queue, "a")
	var attempts atomic.Int32
	start(t, queue, func(ctx context.Context, task injector.Task, save injector.Save) (injector.Receipt, error) {
		if attempts.Add(1) == 1 {
			task.Upload = &injector.Upload{Key: "place"}
			if err := save(ctx, task); err != nil {
				return injector.Receipt{}, err
			}
			return injector.Receipt{}, &injector.StepError{Step: injector.StepUpload, Err: fault.New(fault.Timeout, "storage", "no answer")}
		}
		return injector.Receipt{Segment: task.Segment, UploadKey: task.Upload.Key}, nil
	})
	require.Contains(t, string(eventually(t, queue, "a", store.JobDone).Result), `"place"`)
}
