package conversation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// The events of the main flow, word for word.
//
// ledger: E-EXCP-027, E-EXCP-041, E-EXCP-042, E-EXCP-043
func TestMainFlow(t *testing.T) {
	r := newRunner().feed(play((*feedtest.Site).Main)).settle()
	require.Equal(t, []string{
		"ExternalEstablished external",
		"IvrEstablished ivr",
		"RoutingTransfer ivr external",
		"RoutingEstablished acd",
		"ProgressTransfer external acd",
		"CommunicationEnded ivr TransferACD",
		"EndTransfer external Completed",
		"UserTransfer acd external",
		"UserEstablished user",
		"ProgressTransfer external user",
		"CommunicationAnswered user",
		"CommunicationEnded acd TransferUser",
		"EndTransfer external Completed",
		"HoldUpdated user true",
		"HoldUpdated user false",
		"CommunicationEnded external Self",
		"CommunicationEnded user Peer",
		"CommunicationDispositionApplied user with code",
	}, r.summary())
	require.Equal(t, conversation.StageOver, r.one(t).Stage)
}

// The established events carry what the org shows of a leg.
func TestEstablishedEventsNameTheirLegs(t *testing.T) {
	r := newRunner().feed(play((*feedtest.Site).Main)).settle()
	byType := map[exevents.EventType]exevents.ConversationEvent{}
	for _, e := range r.out {
		byType[e.Type] = e
	}
	external, user := byType[exevents.ExternalEstablished], byType[exevents.UserEstablished]
	require.Equal(t, "+15551230001", external.ANI)
	require.Equal(t, "+18005550100", external.DNIS)
	require.True(t, external.InitialConfiguration.Inbound)
	require.False(t, external.InitialConfiguration.Alerting)
	require.Equal(t, feedtest.SourceID, external.SourceConfiguration.SourceID)
	require.Equal(t, external.SourceConfiguration.InteractionID, external.SourceConfiguration.TagID)
	require.Equal(t, feedtest.User1ID, user.UserID)
	require.Equal(t, feedtest.Ext1, user.PhoneNumber)
	require.True(t, user.AfterCallWorkRequired)
	require.True(t, user.InitialConfiguration.Alerting)
	require.Equal(t, external.CommunicationID, user.InitialConfiguration.InvitedBy)
	require.Equal(t, feedtest.QueueID, byType[exevents.RoutingEstablished].QueueID)
	require.Equal(t, feedtest.RP, byType[exevents.IVREstablished].IVRPhoneNumber)
	require.Equal(t, feedtest.User1ID, byType[exevents.UserTransfer].DestinationUserID)
	require.Equal(t, feedtest.QueueID, byType[exevents.RoutingTransfer].DestinationQueueID)
}

// Who hangs up decides the disconnect types; CtrlParty may be missing.
func TestWhoHangsUpEndsWithSelf(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string // parties in the order in which they leave
		by            string
		want          map[conversation.LegKind]exevents.DisconnectType
	}{
		"caller": {"X", "A", "+15551230001", map[conversation.LegKind]exevents.DisconnectType{
			conversation.External: exevents.DisconnectSelf, conversation.User: exevents.DisconnectPeer,
		}},
		"agent": {"A", "X", feedtest.Ext1, map[conversation.LegKind]exevents.DisconnectType{
			conversation.External: exevents.DisconnectPeer, conversation.User: exevents.DisconnectSelf,
		}},
		"agent, caller reported first": {"X", "A", feedtest.Ext1, map[conversation.LegKind]exevents.DisconnectType{
			conversation.External: exevents.DisconnectPeer, conversation.User: exevents.DisconnectSelf,
		}},
		"unknown: an agent who is not named did not hang up": {"A", "X", "", map[conversation.LegKind]exevents.DisconnectType{
			conversation.External: exevents.DisconnectSelf, conversation.User: exevents.DisconnectPeer,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := feedtest.New().Logins()
			call := talking(s)
			call.Leave(c.first, c.by, engage.CauseEmpty)
			call.Leave(c.second, c.by, engage.CauseEmpty)
			call.Deleted()
			for _, leg := range newRunner().feed(s.Events).one(t).Legs {
				if want, ok := c.want[leg.Kind]; ok {
					require.Equal(t, want, leg.Disconnect, leg.Kind)
				}
			}
		})
	}
}

// What the switch says of the agent decides: a state that stands when the leg ends goes on, and only of a
// link that says nothing the end of after-call work is not waited for longer than WRAPUP_TIMEOUT.
func TestAfterCallWorkIsWhatTheSwitchSays(t *testing.T) {
	state := func(message string, mode engage.AgentWorkMode) func(*feedtest.Site) {
		return func(s *feedtest.Site) { s.Agent(message, feedtest.Ext1, feedtest.Agent1, mode) }
	}
	nothing := func(*feedtest.Site) {}
	acw := state(engage.MsgEventAgentNotReady, engage.WorkModeAfterCallWork)
	for name, c := range map[string]struct {
		during, after func(*feedtest.Site)
		silent        bool
		wait          time.Duration // until it is over
		at            time.Duration // since the end of the call
	}{
		"ready, and nothing follows":          {during: nothing, after: nothing, wait: 3 * time.Second},
		"not ready during the call":           {during: state(engage.MsgEventAgentNotReady, engage.WorkModeAuxWork), after: nothing},
		"logged out during the call":          {during: state(engage.MsgEventAgentLogout, 0), after: nothing},
		"after-call work said before the end": {during: acw, after: func(s *feedtest.Site) { s.Wait(time.Hour); state(engage.MsgEventAgentReady, 2)(s) }, wait: time.Hour + time.Second, at: time.Hour},
		"after-call work, extended": {during: nothing, after: func(s *feedtest.Site) {
			acw(s)
			s.Wait(time.Minute)
			acw(s)
			s.Wait(time.Minute)
			state(engage.MsgEventAgentReady, 2)(s)
		}, wait: 3 * time.Minute, at: 2 * time.Minute},
		"nothing is said of the agent's state": {silent: true, during: nothing, after: nothing, wait: 6 * time.Minute, at: 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			s := feedtest.New()
			if c.silent {
				s.Registered(feedtest.Ext1, feedtest.Agent1)
			} else {
				s.Logins()
			}
			call := talking(s)
			c.during(s)
			s.Wait(time.Second)
			call.HangUp("X", "A")
			ended := s.Now
			c.after(s)
			r := newRunner().feed(s.Events)
			r.now = ended
			r.wait(c.wait)
			last := r.out[len(r.out)-1]
			require.Equal(t, exevents.CommunicationDispositionApplied, last.Type)
			require.WithinDuration(t, ended.Add(c.at), last.EventDateTime, 50*time.Millisecond)
		})
	}
}

// After-call work ends when the agent is ready, not ready for another reason, or logs out; the
// disposition is then applied, with the value that stood at that time.
func TestDispositionIsAppliedWhenAfterCallWorkEnds(t *testing.T) {
	type end = func(s *feedtest.Site)
	agent := func(message string, mode engage.AgentWorkMode) end {
		return func(s *feedtest.Site) { s.Agent(message, feedtest.Ext1, feedtest.Agent1, mode) }
	}
	for name, c := range map[string]struct {
		code string
		end  end
		row  string
		want string
	}{
		"ready":             {"Resolved", agent(engage.MsgEventAgentReady, engage.WorkModeAutoIn), "wrap-up/ended", feedtest.ResolvedID},
		"not ready":         {"Resolved", agent(engage.MsgEventAgentNotReady, engage.WorkModeAuxWork), "wrap-up/ended", feedtest.ResolvedID},
		"logout":            {"Resolved", agent(engage.MsgEventAgentLogout, 0), "wrap-up/ended", feedtest.ResolvedID},
		"code not mapped":   {"Unheard of", agent(engage.MsgEventAgentReady, engage.WorkModeAutoIn), "wrap-up/ended", ""},
		"no code":           {"", agent(engage.MsgEventAgentReady, engage.WorkModeAutoIn), "wrap-up/ended", ""},
		"other case counts": {"resolved", agent(engage.MsgEventAgentReady, engage.WorkModeAutoIn), "wrap-up/ended", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := feedtest.New().Logins()
			call := talking(s).HangUp("X", "A")
			s.Agent(engage.MsgEventAgentNotReady, feedtest.Ext1, feedtest.Agent1, engage.WorkModeAfterCallWork)
			if c.code != "" {
				call.Disposition(feedtest.Ext1, c.code)
			}
			r := newRunner().feed(s.Events)
			before := len(r.out)
			r.wait(12 * time.Minute)
			require.Len(t, r.out, before, "twelve minutes of after-call work are twelve minutes")
			require.True(t, r.one(t).WrappingUp())
			s.Wait(12 * time.Minute)

			rest := len(s.Events)
			c.end(s)
			r.feed(s.Events[rest:]).wait(2 * time.Minute)
			require.Len(t, r.out, before+1)
			last := r.out[before]
			require.Equal(t, exevents.CommunicationDispositionApplied, last.Type)
			require.Equal(t, c.want, last.Code)
			require.NoError(t, last.Validate())
			require.False(t, r.one(t).WrappingUp())
			trace := r.one(t).Trace.All()
			require.Equal(t, c.row, trace[len(trace)-1].Row)
		})
	}
}

func TestNoDispositionWithoutConversationWithAnAgent(t *testing.T) {
	for name, flow := range map[string]func(*feedtest.Site, int){
		"abandoned":   feedtest.Flows()["abandoned-while-ringing"],
		"suspended":   feedtest.Unsupported()["conference"],
		"no answer":   feedtest.Flows()["no-answer-abandoned"],
		"only in IVR": feedtest.Flows()["abandoned-in-ivr"],
	} {
		t.Run(name, func(t *testing.T) {
			for _, line := range newRunner().feed(play(flow)).settle().summary() {
				require.NotContains(t, line, "Disposition")
			}
		})
	}
}

// The same call has the same ids wherever it is read; another tenant has others.
func TestIDsFollowFromTheCall(t *testing.T) {
	first := newRunner().feed(play((*feedtest.Site).Main)).settle()
	second := newRunner().feed(play((*feedtest.Site).Main)).settle()
	require.Equal(t, compact(t, first.out), compact(t, second.out))

	other := newRunnerOf("102")
	other.feed(play((*feedtest.Site).Main)).settle()
	require.Len(t, other.out, len(first.out))
	for i := range other.out {
		require.NotEqual(t, first.out[i].EventID, other.out[i].EventID)
		require.NotEqual(t, first.out[i].ConversationID, other.out[i].ConversationID)
	}
}

// A call that is reported for the first time when it is on already was not seen from its start:
// its queue is not known, so it is not injected.
func TestRunningCallIsNotInjectedHalf(t *testing.T) {
	s := feedtest.New().Logins()
	call := talking(s)
	rest := len(s.Events)
	call.Report()
	call.HangUp("X", "A")
	r := newRunner().feed(append(feedtest.New().Logins().Events, s.Events[rest:]...)).settle()
	require.Empty(t, r.out)
	require.Equal(t, conversation.StageIgnored, r.one(t).Stage)
}

// An agent who is reported connected at once has answered.
func TestAgentConnectedAtOnce(t *testing.T) {
	s := feedtest.New().Logins()
	inQueue(s).Join("A", feedtest.Ext1, engage.PartyStateConnected)
	r := newRunner().feed(s.Events)
	require.Equal(t, conversation.StageTalking, r.one(t).Stage)
	requireRowIDs(t, r.one(t), "queue/agent", "ringing/answered")
}

func requireRowIDs(t *testing.T, conv *conversation.Conversation, want ...string) {
	t.Helper()
	var got []string
	for _, d := range conv.Trace.All() {
		got = append(got, d.Row)
	}
	require.Subset(t, got, want)
}

// An agent may be logged in at two desks, and still has one main call.
//
// ledger: E-EXCP-037
func TestAnAgentHasOneMainCallAtAllDesks(t *testing.T) {
	s := feedtest.New().Logins()
	talking(s)
	s.Agent(engage.MsgEventAgentLogin, feedtest.Ext3, feedtest.Agent1, engage.WorkModeUnknown)
	second := s.Inbound(2).IVR().Queue().Ring("B", feedtest.Ext3)
	r := newRunner().feed(s.Events)
	require.Equal(t, conversation.StageSuspended, r.convs[second.UUID].Stage)
	require.Equal(t, conversation.ReasonSecondCall, r.convs[second.UUID].Reason)
}
