package callmodel_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/feedtest"
)

func newBook() *callmodel.Book {
	return callmodel.NewBook(callmodel.Options{Keep: func(key string) bool { return key == "DispositionCode" || key == "language_code" }})
}

func read(b *callmodel.Book, events []feedtest.Event) *callmodel.Book {
	for _, e := range events {
		b.Apply(e.Event)
	}
	return b
}

// content is everything that the book knows, as text.
func content(t require.TestingT, b *callmodel.Book) string {
	all := map[string]any{}
	for _, uuid := range b.Calls() {
		all[uuid] = b.Call(uuid)
	}
	for _, dn := range []string{feedtest.Ext1, feedtest.Ext2, feedtest.Ext3, feedtest.Ext4} {
		all[dn] = b.DN(dn)
	}
	data, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return string(data)
}

// However often events come again, the book holds the same calls.
//
// ledger: E-EXCP-006
func TestTheBookDoesNotDependOnRepetitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		site := feedtest.New().Logins()
		feedtest.Flows()["no-answer-other-queue"](site, 1)
		site.Main(2)
		want := content(t, read(newBook(), site.Events))
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		mixed := feedtest.Duplicate(site.Events, rapid.IntRange(0, 10).Draw(t, "duplicates"), pick)
		slices.SortStableFunc(mixed, func(a, b feedtest.Event) int { return a.Time.Compare(b.Time) })
		require.Equal(t, want, content(t, read(newBook(), mixed)))
	})
}

func TestReadingAnEventTwiceRecordsOneFact(t *testing.T) {
	site := feedtest.New().Logins()
	site.Main(1)
	b := newBook()
	for _, e := range site.Events {
		b.Apply(e.Event)
		once := content(t, b)
		b.Apply(e.Event)
		require.Equal(t, once, content(t, b), e.Message)
	}
}

func kinds(c *callmodel.Call) []callmodel.FactKind {
	var all []callmodel.FactKind
	for _, f := range c.Facts {
		all = append(all, f.Kind)
	}
	return all
}

func TestFactsAreInTheOrderOfTheirTime(t *testing.T) {
	site := feedtest.New()
	call := site.Inbound(1).IVR().Queue()
	call.Ring("A", feedtest.Ext1).HangUpWith("")
	slices.Reverse(site.Events[3:5]) // the queue's events come late
	b := read(newBook(), site.Events)
	facts := b.Call(call.UUID).Facts
	require.True(t, slices.IsSortedFunc(facts, func(a, c callmodel.Fact) int { return a.At.Compare(c.At) }))
	require.Contains(t, kinds(b.Call(call.UUID)), callmodel.Queued)
}

func TestWhatLeftDoesNotComeBack(t *testing.T) {
	site := feedtest.New()
	call := site.Inbound(1).IVR()
	call.Leave("I", "", engage.CauseRoute)
	b := read(newBook(), site.Events)
	facts := len(b.Call(call.UUID).Facts)
	for _, e := range site.Events {
		if e.Message == engage.MsgEventCallPartyAdded || e.Message == engage.MsgEventCallPartyState {
			e.Time = site.Now.Add(time.Second) // reported again, later
			if e.DN() == feedtest.RP {
				b.Apply(e.Event)
			}
		}
	}
	require.Len(t, b.Call(call.UUID).Facts, facts)
}

func TestPartyMovedLeavesOneCallAndJoinsAnother(t *testing.T) {
	site := feedtest.New()
	one, two := site.Inbound(1), site.Inbound(2)
	site.Send(feedtest.LinkCall, engage.MsgEventCallPartyMoved, engage.Attributes{
		"CallUUID": one.UUID, "NewCallUUID": two.UUID, "PartyUUID": "000001-X", "DN": one.ANI,
	})
	b := read(newBook(), site.Events)
	require.False(t, b.Call(one.UUID).Party("000001-X").Left.IsZero())
	require.Equal(t, engage.PartyStateConnected, b.Call(two.UUID).Party("000001-X").State)
	require.True(t, b.Call(two.UUID).Party("000001-X").Left.IsZero())
}

// The edges by which calls belong together; what the org is told of such calls is not decided here.
//
// ledger: E-EXCP-030
func TestCallsJoinIntoOneInteraction(t *testing.T) {
	for name, c := range map[string]struct {
		play func(s *feedtest.Site) (root, other string)
	}{
		"inter-site link": {func(s *feedtest.Site) (string, string) {
			one, two := s.Inbound(1), s.Inbound(2)
			one.Created(engage.Attributes{"ISLinkList": []any{"0000000000000000000000000000000L"}})
			two.Created(engage.Attributes{"ISLinkList": []any{"0000000000000000000000000000000L"}})
			return one.UUID, two.UUID
		}},
		"inter-site link, the later call first": {func(s *feedtest.Site) (string, string) {
			one, two := s.Inbound(1), s.Inbound(2)
			two.Created(engage.Attributes{"ISLinkList": []any{"0000000000000000000000000000000L"}})
			one.Created(engage.Attributes{"ISLinkList": []any{"0000000000000000000000000000000L"}})
			return one.UUID, two.UUID
		}},
		"consultation": {func(s *feedtest.Site) (string, string) {
			one, two := s.Inbound(1), s.Call(2, engage.CallTypeConsult)
			two.Created(engage.Attributes{"OrigCallUUID": one.UUID})
			return one.UUID, two.UUID
		}},
		"consultation before its main call": {func(s *feedtest.Site) (string, string) {
			two := s.Call(2, engage.CallTypeConsult)
			one := &feedtest.Call{UUID: "00U3MCI8QO8ER0B5A60AHG5AES000001"}
			two.Created(engage.Attributes{"OrigCallUUID": one.UUID})
			s.Inbound(1)
			return one.UUID, two.UUID
		}},
		"merge": {func(s *feedtest.Site) (string, string) {
			one, two := s.Inbound(1), s.Inbound(2)
			s.Send(feedtest.LinkCall, engage.MsgEventCallDeleted, engage.Attributes{"CallUUID": two.UUID, "RefCallUUID": one.UUID})
			return one.UUID, two.UUID
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := feedtest.New()
			root, other := c.play(s)
			b := read(newBook(), append(slices.Clone(s.Events), s.Events...)) // twice
			require.Equal(t, root, b.Call(root).Root)
			require.Equal(t, root, b.Call(other).Root)
			require.ElementsMatch(t, []string{root, other}, b.Members(root))
			require.Empty(t, b.Members(other))
			require.Contains(t, b.TakeChanges().Calls, other, "what changed is stored")
		})
	}
}

func TestLinksMoveToTheCallThatGoesOn(t *testing.T) {
	s := feedtest.New()
	one, two, three := s.Inbound(1), s.Inbound(2), s.Inbound(3)
	link := engage.Attributes{"ISLinkList": []any{"0000000000000000000000000000000L"}}
	two.Created(link)
	s.Send(feedtest.LinkCall, engage.MsgEventCallDeleted, engage.Attributes{"CallUUID": two.UUID, "RefCallUUID": one.UUID})
	three.Created(link)
	b := read(newBook(), s.Events)
	require.Equal(t, one.UUID, b.Call(three.UUID).Root)
	require.Contains(t, b.Call(one.UUID).Links, "0000000000000000000000000000000L")
}

// Who sits at a DN, at which time.
func TestLoginsByTime(t *testing.T) {
	s := feedtest.New()
	s.Registered("1", "100") // stood before
	at0 := s.Now.Add(-time.Hour)
	s.Wait(time.Minute).Agent(engage.MsgEventAgentLogout, "1", "100", 0)
	out := s.Now
	s.Wait(time.Minute).Agent(engage.MsgEventAgentLogin, "1", "200", 0)
	in := s.Now
	s.Agent(engage.MsgEventAgentReady, "2", "300", engage.WorkModeAutoIn)
	slices.Reverse(s.Events)
	b := read(newBook(), s.Events)
	d := b.DN("1")
	require.Equal(t, "100", d.AgentAt(at0), "what stands when registering stood before")
	require.Empty(t, d.AgentAt(out))
	require.Equal(t, "200", d.AgentAt(in))
	require.Equal(t, "300", b.DN("2").AgentAt(in), "whoever changes state is logged in")
	require.Empty(t, b.DN("3").AgentAt(in))
	require.True(t, b.DN("3").AfterCall(in, in, time.Second).Silent)
}

func TestHistoriesAreBounded(t *testing.T) {
	s := feedtest.New()
	call := s.Inbound(1)
	for n := range 200 {
		agent := "100"
		if n%2 == 0 {
			agent = "200"
		}
		s.Agent(engage.MsgEventAgentLogin, "1", agent, 0)
		s.Agent(engage.MsgEventAgentReady, "1", agent, engage.WorkModeAutoIn)
		call.Data("language_code", "de-DE")
		call.Data("unwanted", "x")
	}
	b := read(newBook(), s.Events)
	require.LessOrEqual(t, len(b.DN("1").Logins), 32)
	require.LessOrEqual(t, len(b.DN("1").States), 32)
	require.LessOrEqual(t, len(b.Call(call.UUID).Data), 64)
	for _, v := range b.Call(call.UUID).Data {
		require.Equal(t, "language_code", v.Key)
	}
}

func TestUserDataHasAHistory(t *testing.T) {
	s := feedtest.New()
	call := s.Inbound(1)
	call.Data("language_code", "de-DE")
	first := s.Now
	call.Data("language_code", "en-US")
	c := read(newBook(), s.Events).Call(call.UUID)
	require.Empty(t, c.ValueAt("language_code", first.Add(-time.Millisecond)))
	require.Equal(t, "de-DE", c.ValueAt("language_code", first))
	require.Equal(t, "en-US", c.ValueAt("language_code", s.Now))
}

func TestMessagesWithoutIdentityAreIgnored(t *testing.T) {
	b := newBook()
	for _, message := range []string{
		engage.MsgEventCallCreated, engage.MsgEventCallPartyAdded, engage.MsgEventCallDeleted, engage.MsgEventCallPartyMoved,
		engage.MsgEventCallPartyDeleted, engage.MsgEventQueued, engage.MsgEventDiverted, engage.MsgEventUserEvent,
		engage.MsgEventRegistered, engage.MsgEventAgentReady, engage.MsgSwitchover, "EventSomethingElse",
	} {
		require.Empty(t, b.Apply(engage.Event{Message: message, Time: time.Unix(1, 0)}), message)
	}
	require.Zero(t, b.Len())
}

func TestClosedCallsStayClosed(t *testing.T) {
	s := feedtest.New().Logins()
	s.Main(1)
	b := read(newBook(), s.Events)
	uuid := b.Calls()[0]
	require.True(t, func() bool { _, ok := b.CallOf(s.Events[len(s.Events)-2].ConnID()); return ok }())
	b.TakeChanges()
	b.Close(uuid)
	require.Equal(t, []string{uuid}, b.TakeChanges().Calls)
	read(b, s.Events)
	require.Zero(t, b.Len())
	b.Forget(uuid)
	read(b, s.Events)
	require.Equal(t, 1, b.Len())
}
