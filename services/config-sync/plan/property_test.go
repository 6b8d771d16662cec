package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// centers draws small contact centers from few names, so that objects are often deleted, created
// anew under the same name, renamed and in conflict.
func centers() *rapid.Generator[configmodel.Snapshot] {
	return rapid.Custom(func(t *rapid.T) configmodel.Snapshot {
		ids := func(label string, base configmodel.DBID) []configmodel.DBID {
			n := rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 0, 4, rapid.ID).Draw(t, label)
			slices.Sort(n)
			var out []configmodel.DBID
			for _, i := range n {
				out = append(out, base+configmodel.DBID(i))
			}
			return out
		}
		name := rapid.SampledFrom([]string{"a", "A", "b", "c"})
		var s configmodel.Snapshot
		for _, id := range ids("skills", 400) {
			s.Skills = append(s.Skills, configmodel.Skill{DBID: id, Name: name.Draw(t, "skill"), State: configmodel.StateEnabled})
		}
		for _, id := range ids("persons", 300) {
			s.Persons = append(s.Persons, configmodel.Person{
				DBID: id, UserName: name.Draw(t, "person") + "@x.example", Agent: rapid.Bool().Draw(t, "agent"),
				State: configmodel.State(rapid.IntRange(1, 2).Draw(t, "state")),
				Annex: configmodel.Annex{{Name: "htcc", Children: []configmodel.Property{{Name: "roles", Value: rapid.SampledFrom([]string{"", "Supervisor"}).Draw(t, "roles")}}}},
			})
			for _, skill := range s.Skills {
				if rapid.Bool().Draw(t, "has skill") {
					s.SkillLevels = append(s.SkillLevels, configmodel.SkillLevel{PersonDBID: id, SkillDBID: skill.DBID, Level: rapid.IntRange(0, 9).Draw(t, "level")})
				}
			}
		}
		for _, id := range ids("queues", 200) {
			s.DNs = append(s.DNs, configmodel.DN{
				DBID: id, Number: name.Draw(t, "queue"), Type: rapid.SampledFrom([]configmodel.DNType{5, 5, 1}).Draw(t, "type"),
				State: configmodel.StateEnabled, SwitchName: "S",
			})
		}
		for _, id := range ids("groups", 500) {
			script := rapid.SampledFrom([]string{"", "", `Skill("a") > 3`, `LoggedIn("S")`, "broken("}).Draw(t, "script")
			g := configmodel.Group{DBID: id, State: configmodel.StateEnabled, Annex: configmodel.Annex{
				{Name: "hybrid", Children: []configmodel.Property{{Name: "WFM_queue_number", Value: name.Draw(t, "link")}}},
				{Name: "virtual", Children: []configmodel.Property{{Name: "script", Value: script}}},
			}}
			for _, p := range s.Persons {
				if rapid.Bool().Draw(t, "listed") {
					g.Members = append(g.Members, p.DBID)
				}
			}
			s.Groups = append(s.Groups, g)
		}
		a := configmodel.BusinessAttribute{DBID: 700, Name: "DispositionCode", Type: 1, State: 1}
		for _, id := range ids("values", 710) {
			a.Values = append(a.Values, configmodel.AttributeValue{DBID: id, Name: name.Draw(t, "code"), State: configmodel.StateEnabled})
		}
		s.Attributes = []configmodel.BusinessAttribute{a}
		return s
	})
}

// Whatever a center becomes, and wherever execution stops in between, the plan that follows leads
// to a state in which nothing is left to do and every mapping points to the right object.
func TestPlansConvergeFromAnyInterruption(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		applied := plan.Applied{}
		for step := range rapid.IntRange(1, 5).Draw(t, "steps") {
			org, _ := desired.Build(centers().Draw(t, fmt.Sprint("center ", step)), desired.Options{})
			p := plan.Build(tenant, org, applied, plan.Conditions{})
			stop := rapid.IntRange(0, len(p.Operations)).Draw(t, "executed")
			for _, o := range p.Operations[:stop] {
				runOne(applied, o)
			}
			if rapid.Bool().Draw(t, "finish") {
				settled(t, org, applied)
				checkMappings(t, org, applied)
			}
		}
	})
}

func checkMappings(t *rapid.T, org desired.Org, applied plan.Applied) {
	objects := map[string]string{}
	for _, u := range org.Users {
		r := applied[plan.Users][u.ID]
		require.True(t, r.Live())
		require.Equal(t, plan.UserFields(u), r.Fields)
		require.Equal(t, u.Kind, r.Role)
		require.Len(t, r.Skills, len(u.Skills))
		require.Empty(t, objects[r.CloudID], "two users share object %s", r.CloudID)
		objects[r.CloudID] = u.ID
		for _, a := range u.Aliases {
			require.Equal(t, r.CloudID, applied[plan.Users][a.ID].CloudID)
		}
	}
	for _, q := range org.Queues {
		r := applied[plan.Queues][q.ID]
		require.True(t, r.Live())
		require.Equal(t, plan.QueueFields(q), r.Fields)
		require.Subset(t, r.Members, q.Members)
		if !q.KeepMembers {
			require.Len(t, r.Members, len(q.Members))
		}
	}
	for id, r := range applied[plan.Queues] {
		if r.Removed {
			require.Empty(t, r.Members, "queue %s is retired", id)
		}
	}
}
