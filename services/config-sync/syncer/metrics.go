package syncer

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// The results of a synchronisation.
const (
	resultSuccess = "success"
	resultPartial = "partial" // some operations were refused or wait for an approval
	resultFailed  = "failed"
)

type metrics struct {
	syncs       *prometheus.CounterVec
	duration    prometheus.Histogram
	lastSuccess prometheus.Gauge
	leader      prometheus.Gauge
	mappings    *prometheus.GaugeVec
	notes       *prometheus.GaugeVec
	drift       *prometheus.CounterVec
	driftRead   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	factory := promauto.With(reg)
	m := &metrics{
		syncs: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_config_sync_runs_total", Help: "Synchronisations by result.",
		}, []string{"result"}),
		duration: factory.NewHistogram(prometheus.HistogramOpts{
			Name: "engage_connector_config_sync_run_duration_seconds", Help: "Duration of synchronisations.",
			Buckets: []float64{.1, .5, 1, 5, 15, 60, 300, 900, 1800}, NativeHistogramBucketFactor: 1.1,
		}),
		lastSuccess: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_config_sync_last_success_timestamp_seconds", Help: "End of the last successful synchronisation.",
		}),
		leader: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_config_sync_leader", Help: "1 while this instance synchronises.",
		}),
		mappings: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "engage_connector_config_sync_mappings", Help: "Records of the ID map by kind.",
		}, []string{"kind"}),
		notes: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "engage_connector_config_sync_remarks", Help: "Engage objects that were left out or treated specially, by reason.",
		}, []string{"reason"}),
		drift: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_config_sync_drift_total", Help: "Mapped objects that were found changed or deleted in the organization.",
		}, []string{"kind"}),
		driftRead: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_config_sync_drift_read_timestamp_seconds", Help: "End of the last reading of the organization.",
		}),
	}
	for _, result := range []string{resultSuccess, resultPartial, resultFailed} {
		m.syncs.WithLabelValues(result)
	}
	for _, kind := range plan.Kinds() {
		m.mappings.WithLabelValues(string(kind))
		m.drift.WithLabelValues(string(kind))
	}
	m.noted(desired.Report{})
	return m
}

func (m *metrics) finished(out outcome, err error, took time.Duration, now time.Time) {
	result := resultSuccess
	switch {
	case err != nil:
		result = resultFailed
	case len(out.result.Rejected) > 0, len(out.plan.Held) > 0:
		result = resultPartial
	default:
		m.lastSuccess.Set(float64(now.Unix()))
	}
	m.syncs.WithLabelValues(result).Inc()
	m.duration.Observe(took.Seconds())
}

func (m *metrics) published(applied plan.Applied) {
	for _, kind := range plan.Kinds() {
		m.mappings.WithLabelValues(string(kind)).Set(float64(len(applied[kind])))
	}
}

func (m *metrics) noted(report desired.Report) {
	for _, reason := range desired.Reasons() {
		m.notes.WithLabelValues(string(reason)).Set(float64(report.Count(reason)))
	}
}
