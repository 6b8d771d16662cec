package presence

import (
	"context"
	"iter"
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
		"create source": {func(ctx context.Context, c *API) error {
			_, err := c.CreateSource(ctx, Source{Name: "Platform", Type: "System"})
			return err
		}, "POST /api/v2/presence/sources", `{"name":"Platform","type":"System"}`},
		"get primary source": {func(ctx context.Context, c *API) error { _, err := c.UserPrimarySource(ctx, "u"); return err }, "GET /api/v2/presence/users/u/primarysource", ""},
		"set primary source": {func(ctx context.Context, c *API) error {
			_, err := c.SetUserPrimarySource(ctx, "u", "s")
			return err
		},
			"PUT /api/v2/presence/users/u/primarysource", `{"sourceId":"s","registered":true}`},
		"get presence settings": {func(ctx context.Context, c *API) error { _, err := c.GetPresenceSettings(ctx); return err }, "GET /api/v2/presence/settings", ""},
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
		"sources": {count(func(ctx context.Context, c *API) iter.Seq2[Source, error] { return c.Sources(ctx) }), "/api/v2/presence/sources?"},
		"definitions": {count(func(ctx context.Context, c *API) iter.Seq2[Definition, error] {
			return c.PresenceDefinitions(ctx)
		}), "/api/v2/presence/definitions?"},
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

func TestPresenceSettings_KeepWhatTheyDoNotKnow(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{"id":"p","selfUri":"/p","requestingOffQueueEnabled":true,"defaultPrimaryPresenceRegisteredSourceId":"old"}`))
	c := client(t, o)
	s, err := c.GetPresenceSettings(t.Context())
	require.NoError(t, err)
	require.Equal(t, "old", s.DefaultPrimarySourceID)
	s.DefaultPrimarySourceID = "new"
	_, err = c.PutPresenceSettings(t.Context(), s)
	require.NoError(t, err)
	require.JSONEq(t, `{"requestingOffQueueEnabled":true,"defaultPrimaryPresenceRegisteredSourceId":"new"}`, o.Last(t).Body)
}
