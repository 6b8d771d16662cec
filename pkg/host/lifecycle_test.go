package host_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client makes requests on connections that do not outlive them.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
}

// get asks a host for a path.
func get(t *testing.T, h *host.Host, path string, header ...string) answer {
	t.Helper()
	return do(t, h, http.MethodGet, path, nil, header...)
}

// do makes one request; header holds names and values in turn.
func do(t *testing.T, h *host.Host, method, path string, body io.Reader, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+h.HTTPAddr()+path, body)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// decode reads a JSON answer.
func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

func TestHostServesItsPages(t *testing.T) {
	h := hosttest.New(t)
	require.NoError(t, h.Start(t.Context()))

	health := decode[host.Health](t, get(t, h, "/health"))
	require.Equal(t, host.Health{Status: "ok", Service: "test", Version: "v0-test", Dependencies: []host.DependencyHealth{}}, health)

	status := decode[map[string]string](t, get(t, h, "/status"))
	require.Equal(t, map[string]string{"service": "test", "version": "v0-test", "uptime": "0s"}, status)

	metrics := get(t, h, "/metrics")
	require.Equal(t, http.StatusOK, metrics.status)
	for _, series := range []string{
		"go_goroutines ", "process_resident_memory_bytes ", "engage_connector_host_serving 1",
		`engage_connector_host_panics_total{where="grpc"} 0`, `grpc_server_started_total{`,
		`engage_connector_host_build_info{`,
		`engage_connector_host_http_requests_total{method="GET",route="GET /health",status="200"} 1`,
	} {
		require.Contains(t, metrics.body, series)
	}
}

// Names, units and help texts must be those that Prometheus expects.
func TestMetricsAreWellFormed(t *testing.T) {
	h := started(t, func(h *host.Host) {
		h.Dependency("redis", func(context.Context) error { return nil })
		h.Go("worker", func(context.Context) error { return nil })
	})
	get(t, h, "/health")
	problems, err := testutil.GatherAndLint(h.Registry())
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestTakenPortFailsAtNew(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()

	opts := hosttest.Options(t)
	opts.GRPCAddr = taken.Addr().String()
	_, err = host.New(opts)
	require.ErrorContains(t, err, "GRPC_ADDR")

	opts = hosttest.Options(t)
	opts.HTTPAddr = taken.Addr().String()
	_, err = host.New(opts)
	require.ErrorContains(t, err, "HTTP_ADDR")
}

func TestMissingOptionsAreNamedTogether(t *testing.T) {
	_, err := host.New(host.Options{})
	for _, name := range []string{"Service", "HTTPAddr", "GRPCAddr", "Logger"} {
		require.ErrorContains(t, err, name)
	}
}

func TestSecondStartIsRefused(t *testing.T) {
	h := hosttest.New(t)
	require.NoError(t, h.Start(t.Context()))
	require.Error(t, h.Start(t.Context()))
}

func TestStartWithEndedContextIsRefused(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, hosttest.New(t).Start(ctx), context.Canceled)
}

// The whole order of the drain, seen from inside: an open request sees that the host drains while the
// listeners wait for it, the task ends after the request, the clean-ups run last and backwards.
func TestDrainOrder(t *testing.T) {
	h := hosttest.New(t)
	var order []string
	inHandler, leaveHandler := make(chan struct{}), make(chan struct{})
	h.Mux().HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		close(inHandler)
		<-leaveHandler
		order = append(order, "request sees "+h.Health(r.Context()).Status)
		host.WriteOK(w, r, "done", nil)
	})
	h.Go("worker", func(ctx context.Context) error {
		<-ctx.Done()
		order = append(order, "task")
		return ctx.Err()
	})
	for _, name := range []string{"store", "client"} {
		h.OnStop(name, func(context.Context) error {
			order = append(order, name)
			return nil
		})
	}
	require.NoError(t, h.Start(t.Context()))

	answered := make(chan answer, 1)
	go func() { answered <- get(t, h, "/slow") }() //nolint:testifylint // a failure there leaves the channel empty and ends the test here
	<-inHandler
	stopped := make(chan error, 1)
	go func() { stopped <- h.Stop(context.WithoutCancel(t.Context())) }()
	<-h.Draining()
	close(leaveHandler)

	require.NoError(t, <-stopped)
	require.Equal(t, http.StatusOK, (<-answered).status, "an open request must be answered")
	require.Equal(t, []string{"request sees draining", "task", "client", "store"}, order)
}

func TestTheHostIsReadyOnlyWhileItServes(t *testing.T) {
	h := hosttest.New(t)
	require.Equal(t, "starting", h.Health(t.Context()).Status)
	require.Equal(t, []string{"the service is starting"}, h.Ready(t.Context()).Reasons)
	require.NoError(t, h.Start(t.Context()))
	require.Equal(t, "ok", h.Health(t.Context()).Status)
	require.NoError(t, h.Stop(t.Context()))
	require.Equal(t, "draining", h.Health(t.Context()).Status)
	require.Equal(t, []string{"the service is draining"}, h.Ready(t.Context()).Reasons)
}

func TestStopReportsEveryFailedStepAndRunsOn(t *testing.T) {
	h := hosttest.New(t)
	first, second := errors.New("first"), errors.New("second")
	ran := false
	h.OnStop("last", func(context.Context) error { ran = true; return nil })
	h.OnStop("redis", func(context.Context) error { return first })
	h.OnStop("feed", func(context.Context) error { return second })
	require.NoError(t, h.Start(t.Context()))

	err := h.Stop(t.Context())
	require.ErrorIs(t, err, first)
	require.ErrorIs(t, err, second)
	require.ErrorContains(t, err, "stop redis: first")
	require.True(t, ran)
	require.Equal(t, err, h.Stop(t.Context()), "a second stop gives the same answer and runs nothing")
}

func TestStopWithoutStartFreesThePorts(t *testing.T) {
	h := hosttest.New(t)
	cleaned := false
	h.OnStop("thing", func(context.Context) error { cleaned = true; return nil })
	h.Go("never", func(context.Context) error { t.Error("a task ran without a start"); return nil })
	addr := h.HTTPAddr()
	require.NoError(t, h.Stop(t.Context()))
	require.True(t, cleaned)
	again, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// What does not end is cut or left behind by name; the stop itself stays within its bound.
func TestStopIsBounded(t *testing.T) {
	h := hosttest.New(t, func(o *host.Options) { o.DrainTimeout = 200 * time.Millisecond })
	release, inHandler := make(chan struct{}), make(chan struct{})
	h.Mux().HandleFunc("GET /stuck", func(http.ResponseWriter, *http.Request) { close(inHandler); <-release })
	h.Go("stuck-task", func(context.Context) error { <-release; return nil })
	cleaned := false
	h.OnStop("store", func(context.Context) error { cleaned = true; return nil })
	require.NoError(t, h.Start(t.Context()))

	cut := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.HTTPAddr()+"/stuck", nil)
		if err != nil {
			cut <- err
			return
		}
		resp, err := client.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		cut <- err
	}()
	<-inHandler
	began := time.Now()
	err := h.Stop(t.Context())
	require.Less(t, time.Since(began), 2*time.Second)
	require.ErrorContains(t, err, "open HTTP requests were cut")
	require.ErrorContains(t, err, "stuck-task")
	require.True(t, cleaned, "clean-ups run even when the steps before them failed")
	require.Error(t, <-cut)
	close(release)
}

func TestRunEndsWithItsContext(t *testing.T) {
	h := hosttest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	started, ended := make(chan struct{}), make(chan struct{})
	h.Go("worker", func(ctx context.Context) error {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil
	})
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	<-started
	cancel()
	require.NoError(t, <-done)
	<-ended
}
