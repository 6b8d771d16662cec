package org_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
)

func TestBatchSizeIsChecked(t *testing.T) {
	b := newBench(t)
	for path, array := range map[string]string{
		"/api/v2/events/conversations":       "communicationAnsweredEvents",
		"/api/v2/events/users/presence":      "userPresenceEvents",
		"/api/v2/events/users/routingstatus": "userRoutingStatusEvents",
	} {
		events := make([]map[string]any, 101)
		for i := range events {
			events[i] = map[string]any{"eventId": newID()}
		}
		b.do(http.MethodPost, path, map[string]any{array: events}).fails(400, "max.batch.size.surpassed")
		b.do(http.MethodPost, path, map[string]any{array: []any{}}).fails(400, "zero.events.submitted")
		b.do(http.MethodPost, path, map[string]any{}).fails(400, "zero.events.submitted")
		require.Len(t, b.ok(http.MethodPost, path, map[string]any{array: events[:100]})["errors"], 100)
	}
	require.Equal(t, 300, b.org.Snapshot().Counters.EventsRejected["missing_field"])
}

func TestRepeatedEventIsCountedAndNotApplied(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	s := b.script()
	event := s.established("externalEstablishedEvents", newID(), map[string]any{}, nil)
	require.Empty(t, s.send())
	s.batch["externalEstablishedEvents"] = []map[string]any{event}
	failed := s.send()
	require.Equal(t, []map[string]any{{"eventId": event["eventId"], "message": "eventId already used", "retryable": false}}, failed)
	snap := b.org.Snapshot()
	require.Equal(t, 1, snap.Counters.EventsRepeated)
	require.Equal(t, 1, snap.Counters.EventsAccepted)
	require.Zero(t, snap.Counters.EventsRejected["already_established"])
	require.Len(t, snap.Conversations[0].Parties, 1)
}

func TestGoodEventsOfABatchAreTakenBesideBadOnes(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	s := b.script()
	s.established("externalEstablishedEvents", newID(), map[string]any{}, nil)
	bad := s.established("userEstablishedEvents", newID(), map[string]any{}, map[string]any{"userId": newID()})
	s.established("phoneEstablishedEvents", newID(), map[string]any{}, nil)
	failed := s.send()
	require.Len(t, failed, 1)
	require.Equal(t, bad["eventId"], failed[0]["eventId"])
	require.Equal(t, false, failed[0]["retryable"])
	require.Len(t, b.org.Snapshot().Conversations[0].Parties, 2)
	require.Equal(t, 1, b.org.Snapshot().Counters.EventsRejected["unknown_user"])
}

func TestDeactivatedAndSystemSourcesInjectNothing(t *testing.T) {
	b := newBench(t)
	deactivated := b.makeSource()
	system := text(b.entities("/api/v2/presence/sources")[0]["id"])
	require.Equal(t, 204, b.do(http.MethodDelete, "/api/v2/presence/sources/"+deactivated, nil).status)
	for _, source := range []string{system, deactivated} {
		s := b.script()
		b.source = source
		s.established("externalEstablishedEvents", newID(), map[string]any{}, nil)
		require.Len(t, s.send(), 1)
	}
	require.Equal(t, 2, b.org.Snapshot().Counters.EventsRejected["unknown_source"])
}

// TestRetryableErrorsAreHealedByResending plays a flow against an organization that refuses every fourth event for the
// time being; a client that only resends what is retryable ends with the same conversation.
func TestRetryableErrorsAreHealedByResending(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.EventErrorEvery = 4 })
	b.makeSource()
	s := b.script()
	l := s.inbound(b.queue("Sales"), b.user("ann"), b.code("Sold"))
	all := s.batch
	for range 20 {
		failed := s.send()
		if len(failed) == 0 {
			break
		}
		again := map[string]bool{}
		for _, f := range failed {
			require.Equal(t, true, f["retryable"], f["message"])
			again[text(f["eventId"])] = true
		}
		s.batch = map[string][]map[string]any{}
		for array, events := range all {
			for _, event := range events {
				if again[text(event["eventId"])] {
					s.batch[array] = append(s.batch[array], event)
				}
			}
		}
	}
	snap := b.org.Snapshot()
	require.Equal(t, 18, snap.Counters.EventsAccepted)
	require.Positive(t, snap.Counters.EventsRejected["temporary"])
	require.Positive(t, snap.Counters.EventsRejected["blocked"])
	require.True(t, snap.Conversations[0].Ended())
	require.NotEmpty(t, snap.Conversations[0].Party(l.agent).WrapupCode)
}

func TestReadModelOfALivingConversation(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	user := b.user("ann")
	s := b.script()
	x, a := newID(), newID()
	s.established("externalEstablishedEvents", x, map[string]any{"inbound": true}, nil)
	s.established("userEstablishedEvents", a, map[string]any{"alerting": true, "invitedBy": x}, map[string]any{"userId": user})
	s.add("phoneTransferEvents", map[string]any{"transferType": "Attended", "commandId": newID(), "initiatingCommunicationId": a,
		"targetCommunicationId": a, "objectCommunicationId": x, "destinationPhoneNumber": "+1555"})
	require.Empty(t, s.send())
	view := b.ok(http.MethodGet, "/api/v2/conversations/"+s.conversation, nil)
	require.Equal(t, "connected", view["state"])
	participants, _ := view["participants"].([]any)
	agent, _ := participants[1].(map[string]any)
	calls, _ := agent["calls"].([]any)
	call, _ := calls[0].(map[string]any)
	require.Equal(t, "alerting", call["state"])
	require.Equal(t, "outbound", call["direction"])
	transfers, _ := view["recentTransfers"].([]any)
	transfer, _ := transfers[0].(map[string]any)
	require.Equal(t, "Pending", transfer["state"])
}

// states sends one presence and one routing status event and returns their errors' messages.
func (b *bench) sendState(kind string, fields map[string]any) []any {
	b.t.Helper()
	paths := map[string]string{"userPresenceEvents": "presence", "userRoutingStatusEvents": "routingstatus"}
	errs, _ := b.ok(http.MethodPost, "/api/v2/events/users/"+paths[kind], map[string]any{kind: []any{fields}})["errors"].([]any)
	return errs
}

func TestPresenceAndRoutingStatus(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	user := b.user("ann")
	var breakID string
	for _, d := range b.entities("/api/v2/presence/definitions") {
		if d["systemPresence"] == "Break" {
			breakID = text(d["id"])
		}
	}
	at := start
	presence := func(change map[string]any) map[string]any {
		at = at.Add(time.Second)
		out := map[string]any{"eventId": newID(), "eventDateTime": stamp(at), "userId": user, "sourceId": b.source,
			"presenceDefinitionId": breakID, "message": "lunch"}
		maps.Copy(out, change)
		return out
	}
	routing := func(change map[string]any) map[string]any {
		at = at.Add(time.Second)
		out := map[string]any{"eventId": newID(), "eventDateTime": stamp(at), "agentId": user, "sourceId": b.source, "status": "Interacting"}
		maps.Copy(out, change)
		return out
	}
	require.Empty(t, b.sendState("userPresenceEvents", presence(nil)))
	require.Empty(t, b.sendState("userRoutingStatusEvents", routing(nil)))
	state := b.org.Snapshot().AgentStates[0]
	require.Equal(t, "Break", state.Presence)
	require.Equal(t, "Interacting", state.RoutingStatus)
	require.False(t, state.Effective, "the source is not the user's primary one")
	require.Equal(t, "INTERACTING", b.ok(http.MethodGet, "/api/v2/users/"+user+"/routingstatus", nil)["status"])
	require.Equal(t, "OFF_QUEUE", b.ok(http.MethodGet, "/api/v2/users/"+newID()+"/routingstatus", nil)["status"])

	b.ok(http.MethodPut, "/api/v2/presence/users/"+user+"/primarysource", map[string]any{"sourceId": b.source, "registered": true})
	require.True(t, b.org.Snapshot().AgentStates[0].Effective)
	require.Empty(t, b.sendState("userPresenceEvents", presence(map[string]any{"message": nil})))
	require.True(t, b.org.Snapshot().AgentStates[0].Effective)

	used := newID()
	require.Empty(t, b.sendState("userPresenceEvents", presence(map[string]any{"eventId": used})))
	rows := []struct {
		kind   string
		event  map[string]any
		reason string
	}{
		{"userPresenceEvents", presence(map[string]any{"eventId": "x"}), "invalid_id"},
		{"userPresenceEvents", presence(map[string]any{"userId": newID()}), "unknown_user"},
		{"userPresenceEvents", presence(map[string]any{"userId": ""}), "missing_field"},
		{"userPresenceEvents", presence(map[string]any{"sourceId": newID()}), "unknown_source"},
		{"userPresenceEvents", presence(map[string]any{"presenceDefinitionId": newID()}), "unknown_presence_definition"},
		{"userPresenceEvents", presence(map[string]any{"eventDateTime": "today"}), "invalid_time"},
		{"userPresenceEvents", presence(map[string]any{"eventDateTime": stamp(start)}), "state_outdated"},
		{"userPresenceEvents", presence(map[string]any{"status": "Idle"}), "unknown_field"},
		{"userPresenceEvents", presence(map[string]any{"message": 7}), "invalid_value"},
		{"userRoutingStatusEvents", routing(map[string]any{"status": "IDLE"}), "invalid_value"},
		{"userRoutingStatusEvents", routing(map[string]any{"userId": user}), "unknown_field"},
		{"userRoutingStatusEvents", routing(map[string]any{"eventDateTime": nil}), "missing_field"},
	}
	for _, row := range rows {
		before := b.org.Snapshot().Counters.EventsRejected[row.reason]
		require.Len(t, b.sendState(row.kind, row.event), 1, row.reason)
		require.Equal(t, before+1, b.org.Snapshot().Counters.EventsRejected[row.reason], row.reason)
	}
	require.Len(t, b.sendState("userPresenceEvents", presence(map[string]any{"eventId": used})), 1)
	require.Equal(t, 1, b.org.Snapshot().Counters.EventsRepeated)
}

func TestRetryableStateEventHoldsBackTheUsersLaterOnes(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.EventErrorEvery = 1 })
	b.makeSource()
	user := b.user("ann")
	events := []any{}
	for i := range 3 {
		events = append(events, map[string]any{"eventId": newID(), "eventDateTime": stamp(start.Add(time.Duration(i) * time.Second)),
			"agentId": user, "sourceId": b.source, "status": "Idle"})
	}
	body := b.ok(http.MethodPost, "/api/v2/events/users/routingstatus", map[string]any{"userRoutingStatusEvents": events})
	require.Len(t, body["errors"], 3)
	counters := b.org.Snapshot().Counters
	require.Equal(t, 1, counters.EventsRejected["temporary"])
	require.Equal(t, 2, counters.EventsRejected["blocked"])
}

func TestOnlyTheNewestConversationsAreKept(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.MaxConversations = 2 })
	b.makeSource()
	var kept []string
	for range 4 {
		s := b.script()
		s.established("externalEstablishedEvents", newID(), map[string]any{}, nil)
		require.Empty(t, s.send())
		kept = append(kept, s.conversation)
	}
	var got []string
	for _, c := range b.org.Snapshot().Conversations {
		got = append(got, c.ID)
	}
	require.ElementsMatch(t, kept[2:], got)
}
