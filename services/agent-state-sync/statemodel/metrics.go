package statemodel

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/presence"
)

type metrics struct {
	statuses  *prometheus.CounterVec
	unsent    prometheus.Gauge
	agents    prometheus.Gauge
	dropped   prometheus.Counter
	gaps      *prometheus.CounterVec
	forgotten prometheus.Counter
	setBack   prometheus.Counter
}

// Outcomes beside those of presence.
const (
	malformed presence.Outcome = "malformed" // an EventInfo that cannot be read
	foreign   presence.Outcome = "foreign"   // a statistic that this service did not open, or a login of nobody in scope
)

func newMetrics(registerer prometheus.Registerer) *metrics {
	factory := promauto.With(registerer)
	m := &metrics{
		statuses: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_agent_state_sync_statuses_total", Help: "Agent statuses from Engage by what they did.",
		}, []string{"outcome"}),
		unsent: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_agent_state_sync_unsent_agents", Help: "Agents with a state that cannot be injected yet, because something is not mapped or the outbox is long.",
		}),
		agents: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_agent_state_sync_agents", Help: "Agents whose state is known.",
		}),
		dropped: factory.NewCounter(prometheus.CounterOpts{
			Name: "engage_connector_agent_state_sync_dropped_states_total", Help: "Intermediate states that were not injected because the backlog was too long. Each is in the adherence report.",
		}),
		gaps: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_agent_state_sync_adherence_gaps_total", Help: "Intervals in which the org showed another state than Engage had, by cause.",
		}, []string{"cause"}),
		forgotten: factory.NewCounter(prometheus.CounterOpts{
			Name: "engage_connector_agent_state_sync_forgotten_gaps_total", Help: "Oldest intervals of the adherence report that had to go because there are more than ADHERENCE_GAPS.",
		}),
		setBack: factory.NewCounter(prometheus.CounterOpts{
			Name: "engage_connector_agent_state_sync_clocks_set_back_total", Help: "How often the clock of a server was set back.",
		}),
	}
	for _, outcome := range append(presence.Outcomes(), malformed, foreign) {
		m.statuses.WithLabelValues(string(outcome))
	}
	for _, cause := range adherence.Causes() {
		m.gaps.WithLabelValues(string(cause))
	}
	return m
}

func (m *Model) count(outcome presence.Outcome) {
	m.metrics.statuses.WithLabelValues(string(outcome)).Inc()
}
