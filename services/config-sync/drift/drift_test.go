package drift_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/drift"
	"engage.connector/services/config-sync/plan"
)

// fake is an organization that counts how often the relations of each queue are read.
type fake struct {
	users   []users.User
	members map[string]int
	hides   bool // the listing does not show the number of members
	read    map[string]int
	turns   int
}

func all[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func (f *fake) Users(context.Context, users.UserFilter) iter.Seq2[users.User, error] {
	return all(f.users)
}

func (f *fake) GetUser(context.Context, string) (users.User, error) { panic("not asked for") }

func (f *fake) Queues(context.Context, routing.QueueFilter) iter.Seq2[routing.Queue, error] {
	var list []routing.Queue
	for _, id := range slices.Sorted(maps.Keys(f.members)) {
		text := fmt.Sprintf(`{"id":%q,"name":%q,"userMemberCount":%d}`, id, id, f.members[id])
		if f.hides {
			text = fmt.Sprintf(`{"id":%q,"name":%q}`, id, id)
		}
		var q routing.Queue
		if err := q.UnmarshalJSON([]byte(text)); err != nil {
			panic(err)
		}
		list = append(list, q)
	}
	return all(list)
}

func (f *fake) GetQueue(context.Context, string) (routing.Queue, error) { panic("not asked for") }

func (f *fake) QueueMembers(_ context.Context, id string) iter.Seq2[routing.QueueMember, error] {
	f.read["members "+id]++
	return all(make([]routing.QueueMember, f.members[id]))
}

func (f *fake) QueueWrapupCodes(_ context.Context, id string) iter.Seq2[routing.WrapupCode, error] {
	f.read["codes "+id]++
	return all([]routing.WrapupCode{{ID: "code"}})
}

func (f *fake) Skills(context.Context, string) iter.Seq2[routing.Skill, error] {
	return all[routing.Skill](nil)
}

func (f *fake) WrapupCodes(context.Context, string) iter.Seq2[routing.WrapupCode, error] {
	return all([]routing.WrapupCode{{ID: "code"}})
}

func (f *fake) Sources(context.Context) iter.Seq2[presence.Source, error] {
	return all([]presence.Source{{ID: "source"}})
}

func (f *fake) GetPresenceSettings(context.Context) (presence.Settings, error) {
	return presence.Settings{}, nil
}

// center is an organization and what was applied to it.
func center(agents, queues, members int) (*fake, plan.Applied) {
	f := &fake{members: map[string]int{}, read: map[string]int{}}
	applied := plan.Applied{plan.Users: {}, plan.Queues: {}, plan.Codes: {"code": {CloudID: "code"}}, plan.Source: {"101": {CloudID: "source"}}}
	for i := range agents {
		id := fmt.Sprintf("u%04d", i)
		f.users = append(f.users, users.User{ID: id})
		applied[plan.Users][fmt.Sprint(i)] = plan.Record{CloudID: id}
	}
	for i := range queues {
		id := fmt.Sprintf("q%04d", i)
		f.members[id] = members
		applied[plan.Queues][fmt.Sprint(i)] = plan.Record{CloudID: id, Members: make([]string, members)}
	}
	return f, applied
}

func (f *fake) reading(t *testing.T, applied plan.Applied, memory *drift.Memory) (seen plan.Observation, requests int) {
	t.Helper()
	clear(f.read)
	f.turns = 0
	seen, err := drift.Read(t.Context(), drift.Options{Cloud: f, Logger: slog.New(slog.DiscardHandler), Memory: memory, Turn: func(context.Context) error {
		f.turns++
		return nil
	}}, applied)
	require.NoError(t, err)
	return seen, f.turns
}

// A reading of 1,000 agents and 100 queues takes at most 220 requests, the first one too, and within
// four readings every queue has had its turn, whoever has added members of their own.
func TestCostOfAReading(t *testing.T) {
	for name, change := range map[string]func(*fake){
		"as applied":        func(*fake) {},
		"numbers not shown": func(f *fake) { f.hides = true },
		"everywhere one more": func(f *fake) {
			for id := range f.members {
				f.members[id]++
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, applied := center(1000, 100, 90)
			change(f)
			memory, had := &drift.Memory{}, map[string]int{}
			for range 4 {
				_, requests := f.reading(t, applied, memory)
				require.LessOrEqual(t, requests, 220)
				for what := range f.read {
					had[what]++
				}
			}
			require.Len(t, had, 200)
		})
	}
}

// Few queues are read whole every time, and a queue whose number of members has changed at once however many
// there are; without a memory everything is read.
func TestWhatAReadingAsksFor(t *testing.T) {
	f, applied := center(10, 40, 5)
	memory := &drift.Memory{}
	for range 3 {
		seen, _ := f.reading(t, applied, memory)
		require.Len(t, f.read, 80)
		require.Len(t, seen.Queues["q0001"].Members, 5)
	}

	f, applied = center(10, 1000, 5)
	_, _ = f.reading(t, applied, memory)
	require.Less(t, len(f.read), 600)
	_, _ = f.reading(t, applied, memory)
	for _, id := range []string{"q0003", "q0500", "q0998"} {
		f.members[id]--
	}
	seen, _ := f.reading(t, applied, memory)
	require.Less(t, len(f.read), 600)
	for _, id := range []string{"q0003", "q0500", "q0998"} {
		require.Len(t, seen.Queues[id].Members, 4, id)
	}
	unread := 0
	for _, q := range seen.Queues {
		if q.Members == nil {
			unread++
		}
	}
	require.NotZero(t, unread, "what was not read is not taken for empty")

	_, _ = f.reading(t, applied, nil)
	require.Len(t, f.read, 2000)
}
