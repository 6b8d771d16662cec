package desired_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/vag"
)

// levels answers for one person straight from the snapshot.
type levels struct {
	snap   configmodel.Snapshot
	person configmodel.DBID
}

func (l levels) SkillLevel(name string) (int, bool) {
	for _, s := range l.snap.SkillLevels {
		if s.PersonDBID == l.person && l.snap.Skills[s.SkillDBID-400].Name == name {
			return s.Level, true
		}
	}
	return 0, false
}

// A script is evaluated only for who has one of its skills; the outcome is that of asking everybody.
func TestGroupsAreEvaluatedAsIfEverybodyWereAsked(t *testing.T) {
	scripts := []string{
		`Skill("a") > 3`, `Skill("a") < 3`, `~SkillExists("a")`, `SkillExists("a") & SkillExists("b")`, `Skill("a") >= Skill("b")`,
		`SkillExists("c") | ~(Skill("b") = 0)`, `Skill("none") = 0`, `Skill("a") > 2 & LoggedIn("S")`, `SkillExists("a") | LoggedIn("S")`, `1 = 1`,
	}
	rapid.Check(t, func(t *rapid.T) {
		snap := configmodel.Snapshot{DNs: []configmodel.DN{queueDN(201, "VQ", "S")}}
		for i, name := range []string{"a", "b", "c"} {
			snap.Skills = append(snap.Skills, configmodel.Skill{DBID: configmodel.DBID(400 + i), Name: name, State: configmodel.StateEnabled})
		}
		for i := range rapid.IntRange(0, 6).Draw(t, "persons") {
			p := person(configmodel.DBID(301+i), fmt.Sprintf("p%d@x.example", i))
			snap.Persons = append(snap.Persons, p)
			for _, s := range snap.Skills {
				if rapid.Bool().Draw(t, "has") {
					snap.SkillLevels = append(snap.SkillLevels, configmodel.SkillLevel{PersonDBID: p.DBID, SkillDBID: s.DBID, Level: rapid.IntRange(0, 5).Draw(t, "level")})
				}
			}
		}
		text := rapid.SampledFrom(scripts).Draw(t, "script")
		snap.Groups = []configmodel.Group{group(501, "VQ", text)}
		org, _ := desired.Build(snap, desired.Options{})

		script, err := vag.Parse(text)
		require.NoError(t, err)
		var want []string
		keep := false
		for _, p := range snap.Persons {
			switch script.Evaluate(levels{snap, p.DBID}) {
			case vag.Yes:
				want = append(want, p.DBID.String())
			case vag.Unknown:
				keep = true
			case vag.No:
			}
		}
		require.True(t, slices.Equal(want, org.Queues[0].Members), "%v %v", want, org.Queues[0].Members)
		require.Equal(t, keep, org.Queues[0].KeepMembers)
	})
}

// References into nothing and folders within themselves are reported and end nothing.
func TestDamagedConfigurationIsReportedNotFatal(t *testing.T) {
	snap := configmodel.Snapshot{
		Persons:     []configmodel.Person{person(301, "a@x.example")},
		Skills:      []configmodel.Skill{{DBID: 401, Name: "Spanish", State: configmodel.StateEnabled}},
		SkillLevels: []configmodel.SkillLevel{{PersonDBID: 999, SkillDBID: 401, Level: 3}, {PersonDBID: 301, SkillDBID: 999, Level: 3}},
		DNs:         []configmodel.DN{queueDN(201, "VQ", "S")},
		Groups: []configmodel.Group{
			group(501, "VQ", "", 301, 998), group(502, "VQ", "broken("), group(503, "No such queue", ""),
		},
		Folders: []configmodel.Folder{
			{DBID: 901, Name: "A", Type: configmodel.ObjectPerson, ParentDBID: 902, ParentType: configmodel.ObjectFolder, State: 1},
			{DBID: 902, Name: "B", Type: configmodel.ObjectPerson, ParentDBID: 901, ParentType: configmodel.ObjectFolder, State: 1},
			{DBID: 903, Name: "C", Type: configmodel.ObjectDN, ParentDBID: 999, ParentType: configmodel.ObjectFolder, State: 1},
		},
		FolderObjects: []configmodel.FolderObject{
			{FolderDBID: 902, ObjectDBID: 301, ObjectType: configmodel.ObjectPerson}, {FolderDBID: 903, ObjectDBID: 201, ObjectType: configmodel.ObjectDN},
			{FolderDBID: 998, ObjectDBID: 301, ObjectType: configmodel.ObjectPerson},
			{FolderDBID: 903, ObjectDBID: 501, ObjectType: configmodel.ObjectAgentGroup}, {FolderDBID: 903, ObjectDBID: 502, ObjectType: configmodel.ObjectAgentGroup},
			{FolderDBID: 903, ObjectDBID: 503, ObjectType: configmodel.ObjectAgentGroup}, {FolderDBID: 903, ObjectDBID: 401, ObjectType: configmodel.ObjectSkill},
		},
	}
	org, report := desired.Build(snap, desired.Options{CustomerObjectsOnly: true, FolderNames: []string{"A", "C"}})
	require.Len(t, org.Users, 1, "found although its folder lies within itself")
	require.Equal(t, []string{"301"}, org.Queues[0].Members)
	require.True(t, org.Queues[0].KeepMembers, "a script that cannot be read takes nobody away")
	require.Equal(t, 2, report.Count(desired.FolderCycle))
	require.Equal(t, 4, report.Count(desired.Dangling), "folders, levels of no person, levels of no skill, members: %v", report.Notes)
	require.Equal(t, 1, report.Count(desired.ScriptInvalid))
	require.Equal(t, 1, report.Count(desired.QueueUnknown))
}

// For effective filtering a folder must be there for all four units; where it is not, the operator
// is told which are missing.
//
// ledger: E-EXCS-039
func TestFolderThatIsNotInAllUnitsIsReported(t *testing.T) {
	snap := configmodel.Snapshot{Persons: []configmodel.Person{person(301, "a@x.example")}}
	units := []configmodel.ObjectType{configmodel.ObjectPerson, configmodel.ObjectSkill, configmodel.ObjectDN, configmodel.ObjectAgentGroup}
	for i, unit := range units {
		id := configmodel.DBID(901 + i)
		snap.Folders = append(snap.Folders, configmodel.Folder{DBID: id, Name: "EX_EVOLUTION", Type: unit, State: 1})
		snap.FolderObjects = append(snap.FolderObjects, configmodel.FolderObject{FolderDBID: id, ObjectDBID: 301, ObjectType: unit})
	}
	opts := desired.Options{CustomerObjectsOnly: true, FolderNames: []string{"EX_EVOLUTION"}}
	_, report := desired.Build(snap, opts)
	require.Zero(t, report.Count(desired.FolderPartial))

	snap.Folders, snap.FolderObjects = snap.Folders[:2], snap.FolderObjects[:1]
	_, report = desired.Build(snap, opts)
	require.Equal(t, 1, report.Count(desired.FolderPartial))
	require.Contains(t, report.Notes[0].Text, "skill, dn, agent group")
}

// BenchmarkLargeCenter derives 30,000 persons, 450,000 skill levels, 60,000 DNs and 2,000 virtual
// agent groups.
func BenchmarkLargeCenter(b *testing.B) {
	snap := largeCenter()
	b.ReportAllocs()
	for b.Loop() {
		desired.Build(snap, desired.Options{})
	}
}

func largeCenter() configmodel.Snapshot {
	var snap configmodel.Snapshot
	for i := range 300 {
		snap.Skills = append(snap.Skills, configmodel.Skill{DBID: configmodel.DBID(400 + i), Name: fmt.Sprint("skill", i), State: configmodel.StateEnabled})
	}
	for i := range 30_000 {
		p := person(configmodel.DBID(100_000+i), fmt.Sprintf("agent%d@x.example", i))
		snap.Persons = append(snap.Persons, p)
		for k := range 15 {
			snap.SkillLevels = append(snap.SkillLevels, configmodel.SkillLevel{PersonDBID: p.DBID, SkillDBID: configmodel.DBID(400 + (i+k*19)%300), Level: 1 + (i+k)%10})
		}
	}
	for i := range 60_000 {
		dn := queueDN(configmodel.DBID(200_000+i), fmt.Sprint("VQ", i), "S")
		if i >= 2000 {
			dn.Type = configmodel.DNExtension
		}
		snap.DNs = append(snap.DNs, dn)
	}
	for i := range 2000 {
		snap.Groups = append(snap.Groups, group(configmodel.DBID(500_000+i), fmt.Sprint("VQ", i), fmt.Sprintf(`Skill("skill%d") > 5 & SkillExists("skill%d")`, i%300, (i+19)%300)))
	}
	return snap
}
