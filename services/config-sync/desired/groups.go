package desired

import (
	"fmt"
	"slices"
	"strings"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/vag"
)

// agent is a person that can be a member of a queue: enabled, an agent and mapped to a user.
type agent struct {
	user   string
	rank   int // of the user in the order of Engage ids
	levels map[string]int
	script int // number of the last script that named one of the skills
}

// SkillLevel implements vag.Agent.
func (a *agent) SkillLevel(name string) (int, bool) {
	level, has := a.levels[name]
	return level, has
}

// staff are the possible members, also by the skills that they have: a script is evaluated for
// those who have a skill that it names, and once for all others, who are alike to it.
type staff struct {
	agents  map[configmodel.DBID]*agent
	ordered []*agent
	having  map[string][]*agent
	skills  map[string]bool // names of all skills of the configuration
	users   []string        // ids of users by rank
	scripts int             // evaluated so far
}

// staff lists the possible members with all their skills: a script may ask for a skill that is not
// mapped itself.
func (b *builder) staff() *staff {
	s := &staff{agents: map[configmodel.DBID]*agent{}, having: map[string][]*agent{}, skills: map[string]bool{}}
	names := map[configmodel.DBID]string{}
	for _, skill := range b.snap.Skills {
		names[skill.DBID] = skill.Name
		s.skills[skill.Name] = true
	}
	for _, p := range b.snap.Persons {
		if user, mapped := b.userOf[p.DBID]; mapped && p.Agent && p.State == configmodel.StateEnabled {
			a := &agent{user: user, levels: map[string]int{}}
			s.agents[p.DBID], s.ordered = a, append(s.ordered, a)
		}
	}
	s.rank()
	for _, l := range b.snap.SkillLevels {
		if a, ok := s.agents[l.PersonDBID]; ok {
			name := names[l.SkillDBID]
			if _, twice := a.levels[name]; !twice {
				s.having[name] = append(s.having[name], a)
			}
			a.levels[name] = l.Level
		}
	}
	return s
}

// rank numbers the users in the order of their ids, so that members can be ordered by number.
func (s *staff) rank() {
	for _, a := range s.ordered {
		s.users = append(s.users, a.user)
	}
	slices.SortFunc(s.users, CompareIDs)
	s.users = slices.Compact(s.users)
	ranks := make(map[string]int, len(s.users))
	for rank, user := range s.users {
		ranks[user] = rank
	}
	for _, a := range s.ordered {
		a.rank = ranks[a.user]
	}
}

// evaluate returns the agents that satisfy a script and the number of those for whom it leaves that
// open.
func (s *staff) evaluate(script *vag.Script) (members []*agent, undecided int) {
	s.scripts++
	concerned := 0
	for _, name := range script.Skills() {
		for _, a := range s.having[name] {
			if a.script == s.scripts {
				continue
			}
			a.script = s.scripts
			concerned++
			switch script.Evaluate(a) {
			case vag.Yes:
				members = append(members, a)
			case vag.Unknown:
				undecided++
			case vag.No:
			}
		}
	}
	switch script.Evaluate(&agent{}) {
	case vag.No:
	case vag.Unknown:
		undecided += len(s.ordered) - concerned
	case vag.Yes:
		for _, a := range s.ordered {
			if a.script != s.scripts {
				members = append(members, a)
			}
		}
	}
	return members, undecided
}

// queueIndex finds queues by what a group may call them.
type queueIndex struct{ numbers, aliases map[string][]int }

func indexQueues(queues []Queue) queueIndex {
	x := queueIndex{map[string][]int{}, map[string][]int{}}
	for i, q := range queues {
		x.add(i, q.DN)
		for _, a := range q.Aliases {
			if a.DN != nil {
				x.add(i, *a.DN)
			}
		}
	}
	return x
}

func (x queueIndex) add(at int, d DN) {
	enter(x.numbers, d.Number, at)
	enter(x.aliases, d.Alias, at)
}

// enter notes a queue under a name; blanks around it mean nothing, and some databases pad with them.
func enter(names map[string][]int, name string, at int) {
	name = strings.TrimSpace(name)
	if !slices.Contains(names[name], at) {
		names[name] = append(names[name], at)
	}
}

// linkedQueues finds the queues that a link names: by the DN's number, and only if there is none
// by its alias. DNs of one number on several switches are all meant, since the link names no
// switch.
func (b *builder) linkedQueues(g configmodel.Group, number string, queues queueIndex) []int {
	targets := queues.numbers[number]
	if len(targets) == 0 {
		targets = queues.aliases[number]
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
