package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

// JobQueue is work that any instance may do. A job is claimed for a time; if its worker dies, another
// gets it. Each claim has a token, and whoever held an earlier one cannot change the job any more.
// A job may therefore run twice, but only one run's outcome counts.
type JobQueue struct {
	s    *Store
	name string
}

// Jobs returns the queue of a name, e.g. "recordings"; it need not exist yet.
func (s *Store) Jobs(name string) *JobQueue {
	return &JobQueue{s: s, name: name}
}

// JobState is where a job is in its life.
type JobState string

// The states of a job: waiting (for a worker or for its retry time) -> running -> done, back to
// waiting, or parked until a person unparks it.
const (
	JobWaiting JobState = "waiting"
	JobRunning JobState = "running"
	JobDone    JobState = "done"
	JobParked  JobState = "parked"
)

// Job is a claim on a piece of work.
type Job struct {
	ID         string
	Payload    []byte
	Attempts   int    // how often it was claimed, this claim included; Unpark starts again
	Token      int64  // of this claim; greater than those of all claims before
	Worker     string // who claimed it
	Reason     string // why the last attempt was given up; "" at the first
	EnqueuedAt time.Time
	LeaseUntil time.Time // when another may claim it, by this host's clock
}

// JobStatus is what is known about a job.
type JobStatus struct {
	ID         string
	State      JobState
	Attempts   int
	Worker     string // of the last claim
	Reason     string // of the last retry, or of parking
	EnqueuedAt time.Time
	UpdatedAt  time.Time
	// Due is when a waiting job may be claimed, when a running one's lease ends, when a done one is
	// forgotten, or when a parked one was parked.
	Due     time.Time
	Payload []byte // nil once done
	Result  []byte // what Complete left; nil unless done
}

// JobDepth is how many jobs are in each state.
type JobDepth struct{ Waiting, Running, Parked, Done int64 }

const (
	maxJobID   = 512
	maxClaim   = 1000
	lossReason = "its workers died or let their lease end, too often in a row"
)

// keysOf returns the keys in the order of the scripts: ready, running, parked, done, meta, payloads, results.
func (q *JobQueue) keysOf() []string {
	parts := []string{"ready", "running", "parked", "done", "meta", "payloads", "results"}
	for i, part := range parts {
		parts[i] = q.key(part)
	}
	return parts
}

func (q *JobQueue) key(part string) string { return q.s.keys.name("jobs", q.name, part) }

// Enqueue adds a job; one whose id is known, even as done, is left as it is and added is false. A
// full queue refuses with RateLimited and ErrFull. It returns when the job is safe (Store.Persisted):
// whoever is answered does not hand it in again.
func (q *JobQueue) Enqueue(ctx context.Context, id string, payload []byte) (added bool, err error) {
	if id == "" || len(id) > maxJobID {
		return false, q.s.refuse(opJobEnqueue, fault.Invalid, "a job id has 1 to %d bytes, not %d", maxJobID, len(id))
	}
	err = q.s.durably(ctx, func(ctx context.Context) error {
		added, err = q.enqueue(ctx, id, payload)
		return err
	})
	return added, err
}

func (q *JobQueue) enqueue(ctx context.Context, id string, payload []byte) (added bool, err error) {
	err = q.s.do(ctx, opJobEnqueue, func(ctx context.Context) error {
		answer, err := q.s.run(ctx, scriptJobEnqueue, q.keysOf(), q.s.scriptTime(), id, payload,
			q.s.opts.Limits.Jobs, q.s.opts.Limits.JobsDone).Int()
		if err == nil && answer < 0 {
			return full("store.job_enqueue", "the queue "+q.name)
		}
		added = answer == 1
		return err
	})
	return added, err
}

// Claim gives a worker up to n jobs (1 to 1000) for the time of lease: first those whose worker let
// the lease end, then those that are due, oldest first. When there is none it waits for block; then
// it returns none, or ctx's error when ctx has ended. A job that Limits.JobLosses workers have died
// over is parked instead.
func (q *JobQueue) Claim(ctx context.Context, worker string, n int, lease, block time.Duration) ([]Job, error) {
	if worker == "" || n < 1 || lease < time.Millisecond {
		return nil, q.s.refuse(opJobClaim, fault.Invalid, "a claim needs a worker, a number and a lease, got %q, %d, %s", worker, n, lease)
	}
	for begin := time.Now(); ; {
		jobs, next, err := q.claim(ctx, worker, min(n, maxClaim), lease)
		left := block - time.Since(begin)
		if err != nil || len(jobs) > 0 || left <= 0 {
			return jobs, err
		}
		if err := wait(ctx, min(left, next)); err != nil {
			return nil, classify(ctx, opJobClaim, err)
		}
	}
}

// claim asks once; next is when asking again makes sense.
func (q *JobQueue) claim(ctx context.Context, worker string, n int, lease time.Duration) (jobs []Job, next time.Duration, err error) {
	until := q.s.opts.Now().Add(lease)
	err = q.s.do(ctx, opJobClaim, func(ctx context.Context) error {
		answer, err := q.s.run(ctx, scriptJobClaim, append(q.keysOf(), q.key("tokens")), q.s.scriptTime(), worker, n,
			lease.Milliseconds(), q.s.opts.Limits.JobLosses, q.s.opts.Limits.JobsDone, lossReason).StringSlice()
		if err != nil {
			return err
		}
		due, err := strconv.ParseInt(answer[0], 10, 64)
		if err != nil {
			return fault.Wrap(fault.Internal, "store.job_claim", err)
		}
		next = poll
		if due >= 0 {
			next = min(poll, max(time.Duration(due)*time.Millisecond, time.Millisecond))
		}
		jobs = make([]Job, 0, len(answer)/3)
		for i := 1; i+2 < len(answer); i += 3 {
			meta, err := decodeMeta(answer[i], answer[i+2])
			if err != nil {
				return err
			}
			jobs = append(jobs, Job{
				ID: answer[i], Payload: []byte(answer[i+1]), Attempts: meta.Attempts, Token: meta.Token, Worker: meta.Worker,
				Reason: meta.Reason, EnqueuedAt: time.UnixMilli(meta.Enqueued), LeaseUntil: until,
			})
		}
		return nil
	})
	return jobs, next, err
}

// Extend gives the worker more time: lease from now. Conflict with ErrClaimLost when the job was
// claimed by another since; so do Complete, Retry and Park. Doing the same again is no error.
func (q *JobQueue) Extend(ctx context.Context, job Job, lease time.Duration) error {
	return q.settle(ctx, opJobExtend, job, JobRunning, lease, "", nil)
}

// Save replaces the payload of a claimed job, so that whoever claims it next knows how far this
// worker came, and gives the worker more time as Extend does. It returns when the payload is safe
// (Store.Persisted): what the worker does next may depend on its not being forgotten.
func (q *JobQueue) Save(ctx context.Context, job Job, payload []byte, lease time.Duration) error {
	if len(payload) == 0 {
		return q.s.refuse(opJobExtend, fault.Invalid, "job %q cannot lose its payload", job.ID)
	}
	return q.s.durably(ctx, func(ctx context.Context) error {
		return q.settle(ctx, opJobExtend, job, JobRunning, lease, "", payload)
	})
}

// Complete ends a job. Its payload is forgotten; the result, and that the id is done, are
// remembered for Options.JobRetention.
func (q *JobQueue) Complete(ctx context.Context, job Job, result []byte) error {
	return q.settle(ctx, opJobComplete, job, JobDone, q.s.opts.JobRetention, "", result)
}

// Retry gives a job back, to be claimed again no sooner than after in.
func (q *JobQueue) Retry(ctx context.Context, job Job, in time.Duration, reason string) error {
	return q.settle(ctx, opJobRetry, job, JobWaiting, max(in, 0), reason, nil)
}

// Park takes a job out until a person unparks it.
func (q *JobQueue) Park(ctx context.Context, job Job, reason string) error {
	return q.settle(ctx, opJobPark, job, JobParked, 0, reason, nil)
}

func (q *JobQueue) settle(ctx context.Context, op operation, job Job, to JobState, in time.Duration, reason string, result []byte) error {
	return q.s.do(ctx, op, func(ctx context.Context) error {
		ours, err := q.s.run(ctx, scriptJobSettle, q.keysOf(), q.s.scriptTime(), job.ID, job.Token, string(to),
			in.Milliseconds(), clip(reason), result, q.s.opts.Limits.JobsDone, job.Worker).Int()
		if err == nil && ours == 0 {
			return &fault.Error{Code: fault.Conflict, Op: "store." + string(op), Msg: fmt.Sprintf("job %q of %q", job.ID, job.Worker), Err: ErrClaimLost}
		}
		return err
	})
}

// Unpark makes a parked job wait for a worker again, with no attempts counted; one that waits already
// is no error. NotFound when there is no such job, Conflict when it is running or done. It returns
// when that is safe (Store.Persisted): a person who was answered does not look again.
func (q *JobQueue) Unpark(ctx context.Context, id string) error {
	return q.s.durably(ctx, func(ctx context.Context) error { return q.unpark(ctx, id) })
}

func (q *JobQueue) unpark(ctx context.Context, id string) error {
	return q.s.do(ctx, opJobUnpark, func(ctx context.Context) error {
		state, err := q.s.run(ctx, scriptJobUnpark, []string{q.key("ready"), q.key("parked"), q.key("meta")}, q.s.scriptTime(), id).Text()
		switch {
		case err != nil:
			return err
		case state == "":
			return fault.Newf(fault.NotFound, "store.job_unpark", "there is no job %q", id)
		case state != string(JobWaiting):
			return fault.Newf(fault.Conflict, "store.job_unpark", "job %q is %s, not parked", id, state)
		}
		return nil
	})
}

// Depth counts the jobs.
func (q *JobQueue) Depth(ctx context.Context) (JobDepth, error) {
	var depth JobDepth
	err := q.s.do(ctx, opJobDepth, func(ctx context.Context) error {
		batch := q.s.redis().Pipeline()
		ready, running := batch.ZCard(ctx, q.key("ready")), batch.ZCard(ctx, q.key("running"))
		parked, done := batch.ZCard(ctx, q.key("parked")), batch.ZCard(ctx, q.key("done"))
		if _, err := batch.Exec(ctx); err != nil {
			return err
		}
		depth = JobDepth{Waiting: ready.Val(), Running: running.Val(), Parked: parked.Val(), Done: done.Val()}
		return nil
	})
	return depth, err
}

// Get returns what is known about a job, and whether anything is.
func (q *JobQueue) Get(ctx context.Context, id string) (JobStatus, bool, error) {
	var found []JobStatus
	err := q.s.do(ctx, opJobGet, func(ctx context.Context) error {
		var err error
		found, err = q.statuses(ctx, []string{id})
		return err
	})
	if err != nil || len(found) == 0 {
		return JobStatus{}, false, err
	}
	return found[0], true, nil
}

// List returns up to limit jobs of a state: those that are next in it first, of done ones the newest.
func (q *JobQueue) List(ctx context.Context, state JobState, limit int) ([]JobStatus, error) {
	set, known := map[JobState]string{JobWaiting: "ready", JobRunning: "running", JobParked: "parked", JobDone: "done"}[state]
	if !known || limit < 1 {
		return nil, q.s.refuse(opJobList, fault.Invalid, "no jobs of state %q, limit %d", state, limit)
	}
	var found []JobStatus
	err := q.s.do(ctx, opJobList, func(ctx context.Context) error {
		order := q.s.redis().ZRange
		if state == JobDone {
			order = q.s.redis().ZRevRange
		}
		ids, err := order(ctx, q.key(set), 0, int64(limit)-1).Result()
		if err != nil {
			return err
		}
		found, err = q.statuses(ctx, ids)
		return err
	})
	return found, err
}

// statuses reads jobs in one round trip; those that are gone are left out.
func (q *JobQueue) statuses(ctx context.Context, ids []string) ([]JobStatus, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	batch := q.s.redis().TxPipeline()
	metas := batch.HMGet(ctx, q.key("meta"), ids...)
	payloads, results := batch.HMGet(ctx, q.key("payloads"), ids...), batch.HMGet(ctx, q.key("results"), ids...)
	sets := []string{"ready", "running", "parked", "done"}
	dues := make([]*redis.FloatCmd, 0, len(ids)*len(sets))
	for _, id := range ids {
		for _, set := range sets {
			dues = append(dues, batch.ZScore(ctx, q.key(set), id))
		}
	}
	if _, err := batch.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		if cause := metas.Err(); cause != nil {
			err = cause // that the whole is aborted does not say why
		}
		return nil, err
	}
	found := make([]JobStatus, 0, len(ids))
	for i, id := range ids {
		text, ok := metas.Val()[i].(string)
		if !ok {
			continue
		}
		meta, err := decodeMeta(id, text)
		if err != nil {
			return nil, err
		}
		status := JobStatus{
			ID: id, State: meta.State, Attempts: meta.Attempts, Worker: meta.Worker, Reason: meta.Reason,
			EnqueuedAt: time.UnixMilli(meta.Enqueued), UpdatedAt: time.UnixMilli(meta.Updated),
			Payload: value(payloads.Val()[i]), Result: value(results.Val()[i]),
		}
		for _, due := range dues[i*len(sets) : (i+1)*len(sets)] {
			if due.Err() == nil {
				status.Due = time.UnixMilli(int64(due.Val()))
			}
		}
		found = append(found, status)
	}
	return found, nil
}

// value is one answer of HMGET; nil when there is none.
func value(answer any) []byte {
	text, ok := answer.(string)
	if !ok {
		return nil
	}
	return []byte(text)
}

// jobMeta is a job's record as the scripts keep it; times in milliseconds.
type jobMeta struct {
	State    JobState `json:"s"`
	Attempts int      `json:"a"`
	Lost     int      `json:"l"`
	Token    int64    `json:"k"`
	Enqueued int64    `json:"q"`
	Updated  int64    `json:"u"`
	Worker   string   `json:"w"`
	Reason   string   `json:"r"`
}

func decodeMeta(id, text string) (jobMeta, error) {
	var meta jobMeta
	if err := json.Unmarshal([]byte(text), &meta); err != nil {
		return jobMeta{}, fault.Wrap(fault.Internal, "store.jobs", fmt.Errorf("record of job %q: %w", id, err))
	}
	return meta, nil
}
