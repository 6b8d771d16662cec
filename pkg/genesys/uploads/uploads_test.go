package uploads

import (
	"context"
	"iter"
	"testing"
	"time"

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

func TestCreateUpload_ReadsTheTarget(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{"url":"https://store.example.com/x","uploadKey":"k","headers":{"x-amz-tagging":"a=b"}}`))
	target, err := client(t, o).CreateUpload(t.Context(), UploadRequest{FileName: "a.zip"})
	require.NoError(t, err)
	require.Equal(t, UploadTarget{URL: "https://store.example.com/x", Key: "k", Headers: map[string]string{"x-amz-tagging": "a=b"}}, target)
}

// What each method sends.
func TestAPI_Operations(t *testing.T) {
	tests := map[string]struct {
		call func(context.Context, *API) error
		want string // method, path?query
		body string
	}{
		"create upload": {func(ctx context.Context, c *API) error {
			_, err := c.CreateUpload(ctx, UploadRequest{FileName: "a.zip", ContentMD5: "bWQ1", TimeoutSeconds: 900, ContentType: "application/zip"})
			return err
		}, "POST /api/v2/uploads/recordings", `{"fileName":"a.zip","contentMd5":"bWQ1","signedUrlTimeoutSeconds":900,"contentType":"application/zip"}`},
		"create report": {func(ctx context.Context, c *API) error {
			_, err := c.CreateUploadReport(ctx, UploadReportRequest{Since: time.Date(2024, 10, 25, 10, 0, 0, 10_999_999, time.UTC), Status: "Failure"})
			return err
		}, "POST /api/v2/recording/uploads/reports", `{"dateSince":"2024-10-25T10:00:00.010Z","uploadStatus":"Failure"}`},
		"get report": {func(ctx context.Context, c *API) error { _, err := c.GetUploadReport(ctx, "r"); return err }, "GET /api/v2/recording/uploads/reports/r", ""},
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
		"keys": {count((func(ctx context.Context, c *API) iter.Seq2[RecordingKey, error] { return c.RecordingKeys(ctx) })), "/api/v2/recording/recordingkeys?pageNumber=1&pageSize=100"},
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

// The newest key is the current one.
func TestCurrentRecordingKey_IsTheNewest(t *testing.T) {
	keys := `{"entities":[{"id":"a","createDate":"2026-01-01T00:00:00Z"},{"id":"b","createDate":"2026-11-01T00:00:00.000Z","keydataSummary":"a2V5","keyConfigurationType":"Native"},{"id":"c","createDate":"2025-01-01T00:00:00Z"}],"pageCount":1}`
	key, err := client(t, genesystest.Replies(genesystest.Says(200, keys))).CurrentRecordingKey(t.Context())
	require.NoError(t, err)
	require.Equal(t, RecordingKey{ID: "b", CreateDate: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), KeyData: "a2V5", KeyType: "Native"}, key)

	_, err = client(t, genesystest.Replies(genesystest.Says(200, `{"entities":[]}`))).CurrentRecordingKey(t.Context())
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.NotEmpty(t, fault.Hint(err))
	_, err = client(t, genesystest.Replies(genesystest.Says(403, `{}`))).CurrentRecordingKey(t.Context())
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
}
