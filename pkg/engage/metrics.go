package engage

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	lines      *prometheus.CounterVec
	badLines   *prometheus.CounterVec
	gaps       *prometheus.CounterVec
	foreign    *prometheus.CounterVec
	reconnects *prometheus.CounterVec
	connected  *prometheus.GaugeVec
	lag        *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	auto := promauto.With(reg)
	const prefix = "engage_connector_engage_feed_"
	labels := []string{"kind"}
	m := &metrics{
		lines: auto.NewCounterVec(prometheus.CounterOpts{Name: prefix + "lines_total",
			Help: "Lines read from the feed, heartbeats and malformed ones included."}, labels),
		badLines: auto.NewCounterVec(prometheus.CounterOpts{Name: prefix + "bad_lines_total",
			Help: "Lines that were malformed or too long and were set aside."}, labels),
		gaps: auto.NewCounterVec(prometheus.CounterOpts{Name: prefix + "gaps_total",
			Help: "Times the edge said that it lost events (feed.Gap)."}, labels),
		foreign: auto.NewCounterVec(prometheus.CounterOpts{Name: prefix + "decoded_lines_total",
			Help: "Lines that were not UTF-8 and were decoded by ENGAGE_FEED_CHARSET."}, labels),
		reconnects: auto.NewCounterVec(prometheus.CounterOpts{Name: prefix + "reconnects_total",
			Help: "Connections to the feed that ended and had to be made again."}, labels),
		connected: auto.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "connected_links",
			Help: "Links whose feed is open."}, labels),
		lag: auto.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "lag_seconds",
			Help: "Age of the last line when it was read: now minus the time the edge received it."}, labels),
	}
	for _, kind := range []string{KindTServer, KindStatServer} {
		m.lines.WithLabelValues(kind)
		m.badLines.WithLabelValues(kind)
		m.gaps.WithLabelValues(kind)
		m.foreign.WithLabelValues(kind)
		m.reconnects.WithLabelValues(kind)
		m.connected.WithLabelValues(kind)
		m.lag.WithLabelValues(kind)
	}
	return m
}

// kindLabel keeps the label to the two known kinds.
func kindLabel(kind string) string {
	if kind == KindStatServer {
		return KindStatServer
	}
	return KindTServer
}
