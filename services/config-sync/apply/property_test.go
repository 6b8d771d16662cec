package apply_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
)

// orgs draws wanted organizations over few objects, so that successive ones overlap.
func orgs() *rapid.Generator[desired.Org] {
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
			// The same user name comes back under another DBID.
			id := fmt.Sprint(300 + 10*rapid.IntRange(0, 1).Draw(t, "life") + i)
			u := user(id, fmt.Sprintf("u%d@x.example", i))
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
			q := queue(fmt.Sprint(200+i), fmt.Sprintf("VQ%d__S__Engage-external", i))
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

// Whatever the sequence of wanted states, and wherever the process is killed in between (before a
// request takes effect, or after it without the answer), the next run leads to the wanted state:
// nothing doubled, nothing missing, and a further plan is empty.
func TestAnyInterruptionIsMadeGood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, m := orgtest.New(), newMemory()
		client := o.Direct(t)
		for step := range rapid.IntRange(1, 3).Draw(t, "steps") {
			org := orgs().Draw(t, fmt.Sprint("org ", step))
			for kill := range rapid.IntRange(0, 3).Draw(t, "kills") {
				ctx, cancel := context.WithCancelCause(t.Context())
				at := o.Writes() + rapid.IntRange(1, 12).Draw(t, fmt.Sprint("kill ", kill))
				late := rapid.Bool().Draw(t, "after the effect")
				o.Cut = func(write int, after bool) error {
					if write > at || write == at && after == late {
						cancel(errKilled)
						return errKilled
					}
					return nil
				}
				_, _, _ = sync1(ctx, client, m, org, rapid.SampledFrom([]int{1, 3}).Draw(t, "parallel"))
				cancel(nil)
				o.Cut = nil
			}
			result, _, err := sync1(t.Context(), client, m, org, 3)
			require.NoError(t, err)
			require.Empty(t, result.Rejected)
			require.Empty(t, plan.Build(tenant, org, m.applied).Operations)
			checkOrganization(t, o, org)
		}
	})
}

func checkOrganization(t *rapid.T, o *orgtest.Org, org desired.Org) {
	state := o.State()
	wanted := map[string]bool{}
	for _, u := range org.Users {
		wanted[u.UserName] = true
		require.Regexp(t, fmt.Sprintf(`^%s\|%s\|%t\|`, u.DisplayName, u.ExternalID, u.Active), state.Users[u.UserName])
	}
	for name, text := range state.Users {
		if !wanted[name] {
			require.Contains(t, text, "|false|", "%s has left and must be inactive", name)
		}
		require.Regexp(t, `^[^|]*(\|[^|]*){5}$`, text, "two users have the name %s", name)
	}
	names := map[string]string{}
	for _, u := range org.Users {
		names[u.ID] = u.UserName
	}
	queues := map[string]bool{}
	for _, q := range org.Queues {
		queues[q.Name] = true
		text := state.Queues[q.Name]
		require.Regexp(t, fmt.Sprintf(`^%s\|%s\|`, q.Description, q.PeerID), text)
		for _, id := range q.Members {
			require.Contains(t, text, names[id])
		}
		require.Regexp(t, `^[^|]*\|[^|]*\|[^|]*\|[^|]*$`, text, "two queues have the name %s", q.Name)
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
