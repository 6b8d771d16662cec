package host

import (
	"errors"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/pkg/fault"
)

// The places where a panic can be caught; label values of the panics counter.
const (
	panicInHTTP = "http"
	panicInGRPC = "grpc"
	panicInTask = "task"
)

// nativeBucketFactor and nativeBuckets set the resolution of native histograms and bound their size.
const (
	nativeBucketFactor = 1.1
	nativeBuckets      = 60
)

// metrics are the host's own series; those of gRPC come from its middleware.
type metrics struct {
	serving      prometheus.Gauge
	panics       *prometheus.CounterVec
	dependencyUp *prometheus.GaugeVec
	tasksRunning *prometheus.GaugeVec
	taskRestarts *prometheus.CounterVec
	refused      *prometheus.CounterVec
	httpRequests *prometheus.CounterVec
	httpDuration *prometheus.HistogramVec
}

// newMetrics registers the host's series.
func newMetrics(reg prometheus.Registerer, service, version string) *metrics {
	factory := promauto.With(reg)
	factory.NewGaugeVec(prometheus.GaugeOpts{
		Name: "engage_connector_host_build_info",
		Help: "Always 1; the labels tell which service and version this is.",
	}, []string{"service", "version", "go"}).WithLabelValues(service, version, runtime.Version()).Set(1)

	m := &metrics{
		serving: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_host_serving",
			Help: "1 while the service takes requests, 0 before the start and while it drains.",
		}),
		panics: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_host_panics_total",
			Help: "Panics caught, by the place they were caught in. Every one is a defect.",
		}, []string{"where"}),
		dependencyUp: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "engage_connector_host_dependency_up",
			Help: "1 when the last check of the dependency succeeded, 0 otherwise.",
		}, []string{"dependency"}),
		tasksRunning: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "engage_connector_host_task_running",
			Help: "1 while the background task runs, 0 while it waits for its restart or has ended.",
		}, []string{"task"}),
		taskRestarts: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_host_task_restarts_total",
			Help: "How often the background task failed and was started again.",
		}, []string{"task"}),
		refused: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_host_refused_requests_total",
			Help: "HTTP and gRPC requests refused for want of the right credentials, by what was missing.",
		}, []string{"reason"}),
		httpRequests: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_host_http_requests_total",
			Help: "HTTP requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		httpDuration: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            "engage_connector_host_http_request_duration_seconds",
			Help:                            "Time to answer an HTTP request, by route.",
			Buckets:                         []float64{.005, .025, .1, .5, 2.5, 10},
			NativeHistogramBucketFactor:     nativeBucketFactor,
			NativeHistogramMaxBucketNumber:  nativeBuckets,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"route"}),
	}
	for _, where := range []string{panicInHTTP, panicInGRPC, panicInTask} {
		m.panics.WithLabelValues(where)
	}
	for _, reason := range []fault.Code{fault.Unauthenticated, fault.Forbidden} {
		m.refused.WithLabelValues(string(reason))
	}
	return m
}

// registerRuntime adds the Go and process collectors, unless the registry has them already.
func registerRuntime(reg prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := reg.Register(c); err != nil {
			if _, known := errors.AsType[prometheus.AlreadyRegisteredError](err); !known {
				return err
			}
		}
	}
	return nil
}
