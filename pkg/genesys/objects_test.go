package genesys

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
)

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "id-" + strconv.Itoa(i)
	}
	return out
}

// What each method sends.
func TestClient_Operations(t *testing.T) {
	inactive := false
	tests := map[string]struct {
		call func(context.Context, *Client) error
		want string // method, path?query
		body string
	}{
		"create user": {func(ctx context.Context, c *Client) error {
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
		"get user": {func(ctx context.Context, c *Client) error { _, err := c.GetUser(ctx, "u"); return err }, "GET /api/v2/scim/v2/users/u", ""},
		"patch user": {func(ctx context.Context, c *Client) error {
			_, err := c.PatchUser(ctx, "u", "7", Replace("active", false), PatchOperation{Op: "remove", Path: "title"})
			return err
		}, "PATCH /api/v2/scim/v2/users/u", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false},{"op":"remove","path":"title"}]}`},
		"grant roles": {func(ctx context.Context, c *Client) error { return c.GrantRoles(ctx, "u", []RoleGrant{{"r", "d"}}) },
			"POST /api/v2/authorization/subjects/u/bulkadd?subjectType=PC_USER", `{"grants":[{"roleId":"r","divisionId":"d"}]}`},
		"home division": {func(ctx context.Context, c *Client) error { _, err := c.HomeDivision(ctx); return err }, "GET /api/v2/authorization/divisions/home", ""},
		"create skill":  {someCreate, "POST /api/v2/routing/skills", `{"name":"Billing"}`},
		"patch skills": {func(ctx context.Context, c *Client) error {
			return c.PatchUserSkills(ctx, "u", []SkillRating{{ID: "s", Name: "not sent", Proficiency: 0}})
		}, "PATCH /api/v2/users/u/routingskills/bulk", `[{"id":"s","proficiency":0}]`},
		"remove skill": {func(ctx context.Context, c *Client) error { return c.RemoveUserSkill(ctx, "u", "s") }, "DELETE /api/v2/users/u/routingskills/s", ""},
		"create queue": {func(ctx context.Context, c *Client) error {
			_, err := c.CreateQueue(ctx, Queue{ID: "ignored", Name: "Sales", Division: &Ref{ID: "d"}, PeerID: "118"})
			return err
		}, "POST /api/v2/routing/queues", `{"name":"Sales","division":{"id":"d"},"peerId":"118"}`},
		"get queue":   {func(ctx context.Context, c *Client) error { _, err := c.GetQueue(ctx, "q"); return err }, "GET /api/v2/routing/queues/q", ""},
		"add members": {func(ctx context.Context, c *Client) error { return c.AddQueueMembers(ctx, "q", ids(1)) }, "POST /api/v2/routing/queues/q/members?delete=false", `[{"id":"id-0"}]`},
		"remove members": {func(ctx context.Context, c *Client) error { return c.RemoveQueueMembers(ctx, "q", ids(2)) },
			"POST /api/v2/routing/queues/q/members?delete=true", `[{"id":"id-0"},{"id":"id-1"}]`},
		"create code": {func(ctx context.Context, c *Client) error {
			_, err := c.CreateWrapupCode(ctx, WrapupCode{Name: "Sold", Division: &Ref{ID: "d"}})
			return err
		}, "POST /api/v2/routing/wrapupcodes", `{"name":"Sold","division":{"id":"d"}}`},
		"add codes": {func(ctx context.Context, c *Client) error { return c.AddQueueWrapupCodes(ctx, "q", ids(1)) }, "POST /api/v2/routing/queues/q/wrapupcodes", `[{"id":"id-0"}]`},
		"create source": {func(ctx context.Context, c *Client) error {
			_, err := c.CreateSource(ctx, Source{Name: "Platform", Type: "System"})
			return err
		}, "POST /api/v2/presence/sources", `{"name":"Platform","type":"System"}`},
		"get primary source": {func(ctx context.Context, c *Client) error { _, err := c.UserPrimarySource(ctx, "u"); return err }, "GET /api/v2/presence/users/u/primarysource", ""},
		"set primary source": {func(ctx context.Context, c *Client) error {
			_, err := c.SetUserPrimarySource(ctx, "u", "s")
			return err
		},
			"PUT /api/v2/presence/users/u/primarysource", `{"sourceId":"s","registered":true}`},
		"get presence settings": {func(ctx context.Context, c *Client) error { _, err := c.GetPresenceSettings(ctx); return err }, "GET /api/v2/presence/settings", ""},
		"create upload": {func(ctx context.Context, c *Client) error {
			_, err := c.CreateUpload(ctx, UploadRequest{FileName: "a.zip", ContentMD5: "bWQ1", TimeoutSeconds: 900, ContentType: "application/zip"})
			return err
		}, "POST /api/v2/uploads/recordings", `{"fileName":"a.zip","contentMd5":"bWQ1","signedUrlTimeoutSeconds":900,"contentType":"application/zip"}`},
		"create report": {func(ctx context.Context, c *Client) error {
			_, err := c.CreateUploadReport(ctx, UploadReportRequest{Since: eventTime, Status: "Failure"})
			return err
		}, "POST /api/v2/recording/uploads/reports", `{"dateSince":"2024-10-25T10:00:00.010Z","uploadStatus":"Failure"}`},
		"get report":      {func(ctx context.Context, c *Client) error { _, err := c.GetUploadReport(ctx, "r"); return err }, "GET /api/v2/recording/uploads/reports/r", ""},
		"transcription":   {func(ctx context.Context, c *Client) error { _, err := c.TranscriptionSettings(ctx); return err }, "GET /api/v2/routing/settings/transcription", ""},
		"speech settings": {func(ctx context.Context, c *Client) error { _, err := c.SpeechSettings(ctx); return err }, "GET /api/v2/speechandtextanalytics/settings", ""},
		"dialects":        {func(ctx context.Context, c *Client) error { _, err := c.Dialects(ctx); return err }, "GET /api/v2/speechandtextanalytics/programs/transcriptionengines/dialects", ""},
		"program engines": {func(ctx context.Context, c *Client) error { _, err := c.ProgramEngines(ctx, "p"); return err }, "GET /api/v2/speechandtextanalytics/programs/p/transcriptionengines", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := replies(says(200, `{}`))
			require.NoError(t, tt.call(t.Context(), o.client(t)))
			got := o.last(t)
			require.Equal(t, tt.want, strings.TrimSuffix(got.method+" "+got.path+"?"+got.query, "?"))
			if tt.body == "" {
				require.Empty(t, got.body)
				require.Empty(t, got.header.Get("Content-Type"))
				return
			}
			require.JSONEq(t, tt.body, got.body)
		})
	}
}

// Answers are read into the types.
func TestClient_ReadsAnswers(t *testing.T) {
	user := `{"id":"u","active":false,"userName":"jane@example.com","externalId":"117","meta":{"version":"3","lastModified":"2026-01-02T03:04:05.000Z"},"groups":[]}`
	u, err := replies(says(200, user)).client(t).GetUser(t.Context(), "u")
	require.NoError(t, err)
	require.False(t, u.IsActive())
	require.Equal(t, "3", u.Version())
	require.True(t, User{}.IsActive())
	require.Empty(t, User{}.Version())

	engines := `{"entities":[{"engine":"Genesys","dialects":["de-DE","en-US"]}],"transcriptionEngines":[{"engine":"GenesysExtended","dialects":["da-DK"]}]}`
	c := replies(says(200, engines)).client(t)
	dialects, err := c.Dialects(t.Context())
	require.NoError(t, err)
	require.Equal(t, []DialectEngine{{"Genesys", []string{"de-DE", "en-US"}}}, dialects)
	dialects, err = c.ProgramEngines(t.Context(), "p")
	require.NoError(t, err)
	require.Equal(t, []DialectEngine{{"GenesysExtended", []string{"da-DK"}}}, dialects)
}

// Many members, codes and skills go in the portions that the API takes.
func TestClient_SendsPortions(t *testing.T) {
	o := replies(says(200, `{}`))
	c := o.client(t)
	require.NoError(t, c.AddQueueMembers(t.Context(), "q", ids(250)))
	require.NoError(t, c.AddQueueWrapupCodes(t.Context(), "q", ids(101)))
	require.NoError(t, c.PatchUserSkills(t.Context(), "u", make([]SkillRating, 51)))
	var sizes []int
	for _, call := range o.calls() {
		sizes = append(sizes, strings.Count(call.body, "{"))
	}
	require.Equal(t, []int{100, 100, 50, 100, 1, 50, 1}, sizes)
	require.NoError(t, c.RemoveQueueMembers(t.Context(), "q", nil))
	require.NoError(t, c.GrantRoles(t.Context(), "u", nil))
	require.Len(t, o.calls(), 7)

	failing := replies(says(400, `{"code":"queue.size.limit"}`))
	require.Equal(t, fault.Invalid, fault.CodeOf(failing.client(t).AddQueueMembers(t.Context(), "q", ids(250))))
	require.Len(t, failing.calls(), 1)
}

func TestPatchUser_SendsTheVersionItExpects(t *testing.T) {
	o := replies(says(200, `{}`))
	c := o.client(t)
	_, err := c.PatchUser(t.Context(), "u", `"3"`, Replace("active", true))
	require.NoError(t, err)
	require.Equal(t, `"3"`, o.last(t).header.Get("If-Match"))
	_, err = c.PatchUser(t.Context(), "u", "", Replace("active", true))
	require.NoError(t, err)
	require.Empty(t, o.last(t).header.Values("If-Match"))
}

// The API has no partial update of a queue: what we do not know must survive, and what the API
// refuses to take back must not be sent.
func TestUpdateQueue_KeepsWhatItDoesNotKnow(t *testing.T) {
	read := `{"id":"q","name":"Old","division":{"id":"d","name":"Home","selfUri":"/x"},"peerId":"118","acwSettings":{"wrapupPrompt":"OPTIONAL","timeoutMs":1},
	  "scoringMethod":"","queueFlow":null,"memberCount":4}`
	o := replies(says(200, read), says(200, `{"id":"q","name":"New"}`))
	got, err := o.client(t).UpdateQueue(t.Context(), "q", func(q *Queue) {
		require.Equal(t, "118", q.PeerID)
		q.Name = "New"
	})
	require.NoError(t, err)
	require.Equal(t, "New", got.Name)
	require.Equal(t, "PUT", o.last(t).method)
	require.JSONEq(t, `{"id":"q","name":"New","division":{"id":"d","name":"Home"},"peerId":"118","acwSettings":{"wrapupPrompt":"OPTIONAL","timeoutMs":1},"memberCount":4}`, o.last(t).body)

	missing := replies(says(404, `{}`))
	_, err = missing.client(t).UpdateQueue(t.Context(), "q", func(*Queue) { t.Error("called without a queue") })
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestPresenceSettings_KeepWhatTheyDoNotKnow(t *testing.T) {
	o := replies(says(200, `{"id":"p","requestingOffQueueEnabled":true,"defaultPrimaryPresenceRegisteredSourceId":"old"}`))
	c := o.client(t)
	s, err := c.GetPresenceSettings(t.Context())
	require.NoError(t, err)
	require.Equal(t, "old", s.DefaultPrimarySourceID)
	s.DefaultPrimarySourceID = "new"
	_, err = c.PutPresenceSettings(t.Context(), s)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"p","requestingOffQueueEnabled":true,"defaultPrimaryPresenceRegisteredSourceId":"new"}`, o.last(t).body)
}

// The newest key is the current one.
func TestCurrentRecordingKey_IsTheNewest(t *testing.T) {
	keys := `{"entities":[{"id":"a","createDate":"2026-01-01T00:00:00Z"},{"id":"b","createDate":"2026-11-01T00:00:00.000Z","keydataSummary":"a2V5","keyConfigurationType":"Native"},{"id":"c","createDate":"2025-01-01T00:00:00Z"}],"pageCount":1}`
	key, err := replies(says(200, keys)).client(t).CurrentRecordingKey(t.Context())
	require.NoError(t, err)
	require.Equal(t, RecordingKey{ID: "b", CreateDate: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), KeyData: "a2V5", KeyType: "Native"}, key)

	_, err = replies(says(200, `{"entities":[]}`)).client(t).CurrentRecordingKey(t.Context())
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.NotEmpty(t, fault.Hint(err))
	_, err = replies(says(403, `{}`)).client(t).CurrentRecordingKey(t.Context())
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
}

// A user is found by an exact filter; what a server returns beside is not taken.
func TestFindUser(t *testing.T) {
	found := `{"totalResults":2,"Resources":[{"id":"x","userName":"other@example.com","externalId":"11"},{"id":"u","userName":"Jane@Example.com","externalId":"117"}]}`
	o := replies(says(200, found))
	c := o.client(t)
	u, ok, err := c.FindUserByUserName(t.Context(), "jane@example.com")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "u", u.ID)
	require.Equal(t, "count=25&filter=userName+eq+jane%40example.com&startIndex=1", o.last(t).query)
	u, ok, err = c.FindUserByExternalID(t.Context(), "117")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "u", u.ID)
	_, ok, err = c.FindUserByExternalID(t.Context(), "12")
	require.NoError(t, err)
	require.False(t, ok)
	_, _, err = replies(says(400, `{}`)).client(t).FindUserByExternalID(t.Context(), "12")
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
	c := replies(says(200, roles)).client(t)
	role, ok, err := c.FindRole(t.Context(), "Agent")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "2", role.ID)
	_, ok, err = c.FindRole(t.Context(), "Supervisor")
	require.NoError(t, err)
	require.False(t, ok)
	_, _, err = replies(says(403, `{}`)).client(t).FindRole(t.Context(), "Agent")
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
}
