package conversation_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// rowCase leads to one row of the table.
type rowCase struct {
	play func(s *feedtest.Site)
	late string // this link has not reported when the row is looked for: "call", "vq", "agent"
	// fact is recorded after the events were read.
	fact callmodel.FactKind
	// want are the events of the row, as types.
	want []exevents.EventType
	// stage and reason are those after the row.
	stage  conversation.Stage
	reason conversation.Reason
}

func inQueue(s *feedtest.Site) *feedtest.Call { return s.Inbound(1).IVR().Queue() }

func talking(s *feedtest.Site) *feedtest.Call {
	return inQueue(s).Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1)
}

func typed(t engage.CallType) func(*feedtest.Site) {
	return func(s *feedtest.Site) {
		c := s.Call(1, t)
		c.Join("X", c.ANI, engage.PartyStateConnected)
	}
}

const (
	ended    = exevents.CommunicationEnded
	progress = exevents.ProgressTransfer
	finish   = exevents.EndTransfer
)

// Each row of the table is reached by a call, sends what it says and leads where it says.
//
// ledger: E-EXCP-029, E-EXCP-048
func rowCases() map[string]rowCase {
	all := map[string]rowCase{}
	for _, part := range []map[string]rowCase{startCases(), queueCases(), pickupCases(), talkingCases(), consultCases(), suspensionCases()} {
		maps.Copy(all, part)
	}
	return all
}

// flow plays a scenario.
func flow(name string) func(*feedtest.Site) {
	play := feedtest.All()[name]
	return func(s *feedtest.Site) { play(s, 1) }
}

const link = "0000000000000000000000000000000L"

func TestEveryRowHasItsCase(t *testing.T) {
	cases := rowCases()
	for _, row := range conversation.Rows(conversation.ModelGuide) {
		require.Contains(t, slices.Collect(maps.Keys(cases)), row.ID)
		require.NotEmpty(t, row.From, row.ID)
		require.NotEmpty(t, row.Why, row.ID)
		require.NotEmpty(t, row.Stages, row.ID)
		require.NotEmpty(t, row.On, row.ID)
		if !row.Wait {
			continue
		}
		require.Empty(t, row.Do, row.ID)
		require.Empty(t, row.Next, row.ID)
	}
	require.Len(t, cases, len(conversation.Rows(conversation.ModelGuide)))
}

func TestRows(t *testing.T) {
	for id, c := range rowCases() {
		t.Run(id, func(t *testing.T) {
			s := feedtest.New().Logins()
			c.play(s)
			r := newRunner()
			if c.late != "" {
				requireWaits(t, r, s, id, c)
				return
			}
			r.feed(s.Events)
			if c.fact != "" {
				record(r, s, c.fact)
			}
			r.wait(time.Minute)
			requireRow(t, r.with(t, id), id, c)
			requireClosed(t, r, s)
		})
	}
}

// requireWaits: without the late link the fact waits for it, but not for ever.
func requireWaits(t *testing.T, r *runner, s *feedtest.Site, id string, c rowCase) {
	t.Helper()
	r.feed(slices.DeleteFunc(slices.Clone(s.Events), func(e feedtest.Event) bool { return e.Link == c.late }))
	if c.fact != "" {
		record(r, s, c.fact)
	}
	conv := r.one(t)
	require.Equal(t, id, conv.Waits, encode(t, conv.Trace))
	r.now = r.waitsSince(t, conv)
	r.wait(100 * time.Millisecond)
	require.Equal(t, id, conv.Waits, "other servers' clocks may be that far behind")
	r.wait(3 * time.Second)
	require.NotEqual(t, id, conv.Waits, "the links have come far enough")
	requireClosed(t, r, s)
}

// waitsSince is the time of the fact that a conversation waits with.
func (r *runner) waitsSince(t *testing.T, conv *conversation.Conversation) time.Time {
	first := time.Time{}
	for uuid, c := range r.convs {
		if c != conv {
			continue
		}
		for _, call := range r.board.Group(uuid).Calls {
			if len(call.Facts) > 0 && !call.Created.IsZero() && (first.IsZero() || call.Facts[0].At.Before(first)) {
				first = call.Facts[0].At
			}
		}
	}
	require.False(t, first.IsZero())
	return first
}

func requireRow(t *testing.T, conv *conversation.Conversation, id string, c rowCase) {
	t.Helper()
	i := slices.IndexFunc(conv.Trace.All(), func(d conversation.Decision) bool { return d.Row == id })
	require.GreaterOrEqual(t, i, 0, encode(t, conv.Trace))
	d := conv.Trace.All()[i]
	require.Equal(t, c.want, d.Events, encode(t, conv.Trace))
	requireOfRow(t, id, d.Events)
	require.Equal(t, c.stage, d.Stage)
	require.Equal(t, c.reason, conv.Reason)
}

// requireOfRow: a row sends what it says and nothing else; the end of a transfer under way and of legs that
// nobody ended goes with the stages that end a conversation.
func requireOfRow(t *testing.T, id string, sent []exevents.EventType) {
	t.Helper()
	rows := conversation.Rows(conversation.ModelExtended)
	i := slices.IndexFunc(rows, func(row conversation.Row) bool { return row.ID == id })
	require.GreaterOrEqual(t, i, 0, id)
	says := []exevents.EventType{}
	for _, step := range rows[i].Do {
		says = append(says, step.Event)
	}
	if next := rows[i].Next; next == conversation.StageSuspended || next == conversation.StageOver {
		says = append(says, finish, ended)
	}
	require.Subset(t, says, sent, id)
}

// requireClosed: whatever was begun can be ended, well formed.
func requireClosed(t *testing.T, r *runner, s *feedtest.Site) {
	t.Helper()
	r.abandon(s.Now)
	for _, events := range byConversation(r.out) {
		requireWellFormed(t, events)
	}
}

// record adds a fact that the simulated site has no message for.
func record(r *runner, s *feedtest.Site, kind callmodel.FactKind) {
	uuid := r.book.Calls()[0]
	f := callmodel.Fact{Kind: kind, At: s.Now, Stream: callmodel.StreamCall}
	if kind == "late attempt" || kind == "late ring" {
		call := r.book.Call(uuid)
		f.Kind, f.Subject, f.At, f.State = callmodel.PartyJoined, "L", call.Created, engage.PartyStateAlerting
		call.Parties = append(call.Parties, &callmodel.Party{UUID: "L", DN: feedtest.Ext2, State: f.State, Joined: f.At})
		if kind == "late attempt" {
			call.Party("L").Left = f.At.Add(time.Millisecond)
		}
	} else if kind == "late consultation" {
		uuid = r.book.Calls()[1]
		call := r.book.Call(uuid)
		f.Kind, f.Subject, f.At = callmodel.Queued, "vq:late", call.Created
		call.Visits = append(call.Visits, &callmodel.Visit{Key: "vq:late", DN: feedtest.VQ, Queued: f.At, Left: f.At.Add(time.Millisecond)})
	} else if strings.HasPrefix(string(kind), "late") {
		visit := r.book.Call(uuid).Visits[0]
		f.Kind, f.Subject, f.At = callmodel.Queued, visit.Key, visit.Queued
	}
	r.book.Record(uuid, f)
	r.advance(uuid, time.Time{})
}
