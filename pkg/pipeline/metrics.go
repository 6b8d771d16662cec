package pipeline

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/pkg/store"
)

const prefix = "engage_connector_pipeline_"

// Values of the labels "result" and "outcome".
const (
	resultAppended = "appended"
	resultRepeated = "repeated"
	resultSetAside = "set_aside"
	resultOk       = "ok"
	resultFenced   = "fenced"
	resultFull     = "full"
	resultFailed   = "failed"
	outcomeDone    = "done"
	outcomeRetry   = "retry"
	outcomeReject  = "rejected"
	outcomeGaveUp  = "gave_up"
)

type intakeMetrics struct{ events *prometheus.CounterVec }

func newIntakeMetrics(reg prometheus.Registerer) *intakeMetrics {
	return &intakeMetrics{events: counters(reg, "intake_events_total",
		"Events by what became of them: appended to the log, repeated (there already), or set aside as malformed.",
		"result", resultAppended, resultRepeated, resultSetAside)}
}

type writerMetrics struct {
	active       prometheus.Gauge
	held         prometheus.Gauge
	without      *prometheus.CounterVec
	applied      prometheus.Counter
	setAside     *prometheus.CounterVec
	asideValues  prometheus.Gauge
	asideRecords prometheus.Gauge
	restarts     prometheus.Counter
	commits      *prometheus.CounterVec
	delay        prometheus.Histogram
}

func newWriterMetrics(reg prometheus.Registerer) *writerMetrics {
	auto := promauto.With(reg)
	return &writerMetrics{
		active: auto.NewGauge(prometheus.GaugeOpts{Name: prefix + "writer_active",
			Help: "1 while this instance is the tenant's writer."}),
		held: auto.NewGauge(prometheus.GaugeOpts{Name: prefix + "writer_held_events",
			Help: "Events held to put them into the order of their times."}),
		without: auto.NewCounterVec(prometheus.CounterOpts{Name: prefix + "writer_without_link_total",
			Help: "Events that were read without waiting for a link any longer, by link."}, []string{"link"}),
		applied: auto.NewCounter(prometheus.CounterOpts{Name: prefix + "writer_applied_events_total",
			Help: "Events applied to the model and committed."}),
		setAside: counters(reg, "writer_set_aside_total",
			"What could not be read or applied and was set aside: records of the log, values of the state.", "source", sourceLog, sourceState),
		asideValues: auto.NewGauge(prometheus.GaugeOpts{Name: prefix + "writer_aside_values",
			Help: "Values of the state that this version cannot read; they are kept for one that can."}),
		asideRecords: auto.NewGauge(prometheus.GaugeOpts{Name: prefix + "writer_aside_records",
			Help: "Records of the log that could not be applied; they are kept and tried again at the next start."}),
		restarts: auto.NewCounter(prometheus.CounterOpts{Name: prefix + "writer_restarts_total",
			Help: "Failures after which the model was dropped and restored from the store."}),
		commits: counters(reg, "writer_commits_total", "Commits by their result.",
			"result", resultOk, resultFenced, resultFull, resultFailed),
		delay: auto.NewHistogram(prometheus.HistogramOpts{Name: prefix + "writer_delay_seconds",
			Help:    "Time from an event at the Engage server to its commit.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}, NativeHistogramBucketFactor: 1.1}),
	}
}

// leads shows whether this instance is the writer.
func (m *writerMetrics) leads(leads bool) {
	m.active.Set(0)
	if leads {
		m.active.Set(1)
	}
}

func (m *writerMetrics) commit(err error) {
	result := resultFailed
	switch {
	case err == nil:
		result = resultOk
	case errors.Is(err, store.ErrFenced):
		result = resultFenced
	case errors.Is(err, store.ErrFull):
		result = resultFull
	}
	m.commits.WithLabelValues(result).Inc()
}

type senderMetrics struct {
	records  *prometheus.CounterVec
	requests *prometheus.CounterVec
	window   prometheus.Gauge
	flying   prometheus.Gauge
	paused   prometheus.Gauge
	splits   prometheus.Counter
	duration prometheus.Histogram
}

// newSenderMetrics labels the series with the outbox, because a process may
// have several.
func newSenderMetrics(reg prometheus.Registerer, outbox string) *senderMetrics {
	if reg != nil {
		reg = prometheus.WrapRegistererWith(prometheus.Labels{"outbox": outbox}, reg)
	}
	auto := promauto.With(reg)
	return &senderMetrics{
		records: counters(reg, "sender_records_total",
			"Answers per record: done, to be sent again, rejected (parked), or given up after too many attempts (parked).",
			"outcome", outcomeDone, outcomeRetry, outcomeReject, outcomeGaveUp),
		requests: counters(reg, "sender_requests_total", "Requests by whether they were answered as a whole.",
			"result", resultOk, resultFailed),
		window: auto.NewGauge(prometheus.GaugeOpts{Name: prefix + "sender_window_records",
			Help: "Records read ahead: waiting, held back, in flight."}),
		flying: auto.NewGauge(prometheus.GaugeOpts{Name: prefix + "sender_requests_in_flight",
			Help: "Requests under way."}),
		paused: auto.NewGauge(prometheus.GaugeOpts{Name: prefix + "sender_paused",
			Help: "1 while nothing of this operation is taken and one request at a time tries whether it works again."}),
		splits: auto.NewCounter(prometheus.CounterOpts{Name: prefix + "sender_splits_total",
			Help: "Requests that were refused as a whole and sent again in halves."}),
		duration: auto.NewHistogram(prometheus.HistogramOpts{Name: prefix + "sender_request_seconds",
			Help:    "Duration of one request.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}, NativeHistogramBucketFactor: 1.1}),
	}
}

func counters(reg prometheus.Registerer, name, help, label string, values ...string) *prometheus.CounterVec {
	vec := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, []string{label})
	for _, v := range values {
		vec.WithLabelValues(v)
	}
	return vec
}
