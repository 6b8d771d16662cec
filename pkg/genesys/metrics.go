package genesys

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// eventKind is a kind of injected event, as a metric label.
type eventKind string

const (
	kindConversation  eventKind = "conversation"
	kindPresence      eventKind = "presence"
	kindRoutingStatus eventKind = "routing_status"
)

// tokenOutcome is how a token request ended, as a metric label.
type tokenOutcome string

const (
	tokenGranted tokenOutcome = "granted"
	tokenRefused tokenOutcome = "refused"
	tokenLimited tokenOutcome = "rate_limited"
	tokenFailed  tokenOutcome = "failed"
)

// eventVerdicts are what becomes of an event, as a metric label.
const (
	eventAccepted  = "accepted"
	eventRepeated  = "repeated" // refused because an earlier request got it through
	eventRetryable = "retryable"
	eventRejected  = "rejected"
)

// metrics are the client's. A client made anew with the same registry and component (other
// credentials) counts on in the same series.
type metrics struct {
	requests     *prometheus.CounterVec
	duration     *prometheus.HistogramVec
	retries      *prometheus.CounterVec
	waits        prometheus.Histogram
	allowed      prometheus.Gauge
	remaining    prometheus.Gauge
	tokens       *prometheus.CounterVec
	tokenExpiry  prometheus.Gauge
	events       *prometheus.CounterVec
	uploads      *prometheus.CounterVec
	uploadedSize prometheus.Counter
}

const metricsPrefix = "engage_connector_genesys_"

func newMetrics(reg prometheus.Registerer, component string) *metrics {
	if reg == nil {
		reg = prometheus.NewRegistry()
	}
	reg = prometheus.WrapRegistererWith(prometheus.Labels{"client": component}, reg)
	m := &metrics{
		requests:     register(reg, counters("requests_total", "Requests to the API by operation and how they ended.", "route", "outcome")),
		duration:     register(reg, prometheus.NewHistogramVec(histogram("request_duration_seconds", "Time from sending a request to the end of its answer."), []string{"route"})),
		retries:      register(reg, counters("retries_total", "Repeated requests by how the attempt before ended.", "outcome")),
		waits:        register(reg, prometheus.NewHistogram(histogram("budget_wait_seconds", "Time that a request waited for the budget."))),
		allowed:      register(reg, gauge("budget_allowed", "Requests per minute that the server grants.")),
		remaining:    register(reg, gauge("budget_remaining", "Requests that could be sent at once without exceeding the used share of the allowance.")),
		tokens:       register(reg, counters("token_requests_total", "Requests for an access token by how they ended.", "outcome")),
		tokenExpiry:  register(reg, gauge("token_expiry_timestamp_seconds", "When the access token expires.")),
		events:       register(reg, counters("events_total", "Injected events by kind and verdict.", "kind", "verdict")),
		uploads:      register(reg, counters("uploads_total", "Files put to presigned URLs by how that ended.", "outcome")),
		uploadedSize: register(reg, prometheus.NewCounter(prometheus.CounterOpts{Name: metricsPrefix + "uploaded_bytes_total", Help: "Bytes of the files that were put."})),
	}
	m.initialise()
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: metricsPrefix + name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: metricsPrefix + name, Help: help})
}

func histogram(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: metricsPrefix + name, Help: help,
		Buckets:                     []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 180},
		NativeHistogramBucketFactor: 1.1,
	}
}

// register registers a collector, or finds the one that is there.
func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
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

// initialise makes every series, so that an absent one never hides an alert.
func (m *metrics) initialise() {
	for _, r := range routes() {
		m.duration.WithLabelValues(r.name())
		for _, o := range outcomes() {
			m.requests.WithLabelValues(r.name(), string(o))
		}
	}
	for _, o := range outcomes() {
		m.retries.WithLabelValues(string(o))
		m.uploads.WithLabelValues(string(o))
	}
	for _, o := range []tokenOutcome{tokenGranted, tokenRefused, tokenLimited, tokenFailed} {
		m.tokens.WithLabelValues(string(o))
	}
	for _, k := range []eventKind{kindConversation, kindPresence, kindRoutingStatus} {
		for _, v := range []string{eventAccepted, eventRepeated, eventRetryable, eventRejected} {
			m.events.WithLabelValues(string(k), v)
		}
	}
}

func (m *metrics) attempt(r route, o outcome, took time.Duration) {
	m.requests.WithLabelValues(r.name(), string(o)).Inc()
	m.duration.WithLabelValues(r.name()).Observe(took.Seconds())
}

func (m *metrics) budget(s BudgetSnapshot) {
	m.allowed.Set(float64(s.Allowed))
	m.remaining.Set(float64(s.Remaining))
}

// injected counts the events of a request.
func (m *metrics) injected(kind eventKind, sent int, errs []EventError) {
	labels := map[EventVerdict]string{EventRejected: eventRejected, EventRetryable: eventRetryable, EventAlreadyAccepted: eventRepeated}
	for _, e := range errs {
		m.events.WithLabelValues(string(kind), labels[e.Verdict()]).Inc()
	}
	m.events.WithLabelValues(string(kind), eventAccepted).Add(float64(max(sent-len(errs), 0)))
}
