package org

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

type division struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Description  string `json:"description,omitempty"`
	HomeDivision bool   `json:"homeDivision"`
	SelfURI      string `json:"selfUri,omitempty"`
}

type role struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// user is one directory entry; roles and skills are kept by id.
type user struct {
	id, userName, displayName, title, externalID string
	active, deleted                              bool
	emails                                       []scimEmail
	phones                                       []scimPhone
	enterprise                                   scimEnterprise
	languages                                    []scimSkill
	externalIDs                                  []scimExternalID
	roles                                        []string           // role ids, all in the home division
	skills                                       map[string]float64 // skill id -> proficiency
	version                                      int
	created, modified                            time.Time
	primarySource                                string
	primaryRegistered                            bool
}

// userTable finds users by id and keeps their order of creation. Deleted users stay, as in the directory.
type userTable struct {
	byID  map[string]*user
	order []*user
}

func newUserTable() *userTable { return &userTable{byID: make(map[string]*user)} }

func (t *userTable) add(u *user) {
	t.byID[u.id] = u
	t.order = append(t.order, u)
}

// find returns the first user that is not deleted and fits.
func (t *userTable) find(fits func(u *user) bool) *user {
	for _, u := range t.order {
		if !u.deleted && fits(u) {
			return u
		}
	}
	return nil
}

// existing returns a user that reads already show.
func (o *Org) existing(id string) *user {
	u := o.users.byID[id]
	if u == nil || u.deleted || !o.visible(u.created) {
		return nil
	}
	return u
}

// touch marks a user as changed.
func (o *Org) touch(u *user, now time.Time) {
	u.version++
	u.modified = now
}

type platformUser struct {
	ID            string           `json:"id"`
	Name          string           `json:"name"`
	Division      namedRef         `json:"division"`
	Department    string           `json:"department,omitempty"`
	Email         string           `json:"email"`
	State         string           `json:"state"`
	Title         string           `json:"title,omitempty"`
	Username      string           `json:"username"`
	Version       int              `json:"version"`
	RoutingStatus *routingStatus   `json:"routingStatus,omitempty"`
	Skills        []userSkill      `json:"skills,omitempty"`
	Authorization *userRoles       `json:"authorization,omitempty"`
	Presence      *platformPresent `json:"presence,omitempty"`
	SelfURI       string           `json:"selfUri"`
}

type namedRef struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	SelfURI string `json:"selfUri,omitempty"`
}

type userRoles struct {
	Roles []role `json:"roles"`
}

// platformView is the user as /api/v2/users shows it.
func (o *Org) platformView(u *user, expand []string) platformUser {
	state := "active"
	if !u.active {
		state = "inactive"
	}
	view := platformUser{
		ID: u.id, Name: u.displayName, Division: namedRef{ID: o.home.ID, Name: o.home.Name},
		Department: u.enterprise.Department, Email: u.userName, State: state, Title: u.title, Username: u.userName,
		Version: u.version, SelfURI: "/api/v2/users/" + u.id,
	}
	for _, name := range expand {
		switch name {
		case "routingStatus":
			view.RoutingStatus = o.routingStatusOf(u)
		case "presence":
			view.Presence = o.presenceOf(u)
		case "skills":
			view.Skills = o.skillsOf(u)
		case "authorization":
			view.Authorization = o.rolesOf(u)
		}
	}
	return view
}

func (o *Org) listUsers(c *call) (*reply, *fault) {
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	wanted := ids(c, "id")
	if len(wanted) > 100 {
		return nil, constraint("Only 100 users can be requested at a time.")
	}
	state := cmp.Or(c.r.URL.Query().Get("state"), "active")
	out := []platformUser{}
	for _, u := range o.users.order {
		if u.deleted || !o.visible(u.created) || len(wanted) > 0 && !slices.Contains(wanted, u.id) {
			continue
		}
		if view := o.platformView(u, ids(c, "expand")); state == "any" || view.State == state {
			out = append(out, view)
		}
	}
	return ok(cut(p, out))
}

func (o *Org) getUser(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNoUser)
	if flt != nil {
		return nil, flt
	}
	return ok(o.platformView(u, ids(c, "expand")))
}

// scimAuthority is the authority under which SCIM's externalId is found on the platform side.
const scimAuthority = "x-pc:scimv2:v1"

func (o *Org) getUserByExternalID(c *call) (*reply, *fault) {
	authority, key := c.r.PathValue("authority"), c.r.PathValue("key")
	u := o.users.find(func(u *user) bool {
		return authority == scimAuthority && u.externalID == key && key != "" ||
			slices.Contains(u.externalIDs, scimExternalID{Authority: authority, Value: key})
	})
	if u == nil || !o.visible(u.created) {
		return nil, fail(codeNoUser)
	}
	return ok(o.platformView(u, ids(c, "expand")))
}

// userOf returns the user of the path, or the fault of the given code.
func (o *Org) userOf(c *call, missing code) (*user, *fault) {
	id := cmp.Or(c.r.PathValue("userId"), c.r.PathValue("subjectId"))
	if u := o.existing(id); u != nil {
		return u, nil
	}
	return nil, fail(missing).entity(clip(id))
}

// Roles and divisions.

func (o *Org) rolesOf(u *user) *userRoles {
	out := &userRoles{Roles: []role{}}
	for _, r := range o.roles {
		if slices.Contains(u.roles, r.ID) {
			out.Roles = append(out.Roles, *r)
		}
	}
	return out
}

func (o *Org) roleByName(name string) *role {
	for _, r := range o.roles {
		if strings.EqualFold(r.Name, name) {
			return r
		}
	}
	return nil
}

type roleView struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	UserCount int    `json:"userCount"`
	Base      bool   `json:"base"`
	Default   bool   `json:"default"`
	SelfURI   string `json:"selfUri"`
}

func (o *Org) listRoles(c *call) (*reply, *fault) {
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	wanted, name := ids(c, "id"), c.r.URL.Query().Get("name")
	out := []roleView{}
	for _, r := range o.roles {
		if len(wanted) > 0 && !slices.Contains(wanted, r.ID) || name != "" && !matches(name, r.Name) {
			continue
		}
		view := roleView{ID: r.ID, Name: r.Name, Default: true, SelfURI: "/api/v2/authorization/roles/" + r.ID}
		for _, u := range o.users.order {
			if !u.deleted && slices.Contains(u.roles, r.ID) {
				view.UserCount++
			}
		}
		out = append(out, view)
	}
	return ok(cut(p, out))
}

func (o *Org) getUserRoles(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNotFound)
	if flt != nil {
		return nil, flt
	}
	return ok(o.rolesOf(u))
}

type subjectView struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Grants  []grantView `json:"grants"`
	Version int         `json:"version"`
	SelfURI string      `json:"selfUri"`
}

type grantView struct {
	SubjectID string   `json:"subjectId"`
	Division  namedRef `json:"division"`
	Role      namedRef `json:"role"`
}

func (o *Org) getSubject(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNotFound)
	if flt != nil {
		return nil, flt
	}
	view := subjectView{
		ID: u.id, Name: u.displayName, Grants: []grantView{}, Version: u.version,
		SelfURI: "/api/v2/authorization/subjects/" + u.id,
	}
	for _, r := range o.rolesOf(u).Roles {
		view.Grants = append(view.Grants, grantView{
			SubjectID: u.id, Division: namedRef{ID: o.home.ID, Name: o.home.Name}, Role: namedRef{ID: r.ID, Name: r.Name},
		})
	}
	return ok(view)
}

type grantsRequest struct {
	Grants []struct {
		RoleID     string `json:"roleId"`
		DivisionID string `json:"divisionId"`
	} `json:"grants"`
}

func (o *Org) addGrants(c *call) (*reply, *fault) {
	return o.changeGrants(c, func(u *user, roleID string) {
		if !slices.Contains(u.roles, roleID) {
			u.roles = append(u.roles, roleID)
		}
	})
}

func (o *Org) removeGrants(c *call) (*reply, *fault) {
	return o.changeGrants(c, func(u *user, roleID string) {
		u.roles = slices.DeleteFunc(u.roles, func(id string) bool { return id == roleID })
	})
}

func (o *Org) changeGrants(c *call, change func(u *user, roleID string)) (*reply, *fault) {
	u, flt := o.userOf(c, codeNotFound)
	if flt != nil {
		return nil, flt
	}
	request, flt := decode[grantsRequest](c.body, "RoleDivisionGrants")
	if flt != nil {
		return nil, flt
	}
	if len(request.Grants) == 0 {
		return nil, constraint("grants must not be empty").field("grants")
	}
	for _, g := range request.Grants {
		known := slices.ContainsFunc(o.roles, func(r *role) bool { return r.ID == g.RoleID })
		if !known || g.DivisionID != o.home.ID && g.DivisionID != "*" {
			return nil, fail(codeBadDivisions)
		}
	}
	for _, g := range request.Grants {
		change(u, g.RoleID)
	}
	o.touch(u, c.now)
	o.changed()
	return noContent()
}

func (o *Org) divisionView() division {
	view := o.home
	view.SelfURI = "/api/v2/authorization/divisions/" + o.home.ID
	return view
}

func (o *Org) getHomeDivision(*call) (*reply, *fault) { return ok(o.divisionView()) }

func (o *Org) listDivisions(c *call) (*reply, *fault) {
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	wanted, name := ids(c, "id"), c.r.URL.Query().Get("name")
	out := []division{}
	if (len(wanted) == 0 || slices.Contains(wanted, o.home.ID)) && (name == "" || matches(name, o.home.Name)) {
		out = append(out, o.divisionView())
	}
	return ok(cut(p, out))
}

func (o *Org) getOrganization(*call) (*reply, *fault) {
	return ok(map[string]any{
		"id": o.id, "name": o.opts.Name, "defaultLanguage": "en-us", "defaultCountryCode": "US", "domain": "lab",
		"version": 1, "state": "active", "productPlatform": "GenesysCloud", "selfUri": "/api/v2/organizations/me",
	})
}
