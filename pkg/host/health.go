package host

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The words of the health page.
const (
	healthOK       = "ok"
	healthFailing  = "failing"
	healthUnknown  = "unknown" // not checked yet
	healthDegraded = "degraded"
	healthStarting = "starting"
	healthDraining = "draining"
)

const (
	checkTimeout  = 2 * time.Second  // how long one check may take
	checkInterval = 10 * time.Second // how often the checks run by themselves, for the metric
	checkMaxAge   = time.Second      // how old a result the health page may show
)

// Health is the body of /health.
type Health struct {
	Status       string             `json:"status"` // ok, degraded (a dependency fails), starting or draining
	Service      string             `json:"service"`
	Version      string             `json:"version"`
	Dependencies []DependencyHealth `json:"dependencies"` // sorted by name; never null
}

// DependencyHealth is the state of one thing the service needs.
type DependencyHealth struct {
	Name   string    `json:"name"`
	Status string    `json:"status"` // ok, failing or unknown
	Error  string    `json:"error,omitempty"`
	Since  time.Time `json:"since"` // when it took this status
}

// dependency checks one outside thing, at most once at a time.
type dependency struct {
	life    context.Context //nolint:containedctx // ends when the host drains; no check outlives it
	check   func(context.Context) error
	now     func() time.Time
	metrics *metrics

	mu       sync.Mutex
	state    DependencyHealth
	checked  time.Time
	inFlight chan struct{} // closed when the running check ends; nil when none runs
}

// newDependency starts with the state unknown.
func newDependency(life context.Context, name string, check func(context.Context) error,
	now func() time.Time, m *metrics,
) *dependency {
	m.dependencyUp.WithLabelValues(name).Set(0)
	return &dependency{
		life: life, check: check, now: now, metrics: m,
		state: DependencyHealth{Name: name, Status: healthUnknown, Since: now().UTC()},
	}
}

// refresh checks unless the last result is younger than maxAge, and returns what is known when
// the check has ended or checkTimeout has passed. A check that ignores its context can neither
// block the health page nor pile up: no second one starts beside it. During the drain the last
// result stays.
func (d *dependency) refresh(ctx context.Context, maxAge time.Duration) DependencyHealth {
	done := d.begin(maxAge)
	if done != nil {
		timeout := time.NewTimer(checkTimeout)
		defer timeout.Stop()
		select {
		case <-done:
		case <-ctx.Done():
		case <-d.life.Done():
		case <-timeout.C:
			d.record(fmt.Errorf("no answer to the check within %s", checkTimeout))
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// begin starts a check or joins the running one; nil means that the last result is good enough.
func (d *dependency) begin(maxAge time.Duration) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	fresh := d.state.Status != healthUnknown && d.now().Sub(d.checked) < maxAge
	if fresh || d.life.Err() != nil {
		return nil
	}
	if d.inFlight == nil {
		d.inFlight = make(chan struct{})
		go d.run(d.inFlight)
	}
	return d.inFlight
}

// run performs one check. It does not depend on the caller, whose going away says nothing about
// the dependency.
func (d *dependency) run(done chan<- struct{}) {
	ctx, cancel := context.WithTimeout(d.life, checkTimeout)
	defer cancel()
	err := d.guarded(ctx)
	if d.life.Err() == nil {
		d.record(err)
	}
	d.mu.Lock()
	d.inFlight = nil
	d.mu.Unlock()
	close(done)
}

// guarded turns a panic of the check into an error.
func (d *dependency) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the check panicked: %v", p)
		}
	}()
	return d.check(ctx)
}

// record keeps a result and the time at which the status changed.
func (d *dependency) record(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	status, text, up := healthOK, "", 1.0
	if err != nil {
		status, text, up = healthFailing, err.Error(), 0
	}
	now := d.now().UTC()
	if status != d.state.Status {
		d.state.Since = now
	}
	d.state.Status, d.state.Error, d.checked = status, text, now
	d.metrics.dependencyUp.WithLabelValues(d.state.Name).Set(up)
}

// Dependency adds a check to /health and to the metric engage_connector_host_dependency_up. A
// failing dependency makes the service degraded, not dead: the page still answers 200, because
// a restart would not bring the dependency back. check must obey its context.
func (h *Host) Dependency(name string, check func(context.Context) error) {
	d := newDependency(h.draining, name, check, h.now, h.metrics)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dependencies = append(h.dependencies, d)
}

// Health checks the dependencies side by side and sums up.
func (h *Host) Health(ctx context.Context) Health {
	health := Health{Status: healthOK, Service: h.opts.Service, Version: h.opts.Version}
	health.Dependencies = h.checkAll(ctx, checkMaxAge)
	for _, d := range health.Dependencies {
		if d.Status != healthOK {
			health.Status = healthDegraded
		}
	}
	switch h.phase() {
	case phaseBound:
		health.Status = healthStarting
	case phaseServing:
	case phaseDraining, phaseStopped:
		health.Status = healthDraining
	}
	return health
}

// checkAll refreshes every dependency and returns their states by name.
func (h *Host) checkAll(ctx context.Context, maxAge time.Duration) []DependencyHealth {
	h.mu.Lock()
	dependencies := slices.Clone(h.dependencies)
	h.mu.Unlock()

	states := make([]DependencyHealth, len(dependencies))
	var wg sync.WaitGroup
	for i, d := range dependencies {
		wg.Go(func() { states[i] = d.refresh(ctx, maxAge) })
	}
	wg.Wait()
	slices.SortFunc(states, func(a, b DependencyHealth) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return states
}

// watchDependencies keeps the metric fresh when nobody asks for the health page.
func (h *Host) watchDependencies(ctx context.Context) error {
	for {
		h.checkAll(ctx, 0)
		if !sleep(ctx, checkInterval) {
			return ctx.Err()
		}
	}
}

// serveHealth answers 200 while the service serves, 503 before and after.
func (h *Host) serveHealth(w http.ResponseWriter, r *http.Request) {
	health := h.Health(r.Context())
	status := http.StatusOK
	if health.Status == healthStarting || health.Status == healthDraining {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	WriteJSON(w, status, health)
}
