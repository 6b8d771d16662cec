package orgtest

import (
	"maps"
	"slices"

	"engage.connector/pkg/genesys/users"
)

// CutAt sets Cut while the organization is in use.
func (o *Org) CutAt(cut func(write int, after bool) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Cut = cut
}

// GiveSkill assigns a skill to a user, as an administrator can. A skill that the organization does
// not have is made.
func (o *Org) GiveSkill(user, skill string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := o.skillByName(skill)
	if id == "" {
		id = o.id("skill")
		o.skills[id] = skill
	}
	o.users[user].Skills[id] = 3
}

// TakeSkill takes a skill from a user.
func (o *Org) TakeSkill(user, skill string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.users[user].Skills, o.skillByName(skill))
}

// EditUser changes a user as an administrator can.
func (o *Org) EditUser(id string, change func(*User)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o.users[id])
}

// EditQueue changes a queue as an administrator can.
func (o *Org) EditQueue(id string, change func(*Queue)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o.queues[id])
}

// User returns a copy of a user.
func (o *Org) User(id string) User {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := *o.users[id]
	u.Skills, u.Roles = maps.Clone(u.Skills), slices.Clone(u.Roles)
	return u
}

// SkillID returns the id of a skill, empty when there is none.
func (o *Org) SkillID(name string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.skillByName(name)
}

// CodeID returns the id of a wrap-up code, empty when there is none.
func (o *Org) CodeID(name string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, n := range o.codes {
		if n == name && o.elsewhere[id] == "" {
			return id
		}
	}
	return ""
}

// AddForeignCode puts a wrap-up code into another division. perDivision says whether its name may be used
// in the home division too.
func (o *Org) AddForeignCode(name string, perDivision bool) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := o.id("code")
	o.codes[id], o.elsewhere[id], o.perDivision = name, "division-sales", perDivision
	return id
}

// RenameCode renames a wrap-up code.
func (o *Org) RenameCode(id, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.codes[id] = name
}

// SetPrimary makes another source the default of presence.
func (o *Org) SetPrimary(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.primary = id
}

// emailsOf reads the value of a patch operation.
func emailsOf(value any) []users.UserEmail {
	var out []users.UserEmail
	list, _ := value.([]any)
	for _, item := range list {
		fields, _ := item.(map[string]any)
		address, _ := fields["value"].(string)
		out = append(out, users.UserEmail{Value: address, Type: "work", Primary: true})
	}
	return out
}
