package routing

import (
	"context"
	"iter"
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
	tests := map[string]struct {
		call func(context.Context, *API) error
		want string // method, path?query
		body string
	}{
		"create skill": {func(ctx context.Context, c *API) error { _, err := c.CreateSkill(ctx, "Billing"); return err }, "POST /api/v2/routing/skills", `{"name":"Billing"}`},
		"create queue": {func(ctx context.Context, c *API) error {
			_, err := c.CreateQueue(ctx, Queue{ID: "ignored", Name: "Sales", Division: &genesys.Ref{ID: "d"}, PeerID: "118"})
			return err
		}, "POST /api/v2/routing/queues", `{"name":"Sales","division":{"id":"d"},"peerId":"118"}`},
		"get queue":   {func(ctx context.Context, c *API) error { _, err := c.GetQueue(ctx, "q"); return err }, "GET /api/v2/routing/queues/q", ""},
		"add members": {func(ctx context.Context, c *API) error { return c.AddQueueMembers(ctx, "q", ids(1)) }, "POST /api/v2/routing/queues/q/members?delete=false", `[{"id":"id-0"}]`},
		"remove members": {func(ctx context.Context, c *API) error { return c.RemoveQueueMembers(ctx, "q", ids(2)) },
			"POST /api/v2/routing/queues/q/members?delete=true", `[{"id":"id-0"},{"id":"id-1"}]`},
		"create code": {func(ctx context.Context, c *API) error {
			_, err := c.CreateWrapupCode(ctx, WrapupCode{Name: "Sold", Division: &genesys.Ref{ID: "d"}})
			return err
		}, "POST /api/v2/routing/wrapupcodes", `{"name":"Sold","division":{"id":"d"}}`},
		"add codes":     {func(ctx context.Context, c *API) error { return c.AddQueueWrapupCodes(ctx, "q", ids(1)) }, "POST /api/v2/routing/queues/q/wrapupcodes", `[{"id":"id-0"}]`},
		"transcription": {func(ctx context.Context, c *API) error { _, err := c.TranscriptionSettings(ctx); return err }, "GET /api/v2/routing/settings/transcription", ""},
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
		"queues": {count(func(ctx context.Context, c *API) iter.Seq2[Queue, error] { return c.Queues(ctx, QueueFilter{}) }), "/api/v2/routing/queues?pageNumber=1&pageSize=100"},
		"peer queues": {count(func(ctx context.Context, c *API) iter.Seq2[Queue, error] {
			return c.Queues(ctx, QueueFilter{Name: "S*", PeerID: "1", HasPeer: true})
		}), "/api/v2/routing/queues?hasPeer=true&name=S%2A&pageNumber=1&pageSize=100&peerId=1"},
		"members":     {count(func(ctx context.Context, c *API) iter.Seq2[QueueMember, error] { return c.QueueMembers(ctx, "q") }), "/api/v2/routing/queues/q/members?memberBy=user&pageNumber=1&pageSize=100"},
		"skills":      {count(func(ctx context.Context, c *API) iter.Seq2[Skill, error] { return c.Skills(ctx, "Bil") }), "/api/v2/routing/skills?name=Bil&pageNumber=1&pageSize=100"},
		"codes":       {count(func(ctx context.Context, c *API) iter.Seq2[WrapupCode, error] { return c.WrapupCodes(ctx, "") }), "/api/v2/routing/wrapupcodes?pageNumber=1&pageSize=100"},
		"queue codes": {count(func(ctx context.Context, c *API) iter.Seq2[WrapupCode, error] { return c.QueueWrapupCodes(ctx, "q") }), "/api/v2/routing/queues/q/wrapupcodes?pageNumber=1&pageSize=100"},
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

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "id-" + strconv.Itoa(i)
	}
	return out
}

// Many members, codes and skills go in the portions that the API takes.
func TestClient_SendsPortions(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{}`))
	c := client(t, o)
	require.NoError(t, c.AddQueueMembers(t.Context(), "q", ids(250)))
	require.NoError(t, c.AddQueueWrapupCodes(t.Context(), "q", ids(101)))
	var sizes []int
	for _, call := range o.Calls() {
		sizes = append(sizes, strings.Count(call.Body, "{"))
	}
	require.Equal(t, []int{100, 100, 50, 100, 1}, sizes)
	require.NoError(t, c.RemoveQueueMembers(t.Context(), "q", nil))
	require.Len(t, o.Calls(), 5)

	failing := genesystest.Replies(genesystest.Says(400, `{"code":"queue.size.limit"}`))
	require.Equal(t, fault.Invalid, fault.CodeOf(client(t, failing).AddQueueMembers(t.Context(), "q", ids(250))))
	require.Len(t, failing.Calls(), 1)
}

// The API has no partial update of a queue: what we do not know must survive, and what the API
// refuses to take back must not be sent.
func TestUpdateQueue_KeepsWhatItDoesNotKnow(t *testing.T) {
	read := `{"id":"q","name":"Old","division":{"id":"d","name":"Home","selfUri":"/x"},"peerId":"118","acwSettings":{"wrapupPrompt":"OPTIONAL","timeoutMs":1},
	  "scoringMethod":"","queueFlow":null,"onHoldPrompt":{"id":"h","selfUri":"/h"},"memberCount":4,"userMemberCount":3,"joinedMemberCount":1,"selfUri":"/q"}`
	o := genesystest.Replies(genesystest.Says(200, read), genesystest.Says(200, `{"id":"q","name":"New"}`))
	got, err := client(t, o).UpdateQueue(t.Context(), "q", func(q *Queue) {
		require.Equal(t, "118", q.PeerID)
		q.Name = "New"
	})
	require.NoError(t, err)
	require.Equal(t, "New", got.Name)
	require.Equal(t, "PUT", o.Last(t).Method)
	require.JSONEq(t, `{"name":"New","division":{"id":"d","name":"Home"},"peerId":"118","acwSettings":{"wrapupPrompt":"OPTIONAL","timeoutMs":1},"onHoldPrompt":{"id":"h"}}`, o.Last(t).Body)

	missing := genesystest.Replies(genesystest.Says(404, `{}`))
	_, err = client(t, missing).UpdateQueue(t.Context(), "q", func(*Queue) { t.Error("called without a queue") })
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}
