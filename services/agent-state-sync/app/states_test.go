package app_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/agent-state-sync/statetest"
)

// ledger: E-EXAS-001, E-EXAS-002, E-EXAS-003, E-EXAS-004, E-EXAS-026, E-EXAS-027, E-EXAS-029, E-EXAS-030, E-EXAS-031, E-EXAS-032, E-EXAS-036
func TestAStatusOfStatServerReachesTheOrg(t *testing.T) {
	w := newWorld(t, 1)
	service, _ := w.start()
	began := time.Now()
	at := began.UTC().Truncate(time.Millisecond)
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 4, at))
	w.shows(1, "OnQueue", "Idle")
	require.Less(t, time.Since(began), time.Minute)
	for _, event := range w.Org.Accepted() {
		require.Equal(t, at, event.At, "the server's own time")
		require.Equal(t, statetest.User(1), event.User)
	}

	declared, err := json.Marshal(w.Edge.Declared(link))
	require.NoError(t, err)
	require.JSONEq(t, `{"kind":"statserver","endpoints":["stat1:2060","stat2:2060"],"statistics":[
		{"id":"agent:E00001:state","object":"E00001","objectType":"Agent","tenant":"Resources","category":"CurrentState","subject":"DNStatus"},
		{"id":"agent:E00001:reason","object":"E00001","objectType":"Agent","tenant":"Resources","category":"CurrentStateReasons","subject":"DNAction"}]}`, string(declared))

	status, body := get(t, service, "/health", nil)
	require.Equal(t, http.StatusOK, status)
	for _, dependency := range []string{"redis", "config-sync", "engage-feed"} {
		require.Contains(t, body, dependency)
	}
	_, denied, _ := w.Org.Faults()
	require.Zero(t, denied)
	require.Zero(t, w.Edge.Denied())
}

// Without the right client nothing is injected, and with it everything that waited.
// ledger: E-EXAS-026, E-EXAS-027
func TestTheClientOfTheTransactionIsTheOneThatInjects(t *testing.T) {
	w := newWorld(t, 1)
	w.Config.Secret("not the secret")
	_, stop := w.start()
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 4, time.Now()))
	w.eventually(func() bool { _, denied, _ := w.Org.Faults(); return denied > 0 }, "the log-in is refused")
	require.Empty(t, w.Org.Accepted())
	stop()
	w.Config.Secret(statetest.ClientSecret)
	w.start()
	w.shows(1, "OnQueue", "Idle")
}

// The two statistics of one change are one transition.
func TestTheReasonCompletesItsState(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	at := time.Now()
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 8, at), statetest.Reason(statetest.Employee(1), "Meal", at.Add(40*time.Millisecond)))
	w.shows(1, "Meal", "OffQueue")
	require.Equal(t, []string{statetest.Definition("Meal")}, w.Org.Of(statetest.OpPresence, statetest.User(1)))
}

// Flapping is kept as it was.
func TestFlappingIsKept(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	at := time.Now().UTC().Truncate(time.Millisecond)
	for i, status := range []int{4, 8, 4, 8, 4} {
		w.Edge.Send(link, statetest.Status(statetest.Employee(1), status, at.Add(time.Duration(i)*20*time.Millisecond)))
	}
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 23, at.Add(time.Second)))
	w.shows(1, "Offline", "OffQueue")
	onQueue, busy, offline := statetest.Definition("OnQueue"), statetest.Definition("Busy"), statetest.Definition("Offline")
	require.Equal(t, []string{onQueue, busy, onQueue, busy, onQueue, offline}, w.Org.Of(statetest.OpPresence, statetest.User(1)))
	outOfOrder, _, _ := w.Org.Faults()
	require.Zero(t, outOfOrder)
}

// Agents come into scope and leave it while the service runs.
// ledger: E-EXAS-025
func TestTheScopeChangesLive(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 4, time.Now()))
	w.shows(1, "OnQueue", "Idle")
	w.Config.Scope(1, 2)
	w.eventually(func() bool { return len(w.Edge.Declared(link)["statistics"].([]any)) == 4 }, "the second agent's statistics are opened")
	w.Edge.Send(link, statetest.Status(statetest.Employee(2), 8, time.Now()))
	w.shows(2, "Busy", "OffQueue")
	w.Config.Scope(2)
	w.eventually(func() bool { return len(w.Edge.Declared(link)["statistics"].([]any)) == 2 }, "the first agent's statistics are closed")
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 23, time.Now()))
	w.Edge.Send(link, statetest.Status(statetest.Employee(2), 4, time.Now()))
	w.shows(2, "OnQueue", "Idle")
	require.Equal(t, []string{statetest.Definition("OnQueue")}, w.Org.Of(statetest.OpPresence, statetest.User(1)))
}
