package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/config-sync/apply"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
)

// lives tell which life of each person it is: one that was deleted and created anew has another
// DBID, and DBIDs do not come back.
type lives [5]int

// orgs draws wanted organizations over few objects, so that successive ones overlap. A person of the
// first life may be renamed. One of the second has the first one's name: it must get the user of the
// first if that has the name still.
func orgs(now *lives) *rapid.Generator[desired.Org] {
	return rapid.Custom(func(t *rapid.T) desired.Org {
		pick := func(label string, n int) []int {
			return rapid.SliceOfNDistinct(rapid.IntRange(0, n), 0, n, rapid.ID).Draw(t, label)
		}
		org := desired.Org{Roles: desired.Roles{desired.Agent: {"User"}, desired.Supervisor: {"Supervisor"}}}
		var skills []string
		for _, i := range pick("skills", 3) {
			name := fmt.Sprint("skill", i)
			skills = append(skills, name)
			org.Skills = append(org.Skills, desired.Skill{ID: fmt.Sprint(400 + i), Name: name})
		}
		var members []string
		for _, i := range pick("users", 4) {
			now[i] = max(now[i], rapid.IntRange(0, 1).Draw(t, "life"))
			id, renamed := fmt.Sprint(300+10*now[i]+i), ""
			if now[i] == 0 {
				renamed = rapid.SampledFrom([]string{"", "", "x"}).Draw(t, "renamed")
			}
			u := user(id, fmt.Sprintf("u%d%s@x.example", i, renamed))
			u.DisplayName = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "display name")
			u.Active = rapid.Bool().Draw(t, "active")
			u.Kind = rapid.SampledFrom([]desired.UserKind{desired.Agent, desired.Supervisor}).Draw(t, "kind")
			for _, s := range skills {
				if rapid.Bool().Draw(t, "has skill") {
					u.Skills[s] = float64(rapid.IntRange(0, 5).Draw(t, "level"))
				}
			}
			org.Users = append(org.Users, u)
			members = append(members, id)
		}
		for _, i := range pick("queues", 3) {
			q := queue(fmt.Sprint(200+i), fmt.Sprintf("VQ%d__%s__Engage-external", i, rapid.SampledFrom([]string{"S", "S", "T"}).Draw(t, "switch")))
			q.Description = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "description")
			for _, id := range members {
				if rapid.Bool().Draw(t, "member") {
					q.Members = append(q.Members, id)
				}
			}
			org.Queues = append(org.Queues, q)
		}
		for _, i := range pick("codes", 2) {
			name := fmt.Sprint("code", i)
			org.Codes = append(org.Codes, desired.Code{ID: name, Name: name})
		}
		return org
	})
}

var errKilled = errors.New("killed")

// interruption kills the process at a write to the organization or to the store: before it takes
// effect, or after it without the answer. From then on nothing more gets through.
type interruption struct {
	org, store int // writes until the end; 0 for never
	late       bool
}

func interruptions() *rapid.Generator[interruption] {
	return rapid.Custom(func(t *rapid.T) interruption {
		i := interruption{late: rapid.Bool().Draw(t, "after the effect")}
		if rapid.Bool().Draw(t, "at the store") {
			i.store = rapid.IntRange(1, 20).Draw(t, "store write")
		} else {
			i.org = rapid.IntRange(1, 12).Draw(t, "org write")
		}
		return i
	})
}

// during runs a synchronisation that is interrupted.
func (i interruption) during(o *orgtest.Org, m *memory, run func(context.Context)) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	dead := func(at, n int, after bool) error {
		if at > 0 && (n > at || n == at && after == i.late) {
			cancel(errKilled)
			return errKilled
		}
		return nil
	}
	before, saves := o.Writes(), 0
	o.Cut = func(write int, after bool) error {
		return errors.Join(dead(i.org, write-before, after), context.Cause(ctx))
	}
	m.cut = func(after bool) error {
		if !after {
			saves++
		}
		return errors.Join(dead(i.store, saves, after), context.Cause(ctx))
	}
	run(ctx)
	o.Cut, m.cut = nil, nil
}

// Whatever the sequence of wanted states, wherever the process is killed in between and however
// Engage changes until it runs again, the next synchronisation leads to the wanted state: nothing
// doubled, nothing missing, nothing left over, and a further plan is empty.
func TestAnyInterruptionIsMadeGood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, m := orgtest.New(), newMemory()
		client := o.Direct(t)
		var persons lives
		for step := range rapid.IntRange(1, 3).Draw(t, "steps") {
			for kill := range rapid.IntRange(0, 3).Draw(t, "kills") {
				org := orgs(&persons).Draw(t, fmt.Sprintf("org %d.%d", step, kill))
				parallel := rapid.SampledFrom([]int{1, 3}).Draw(t, "parallel")
				interruptions().Draw(t, "interruption").during(o, m, func(ctx context.Context) {
					_, _, _ = sync1(ctx, client, m, org, parallel)
				})
			}
			org := orgs(&persons).Draw(t, fmt.Sprint("org ", step))
			converge(t, client, m, org)
			checkOrganization(t, o, org)
		}
	})
}

// converge synchronises until a plan is empty. One run is enough but for names that change hands
// while it is unknown who has them.
func converge(t *rapid.T, client apply.Cloud, m *memory, org desired.Org) {
	var rejected []apply.Rejection
	for range 3 {
		result, p, err := sync1(context.Background(), client, m, org, 3)
		require.NoError(t, err)
		if p.Empty() {
			return
		}
		rejected = result.Rejected
	}
	left := plan.Build(tenant, org, m.applied, plan.Conditions{})
	require.Empty(t, left.Operations, "%v", rejected)
}

func checkOrganization(t *rapid.T, o *orgtest.Org, org desired.Org) {
	state := o.State()
	names := map[string]string{}
	wanted := map[string]bool{}
	for _, u := range org.Users {
		wanted[u.UserName], names[u.ID] = true, u.UserName
		var skills []string
		for name, level := range u.Skills {
			skills = append(skills, fmt.Sprintf("%s=%.1f", name, level))
		}
		slices.Sort(skills)
		require.Regexp(t, fmt.Sprintf(`^%s\|%s\|%t\|[^|]*\|\[%s\]\|`, u.DisplayName, u.ExternalID, u.Active, strings.Join(skills, " ")), state.Users[u.UserName])
	}
	for name, text := range state.Users {
		if !wanted[name] {
			require.Contains(t, text, "|false|", "%s has left and must be inactive", name)
		}
		require.Regexp(t, `^[^|]*(\|[^|]*){5}$`, text, "two users have the name %s", name)
	}
	queues := map[string]bool{}
	for _, q := range org.Queues {
		queues[q.Name] = true
		var members []string
		for _, id := range q.Members {
			members = append(members, names[id])
		}
		slices.Sort(members)
		text := state.Queues[q.Name]
		require.Regexp(t, fmt.Sprintf(`^%s\|%s\|\[%s\]\|[^|]*$`, q.Description, q.PeerID, strings.Join(members, " ")), text, q.Name)
		for _, c := range org.Codes {
			require.Contains(t, text, c.Name)
		}
	}
	for name, text := range state.Queues {
		if !queues[name] {
			require.Contains(t, text, "|[]|", "%s has left and must have no members", name)
		}
	}
	require.LessOrEqual(t, len(state.Skills), 4)
	require.LessOrEqual(t, len(state.Codes), 3)
}
