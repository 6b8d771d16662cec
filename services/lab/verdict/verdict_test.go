package verdict_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
	"engage.connector/services/lab/org/upload"
	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/verdict"
)

func start() time.Time { return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) }

func at(seconds float64) time.Time { return start().Add(time.Duration(seconds * float64(time.Second))) }

// scene is a call and an agent, and an org that shows both as they were.
func scene() (verdict.Truth, org.Snapshot) {
	hold := callgen.Interval{Start: at(12), End: at(14)}
	truth := verdict.Truth{
		Model: configdb.Model{Agents: []configdb.Agent{{Person: configdb.Person{DBID: 301, UserName: "ann", EmployeeID: "E301"}}}},
		Calls: []callgen.Call{{
			CallUUID: "CALL1", Choices: map[string]string{"language": "de-DE"},
			Parties: []callgen.Party{
				{Kind: callgen.KindExternal, DN: "+1555", Start: at(0), Answered: at(0), End: at(20), HungUp: true},
				{Kind: callgen.KindQueue, DN: "VQ", Queue: &callgen.QueueRef{Number: "VQ", Switch: "SIP"}, Start: at(5), Answered: at(5), End: at(10)},
				{Kind: callgen.KindAgent, DN: "4001", Agent: &callgen.AgentRef{EmployeeID: "E301", LoginCode: "7001"}, Start: at(8), Answered: at(10), End: at(20), Holds: []callgen.Interval{hold}, Disposition: "Resolved"},
			},
			Recordings: []callgen.Recording{{FileName: "a.opus", AgentID: "7001", SHA256: "aa", Size: 7, Start: at(10), End: at(20)}},
		}},
		Agents: []verdict.AgentTruth{{EmployeeID: "E301", Status: 8, Reason: "Break"}},
	}
	snapshot := org.Snapshot{
		Users:       []org.User{{ID: "u1", ExternalID: "301_ann"}},
		Queues:      []org.Queue{{ID: "q1", Name: "VQ__SIP__Engage-external"}},
		Programs:    []org.Program{{ID: "p1"}},
		WrapupCodes: []org.WrapupCode{{ID: "w1", Name: "Resolved"}},
		AgentStates: []org.AgentState{{UserID: "u1", Presence: "Break", RoutingStatus: "OffQueue", Effective: true}},
		Conversations: []org.Conversation{{
			ID: "c1", InteractionID: "CALL1", ExternalTag: "CALL1",
			Parties: []org.Party{
				{CommunicationID: "x", Purpose: "external", Start: at(0), Answered: at(0), End: at(20), DisconnectType: "Self"},
				{CommunicationID: "q", Purpose: "acd", QueueID: "q1", Start: at(5.001), Answered: at(5.001), End: at(10.002)},
				{CommunicationID: "a", Purpose: "agent", UserID: "u1", Start: at(8), Answered: at(10), End: at(20), Holds: []org.Interval{{Start: at(12), End: at(14)}}, WrapupCode: "w1"},
			},
		}},
		Recordings: []org.Recording{{
			AudioName: "a.opus", ConversationID: "c1", CommunicationID: "a", State: upload.Success, ProgramID: "p1", Language: "de-DE", AudioSHA256: "aa", AudioBytes: 7, Start: at(10), End: at(20),
		}},
		Counters: org.Counters{EventsAccepted: 12, Requests: map[string]int{"a": 3, "b": 4}, EventsRejected: map[string]int{"unknown_queue": 2}},
	}
	return truth, snapshot
}

func TestWhatArrivedAsItWasIsRight(t *testing.T) {
	result := verdict.Compare(scene())
	require.Empty(t, result.Differences)
	require.True(t, result.Complete())
	require.Equal(t, verdict.Count{Right: 1, Want: 1}, result.Conversations)
	require.Equal(t, verdict.Count{Right: 1, Want: 1}, result.Recordings)
	require.Equal(t, verdict.Count{Right: 1, Want: 1}, result.Agents)
	require.Equal(t, []int{12, 7, 2}, []int{result.Events, result.Requests, result.Rejected})
}

func TestEveryDifferenceIsFound(t *testing.T) {
	tests := []struct {
		name                    string
		spoil                   func(*verdict.Truth, *org.Snapshot)
		want                    string
		lost, duplicated, wrong int
	}{
		{"no conversation", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations = nil }, "has no conversation", 1, 0, 2},
		{"two conversations", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations = append(s.Conversations, s.Conversations[0]) }, "has 2 conversations", 0, 1, 0},
		{"a party is missing", func(_ *verdict.Truth, s *org.Snapshot) { c := &s.Conversations[0]; c.Parties = c.Parties[:2] }, "party 3 (agent 4001) is missing", 1, 0, 1},
		{"a party too many", func(_ *verdict.Truth, s *org.Snapshot) {
			c := &s.Conversations[0]
			c.Parties = append(c.Parties, org.Party{Start: at(30)})
		}, "1 parties too many", 0, 1, 0},
		{"another queue", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Parties[1].QueueID = "q9" }, "queue is q9, want q1", 0, 0, 1},
		{"another agent", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Parties[2].UserID = "u9" }, "user is u9, want u1", 0, 0, 1},
		{"answered at another time", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Parties[2].Answered = at(10.2) }, "answer is 10:00:10.200, want 10:00:10.000", 0, 0, 1},
		{"never ended", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Parties[0].End = time.Time{} }, "end is never", 0, 0, 1},
		{"hold not shown", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Parties[2].Holds = nil }, "number of holds is 0, want 1", 0, 0, 1},
		{"another disposition", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Parties[2].WrapupCode = "" }, "wrap-up code is , want Resolved w1", 0, 0, 1},
		{"hung up by somebody else", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Parties[0].DisconnectType = "Peer" }, "disconnect type is Peer", 0, 0, 1},
		{"a transfer without end", func(_ *verdict.Truth, s *org.Snapshot) { s.Conversations[0].Transfers = []org.Transfer{{}} }, "a transfer has no end", 0, 0, 1},
		{"no recording", func(_ *verdict.Truth, s *org.Snapshot) { s.Recordings = nil }, "recording a.opus is missing", 1, 0, 0},
		{"recording twice", func(_ *verdict.Truth, s *org.Snapshot) { s.Recordings = append(s.Recordings, s.Recordings[0]) }, "is there 2 times", 0, 1, 0},
		{"other audio", func(_ *verdict.Truth, s *org.Snapshot) { s.Recordings[0].AudioSHA256 = "bb" }, "audio is bb, want aa", 0, 0, 1},
		{"recording of another leg", func(_ *verdict.Truth, s *org.Snapshot) { s.Recordings[0].CommunicationID = "x" }, "communication is x", 0, 0, 1},
		{"another language", func(_ *verdict.Truth, s *org.Snapshot) { s.Recordings[0].Language = "en-US" }, "language is en-US, want de-DE", 0, 0, 1},
		{"another program", func(_ *verdict.Truth, s *org.Snapshot) { s.Recordings[0].ProgramID = "" }, "program is , want p1", 0, 0, 1},
		{"recording failed", func(_ *verdict.Truth, s *org.Snapshot) { s.Recordings[0].State = upload.Failure }, "state is Failure", 0, 0, 1},
		{"a call nobody made", func(v *verdict.Truth, _ *org.Snapshot) { v.Calls = nil }, "which was never made", 0, 0, 2},
		{"agent without state", func(_ *verdict.Truth, s *org.Snapshot) { s.AgentStates = nil }, "agent E301 has no state", 1, 0, 0},
		{"agent without user", func(_ *verdict.Truth, s *org.Snapshot) { s.Users = nil }, "agent E301 has no user", 1, 0, 1},
		{"agent in another state", func(_ *verdict.Truth, s *org.Snapshot) { s.AgentStates[0].Presence = "Busy" }, "is shown as Busy/OffQueue, want Break/OffQueue", 0, 0, 1},
		{"a source that is not in force", func(_ *verdict.Truth, s *org.Snapshot) { s.AgentStates[0].Effective = false }, "not the user's primary one", 0, 0, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			truth, snapshot := scene()
			test.spoil(&truth, &snapshot)
			result := verdict.Compare(truth, snapshot)
			require.False(t, result.Complete())
			require.Contains(t, result.Differences[0]+"\n"+result.Differences[len(result.Differences)-1], test.want)
			require.Equal(t, []int{test.lost, test.duplicated, test.wrong}, []int{result.Lost, result.Duplicated, result.Wrong}, "%v", result.Differences)
		})
	}
}

// contains tells whether a difference has the text.
func contains(differences []string, text string) bool {
	return slices.ContainsFunc(differences, func(d string) bool { return strings.Contains(d, text) })
}

// While calls are played nothing is called wrong that is only not over, or not there yet.
func TestOnlyWhatIsOverIsJudgedWhileCallsGoOn(t *testing.T) {
	compare := func(spoil func(*verdict.Truth, *org.Snapshot)) verdict.Verdict {
		truth, snapshot := scene()
		truth.Calls[0].Over, truth.Agents[0].Since, truth.At = at(25), at(26), at(27)
		spoil(&truth, &snapshot)
		return verdict.Compare(truth, snapshot)
	}
	nothing := func(_ *verdict.Truth, s *org.Snapshot) { *s = org.Snapshot{} }

	result := compare(func(*verdict.Truth, *org.Snapshot) {})
	require.True(t, result.Complete())
	require.Equal(t, verdict.Count{Right: 1, Want: 1}, result.Conversations, "what is there already is right at once")

	result = compare(nothing)
	require.Empty(t, result.Differences)
	require.Equal(t, 3, result.OnTheWay, "the call, its recording and the agent")
	require.False(t, result.Complete())

	result = compare(func(v *verdict.Truth, s *org.Snapshot) {
		nothing(v, s)
		v.Calls[0].Over, v.Agents[0].Status = time.Time{}, 22
	})
	require.Empty(t, result.Differences)
	require.Equal(t, []int{1, 0, 0, 0}, []int{result.Going, result.OnTheWay, result.Conversations.Want, result.Agents.Want})
	require.False(t, result.Complete())

	result = compare(func(v *verdict.Truth, s *org.Snapshot) {
		nothing(v, s)
		v.At = at(50)
	})
	require.Equal(t, 2, result.Lost, "the call and the agent had time enough")
	require.Equal(t, 1, result.OnTheWay, "the recording may come")
	result = compare(func(v *verdict.Truth, s *org.Snapshot) {
		nothing(v, s)
		v.At = at(100)
	})
	require.Equal(t, []int{3, 0}, []int{result.Lost, result.OnTheWay})
}

// A call of which the feed lost something only has to be over, once.
func TestADisturbedCallHasToEnd(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*org.Snapshot)
		want  string
	}{
		"as it was":         {func(*org.Snapshot) {}, ""},
		"ended another way": {func(s *org.Snapshot) { s.Conversations[0].Parties[2].End = at(15) }, ""},
		"never seen":        {func(s *org.Snapshot) { s.Conversations = nil }, ""},
		"goes on":           {func(s *org.Snapshot) { s.Conversations[0].Parties[2].End = time.Time{} }, "it goes on"},
		"ends much later":   {func(s *org.Snapshot) { s.Conversations[0].Parties[2].End = at(60) }, "it ended 10:01:00.000"},
		"twice":             {func(s *org.Snapshot) { s.Conversations = append(s.Conversations, s.Conversations[0]) }, "has 2 conversations"},
	} {
		t.Run(name, func(t *testing.T) {
			truth, snapshot := scene()
			truth.Calls[0].Lost, truth.Calls[0].Over = at(12), at(25)
			test.spoil(&snapshot)
			result := verdict.Compare(truth, snapshot)
			require.Equal(t, 1, result.Disturbed)
			require.Equal(t, test.want == "", result.Complete(), "%v", result.Differences)
			require.Equal(t, test.want != "", contains(result.Differences, test.want) && test.want != "")
		})
	}
}

// Times may differ by the skew of the clocks, and nothing else may.
func TestASkewedClockExcusesTimesOnly(t *testing.T) {
	truth, snapshot := scene()
	truth.Skew = 2 * time.Second
	snapshot.Conversations[0].Parties[2].Answered = at(11.9)
	require.Empty(t, verdict.Compare(truth, snapshot).Differences)
	snapshot.Conversations[0].Parties[2].WrapupCode = ""
	require.Len(t, verdict.Compare(truth, snapshot).Differences, 1)
	snapshot.Conversations[0].Parties[2].Answered = at(12.2)
	require.Len(t, verdict.Compare(truth, snapshot).Differences, 2)
}
