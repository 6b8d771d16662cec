// Package worker claims submitted recordings and settles each: done, tried again later, or parked
// with its reason.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/services/recording-provider/injector"
)

const (
	leaseTime   = 2 * time.Minute
	claimBlock  = 2 * time.Second
	settleLimit = 5 * time.Second
	errorPause  = time.Second
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
	Workers    int
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// Pool is a number of workers.
type Pool struct {
	opts    Options
	metrics *metrics
}

type metrics struct {
	settled  *prometheus.CounterVec
	failures *prometheus.CounterVec
	duration prometheus.Histogram
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
	return &Pool{opts: opts, metrics: m}
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
		jobs, err := p.opts.Queue.Claim(ctx, name, 1, leaseTime, claimBlock)
		if err != nil {
			if ctx.Err() == nil {
				p.opts.Logger.Warn("cannot claim a recording", "error", err)
				sleep(ctx, errorPause)
			}
			continue
		}
		for _, job := range jobs {
			p.handle(ctx, job)
		}
	}
}

// handle does one job under a lease that is extended for as long as it takes.
func (p *Pool) handle(ctx context.Context, job store.Job) {
	begin := p.opts.Now()
	log := p.opts.Logger.With("recording_id", job.ID, "attempt", job.Attempts)
	var task injector.Task
	if err := json.Unmarshal(job.Payload, &task); err != nil {
		p.settle(ctx, log, outcomeParked, func(ctx context.Context) error {
			return p.opts.Queue.Park(ctx, job, "the stored job cannot be read: "+err.Error())
		})
		return
	}
	working, cancel := context.WithCancel(ctx)
	extended := p.keepLease(working, cancel, job)
	receipt, err := p.opts.Inject(working, task, func(ctx context.Context, task injector.Task) error { return p.save(ctx, job, task) })
	cancel()
	<-extended
	if err != nil {
		p.afterFailure(ctx, log, job, err)
		return
	}
	result, err := json.Marshal(receipt)
	if err != nil {
		p.afterFailure(ctx, log, job, fault.Wrap(fault.Internal, "worker.receipt", err))
		return
	}
	p.settle(ctx, log, outcomeUploaded, func(ctx context.Context) error { return p.opts.Queue.Complete(ctx, job, result) })
	p.metrics.duration.Observe(p.opts.Now().Sub(begin).Seconds())
}

func (p *Pool) save(ctx context.Context, job store.Job, task injector.Task) error {
	payload, err := json.Marshal(task)
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

func (p *Pool) afterFailure(ctx context.Context, log *slog.Logger, job store.Job, err error) {
	step := injector.StepFetch
	if failed, ok := errors.AsType[*injector.StepError](err); ok {
		step = failed.Step
		p.metrics.failures.WithLabelValues(string(step)).Inc()
	}
	verdict := injector.AfterFailure(step, err, job.Attempts, p.opts.Now().Sub(job.EnqueuedAt))
	if verdict.Park {
		log.Error("recording is parked", "step", step, "error", err)
		p.settle(ctx, log, outcomeParked, func(ctx context.Context) error { return p.opts.Queue.Park(ctx, job, err.Error()) })
		return
	}
	log.Warn("recording is tried again", "step", step, "error", err, "in", verdict.In.String())
	p.settle(ctx, log, outcomeRetried, func(ctx context.Context) error {
		return p.opts.Queue.Retry(ctx, job, verdict.In, err.Error())
	})
}

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
