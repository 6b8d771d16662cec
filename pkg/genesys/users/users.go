// Package users is the part of the API about people: SCIM users, their skills, roles and the home division.
package users

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"engage.connector/pkg/genesys"
)

// API is the area as one client reaches it; it is safe for concurrent use.
type API struct{ client *genesys.Client }

// New returns the area of a client.
func New(client *genesys.Client) *API {
	client.Declare(Operations()...)
	return &API{client}
}

const (
	scimCreateSchema = "urn:ietf:params:scim:schemas:core:2.0:User"
	skillsPerCall    = 50 // routing skills per bulk call
	secondaryPage    = 25 // users per page with secondary attributes
	scimPatchSchema  = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// CreateUser creates a SCIM user; userName and displayName are required. A userName that a
// non-deleted user has gives fault.Conflict (IsDuplicate). After an error with UnknownOutcome look
// the user up by name before trying again.
func (a *API) CreateUser(ctx context.Context, u User) (User, error) {
	body := struct {
		Schemas []string `json:"schemas"`
		User
	}{[]string{scimCreateSchema}, u}
	body.ID, body.Meta = "", nil
	var made User
	return made, a.client.Do(ctx, genesys.Request{Operation: createUser, Body: body, Out: &made})
}

// GetUser reads one user; fault.NotFound when there is none.
func (a *API) GetUser(ctx context.Context, id string) (User, error) {
	var u User
	return u, a.client.Do(ctx, genesys.Request{Operation: getUser, Args: []string{id}, Out: &u})
}

// FindUserByUserName finds the user with this e-mail address, active or not.
func (a *API) FindUserByUserName(ctx context.Context, userName string) (User, bool, error) {
	return a.findUser(ctx, "userName", userName, func(u User) bool { return strings.EqualFold(u.UserName, userName) })
}

// FindUserByExternalID finds the user with this externalId, active or not.
func (a *API) FindUserByExternalID(ctx context.Context, externalID string) (User, bool, error) {
	return a.findUser(ctx, "externalId", externalID, func(u User) bool { return u.ExternalID == externalID })
}

// FindDeletedUser finds the deleted user that owns an e-mail address: it keeps the address from others.
func (a *API) FindDeletedUser(ctx context.Context, address string) (id string, found bool, err error) {
	type criterion struct {
		Type   string   `json:"type"`
		Fields []string `json:"fields"`
		Values []string `json:"values"`
	}
	var answer struct {
		Results []struct {
			ID       string `json:"id"`
			Email    string `json:"email"`
			UserName string `json:"username"`
		} `json:"results"`
	}
	err = a.client.Do(ctx, genesys.Request{Operation: searchUsers, Out: &answer, Body: map[string]any{
		"pageSize": 25, "pageNumber": 1,
		"query": []criterion{{"EXACT", []string{"email"}, []string{address}}, {"EXACT", []string{"state"}, []string{"deleted"}}},
	}})
	for _, u := range answer.Results {
		if strings.EqualFold(u.Email, address) || strings.EqualFold(u.UserName, address) {
			return u.ID, true, err
		}
	}
	return "", false, err
}

// RestoreUser makes a deleted user active again.
func (a *API) RestoreUser(ctx context.Context, id string) error {
	var u struct {
		Version int `json:"version"`
	}
	if err := a.client.Do(ctx, genesys.Request{Operation: getPlainUser, Args: []string{id}, Query: genesys.Query("state", "deleted"), Out: &u}); err != nil {
		return err
	}
	return a.client.Do(ctx, genesys.Request{Operation: restoreUser, Args: []string{id}, Body: map[string]any{"state": "active", "version": u.Version}})
}

// findUser asks by a filter and checks what comes back.
func (a *API) findUser(ctx context.Context, attribute, value string, is func(User) bool) (User, bool, error) {
	for u, err := range a.Users(ctx, UserFilter{Filter: attribute + " eq " + scimValue(value)}) {
		if err != nil {
			return User{}, false, err
		}
		if is(u) {
			return u, true, nil
		}
	}
	return User{}, false, nil
}

// Users lists users page by page. Without a filter only active users are listed. It ends with an
// error after too many pages or when the context ends.
func (a *API) Users(ctx context.Context, f UserFilter) iter.Seq2[User, error] {
	count := pageSize(f.Attributes)
	query := url.Values{}
	if f.Filter != "" {
		query.Set("filter", f.Filter)
	}
	if len(f.Attributes) > 0 {
		query["attributes"] = f.Attributes
	}
	query.Set("count", strconv.Itoa(count))
	return genesys.SCIMPages[User](ctx, a.client, genesys.Request{Operation: listUsers, Query: query})
}

// pageSize is how many users go on a page. Above 25 the organization may answer 429 where the page
// needs look-ups for each user, which it does by default too (notes of the SCIM operation).
func pageSize(attributes []string) int {
	if len(attributes) == 0 || slices.ContainsFunc(attributes, secondary) {
		return secondaryPage
	}
	return genesys.LargePage
}

// secondary tells whether an attribute needs a look-up for each user.
func secondary(attribute string) bool {
	return attribute == "externalId" || attribute == "roles" || attribute == "groups" || strings.HasPrefix(attribute, "urn:ietf:params:scim:schemas:extension:")
}

// PatchUser changes attributes of a user and returns it as it is then. With ifMatch (User.Version)
// the change is refused as fault.Conflict (IsVersionConflict) when the user has changed since.
func (a *API) PatchUser(ctx context.Context, id, ifMatch string, ops ...PatchOperation) (User, error) {
	header := http.Header{}
	if ifMatch != "" {
		header.Set("If-Match", ifMatch)
	}
	body := struct {
		Schemas    []string         `json:"schemas"`
		Operations []PatchOperation `json:"Operations"`
	}{[]string{scimPatchSchema}, ops}
	var u User
	return u, a.client.Do(ctx, genesys.Request{Operation: patchUser, Args: []string{id}, Header: header, Body: body, Out: &u})
}

// UserSkills lists the skills of a user.
func (a *API) UserSkills(ctx context.Context, userID string) iter.Seq2[SkillRating, error] {
	return genesys.Pages[SkillRating](ctx, a.client, genesys.Request{Operation: listUserSkills, Args: []string{userID}}, genesys.LargePage)
}

// PatchUserSkills adds skills to a user or changes their proficiency, 50 per call; other skills of
// the user stay.
func (a *API) PatchUserSkills(ctx context.Context, userID string, skills []SkillRating) error {
	type rating struct {
		ID          string  `json:"id"`
		Proficiency float64 `json:"proficiency"`
	}
	for chunk := range slices.Chunk(skills, skillsPerCall) {
		body := make([]rating, len(chunk))
		for i, s := range chunk {
			body[i] = rating{s.ID, s.Proficiency}
		}
		if err := a.client.Do(ctx, genesys.Request{Operation: patchUserSkills, Args: []string{userID}, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// RemoveUserSkill takes a skill from a user.
func (a *API) RemoveUserSkill(ctx context.Context, userID, skillID string) error {
	return a.client.Do(ctx, genesys.Request{Operation: deleteUserSkill, Args: []string{userID, skillID}})
}

// Roles lists the organization's roles; name, when given, selects by name.
func (a *API) Roles(ctx context.Context, name string) iter.Seq2[Role, error] {
	return genesys.Pages[Role](ctx, a.client, genesys.Request{Operation: listRoles, Query: genesys.Query("name", name)}, genesys.LargePage)
}

// FindRole finds a role by its name, without regard to case.
func (a *API) FindRole(ctx context.Context, name string) (Role, bool, error) {
	for r, err := range a.Roles(ctx, name) {
		if err != nil {
			return Role{}, false, err
		}
		if strings.EqualFold(r.Name, name) {
			return r, true, nil
		}
	}
	return Role{}, false, nil
}

// GrantRoles adds roles to a user; roles that it has stay.
func (a *API) GrantRoles(ctx context.Context, userID string, grants []RoleGrant) error {
	if len(grants) == 0 {
		return nil
	}
	return a.client.Do(ctx, genesys.Request{Operation: grantRoles, Args: []string{userID}, Query: genesys.Query("subjectType", "PC_USER"), Body: map[string]any{"grants": grants}})
}

// HomeDivision is the organization's home division.
func (a *API) HomeDivision(ctx context.Context) (Division, error) {
	var d Division
	return d, a.client.Do(ctx, genesys.Request{Operation: getHomeDivision, Out: &d})
}

// scimValue writes a text as the value of a SCIM filter: bare as in the operation's examples, or as
// a JSON string (RFC 7644 3.4.2.2) when it has characters that would end a bare value.
func scimValue(text string) string {
	if text != "" && !strings.ContainsAny(text, " \t\r\n\"\\()[]") {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
