package desired

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/vag"
)

// The annex options of an agent group.
const (
	linkSection, linkOption     = "hybrid", "WFM_queue_number"
	scriptSection, scriptOption = "virtual", "script"
)

// members fills the queues' members from the groups that name them. A group without a script
// counts with its listed persons, a group with a script with the agents that satisfy it.
func (b *builder) members(queues []Queue) {
	staff, index := b.staff(), indexQueues(queues)
	sets := make([][]int, len(queues)) // ranks of users
	for _, g := range b.snap.Groups {
		number, linked := g.Annex.Value(linkSection, linkOption)
		number = strings.TrimSpace(number)
		if !linked || number == "" || g.State != configmodel.StateEnabled || !b.scope.Contains(configmodel.ObjectAgentGroup, g.DBID) {
			continue
		}
		targets := b.linkedQueues(g, number, index)
		if len(targets) == 0 {
			continue
		}
		members, certain := b.groupMembers(g, staff)
		for _, at := range targets {
			queues[at].KeepMembers = queues[at].KeepMembers || !certain
			for _, a := range members {
				sets[at] = append(sets[at], a.rank)
			}
		}
	}
	for at, ranks := range sets {
		slices.Sort(ranks)
		for _, rank := range slices.Compact(ranks) {
			queues[at].Members = append(queues[at].Members, staff.users[rank])
		}
	}
}

// groupMembers returns the members of the group; certain is false when the script leaves open who
// belongs to it.
func (b *builder) groupMembers(g configmodel.Group, staff *staff) (members []*agent, certain bool) {
	text, _ := g.Annex.Value(scriptSection, scriptOption)
	if strings.TrimSpace(text) == "" {
		return b.listedMembers(g, staff), true
	}
	script, err := vag.Parse(text)
	if err != nil {
		b.note(ScriptInvalid, "agent group", g.DBID.String(), g.Name, "members stay as they are; script: "+err.Error())
		return nil, false
	}
	b.noteScript(g, script, staff)
	members, undecided := staff.evaluate(script)
	if undecided > 0 {
		b.note(ScriptUndecided, "agent group", g.DBID.String(), g.Name,
			fmt.Sprintf("script asks LoggedIn, which the configuration cannot tell; %d agents are undecided and not added", undecided))
	}
	return members, undecided == 0
}

// listedMembers are the members of a group without a script. Persons that do not exist are
// reported and left out.
func (b *builder) listedMembers(g configmodel.Group, staff *staff) (members []*agent) {
	var unknown []configmodel.DBID
	for _, id := range g.Members {
		if a, ok := staff.agents[id]; ok {
			members = append(members, a)
		} else if !b.persons[id] {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		b.note(Dangling, "agent group", g.DBID.String(), g.Name, fmt.Sprintf("lists %d persons that do not exist, the first one %s", len(unknown), unknown[0]))
	}
	return members
}

func (b *builder) noteScript(g configmodel.Group, script *vag.Script, staff *staff) {
	if script.Mixed() {
		b.note(ScriptMixed, "agent group", g.DBID.String(), g.Name, "script mixes & and | without parentheses; read from left to right as "+script.String())
	}
	for _, name := range script.Skills() {
		if !staff.skills[name] {
			b.note(ScriptSkill, "agent group", g.DBID.String(), g.Name, fmt.Sprintf("script names skill %q, which does not exist; it counts as level 0", name))
		}
	}
}

// CompareIDs orders Engage ids: numbers by value, other texts after them by character.
func CompareIDs(a, b string) int {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	switch {
	case errX == nil && errY == nil:
		return cmp.Compare(x, y)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return cmp.Compare(a, b)
}
