package verdict_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
	"engage.connector/services/lab/org/upload"
	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/verdict"
)

// people are two agents.
func people() (configdb.Model, []org.User) {
	return configdb.Model{Agents: []configdb.Agent{
			{Person: configdb.Person{DBID: 301, UserName: "ann", EmployeeID: "E301"}},
			{Person: configdb.Person{DBID: 302, UserName: "bob", EmployeeID: "E302"}},
		}},
		[]org.User{{ID: "u1", ExternalID: "301_ann"}, {ID: "u2", ExternalID: "302_bob"}}
}

// transfer is a call that one agent hands on to another after a consultation, and an org that shows it.
func transfer() (verdict.Truth, org.Snapshot) {
	model, users := people()
	ann, bob := &callgen.AgentRef{EmployeeID: "E301", LoginCode: "7001"}, &callgen.AgentRef{EmployeeID: "E302", LoginCode: "7002"}
	truth := verdict.Truth{Model: model, Calls: []callgen.Call{{
		CallUUID: "CALL1", Further: map[string]string{"consult": "CALL2"},
		Parties: []callgen.Party{
			{Kind: callgen.KindExternal, DN: "+1555", Start: at(0), Answered: at(0), End: at(20), HungUp: true},
			{Kind: callgen.KindAgent, DN: "4001", Agent: ann, Start: at(2), Answered: at(3), End: at(10), HandedOn: true, Holds: []callgen.Interval{{Start: at(5), End: at(10)}}},
			{Kind: callgen.KindAgent, DN: "4002", Agent: bob, Start: at(6), Answered: at(8), End: at(20), InvitedBy: "4001", Disposition: "Resolved"},
		},
		Recordings: []callgen.Recording{
			{FileName: "a.opus", AgentID: "7001", SHA256: "aa", Size: 7, Start: at(3), End: at(10)},
			{FileName: "b.opus", AgentID: "7002", SHA256: "bb", Size: 8, Start: at(10), End: at(20)},
		},
	}}}
	file := org.Recording{ConversationID: "c1", State: upload.Success, ProgramID: "p1", Language: "en-US"}
	first, second := file, file
	first.AudioName, first.CommunicationID, first.AudioSHA256, first.AudioBytes, first.Start, first.End = "a.opus", "a", "aa", 7, at(3), at(10)
	second.AudioName, second.CommunicationID, second.AudioSHA256, second.AudioBytes, second.Start, second.End = "b.opus", "b", "bb", 8, at(10), at(20)
	return truth, org.Snapshot{
		Users: users, Programs: []org.Program{{ID: "p1"}}, WrapupCodes: []org.WrapupCode{{ID: "w1", Name: "Resolved"}},
		Conversations: []org.Conversation{{
			ID: "c1", InteractionID: "CALL1", ExternalTag: "CALL1",
			Parties: []org.Party{
				{CommunicationID: "x", Purpose: "external", Start: at(0), Answered: at(0), End: at(20), DisconnectType: "Self"},
				{CommunicationID: "a", Purpose: "agent", UserID: "u1", Start: at(2), Answered: at(3), End: at(10), DisconnectType: "TransferConsult", Holds: []org.Interval{{Start: at(5), End: at(10)}}},
				{CommunicationID: "b", Purpose: "agent", UserID: "u2", Start: at(6), Answered: at(8), End: at(20), InvitedBy: "a", DisconnectType: "Peer", WrapupCode: "w1"},
			},
			Transfers: []org.Transfer{{Kind: "consult", Initiating: "a", Destination: "b", Object: "x", Started: at(10), Ended: at(10), FinalState: "Completed"}},
		}},
		Recordings: []org.Recording{first, second},
	}
}

func TestATransferAsItWasIsRight(t *testing.T) {
	result := verdict.Compare(transfer())
	require.Empty(t, result.Differences)
	require.Equal(t, verdict.Count{Right: 1, Want: 1}, result.Conversations)
	require.Equal(t, verdict.Count{Right: 2, Want: 2}, result.Recordings)
}

func TestEveryDifferenceOfATransferIsFound(t *testing.T) {
	tests := map[string]struct {
		spoil func(*callgen.Call, *org.Conversation, *org.Snapshot)
		want  string
	}{
		"invited by somebody else":   {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) { c.Parties[2].InvitedBy = "x" }, "not invited by 4001"},
		"not ended by a transfer":    {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) { c.Parties[1].DisconnectType = "Self" }, "want one of a transfer"},
		"no transfer":                {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) { c.Transfers = nil }, "no completed transfer"},
		"a canceled transfer":        {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) { c.Transfers[0].FinalState = "Canceled" }, "no completed transfer"},
		"a transfer of someone else": {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) { c.Transfers[0].Initiating = "b" }, "no completed transfer"},
		"agents exchanged": {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) {
			c.Parties[1].UserID, c.Parties[2].UserID = "u2", "u1"
		}, "user is u2, want u1"},
		"a disposition nobody named": {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) { c.Parties[1].WrapupCode = "w1" }, "wrap-up code is w1"},
		"a second leg of the first agent": {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) {
			c.Parties = append(c.Parties, org.Party{CommunicationID: "a2", Purpose: "agent", UserID: "u1", Start: at(7)})
		}, "1 parties too many"},
		"the consultation as a conversation": {func(_ *callgen.Call, _ *org.Conversation, s *org.Snapshot) {
			s.Conversations = append(s.Conversations, org.Conversation{ID: "c2", InteractionID: "CALL2"})
		}, "call CALL2, which is a part of call CALL1"},
		"another number": {func(_ *callgen.Call, c *org.Conversation, _ *org.Snapshot) { c.Parties[0].ANI = "+1666" }, "numbers is +1666"},
		"recordings exchanged": {func(_ *callgen.Call, _ *org.Conversation, s *org.Snapshot) {
			s.Recordings[0].CommunicationID, s.Recordings[1].CommunicationID = "b", "a"
		}, "communication is b, want a"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			truth, snapshot := transfer()
			test.spoil(&truth.Calls[0], &snapshot.Conversations[0], &snapshot)
			result := verdict.Compare(truth, snapshot)
			require.False(t, result.Complete())
			require.Condition(t, func() bool { return contains(result.Differences, test.want) }, "%v", result.Differences)
		})
	}
}

func TestAnInternalCallIsRightWithoutConversation(t *testing.T) {
	model, users := people()
	truth := verdict.Truth{Model: model, Calls: []callgen.Call{{CallUUID: "CALL1", Hidden: "internal", Parties: []callgen.Party{{Kind: callgen.KindAgent, DN: "4001"}}}}}
	result := verdict.Compare(truth, org.Snapshot{Users: users})
	require.True(t, result.Complete())
	require.Equal(t, verdict.Count{Right: 1, Want: 1}, result.Conversations)

	result = verdict.Compare(truth, org.Snapshot{Users: users, Conversations: []org.Conversation{{ID: "c1", InteractionID: "CALL1"}}})
	require.Equal(t, []string{"call CALL1 is shown, and must not be (internal)"}, result.Differences)
	require.Zero(t, result.Conversations.Right)
}

// The second agent of a conference is not shown, but the recording of his talk is kept: it belongs to
// the first party.
func TestOfAConferenceTheSecondAgentMustNotBeShown(t *testing.T) {
	conference := func() (verdict.Truth, org.Snapshot) {
		truth, snapshot := transfer()
		call, shown := &truth.Calls[0], &snapshot.Conversations[0]
		call.Parties[0].End, call.Parties[0].HungUp, call.Parties[1].HandedOn = at(10), false, false
		call.Parties[2].Hidden, call.Parties[2].InvitedBy, call.Parties[2].Disposition = true, "", ""
		shown.Parties, shown.Transfers = shown.Parties[:2], nil
		shown.Parties[0].End, shown.Parties[0].DisconnectType = at(10), "System"
		snapshot.Recordings[1].CommunicationID = "x"
		return truth, snapshot
	}
	require.Empty(t, verdict.Compare(conference()).Differences)

	truth, snapshot := conference()
	shown := &snapshot.Conversations[0]
	shown.Parties = append(shown.Parties, org.Party{CommunicationID: "b", Purpose: "agent", UserID: "u2", Start: at(6), End: at(20)})
	result := verdict.Compare(truth, snapshot)
	require.True(t, contains(result.Differences, "agent 4002 is shown, and must not be"), "%v", result.Differences)

	truth, snapshot = conference()
	snapshot.Conversations[0].Parties[0].End = at(20)
	result = verdict.Compare(truth, snapshot)
	require.True(t, contains(result.Differences, "end is 10:00:20.000, want 10:00:10.000"), "%v", result.Differences)

	truth, snapshot = conference()
	snapshot.Recordings[1].CommunicationID = "a"
	result = verdict.Compare(truth, snapshot)
	require.True(t, contains(result.Differences, "communication is a, want x"), "%v", result.Differences)
}

func TestAPhoneLegIsComparedToo(t *testing.T) {
	truth, snapshot := transfer()
	truth.Calls[0].Parties[2] = callgen.Party{Kind: callgen.KindPhone, DN: "+1556", Start: at(6), Answered: at(8), End: at(20), InvitedBy: "4001"}
	truth.Calls[0].Recordings, snapshot.Recordings = truth.Calls[0].Recordings[:1], snapshot.Recordings[:1]
	leg := &snapshot.Conversations[0].Parties[2]
	leg.Purpose, leg.UserID, leg.PhoneNumber, leg.WrapupCode = "phone", "", "+1556", ""
	require.Empty(t, verdict.Compare(truth, snapshot).Differences)

	leg.PhoneNumber = "4001"
	require.True(t, contains(verdict.Compare(truth, snapshot).Differences, "number is 4001, want +1556"))
}
