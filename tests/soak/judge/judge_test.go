package judge_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/tests/soak/judge"
)

func id(parts ...string) string { return exevents.StableID(parts...) }

func org() judge.Org {
	return judge.Org{
		SourceID: id("source"), Users: map[string]bool{id("user"): true}, Queues: map[string]bool{id("queue"): true},
		Codes: map[string]bool{id("code"): true},
	}
}

func truth() []judge.Interaction {
	return []judge.Interaction{
		{Calls: []string{"call"}, Users: map[string]bool{id("user"): true}, Queues: map[string]bool{id("queue"): true}, Plain: true},
		{Calls: []string{"internal"}, Silent: true},
		{Calls: []string{"other"}},
	}
}

func established(t exevents.EventType, leg string) exevents.ConversationEvent {
	e := exevents.ConversationEvent{
		Type: t, CommunicationID: id(leg),
		InitialConfiguration: &exevents.InitialConfiguration{Inbound: true, Alerting: t == exevents.UserEstablished},
		SourceConfiguration:  &exevents.SourceConfiguration{SourceID: id("source"), InteractionID: "call"},
	}
	switch t {
	case exevents.UserEstablished:
		e.UserID = id("user")
	case exevents.RoutingEstablished:
		e.QueueID = id("queue")
	default:
	}
	return e
}

func about(t exevents.EventType, leg string) exevents.ConversationEvent {
	return exevents.ConversationEvent{Type: t, CommunicationID: id(leg)}
}

func ended(leg string) exevents.ConversationEvent {
	e := about(exevents.CommunicationEnded, leg)
	e.DisconnectType = exevents.DisconnectPeer
	return e
}

// good is a correct conversation: caller, queue, agent, hold, disposition.
func good() []exevents.ConversationEvent {
	held := about(exevents.HoldUpdated, "A")
	held.Held = true
	return stamped([]exevents.ConversationEvent{
		established(exevents.ExternalEstablished, "X"),
		established(exevents.RoutingEstablished, "Q"),
		{
			Type: exevents.UserTransfer, TransferType: exevents.TransferUnattended, CommandID: id("command"),
			InitiatingCommunicationID: id("Q"), TargetCommunicationID: id("Q"), ObjectCommunicationID: id("X"), DestinationUserID: id("user"),
		},
		established(exevents.UserEstablished, "A"),
		{Type: exevents.ProgressTransfer, CommandID: id("command"), ObjectCommunicationID: id("X"), DestinationCommunicationID: id("A")},
		about(exevents.CommunicationAnswered, "A"),
		ended("Q"),
		{Type: exevents.EndTransfer, CommandID: id("command"), ObjectCommunicationID: id("X"), FinalState: exevents.TransferCompleted},
		held,
		about(exevents.HoldUpdated, "A"),
		ended("X"),
		ended("A"),
		about(exevents.CommunicationDispositionApplied, "A"),
	})
}

// The places of good.
const (
	external = iota
	routing
	transfer
	user
	progress
	answered
	queueEnded
	endTransfer
	hold
	retrieve
	externalEnded
	userEnded
	disposition
)

func stamped(events []exevents.ConversationEvent) []exevents.ConversationEvent {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for i := range events {
		events[i].EventID = id("event", string(rune('a'+i)))
		if events[i].ConversationID == "" {
			events[i].ConversationID = id("conversation")
		}
		events[i].EventDateTime = at.Add(time.Duration(i) * 100 * time.Millisecond)
	}
	return events
}

func TestACorrectConversationHasNoFault(t *testing.T) {
	require.Empty(t, judge.Events(org(), truth(), good()))
}

// Every rule is broken once, by one change of a correct conversation.
func TestEveryRuleIsNoticed(t *testing.T) {
	type events = []exevents.ConversationEvent
	without := func(i int) func(events) events { return func(e events) events { return slices.Delete(e, i, i+1) } }
	change := func(i int, f func(*exevents.ConversationEvent)) func(events) events {
		return func(e events) events { f(&e[i]); return e }
	}
	add := func(more ...exevents.ConversationEvent) func(events) events {
		return func(e events) events { return stamped(append(e, more...)) }
	}
	tests := map[string]struct {
		rule  judge.Rule
		spoil func(events) events
	}{
		"no type":               {judge.Form, change(hold, func(e *exevents.ConversationEvent) { e.Type = "x" })},
		"event id":              {judge.EventIDTwice, func(e events) events { e[hold].EventID = e[user].EventID; return e }},
		"same time":             {judge.TimeOrder, func(e events) events { e[hold].EventDateTime = e[endTransfer].EventDateTime; return e }},
		"microseconds":          {judge.TimeOrder, change(hold, func(e *exevents.ConversationEvent) { e.EventDateTime = e.EventDateTime.Add(time.Microsecond) })},
		"unknown leg":           {judge.UnknownLeg, without(user)},
		"twice established":     {judge.LegTwice, change(routing, func(e *exevents.ConversationEvent) { e.CommunicationID = id("X") })},
		"ended twice":           {judge.LegEnded, add(ended("X"))},
		"not ended":             {judge.NotEnded, without(externalEnded)},
		"after the end":         {judge.AfterEnd, add(established(exevents.PhoneEstablished, "P"), ended("P"))},
		"answered twice":        {judge.Alerting, change(hold, func(e *exevents.ConversationEvent) { e.Type, e.Held = exevents.CommunicationAnswered, false })},
		"held while it rings":   {judge.Alerting, without(answered)},
		"retrieved twice":       {judge.HoldTwice, without(hold)},
		"disposed twice":        {judge.Disposition, add(about(exevents.CommunicationDispositionApplied, "A"))},
		"disposed by a queue":   {judge.Disposition, change(disposition, func(e *exevents.ConversationEvent) { e.CommunicationID = id("Q") })},
		"another object":        {judge.TransferLegs, change(progress, func(e *exevents.ConversationEvent) { e.ObjectCommunicationID = id("Q") })},
		"wrong destination":     {judge.TransferLegs, change(progress, func(e *exevents.ConversationEvent) { e.DestinationCommunicationID = id("Q") })},
		"no begin":              {judge.TransferState, without(transfer)},
		"no progress":           {judge.TransferState, without(progress)},
		"transfer not ended":    {judge.TransferOpen, without(endTransfer)},
		"consult without begin": {judge.ConsultState, change(hold, func(e *exevents.ConversationEvent) { *e = withType(*e, exevents.EndConsultTransfer) })},
		"somebody else":         {judge.WrongReference, change(user, func(e *exevents.ConversationEvent) { e.UserID = id("somebody") })},
		"no such call":          {judge.Invented, change(routing, func(e *exevents.ConversationEvent) { e.SourceConfiguration.InteractionID = "x" })},
		"not in the queue":      {judge.Invented, change(routing, func(e *exevents.ConversationEvent) { e.SourceConfiguration.InteractionID = "other" })},
		"two interactions":      {judge.Mixed, change(external, func(e *exevents.ConversationEvent) { e.SourceConfiguration.InteractionID = "other" })},
		"internal":              {judge.Silent, change(external, func(e *exevents.ConversationEvent) { e.SourceConfiguration.InteractionID = "internal" })},
		"not told":              {judge.Missing, func(events) events { return nil }},
		"inviter":               {judge.DanglingInvite, change(user, func(e *exevents.ConversationEvent) { e.InitialConfiguration.InvitedBy = id("nobody") })},
		"transferred when over": {judge.AfterEnd, change(disposition, func(e *exevents.ConversationEvent) {
			*e = withType(*e, exevents.ConsultTransfer)
			e.InitiatingCommunicationID, e.ObjectCommunicationID, e.DestinationCommunicationID = id("A"), id("X"), id("Q")
		})},
		"two main calls": {judge.UserBusy, func(e events) events {
			second := established(exevents.UserEstablished, "B")
			second.ConversationID = id("second")
			gone := ended("B")
			gone.ConversationID = id("second")
			return stamped(slices.Concat(e[:userEnded], events{second, gone}, e[userEnded:]))
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			faults := judge.Events(org(), truth(), tt.spoil(good()))
			require.True(t, slices.ContainsFunc(faults, func(f judge.Fault) bool { return f.Rule == tt.rule }), "%v", faults)
		})
	}
}

func withType(e exevents.ConversationEvent, t exevents.EventType) exevents.ConversationEvent {
	return exevents.ConversationEvent{Type: t, EventID: e.EventID, EventDateTime: e.EventDateTime, ConversationID: e.ConversationID}
}

// A leg that moves to another conversation may be established there.
func TestALegMayMoveOnAMerge(t *testing.T) {
	moved := ended("X")
	moved.DestinationConversationID = id("second")
	again := established(exevents.ExternalEstablished, "X")
	again.ConversationID = id("second")
	gone := ended("X")
	gone.ConversationID = id("second")
	facts := truth()
	facts[0].Plain = false
	require.Empty(t, judge.Events(org(), facts, stamped([]exevents.ConversationEvent{
		established(exevents.ExternalEstablished, "X"), moved, again, gone,
	})))
}
