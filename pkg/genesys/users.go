package genesys

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"engage.connector/pkg/fault"
)

const (
	scimCreateSchema = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimPatchSchema  = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// CreateUser creates a SCIM user; userName and displayName are required. A userName that a
// non-deleted user has gives fault.Conflict (IsDuplicate). After an error with UnknownOutcome look
// the user up by name before trying again.
func (c *Client) CreateUser(ctx context.Context, u User) (User, error) {
	body := struct {
		Schemas []string `json:"schemas"`
		User
	}{[]string{scimCreateSchema}, u}
	body.ID, body.Meta = "", nil
	var made User
	return made, c.do(ctx, request{route: routeCreateUser, body: body, out: &made})
}

// GetUser reads one user; fault.NotFound when there is none.
func (c *Client) GetUser(ctx context.Context, id string) (User, error) {
	var u User
	return u, c.do(ctx, request{route: routeUser, args: []string{id}, out: &u})
}

// FindUserByUserName finds the user with this e-mail address, active or not.
func (c *Client) FindUserByUserName(ctx context.Context, userName string) (User, bool, error) {
	return c.findUser(ctx, "userName", userName, func(u User) bool { return strings.EqualFold(u.UserName, userName) })
}

// FindUserByExternalID finds the user with this externalId, active or not.
func (c *Client) FindUserByExternalID(ctx context.Context, externalID string) (User, bool, error) {
	return c.findUser(ctx, "externalId", externalID, func(u User) bool { return u.ExternalID == externalID })
}

// findUser asks by a filter and checks what comes back.
func (c *Client) findUser(ctx context.Context, attribute, value string, is func(User) bool) (User, bool, error) {
	for u, err := range c.Users(ctx, UserFilter{Filter: attribute + " eq " + scimValue(value)}) {
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
func (c *Client) Users(ctx context.Context, f UserFilter) iter.Seq2[User, error] {
	// Full users in pages above 25 are answered with 429 (SCIM operation notes).
	count := 25
	query := url.Values{}
	if f.Filter != "" {
		query.Set("filter", f.Filter)
	}
	if len(f.Attributes) > 0 {
		count = 100
		query["attributes"] = f.Attributes
	}
	query.Set("count", strconv.Itoa(count))
	return scimPages[User](ctx, c, request{route: routeUsers, query: query})
}

// PatchUser changes attributes of a user and returns it as it is then. With ifMatch (User.Version)
// the change is refused as fault.Conflict (IsVersionConflict) when the user has changed since.
func (c *Client) PatchUser(ctx context.Context, id, ifMatch string, ops ...PatchOperation) (User, error) {
	header := http.Header{}
	if ifMatch != "" {
		header.Set("If-Match", ifMatch)
	}
	body := struct {
		Schemas    []string         `json:"schemas"`
		Operations []PatchOperation `json:"Operations"`
	}{[]string{scimPatchSchema}, ops}
	var u User
	return u, c.do(ctx, request{route: routePatchUser, args: []string{id}, header: header, body: body, out: &u})
}

// Roles lists the organization's roles; name, when given, selects by name.
func (c *Client) Roles(ctx context.Context, name string) iter.Seq2[Role, error] {
	return pages[Role](ctx, c, request{route: routeRoles, query: queryOf("name", name)}, pageSizeLarge)
}

// FindRole finds a role by its name, without regard to case.
func (c *Client) FindRole(ctx context.Context, name string) (Role, bool, error) {
	for r, err := range c.Roles(ctx, name) {
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
func (c *Client) GrantRoles(ctx context.Context, userID string, grants []RoleGrant) error {
	if len(grants) == 0 {
		return nil
	}
	return c.do(ctx, request{route: routeGrantRoles, args: []string{userID}, query: queryOf("subjectType", "PC_USER"), body: map[string]any{"grants": grants}})
}

// HomeDivision is the organization's home division.
func (c *Client) HomeDivision(ctx context.Context) (Division, error) {
	var d Division
	return d, c.do(ctx, request{route: routeHomeDivision, out: &d})
}

// scimValue writes a text as the value of a SCIM filter: bare as in the operation's examples, or as
// a JSON string (RFC 7644 3.4.2.2) when it has characters that would end a bare value.
func scimValue(text string) string {
	if text != "" && !strings.ContainsAny(text, " \t\r\n\"\\()[]") {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// queryOf makes a query of name-value pairs, leaving out empty values.
func queryOf(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// IsDuplicate reports that a create was refused because an object of that name exists.
func IsDuplicate(err error) bool {
	api := apiErrorOf(err)
	return api != nil && fault.CodeOf(err) == fault.Conflict && !api.versionConflict()
}

// IsVersionConflict reports that the object has changed since it was read: read it again.
func IsVersionConflict(err error) bool {
	api := apiErrorOf(err)
	return api != nil && api.versionConflict()
}
