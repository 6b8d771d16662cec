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
	return s
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

// Folders returns the DBIDs of the selected folders in ascending order.
func (s Selection) Folders() []configmodel.DBID {
	out := make([]configmodel.DBID, 0, len(s.folders))
	for id := range s.folders {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}
