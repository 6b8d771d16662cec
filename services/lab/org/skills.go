package org

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

type skill struct {
	ID       string
	Name     string
	created  time.Time
	modified time.Time
}

type skillView struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	DateModified string `json:"dateModified"`
	State        string `json:"state"`
	Version      string `json:"version"`
	SelfURI      string `json:"selfUri"`
}

func (s *skill) view() skillView {
	return skillView{
		ID: s.ID, Name: s.Name, DateModified: stamp(s.modified), State: "active", Version: "1",
		SelfURI: "/api/v2/routing/skills/" + s.ID,
	}
}

// skillByName finds a skill by its exact, case-sensitive name, as SCIM does.
func (o *Org) skillByName(name string) *skill {
	for _, s := range o.skills {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (o *Org) skillByID(id string) *skill {
	for _, s := range o.skills {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (o *Org) listSkills(c *call) (*reply, *fault) {
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	prefix, wanted := strings.ToLower(c.r.URL.Query().Get("name")), ids(c, "id")
	out := []skillView{}
	for _, s := range o.skills {
		named := strings.HasPrefix(strings.ToLower(s.Name), prefix)
		if named && o.visible(s.created) && (len(wanted) == 0 || slices.Contains(wanted, s.ID)) {
			out = append(out, s.view())
		}
	}
	slices.SortFunc(out, func(a, b skillView) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return ok(cut(p, out))
}

func (o *Org) createSkill(c *call) (*reply, *fault) {
	in, flt := decode[struct {
		Name string `json:"name"`
	}](c.body, "CreateRoutingSkill")
	if flt != nil {
		return nil, flt
	}
	if strings.TrimSpace(in.Name) == "" {
		return nil, constraint("name must not be blank").field("name")
	}
	if slices.ContainsFunc(o.skills, func(s *skill) bool { return strings.EqualFold(s.Name, in.Name) }) {
		return nil, fail(codeConflict)
	}
	s := &skill{ID: o.newID(), Name: in.Name, created: c.now, modified: c.now}
	o.skills = append(o.skills, s)
	return ok(s.view())
}

func (o *Org) getSkill(c *call) (*reply, *fault) {
	s := o.skillByID(c.r.PathValue("skillId"))
	if s == nil || !o.visible(s.created) {
		return nil, fail(codeNoSkill)
	}
	return ok(s.view())
}

func (o *Org) deleteSkill(c *call) (*reply, *fault) {
	s := o.skillByID(c.r.PathValue("skillId"))
	if s == nil {
		return nil, fail(codeNoSkill)
	}
	o.skills = slices.DeleteFunc(o.skills, func(other *skill) bool { return other == s })
	for _, u := range o.users.order {
		delete(u.skills, s.ID)
	}
	o.changed()
	return &reply{status: http.StatusOK}, nil
}

// Skills of a user.

type userSkill struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Proficiency float64 `json:"proficiency"`
	State       string  `json:"state"`
	SkillURI    string  `json:"skillUri"`
	SelfURI     string  `json:"selfUri"`
}

type userSkillPost struct {
	ID          string   `json:"id"`
	Proficiency *float64 `json:"proficiency"`
	SkillURI    string   `json:"skillUri"`
	SelfURI     string   `json:"selfUri"`
}

// maxBulkSkills is the size of a bulk call (facts 2.6).
const maxBulkSkills = 50

// skillsOf lists a user's skills in the order of the organization's skills.
func (o *Org) skillsOf(u *user) []userSkill {
	out := []userSkill{}
	for _, s := range o.skills {
		if proficiency, has := u.skills[s.ID]; has {
			out = append(out, o.userSkill(u, s, proficiency))
		}
	}
	return out
}

func (o *Org) userSkill(u *user, s *skill, proficiency float64) userSkill {
	return userSkill{
		ID: s.ID, Name: s.Name, Proficiency: proficiency, State: "active", SkillURI: "/api/v2/routing/skills/" + s.ID,
		SelfURI: "/api/v2/users/" + u.id + "/routingskills/" + s.ID,
	}
}

func (o *Org) listUserSkills(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNoUser)
	if flt != nil {
		return nil, flt
	}
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	return ok(cut(p, o.skillsOf(u)))
}

func (o *Org) addUserSkill(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNoUser)
	if flt != nil {
		return nil, flt
	}
	in, flt := decode[userSkillPost](c.body, "UserRoutingSkillPost")
	if flt == nil {
		flt = o.checkUserSkills([]userSkillPost{in})
	}
	if flt != nil {
		return nil, flt
	}
	u.skills[in.ID] = *in.Proficiency
	o.touch(u, c.now)
	return ok(o.userSkill(u, o.skillByID(in.ID), *in.Proficiency))
}

func (o *Org) patchUserSkills(c *call) (*reply, *fault) { return o.bulkUserSkills(c, false) }

func (o *Org) replaceUserSkills(c *call) (*reply, *fault) { return o.bulkUserSkills(c, true) }

func (o *Org) bulkUserSkills(c *call, replace bool) (*reply, *fault) {
	u, flt := o.userOf(c, codeNoUser)
	if flt != nil {
		return nil, flt
	}
	list, flt := decodeList[userSkillPost](c.body)
	if flt == nil {
		flt = o.checkUserSkills(list)
	}
	if flt != nil {
		return nil, flt
	}
	if replace {
		clear(u.skills)
	}
	for _, in := range list {
		u.skills[in.ID] = *in.Proficiency
	}
	o.touch(u, c.now)
	return ok(cut(page{number: 1, size: max(len(u.skills), 25), base: c.r.URL.Path}, o.skillsOf(u)))
}

func (o *Org) checkUserSkills(list []userSkillPost) *fault {
	if len(list) > maxBulkSkills {
		return constraint("no more than %d skills can be assigned at a time", maxBulkSkills)
	}
	for _, in := range list {
		switch {
		case o.skillByID(in.ID) == nil:
			return fail(codeNotFound).entity(clip(in.ID))
		case in.Proficiency == nil:
			return constraint("proficiency must not be null").field("proficiency")
		case *in.Proficiency < 0 || *in.Proficiency > 5:
			return constraint("proficiency must be between 0.0 and 5.0").field("proficiency")
		}
	}
	return nil
}

func (o *Org) deleteUserSkill(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNoUser)
	if flt != nil {
		return nil, flt
	}
	id := c.r.PathValue("skillId")
	if _, has := u.skills[id]; !has {
		return nil, fail(codeNotFound).entity(clip(id))
	}
	delete(u.skills, id)
	o.touch(u, c.now)
	o.changed()
	return &reply{status: http.StatusOK}, nil
}
