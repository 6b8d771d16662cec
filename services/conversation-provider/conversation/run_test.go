package conversation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// runner is the smallest thing that joins call model and conversation.
type runner struct {
	book  *callmodel.Book
	board *conversation.Board
	convs map[string]*conversation.Conversation // by the call that stands for the interaction
	out   []exevents.ConversationEvent
	now   time.Time
}

func newRunner() *runner { return newRunnerOf("101") }

func newRunnerOf(tenant string) *runner { return runnerWith(conversation.Options{Tenant: tenant}) }

func runnerWith(opts conversation.Options) *runner {
	keys := []string{"DispositionCode", "language_code"}
	r := &runner{
		book:  callmodel.NewBook(callmodel.Options{Keep: func(key string) bool { return slices.Contains(keys, key) }}),
		convs: map[string]*conversation.Conversation{},
		now:   time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
	}
	r.board = conversation.NewBoard(conversation.NewMachine(opts, feedtest.Directory{}), r.book)
	return r
}

func (r *runner) feed(events []feedtest.Event) *runner {
	for _, e := range events {
		roots := map[string]bool{}
		for _, uuid := range r.book.Apply(e.Event) {
			roots[r.board.Root(uuid)] = true
		}
		for _, uuid := range slices.Sorted(maps.Keys(roots)) {
			r.advance(uuid, time.Time{})
		}
	}
	return r
}

func (r *runner) advance(uuid string, now time.Time) {
	for _, a := range r.board.Advance([]string{uuid}, now) {
		r.take(a.Events)
		for _, c := range a.Group.Calls {
			delete(r.convs, c.UUID)
		}
		r.convs[a.Group.Root.UUID] = a.Group.Conv
	}
}

// wait lets the wall clock pass.
func (r *runner) wait(d time.Duration) *runner {
	r.tick()
	r.now = r.now.Add(d)
	r.tick()
	return r
}

func (r *runner) tick() {
	for _, uuid := range r.book.Calls() {
		if r.board.Root(uuid) == uuid {
			r.advance(uuid, r.now)
		}
	}
}

// settle lets everything that waits come to its end.
func (r *runner) settle() *runner {
	for range 8 {
		r.wait(time.Minute)
	}
	return r
}

func (r *runner) one(t *testing.T) *conversation.Conversation {
	t.Helper()
	require.NotEmpty(t, r.convs)
	first := ""
	for uuid := range r.convs {
		if first == "" || r.book.Call(uuid).Created.Before(r.book.Call(first).Created) {
			first = uuid
		}
	}
	return r.convs[first]
}

// with returns the conversation whose trace has a row, else the first one.
func (r *runner) with(t *testing.T, row string) *conversation.Conversation {
	t.Helper()
	for _, conv := range r.convs {
		if slices.ContainsFunc(conv.Trace.All(), func(d conversation.Decision) bool { return d.Row == row }) {
			return conv
		}
	}
	return r.one(t)
}

// summary writes events as short lines: type, leg, what matters.
func (r *runner) summary() []string { return summarize(r.out, r.convs) }

func summarize(events []exevents.ConversationEvent, convs map[string]*conversation.Conversation) []string {
	names := map[string]string{}
	for _, c := range convs {
		count := map[conversation.LegKind]int{}
		for _, l := range c.Legs {
			count[l.Kind]++
			names[l.ID] = string(l.Kind)
			if n := count[l.Kind]; n > 1 {
				names[l.ID] += fmt.Sprint(n)
			}
		}
	}
	var lines []string
	for _, e := range events {
		parts := []string{string(e.Type)}
		for _, id := range []string{e.CommunicationID, e.InitiatingCommunicationID, e.ObjectCommunicationID, e.DestinationCommunicationID} {
			if id != "" {
				parts = append(parts, names[id])
			}
		}
		for _, s := range []string{string(e.DisconnectType), string(e.FinalState)} {
			if s != "" {
				parts = append(parts, s)
			}
		}
		if e.Type == exevents.HoldUpdated {
			parts = append(parts, fmt.Sprint(e.Held))
		}
		if e.Type == exevents.CommunicationDispositionApplied {
			parts = append(parts, map[bool]string{true: "with code", false: "skipped"}[e.Code != ""])
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	return lines
}

func encode(t require.TestingT, v any) string {
	data, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(data)
}

func play(flow func(*feedtest.Site, int)) []feedtest.Event {
	s := feedtest.New().Logins()
	flow(s, 1)
	return s.Events
}

func (r *runner) take(events []*exevents.ConversationEvent) {
	for _, e := range events {
		r.out = append(r.out, *e)
	}
}

// abandon ends what is still on.
func (r *runner) abandon(at time.Time) {
	for uuid, conv := range r.convs {
		if !conv.Finished() {
			r.take(r.board.Abandon(uuid, at))
		}
	}
}
