package host_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
	"engage.connector/pkg/uses"
)

// syncBuffer collects log lines from many goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// withLog lets a test read what the host logs.
func withLog(out *syncBuffer) func(*host.Options) {
	return func(o *host.Options) {
		o.Logger = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: host.LevelTrace}))
	}
}

// started is a serving host whose handlers register adds.
func started(t *testing.T, register func(*host.Host), change ...func(*host.Options)) *host.Host {
	t.Helper()
	h := hosttest.New(t, change...)
	register(h)
	require.NoError(t, h.Start(t.Context()))
	return h
}

func TestCorrelationIDIsKeptWhenSaneAndMadeOtherwise(t *testing.T) {
	h := started(t, func(h *host.Host) {
		h.Mux().HandleFunc("GET /id", func(w http.ResponseWriter, r *http.Request) { host.WriteOK(w, r, "x", nil) })
	})
	for given, kept := range map[string]bool{
		"2fdd55fe-8b16-41ab-84c9-2c5cc42d4eee": true, "a:b/c_d.e+f=": true, strings.Repeat("a", 128): true,
		strings.Repeat("a", 129): false, "two words": false, "ü": false, `"quote"`: false, "": false, "a\tb": false,
	} {
		got := get(t, h, "/id", "X-Correlation-Id", given)
		id := decode[host.Response](t, got).Status.CorrID
		require.Equal(t, id, got.header.Get("X-Correlation-Id"))
		if kept {
			require.Equal(t, given, id)
			continue
		}
		require.NoError(t, uuid.Validate(id), "%q must be replaced", given)
	}
}

func TestUnknownPathAndMethodAnswerInTheGuidesForm(t *testing.T) {
	h := started(t, func(*host.Host) {})
	missing := get(t, h, "/no/such/thing")
	require.Equal(t, http.StatusNotFound, missing.status)
	require.Equal(t, 40400, decode[host.Response](t, missing).Status.Code)

	wrong := do(t, h, http.MethodPost, "/health", nil)
	require.Equal(t, http.StatusMethodNotAllowed, wrong.status)
	require.Equal(t, "GET, HEAD", wrong.header.Get("Allow"))
	require.Equal(t, 40500, decode[host.Response](t, wrong).Status.Code)

	require.Contains(t, get(t, h, "/metrics").body,
		`engage_connector_host_http_requests_total{method="GET",route="none",status="404"} 1`)
}

func TestPanicInAHandlerIs500LoggedAndCounted(t *testing.T) {
	var log syncBuffer
	h := started(t, func(h *host.Host) {
		h.Mux().HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("secret plan") })
	}, withLog(&log))
	got := get(t, h, "/panic")
	require.Equal(t, http.StatusInternalServerError, got.status)
	status := decode[host.Response](t, got).Status
	require.Equal(t, "internal error", status.Message)
	require.NotContains(t, got.body, "secret plan")
	require.Contains(t, log.String(), "secret plan")
	require.Contains(t, log.String(), "http_test.go", "the stack must name the place")
	require.Contains(t, get(t, h, "/metrics").body, `engage_connector_host_panics_total{where="http"} 1`)
}

func TestPanicAfterHalfAnAnswerCutsTheConnection(t *testing.T) {
	h := started(t, func(h *host.Host) {
		h.Mux().HandleFunc("GET /half", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			panic("now")
		})
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.HTTPAddr()+"/half", nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	if err == nil {
		_, err = bufio.NewReader(resp.Body).ReadString(0)
		require.NoError(t, resp.Body.Close())
	}
	require.Error(t, err)
	require.Contains(t, get(t, h, "/metrics").body, `engage_connector_host_panics_total{where="http"} 1`)
}

func TestBodyAboveTheLimitIs413(t *testing.T) {
	h := started(t, func(h *host.Host) {
		h.Mux().HandleFunc("POST /body", func(w http.ResponseWriter, r *http.Request) {
			var v map[string]any
			if err := host.ReadJSON(r, &v); err != nil {
				host.WriteError(w, r, slog.New(slog.DiscardHandler), err)
				return
			}
			host.WriteOK(w, r, "read", v)
		})
	}, func(o *host.Options) { o.MaxBody = 64 })
	rows := []struct {
		body string
		want int
	}{
		{`{"a":1}`, 200}, {`{"a":"` + strings.Repeat("x", 100) + `"}`, 413}, {``, 400}, {`{`, 400}, {`{} {}`, 400}, {`[1]`, 400},
	}
	for _, row := range rows {
		got := do(t, h, http.MethodPost, "/body", strings.NewReader(row.body))
		require.Equal(t, row.want, got.status, "%s -> %s", row.body, got.body)
	}
}

func TestWriteErrorTellsTheCallerWhatItMayKnow(t *testing.T) {
	rows := []struct {
		name    string
		err     error
		status  int
		code    int
		message string
		hint    string
		retry   string
		logged  string
	}{
		{"not found", fault.New(fault.NotFound, "", "no such queue"), 404, 40400, "no such queue", "", "", "DEBUG"},
		{
			"the guide's own code", host.WithStatusCode(fault.New(fault.NotFound, "", "CallUUID not found"), 40402),
			404, 40402, "CallUUID not found", "", "", "DEBUG",
		},
		{
			"rate limit with a wait", fault.New(fault.RateLimited, "", "slow down").WithRetryIn(1500 * time.Millisecond),
			429, 42900, "slow down", "", "2", "DEBUG",
		},
		{
			"unavailable with a hint", fault.New(fault.Unavailable, "store", "redis is down").WithHint("start redis"),
			503, 50300, "store: redis is down", "start redis", "", "WARN",
		},
		{
			"internal says nothing", fault.Wrap(fault.Internal, "sql", errors.New("no column x")).WithHint("secret"),
			500, 50000, "internal error", "", "", "ERROR",
		},
		{"unclassified", errors.New("boom"), 500, 50000, "internal error", "", "", "ERROR"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var log syncBuffer
			rec := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(host.WithCorrelationID(t.Context(), "c-1"), http.MethodGet, "/x", nil)
			host.WriteError(rec, req, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), row.err)

			got := decode[host.Response](t, answer{body: rec.Body.String()})
			require.Equal(t, row.status, rec.Code)
			require.Equal(t, host.ResponseStatus{Code: row.code, Message: row.message, Hint: row.hint, CorrID: "c-1"}, got.Status)
			require.Equal(t, row.retry, rec.Header().Get("Retry-After"))
			require.Contains(t, log.String(), `"level":"`+row.logged+`"`)
			require.Contains(t, log.String(), row.err.Error())
		})
	}
}

func TestUnmarshalableValueIs500(t *testing.T) {
	rec := httptest.NewRecorder()
	host.WriteJSON(rec, http.StatusOK, make(chan int))
	require.Equal(t, http.StatusInternalServerError, rec.Code)
}

func TestStatusGetsTheCorrelationID(t *testing.T) {
	h := started(t, func(h *host.Host) {
		h.Status(func(ctx context.Context) any { return map[string]string{"corrId": host.CorrelationID(ctx)} })
	})
	got := decode[map[string]string](t, get(t, h, "/status", "X-Correlation-Id", "abc"))
	require.Equal(t, "abc", got["corrId"])
}

// A failing dependency is shown, with the time since it fails, and does not take the service down.
//
// ledger: E-MON-002
func TestHealthShowsDependencies(t *testing.T) {
	var mu sync.Mutex
	var redisErr error
	setRedis := func(err error) { mu.Lock(); defer mu.Unlock(); redisErr = err }
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); now = now.Add(time.Minute); return now }

	h := started(t, func(h *host.Host) {
		h.Dependency("redis", func(context.Context) error { mu.Lock(); defer mu.Unlock(); return redisErr })
		h.Dependency("config-sync", func(context.Context) error { return nil })
	}, func(o *host.Options) { o.Now = clock })

	first := decode[host.Health](t, get(t, h, "/health"))
	require.Equal(t, "ok", first.Status)
	require.Equal(t, []string{"config-sync", "redis"}, []string{first.Dependencies[0].Name, first.Dependencies[1].Name})

	setRedis(errors.New("connection refused"))
	got := get(t, h, "/health")
	require.Equal(t, http.StatusOK, got.status)
	failing := decode[host.Health](t, got)
	require.Equal(t, "degraded", failing.Status)
	require.Equal(t, "failing", failing.Dependencies[1].Status)
	require.Equal(t, "connection refused", failing.Dependencies[1].Error)
	require.True(t, failing.Dependencies[1].Since.After(first.Dependencies[1].Since))
	require.Equal(t, first.Dependencies[0], failing.Dependencies[0], "since stays while the status stays")
	metrics := get(t, h, "/metrics").body
	require.Contains(t, metrics, `engage_connector_host_dependency_up{dependency="redis"} 0`)
	require.Contains(t, metrics, `engage_connector_host_dependency_up{dependency="config-sync"} 1`)

	setRedis(nil)
	again := decode[host.Health](t, get(t, h, "/health"))
	require.Equal(t, "ok", again.Status)
	require.Empty(t, again.Dependencies[1].Error)
}

func TestHangingOrPanickingCheckCountsAsFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := hosttest.New(t)
		calls := make(chan struct{}, 10)
		h.Dependency("hangs", func(context.Context) error { calls <- struct{}{}; <-release; return nil })
		h.Dependency("panics", func(context.Context) error { panic("x") })
		for range 2 {
			began := time.Now()
			health := h.Health(t.Context())
			require.LessOrEqual(t, time.Since(began), 2*time.Second)
			require.Equal(t, "no answer to the check within 2s", health.Dependencies[0].Error)
			require.Equal(t, "the check panicked: x", health.Dependencies[1].Error)
			time.Sleep(10 * time.Second)
		}
		require.Len(t, calls, 1, "no second check starts beside one that hangs")
		close(release)
	})
}

// The command asks whether the service can do its work, and says why not.
func TestHealthcheck(t *testing.T) {
	var down atomic.Bool
	h := started(t, func(h *host.Host) {
		h.Dependency("feed", func(context.Context) error { return errors.New("away") })
		h.Dependency("redis", func(context.Context) error {
			if down.Load() {
				return fault.New(fault.Unavailable, "store.ping", "READONLY You can't write against a read only replica").WithHint("this is a replica")
			}
			return nil
		}, host.Required())
	})
	require.NoError(t, host.Healthcheck(t.Context(), h.HTTPAddr(), false), "work is done, if without one thing")
	_, port, err := net.SplitHostPort(h.HTTPAddr())
	require.NoError(t, err)
	for _, addr := range []string{":" + port, "0.0.0.0:" + port, "[::]:" + port, "localhost:" + port} {
		require.NoError(t, host.Healthcheck(t.Context(), addr, false), addr)
	}
	down.Store(true)
	require.Eventually(t, func() bool { err = host.Healthcheck(t.Context(), h.HTTPAddr(), false); return err != nil }, 10*time.Second, 50*time.Millisecond)
	require.ErrorContains(t, err, "not ready: redis: store.ping: READONLY You can't write against a read only replica (this is a replica)")
	require.NoError(t, h.Stop(t.Context()))
	require.Equal(t, fault.Unavailable, fault.CodeOf(host.Healthcheck(t.Context(), h.HTTPAddr(), false)))
	require.Equal(t, fault.Invalid, fault.CodeOf(host.Healthcheck(t.Context(), "3640", false)))
}

// /health stays 200 with what it knows of each dependency, /ready says whether work can be done.
func TestReadyAnswers503WithTheReason(t *testing.T) {
	var down, known atomic.Bool
	down.Store(true)
	h := started(t, func(h *host.Host) {
		check := func(context.Context) error {
			if down.Load() {
				return errors.New("refused")
			}
			return nil
		}
		h.Dependency("redis", check, host.Required())
		h.Dependency("config-sync", check, host.RequiredUntil(known.Load))
		h.Dependency("feed", func(context.Context) error { return errors.New("away") })
	})
	got := get(t, h, "/ready")
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Equal(t, host.Readiness{Reasons: []string{"config-sync: refused", "redis: refused"}}, decode[host.Readiness](t, got))
	health := get(t, h, "/health")
	require.Equal(t, http.StatusOK, health.status)
	required := map[string]bool{}
	for _, d := range decode[host.Health](t, health).Dependencies {
		required[d.Name] = d.Required
	}
	require.Equal(t, map[string]bool{"redis": true, "config-sync": true, "feed": false}, required)

	known.Store(true)
	require.Eventually(t, func() bool {
		return slices.Equal(decode[host.Readiness](t, get(t, h, "/ready")).Reasons, []string{"redis: refused"})
	}, 10*time.Second, 50*time.Millisecond, "what has been read once does for the work")
	down.Store(false)
	require.Eventually(t, func() bool { return get(t, h, "/ready").status == http.StatusOK }, 10*time.Second, 50*time.Millisecond)
}

// A dependency that fails from the start is logged once by its name, with what to do, and once when it is
// back; one that is there a moment later is not mentioned.
func TestADependencyThatFailsIsLoggedOnceAndOnceWhenItIsBack(t *testing.T) {
	var log syncBuffer
	synctest.Test(t, func(t *testing.T) {
		h := hosttest.New(t, withLog(&log))
		var redis, late atomic.Bool
		h.Dependency("redis", func(context.Context) error {
			if redis.Load() {
				return nil
			}
			return fault.New(fault.Unavailable, "store.ping", "connection refused").WithHint("is Redis running?")
		})
		h.Dependency("config-sync", func(context.Context) error {
			if late.Load() {
				return nil
			}
			return errors.New("not read yet")
		})
		watch := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
				h.Health(t.Context())
			}
		}
		watch(3 * time.Second)
		late.Store(true)
		watch(40 * time.Second)
		require.Equal(t, 1, strings.Count(log.String(), "a dependency fails"), log.String())
		require.Contains(t, log.String(), `"dependency":"redis"`)
		require.Contains(t, log.String(), `"hint":"is Redis running?"`)
		require.NotContains(t, log.String(), "config-sync")
		redis.Store(true)
		watch(time.Minute)
		require.Equal(t, 1, strings.Count(log.String(), "a dependency is back"))
		require.Regexp(t, `"dependency":"redis","after":"4\d(\.\d)?s"`, log.String())
		redis.Store(false)
		watch(time.Minute)
		require.Equal(t, 2, strings.Count(log.String(), "a dependency fails"))
	})
}

// The host looks by itself, so that the log says it although nobody asks for the page.
func TestTheHostLooksAtItsDependenciesByItself(t *testing.T) {
	var log syncBuffer
	started(t, func(h *host.Host) {
		h.Dependency("redis", func(context.Context) error { return errors.New("connection refused") })
	}, withLog(&log))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), `"dependency":"redis"`) }, 20*time.Second, 100*time.Millisecond)
}

// The page shows how old the last real use is and how it went, per operation where that matters; a use that
// has just failed says more than a check that succeeds.
func TestHealthShowsTheLastRealUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hosttest.New(t)
		var org uses.ByOperation
		h.Dependency("org", func(context.Context) error { return nil }, host.LastUsed(org.Newest), host.LastUsedBy(org.Last))
		look := func() host.DependencyHealth { return h.Health(t.Context()).Dependencies[0] }
		require.Nil(t, look().LastUse, "it was never used")

		org.Note("POST /users", time.Now(), nil)
		time.Sleep(90 * time.Second)
		org.Note("GET /users", time.Now(), fault.New(fault.NotFound, "org", "no such user"))
		time.Sleep(4500 * time.Millisecond)
		d := look()
		require.Equal(t, "ok", d.Status, "the answer says something of the user, not of the org")
		require.Equal(t, "failed", d.LastUse.Outcome)
		require.Equal(t, "4.5s", d.LastUse.Age)
		require.Contains(t, d.LastUse.Error, "no such user")
		require.Equal(t, "ok", d.Operations["POST /users"].Outcome)
		require.Equal(t, "1m34.5s", d.Operations["POST /users"].Age)

		org.Note("POST /users", time.Now(), fault.New(fault.Forbidden, "org", "missing permission").WithHint("grant it"))
		time.Sleep(2 * time.Second)
		d = look()
		require.Equal(t, "failing", d.Status)
		require.Contains(t, d.Error, "its last use failed: org: missing permission")
		require.Equal(t, "grant it", d.Hint)
		time.Sleep(2 * time.Minute)
		require.Equal(t, "ok", look().Status, "a failure of long ago does not outweigh the check")
	})
}

// The listening line is what operators and the demo wait for.
func TestListeningLineNamesBothAddresses(t *testing.T) {
	var log syncBuffer
	h := started(t, func(*host.Host) {}, withLog(&log))
	require.Contains(t, log.String(), fmt.Sprintf(`"msg":"listening","http":%q,"grpc":%q`, h.HTTPAddr(), h.GRPCAddr()))
}
