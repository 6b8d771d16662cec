package desired

import (
	"fmt"
	"strings"

	"engage.connector/services/config-sync/configmodel"
)

// noteFolders reports what may make folder filtering do less than was meant: names that exist
// nowhere or not in all units (guide: "the folder to be synced should be selected for Persons,
// Skills, DNs, and Agent Groups"), and a damaged tree.
func (b *builder) noteFolders() {
	folder := configmodel.ObjectFolder.String()
	for _, name := range b.scope.Unmatched {
		b.note(FolderUnknown, folder, "", name, "no folder of this name in Persons, Skills, DNs or Agent Groups")
	}
	for _, partial := range b.scope.Partial {
		var units []string
		for _, unit := range partial.Missing {
			units = append(units, unit.String())
		}
		b.note(FolderPartial, folder, "", partial.Name, "has nothing in the units of "+strings.Join(units, ", ")+": for effective filtering select all four alike")
	}
	for _, id := range b.scope.Cycles {
		b.note(FolderCycle, folder, id.String(), "", "lies within itself; what it holds is read once")
	}
	if n := b.scope.Dangling; n > 0 {
		b.note(Dangling, folder, "", "", fmt.Sprintf("%d folders or placements of objects refer to folders that do not exist; they are not selected by them", n))
	}
}

// noteReferences reports skill levels of persons or in skills that do not exist, all in one remark
// each: a damaged table has thousands.
func (b *builder) noteReferences() {
	skills := map[configmodel.DBID]bool{}
	for _, s := range b.snap.Skills {
		skills[s.DBID] = true
	}
	noPerson, noSkill := 0, 0
	for _, l := range b.snap.SkillLevels {
		if !b.persons[l.PersonDBID] {
			noPerson++
		}
		if !skills[l.SkillDBID] {
			noSkill++
		}
	}
	if noPerson > 0 {
		b.note(Dangling, "skill level", "", "", fmt.Sprintf("%d levels belong to persons that do not exist; ignored", noPerson))
	}
	if noSkill > 0 {
		b.note(Dangling, "skill level", "", "", fmt.Sprintf("%d levels are of skills that do not exist; ignored", noSkill))
	}
}
