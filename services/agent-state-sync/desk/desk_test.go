package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
	"engage.connector/services/agent-state-sync/desk"
)

func start() time.Time { return time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC) }

func who(code string) []desk.Login { return []desk.Login{{Switch: "SIP", Code: code}} }

// step is one message at a DN.
type step struct {
	message, dn, agent, connID string
	mode                       engage.AgentWorkMode
	kind                       engage.CallType
	reason, previous           string
}

func (s step) event(at time.Time) engage.Event {
	a := engage.Attributes{"ThisDN": s.dn}
	put := func(key, value string) {
		if value != "" {
			a[key] = value
		}
	}
	put("AgentID", s.agent)
	put("ConnID", s.connID)
	put("PreviousConnID", s.previous)
	if s.mode != 0 {
		a["AgentWorkMode"] = s.mode.String()
	}
	if s.kind != 0 {
		a["CallType"] = s.kind.String()
	}
	if s.reason != "" {
		a["Reasons"] = map[string]any{"ReasonCode": s.reason}
	}
	return engage.Event{Message: s.message, Time: at, Attributes: a}
}

const (
	first  = "006a000000000001"
	second = "006a000000000002"
)

// Each case is a history of one agent, one message a second; what it folds to is what counts.
func TestAnAgentsDesksFoldToOneStatus(t *testing.T) {
	login := step{message: "EventAgentLogin", dn: "2101", agent: "501"}
	ready := step{message: "EventAgentReady", dn: "2101", agent: "501"}
	pause := step{message: "EventAgentNotReady", dn: "2101", agent: "501", reason: "Break"}
	acw := step{message: "EventAgentNotReady", dn: "2101", agent: "501", mode: engage.WorkModeAfterCallWork}
	inbound := step{message: "EventEstablished", dn: "2101", connID: first, kind: engage.CallTypeInbound}
	consult := step{message: "EventEstablished", dn: "2101", connID: second, kind: engage.CallTypeConsult}
	hold := step{message: "EventHeld", dn: "2101", connID: first}
	release := step{message: "EventReleased", dn: "2101", connID: first}
	tests := []struct {
		name    string
		steps   []step
		want    engage.DnActions
		reasons map[string]string
		beside  []engage.DnActions // all actions at all desks
	}{
		{"nobody is heard of", nil, engage.StatusLoggedOut, nil, nil},
		{"logged in is not ready, without a reason", []step{login}, engage.StatusNotReadyForNextCall, nil, []engage.DnActions{8}},
		{"ready", []step{login, ready}, engage.StatusWaitForNextCall, nil, []engage.DnActions{4}},
		{"ready without a log-in that was heard", []step{ready}, engage.StatusWaitForNextCall, nil, []engage.DnActions{4}},
		{"not ready with a reason", []step{login, ready, pause}, engage.StatusNotReadyForNextCall, map[string]string{"ReasonCode": "Break"}, []engage.DnActions{8}},
		{"the reason ends with the state", []step{login, pause, ready}, engage.StatusWaitForNextCall, nil, []engage.DnActions{4}},
		{"after-call work is a work mode of not ready", []step{login, ready, acw}, engage.StatusAfterCallWork, nil, []engage.DnActions{9}},
		{"a call stands beside the readiness", []step{login, ready, inbound}, engage.StatusCallInbound, nil, []engage.DnActions{4, 22}},
		{"a held call is still a call", []step{login, ready, inbound, hold}, engage.StatusCallInbound, nil, []engage.DnActions{4, 22, 13}},
		{"a consultation beside the held call", []step{login, ready, inbound, hold, consult}, engage.StatusCallInbound, nil, []engage.DnActions{4, 22, 13, 19}},
		{"a completed transfer changes the call's ConnID", []step{login, ready, consult, {message: "EventPartyChanged", dn: "2101", connID: first, previous: second, kind: engage.CallTypeInbound}}, engage.StatusCallInbound, nil, []engage.DnActions{4, 22}},
		{"the call has ended", []step{login, ready, inbound, release}, engage.StatusWaitForNextCall, nil, []engage.DnActions{4}},
		{"the end of another call ends nothing", []step{login, ready, inbound, {message: "EventReleased", dn: "2101", connID: second}}, engage.StatusCallInbound, nil, []engage.DnActions{4, 22}},
		{"logged out", []step{login, ready, {message: "EventAgentLogout", dn: "2101", agent: "501"}}, engage.StatusLoggedOut, nil, nil},
		{"a late log-out of who sat there before", []step{{message: "EventAgentLogin", dn: "2101", agent: "502"}, login, ready, {message: "EventAgentLogout", dn: "2101", agent: "502"}}, engage.StatusWaitForNextCall, nil, []engage.DnActions{4}},
		{"not ready at one desk outweighs ready at another", []step{ready, {message: "EventAgentNotReady", dn: "2102", agent: "501", reason: "Meal"}}, engage.StatusNotReadyForNextCall, map[string]string{"ReasonCode": "Meal"}, []engage.DnActions{4, 8}},
		{"logged out of one desk of two", []step{ready, {message: "EventAgentReady", dn: "2102", agent: "501"}, {message: "EventAgentLogout", dn: "2102", agent: "501"}}, engage.StatusWaitForNextCall, nil, []engage.DnActions{4}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			book := desk.NewBook()
			at := start()
			for _, s := range test.steps {
				at = at.Add(time.Second)
				book.Read("SIP", s.event(at))
			}
			status, ok := book.Status(who("501"), "agent:E1", at)
			require.True(t, ok)
			require.Equal(t, test.want, status.Status)
			if len(test.reasons) == 0 {
				require.Empty(t, status.Reasons)
			} else {
				require.Equal(t, test.reasons, status.Reasons)
			}
			var beside []engage.DnActions
			for _, dn := range status.DNs {
				for _, action := range dn.Actions {
					beside = append(beside, action.Action)
				}
			}
			require.Equal(t, test.beside, beside)
		})
	}
}

func TestALogInThatWasOnlyRegisteredSaysNothingOfTheState(t *testing.T) {
	book := desk.NewBook()
	require.Equal(t, []string{"501"}, book.Read("SIP", step{message: "EventRegistered", dn: "2101", agent: "501"}.event(start())))
	_, ok := book.Status(who("501"), "agent:E1", start())
	require.False(t, ok, "not heard yet is not logged out")
}

// Where the server says the state with the registration, a late start knows it.
func TestARegistrationMayTellTheState(t *testing.T) {
	for status, want := range map[string]engage.DnActions{"1": 8, "2": 4, "3": 8, "4": 9} {
		book := desk.NewBook()
		e := step{message: "EventRegistered", dn: "2101", agent: "501"}.event(start())
		e.Attributes["Extensions"] = map[string]any{"AgentStatus": status}
		book.Read("SIP", e)
		got, ok := book.Status(who("501"), "agent:E1", start())
		require.True(t, ok)
		require.Equal(t, want, got.Status)
	}
	// What is known already says more: the reason stays.
	book := desk.NewBook()
	book.Read("SIP", step{message: "EventAgentNotReady", dn: "2101", agent: "501", reason: "Break"}.event(start()))
	again := step{message: "EventRegistered", dn: "2101", agent: "501"}.event(start().Add(time.Minute))
	again.Attributes["Extensions"] = map[string]any{"AgentStatus": "3"}
	book.Read("SIP", again)
	got, _ := book.Status(who("501"), "agent:E1", start())
	require.Equal(t, map[string]string{"ReasonCode": "Break"}, got.Reasons)
	require.Equal(t, start(), got.Since)
}

// A person with several login codes, at desks of several switches, is one agent.
func TestAllLoginsOfAPersonAreFolded(t *testing.T) {
	book := desk.NewBook()
	book.Read("SIP", step{message: "EventAgentReady", dn: "2101", agent: "501"}.event(start()))
	book.Read("PBX", step{message: "EventAgentNotReady", dn: "77", agent: "9501", reason: "Meal"}.event(start()))
	status, ok := book.Status([]desk.Login{{Switch: "SIP", Code: "501"}, {Switch: "PBX", Code: "9501"}}, "agent:E1", start())
	require.True(t, ok)
	require.Equal(t, engage.StatusNotReadyForNextCall, status.Status)
	require.Equal(t, map[string]string{"ReasonCode": "Meal"}, status.Reasons)
	require.Equal(t, []desk.Login{{Switch: "PBX", Code: "9501"}, {Switch: "SIP", Code: "501"}}, book.Logins())
}

func TestADeskThatChangesHandsConcernsBothAgents(t *testing.T) {
	book := desk.NewBook()
	book.Read("SIP", step{message: "EventAgentReady", dn: "2101", agent: "501"}.event(start()))
	touched := book.Read("SIP", step{message: "EventAgentLogin", dn: "2101", agent: "502"}.event(start().Add(time.Second)))
	require.Equal(t, []string{"501", "502"}, touched)
	status, ok := book.Status(who("501"), "agent:E1", start().Add(time.Second))
	require.True(t, ok)
	require.Equal(t, engage.StatusLoggedOut, status.Status)
}

func TestOldMessagesAndOtherSwitchesChangeNothing(t *testing.T) {
	book := desk.NewBook()
	book.Read("SIP", step{message: "EventAgentReady", dn: "2101", agent: "501"}.event(start()))
	require.Empty(t, book.Read("SIP", step{message: "EventAgentLogout", dn: "2101", agent: "501"}.event(start().Add(-time.Second))))
	book.Read("Other", step{message: "EventAgentLogin", dn: "2101", agent: "777"}.event(start().Add(time.Second)))
	status, _ := book.Status(who("501"), "agent:E1", start())
	require.Equal(t, engage.StatusWaitForNextCall, status.Status)
}

func TestWhatASnapshotDoesNotContainHasEnded(t *testing.T) {
	book := desk.NewBook()
	for _, s := range []step{
		{message: "EventAgentReady", dn: "2101", agent: "501"}, {message: "EventEstablished", dn: "2101", connID: first, kind: engage.CallTypeInbound},
		{message: "EventAgentReady", dn: "2102", agent: "502"}, {message: "EventAgentReady", dn: "2103", agent: "503"},
	} {
		book.Read("SIP", s.event(start()))
	}
	late := step{message: "EventAgentReady", dn: "2103", agent: "503"}.event(start().Add(time.Minute))
	book.Read("SIP", late)

	snapshot := desk.NewSnapshot("SIP")
	for _, s := range []step{{message: "EventRegistered", dn: "2101", agent: "501"}, {message: "EventAgentReady", dn: "2101", agent: "501"}} {
		e := s.event(start().Add(10 * time.Second))
		book.Read("SIP", e)
		snapshot.Note(e)
	}
	stored, err := packed.Encode(snapshot) // a crash in the middle of it
	require.NoError(t, err)
	snapshot = desk.NewSnapshot("")
	require.NoError(t, packed.Decode(stored, snapshot))
	require.Equal(t, []desk.Ended{{desk.Place{Switch: "SIP", DN: "2101"}, "501"}, {desk.Place{Switch: "SIP", DN: "2102"}, "502"}},
		book.End(snapshot, start().Add(11*time.Second)))

	status, _ := book.Status(who("501"), "agent:E1", start())
	require.Equal(t, engage.StatusWaitForNextCall, status.Status, "the call is over")
	status, _ = book.Status(who("502"), "agent:E2", start())
	require.Equal(t, engage.StatusLoggedOut, status.Status)
	status, _ = book.Status(who("503"), "agent:E3", start())
	require.Equal(t, engage.StatusWaitForNextCall, status.Status, "what happened after the snapshot stands")
}

func TestADeskThatWasStoredIsTheSame(t *testing.T) {
	book := desk.NewBook()
	at := desk.Place{Switch: "SIP", DN: "2101"}
	book.Read("SIP", step{message: "EventAgentNotReady", dn: "2101", agent: "501", reason: "Break"}.event(start()))
	stored, ok := book.Desk(at)
	require.True(t, ok)
	data, err := packed.Encode(&stored)
	require.NoError(t, err)
	var read desk.Desk
	require.NoError(t, packed.Decode(data, &read))
	restored := desk.NewBook()
	restored.Restore(at, read)
	want, _ := book.Status(who("501"), "agent:E1", start())
	got, _ := restored.Status(who("501"), "agent:E1", start())
	require.Equal(t, want, got)
}
