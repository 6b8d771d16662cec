package exevents

import (
	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/genesys"
)

// API is the area as one client reaches it; it is safe for concurrent use.
type API struct {
	client *genesys.Client
	events *prometheus.CounterVec
}

// New returns the area of a client.
func New(client *genesys.Client) *API {
	client.Declare(Operations()...)
	events := genesys.Register(client.Registry(), prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: genesys.MetricsPrefix + "events_total", Help: "Injected events by kind and verdict.",
	}, []string{"kind", "verdict"}))
	for _, k := range []eventKind{kindConversation, kindPresence, kindRoutingStatus} {
		for _, v := range []string{eventAccepted, eventRepeated, eventRetryable, eventRejected} {
			events.WithLabelValues(string(k), v)
		}
	}
	return &API{client: client, events: events}
}

// eventKind is a kind of injected event, as a metric label.
type eventKind string

const (
	kindConversation  eventKind = "conversation"
	kindPresence      eventKind = "presence"
	kindRoutingStatus eventKind = "routing_status"
)

// eventVerdicts are what becomes of an event, as a metric label.
const (
	eventAccepted  = "accepted"
	eventRepeated  = "repeated" // refused because an earlier request got it through
	eventRetryable = "retryable"
	eventRejected  = "rejected"
)

// count counts the events of a request.
func (a *API) count(kind eventKind, sent int, errs []EventError) {
	labels := map[EventVerdict]string{EventRejected: eventRejected, EventRetryable: eventRetryable, EventAlreadyAccepted: eventRepeated}
	for _, e := range errs {
		a.events.WithLabelValues(string(kind), labels[e.Verdict()]).Inc()
	}
	a.events.WithLabelValues(string(kind), eventAccepted).Add(float64(max(sent-len(errs), 0)))
}
