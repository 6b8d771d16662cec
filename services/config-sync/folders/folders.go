// Package folders decides which objects the folder filter selects (guide, "Selecting Engage
// Objects for Mapping to EX Org using Folder Filtering").
package folders

import (
	"slices"
	"strings"

	"engage.connector/services/config-sync/configmodel"
)

// Names splits the value of SYNC_CUSTOMER_FOLDER_NAME. Blanks around the commas are dropped,
// because the guide's own example has them; blanks inside a name stay.
func Names(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Selection is the set of objects that lie in the selected folders. The zero value selects
// nothing; All selects everything.
type Selection struct {
	all     bool
	objects map[key]bool
	folders map[configmodel.DBID]bool
	// Unmatched are the names for which no folder exists in any unit.
	Unmatched []string
	// Partial are the names for which not every unit has a folder with objects.
	Partial []Partial
	// Cycles are folders that lie within themselves, and Dangling counts the folders and placements
	// whose folder does not exist: signs of a damaged tree.
	Cycles   []configmodel.DBID
	Dangling int
}

// Partial is a folder name and the units in which nothing is found under it.
type Partial struct {
	Name    string
	Missing []configmodel.ObjectType
}

type key struct {
	objectType configmodel.ObjectType
	dbid       configmodel.DBID
}

// unitTable are the four configuration units that the filter searches.
var unitTable = []configmodel.ObjectType{
	configmodel.ObjectPerson, configmodel.ObjectSkill, configmodel.ObjectDN, configmodel.ObjectAgentGroup,
}

// All selects every object: folder filtering is off.
func All() Selection { return Selection{all: true} }

// Select searches the named folders in the four units, at any level, and takes all their
// sub-folders. A folder of folders (a "configuration unit" made by the customer) counts as well,
// since the wanted folders may lie below it. Names are compared case-sensitively.
func Select(tree []configmodel.Folder, objects []configmodel.FolderObject, names []string) Selection {
	s := Selection{objects: map[key]bool{}, folders: map[configmodel.DBID]bool{}}
	children := map[configmodel.DBID][]configmodel.Folder{}
	byName := map[string][]configmodel.Folder{}
	for _, f := range tree {
		if !searchable(f) {
			continue
		}
		byName[f.Name] = append(byName[f.Name], f)
		if f.ParentType == configmodel.ObjectFolder {
			children[f.ParentDBID] = append(children[f.ParentDBID], f)
		}
	}
	for _, name := range names {
		if len(byName[name]) == 0 {
			s.Unmatched = append(s.Unmatched, name)
		}
		s.closure(byName[name], children)
	}
	for _, o := range objects {
		if s.folders[o.FolderDBID] && slices.Contains(unitTable, o.ObjectType) {
			s.objects[key{o.ObjectType, o.ObjectDBID}] = true
		}
	}
	s.inspect(tree, objects)
	s.units(byName, children, objects, names)
	return s
}

// inspect looks for damage.
func (s *Selection) inspect(tree []configmodel.Folder, objects []configmodel.FolderObject) {
	parent := make(map[configmodel.DBID]configmodel.DBID, len(tree))
	for _, f := range tree {
		parent[f.DBID] = 0
		if f.ParentType == configmodel.ObjectFolder {
			parent[f.DBID] = f.ParentDBID
		}
	}
	for _, f := range tree {
		if _, known := parent[parent[f.DBID]]; parent[f.DBID] != 0 && !known {
			s.Dangling++
		}
		if onCycle(parent, f.DBID) {
			s.Cycles = append(s.Cycles, f.DBID)
		}
	}
	slices.Sort(s.Cycles)
	for _, o := range objects {
		if _, known := parent[o.FolderDBID]; !known && slices.Contains(unitTable, o.ObjectType) {
			s.Dangling++
		}
	}
}

// onCycle tells whether the way up from a folder comes back to it.
func onCycle(parent map[configmodel.DBID]configmodel.DBID, from configmodel.DBID) bool {
	seen := map[configmodel.DBID]bool{}
	for at := parent[from]; at != 0 && !seen[at]; at = parent[at] {
		if at == from {
			return true
		}
		seen[at] = true
	}
	return false
}

// units notes the names under which a unit has nothing.
func (s *Selection) units(byName map[string][]configmodel.Folder, children map[configmodel.DBID][]configmodel.Folder, objects []configmodel.FolderObject, names []string) {
	holds := map[configmodel.DBID][]configmodel.ObjectType{}
	for _, o := range objects {
		if s.folders[o.FolderDBID] && !slices.Contains(holds[o.FolderDBID], o.ObjectType) {
			holds[o.FolderDBID] = append(holds[o.FolderDBID], o.ObjectType)
		}
	}
	for _, name := range names {
		if len(byName[name]) == 0 {
			continue
		}
		one := Selection{folders: map[configmodel.DBID]bool{}}
		one.closure(byName[name], children)
		var missing []configmodel.ObjectType
		for _, unit := range unitTable {
			if !one.hasUnit(unit, holds) {
				missing = append(missing, unit)
			}
		}
		if len(missing) > 0 {
			s.Partial = append(s.Partial, Partial{name, missing})
		}
	}
}

func (s *Selection) hasUnit(unit configmodel.ObjectType, holds map[configmodel.DBID][]configmodel.ObjectType) bool {
	for id := range s.folders {
		if slices.Contains(holds[id], unit) {
			return true
		}
	}
	return false
}

// closure adds the folders and everything below them. Folders already taken are not entered
// again, so that a damaged tree with a cycle ends too.
func (s *Selection) closure(queue []configmodel.Folder, children map[configmodel.DBID][]configmodel.Folder) {
	queue = slices.Clone(queue)
	for len(queue) > 0 {
		f := queue[0]
		queue = queue[1:]
		if s.folders[f.DBID] {
			continue
		}
		s.folders[f.DBID] = true
		queue = append(queue, children[f.DBID]...)
	}
}

func searchable(f configmodel.Folder) bool {
	return f.State != configmodel.StateDeleted &&
		(f.Type == configmodel.ObjectFolder || slices.Contains(unitTable, f.Type))
}

// Contains tells whether the object lies in a selected folder.
func (s Selection) Contains(objectType configmodel.ObjectType, dbid configmodel.DBID) bool {
	return s.all || s.objects[key{objectType, dbid}]
}
