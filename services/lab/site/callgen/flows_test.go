package callgen_test

import (
	"slices"
	"testing"

	"engage.connector/services/lab/site/callgen"

	"github.com/stretchr/testify/require"
)

// played are many calls of one scenario, by a center in which two can run at once.
func played(t *testing.T, name string) show {
	t.Helper()
	s := perform(t, setting{agents: 6, calls: 30, seed: 3, speed: 1, only: name})
	require.NoError(t, s.err)
	require.Len(t, s.calls, 30)
	return s
}

func kinds(c callgen.Call) []string {
	out := []string{}
	for _, p := range c.Parties {
		out = append(out, p.Kind)
	}
	return out
}

// sent are the messages of one call, in their order.
func (s show) sent(callUUID string) []string {
	out := []string{}
	for _, ev := range s.events {
		if ev.Attributes["CallUUID"] == callUUID {
			out = append(out, ev.Message)
		}
	}
	return out
}

func TestEveryTwentyCallsHoldEveryFlowInItsShare(t *testing.T) {
	s := perform(t, setting{agents: 25, calls: 40, seed: 8, speed: 1})
	require.NoError(t, s.err)
	shares := map[string]int{}
	for _, c := range s.calls {
		shares[c.Scenario]++
	}
	require.Len(t, shares, 11)
	for name, n := range shares {
		want := 2
		if name == "inbound-ivr-queue-agent" {
			want = 20
		}
		require.Equal(t, want, n, name)
	}
}

func TestACenterPlaysWhatItHasAgentsFor(t *testing.T) {
	s := perform(t, setting{agents: 1, calls: 20, seed: 1, speed: 1})
	require.NoError(t, s.err)
	for _, c := range s.calls {
		agents := slices.DeleteFunc(slices.Clone(c.Parties), func(p callgen.Party) bool { return p.Agent == nil })
		require.LessOrEqual(t, len(agents), 1, c.Scenario)
	}
}

func TestAnAbandonedCallReachesNoAgent(t *testing.T) {
	queued := 0
	for _, c := range played(t, "inbound-abandoned").calls {
		require.True(t, c.Parties[0].HungUp)
		require.Empty(t, c.Recordings)
		if len(c.Parties) == 3 {
			queued++
			require.Equal(t, []string{"external", "ivr", "queue"}, kinds(c))
			continue
		}
		require.Equal(t, []string{"external", "ivr"}, kinds(c))
	}
	require.Positive(t, queued)
	require.Less(t, queued, 30)
}

func TestWhoDoesNotAnswerIsFollowedByAnotherAgentFromTheSameQueue(t *testing.T) {
	for _, c := range played(t, "inbound-no-answer").calls {
		require.Equal(t, []string{"external", "ivr", "queue", "agent", "agent"}, kinds(c))
		first, second := c.Parties[3], c.Parties[4]
		require.Zero(t, first.Answered)
		require.True(t, second.Start.After(first.End))
		require.Equal(t, c.Parties[2].End, second.Answered)
		require.Len(t, c.Recordings, 1)
		require.Equal(t, second.Agent.LoginCode, c.Recordings[0].AgentID)
	}
}

func TestATransferIsOneCallOfTwoAgentsEachWithRecordingAndDisposition(t *testing.T) {
	for _, name := range []string{"transfer-blind-agent", "transfer-consult"} {
		for _, c := range played(t, name).calls {
			require.Equal(t, []string{"external", "ivr", "queue", "agent", "agent"}, kinds(c))
			first, second := c.Parties[3], c.Parties[4]
			require.NotEqual(t, first.DN, second.DN)
			require.True(t, first.HandedOn)
			require.False(t, first.HungUp)
			require.NotEmpty(t, first.Disposition)
			require.NotEmpty(t, second.Disposition)
			require.Len(t, c.Recordings, 2)
			require.Equal(t, []string{first.Agent.LoginCode, second.Agent.LoginCode}, []string{c.Recordings[0].AgentID, c.Recordings[1].AgentID})
			require.False(t, c.Recordings[0].End.After(c.Recordings[1].Start), "one segment ends before the other begins")
			require.NotEqual(t, c.Parties[0].HungUp, second.HungUp)
		}
	}
}

func TestAConsultationIsACallOfItsOwnThatEndsInTheMainOne(t *testing.T) {
	s := played(t, "transfer-consult")
	moved := 0
	for _, c := range s.calls {
		consult := c.Further["consult"]
		require.Len(t, consult, 32)
		require.NotEqual(t, c.CallUUID, consult)
		for _, ev := range s.events {
			switch {
			case ev.Attributes["CallUUID"] != consult:
			case ev.Message == "EventCallCreated":
				require.Equal(t, c.CallUUID, ev.Attributes["OrigCallUUID"])
				require.InDelta(t, 4, ev.Attributes["CallType"], 0)
			case ev.Message == "EventCallPartyMoved":
				moved++
				require.Equal(t, c.CallUUID, ev.Attributes["NewCallUUID"])
			case ev.Message == "EventCallDeleted":
				require.Equal(t, c.CallUUID, ev.Attributes["RefCallUUID"])
			}
		}
		first, second := c.Parties[3], c.Parties[4]
		require.Equal(t, first.DN, second.InvitedBy)
		require.Len(t, first.Holds, 1)
		require.True(t, first.Holds[0].Start.Before(second.Start))
		require.Equal(t, first.End, first.Holds[0].End)
		require.True(t, second.Answered.Before(first.End))
	}
	require.Positive(t, moved)
	require.Less(t, moved, len(s.calls), "parties are moved, or deleted and added")
}

func TestWhoIsConsultedAndLeavesHasNoAfterCallWork(t *testing.T) {
	answered := 0
	for _, c := range played(t, "consult-resume").calls {
		first, second := c.Parties[3], c.Parties[4]
		require.Equal(t, first.DN, second.InvitedBy)
		require.Empty(t, second.Disposition)
		require.Len(t, c.Recordings, 1)
		require.True(t, second.End.Before(first.Holds[0].End))
		require.True(t, first.Holds[0].End.Before(first.End))
		if !second.Answered.IsZero() {
			answered++
		}
	}
	require.Positive(t, answered)
	require.Less(t, answered, 30)
}

func TestAnOutsideNumberThatIsConsultedTakesOver(t *testing.T) {
	for _, c := range played(t, "transfer-consult-outside").calls {
		require.Equal(t, []string{"external", "ivr", "queue", "agent", "phone"}, kinds(c))
		require.Equal(t, c.Parties[3].DN, c.Parties[4].InvitedBy)
		require.True(t, c.Parties[4].End.After(c.Parties[3].End))
		require.Len(t, c.Recordings, 1)
	}
}

func TestATransferToAQueueGoesToAnotherOne(t *testing.T) {
	other := 0
	for _, c := range played(t, "transfer-blind-queue").calls {
		require.Equal(t, []string{"external", "ivr", "queue", "agent", "queue", "agent"}, kinds(c))
		require.Equal(t, c.Parties[3].End, c.Parties[4].Start)
		require.Equal(t, c.Parties[4].End, c.Parties[5].Answered)
		if c.Parties[2].DN != c.Parties[4].DN {
			other++
		}
	}
	require.Greater(t, other, 20, "the same one only when nobody of another is free")
}

func TestAnOutboundCallBeginsWithTheAgent(t *testing.T) {
	answered := 0
	for _, c := range played(t, "outbound").calls {
		require.Equal(t, []string{"agent", "external"}, kinds(c))
		agent, customer := c.Parties[0], c.Parties[1]
		require.Equal(t, []string{agent.DN, customer.DN}, []string{c.ANI, c.DNIS})
		require.Equal(t, agent.Start, agent.Answered)
		require.True(t, customer.Start.After(agent.Start))
		require.Equal(t, customer.Answered.IsZero(), len(c.Recordings) == 0)
		require.Equal(t, customer.Answered.IsZero(), agent.Disposition == "")
		if !customer.Answered.IsZero() {
			answered++
		}
	}
	require.Positive(t, answered)
	require.Less(t, answered, 30)
}

func TestOfAConferenceTheSecondAgentIsHidden(t *testing.T) {
	for _, c := range played(t, "conference-single-step").calls {
		require.Equal(t, []string{"external", "ivr", "queue", "agent", "agent"}, kinds(c))
		customer, first, second := c.Parties[0], c.Parties[3], c.Parties[4]
		require.True(t, second.Hidden)
		require.Equal(t, customer.End, first.End, "no party is shown alone")
		require.True(t, second.End.After(first.End))
		require.Equal(t, second.End, c.End)
		require.Empty(t, first.Disposition)
		require.Empty(t, second.Disposition)
		require.Len(t, c.Recordings, 2)
	}
}

func TestAnInternalCallIsHidden(t *testing.T) {
	s := played(t, "internal")
	for _, c := range s.calls {
		require.Equal(t, "internal", c.Hidden)
		require.Equal(t, []string{"agent", "agent"}, kinds(c))
		require.Empty(t, c.Recordings)
		require.NotContains(t, s.sent(c.CallUUID), "EventQueued")
		require.False(t, c.End.IsZero())
	}
	require.Empty(t, s.segments)
}

func TestTheActionsOfAConsultationNameItsOwnCall(t *testing.T) {
	s := played(t, "transfer-consult")
	seen := 0
	for _, st := range s.statuses {
		if st.Status != 19 || len(st.DNs[0].Actions) != 3 {
			continue
		}
		seen++
		actions := st.DNs[0].Actions
		require.Equal(t, []int{22, 13, 19}, []int{actions[0].Action, actions[1].Action, actions[2].Action})
		require.Equal(t, actions[0].ConnID, actions[1].ConnID)
		require.NotEqual(t, actions[0].ConnID, actions[2].ConnID)
	}
	require.Equal(t, 30, seen)
}
