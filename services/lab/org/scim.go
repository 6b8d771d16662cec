package org

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

// The schema names of SCIM users.
const (
	scimCore        = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimEnterprise2 = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	scimGenesys     = "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User"
)

// scimUser is the API's ScimV2User.
type scimUser struct {
	Schemas     []string        `json:"schemas,omitempty"`
	ID          string          `json:"id,omitempty"`
	Active      *bool           `json:"active,omitempty"`
	UserName    string          `json:"userName,omitempty"`
	DisplayName string          `json:"displayName,omitempty"`
	Password    string          `json:"password,omitempty"`
	Title       string          `json:"title,omitempty"`
	Phones      []scimPhone     `json:"phoneNumbers,omitempty"`
	Emails      []scimEmail     `json:"emails,omitempty"`
	ExternalID  string          `json:"externalId,omitempty"`
	Groups      []any           `json:"groups,omitempty"`
	Roles       []scimValue     `json:"roles,omitempty"`
	Enterprise  *scimEnterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitempty"`
	Extension   *scimExtension  `json:"urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User,omitempty"`
	Meta        *scimMeta       `json:"meta,omitempty"`
}

type scimValue struct {
	Value string `json:"value"`
}

type scimEmail struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

type scimPhone struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

type scimEnterprise struct {
	Division       string       `json:"division,omitempty"`
	Department     string       `json:"department,omitempty"`
	Manager        *scimManager `json:"manager,omitempty"`
	EmployeeNumber string       `json:"employeeNumber,omitempty"`
	DateHire       string       `json:"dateHire,omitempty"`
}

type scimManager struct {
	Value string `json:"value"`
	Ref   string `json:"$ref,omitempty"`
}

type scimExtension struct {
	Skills      []scimSkill      `json:"routingSkills,omitempty"`
	Languages   []scimSkill      `json:"routingLanguages,omitempty"`
	ExternalIDs []scimExternalID `json:"externalIds,omitempty"`
}

type scimSkill struct {
	Name        string   `json:"name"`
	Proficiency *float64 `json:"proficiency,omitempty"`
}

type scimExternalID struct {
	Authority string `json:"authority"`
	Value     string `json:"value"`
}

type scimMeta struct {
	ResourceType string `json:"resourceType"`
	LastModified string `json:"lastModified"`
	Location     string `json:"location"`
	Version      string `json:"version"` // the ETag without its quotes
}

// scimView is the user as SCIM shows it.
func (o *Org) scimView(u *user) scimUser {
	active := u.active
	view := scimUser{
		Schemas: []string{scimCore, scimEnterprise2, scimGenesys},
		ID:      u.id, Active: &active, UserName: u.userName, DisplayName: u.displayName, Title: u.title,
		Phones: u.phones, Emails: u.emails, ExternalID: u.externalID,
		Extension: &scimExtension{Languages: u.languages, ExternalIDs: u.externalIDs},
		Meta: &scimMeta{
			ResourceType: "User", LastModified: stamp(u.modified), Version: strconv.Itoa(u.version),
			Location: "/api/v2/scim/v2/users/" + u.id,
		},
	}
	enterprise := u.enterprise
	enterprise.Division = o.home.Name
	view.Enterprise = &enterprise
	for _, r := range o.rolesOf(u).Roles {
		view.Roles = append(view.Roles, scimValue{Value: r.Name})
	}
	for _, s := range o.skillsOf(u) {
		proficiency := s.Proficiency
		view.Extension.Skills = append(view.Extension.Skills, scimSkill{Name: s.Name, Proficiency: &proficiency})
	}
	return view
}

// scimReply renders one user with its ETag and the attributes that were asked for.
func (o *Org) scimReply(c *call, status int, u *user) (*reply, *fault) {
	body, flt := selectAttributes(c, o.scimView(u))
	if flt != nil {
		return nil, flt
	}
	return &reply{status: status, body: body, header: map[string]string{
		"ETag": etag(u), "Content-Type": "application/scim+json", "Location": "/api/v2/scim/v2/users/" + u.id,
	}}, nil
}

func etag(u *user) string { return fmt.Sprintf("%q", strconv.Itoa(u.version)) }

// selectAttributes applies the attributes and excludedAttributes parameters; id, userName, active, meta and schemas
// are always returned.
func selectAttributes(c *call, view scimUser) (map[string]json.RawMessage, *fault) {
	rendered, err := json.Marshal(view) //nolint:gosec // the view never carries a password out
	if err != nil {
		return nil, fail(codeInternal)
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(rendered, &out); err != nil {
		return nil, fail(codeInternal)
	}
	always := []string{"id", "userName", "active", "meta", "schemas"}
	wanted, unwanted := ids(c, "attributes"), ids(c, "excludedAttributes")
	for name := range out {
		if slices.Contains(always, name) {
			continue
		}
		names := func(list []string) bool {
			return slices.ContainsFunc(list, func(a string) bool { return a == name || strings.HasPrefix(a, name+":") })
		}
		if len(wanted) > 0 && !names(wanted) || names(unwanted) {
			delete(out, name)
		}
	}
	return out, nil
}

func (o *Org) getSCIM(c *call) (*reply, *fault) {
	u, flt := o.scimUserOf(c)
	if flt != nil {
		return nil, flt
	}
	if match := c.r.Header.Get("If-None-Match"); match != "" && sameVersion(match, u) {
		return &reply{status: http.StatusNotModified, header: map[string]string{"ETag": etag(u)}}, nil
	}
	return o.scimReply(c, http.StatusOK, u)
}

func (o *Org) createSCIM(c *call) (*reply, *fault) {
	in, flt := decodeSCIM(c.body)
	if flt != nil {
		return nil, flt
	}
	u := &user{id: o.newID(), active: true, skills: make(map[string]float64), created: c.now, modified: c.now, version: 1}
	if flt := o.fill(u, in); flt != nil {
		return nil, flt
	}
	o.users.add(u)
	return o.scimReply(c, http.StatusCreated, u)
}

func (o *Org) replaceSCIM(c *call) (*reply, *fault) {
	u, flt := o.scimUserOf(c)
	if flt == nil {
		flt = ifMatch(c, u)
	}
	if flt != nil {
		return nil, flt
	}
	in, flt := decodeSCIM(c.body)
	if flt != nil {
		return nil, flt
	}
	return o.storeSCIM(c, u, in)
}

// storeSCIM puts a whole new state into a user; nothing changes when the state is refused.
func (o *Org) storeSCIM(c *call, u *user, in scimUser) (*reply, *fault) {
	next := &user{id: u.id, active: true, skills: make(map[string]float64)}
	if flt := o.fill(next, in); flt != nil {
		return nil, flt
	}
	next.version, next.created, next.modified = u.version+1, u.created, c.now
	next.primarySource, next.primaryRegistered = u.primarySource, u.primaryRegistered
	*u = *next
	return o.scimReply(c, http.StatusOK, u)
}

func (o *Org) deleteSCIM(c *call) (*reply, *fault) {
	u, flt := o.scimUserOf(c)
	if flt == nil {
		flt = ifMatch(c, u)
	}
	if flt != nil {
		return nil, flt
	}
	u.deleted, u.active = true, false
	o.touch(u, c.now)
	for _, q := range o.queues {
		delete(q.members, u.id)
	}
	o.changed()
	return noContent()
}

func (o *Org) scimUserOf(c *call) (*user, *fault) {
	id := c.r.PathValue("userId")
	if u := o.existing(id); u != nil {
		return u, nil
	}
	return nil, scimFault(http.StatusNotFound, "", "User %s not found.", clip(id))
}

// ifMatch refuses a change that was made on an outdated version. The version has to be in double quotes.
func ifMatch(c *call, u *user) *fault {
	if match := c.r.Header.Get("If-Match"); match != "" && match != "*" && !sameVersion(match, u) {
		return scimFault(http.StatusBadRequest, "invalidVers", "Version %s does not match the current version.", clip(match))
	}
	return nil
}

func sameVersion(tag string, u *user) bool {
	return strings.TrimPrefix(tag, "W/") == strconv.Quote(strconv.Itoa(u.version))
}

func decodeSCIM(body []byte) (scimUser, *fault) {
	in, flt := decode[scimUser](body, "ScimV2User")
	if flt != nil {
		if eb, isError := flt.body.(errorBody); isError {
			return in, scimFault(http.StatusBadRequest, "invalidSyntax", "%s", eb.Message)
		}
	}
	return in, flt
}

// fill checks a SCIM user and takes it over into u.
func (o *Org) fill(u *user, in scimUser) *fault {
	if err := mailAddress(in.UserName); err != nil {
		return scimFault(http.StatusBadRequest, "invalidValue", "userName must be a valid email address: %v", err)
	}
	if strings.TrimSpace(in.DisplayName) == "" {
		return scimFault(http.StatusBadRequest, "invalidValue", "displayName is required")
	}
	if flt := o.unique(u.id, in); flt != nil {
		return flt
	}
	u.userName, u.displayName, u.title, u.externalID = in.UserName, in.DisplayName, in.Title, in.ExternalID
	u.phones = in.Phones
	if in.Active != nil {
		u.active = *in.Active
	}
	for _, take := range []func(*user, scimUser) *fault{takeEmails, o.takeRoles, o.takeEnterprise, o.takeExtension} {
		if flt := take(u, in); flt != nil {
			return flt
		}
	}
	return nil
}

// unique refuses a userName or externalId another user has who is not deleted.
func (o *Org) unique(self string, in scimUser) *fault {
	other := o.users.find(func(u *user) bool { return u.id != self && strings.EqualFold(u.userName, in.UserName) })
	if other != nil {
		return scimFault(http.StatusConflict, "uniqueness", "A user with userName %s already exists.", in.UserName)
	}
	other = o.users.find(func(u *user) bool { return u.id != self && in.ExternalID != "" && u.externalID == in.ExternalID })
	if other != nil {
		return scimFault(http.StatusConflict, "uniqueness", "A user with externalId %s already exists.", in.ExternalID)
	}
	return nil
}

func takeEmails(u *user, in scimUser) *fault {
	primaries := 0
	for _, e := range in.Emails {
		if err := mailAddress(e.Value); err != nil {
			return scimFault(http.StatusBadRequest, "invalidValue", "emails: %v", err)
		}
		if e.Type != "work" && e.Type != "other" && e.Type != "" {
			return scimFault(http.StatusBadRequest, "invalidValue", "emails: type %s is none of work, other", clip(e.Type))
		}
		if e.Primary {
			primaries++
		}
	}
	if primaries > 1 {
		return scimFault(http.StatusBadRequest, "invalidValue", "emails: more than one is primary")
	}
	u.emails = in.Emails
	if len(u.emails) == 0 {
		u.emails = []scimEmail{{Value: in.UserName, Type: "work", Primary: true}}
	}
	return nil
}

// takeRoles sets the roles by name. Everybody is an Employee.
func (o *Org) takeRoles(u *user, in scimUser) *fault {
	u.roles = []string{o.roleByName("Employee").ID}
	for _, named := range in.Roles {
		r := o.roleByName(named.Value)
		if r == nil {
			return scimFault(http.StatusBadRequest, "invalidValue", "roles: %s does not exist", clip(named.Value))
		}
		if !slices.Contains(u.roles, r.ID) {
			u.roles = append(u.roles, r.ID)
		}
	}
	return nil
}

func (o *Org) takeEnterprise(u *user, in scimUser) *fault {
	u.enterprise = scimEnterprise{}
	if in.Enterprise == nil {
		return nil
	}
	e := *in.Enterprise
	if e.Division != "" && !strings.EqualFold(e.Division, o.home.Name) {
		return scimFault(http.StatusBadRequest, "invalidValue", "division %s does not exist", clip(e.Division))
	}
	if e.Manager != nil {
		if manager := o.users.byID[e.Manager.Value]; manager == nil || manager.deleted {
			return scimFault(http.StatusBadRequest, "invalidValue", "manager %s does not exist", clip(e.Manager.Value))
		}
		e.Manager = &scimManager{Value: e.Manager.Value, Ref: "/api/v2/scim/v2/users/" + e.Manager.Value}
	}
	u.enterprise = e
	return nil
}

// takeExtension sets skills by their case-sensitive name, languages and external ids.
func (o *Org) takeExtension(u *user, in scimUser) *fault {
	u.skills, u.languages, u.externalIDs = make(map[string]float64), nil, nil
	if in.Extension == nil {
		return nil
	}
	const most = 50
	if len(in.Extension.Skills) > most || len(in.Extension.Languages) > most {
		return scimFault(http.StatusBadRequest, "tooMany", "no more than %d routing skills and languages", most)
	}
	for _, named := range in.Extension.Skills {
		s := o.skillByName(named.Name)
		if s == nil {
			return scimFault(http.StatusBadRequest, "invalidValue", "routingSkills: %s does not exist", clip(named.Name))
		}
		proficiency := 0.0
		if named.Proficiency != nil {
			proficiency = *named.Proficiency
		}
		if proficiency < 0 || proficiency > 5 {
			return scimFault(http.StatusBadRequest, "invalidValue", "routingSkills: proficiency is not between 0 and 5")
		}
		u.skills[s.ID] = proficiency
	}
	u.languages = in.Extension.Languages
	for _, e := range in.Extension.ExternalIDs {
		if e.Authority == "" || e.Value == "" {
			return scimFault(http.StatusBadRequest, "invalidValue", "externalIds need authority and value")
		}
	}
	u.externalIDs = in.Extension.ExternalIDs
	return nil
}

func mailAddress(text string) error {
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		return fmt.Errorf("%q is no email address", clip(text))
	}
	return nil
}
