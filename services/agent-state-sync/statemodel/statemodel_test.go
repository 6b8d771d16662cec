package statemodel_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/agent-state-sync/desk"
	"engage.connector/services/agent-state-sync/statemodel"
)

// org is a directory that the test changes.
type org struct {
	users  map[string]string
	logins map[string]string // login code -> employee id
	ready  bool
}

func (o *org) UserID(employee string) (string, bool) {
	id, ok := o.users[employee]
	return id, ok
}

func (o *org) PresenceDefinition(name string) (string, bool) {
	return "definition-" + name, name != ""
}

func (o *org) SourceID() string { return "source" }

func (o *org) EmployeeID(_, code string) (string, bool) {
	employee, ok := o.logins[code]
	return employee, ok
}

func (o *org) Logins(employee string) []desk.Login {
	var logins []desk.Login
	for _, code := range slices.Sorted(maps.Keys(o.logins)) {
		if o.logins[code] == employee {
			logins = append(logins, desk.Login{Switch: "SIP", Code: code})
		}
	}
	return logins
}

func newModel(o *org) *statemodel.Model {
	return statemodel.New(statemodel.Options{
		Tenant: "101", Registerer: prometheus.NewRegistry(),
		Directory: func() (statemodel.Directory, bool) { return o, o.ready },
	})
}

func start() time.Time { return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) }

func info(employee, kind string, status int, at time.Time, reason string) engage.Event {
	attributes := engage.Attributes{"statistic": "agent:" + employee + ":" + kind, "since": at.Format(time.RFC3339Nano)}
	if status >= 0 {
		attributes["status"] = json.Number(fmt.Sprint(status))
	}
	if reason != "" {
		attributes["reasons"] = map[string]any{"ReasonCode": reason}
	}
	return engage.Event{Message: engage.MsgEventInfo, Time: at, Attributes: attributes}
}

// told renders both outboxes in short, by time: "user presence/Busy @1.5s".
func told(t require.TestingT, effects pipeline.Effects) []string {
	type line struct {
		at         time.Time
		user, text string
	}
	var lines []line
	for _, entry := range slices.Concat(effects.Outbox[statemodel.OutboxPresence], effects.Outbox[statemodel.OutboxRouting]) {
		var event statemodel.Entry
		require.NoError(t, json.Unmarshal(entry.Payload, &event))
		switch {
		case event.Presence != nil:
			require.Equal(t, entry.Key, event.Presence.UserID)
			require.NoError(t, event.Presence.Validate())
			at := event.Presence.EventDateTime
			lines = append(lines, line{at, entry.Key, fmt.Sprintf("%s %s @%s", entry.Key, event.Presence.PresenceDefinitionID, at.Sub(start()))})
		case event.Routing != nil:
			require.Equal(t, entry.Key, event.Routing.AgentID)
			require.NoError(t, event.Routing.Validate())
			at := event.Routing.EventDateTime
			lines = append(lines, line{at, entry.Key, fmt.Sprintf("%s %s @%s", entry.Key, event.Routing.Status, at.Sub(start()))})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.user, b.user)) })
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return texts
}

func apply(t *testing.T, model *statemodel.Model, events ...engage.Event) []string {
	t.Helper()
	effects, err := model.Apply(events)
	require.NoError(t, err)
	return told(t, effects)
}

// ledger: E-EXAS-001, E-EXAS-007
func TestOnlyWhatChangedIsTold(t *testing.T) {
	model := newModel(&org{users: map[string]string{"E1": "u1"}, ready: true})
	require.Equal(t, []string{"u1 definition-OnQueue @0s", "u1 Idle @0s"}, apply(t, model, info("E1", "state", 4, start(), "")))
	require.Equal(t, []string{"u1 Interacting @1s"}, apply(t, model, info("E1", "state", 22, start().Add(time.Second), "")))
	require.Empty(t, apply(t, model, info("E1", "state", 22, start().Add(2*time.Second), "")))
}

func TestTheTwoStatisticsOfOneChangeGiveOneState(t *testing.T) {
	model := newModel(&org{users: map[string]string{"E1": "u1"}, ready: true})
	at := start().Add(20 * time.Millisecond)
	require.Equal(t, []string{"u1 definition-Break @0s", "u1 OffQueue @0s"},
		apply(t, model, info("E1", "state", 8, start(), ""), info("E1", "reason", -1, at, "Break")))
}

// The reason is waited for as long as it belongs to the state, however the two come; then the state is told
// without it.
func TestAStateWaitsForItsReason(t *testing.T) {
	at := start().Add(95 * time.Millisecond)
	model := newModel(&org{users: map[string]string{"E1": "u1"}, ready: true})
	require.Empty(t, apply(t, model, info("E1", "state", 8, at, "")))
	require.Equal(t, []string{"u1 definition-Meal @95ms", "u1 OffQueue @95ms"},
		apply(t, model, info("E1", "reason", -1, at.Add(99*time.Millisecond), "Meal")))

	tick := func(model *statemodel.Model, now, upTo time.Time) []string {
		effects, err := model.Tick(now, pipeline.Progress{UpTo: upTo})
		require.NoError(t, err)
		return told(t, effects)
	}
	busy := []string{"u1 definition-Busy @0s", "u1 OffQueue @0s"}
	for name, end := range map[string]func(m *statemodel.Model) []string{
		"the link has come further": func(m *statemodel.Model) []string { return tick(m, start(), start().Add(100*time.Millisecond)) },
		"another event came later": func(m *statemodel.Model) []string {
			return apply(t, m, info("E2", "state", 4, start().Add(time.Second), ""))
		},
		"the link says nothing more": func(m *statemodel.Model) []string { return tick(m, start().Add(2*time.Second), start()) },
		"the next state of the same agent": func(m *statemodel.Model) []string {
			return apply(t, m, info("E1", "state", 4, start().Add(10*time.Millisecond), ""))[:2]
		},
	} {
		t.Run(name, func(t *testing.T) {
			model := newModel(&org{users: map[string]string{"E1": "u1"}, ready: true})
			event := info("E1", "state", 8, start(), "")
			event.ReceivedAt = start()
			require.Empty(t, apply(t, model, event))
			require.Empty(t, tick(model, start().Add(time.Second), start().Add(99*time.Millisecond)))
			told := end(model)
			if len(told) == 0 {
				told = tick(model, start().Add(time.Second), start().Add(time.Second)) // looked at with the next tick
			}
			require.Equal(t, busy, told)
		})
	}
}

// ledger: E-EXAS-005, E-EXAS-006
func TestEveryStateOfAnOutageIsToldAfterIt(t *testing.T) {
	model := newModel(&org{users: map[string]string{"E1": "u1"}, ready: true})
	var events []engage.Event
	for i, status := range []int{4, 22, 9, 4, 23} {
		events = append(events, info("E1", "state", status, start().Add(time.Duration(i)*time.Minute), ""))
	}
	require.Equal(t, []string{
		"u1 definition-OnQueue @0s", "u1 Idle @0s", "u1 Interacting @1m0s", "u1 Idle @3m0s", "u1 definition-Offline @4m0s", "u1 OffQueue @4m0s",
	}, apply(t, model, events...))
}

// ledger: E-EXAS-025
func TestAnAgentOutsideTheScopeIsNotToldUntilMapped(t *testing.T) {
	o := &org{users: map[string]string{}, ready: true}
	model := newModel(o)
	require.Empty(t, apply(t, model, info("E1", "state", 4, start(), "")))
	effects, err := model.Tick(start(), pipeline.Progress{})
	require.NoError(t, err)
	require.Empty(t, told(t, effects))

	o.users["E1"] = "u1"
	effects, err = model.Tick(start().Add(time.Minute), pipeline.Progress{})
	require.NoError(t, err)
	require.Equal(t, []string{"u1 definition-OnQueue @0s", "u1 Idle @0s"}, told(t, effects))
	effects, err = model.Tick(start().Add(2*time.Minute), pipeline.Progress{})
	require.NoError(t, err)
	require.Empty(t, told(t, effects))
}

func TestAUserThatWasMappedAnewIsToldEverything(t *testing.T) {
	o := &org{users: map[string]string{"E1": "u1"}, ready: true}
	model := newModel(o)
	apply(t, model, info("E1", "state", 4, start(), ""))
	o.users["E1"] = "u2"
	require.Equal(t, []string{"u2 definition-OnQueue @0s", "u2 Interacting @1s"},
		apply(t, model, info("E1", "state", 22, start().Add(time.Second), "")))
}

func TestForeignAndMalformedEventsAreCountedAndHarmless(t *testing.T) {
	model := newModel(&org{users: map[string]string{"E1": "u1"}, ready: true})
	require.Empty(t, apply(t, model,
		engage.Event{Message: engage.MsgEventInfo, Time: start(), Attributes: engage.Attributes{}},
		engage.Event{Message: engage.MsgEventInfo, Time: start(), Attributes: engage.Attributes{"statistic": "queue:x", "status": json.Number("4")}},
		engage.Event{Message: "feed.Heartbeat", Time: start()},
	))
}

// Whatever is restored at whatever point, the org is told the same, with strictly increasing times
// of each kind.
func TestARestartAtAnyPointTellsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statuses := rapid.SliceOfN(rapid.SampledFrom([]int{4, 6, 7, 8, 9, 13, 18, 19, 20, 21, 22, 23}), 1, 30).Draw(t, "statuses")
		var events []engage.Event
		at := start()
		for _, status := range statuses {
			at = at.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "ms")) * time.Millisecond)
			events = append(events, info("E1", "state", status, at, rapid.SampledFrom([]string{"", "Break"}).Draw(t, "reason")))
		}
		run := func(restart bool) (lines []string) {
			o := &org{users: map[string]string{"E1": "u1"}, ready: true}
			model, state := newModel(o), map[string][]byte{}
			for _, event := range events {
				effects, err := model.Apply([]engage.Event{event})
				require.NoError(t, err)
				maps.Copy(state, effects.State)
				lines = append(lines, told(t, effects)...)
				if restart {
					model = newModel(o)
					require.Empty(t, model.Restore(state))
				}
			}
			return lines
		}
		require.Equal(t, run(false), run(true))
	})
}
