package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/pkg/fault"
)

// operation is what a caller asked for: the label of all metrics and the Op of all errors.
type operation string

const (
	opPing         operation = "ping"
	opEpoch        operation = "epoch"
	opPersist      operation = "persist"
	opDeleteAll    operation = "delete_all"
	opAppend       operation = "append"
	opCursor       operation = "cursor"
	opReadLog      operation = "read_log"
	opLoadState    operation = "load_state"
	opLoadKeys     operation = "load_state_keys"
	opCommit       operation = "commit"
	opReadOutbox   operation = "read_outbox"
	opAckOutbox    operation = "ack_outbox"
	opPark         operation = "park"
	opParked       operation = "parked"
	opRetryParked  operation = "retry_parked"
	opReadReturned operation = "read_returned"
	opSetAside     operation = "set_aside"
	opAside        operation = "aside"
	opDepth        operation = "depth"
	opLeaseAcquire operation = "lease_acquire"
	opLeaseRenew   operation = "lease_renew"
	opLeaseRelease operation = "lease_release"
	opIDMapGet     operation = "idmap_get"
	opIDMapPut     operation = "idmap_put"
	opIDMapAll     operation = "idmap_all"
	opDocumentGet  operation = "document_get"
	opDocumentPut  operation = "document_put"
	opJobEnqueue   operation = "job_enqueue"
	opJobClaim     operation = "job_claim"
	opJobExtend    operation = "job_extend"
	opJobComplete  operation = "job_complete"
	opJobRetry     operation = "job_retry"
	opJobPark      operation = "job_park"
	opJobUnpark    operation = "job_unpark"
	opJobGet       operation = "job_get"
	opJobList      operation = "job_list"
	opJobDepth     operation = "job_depth"
)

// operations is the closed list, so that every series exists from the start.
func operations() []operation {
	return []operation{
		opPing, opEpoch, opPersist, opDeleteAll, opAppend, opCursor, opReadLog, opLoadState, opLoadKeys, opCommit, opReadOutbox, opAckOutbox,
		opPark, opParked, opRetryParked, opReadReturned, opSetAside, opAside, opDepth, opLeaseAcquire, opLeaseRenew, opLeaseRelease,
		opIDMapGet, opIDMapPut, opIDMapAll, opDocumentGet, opDocumentPut,
		opJobEnqueue, opJobClaim, opJobExtend, opJobComplete, opJobRetry, opJobPark, opJobUnpark,
		opJobGet, opJobList, opJobDepth,
	}
}

// errorKinds are the codes an operation can fail with; any other counts as internal.
func errorKinds() []fault.Code {
	return []fault.Code{
		fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.TooLarge,
		fault.RateLimited, fault.Unavailable, fault.Timeout, fault.Canceled, fault.Internal,
	}
}

// bounded lists whose oldest items may be dropped.
const (
	listParked   = "parked"
	listSetAside = "set_aside"
)

type metrics struct {
	seconds *prometheus.HistogramVec
	errors  *prometheus.CounterVec
	dropped *prometheus.CounterVec
	// restarts counts how often Redis was found to be another process or to continue another history.
	restarts prometheus.Counter
	kinds    map[fault.Code]bool
}

func newMetrics(reg prometheus.Registerer) *metrics {
	factory := promauto.With(reg)
	m := &metrics{
		seconds: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:                        "engage_connector_store_operation_seconds",
			Help:                        "Time until Redis answered, by operation; without the time a read waited for something to come.",
			Buckets:                     []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
			NativeHistogramBucketFactor: 1.1,
		}, []string{"operation"}),
		errors: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_store_errors_total",
			Help: "Operations that failed, by operation and kind of error.",
		}, []string{"operation", "code"}),
		dropped: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_store_dropped_total",
			Help: "Oldest items dropped from a list that had reached its bound.",
		}, []string{"list"}),
		restarts: factory.NewCounter(prometheus.CounterOpts{
			Name: "engage_connector_store_restarts_total",
			Help: "Restarts and failovers of Redis that were noticed; links, writer and workers began again from what was stored.",
		}),
		kinds: make(map[fault.Code]bool),
	}
	for _, code := range errorKinds() {
		m.kinds[code] = true
	}
	for _, op := range operations() {
		m.seconds.WithLabelValues(string(op))
		for code := range m.kinds {
			m.errors.WithLabelValues(string(op), string(code))
		}
	}
	m.dropped.WithLabelValues(listParked)
	m.dropped.WithLabelValues(listSetAside)
	return m
}

// observe counts one answer.
func (m *metrics) observe(op operation, took time.Duration, err error) {
	m.seconds.WithLabelValues(string(op)).Observe(took.Seconds())
	m.failed(op, err)
}

func (m *metrics) failed(op operation, err error) {
	if err == nil {
		return
	}
	code := fault.CodeOf(err)
	if !m.kinds[code] {
		code = fault.Internal
	}
	m.errors.WithLabelValues(string(op), string(code)).Inc()
}
