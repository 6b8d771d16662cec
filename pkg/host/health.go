package host

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/uses"
)

// The words of the health page.
const (
	healthOK       = "ok"
	healthFailing  = "failing"
	healthUnknown  = "unknown" // not checked yet
	healthDegraded = "degraded"
	healthStarting = "starting"
	healthDraining = "draining"
	outcomeFailed  = "failed"
	ageUnit        = 100 * time.Millisecond
)

const (
	checkTimeout  = 2 * time.Second  // how long one check may take
	checkInterval = 10 * time.Second // how often the checks run by themselves, for the metric and the log
	checkAgain    = time.Second      // the same while a dependency fails
	checkMaxAge   = time.Second      // how old a result the health page may show
	// logAfter is how long a dependency fails before that is logged: what starts together with the service
	// is not there at once.
	logAfter = 5 * time.Second
	// recentUse is how long the failure of a real use counts although the check succeeds.
	recentUse = time.Minute
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
	Hint   string    `json:"hint,omitempty"` // what to do about the error
	Since  time.Time `json:"since"`          // when it took this status
	// Required is set when the service cannot do its work without it: then /ready answers 503.
	Required bool `json:"required,omitempty"`
	// LastUse is how the last real use went; it is missing where there was none yet.
	LastUse *LastUse `json:"lastUse,omitempty"`
	// Operations are the last uses by operation, where they differ in what they need.
	Operations map[string]LastUse `json:"operations,omitempty"`
}

// LastUse is the outcome of the last real use of a dependency.
type LastUse struct {
	At      time.Time `json:"at"`
	Age     string    `json:"age"`     // such as "4.5s"
	Outcome string    `json:"outcome"` // ok or failed
	Error   string    `json:"error,omitempty"`
}

// Readiness is the body of /ready.
type Readiness struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons,omitempty"` // why not
}

// dependency checks one outside thing, at most once at a time.
type dependency struct {
	life    context.Context //nolint:containedctx // ends when the host drains; no check outlives it
	check   func(context.Context) error
	lastUse func() uses.Use            // nil: nobody notes its uses
	byName  func() map[string]uses.Use // the same by operation
	// required tells whether the service can do nothing without it.
	required func() bool
	now      func() time.Time
	log      *slog.Logger
	metrics  *metrics

	mu       sync.Mutex
	state    DependencyHealth
	checked  time.Time
	logged   bool          // that it fails
	inFlight chan struct{} // closed when the running check ends; nil when none runs
}

// DependencyOption says more of a dependency than how it is checked.
type DependencyOption func(*dependency)

// Required says that the service cannot do its work without the dependency.
func Required() DependencyOption { return RequiredUntil(func() bool { return false }) }

// RequiredUntil says that the service needs the dependency once, until it has what it needs of it.
func RequiredUntil(has func() bool) DependencyOption {
	return func(d *dependency) { d.required = func() bool { return !has() } }
}

// LastUsed says how the last real use of the dependency went.
func LastUsed(last func() uses.Use) DependencyOption {
	return func(d *dependency) { d.lastUse = last }
}

// LastUsedBy says the same by operation.
func LastUsedBy(last func() map[string]uses.Use) DependencyOption {
	return func(d *dependency) { d.byName = last }
}

// newDependency starts with the state unknown.
func (h *Host) newDependency(name string, check func(context.Context) error, options []DependencyOption) *dependency {
	h.metrics.dependencyUp.WithLabelValues(name).Set(0)
	d := &dependency{
		life: h.draining, check: check, now: h.now, log: h.log, metrics: h.metrics,
		required: func() bool { return false },
		state:    DependencyHealth{Name: name, Status: healthUnknown, Since: h.now().UTC()},
	}
	for _, option := range options {
		option(d)
	}
	return d
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
	state := d.state
	state.Required = d.required()
	if d.lastUse != nil {
		if last := d.lastUse(); !last.At.IsZero() {
			shown := d.show(last)
			state.LastUse = &shown
		}
	}
	if d.byName != nil {
		for name, last := range d.byName() {
			if state.Operations == nil {
				state.Operations = map[string]LastUse{}
			}
			state.Operations[name] = d.show(last)
		}
	}
	return state
}

// show is a use as the page has it.
func (d *dependency) show(last uses.Use) LastUse {
	shown := LastUse{At: last.At.UTC(), Age: max(0, d.now().Sub(last.At)).Round(ageUnit).String(), Outcome: healthOK}
	if last.Err != nil {
		shown.Outcome, shown.Error = outcomeFailed, last.Err.Error()
	}
	return shown
}

// judge is the check, or else a real use that has just failed: the work knows better.
func (d *dependency) judge(ctx context.Context) error {
	if err := d.guarded(ctx); err != nil || d.lastUse == nil {
		return err
	}
	last := d.lastUse()
	if last.Err == nil || d.now().Sub(last.At) > recentUse || !slices.Contains(ofDependency(), fault.CodeOf(last.Err)) {
		return nil
	}
	return fault.Newf(fault.CodeOf(last.Err), "", "its last use failed: %w", last.Err).WithHint(fault.Hint(last.Err))
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
	err := d.judge(ctx)
	if d.life.Err() == nil {
		d.record(err)
	}
	d.mu.Lock()
	d.inFlight = nil
	d.mu.Unlock()
	close(done)
}

// ofDependency are the codes that say something of whoever was asked, and not of what was asked for.
func ofDependency() []fault.Code {
	return []fault.Code{fault.Unavailable, fault.Timeout, fault.Unauthenticated, fault.Forbidden, fault.Internal}
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
	failedSince := d.state.Since
	if status != d.state.Status && (status != healthFailing || d.state.Status != healthUnknown) {
		d.state.Since = now // from the start on, if it never worked
	}
	d.state.Status, d.state.Error, d.state.Hint, d.checked = status, text, fault.Hint(err), now
	d.metrics.dependencyUp.WithLabelValues(d.state.Name).Set(up)
	d.tell(err, failedSince)
}

// tell logs once that a dependency fails, and once when it is back.
func (d *dependency) tell(err error, failedSince time.Time) {
	switch now := d.now(); {
	case err != nil && !d.logged && now.Sub(d.state.Since) >= logAfter:
		d.logged = true
		attributes := []any{"dependency", d.state.Name, "error", err, "since", d.state.Since}
		if hint := fault.Hint(err); hint != "" {
			attributes = append(attributes, "hint", hint)
		}
		d.log.Warn("a dependency fails; the service continues by itself when it is back", attributes...)
	case err == nil && d.logged:
		d.logged = false
		d.log.Info("a dependency is back", "dependency", d.state.Name, "after", now.Sub(failedSince).Round(ageUnit).String())
	}
}

// Dependency adds a check to /health and to the metric engage_connector_host_dependency_up. A
// failing dependency makes the service degraded, not dead: the page still answers 200, because
// a restart would not bring the dependency back. check must obey its context. Names are part of what
// operators build upon, see docs/health.md.
func (h *Host) Dependency(name string, check func(context.Context) error, options ...DependencyOption) {
	d := h.newDependency(name, check, options)
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
		wait := checkInterval
		for _, state := range h.checkAll(ctx, 0) {
			if state.Status != healthOK {
				wait = checkAgain
			}
		}
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

// Ready tells whether the service can do its work: it serves, and nothing fails that it requires.
func (h *Host) Ready(ctx context.Context) Readiness {
	health := h.Health(ctx)
	r := Readiness{}
	if health.Status == healthStarting || health.Status == healthDraining {
		r.Reasons = append(r.Reasons, "the service is "+health.Status)
	}
	for _, d := range health.Dependencies {
		if !d.Required || d.Status == healthOK {
			continue
		}
		reason := d.Name + ": " + d.Error
		if d.Status == healthUnknown {
			reason = d.Name + ": not checked yet"
		}
		if d.Hint != "" {
			reason += " (" + d.Hint + ")"
		}
		r.Reasons = append(r.Reasons, reason)
	}
	r.Ready = len(r.Reasons) == 0
	return r
}

// serveHealth answers 200 with the state of each dependency, whatever it is: that somebody answers is what
// the guide's health page says. Whether work is done is asked of /ready.
func (h *Host) serveHealth(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	WriteJSON(w, http.StatusOK, h.Health(r.Context()))
}

// serveReady answers 200 when the service can do its work, else 503 with the reasons.
func (h *Host) serveReady(w http.ResponseWriter, r *http.Request) {
	ready := h.Ready(r.Context())
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	WriteJSON(w, status, ready)
}
