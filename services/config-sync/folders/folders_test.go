package folders_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/folders"
)

// unit is a folder directly below its owner, child one below another folder.
func unit(id configmodel.DBID, name string, holds configmodel.ObjectType) configmodel.Folder {
	return configmodel.Folder{DBID: id, Name: name, Type: holds, ParentDBID: 101, ParentType: configmodel.ObjectTenant, State: 1}
}

func child(id configmodel.DBID, name string, holds configmodel.ObjectType, parent configmodel.DBID) configmodel.Folder {
	return configmodel.Folder{DBID: id, Name: name, Type: holds, ParentDBID: parent, ParentType: configmodel.ObjectFolder, State: 1}
}

var tree = []configmodel.Folder{
	unit(601, "Persons", configmodel.ObjectPerson),
	child(602, "EX_EVOLUTION", configmodel.ObjectPerson, 601),
	child(603, "Team A", configmodel.ObjectPerson, 602),
	child(604, "Night", configmodel.ObjectPerson, 603),
	child(605, "Other", configmodel.ObjectPerson, 601),
	unit(611, "Skills", configmodel.ObjectSkill),
	child(612, "EX_EVOLUTION", configmodel.ObjectSkill, 611),
	unit(621, "DNs", configmodel.ObjectDN),
	child(622, "deep", configmodel.ObjectDN, 621),
	child(623, "EX_EVOLUTION", configmodel.ObjectDN, 622),
	unit(631, "Agent Groups", configmodel.ObjectAgentGroup),
	child(632, "EX_EVOLUTION", configmodel.ObjectAgentGroup, 631),
	unit(641, "Business Attributes", configmodel.ObjectEnumerator),
	child(642, "EX_EVOLUTION", configmodel.ObjectEnumerator, 641),
	unit(651, "Site Berlin", configmodel.ObjectFolder),
	child(652, "Berlin Persons", configmodel.ObjectPerson, 651),
}

var objects = []configmodel.FolderObject{
	{FolderDBID: 601, ObjectDBID: 1, ObjectType: configmodel.ObjectPerson},
	{FolderDBID: 602, ObjectDBID: 2, ObjectType: configmodel.ObjectPerson},
	{FolderDBID: 604, ObjectDBID: 3, ObjectType: configmodel.ObjectPerson},
	{FolderDBID: 605, ObjectDBID: 4, ObjectType: configmodel.ObjectPerson},
	{FolderDBID: 612, ObjectDBID: 2, ObjectType: configmodel.ObjectSkill},
	{FolderDBID: 611, ObjectDBID: 3, ObjectType: configmodel.ObjectSkill},
	{FolderDBID: 623, ObjectDBID: 2, ObjectType: configmodel.ObjectDN},
	{FolderDBID: 632, ObjectDBID: 2, ObjectType: configmodel.ObjectAgentGroup},
	{FolderDBID: 642, ObjectDBID: 2, ObjectType: configmodel.ObjectEnumerator},
	{FolderDBID: 652, ObjectDBID: 9, ObjectType: configmodel.ObjectPerson},
}

// ledger: E-EXCS-035
func TestNamesAcceptBlanksAfterCommas(t *testing.T) {
	require.Equal(t, []string{"A", "Team B", "C"}, folders.Names("A, Team B ,,C, A"))
	require.Empty(t, folders.Names("  , "))
}

// A listed folder is found in all four units, at any level, with everything below it.
//
// ledger: E-EXCS-030
// ledger: E-EXCS-031
// ledger: E-EXCS-032
// ledger: E-EXCS-033
// ledger: E-EXCS-036
// ledger: E-EXCS-037
// ledger: E-EXCS-038
func TestSelect(t *testing.T) {
	tests := []struct {
		name  string
		names []string
		kind  configmodel.ObjectType
		want  []configmodel.DBID
	}{
		{"persons in the folder and two levels below it", []string{"EX_EVOLUTION"}, configmodel.ObjectPerson, []configmodel.DBID{2, 3}},
		{"skills in the folder only", []string{"EX_EVOLUTION"}, configmodel.ObjectSkill, []configmodel.DBID{2}},
		{"DNs in a folder that is not at the root", []string{"EX_EVOLUTION"}, configmodel.ObjectDN, []configmodel.DBID{2}},
		{"agent groups", []string{"EX_EVOLUTION"}, configmodel.ObjectAgentGroup, []configmodel.DBID{2}},
		{"business attributes never", []string{"EX_EVOLUTION"}, configmodel.ObjectEnumerator, nil},
		{"several names", []string{"Team A", "Other"}, configmodel.ObjectPerson, []configmodel.DBID{3, 4}},
		{"the root folder of a unit", []string{"Persons"}, configmodel.ObjectPerson, []configmodel.DBID{1, 2, 3, 4}},
		{"a folder of folders", []string{"Site Berlin"}, configmodel.ObjectPerson, []configmodel.DBID{9}},
		{"another case is another folder", []string{"ex_evolution"}, configmodel.ObjectPerson, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := folders.Select(tree, objects, tt.names)
			var got []configmodel.DBID
			for id := configmodel.DBID(1); id < 10; id++ {
				if s.Contains(tt.kind, id) {
					got = append(got, id)
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestNamesWithoutFolderAreReported(t *testing.T) {
	s := folders.Select(tree, objects, []string{"EX_EVOLUTION", "Nowhere"})
	require.Equal(t, []string{"Nowhere"}, s.Unmatched)
}

func TestAllSelectsEverything(t *testing.T) {
	require.True(t, folders.All().Contains(configmodel.ObjectPerson, 12345))
}

// A tree with cycles ends, and whatever is selected has a listed ancestor or a listed name.
func TestSelectEndsOnAnyTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "folders")
		random, placed := make([]configmodel.Folder, n), make([]configmodel.FolderObject, n)
		for i := range random {
			parent := configmodel.DBID(rapid.IntRange(0, n).Draw(t, "parent"))
			random[i] = child(configmodel.DBID(i+1), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"), configmodel.ObjectPerson, parent)
			placed[i] = configmodel.FolderObject{FolderDBID: configmodel.DBID(i + 1), ObjectDBID: configmodel.DBID(i + 1), ObjectType: configmodel.ObjectPerson}
		}
		got := folders.Select(random, placed, []string{"a"})
		for _, f := range random {
			if got.Contains(configmodel.ObjectPerson, f.DBID) {
				require.True(t, hasListedAncestor(random, f.DBID), "folder %s", f.DBID)
			}
		}
	})
}

func hasListedAncestor(tree []configmodel.Folder, id configmodel.DBID) bool {
	for range tree {
		if id == 0 {
			return false
		}
		f := tree[id-1]
		if f.Name == "a" {
			return true
		}
		id = f.ParentDBID
	}
	return false
}
