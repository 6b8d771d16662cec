package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/vag"
)

// byName lets the real evaluation of scripts see the levels of a person.
type byName []level

func (b byName) SkillLevel(name string) (int, bool) {
	for _, l := range b {
		if skillName(l.skill) == name {
			return l.value, true
		}
	}
	return 0, false
}

// The bench and config-sync read a script alike; the bench decides by its numbers, config-sync by its text.
func TestScriptsMeanTheSameToBoth(t *testing.T) {
	c := center{skills: 4}
	rapid.Check(t, func(t *rapid.T) {
		s := c.script(rapid.IntRange(0, 1000).Draw(t, "queue"))
		var levels []level
		for skill := range c.skills {
			if value := rapid.IntRange(0, highestLevel).Draw(t, "level"); value > 0 {
				levels = append(levels, level{skill, value})
			}
		}
		parsed, err := vag.Parse(s.text())
		require.NoError(t, err, s.text())
		require.Equal(t, s.satisfied(levels), parsed.Evaluate(byName(levels)) == vag.Yes, "%s for %v", s.text(), levels)
	})
}

func TestCenterIsTheSameEveryTime(t *testing.T) {
	c := center{persons: 50, skills: 10, levels: 3, queues: 8}
	again := center{persons: 50, skills: 10, levels: 3, queues: 8}
	require.Equal(t, c.skillLevels(), again.skillLevels())
	require.Equal(t, c.membersOf(), again.membersOf())
	require.NotEqual(t, c.skillLevels()[0], c.skillLevels()[1])
}

func TestMembersSatisfyTheScript(t *testing.T) {
	c := center{persons: 200, skills: 10, levels: 3, queues: 20}
	levels, members := c.skillLevels(), c.membersOf()
	for q := range c.queues {
		var want []int
		for p := range c.persons {
			if c.script(q).satisfied(levels[p]) {
				want = append(want, p)
			}
		}
		require.Equal(t, want, members[q], "queue %d: %s", q, c.script(q).text())
	}
}

func TestListedMembers(t *testing.T) {
	members := center{persons: 5, queues: 3, members: 2}.membersOf()
	require.Equal(t, [][]int{{0, 1}, {2, 3}, {4, 0}}, members)
}

func TestTablesHoldWhatTheCenterSays(t *testing.T) {
	sizes := map[string]int{}
	for _, of := range []center{largeCenter(), smallCenter()} {
		clear(sizes)
		for _, table := range of.tables() {
			sizes[table.name] += table.len
			if table.len > 0 {
				require.Len(t, table.row(table.len-1), len(table.columns), table.name)
			}
		}
		require.Equal(t, of.persons, sizes["cfg_person"])
		require.Equal(t, of.persons*of.levels, sizes["cfg_skill_level"])
		require.Equal(t, of.queues+of.extensions, sizes["cfg_dn"])
		require.Equal(t, of.queues*of.members, sizes["cfg_agent_group"])
		require.Equal(t, of.queues, sizes["cfg_group"])
	}
	require.Equal(t, 450_000, largeCenter().persons*largeCenter().levels)
	require.Equal(t, 60_000, largeCenter().queues+largeCenter().extensions)
}

// What differs between an org and the center is named.
func TestDifferencesAreFound(t *testing.T) {
	c := center{persons: 2, skills: 1, levels: 1, queues: 1, members: 1, codes: 1}
	org := orgOf(c)
	require.Empty(t, differences(c, org))
	org.Queues[0].Members = []string{"id1"}
	org.Users[1].Active = false
	org.Skills = nil
	require.Len(t, differences(c, org), 3)
	require.Len(t, shortcomings(c, desired.Org{}), 4, "no user, queue, skill and code")
}

// orgOf is how the org of a center looks.
func orgOf(c center) orgState {
	var org orgState
	for p := range c.persons {
		org.Users = append(org.Users, orgUser{ID: fmt.Sprintf("id%d", p), UserName: userName(p), Active: true, Skills: map[string]float64{skillName(0): 5}})
	}
	for q := range c.queues {
		org.Queues = append(org.Queues, orgQueue{Name: queueName(q), Members: []string{"id0"}, WrapupCodes: []string{"code"}})
	}
	org.Skills = []named{{Name: skillName(0)}}
	org.WrapupCodes = []named{{Name: codeName(0)}}
	return org
}
