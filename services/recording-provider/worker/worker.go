// Package worker claims submitted recordings and settles each: done, tried again later, or parked
// with its reason.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/store"
	"engage.connector/pkg/uses"
	"engage.connector/services/recording-provider/injector"
)

const (
	leaseTime   = 2 * time.Minute
	claimBlock  = 2 * time.Second
	settleLimit = 5 * time.Second
	errorPause  = time.Second
	// patience with a recording while others are taken; longer troubles are for a person to look at.
	patience = 72 * time.Hour
)

// Queue is where the work comes from; store.JobQueue is one.
type Queue interface {
	Claim(ctx context.Context, worker string, n int, lease, block time.Duration) ([]store.Job, error)
	Extend(ctx context.Context, job store.Job, lease time.Duration) error
	Save(ctx context.Context, job store.Job, payload []byte, lease time.Duration) error
	Complete(ctx context.Context, job store.Job, result []byte) error
	Retry(ctx context.Context, job store.Job, in time.Duration, reason string) error
	Park(ctx context.Context, job store.Job, reason string) error
}

// Inject takes one segment to the org; it returns code Unavailable while the settings are not known.
type Inject func(ctx context.Context, task injector.Task, save injector.Save) (injector.Receipt, error)

// Options of a Pool.
type Options struct {
	Queue      Queue
	Inject     Inject
	Ready      func() bool // nothing is claimed before
	Name       string      // of this instance, in the queue
	Policy     delivery.Policy
	Workers    int
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// Pool is a number of workers.
type Pool struct {
	uses    uses.Log
	opts    Options
	state   *delivery.State
	seen    marks
	metrics *metrics
}

type metrics struct {
	settled  *prometheus.CounterVec
	failures *prometheus.CounterVec
	duration prometheus.Histogram
	paused   prometheus.Gauge
}

// outcomes of a claimed recording.
const (
	outcomeUploaded = "uploaded"
	outcomeRetried  = "retried"
	outcomeParked   = "parked"
	outcomeLost     = "lost_claim" // another worker has it now
)

// New returns a pool that does nothing until Run.
func New(opts Options) *Pool {
	factory := promauto.With(opts.Registerer)
	m := &metrics{
		settled: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_recording_provider_recordings_total", Help: "Claimed recordings by outcome.",
		}, []string{"outcome"}),
		failures: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_recording_provider_failures_total", Help: "Failed attempts by the step that failed.",
		}, []string{"step"}),
		paused: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_recording_provider_paused", Help: "1 while no recording is taken and one at a time tries whether that is over.",
		}),
		duration: factory.NewHistogram(prometheus.HistogramOpts{
			Name: "engage_connector_recording_provider_injection_seconds", Help: "Time from claim to upload.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300}, NativeHistogramBucketFactor: 1.1,
		}),
	}
	for _, outcome := range []string{outcomeUploaded, outcomeRetried, outcomeParked, outcomeLost} {
		m.settled.WithLabelValues(outcome)
	}
	for _, step := range injector.Steps() {
		m.failures.WithLabelValues(string(step))
	}
	opts.Logger = opts.Logger.With("component", "worker")
	if opts.Policy.RetryFor == 0 {
		opts.Policy.RetryFor = patience
	}
	opts.Policy = opts.Policy.WithDefaults()
	return &Pool{opts: opts, state: delivery.NewState("recordings"), metrics: m}
}

// Run works until ctx ends and returns when every worker has settled what it held.
func (p *Pool) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for n := range p.opts.Workers {
		workers.Go(func() { p.work(ctx, p.opts.Name+"/"+strconv.Itoa(n)) })
	}
	workers.Wait()
	return ctx.Err()
}

func (p *Pool) work(ctx context.Context, name string) {
	for ctx.Err() == nil {
		if !p.opts.Ready() {
			sleep(ctx, errorPause)
			continue
		}
		if wait := p.state.Begin(p.opts.Now()); wait > 0 {
			sleep(ctx, min(wait, errorPause))
			continue
		}
		p.claim(ctx, name)
		p.state.End()
	}
}

// claim takes one recording and does it.
func (p *Pool) claim(ctx context.Context, name string) {
	jobs, err := p.opts.Queue.Claim(ctx, name, 1, leaseTime, claimBlock)
	if err != nil {
		if ctx.Err() == nil {
			p.opts.Logger.Warn("cannot claim a recording", "error", err)
			sleep(ctx, errorPause)
		}
		return
	}
	for _, job := range jobs {
		p.handle(ctx, job)
	}
}

// handle does one job under a lease that is extended for as long as it takes.
func (p *Pool) handle(ctx context.Context, job store.Job) {
	begin := p.opts.Now()
	log := p.opts.Logger.With("recording_id", job.ID, "attempt", job.Attempts)
	var task injector.Task
	if err := packed.Decode(job.Payload, &task); err != nil {
		p.settle(ctx, log, outcomeParked, func(ctx context.Context) error {
			return p.opts.Queue.Park(ctx, job, "the stored job cannot be read: "+err.Error())
		})
		return
	}
	working, cancel := context.WithCancel(ctx)
	extended := p.keepLease(working, cancel, job)
	receipt, err := p.opts.Inject(working, task, func(ctx context.Context, saved injector.Task) error {
		task.Upload = saved.Upload
		return p.save(ctx, job, task)
	})
	cancel()
	<-extended
	p.uses.Note(p.opts.Now(), err)
	if err != nil {
		p.afterFailure(ctx, log, job, task, err)
		return
	}
	result, err := packed.Encode(&receipt)
	if err != nil {
		p.afterFailure(ctx, log, job, task, fault.Wrap(fault.Internal, "worker.receipt", err))
		return
	}
	p.seen.answered(job.ID, 0, true)
	p.resume(true)
	p.settle(ctx, log, outcomeUploaded, func(ctx context.Context) error { return p.opts.Queue.Complete(ctx, job, result) })
	p.metrics.duration.Observe(p.opts.Now().Sub(begin).Seconds())
}

func (p *Pool) save(ctx context.Context, job store.Job, task injector.Task) error {
	payload, err := packed.Encode(&task)
	if err != nil {
		return fault.Wrap(fault.Internal, "worker.save", err)
	}
	return p.opts.Queue.Save(ctx, job, payload, leaseTime)
}

// keepLease extends the job's lease; when the claim is lost it cancels the work. The channel is
// closed when it is done.
func (p *Pool) keepLease(ctx context.Context, cancel context.CancelFunc, job store.Job) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(leaseTime / 3)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if err := p.opts.Queue.Extend(ctx, job, leaseTime); fault.CodeOf(err) == fault.Conflict {
					cancel()
					return
				}
			}
		}
	}()
	return done
}

// afterFailure reports whose matter the failure is and does what the table of package delivery says.
func (p *Pool) afterFailure(ctx context.Context, log *slog.Logger, job store.Job, task injector.Task, err error) {
	step := injector.StepFetch
	if failed, ok := errors.AsType[*injector.StepError](err); ok {
		step = failed.Step
		p.metrics.failures.WithLabelValues(string(step)).Inc()
	}
	if ctx.Err() != nil || fault.CodeOf(err) == fault.Canceled { // we have stopped: nothing is known of it
		p.settle(ctx, log, outcomeRetried, func(ctx context.Context) error {
			return p.opts.Queue.Retry(ctx, job, delivery.RecordWait(1, 0), err.Error())
		})
		return
	}
	answer := injector.Answer(step, err)
	action, wait := p.decide(job.ID, &task, answer)
	switch action {
	case delivery.Park:
		reason := delivery.GivenUp(answer, task.Patience)
		log.Error("recording is parked", "step", step, "code", answer.Code, "reason", reason)
		p.settle(ctx, log, outcomeParked, func(ctx context.Context) error {
			task.Patience, task.Answered = delivery.Patience{}, time.Time{} // who retries it has all of it
			return errors.Join(p.save(ctx, job, task), p.opts.Queue.Park(ctx, job, reason))
		})
	case delivery.Pause:
		p.settle(ctx, log, outcomeRetried, func(ctx context.Context) error { return p.opts.Queue.Retry(ctx, job, wait, err.Error()) })
	case delivery.Again, delivery.Split:
		log.Info("recording is tried again", "step", step, "code", answer.Code, "reason", answer.Reason, "in", wait.String())
		p.settle(ctx, log, outcomeRetried, func(ctx context.Context) error {
			return errors.Join(p.save(ctx, job, task), p.opts.Queue.Retry(ctx, job, wait, err.Error()))
		})
	}
}

// decide asks the table, and notes in the task what was used of its patience.
func (p *Pool) decide(id string, task *injector.Task, a delivery.Answer) (delivery.Action, time.Duration) {
	now := p.opts.Now()
	seen := p.seen.of(id, p.state.Now())
	proven := p.state.Proven(seen.first)
	everyone, reached := p.state.Refused(now, id, delivery.Last{At: task.Answered, Mark: seen.last}, a, proven)
	history := delivery.History{Alone: true, Proven: proven, Everyone: everyone}
	action, used := p.opts.Policy.Decide(a, history, task.Patience, reached)
	if action == delivery.Pause {
		p.state.Failed()
		wait, report := p.state.Pause(now, a)
		p.metrics.paused.Set(boolean(p.state.Paused()))
		if report {
			p.opts.Logger.Warn("no recording is taken, the work is paused and tried again with one at a time", "scope", a.Scope,
				"code", a.Code, "reason", a.Reason, "hint", a.Hint, "retry_in", wait)
		}
		return action, wait
	}
	p.seen.answered(id, p.state.Now(), action == delivery.Park)
	task.Patience, task.Answered = used, now
	if a.Scope == delivery.Record || a.Own {
		p.resume(false)
	}
	return action, delivery.RecordWait(used.Times, a.RetryIn)
}

// resume notes that storage and org have dealt with a recording.
func (p *Pool) resume(took bool) {
	ended := p.state.Answered(p.opts.Now(), took)
	p.metrics.paused.Set(0)
	if ended != nil {
		p.opts.Logger.Info("recordings are taken again", "code", ended.Cause.Code, "after", ended.After.Round(time.Second))
	}
}

func boolean(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// Check is nil while recordings are taken; else it tells once, for all of them, why not.
func (p *Pool) Check(context.Context) error { return p.state.Check() }

// LastUse is how the last recording went.
func (p *Pool) LastUse() uses.Use { return p.uses.Last() }

// settle stores the outcome even while the service is stopping. When that fails, the lease runs out
// and the job comes again: an upload of the same file replaces itself.
func (p *Pool) settle(ctx context.Context, log *slog.Logger, outcome string, store func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	switch err := store(ctx); {
	case err == nil:
		p.metrics.settled.WithLabelValues(outcome).Inc()
	case fault.CodeOf(err) == fault.Conflict:
		p.metrics.settled.WithLabelValues(outcomeLost).Inc()
	default:
		log.Error("cannot store the outcome of a recording", "outcome", outcome, "error", err)
	}
}

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
