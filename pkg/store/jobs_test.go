package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func jobBehaviours() []behaviour {
	return []behaviour{
		{"jobs are claimed in order, each once", jobsAreClaimedOnce},
		{"a known job is not added again", knownJobIsNotAdded},
		{"a dead worker's job goes to another", deadWorkersJob},
		{"a worker that lost its claim changes nothing", lostClaimChangesNothing},
		{"an extended claim is kept", extendedClaimIsKept},
		{"a job is retried when its time has come", jobIsRetriedInTime},
		{"a parked job waits for a person", parkedJobWaits},
		{"a job that kills its workers is parked", poisonJobIsParked},
		{"settling twice is no error", settlingTwiceIsNoError},
		{"done jobs are remembered for a while", doneJobsAreRemembered},
		{"a full queue refuses", fullQueueRefuses},
		{"a claim waits for a job", claimWaits},
		{"jobs can be listed", jobsCanBeListed},
		{"senseless job calls are refused", senselessJobCalls},
	}
}

func enqueue(t *testing.T, q *store.JobQueue, ids ...string) {
	t.Helper()
	for _, id := range ids {
		added, err := q.Enqueue(t.Context(), id, []byte("payload of "+id))
		require.NoError(t, err)
		require.True(t, added)
	}
}

func claim(t *testing.T, q *store.JobQueue, worker string, n int) []store.Job {
	t.Helper()
	jobs, err := q.Claim(t.Context(), worker, n, time.Minute, 0)
	require.NoError(t, err)
	return jobs
}

func claimOne(t *testing.T, q *store.JobQueue, worker string) store.Job {
	t.Helper()
	jobs := claim(t, q, worker, 1)
	require.Len(t, jobs, 1)
	return jobs[0]
}

func status(t *testing.T, q *store.JobQueue, id string) store.JobStatus {
	t.Helper()
	status, found, err := q.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, found)
	return status
}

func requireDepth(t *testing.T, q *store.JobQueue, want store.JobDepth) {
	t.Helper()
	depth, err := q.Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, depth)
}

func jobsAreClaimedOnce(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	for _, id := range []string{"c", "a", "b"} {
		enqueue(t, q, id)
		clock.Advance(time.Millisecond)
	}
	first := claim(t, q, "w1", 2)
	second := claim(t, q, "w2", 2)
	require.Len(t, first, 2)
	require.Len(t, second, 1)
	require.Empty(t, claim(t, q, "w1", 2))
	require.Equal(t, []string{"c", "a", "b"}, []string{first[0].ID, first[1].ID, second[0].ID})
	require.Equal(t, "payload of b", string(second[0].Payload))
	require.Equal(t, 1, second[0].Attempts)
	require.Equal(t, "w2", second[0].Worker)
	require.Empty(t, second[0].Reason)
	require.True(t, second[0].EnqueuedAt.Equal(clock.Now().Add(-time.Millisecond)))
	require.True(t, second[0].LeaseUntil.Equal(clock.Now().Add(time.Minute)))
	require.Greater(t, second[0].Token, first[1].Token)
	requireDepth(t, q, store.JobDepth{Running: 3})
	requireDepth(t, s.Jobs("other"), store.JobDepth{})
}

func knownJobIsNotAdded(t *testing.T, s *store.Store, _ *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "a")
	again := func() {
		added, err := q.Enqueue(t.Context(), "a", []byte("other payload"))
		require.NoError(t, err)
		require.False(t, added)
	}
	again()
	job := claimOne(t, q, "w")
	require.Equal(t, "payload of a", string(job.Payload))
	again()
	require.NoError(t, q.Complete(t.Context(), job, []byte("result")))
	again()
	requireDepth(t, q, store.JobDepth{Done: 1})
}

func deadWorkersJob(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "a")
	claimOne(t, q, "dead")
	clock.Advance(time.Minute - time.Millisecond)
	require.Empty(t, claim(t, q, "w", 1), "the lease has not ended")
	clock.Advance(time.Millisecond)
	enqueue(t, q, "b")
	jobs := claim(t, q, "w", 2)
	require.Len(t, jobs, 2)
	require.Equal(t, "a", jobs[0].ID, "left behind goes first")
	require.Equal(t, 2, jobs[0].Attempts)
}

func lostClaimChangesNothing(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "a")
	old := claimOne(t, q, "old")
	clock.Advance(time.Minute)
	held := claimOne(t, q, "new")
	refused := func(job store.Job) {
		t.Helper()
		for _, err := range []error{
			q.Extend(t.Context(), job, time.Hour), q.Complete(t.Context(), job, []byte("wrong")),
			q.Retry(t.Context(), job, 0, "wrong"), q.Park(t.Context(), job, "wrong"),
		} {
			requireCode(t, fault.Conflict, err)
			require.ErrorIs(t, err, store.ErrClaimLost)
		}
	}
	refused(old)
	refused(store.Job{ID: "never was", Token: 1})
	require.Equal(t, store.JobRunning, status(t, q, "a").State)
	require.Equal(t, "new", status(t, q, "a").Worker)
	require.NoError(t, q.Park(t.Context(), held, "r"))
	require.NoError(t, q.Unpark(t.Context(), "a"))
	requireCode(t, fault.Conflict, q.Complete(t.Context(), held, nil))
	next := claimOne(t, q, "old")
	require.Equal(t, old.Attempts, next.Attempts, "attempts start again, so they could not tell the claims apart")
	refused(old)
	require.NoError(t, q.Complete(t.Context(), next, []byte("right")))
	require.Equal(t, "right", string(status(t, q, "a").Result))
}

func extendedClaimIsKept(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "a")
	job := claimOne(t, q, "w")
	for range 3 {
		clock.Advance(50 * time.Second)
		require.NoError(t, q.Extend(t.Context(), job, time.Minute))
		require.True(t, status(t, q, "a").Due.Equal(clock.Now().Add(time.Minute)))
	}
	require.Empty(t, claim(t, q, "other", 1))
	clock.Advance(time.Hour)
	require.NoError(t, q.Complete(t.Context(), job, nil), "it ended but nobody claimed it")
}

func jobIsRetriedInTime(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "a")
	require.NoError(t, q.Retry(t.Context(), claimOne(t, q, "w"), time.Hour, "the file is not there yet"))
	waiting := status(t, q, "a")
	require.Equal(t, store.JobWaiting, waiting.State)
	require.Equal(t, "the file is not there yet", waiting.Reason)
	require.True(t, waiting.Due.Equal(clock.Now().Add(time.Hour)))
	clock.Advance(time.Hour - time.Millisecond)
	require.Empty(t, claim(t, q, "w", 1))
	clock.Advance(time.Millisecond)
	job := claimOne(t, q, "w")
	require.Equal(t, 2, job.Attempts)
	require.Equal(t, "the file is not there yet", job.Reason)
	require.NoError(t, q.Retry(t.Context(), job, -time.Hour, "at once"))
	require.Equal(t, 3, claimOne(t, q, "w").Attempts)
}

func parkedJobWaits(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "a")
	require.NoError(t, q.Park(t.Context(), claimOne(t, q, "w"), "no such conversation"))
	clock.Advance(30 * 24 * time.Hour)
	require.Empty(t, claim(t, q, "w", 1))
	parked := status(t, q, "a")
	require.Equal(t, store.JobParked, parked.State)
	require.Equal(t, "no such conversation", parked.Reason)
	require.Equal(t, "payload of a", string(parked.Payload))

	require.NoError(t, q.Unpark(t.Context(), "a"))
	require.NoError(t, q.Unpark(t.Context(), "a"), "again is no error")
	job := claimOne(t, q, "w")
	require.Equal(t, 1, job.Attempts)
	require.Empty(t, job.Reason)
	requireCode(t, fault.Conflict, q.Unpark(t.Context(), "a"))
	requireCode(t, fault.NotFound, q.Unpark(t.Context(), "never was"))
}

func poisonJobIsParked(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "poison")
	claimOne(t, q, "w")
	clock.Advance(time.Minute)
	require.NoError(t, q.Retry(t.Context(), claimOne(t, q, "w"), 0, "an answer: the losses count from here"))
	for range 3 {
		claimOne(t, q, "w")
		clock.Advance(time.Minute)
	}
	require.Empty(t, claim(t, q, "w", 1))
	poison := status(t, q, "poison")
	require.Equal(t, store.JobParked, poison.State)
	require.Contains(t, poison.Reason, "workers died")
	require.Equal(t, 5, poison.Attempts)
	require.NoError(t, q.Unpark(t.Context(), "poison"))
	require.Equal(t, 1, claimOne(t, q, "w").Attempts)
}

func settlingTwiceIsNoError(t *testing.T, s *store.Store, _ *storetest.Clock) {
	q := s.Jobs("recordings")
	enqueue(t, q, "a", "b", "c")
	jobs := claim(t, q, "w", 3)
	for range 2 {
		require.NoError(t, q.Complete(t.Context(), jobs[0], []byte("r")))
		require.NoError(t, q.Retry(t.Context(), jobs[1], time.Hour, "r"))
		require.NoError(t, q.Park(t.Context(), jobs[2], "r"))
	}
	require.ErrorIs(t, q.Park(t.Context(), jobs[0], "r"), store.ErrClaimLost)
	requireDepth(t, q, store.JobDepth{Waiting: 1, Parked: 1, Done: 1})
}

func doneJobsAreRemembered(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	for i := range 14 {
		id := fmt.Sprint("job ", i)
		enqueue(t, q, id)
		require.NoError(t, q.Complete(t.Context(), claimOne(t, q, "w"), []byte("result")))
		done := status(t, q, id)
		require.Equal(t, store.JobDone, done.State)
		require.Nil(t, done.Payload)
		require.Equal(t, "result", string(done.Result))
		clock.Advance(time.Second)
	}
	requireDepth(t, q, store.JobDepth{Done: 10})
	_, found, err := q.Get(t.Context(), "job 3")
	require.NoError(t, err)
	require.False(t, found, "above the bound the oldest is forgotten")
	clock.Advance(7*24*time.Hour - 3*time.Second)
	require.Empty(t, claim(t, q, "w", 1))
	requireDepth(t, q, store.JobDepth{Done: 2})
	clock.Advance(time.Hour)
	enqueue(t, q, "job 13")
	requireDepth(t, q, store.JobDepth{Waiting: 1})
	require.Nil(t, status(t, q, "job 13").Result)
}

func fullQueueRefuses(t *testing.T, s *store.Store, _ *storetest.Clock) {
	q := s.Jobs("recordings")
	for i := range 20 {
		enqueue(t, q, fmt.Sprint(i))
	}
	jobs := claim(t, q, "w", 2)
	require.NoError(t, q.Park(t.Context(), jobs[0], "r"))
	_, err := q.Enqueue(t.Context(), "one more", nil)
	requireCode(t, fault.RateLimited, err)
	require.ErrorIs(t, err, store.ErrFull)
	added, err := q.Enqueue(t.Context(), "0", nil)
	require.NoError(t, err, "a known one costs nothing")
	require.False(t, added)
	require.NoError(t, q.Complete(t.Context(), jobs[1], nil))
	enqueue(t, q, "one more")
}

func claimWaits(t *testing.T, s *store.Store, _ *storetest.Clock) {
	q := s.Jobs("recordings")
	got := make(chan []store.Job, 1)
	go func() {
		jobs, _ := q.Claim(t.Context(), "w", 1, time.Minute, 10*time.Second)
		got <- jobs
	}()
	enqueue(t, q, "late")
	jobs := <-got
	require.Len(t, jobs, 1)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := q.Claim(ctx, "w", 1, time.Minute, time.Hour)
		ended <- err
	}()
	cancel()
	requireCode(t, fault.Canceled, <-ended)
}

func jobsCanBeListed(t *testing.T, s *store.Store, clock *storetest.Clock) {
	q := s.Jobs("recordings")
	for i := range 8 {
		enqueue(t, q, fmt.Sprint(i))
		clock.Advance(time.Millisecond)
	}
	jobs := claim(t, q, "w", 6)
	for _, i := range []int{0, 1} {
		require.NoError(t, q.Complete(t.Context(), jobs[i], nil))
		clock.Advance(time.Millisecond)
		require.NoError(t, q.Park(t.Context(), jobs[i+2], "r"))
		clock.Advance(time.Millisecond)
	}
	for state, want := range map[store.JobState][]string{
		store.JobDone: {"1", "0"}, store.JobParked: {"2", "3"}, store.JobRunning: {"4", "5"}, store.JobWaiting: {"6", "7"},
	} {
		list, err := q.List(t.Context(), state, 10)
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, want, []string{list[0].ID, list[1].ID}, state)
		require.Equal(t, state, list[0].State)
		list, err = q.List(t.Context(), state, 1)
		require.NoError(t, err)
		require.Len(t, list, 1)
	}
	none, err := s.Jobs("other").List(t.Context(), store.JobDone, 1)
	require.NoError(t, err)
	require.Empty(t, none)
}

func senselessJobCalls(t *testing.T, s *store.Store, _ *storetest.Clock) {
	q := s.Jobs("recordings")
	_, err := q.Enqueue(t.Context(), "", nil)
	requireCode(t, fault.Invalid, err)
	_, err = q.Claim(t.Context(), "", 1, time.Minute, 0)
	requireCode(t, fault.Invalid, err)
	_, err = q.Claim(t.Context(), "w", 0, time.Minute, 0)
	requireCode(t, fault.Invalid, err)
	_, err = q.Claim(t.Context(), "w", 1, 0, 0)
	requireCode(t, fault.Invalid, err)
	_, err = q.List(t.Context(), "lost", 1)
	requireCode(t, fault.Invalid, err)
}
