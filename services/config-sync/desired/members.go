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
	agents := b.agents()
	sets := make([]map[string]bool, len(queues))
	for _, g := range b.snap.Groups {
		number, linked := g.Annex.Value(linkSection, linkOption)
		if !linked || number == "" || g.State != configmodel.StateEnabled || !b.scope.Contains(configmodel.ObjectAgentGroup, g.DBID) {
			continue
		}
		targets := b.linkedQueues(g, number, queues)
		if len(targets) == 0 {
			continue
		}
		members, certain := b.groupMembers(g, agents)
		for _, at := range targets {
			queues[at].KeepMembers = queues[at].KeepMembers || !certain
			if sets[at] == nil {
				sets[at] = map[string]bool{}
			}
			for _, id := range members {
				sets[at][id] = true
			}
		}
	}
	for at, set := range sets {
		for id := range set {
			queues[at].Members = append(queues[at].Members, id)
		}
		slices.SortFunc(queues[at].Members, CompareIDs)
	}
}

// linkedQueues finds the queues that a link names: by the DN's number, and only if there is none
// by its alias. DNs of one number on several switches are all meant, since the link names no
// switch.
func (b *builder) linkedQueues(g configmodel.Group, number string, queues []Queue) []int {
	targets := queuesWhere(queues, func(d DN) bool { return d.Number == number })
	if len(targets) == 0 {
		targets = queuesWhere(queues, func(d DN) bool { return d.Alias == number })
	}
	switch len(targets) {
	case 0:
		b.note(QueueUnknown, "agent group", g.DBID.String(), g.Name, fmt.Sprintf("%s/%s names %q, which is no queue in scope", linkSection, linkOption, number))
	case 1:
	default:
		b.note(QueueAmbiguous, "agent group", g.DBID.String(), g.Name, fmt.Sprintf("%q exists on %d switches; the members are added to all of them", number, len(targets)))
	}
	return targets
}

func queuesWhere(queues []Queue, matches func(DN) bool) []int {
	var found []int
	for i, q := range queues {
		hit := matches(q.DN)
		for _, a := range q.Aliases {
			hit = hit || a.DN != nil && matches(*a.DN)
		}
		if hit {
			found = append(found, i)
		}
	}
	return found
}

// agent is a person that can be a member of a queue: enabled, an agent and mapped to a user.
type agent struct {
	user   string
	levels map[string]int
}

// SkillLevel implements vag.Agent.
func (a agent) SkillLevel(name string) (int, bool) {
	level, has := a.levels[name]
	return level, has
}

// agents lists the possible members with all their skills: a script may ask for a skill that
// is not mapped itself.
func (b *builder) agents() map[configmodel.DBID]agent {
	names := map[configmodel.DBID]string{}
	for _, s := range b.snap.Skills {
		names[s.DBID] = s.Name
	}
	agents := map[configmodel.DBID]agent{}
	for _, p := range b.snap.Persons {
		if user, mapped := b.userOf[p.DBID]; mapped && p.Agent && p.State == configmodel.StateEnabled {
			agents[p.DBID] = agent{user: user, levels: map[string]int{}}
		}
	}
	for _, l := range b.snap.SkillLevels {
		if a, ok := agents[l.PersonDBID]; ok {
			a.levels[names[l.SkillDBID]] = l.Level
		}
	}
	return agents
}

// groupMembers returns the users of the group; certain is false when the script leaves open who
// belongs to it.
func (b *builder) groupMembers(g configmodel.Group, agents map[configmodel.DBID]agent) (users []string, certain bool) {
	text, _ := g.Annex.Value(scriptSection, scriptOption)
	if strings.TrimSpace(text) == "" {
		for _, id := range g.Members {
			if a, ok := agents[id]; ok {
				users = append(users, a.user)
			}
		}
		return users, true
	}
	script, err := vag.Parse(text)
	if err != nil {
		b.note(ScriptInvalid, "agent group", g.DBID.String(), g.Name, "script: "+err.Error())
		return nil, false
	}
	b.noteScript(g, script)
	undecided := 0
	for _, a := range agents {
		switch script.Evaluate(a) {
		case vag.Yes:
			users = append(users, a.user)
		case vag.Unknown:
			undecided++
		case vag.No:
		}
	}
	if undecided > 0 {
		b.note(ScriptUndecided, "agent group", g.DBID.String(), g.Name,
			fmt.Sprintf("script asks LoggedIn, which the configuration cannot tell; %d agents are undecided and not added", undecided))
	}
	return users, undecided == 0
}

func (b *builder) noteScript(g configmodel.Group, script *vag.Script) {
	if script.Mixed() {
		b.note(ScriptMixed, "agent group", g.DBID.String(), g.Name, "script mixes & and | without parentheses; read from left to right as "+script.String())
	}
	for _, name := range script.Skills() {
		if !slices.ContainsFunc(b.snap.Skills, func(s configmodel.Skill) bool { return s.Name == name }) {
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
