package genesys

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// tokenOutcome is how a token request ended, as a metric label.
type tokenOutcome string

const (
	tokenGranted tokenOutcome = "granted"
	tokenRefused tokenOutcome = "refused"
	tokenLimited tokenOutcome = "rate_limited"
	tokenFailed  tokenOutcome = "failed"
)

// metrics are the client's. A client made anew with the same registry and component (other
// credentials) counts on in the same series.
type metrics struct {
	registry     prometheus.Registerer // puts the client's label on every series
	requests     *prometheus.CounterVec
	duration     *prometheus.HistogramVec
	retries      *prometheus.CounterVec
	waits        prometheus.Histogram
	allowed      prometheus.Gauge
	remaining    prometheus.Gauge
	tokens       *prometheus.CounterVec
	tokenExpiry  prometheus.Gauge
	uploads      *prometheus.CounterVec
	uploadedSize prometheus.Counter
}

// MetricsPrefix begins the name of every metric of the client and of the areas.
const MetricsPrefix = "engage_connector_genesys_"

func newMetrics(reg prometheus.Registerer, component string) *metrics {
	if reg == nil {
		reg = prometheus.NewRegistry()
	}
	reg = prometheus.WrapRegistererWith(prometheus.Labels{"client": component}, reg)
	m := &metrics{
		registry:     reg,
		requests:     Register(reg, counters("requests_total", "Requests to the API by operation and how they ended.", "route", "outcome")),
		duration:     Register(reg, prometheus.NewHistogramVec(histogram("request_duration_seconds", "Time from sending a request to the end of its answer."), []string{"route"})),
		retries:      Register(reg, counters("retries_total", "Repeated requests by how the attempt before ended.", "outcome")),
		waits:        Register(reg, prometheus.NewHistogram(histogram("budget_wait_seconds", "Time that a request waited for the budget."))),
		allowed:      Register(reg, gauge("budget_allowed", "Requests per minute that the server grants.")),
		remaining:    Register(reg, gauge("budget_remaining", "Requests that could be sent at once without exceeding the used share of the allowance.")),
		tokens:       Register(reg, counters("token_requests_total", "Requests for an access token by how they ended.", "outcome")),
		tokenExpiry:  Register(reg, gauge("token_expiry_timestamp_seconds", "When the access token expires.")),
		uploads:      Register(reg, counters("uploads_total", "Files put to presigned URLs by how that ended.", "outcome")),
		uploadedSize: Register(reg, prometheus.NewCounter(prometheus.CounterOpts{Name: MetricsPrefix + "uploaded_bytes_total", Help: "Bytes of the files that were put."})),
	}
	m.initialise()
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: MetricsPrefix + name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: MetricsPrefix + name, Help: help})
}

func histogram(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: MetricsPrefix + name, Help: help,
		Buckets:                     []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 180},
		NativeHistogramBucketFactor: 1.1,
	}
}

// Register registers a collector, or finds the one that is there.
func Register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	err := reg.Register(c)
	if err == nil {
		return c
	}
	if there, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := there.ExistingCollector.(C); ok {
			return same
		}
	}
	panic(err) // two metrics of one name: a defect
}

// declare makes the series of an operation, so that an absent one never hides an alert.
func (m *metrics) declare(op Operation) {
	m.duration.WithLabelValues(op.Name())
	for _, o := range outcomes() {
		m.requests.WithLabelValues(op.Name(), string(o))
	}
}

// initialise makes the series that do not depend on the operation.
func (m *metrics) initialise() {
	for _, o := range outcomes() {
		m.retries.WithLabelValues(string(o))
		m.uploads.WithLabelValues(string(o))
	}
	for _, o := range []tokenOutcome{tokenGranted, tokenRefused, tokenLimited, tokenFailed} {
		m.tokens.WithLabelValues(string(o))
	}
}

func (m *metrics) attempt(op Operation, o outcome, took time.Duration) {
	m.requests.WithLabelValues(op.Name(), string(o)).Inc()
	m.duration.WithLabelValues(op.Name()).Observe(took.Seconds())
}

func (m *metrics) budget(s BudgetSnapshot) {
	m.allowed.Set(float64(s.Allowed))
	m.remaining.Set(float64(s.Remaining))
}
