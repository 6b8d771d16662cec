package app_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
	"engage.connector/services/agent-state-sync/app"
	"engage.connector/services/agent-state-sync/statetest"
)

// link is the Stat Server's.
const link = "stat"

// world is what the service connects to, with a Redis.
type world struct {
	*statetest.World

	t       *testing.T
	redis   *storetest.Redis
	environ []string
}

func newWorld(t *testing.T, agents ...int) *world {
	t.Helper()
	outside, err := statetest.Start()
	require.NoError(t, err)
	t.Cleanup(outside.Close)
	if len(agents) == 0 {
		agents = []int{1, 2}
	}
	outside.Config.Scope(agents...)
	redis := storetest.StartServer(t)
	return &world{World: outside, t: t, redis: redis, environ: outside.Environ(redis.Addr())}
}

func environment(edge, configSync, redis string) []string {
	return append(statetest.Environ(edge, configSync, redis),
		"STAT_SERVER_PRIMARY_HOST=stat1", "STAT_SERVER_PRIMARY_PORT=2060", "STAT_SERVER_BACKUP_HOST=stat2", "STAT_SERVER_BACKUP_PORT=2060")
}

// start runs an instance; it is stopped by the function or with the test.
func (w *world) start(environ ...string) (*app.App, func()) {
	w.t.Helper()
	config, err := app.Load(append(slices.Clone(w.environ), environ...))
	require.NoError(w.t, err)
	service, err := app.New(app.Options{
		Tools: wire.Tools{Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now}, Config: config,
	})
	require.NoError(w.t, err)
	require.NoError(w.t, service.Start(w.t.Context()))
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			require.NoError(w.t, service.Stop(context.WithoutCancel(w.t.Context())))
		}
	}
	w.t.Cleanup(stop)
	return service, stop
}

// eventually waits for what must come; only a machine that is very busy needs all of the time.
func (w *world) eventually(condition func() bool, text string) {
	w.t.Helper()
	require.Eventually(w.t, condition, 2*time.Minute, 20*time.Millisecond, text)
}

// shows waits until the org shows an agent like this.
func (w *world) shows(agent int, presence, routing string) {
	w.t.Helper()
	want := statetest.Definition(presence) + " " + routing
	w.eventually(func() bool { return w.Org.Shown()[statetest.User(agent)] == want }, "shows "+presence+" "+routing)
}

// get asks the service.
func get(t *testing.T, service *app.App, path string, into any) (int, string) {
	t.Helper()
	response, err := http.Get("http://" + service.HTTPAddr() + path)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	if into != nil && response.StatusCode == http.StatusOK {
		require.NoError(t, json.Unmarshal(body, into), string(body))
	}
	return response.StatusCode, string(body)
}
