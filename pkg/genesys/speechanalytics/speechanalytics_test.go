package speechanalytics

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
		"speech settings": {func(ctx context.Context, c *API) error { _, err := c.SpeechSettings(ctx); return err }, "GET /api/v2/speechandtextanalytics/settings", ""},
		"dialects":        {func(ctx context.Context, c *API) error { _, err := c.Dialects(ctx); return err }, "GET /api/v2/speechandtextanalytics/programs/transcriptionengines/dialects", ""},
		"program engines": {func(ctx context.Context, c *API) error { _, err := c.ProgramEngines(ctx, "p"); return err }, "GET /api/v2/speechandtextanalytics/programs/p/transcriptionengines", ""},
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
		"mappings": {count(func(ctx context.Context, c *API) iter.Seq2[ProgramMapping, error] { return c.ProgramMappings(ctx) }), "/api/v2/speechandtextanalytics/programs/mappings?pageSize=100"},
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
func TestAPI_ReadsAnswers(t *testing.T) {
	engines := `{"entities":[{"engine":"Genesys","dialects":["de-DE","en-US"]}],"transcriptionEngines":[{"engine":"GenesysExtended","dialects":["da-DK"]}]}`
	c := client(t, genesystest.Replies(genesystest.Says(200, engines)))
	dialects, err := c.Dialects(t.Context())
	require.NoError(t, err)
	require.Equal(t, []DialectEngine{{"Genesys", []string{"de-DE", "en-US"}}}, dialects)
	dialects, err = c.ProgramEngines(t.Context(), "p")
	require.NoError(t, err)
	require.Equal(t, []DialectEngine{{"GenesysExtended", []string{"da-DK"}}}, dialects)
}
