package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
	"engage.connector/services/agent-state-sync/presence"
)

func start() time.Time { return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) }

func status(code engage.DnActions, since time.Time, reasons map[string]string, actions ...engage.DnActions) engage.AgentStatus {
	s := engage.AgentStatus{Statistic: "agent:john", Status: code, Since: since, Reasons: reasons}
	if len(actions) > 0 {
		dn := engage.DNStatus{DN: "4001", Switch: "SIP_Switch", Status: code}
		for _, action := range actions {
			dn.Actions = append(dn.Actions, engage.DNAction{Action: action, Since: since})
		}
		s.DNs = []engage.DNStatus{dn}
	}
	return s
}

// observe takes in a status by the guide's own rules.
func observe(agent *presence.Agent, s engage.AgentStatus, at time.Time) presence.Outcome {
	return observeBy(agent, presence.Rules{}, s, at)
}

func observeBy(agent *presence.Agent, rules presence.Rules, s engage.AgentStatus, at time.Time) presence.Outcome {
	reading, known := presence.Read(s)
	if !known {
		return presence.Undocumented
	}
	return agent.Observe(rules, reading, at)
}

// Each case is a history of statuses, one a second; the last one's result is what counts.
func TestTheGuidesTable(t *testing.T) {
	type step struct {
		code    engage.DnActions
		reason  string
		actions []engage.DnActions
	}
	ready, notReady := step{code: engage.StatusWaitForNextCall}, step{code: engage.StatusNotReadyForNextCall}
	because := func(reason string) step { return step{code: engage.StatusNotReadyForNextCall, reason: reason} }
	call := func(code engage.DnActions, actions ...engage.DnActions) step {
		return step{code: code, actions: actions}
	}
	tests := []struct {
		name     string
		steps    []step
		presence presence.SystemPresence
		routing  presence.RoutingStatus
	}{
		// ledger: E-EXAS-008
		{"logged off", []step{ready, {code: engage.StatusLoggedOut}}, presence.Offline, presence.OffQueue},
		// ledger: E-EXAS-009
		{"not ready without reason", []step{notReady}, presence.Busy, presence.OffQueue},
		// ledger: E-EXAS-009, E-EXAS-024
		{"not ready with a reason of the customer's own", []step{because("Coaching")}, presence.Busy, presence.OffQueue},
		// ledger: E-EXAS-010, E-EXAS-023
		{"not ready, Break", []step{because("Break")}, presence.Break, presence.OffQueue},
		// ledger: E-EXAS-011, E-EXAS-023
		{"not ready, Meal", []step{because("Meal")}, presence.Meal, presence.OffQueue},
		// ledger: E-EXAS-012, E-EXAS-023
		{"not ready, Meeting", []step{because("Meeting")}, presence.Meeting, presence.OffQueue},
		// ledger: E-EXAS-013, E-EXAS-023
		{"not ready, Training", []step{because("Training")}, presence.Training, presence.OffQueue},
		// ledger: E-EXAS-023
		{"reason names are compared exactly", []step{because("break")}, presence.Busy, presence.OffQueue},
		// ledger: E-EXAS-014, E-EXAS-022
		{"not ready, internal call", []step{because("Break"), call(engage.StatusCallInternal)}, presence.Busy, presence.Communicating},
		// ledger: E-EXAS-015
		{"not ready, outbound call", []step{notReady, call(engage.StatusCallOutbound)}, presence.Busy, presence.Interacting},
		// ledger: E-EXAS-015
		{"not ready, consult call", []step{because("Meal"), call(engage.StatusCallConsult)}, presence.Busy, presence.Interacting},
		// ledger: E-EXAS-016
		{"ready", []step{ready}, presence.OnQueue, presence.Idle},
		// ledger: E-EXAS-017, E-EXAS-022
		{"ready, internal call", []step{ready, call(engage.StatusCallInternal)}, presence.OnQueue, presence.Communicating},
		// ledger: E-EXAS-018
		{"ready, inbound call", []step{ready, call(engage.StatusCallInbound)}, presence.OnQueue, presence.Interacting},
		// ledger: E-EXAS-018
		{"ready, call of unknown type", []step{ready, call(engage.StatusCallUnknown)}, presence.OnQueue, presence.Interacting},
		// ledger: E-EXAS-019, E-EXAS-020
		{"after-call work of a ready agent", []step{ready, call(engage.StatusCallInbound), {code: engage.StatusAfterCallWork}}, presence.OnQueue, presence.Interacting},
		// ledger: E-EXAS-019, E-EXAS-020
		{"after-call work of an agent on a break", []step{because("Break"), {code: engage.StatusAfterCallWork}}, presence.Break, presence.Interacting},

		{"internal call in after-call work", []step{ready, call(engage.StatusAfterCallWork, engage.StatusCallInternal)}, presence.OnQueue, presence.Communicating},
		{"logged off with a call", []step{call(engage.StatusLoggedOut, engage.StatusCallOutbound)}, presence.Offline, presence.Interacting},
		{"call held: its type stands among the actions", []step{ready, call(engage.StatusCallOnHold, engage.StatusCallInternal)}, presence.OnQueue, presence.Communicating},
		{"call held, type unknown", []step{ready, call(engage.StatusCallOnHold)}, presence.OnQueue, presence.Interacting},
		{"ringing is no call yet", []step{ready, call(engage.StatusCallRinging)}, presence.OnQueue, presence.Idle},
		{"a customer's call outweighs an internal one", []step{ready, call(engage.StatusCallOnHold, engage.StatusCallInternal, engage.StatusCallInbound)}, presence.OnQueue, presence.Interacting},
		{"the DN still says not ready", []step{ready, call(engage.StatusCallInbound, engage.StatusCallInbound, engage.StatusNotReadyForNextCall)}, presence.Busy, presence.Interacting},
		{"a call is the first that is known", []step{call(engage.StatusCallInbound)}, presence.OnQueue, presence.Interacting},
		{"the reason of an earlier break is forgotten", []step{because("Break"), ready, notReady}, presence.Busy, presence.OffQueue},
		{"the reason outlasts after-call work", []step{because("Break"), {code: engage.StatusAfterCallWork}, notReady}, presence.Break, presence.OffQueue},
		{"a campaign call", []step{ready, call(engage.StatusASMOutbound)}, presence.OnQueue, presence.Interacting},
		{"held for a campaign's customer", []step{ready, call(engage.StatusASMEngaged)}, presence.OnQueue, presence.Interacting},
		{"dialing is no call yet", []step{because("Break"), call(engage.StatusCallDialing)}, presence.Break, presence.OffQueue},
		{"off the hook is no call", []step{ready, call(engage.StatusOffHook)}, presence.OnQueue, presence.Idle},
		{"ready again after after-call work", []step{ready, {code: engage.StatusAfterCallWork}, ready}, presence.OnQueue, presence.Idle},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var agent presence.Agent
			for i, step := range test.steps {
				at := start().Add(time.Duration(i) * time.Second)
				var reasons map[string]string
				if step.reason != "" {
					reasons = map[string]string{"ReasonCode": step.reason}
				}
				observe(&agent, status(step.code, at, reasons, step.actions...), at)
			}
			require.Equal(t, presence.UserState{Presence: test.presence, Routing: test.routing}, agent.User)
		})
	}
}

func TestAReasonThatComesAloneChangesThePresence(t *testing.T) {
	var agent presence.Agent
	require.Equal(t, presence.Applied, observe(&agent, status(engage.StatusNotReadyForNextCall, start(), nil), start()))
	later := start().Add(time.Minute)
	require.Equal(t, presence.Applied, observe(&agent, status(engage.StatusUnknown, later, map[string]string{"ReasonCode": "Meal"}), later))
	require.Equal(t, presence.Meal, agent.User.Presence)
	require.Equal(t, later, agent.Since)
}

func TestAReasonThatComesBeforeItsStateIsKeptForIt(t *testing.T) {
	var agent presence.Agent
	observe(&agent, status(engage.StatusWaitForNextCall, start(), nil), start())
	at := start().Add(time.Minute)
	observe(&agent, status(engage.StatusUnknown, at, map[string]string{"ReasonCode": "Break"}), at)
	require.Equal(t, presence.OnQueue, agent.User.Presence, "a ready agent has no reason")
	observe(&agent, status(engage.StatusNotReadyForNextCall, at, nil), at)
	require.Equal(t, presence.Break, agent.User.Presence)
}

func TestARepeatedStatusChangesNothing(t *testing.T) {
	var agent presence.Agent
	require.Equal(t, presence.Applied, observe(&agent, status(engage.StatusWaitForNextCall, start(), nil), start()))
	since := agent.Since
	later := start().Add(time.Hour)
	require.Equal(t, presence.Repeated, observe(&agent, status(engage.StatusWaitForNextCall, later, nil), later))
	require.Equal(t, since, agent.Since)
}

func TestAnOlderStatusIsStale(t *testing.T) {
	var agent presence.Agent
	observe(&agent, status(engage.StatusWaitForNextCall, start(), nil), start())
	before := start().Add(-time.Second)
	require.Equal(t, presence.Stale, observe(&agent, status(engage.StatusLoggedOut, before, nil), before))
	require.Equal(t, presence.OnQueue, agent.User.Presence)
}

func TestAnUndocumentedStatusChangesNothing(t *testing.T) {
	var agent presence.Agent
	observe(&agent, status(engage.StatusWaitForNextCall, start(), nil), start())
	before := agent
	for _, code := range []engage.DnActions{0, 1, 2, 3, 10, 11, 12, 14, 15, 99} {
		require.Equal(t, presence.Undocumented, observe(&agent, status(code, start(), nil), start().Add(time.Second)))
	}
	require.Equal(t, before, agent)
}

// ledger: E-EXAS-020, E-EXAS-021, E-EXAS-022
func TestWhateverHappensTheRulesHold(t *testing.T) {
	codes := []engage.DnActions{4, 5, 6, 7, 8, 9, 13, 16, 17, 18, 19, 20, 21, 22, 23}
	rapid.Check(t, func(t *rapid.T) {
		var agent presence.Agent
		at := start()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
			code := rapid.SampledFrom(codes).Draw(t, "status")
			actions := rapid.SliceOfN(rapid.SampledFrom(codes), 0, 3).Draw(t, "actions")
			var reasons map[string]string
			if rapid.Bool().Draw(t, "with reason") {
				reasons = map[string]string{"ReasonCode": rapid.SampledFrom([]string{"", "Break", "Meal", "Other"}).Draw(t, "reason")}
			}
			before := agent.User
			observe(&agent, status(code, at, reasons, actions...), at)

			require.NotEqual(t, presence.SystemPresence("Available"), agent.User.Presence)
			require.NotEmpty(t, agent.User.Presence)
			if code == engage.StatusAfterCallWork && before.Presence != "" {
				require.Equal(t, before.Presence, agent.User.Presence)
			}
			if agent.User.Routing == presence.Communicating {
				require.Equal(t, presence.Internal, agent.Call)
			}

			// What is stored and read again goes on in the same way.
			encoded, err := packed.Encode(&agent)
			require.NoError(t, err)
			var restored presence.Agent
			require.NoError(t, packed.Decode(encoded, &restored))
			require.Equal(t, agent.User, restored.User)
			agent = restored
		}
	})
}

// Not Ready at one DN wins, whatever the order in which the DNs are listed.
func TestNotReadyAtAnyDNWins(t *testing.T) {
	both := status(engage.StatusCallInbound, start(), nil, engage.StatusCallInbound, engage.StatusWaitForNextCall)
	both.DNs = append(both.DNs, engage.DNStatus{DN: "4002", Actions: []engage.DNAction{{Action: engage.StatusNotReadyForNextCall}}})
	var agent presence.Agent
	observe(&agent, both, start())
	require.Equal(t, presence.UserState{Presence: presence.Busy, Routing: presence.Interacting}, agent.User)
}

// The two statistics of one change come one after the other: the reason completes the state.
func TestAReasonThatFollowsItsStateCompletesIt(t *testing.T) {
	for _, gap := range []time.Duration{0, 99 * time.Millisecond, presence.SameChange, time.Second} {
		var agent presence.Agent
		observe(&agent, status(engage.StatusWaitForNextCall, start(), nil), start())
		at := start().Add(time.Minute)
		require.Equal(t, presence.Applied, observe(&agent, status(engage.StatusNotReadyForNextCall, at, nil), at))
		outcome := observe(&agent, status(engage.StatusUnknown, at, map[string]string{"ReasonCode": "Meal"}), at.Add(gap))
		require.Equal(t, presence.Meal, agent.User.Presence)
		if gap < presence.SameChange {
			require.Equal(t, presence.Completed, outcome)
			require.Equal(t, at, agent.Since)
		} else {
			require.Equal(t, presence.Applied, outcome, "a transition of its own")
			require.Equal(t, at.Add(gap), agent.Since)
		}
		// What follows is a change of its own, however soon.
		require.Equal(t, presence.Applied, observe(&agent, status(engage.StatusUnknown, at, map[string]string{"ReasonCode": "Break"}), at.Add(gap)))
	}
}

// A reason that changes within one Not Ready began when it was reported, not when the status began.
func TestAReasonThatChangesHasATimeOfItsOwn(t *testing.T) {
	var agent presence.Agent
	observe(&agent, status(engage.StatusNotReadyForNextCall, start(), map[string]string{"ReasonCode": "Break"}), start())
	at := start().Add(10 * time.Minute)
	require.Equal(t, presence.Applied, observe(&agent, status(engage.StatusNotReadyForNextCall, start(), map[string]string{"ReasonCode": "Meal"}), at))
	require.Equal(t, at, agent.Since)
}

func TestReasonsOfACenter(t *testing.T) {
	reasons, err := presence.ParseReasons("Break=Kaffee|休憩,Meal=Mittag")
	require.NoError(t, err)
	custom, err := presence.ParseCustom(`Coaching=8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a12, Projekt\,A|Test=8B8A3D07-6f0b-4a3e-9f6e-0d5a4c1c9a13`)
	require.NoError(t, err)
	rules := presence.Rules{Reasons: reasons, Custom: custom}
	for reason, want := range map[string]presence.SystemPresence{
		"Kaffee": presence.Break, "休憩": presence.Break, "Mittag": presence.Meal, "Training": presence.Training, "kaffee": presence.Busy,
		"Coaching": "definition:8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a12", "Projekt,A": "definition:8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a13", "": presence.Busy,
	} {
		var agent presence.Agent
		observeBy(&agent, rules, status(engage.StatusNotReadyForNextCall, start(), map[string]string{"ReasonCode": reason}), start())
		require.Equal(t, presence.UserState{Presence: want, Routing: presence.OffQueue}, agent.User, reason)
	}
	id, own := presence.SystemPresence("definition:x").Definition()
	require.True(t, own)
	require.Equal(t, "x", id)
	_, own = presence.Busy.Definition()
	require.False(t, own)
	// In a call the guide's table stands: Busy.
	var agent presence.Agent
	observeBy(&agent, rules, status(engage.StatusNotReadyForNextCall, start(), map[string]string{"ReasonCode": "Coaching"}), start())
	observeBy(&agent, rules, status(engage.StatusCallInternal, start().Add(time.Second), nil), start().Add(time.Second))
	require.Equal(t, presence.UserState{Presence: presence.Busy, Routing: presence.Communicating}, agent.User)
	// ledger: E-EXAS-024
	require.Equal(t, presence.Busy, presence.Rules{}.UserState(presence.Situation{State: presence.NotReady, Call: presence.NoCall}, "Coaching", "").Presence,
		"off by default")
}

func TestBadCustomPresencesAreAllNamed(t *testing.T) {
	_, err := presence.ParseCustom("Coaching,x=y,Break=8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a12,|=8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a12")
	for _, part := range []string{`"Coaching" is not of the form`, `"y" is not the id`, `"Break" is one of the guide's own`, "has no name"} {
		require.ErrorContains(t, err, part)
	}
}

// Each status outside of the guide's table has its reason.
func TestStatusesOutsideOfTheGuideHaveTheirReason(t *testing.T) {
	names := map[string]bool{}
	for _, row := range presence.Outside() {
		require.NotEmpty(t, row.Why)
		names[row.Name] = true
	}
	for _, name := range []string{"CallDialing", "CallRinging", "CallOnHold", "OffHook", "ASM_Engaged", "ASM_Outbound", "CallUnknown"} {
		require.True(t, names[name], name)
	}
}

func TestEverySituationHasARow(t *testing.T) {
	for _, state := range []presence.State{presence.LoggedOff, presence.NotReady, presence.Ready, presence.AfterCallWork} {
		for _, call := range []presence.CallClass{presence.NoCall, presence.Internal, presence.Other} {
			user := presence.Situation{State: state, Call: call}.UserState(presence.Training)
			require.NotEqual(t, presence.UserState{Presence: presence.Training, Routing: presence.OffQueue}, user, "%s, %s", state, call)
		}
	}
}
