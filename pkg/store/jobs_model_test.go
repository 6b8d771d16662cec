package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// TestJobQueueBehavesLikeASimpleModel plays random histories against the queue and a map.
func TestJobQueueBehavesLikeASimpleModel(t *testing.T) {
	clock := storetest.NewClock()
	var round atomic.Int64
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		rapid.Check(t, func(rt *rapid.T) {
			m := &jobMachine{
				t: t, q: s.Jobs(fmt.Sprint("queue ", round.Add(1))), clock: clock, jobs: make(map[string]*modelJob),
			}
			rt.Repeat(map[string]func(*rapid.T){
				"enqueue": m.enqueue, "claim": m.claim, "pass time": m.passTime, "extend": m.extend,
				"complete": m.complete, "retry": m.retry, "park": m.park, "unpark": m.unpark, "": m.check,
			})
		})
	}, storetest.WithClock(clock), smallLimits)
}

type modelJob struct {
	state          store.JobState
	due            time.Time
	attempts, lost int
	token          int64
	reason         string
}

type jobMachine struct {
	t      *testing.T
	q      *store.JobQueue
	clock  *storetest.Clock
	jobs   map[string]*modelJob
	claims []store.Job // all ever made, most of them outdated
}

func (m *jobMachine) enqueue(t *rapid.T) {
	id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "id")
	added, err := m.q.Enqueue(m.t.Context(), id, []byte("p "+id))
	require.NoError(t, err)
	require.Equal(t, m.jobs[id] == nil, added)
	if added {
		m.jobs[id] = &modelJob{state: store.JobWaiting, due: m.clock.Now()}
	}
}

// dueIn returns the ids of a state that are due, in the order the queue hands them out.
func (m *jobMachine) dueIn(state store.JobState) []string {
	var ids []string
	for id, job := range m.jobs {
		if job.state == state && !job.due.After(m.clock.Now()) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(m.jobs[a].due.Compare(m.jobs[b].due), cmp.Compare(a, b))
	})
	return ids
}

func (m *jobMachine) claim(t *rapid.T) {
	n := rapid.IntRange(1, 3).Draw(t, "n")
	lease := time.Duration(rapid.IntRange(1, 50).Draw(t, "lease ms")) * time.Millisecond
	var want []string
	ended := m.dueIn(store.JobRunning)
	for _, id := range ended[:min(n, len(ended))] {
		job := m.jobs[id]
		job.lost++
		if job.lost >= 3 {
			job.state, job.due, job.reason = store.JobParked, m.clock.Now(), "its workers died or let their lease end, too often in a row"
		} else {
			want = append(want, id)
		}
	}
	waiting := m.dueIn(store.JobWaiting)
	want = append(want, waiting[:min(n-len(want), len(waiting))]...)

	jobs, err := m.q.Claim(m.t.Context(), "w", n, lease, 0)
	require.NoError(t, err)
	var got []string
	for _, job := range jobs {
		got = append(got, job.ID)
		known := m.jobs[job.ID]
		require.Equal(t, "p "+job.ID, string(job.Payload))
		require.Equal(t, known.reason, job.Reason)
		require.Equal(t, known.attempts+1, job.Attempts)
		for _, before := range m.claims {
			require.Greater(t, job.Token, before.Token)
		}
		known.state, known.due, known.attempts, known.token = store.JobRunning, m.clock.Now().Add(lease), job.Attempts, job.Token
	}
	m.claims = append(m.claims, jobs...)
	require.Equal(t, want, got)
}

func (m *jobMachine) passTime(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 60).Draw(t, "ms")) * time.Millisecond)
}

// settle does something with any claim ever made; the model knows whether it still counts.
func (m *jobMachine) settle(t *rapid.T, to store.JobState, do func(store.Job) error, change func(*modelJob)) {
	if len(m.claims) == 0 {
		t.Skip("nothing was claimed yet")
	}
	claim := rapid.SampledFrom(m.claims).Draw(t, "claim")
	job := m.jobs[claim.ID]
	err := do(claim)
	if job.token != claim.Token || job.state != store.JobRunning && job.state != to {
		require.ErrorIs(t, err, store.ErrClaimLost)
		return
	}
	require.NoError(t, err)
	if job.state == store.JobRunning {
		job.state = to
		change(job)
	}
}

func (m *jobMachine) extend(t *rapid.T) {
	m.settle(t, store.JobRunning, func(j store.Job) error { return m.q.Extend(m.t.Context(), j, 40*time.Millisecond) },
		func(job *modelJob) { job.due = m.clock.Now().Add(40 * time.Millisecond) })
}

func (m *jobMachine) complete(t *rapid.T) {
	m.settle(t, store.JobDone, func(j store.Job) error { return m.q.Complete(m.t.Context(), j, []byte("r")) },
		func(job *modelJob) { job.due, job.reason = m.clock.Now().Add(7*24*time.Hour), "" })
}

func (m *jobMachine) retry(t *rapid.T) {
	in := time.Duration(rapid.IntRange(0, 30).Draw(t, "in ms")) * time.Millisecond
	m.settle(t, store.JobWaiting, func(j store.Job) error { return m.q.Retry(m.t.Context(), j, in, "later") },
		func(job *modelJob) { job.due, job.reason, job.lost = m.clock.Now().Add(in), "later", 0 })
}

func (m *jobMachine) park(t *rapid.T) {
	m.settle(t, store.JobParked, func(j store.Job) error { return m.q.Park(m.t.Context(), j, "no") },
		func(job *modelJob) { job.due, job.reason = m.clock.Now(), "no" })
}

func (m *jobMachine) unpark(t *rapid.T) {
	id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "id")
	err := m.q.Unpark(m.t.Context(), id)
	job := m.jobs[id]
	if job == nil || job.state == store.JobRunning || job.state == store.JobDone {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	if job.state == store.JobParked {
		// The token stays: whoever parked it still knows nothing newer.
		*job = modelJob{state: store.JobWaiting, due: m.clock.Now(), token: job.token}
	}
}

func (m *jobMachine) check(t *rapid.T) {
	var want store.JobDepth
	for id, job := range m.jobs {
		map[store.JobState]func(){
			store.JobWaiting: func() { want.Waiting++ }, store.JobRunning: func() { want.Running++ },
			store.JobParked: func() { want.Parked++ }, store.JobDone: func() { want.Done++ },
		}[job.state]()
		got, found, err := m.q.Get(m.t.Context(), id)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, job.state, got.State)
		require.Equal(t, job.attempts, got.Attempts)
		require.Equal(t, job.reason, got.Reason)
		require.True(t, job.due.Equal(got.Due), "%s is due at %s, not %s", id, job.due, got.Due)
		require.Equal(t, job.state == store.JobDone, got.Payload == nil)
	}
	depth, err := m.q.Depth(m.t.Context())
	require.NoError(t, err)
	require.Equal(t, want, depth)
}
