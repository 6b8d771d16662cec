package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/packed/packedtest"
	"engage.connector/pkg/pipeline/delivery"
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
		payload, err := packed.Encode(&injector.Task{Segment: recording.Segment{ID: id, FileName: id + ".opus"}})
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
		Policy: delivery.Policy{PermanentFor: time.Millisecond},
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
	parked := eventually(t, queue, "a", store.JobParked)
	require.Contains(t, parked.Reason, "inspect: oggopus: no Ogg page at byte 0")
	require.Contains(t, parked.Reason, "after 3 attempts", "the file may still be growing: one look is not enough")
}

// A rollback: a job that a newer version stored is saved by this one with everything that it does not know.
func TestAJobOfANewerVersionKeepsWhatThisOneDoesNotKnow(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	payload, err := packed.Encode(&injector.Task{Segment: recording.Segment{ID: "a", FileName: "a.opus", Speech: &recording.Speech{Language: "de-DE"}}})
	require.NoError(t, err)
	grown, added := packedtest.Grow(t, payload)
	require.Len(t, added, 3)
	_, err = queue.Enqueue(t.Context(), "a", grown)
	require.NoError(t, err)
	start(t, queue, func(ctx context.Context, task injector.Task, save injector.Save) (injector.Receipt, error) {
		task.Upload = &injector.Upload{URL: "https://storage/place", Headers: map[string]string{"b": "2", "a": "1"}}
		if err := save(ctx, task); err != nil {
			return injector.Receipt{}, err
		}
		return injector.Receipt{}, &injector.StepError{Step: injector.StepInspect, Err: fault.New(fault.Invalid, "oggopus", "no")}
	})
	saved := eventually(t, queue, "a", store.JobParked).Payload
	require.ElementsMatch(t, added, packedtest.Grown(t, saved))
	var task injector.Task
	require.NoError(t, packed.Decode(saved, &task))
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, task.Upload.Headers)
}

// A half-written job is parked with its reason, and can be tried again by hand; the others are done.
func TestAnUnreadableJobIsParked(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	payload, err := packed.Encode(&injector.Task{Segment: recording.Segment{ID: "a"}})
	require.NoError(t, err)
	for id, broken := range map[string][]byte{"json": []byte("{}"), "cut": payload[:len(payload)-2], "newer": append([]byte{2}, payload[1:]...)} {
		_, err := queue.Enqueue(t.Context(), id, broken)
		require.NoError(t, err)
	}
	enqueue(t, queue, "whole")
	start(t, queue, func(context.Context, injector.Task, injector.Save) (injector.Receipt, error) {
		return injector.Receipt{}, nil
	})
	for _, id := range []string{"json", "cut", "newer"} {
		require.Contains(t, eventually(t, queue, id, store.JobParked).Reason, "cannot be read")
	}
	eventually(t, queue, "whole", store.JobDone)
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
	require.Contains(t, string(eventually(t, queue, "a", store.JobDone).Result), "place")
}

// A cause of all recordings blames none: one at a time is tried, the health page has one line, the log
// has one, and when it is over everything is taken.
func TestACauseOfAllRecordingsParksNone(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	enqueue(t, queue, "a", "b", "c", "d", "e")
	var down atomic.Bool
	var flying, most, calls atomic.Int32
	down.Store(true)
	var logged bytes.Buffer
	pool := worker.New(worker.Options{
		Queue: queue, Ready: func() bool { return true }, Name: "test", Workers: 3,
		Policy: delivery.Policy{PermanentFor: time.Millisecond, RetryFor: time.Millisecond, RetryAttempts: 1},
		Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelWarn})), Registerer: prometheus.NewRegistry(), Now: time.Now,
		Inject: func(_ context.Context, task injector.Task, _ injector.Save) (injector.Receipt, error) {
			now := flying.Add(1)
			defer flying.Add(-1)
			if !down.Load() {
				return injector.Receipt{Segment: task.Segment}, nil
			}
			if calls.Add(1) > 3 {
				most.Store(max(most.Load(), now))
			}
			return injector.Receipt{}, &injector.StepError{Step: injector.StepKey, Err: fault.New(fault.NotFound, "org", "the organization has no recording encryption key")}
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = pool.Run(ctx) }()
	require.Eventually(t, func() bool { return calls.Load() > 4 }, 20*time.Second, 10*time.Millisecond)
	require.ErrorContains(t, pool.Check(t.Context()), "no recording encryption key")
	require.LessOrEqual(t, most.Load(), int32(1))
	down.Store(false)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		eventually(t, queue, id, store.JobDone)
	}
	require.NoError(t, pool.Check(t.Context()))
	cancel()
	<-done
	require.Equal(t, 1, strings.Count(logged.String(), "\n"), logged.String())
}

// Who retries a parked recording gives it all its patience again.
func TestARetriedRecordingHasAllItsPatience(t *testing.T) {
	queue := storetest.Server(t).Jobs("recordings")
	enqueue(t, queue, "a")
	var attempts atomic.Int32
	start(t, queue, func(context.Context, injector.Task, injector.Save) (injector.Receipt, error) {
		attempts.Add(1)
		return injector.Receipt{}, &injector.StepError{Step: injector.StepInspect, Err: fault.New(fault.Invalid, "oggopus", "no Ogg page at byte 0")}
	})
	eventually(t, queue, "a", store.JobParked)
	before := attempts.Load()
	require.NoError(t, queue.Unpark(t.Context(), "a"))
	eventually(t, queue, "a", store.JobParked)
	require.Equal(t, before, attempts.Load()-before)
}
