package app

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/model"
)

// metrics counts what became of calls and recordings.
type metrics struct {
	calls      *prometheus.CounterVec
	recordings *prometheus.CounterVec
	orphans    prometheus.Counter
	odd        *prometheus.CounterVec
	log        *slog.Logger
}

var _ model.Observer = (*metrics)(nil)

const (
	outcomeInjected  = "injected"
	outcomeSuspended = "suspended"
	outcomeIgnored   = "ignored"
	noReason         = "none"
)

func newMetrics(reg prometheus.Registerer, counts func() model.Counts, log *slog.Logger) *metrics {
	factory := promauto.With(reg)
	m := &metrics{
		log: log,
		calls: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_conversation_provider_calls_total",
			Help: "Finished calls by what became of them in the EX org, and why. Counted by the instance that is the writer.",
		}, []string{"outcome", "reason"}),
		recordings: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_conversation_provider_recordings_total",
			Help: "Recorded segments by state: kept (reported), submitted to recording-provider, dropped (kept too long).",
		}, []string{"state"}),
		orphans: factory.NewCounter(prometheus.CounterOpts{
			Name: "engage_connector_conversation_provider_orphaned_events_total",
			Help: "Events that were dropped because the call of their ConnID never appeared.",
		}),
		odd: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_conversation_provider_odd_events_total",
			Help: "Events that cannot be, by what is wrong with them. They are read as far as they make sense.",
		}, []string{"kind"}),
	}
	for _, kind := range callmodel.OddKinds() {
		m.odd.WithLabelValues(string(kind))
	}
	for _, gauge := range []struct {
		name, help string
		value      func(model.Counts) int
	}{
		{"open_calls", "Calls that are on, after-call work included.", func(c model.Counts) int { return c.OpenCalls }},
		{"waiting_calls", "Calls that wait for a link or for the end of after-call work.", func(c model.Counts) int { return c.Waiting }},
		{"kept_recordings", "Recorded segments that are not submitted.", func(c model.Counts) int { return c.Kept }},
	} {
		factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "engage_connector_conversation_provider_" + gauge.name, Help: gauge.help},
			func() float64 { return float64(gauge.value(counts())) })
	}
	m.calls.WithLabelValues(outcomeInjected, noReason)
	for _, reason := range conversation.Reasons() {
		m.calls.WithLabelValues(outcomeSuspended, string(reason))
		m.calls.WithLabelValues(outcomeIgnored, string(reason))
	}
	for _, state := range model.RecordingStates() {
		m.recordings.WithLabelValues(string(state))
	}
	return m
}

// CallClosed counts a finished call.
func (m *metrics) CallClosed(stage conversation.Stage, reason conversation.Reason) {
	switch stage {
	case conversation.StageSuspended:
		m.calls.WithLabelValues(outcomeSuspended, string(reason)).Inc()
	case conversation.StageIgnored:
		m.calls.WithLabelValues(outcomeIgnored, string(reason)).Inc()
	default:
		m.calls.WithLabelValues(outcomeInjected, noReason).Inc()
	}
}

// Recording counts a segment's state. What is given up is also said, by ids: file names may carry numbers.
func (m *metrics) Recording(r *model.Record, state model.RecordingState) {
	m.recordings.WithLabelValues(string(state)).Inc()
	if state == model.RecordingDropped {
		m.log.Warn("the metadata of a recording is given up: it was kept for too long", "recording", r.ID, "callUUID", r.Segment.CallUUID,
			"reason", r.Reason, "reported", r.At, "hint", "the file is untouched; post its metadata again when the call is known")
	}
}

// Odd counts events that cannot be.
func (m *metrics) Odd(kind callmodel.OddKind, n int) {
	m.odd.WithLabelValues(string(kind)).Add(float64(n))
}

// OrphansDropped counts events without a call.
func (m *metrics) OrphansDropped(n int) { m.orphans.Add(float64(n)) }
