package feed_test

import (
	"strings"
	"testing"
	"time"

	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
)

func TestARegisteredDNTellsWhoIsLoggedIn(t *testing.T) {
	b := newBench(t, feed.Options{})
	login := func(message string, more ...any) {
		ev := event(message, "ThisDN", "4001", "AgentID", "7001")
		if len(more) > 0 {
			ev.Attributes["AgentWorkMode"] = more[0]
		}
		b.edge.Publish(ev)
	}
	state := func(name string) (any, any) {
		b.declare(name, agentLink("4001", "4002"))
		got := b.follow(name, "").expect("feed.LinkConnected", "EventRegistered", "EventRegistered")
		require.NotContains(t, got[2].Attributes, "AgentID", "nobody sits at 4002")
		return got[1].Attributes["AgentID"], got[1].Attributes["Extensions"].(map[string]any)["AgentStatus"]
	}
	for i, step := range []struct {
		message string
		mode    []any
		agent   any
		status  float64
	}{
		{"EventAgentLogin", nil, "7001", 1},
		{"EventAgentReady", nil, "7001", 2},
		{"EventAgentNotReady", []any{4}, "7001", 3},
		{"EventAgentNotReady", []any{3}, "7001", 4},
		{"EventAgentLogout", nil, nil, 0},
	} {
		login(step.message, step.mode...)
		agent, status := state("agent" + string(rune('a'+i)))
		require.Equal(t, step.agent, agent, step.message)
		require.InDelta(t, step.status, status, 0, step.message)
	}
}

func TestAnEdgeWithoutSnapshotsRegistersANewDNWithoutRepeatingTheOthers(t *testing.T) {
	b := newBench(t, feed.Options{})
	require.NoError(t, b.edge.SetKnobs(feed.Knobs{NoSnapshots: true}))
	b.declare("agent", agentLink("4001"))
	b.declare("agent", agentLink("4001", "4002"))
	got := b.follow("agent", "").expectAll("feed.LinkConnected", "EventRegistered", "EventRegistered")
	require.Equal(t, "4002", got[2].Attributes["ThisDN"])
}

// publishRunningCall leaves C1 running with one of two parties, and C2 over.
func publishRunningCall(b *bench) {
	b.edge.Publish(event("EventCallCreated", "CallUUID", "C1", "ConnID", "01"))
	b.edge.Publish(event("EventCallCreated", "CallUUID", "C2", "ConnID", "02"))
	b.edge.Publish(event("EventCallPartyAdded", "CallUUID", "C1", "PartyUUID", "X", "DN", "+1", "PartyState", "12"))
	b.edge.Publish(event("EventCallPartyAdded", "CallUUID", "C1", "PartyUUID", "I", "DN", "9001", "PartyState", "2048"))
	b.edge.Publish(event("EventCallPartyState", "CallUUID", "C1", "PartyUUID", "X", "DN", "+1", "PartyState", "14"))
	b.edge.Publish(event("EventCallPartyDeleted", "CallUUID", "C1", "PartyUUID", "I", "DN", "9001"))
	b.edge.Publish(event("EventCallDataChanged", "CallUUID", "C1", "ANI", "+1"))
	b.edge.Publish(event("EventCallDeleted", "CallUUID", "C2"))
}

func requireRunningCall(t *testing.T, got []line) {
	t.Helper()
	require.Equal(t, map[string]any{"CallUUID": "C1", "ConnID": "01", "ANI": "+1"}, got[0].Attributes)
	require.Equal(t, map[string]any{"CallUUID": "C1", "PartyUUID": "X", "DN": "+1", "PartyState": "14"}, got[1].Attributes)
}

func TestCallMonitoringReportsRunningCallsAgain(t *testing.T) {
	b := newBench(t, feed.Options{})
	publishRunningCall(b)
	b.declare("call", callLink)
	s := b.follow("call", "")
	requireRunningCall(t, s.expect("feed.LinkConnected", "EventCallCreated", "EventCallPartyAdded")[1:])
	b.edge.Publish(event("EventCallDeleted", "CallUUID", "C1"))
	s.expect("EventCallDeleted")
}

func TestAMovedPartyIsReportedWithItsNewCall(t *testing.T) {
	b := newBench(t, feed.Options{})
	publishRunningCall(b)
	b.edge.Publish(event("EventCallCreated", "CallUUID", "C3"))
	b.edge.Publish(event("EventCallPartyMoved", "CallUUID", "C1", "PartyUUID", "X", "NewCallUUID", "C3"))
	b.edge.Publish(event("EventCallDeleted", "CallUUID", "C1"))
	b.declare("call", callLink)
	got := b.follow("call", "").expect("feed.LinkConnected", "EventCallCreated", "EventCallPartyAdded")
	require.Equal(t, "C3", got[2].Attributes["CallUUID"])
}

func TestASwitchoverNamesTheOtherServerAndReportsAgain(t *testing.T) {
	b := newBench(t, feed.Options{})
	publishRunningCall(b)
	b.declare("call", strings.Replace(callLink, `"sips:8000"`, `"sips:8000","sips2:8000"`, 1))
	b.declare("agent", agentLink("4001"))
	b.edge.Switchover()
	got := b.follow("call", "").expect("feed.LinkConnected", "EventCallCreated", "EventCallPartyAdded",
		"feed.Switchover", "EventCallCreated", "EventCallPartyAdded")
	requireRunningCall(t, got[4:])
	require.Equal(t, "sips", got[0].Server.Name)
	require.Equal(t, "sips2", got[3].Server.Name)
	b.follow("agent", "").expect("feed.LinkConnected", "EventRegistered", "feed.Switchover", "EventRegistered")
}

func TestABrokenLinkLosesEventsAndIsReportedToAgain(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("call", callLink)
	require.True(t, b.edge.Disconnect("call", "connection refused"))
	require.False(t, b.edge.Disconnect("nobody", ""))
	publishRunningCall(b)
	require.True(t, b.edge.Connect("call"))
	require.True(t, b.edge.Connect("call"))
	got := b.follow("call", "").expect("feed.LinkConnected", "feed.LinkDisconnected", "feed.LinkConnected", "EventCallCreated", "EventCallPartyAdded")
	require.Equal(t, "connection refused", got[1].Attributes["reason"])
}

// johnOnACall is an agent's status with all that it can hold.
func johnOnACall() feed.AgentStatus {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return feed.AgentStatus{
		Object: "john", Status: 22, Time: at, Since: at, LoginID: "7001", Place: "4001",
		DNs: []feed.DNStatus{{DN: "4001", Switch: "SIP_Switch", Status: 22, Since: at,
			Actions: []feed.DNAction{{Action: 22, Since: at, ConnID: "006a0269722cd93f"}}}},
		Reasons: map[string]string{"ReasonCode": "Break"},
	}
}

func TestTheCurrentValueOfAStatisticComesOncePerConnect(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.edge.PublishStatus(johnOnACall())
	b.declare("stat", statLink("john", "jane"))
	b.declare("stat", statLink("john", "jane"))
	s := b.follow("stat", "")
	got := s.expect("feed.LinkConnected", "EventInfo", "EventError")
	require.Equal(t, "stat", got[1].Server.Name)
	require.Equal(t, 2, got[1].Number)
	require.Equal(t, map[string]any{
		"statistic": "agent:john", "status": 22.0, "since": "2026-11-20T10:00:00Z", "loginId": "7001", "place": "4001",
		"dns": []any{map[string]any{"dn": "4001", "switch": "SIP_Switch", "status": 22.0, "since": "2026-11-20T10:00:00Z",
			"actions": []any{map[string]any{"action": 22.0, "since": "2026-11-20T10:00:00Z", "connId": "006a0269722cd93f"}}}},
		"reasons": map[string]any{"ReasonCode": "Break"},
	}, got[1].Attributes)

	status := johnOnACall()
	status.Status, status.Reasons = 4, nil
	b.edge.PublishStatus(status)
	require.NotContains(t, s.expect("EventInfo")[0].Attributes, "reasons")
}

func TestTheSubjectDecidesHowDeepAStatusGoes(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.edge.PublishStatus(johnOnACall())
	for subject, depth := range map[string]int{"DNAction": 2, "DNStatus": 1, "AgentStatus": 0} {
		b.declare(subject, `{"kind":"statserver","endpoints":["stat:2060"],"statistics":[{"id":"s","object":"john","objectType":"Agent","tenant":"T","category":"CurrentState","subject":"`+subject+`"}]}`)
		attributes := b.follow(subject, "").expect("feed.LinkConnected", "EventInfo")[1].Attributes
		got := 0
		if dns, ok := attributes["dns"].([]any); ok {
			got++
			if _, ok := dns[0].(map[string]any)["actions"]; ok {
				got++
			}
		}
		require.Equal(t, depth, got, subject)
	}
}
