package users

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/genesystest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, o *genesystest.Org) *API {
	t.Helper()
	c, err := genesys.New(genesys.Options{
		APIURL: genesystest.APIURL, AuthURL: genesystest.AuthURL, ClientID: genesystest.ClientID, ClientSecret: genesystest.ClientSecret,
		HTTP: o.HTTP(), Component: "test",
	})
	require.NoError(t, err)
	return New(c)
}

// What each method sends.
func TestAPI_Operations(t *testing.T) {
	inactive := false
	tests := map[string]struct {
		call func(context.Context, *API) error
		want string // method, path?query
		body string
	}{
		"create user": {func(ctx context.Context, c *API) error {
			_, err := c.CreateUser(ctx, User{
				ID: "ignored", UserName: "jane@example.com", DisplayName: "Jane", Active: &inactive, ExternalID: "117", Meta: &UserMeta{Version: "9"},
				Emails: []UserEmail{{Value: "jane@example.com", Type: "work", Primary: true}}, Roles: []UserRole{{"Agent"}},
				Enterprise: &UserEnterprise{Division: "Home"},
				Extension:  &UserExtension{RoutingSkills: []UserRoutingSkill{{"Billing", 0}}, ExternalIDs: []UserExternalID{{"a", "v"}}},
			})
			return err
		}, "POST /api/v2/scim/v2/users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"jane@example.com","displayName":"Jane","active":false,"externalId":"117",
			"emails":[{"value":"jane@example.com","type":"work","primary":true}],"roles":[{"value":"Agent"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"division":"Home"},
			"urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User":{"routingSkills":[{"name":"Billing","proficiency":0}],"externalIds":[{"authority":"a","value":"v"}]}}`},
		"get user": {func(ctx context.Context, c *API) error { _, err := c.GetUser(ctx, "u"); return err }, "GET /api/v2/scim/v2/users/u", ""},
		"patch user": {func(ctx context.Context, c *API) error {
			_, err := c.PatchUser(ctx, "u", "7", Replace("active", false), PatchOperation{Op: "remove", Path: "title"})
			return err
		}, "PATCH /api/v2/scim/v2/users/u", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false},{"op":"remove","path":"title"}]}`},
		"grant roles": {func(ctx context.Context, c *API) error { return c.GrantRoles(ctx, "u", []RoleGrant{{"r", "d"}}) },
			"POST /api/v2/authorization/subjects/u/bulkadd?subjectType=PC_USER", `{"grants":[{"roleId":"r","divisionId":"d"}]}`},
		"home division": {func(ctx context.Context, c *API) error { _, err := c.HomeDivision(ctx); return err }, "GET /api/v2/authorization/divisions/home", ""},
		"patch skills": {func(ctx context.Context, c *API) error {
			return c.PatchUserSkills(ctx, "u", []SkillRating{{ID: "s", Name: "not sent", Proficiency: 0}})
		}, "PATCH /api/v2/users/u/routingskills/bulk", `[{"id":"s","proficiency":0}]`},
		"remove skill": {func(ctx context.Context, c *API) error { return c.RemoveUserSkill(ctx, "u", "s") }, "DELETE /api/v2/users/u/routingskills/s", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := genesystest.Replies(genesystest.Says(200, `{}`))
			require.NoError(t, tt.call(t.Context(), client(t, o)))
			o.RequireSent(t, tt.want, tt.body)
		})
	}
}

// Every listing, with its filter.
func TestAPI_Listings(t *testing.T) {
	tests := map[string]struct {
		list func(context.Context, *API) (int, error)
		want string
	}{
		"user skills": {count(func(ctx context.Context, c *API) iter.Seq2[SkillRating, error] { return c.UserSkills(ctx, "u") }), "/api/v2/users/u/routingskills?pageNumber=1&pageSize=100"},
		"roles":       {count(func(ctx context.Context, c *API) iter.Seq2[Role, error] { return c.Roles(ctx, "Agent") }), "/api/v2/authorization/roles?name=Agent&pageNumber=1&pageSize=100"},
		"users": {count(func(ctx context.Context, c *API) iter.Seq2[User, error] {
			return c.Users(ctx, UserFilter{Filter: "active eq false", Attributes: []string{"id", "userName"}})
		}), "/api/v2/scim/v2/users?attributes=id&attributes=userName&count=100&filter=active+eq+false&startIndex=1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := genesystest.Replies(genesystest.Says(200, `{"entities":[{"id":"1"}],"pageCount":1,"totalResults":1,"Resources":[{"id":"1"}]}`))
			n, err := tt.list(t.Context(), client(t, o))
			require.NoError(t, err)
			require.Equal(t, 1, n)
			require.Len(t, o.Calls(), 1)
			require.Equal(t, tt.want, o.Last(t).Path+"?"+o.Last(t).Query)

			_, err = tt.list(t.Context(), client(t, genesystest.Replies(genesystest.Says(403, `{}`))))
			require.Equal(t, fault.Forbidden, fault.CodeOf(err))
		})
	}
}

func count[T any](list func(context.Context, *API) iter.Seq2[T, error]) func(context.Context, *API) (int, error) {
	return func(ctx context.Context, a *API) (int, error) {
		all, err := genesys.Collect(list(ctx, a))
		return len(all), err
	}
}

// Answers are read into the types.
func TestClient_ReadsAnswers(t *testing.T) {
	user := `{"id":"u","active":false,"userName":"jane@example.com","externalId":"117","meta":{"version":"3","lastModified":"2026-01-02T03:04:05.000Z"},"groups":[]}`
	u, err := client(t, genesystest.Replies(genesystest.Says(200, user))).GetUser(t.Context(), "u")
	require.NoError(t, err)
	require.False(t, u.IsActive())
	require.Equal(t, "3", u.Version())
	require.True(t, User{}.IsActive())
	require.Empty(t, User{}.Version())
}

func TestPatchUser_SendsTheVersionItExpects(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{}`))
	c := client(t, o)
	_, err := c.PatchUser(t.Context(), "u", `"3"`, Replace("active", true))
	require.NoError(t, err)
	require.Equal(t, `"3"`, o.Last(t).Header.Get("If-Match"))
	_, err = c.PatchUser(t.Context(), "u", "", Replace("active", true))
	require.NoError(t, err)
	require.Empty(t, o.Last(t).Header.Values("If-Match"))
}

// A user is found by an exact filter; what a server returns beside is not taken.
func TestFindUser(t *testing.T) {
	found := `{"totalResults":2,"Resources":[{"id":"x","userName":"other@example.com","externalId":"11"},{"id":"u","userName":"Jane@Example.com","externalId":"117"}]}`
	o := genesystest.Replies(genesystest.Says(200, found))
	c := client(t, o)
	u, ok, err := c.FindUserByUserName(t.Context(), "jane@example.com")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "u", u.ID)
	require.Equal(t, "count=25&filter=userName+eq+jane%40example.com&startIndex=1", o.Last(t).Query)
	u, ok, err = c.FindUserByExternalID(t.Context(), "117")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "u", u.ID)
	_, ok, err = c.FindUserByExternalID(t.Context(), "12")
	require.NoError(t, err)
	require.False(t, ok)
	_, _, err = client(t, genesystest.Replies(genesystest.Says(400, `{}`))).FindUserByExternalID(t.Context(), "12")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

// A value cannot break out of its filter.
func TestSCIMValue_IsQuotedWhenItMust(t *testing.T) {
	tests := map[string]string{
		"search@sample.org": "search@sample.org", "": `""`, `a b`: `"a b"`, `x" or active eq true`: `"x\" or active eq true"`, `a\b`: `"a\\b"`,
	}
	for value, want := range tests {
		require.Equal(t, want, scimValue(value))
	}
}

func TestFindRole_IgnoresCase(t *testing.T) {
	roles := `{"entities":[{"id":"1","name":"Agent Plus"},{"id":"2","name":"agent"}],"pageCount":1}`
	c := client(t, genesystest.Replies(genesystest.Says(200, roles)))
	role, ok, err := c.FindRole(t.Context(), "Agent")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "2", role.ID)
	_, ok, err = c.FindRole(t.Context(), "Supervisor")
	require.NoError(t, err)
	require.False(t, ok)
	_, _, err = client(t, genesystest.Replies(genesystest.Says(403, `{}`))).FindRole(t.Context(), "Agent")
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
}

// Many skills go in the portions that the API takes; none are no request.
func TestPatchUserSkills_SendsPortions(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{}`))
	c := client(t, o)
	require.NoError(t, c.PatchUserSkills(t.Context(), "u", make([]SkillRating, 51)))
	require.Len(t, o.Calls(), 2)
	require.Equal(t, 50, strings.Count(o.Calls()[0].Body, "{"))
	require.NoError(t, c.GrantRoles(t.Context(), "u", nil))
	require.Len(t, o.Calls(), 2)
}

// Pages above 25 are asked for only where no secondary attribute is wanted.
func TestUsers_PageSize(t *testing.T) {
	for want, lists := range map[int][][]string{
		25: {
			nil, {"id", "externalId"}, {"roles"}, {"groups"},
			{"id", "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User:routingSkills"},
			{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"},
		},
		100: {{"id"}, {"id", "userName", "displayName", "active", "emails"}},
	} {
		for _, attributes := range lists {
			o := genesystest.Replies(genesystest.Says(200, `{}`))
			_, err := genesys.Collect(client(t, o).Users(t.Context(), UserFilter{Attributes: attributes}))
			require.NoError(t, err)
			require.Contains(t, o.Last(t).Query, "count="+strconv.Itoa(want), attributes)
		}
	}
}

// A deleted user that owns an address is found among the deleted ones only, and is restored with the
// version that it has.
func TestDeletedUserIsFoundAndRestored(t *testing.T) {
	var seen []string
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"t","token_type":"bearer","expires_in":3600}`)
	})
	mux.HandleFunc("/api/v2/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			_, _ = io.WriteString(w, `{"results":[{"id":"other","email":"x@y.example"},{"id":"u1","email":"Ann@x.example"}]}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":"u1","version":7}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c, err := genesys.New(genesys.Options{
		APIURL: server.URL, AuthURL: server.URL, ClientID: "id", ClientSecret: "secret", Component: "test",
	})
	require.NoError(t, err)
	api := New(c)
	id, found, err := api.FindDeletedUser(t.Context(), "ann@x.example")
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "u1", id)
	require.NoError(t, api.RestoreUser(t.Context(), id))
	require.Contains(t, seen[0], `"values":["deleted"]`)
	require.Equal(t, "GET /api/v2/users/u1?state=deleted", seen[1])
	require.Equal(t, `PATCH /api/v2/users/u1 {"state":"active","version":7}`, seen[2])
}
