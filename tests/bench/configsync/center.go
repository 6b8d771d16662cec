package main

import (
	"fmt"
	"math/rand/v2"
)

// center says how large a generated contact center is. The same center always has the same content.
type center struct {
	persons    int // all of them agents with one login
	skills     int
	levels     int // skills per person
	queues     int // virtual queues, each linked to one agent group
	members    int // persons listed in a group; 0: the group has a script instead
	codes      int
	extensions int
}

// The tenant of every generated center, and its switch.
const (
	tenantDBID = 101
	tenantName = "Resources"
	switchDBID = 101
	switchName = "SIP_Switch"
)

// The first DBIDs of the kinds of objects.
const (
	personBase    = 1_000_000
	skillBase     = 2_000_000
	queueBase     = 3_000_000
	extensionBase = 4_000_000
	groupBase     = 5_000_000
	loginBase     = 6_000_000
	annexBase     = 7_000_000
	valueBase     = 8_000_000
	attributeDBID = 701
	transaction   = 801
)

// The values of the Config DB's enumerations.
const (
	flagTrue      = 2
	stateEnabled  = 1
	dnExtension   = 1
	dnQueue       = 5
	typeGroup     = 5
	typeList      = 16 // object type of a transaction
	listType      = 21 // type of the transaction
	operational   = 1  // interaction operational attribute
	annexSection  = 3
	annexOption   = 0
	highestLevel  = 10
	skillPatterns = 4 // of four scripts two ask for one skill
)

// table is the content of a table of the Config DB.
type table struct {
	name    string
	columns []string
	len     int
	row     func(i int) []any
}

// level is a skill of a person.
type level struct{ skill, value int }

// skillLevels deals the skills out: person -> levels of different skills.
func (c center) skillLevels() [][]level {
	random := rand.New(rand.NewPCG(1, uint64(c.persons))) //nolint:gosec // the same every time on purpose
	all := make([][]level, c.persons)
	for p := range all {
		has := map[int]bool{}
		for len(all[p]) < min(c.levels, c.skills) {
			skill := random.IntN(c.skills)
			if !has[skill] {
				has[skill] = true
				all[p] = append(all[p], level{skill, 1 + random.IntN(highestLevel)})
			}
		}
	}
	return all
}

// script is the rule of a virtual agent group. One in four asks for two skills, one in four for one of two.
type script struct {
	pattern      int
	first        int
	second       int
	above, least int
}

func (c center) script(queue int) script {
	random := rand.New(rand.NewPCG(2, uint64(queue))) //nolint:gosec // the same every time on purpose
	return script{queue % skillPatterns, random.IntN(c.skills), random.IntN(c.skills), 3 + random.IntN(5), 1 + random.IntN(5)}
}

// The patterns; all others ask for the first skill only.
const (
	patternBoth   = 2
	patternEither = 3
)

func (s script) text() string {
	first := fmt.Sprintf("Skill(%q) > %d", skillName(s.first), s.above)
	second := fmt.Sprintf("Skill(%q) >= %d", skillName(s.second), s.least)
	switch s.pattern {
	case patternBoth:
		return first + " & " + second
	case patternEither:
		return "(" + first + " | " + second + ")"
	}
	return first
}

// satisfied is the rule by its numbers; a skill that a person does not have counts as level 0.
func (s script) satisfied(levels []level) bool {
	var first, second int
	for _, l := range levels {
		if l.skill == s.first {
			first = l.value
		}
		if l.skill == s.second {
			second = l.value
		}
	}
	switch s.pattern {
	case patternBoth:
		return first > s.above && second >= s.least
	case patternEither:
		return first > s.above || second >= s.least
	}
	return first > s.above
}

// membersOf returns the persons of every queue.
func (c center) membersOf() [][]int {
	out := make([][]int, c.queues)
	if c.members > 0 {
		for q := range out {
			for k := range c.members {
				out[q] = append(out[q], (q*c.members+k)%c.persons)
			}
		}
		return out
	}
	bySkill := make([][]int, c.skills) // queues whose script names the skill
	scripts := make([]script, c.queues)
	for q := range scripts {
		scripts[q] = c.script(q)
		bySkill[scripts[q].first] = append(bySkill[scripts[q].first], q)
		if scripts[q].second != scripts[q].first {
			bySkill[scripts[q].second] = append(bySkill[scripts[q].second], q)
		}
	}
	for p, levels := range c.skillLevels() {
		for _, q := range queuesOf(levels, bySkill) {
			if scripts[q].satisfied(levels) {
				out[q] = append(out[q], p)
			}
		}
	}
	return out
}

// queuesOf lists, once each, the queues whose scripts name one of the skills: no script is satisfied without any.
func queuesOf(levels []level, bySkill [][]int) []int {
	seen := map[int]bool{}
	var out []int
	for _, l := range levels {
		for _, q := range bySkill[l.skill] {
			if !seen[q] {
				seen[q] = true
				out = append(out, q)
			}
		}
	}
	return out
}

func userName(person int) string { return fmt.Sprintf("agent%05d@bench.example", person) }
func skillName(skill int) string { return fmt.Sprintf("Skill_%03d", skill) }
func codeName(code int) string   { return fmt.Sprintf("Code_%02d", code) }
func queueNumber(q int) string   { return fmt.Sprintf("VQ_%04d", q) }

// queueName is what the organization calls a queue (guide, "Queues").
func queueName(q int) string { return queueNumber(q) + "__" + switchName + "__Engage-external" }
