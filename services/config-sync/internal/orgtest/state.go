package orgtest

import (
	"fmt"
	"slices"
)

// State is the organization in a form that can be compared: names instead of ids.
type State struct {
	Users  map[string]string // user name -> fields, roles and skills
	Queues map[string]string // name -> fields, members and codes
	Skills []string
	Codes  []string
	Source string // the only source, with a mark when it is the default
}

// State returns the current state. Two objects of one name show as one text and a number.
func (o *Org) State() State {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := State{Users: map[string]string{}, Queues: map[string]string{}}
	for _, u := range o.users {
		var skills []string
		for id, level := range u.Skills {
			skills = append(skills, fmt.Sprintf("%s=%.1f", o.skills[id], level))
		}
		slices.Sort(skills)
		slices.Sort(u.Roles)
		s.Users[u.UserName] += fmt.Sprintf("%s|%s|%t|%v|%v|%s", u.DisplayName, u.ExternalID, u.IsActive(), u.Roles, skills, u.Division)
	}
	for _, q := range o.queues {
		s.Queues[q.Name] += fmt.Sprintf("%s|%s|%v|%v", q.Description, q.PeerID, o.names(q.Members, func(id string) string { return o.users[id].UserName }),
			o.names(q.Codes, func(id string) string { return o.codes[id] }))
	}
	for _, name := range o.skills {
		s.Skills = append(s.Skills, name)
	}
	for _, name := range o.codes {
		s.Codes = append(s.Codes, name)
	}
	slices.Sort(s.Skills)
	slices.Sort(s.Codes)
	for id, name := range o.sources {
		s.Source += fmt.Sprintf("%s default=%t", name, id == o.primary)
	}
	return s
}

func (o *Org) names(ids map[string]bool, name func(string) string) []string {
	var out []string
	for id := range ids {
		out = append(out, name(id))
	}
	slices.Sort(out)
	return out
}
