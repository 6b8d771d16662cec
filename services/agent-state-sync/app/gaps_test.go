package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
	v1 "engage.connector/proto/agentstatesync/v1"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/app"
	"engage.connector/services/agent-state-sync/statemodel"
	"engage.connector/services/agent-state-sync/statetest"
)

// gaps asks for the report.
func gaps(t *testing.T, service *app.App) []adherence.Gap {
	t.Helper()
	var answer struct{ Gaps []adherence.Gap }
	status, body := get(t, service, "/api/v1/adherence-gaps", &answer)
	require.Equal(t, http.StatusOK, status, body)
	return answer.Gaps
}

// agent asks for one agent.
func agent(t *testing.T, service *app.App, n int) statemodel.AgentView {
	t.Helper()
	var answer struct{ Agents []statemodel.AgentView }
	status, body := get(t, service, "/api/v1/agents?q="+statetest.Employee(n), &answer)
	require.Equal(t, http.StatusOK, status, body)
	if len(answer.Agents) == 0 {
		return statemodel.AgentView{}
	}
	return answer.Agents[0]
}

// about lists the gaps in which one value should have been shown.
func about(all []adherence.Gap, what adherence.What, value string) []adherence.Gap {
	return slices.DeleteFunc(slices.Clone(all), func(g adherence.Gap) bool { return g.What != what || g.True != value })
}

// ended tells whether there are gaps, and none lasts.
func ended(all []adherence.Gap) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(g adherence.Gap) bool { return g.To.IsZero() })
}

// The service was down: every state reaches the org with its own time, and the report names each interval.
// ledger: E-EXAS-005
func TestWhatHappenedWhileTheServiceWasDownIsToldAndReported(t *testing.T) {
	w := newWorld(t, 1)
	_, stop := w.start("ADHERENCE_TOLERANCE=1s")
	began := time.Now().UTC().Truncate(time.Millisecond)
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 4, began))
	w.shows(1, "OnQueue", "Idle")
	stop()
	line := func(status int, at time.Time) statetest.Line {
		l := statetest.Status(statetest.Employee(1), status, at)
		l.Received = at
		return l
	}
	first := time.Now().UTC().Truncate(time.Millisecond)
	second := first.Add(700 * time.Millisecond)
	w.Edge.Send(link, line(8, first), line(4, second))
	wait := time.NewTimer(time.Until(second.Add(2 * time.Second)))
	defer wait.Stop()
	select { // the outage must last longer than what is tolerated
	case <-wait.C:
	case <-t.Context().Done():
	}
	service, _ := w.start("ADHERENCE_TOLERANCE=1s")
	w.eventually(func() bool { return len(w.Org.Of(statetest.OpPresence, statetest.User(1))) == 3 }, "both states are told")
	require.Equal(t, []string{statetest.Definition("OnQueue"), statetest.Definition("Busy"), statetest.Definition("OnQueue")}, w.Org.Of(statetest.OpPresence, statetest.User(1)))
	w.eventually(func() bool { return ended(about(gaps(t, service), adherence.Presence, "Busy")) }, "the report has it")
	got := about(gaps(t, service), adherence.Presence, "Busy")[0]
	require.Equal(t, adherence.Gap{
		Agent: statetest.Employee(1), UserID: statetest.User(1), What: adherence.Presence, From: first, To: second,
		Shown: "OnQueue", True: "Busy", Cause: adherence.ConnectorOutage,
	}, got)
}

// The org refuses one of the two operations: the other is unharmed, what waits is shown, and the report
// names each interval.
func TestOneOperationThatIsRefusedHarmsNoOther(t *testing.T) {
	w := newWorld(t, 1)
	service, _ := w.start("ADHERENCE_TOLERANCE=1s")
	began := time.Now().UTC().Truncate(time.Millisecond)
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 4, began))
	w.shows(1, "OnQueue", "Idle")
	w.Org.Answer(func(op string) statetest.Answer {
		if op == statetest.OpPresence {
			return statetest.Answer{Status: http.StatusForbidden}
		}
		return statetest.Answer{}
	})
	out := time.Now().UTC().Truncate(time.Millisecond)
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 23, out))
	w.eventually(func() bool { return slices.Contains(w.Org.Of(statetest.OpRouting, statetest.User(1)), "OffQueue") }, "the routing status is taken")
	w.eventually(func() bool {
		all := about(gaps(t, service), adherence.Presence, "Offline")
		return len(all) == 1 && all[0].To.IsZero()
	}, "the open interval is in the report")
	w.eventually(func() bool {
		a := agent(t, service, 1)
		return a.Presence.Open == 1 && a.Routing.Open == 0
	}, "one value waits")
	a := agent(t, service, 1)
	require.Equal(t, "Offline", a.Presence.Engage)
	require.Equal(t, "OnQueue", a.Presence.Org)
	require.Equal(t, "OffQueue", a.Routing.Org)
	require.Equal(t, "stat@stat1:2060", a.Source)
	var status app.Status
	_, _ = get(t, service, "/status", &status)
	require.Positive(t, status.LagSeconds)
	require.Equal(t, 1, status.AgentsInScope)
	require.Equal(t, []string{"stat1:2060", "stat2:2060"}, status.Links[0].Servers)
	require.True(t, status.Links[0].Connected)

	w.Org.Answer(nil)
	w.shows(1, "Offline", "OffQueue")
	w.eventually(func() bool { return ended(about(gaps(t, service), adherence.Presence, "Offline")) }, "the interval has ended")
	got := about(gaps(t, service), adherence.Presence, "Offline")[0]
	require.Equal(t, out, got.From)
	require.Equal(t, adherence.OrgOutage, got.Cause)
	require.Equal(t, []string{"OnQueue", "Offline"}, []string{got.Shown, got.True})

	// The command prints the same, beside the service.
	var stdout, stderr bytes.Buffer
	code := app.Program().CommandLine(app.Commands()...).Execute([]string{"gaps"}, w.environ, &stdout, &stderr)
	require.Equal(t, host.ExitOK, code, stderr.String())
	require.Contains(t, stdout.String(), fmt.Sprintf("%s,%s,presence,%s", statetest.Employee(1), statetest.User(1), out.Format("2006-01-02T15:04:05.000Z")))
	stdout.Reset()
	require.Equal(t, host.ExitOK, app.Program().CommandLine(app.Commands()...).Execute([]string{"gaps", "-json", "-to", "2020-01-01"}, w.environ, &stdout, &stderr))
	require.JSONEq(t, `{"gaps":[]}`, stdout.String())
	require.NotEqual(t, host.ExitOK, app.Program().CommandLine(app.Commands()...).Execute([]string{"gaps", "-from", "soon"}, w.environ, &stdout, &stderr))
	require.Contains(t, stderr.String(), "2026-11-28")
}

// An event that the org refuses for good is a gap until the next one; a snapshot tells the state anew.
func TestAParkedEventIsReportedAndASnapshotTellsItAnew(t *testing.T) {
	w := newWorld(t, 1)
	service, _ := w.start("ADHERENCE_TOLERANCE=1s")
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 4, time.Now()))
	w.shows(1, "OnQueue", "Idle")
	w.Org.Refuse(func(op string, _ statetest.Event) (string, bool) {
		if op == statetest.OpPresence {
			return "the presence cannot be set", false
		}
		return "", false
	})
	out := time.Now().UTC().Truncate(time.Millisecond)
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 23, out))
	w.eventually(func() bool { return agent(t, service, 1).Presence.Why == adherence.Parked }, "it is parked")
	w.eventually(func() bool {
		all := about(gaps(t, service), adherence.Presence, "Offline")
		return len(all) == 1 && all[0].Cause == adherence.Parked && all[0].To.IsZero()
	}, "the report has it")
	w.Org.Refuse(nil)
	now := time.Now()
	w.Edge.Send(link, statetest.Line{Message: "feed.LinkDisconnected"}, statetest.Line{Message: "feed.LinkConnected"})
	snapshot := statetest.Status(statetest.Employee(1), 23, now)
	snapshot.Attributes["since"] = out
	w.Edge.Send(link, statetest.Snapshot(now, snapshot)...)
	w.shows(1, "Offline", "OffQueue")
	w.eventually(func() bool { return ended(about(gaps(t, service), adherence.Presence, "Offline")) }, "the interval has ended")
}

// A standby answers as well, from what the writer stored; a watch needs the writer.
func TestAStandbyAnswers(t *testing.T) {
	w := newWorld(t, 1)
	writer, _ := w.start()
	w.Edge.Send(link, statetest.Status(statetest.Employee(1), 4, time.Now()))
	w.shows(1, "OnQueue", "Idle")
	standby, _ := w.start()
	w.eventually(func() bool { return agent(t, writer, 1).Presence.Org == "OnQueue" }, "the writer knows what the org took")
	w.eventually(func() bool { return agent(t, standby, 1).Presence.Org == "OnQueue" && agent(t, standby, 1).InScope }, "the standby knows it too")
	for _, c := range []struct {
		service *app.App
		ok      bool
	}{{writer, true}, {standby, false}} {
		conn, err := host.DialGRPC(c.service.GRPCAddr(), host.TLSFiles{}, "")
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		stream, err := v1.NewAgentStateSyncServiceClient(conn).WatchAgents(ctx, &v1.WatchAgentsRequest{})
		require.NoError(t, err)
		message, err := stream.Recv()
		require.Equal(t, c.ok, err == nil, "%v", err)
		if c.ok {
			require.Equal(t, statetest.Employee(1), message.GetAgents()[0].GetEmployeeId())
		}
		cancel()
		require.NoError(t, conn.Close())
	}
	status, body := get(t, writer, "/api/v1/agents?state=asleep", nil)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, "logged off")
}
