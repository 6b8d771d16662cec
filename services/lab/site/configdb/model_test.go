package configdb_test

import (
	"slices"
	"strings"
	"testing"

	"engage.connector/services/lab/site/configdb"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func build(t require.TestingT, o configdb.Options) configdb.Model {
	d, err := configdb.Build(o)
	require.NoError(t, err)
	return d.Model()
}

func TestSameSeedSameCenter(t *testing.T) {
	again := build(t, options(40))
	require.Equal(t, build(t, options(40)), again)
	other := options(40)
	other.Seed = 2
	require.NotEqual(t, build(t, options(40)).Agents, build(t, other).Agents)
}

func TestEveryCenterIsFitToPlayCallsIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := options(rapid.IntRange(1, 300).Draw(t, "agents"))
		o.Seed = rapid.Int64().Draw(t, "seed")
		m := build(t, o)
		require.Len(t, m.Agents, o.Agents)
		require.GreaterOrEqual(t, len(m.Queues), 2)
		require.GreaterOrEqual(t, len(m.Queues)*10, o.Agents)
		require.NotEmpty(t, m.RoutingPoints)
		require.NotEmpty(t, m.Dispositions)

		unique := map[string]bool{}
		once := func(kind, value string) {
			key := kind + strings.ToLower(value)
			require.False(t, unique[key], "%s %s twice", kind, value)
			unique[key] = true
		}
		for _, q := range m.Queues {
			once("dn", q.Number)
		}
		for _, a := range m.Agents {
			once("dn", a.DN)
			once("login", a.LoginCode)
			once("employee", a.EmployeeID)
			once("mail", a.Email)
			once("user", a.UserName)
			require.NotEmpty(t, a.Queues)
			for _, number := range a.Queues {
				at := slices.IndexFunc(m.Queues, func(q configdb.Queue) bool { return q.Number == number })
				require.GreaterOrEqual(t, a.Skills[m.Queues[at].Skill], 5, "member without the skill of the script")
			}
			for _, q := range m.Queues {
				if a.Skills[q.Skill] >= 5 {
					require.Contains(t, a.Queues, q.Number, "the script takes him, the model does not")
				}
			}
		}
	})
}

func TestPersonsHaveTheirAddressInDifferentPlaces(t *testing.T) {
	m := build(t, options(20))
	places := map[string]int{}
	supervisors := 0
	for _, a := range m.Agents {
		switch a.Email {
		case a.UserName:
			places["user name"]++
		case a.EmployeeID:
			places["employee id"]++
		default:
			places["e-mail"]++
		}
		if a.Supervisor {
			supervisors++
		}
	}
	require.Equal(t, map[string]int{"user name": 10, "employee id": 5, "e-mail": 5}, places)
	require.Equal(t, 2, supervisors)
	require.False(t, m.Others[0].IsAgent)
	require.Empty(t, m.Others[1].Email)
	require.False(t, m.Others[2].Enabled)
	require.Equal(t, []string{"Resolved", "Callback", "Escalated", "Sale", "Complaint", "Hardware Fault", "Software Fault"}, m.Dispositions)
}
