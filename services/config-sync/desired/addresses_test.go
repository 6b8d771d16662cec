package desired_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
)

// Of two persons with one address by User Name the enabled one is the user, whichever comes first.
func TestTheEnabledPersonOwnsASharedUserName(t *testing.T) {
	for _, disabled := range []int{0, 1} {
		persons := []configmodel.Person{person(301, "ann@x.example"), person(302, " Ann@x.example ")}
		persons[disabled].State = configmodel.StateDisabled
		org, report := desired.Build(configmodel.Snapshot{Persons: persons}, desired.Options{})
		require.Len(t, org.Users, 1)
		require.True(t, org.Users[0].Active)
		require.Equal(t, persons[1-disabled].DBID.String(), org.Users[0].ID)
		require.Len(t, org.Users[0].Aliases, 1)
		require.Equal(t, persons[disabled].DBID.String(), org.Users[0].Aliases[0].ID)
		require.Equal(t, 1, report.Count(desired.NameCollision))
	}
}

// A mailbox that two persons share makes them no one user: it belongs to who is mapped already, and
// the newcomer is left out and reported.
func TestASharedMailboxBelongsToWhoIsMapped(t *testing.T) {
	for _, mapped := range []string{"451", "452"} {
		persons := []configmodel.Person{person(451, "aone"), person(452, "btwo")}
		persons[0].Email, persons[1].Email = "team@lab.example", "team@lab.example"
		org, report := desired.Build(configmodel.Snapshot{Persons: persons}, desired.Options{Mapped: map[string]bool{mapped: true}})
		require.Len(t, org.Users, 1)
		require.Equal(t, mapped, org.Users[0].ID)
		require.Empty(t, org.Users[0].Aliases)
		require.Equal(t, 1, report.Count(desired.AddressTaken))
		require.NotEqual(t, mapped, report.Notes[0].ID)
	}
}

func TestBlanksAroundAQueueNumberAreDropped(t *testing.T) {
	org := build(t, configmodel.Snapshot{
		Persons: []configmodel.Person{person(301, "ann@x.example")}, DNs: []configmodel.DN{queueDN(201, "VQ1", "S")},
		Groups: []configmodel.Group{group(501, " VQ1 ", "", 301)},
	})
	require.Equal(t, []string{"301"}, org.Queues[0].Members)
}
