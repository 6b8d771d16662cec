package apply

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/plan"
)

// The results of an operation: whose fault a failure is.
const (
	resultOK          = "ok"
	resultRefused     = "refused"     // the organization does not take it
	resultUnavailable = "unavailable" // no answer, or the allowance is used up
)

type metrics struct {
	operations *prometheus.CounterVec
	found      prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	factory := promauto.With(reg)
	m := &metrics{
		operations: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_config_sync_operations_total", Help: "Operations of plans by action and result.",
		}, []string{"action", "result"}),
		found: factory.NewCounter(prometheus.CounterOpts{
			Name: "engage_connector_config_sync_objects_found_total", Help: "Objects that existed in the organization when they were to be created.",
		}),
	}
	for _, a := range plan.Actions() {
		for _, result := range []string{resultOK, resultRefused, resultUnavailable} {
			m.operations.WithLabelValues(string(a), result)
		}
	}
	return m
}

func resultOf(code fault.Code) string {
	switch code {
	case fault.Unavailable, fault.Timeout, fault.RateLimited, fault.Canceled:
		return resultUnavailable
	default:
		return resultRefused
	}
}
