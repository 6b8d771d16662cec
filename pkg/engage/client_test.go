package engage

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
)

func newTestClient(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := NewClient(ClientOptions{BaseURL: server.URL, Token: "secret", HTTP: server.Client()})
	require.NoError(t, err)
	return c
}

func TestDeclareLinkSendsTheContractsBody(t *testing.T) {
	var body, path, auth string
	c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, path, auth = string(b), r.Method+" "+r.URL.EscapedPath(), r.Header.Get("Authorization")
		_, _ = io.WriteString(w, `{"link":"a/b","state":"failed","reason":"refused"}`)
	})
	status, err := c.DeclareLink(t.Context(), "a/b", LinkSpec{
		Kind: KindTServer, Endpoints: []string{"primary:8000", "backup:8000"}, CallMonitoring: true,
		Register: []Registration{{DN: "VQ_Sales", Type: "VirtualQueue"}},
		Statistics: []Statistic{{ID: "agent:john", Object: "john", ObjectType: "Agent", Tenant: "Environment",
			Category: "CurrentState", Subject: "DNAction"}},
	})
	require.NoError(t, err)
	require.Equal(t, LinkStatus{Link: "a/b", State: "failed", Reason: "refused"}, status)
	require.Equal(t, "PUT /v1/links/a%2Fb", path)
	require.Equal(t, "Bearer secret", auth)
	require.JSONEq(t, `{"kind":"tserver","endpoints":["primary:8000","backup:8000"],"callMonitoring":true,
		"register":[{"dn":"VQ_Sales","type":"VirtualQueue"}],
		"statistics":[{"id":"agent:john","object":"john","objectType":"Agent","tenant":"Environment","category":"CurrentState","subject":"DNAction"}]}`, body)
}

func TestLinksAreListedInEitherShape(t *testing.T) {
	for _, answer := range []string{`[{"link":"vq","state":"connected"}]`, `{"links":[{"link":"vq","state":"connected"}]}`} {
		c := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
		links, err := c.Links(t.Context())
		require.NoError(t, err)
		require.Equal(t, []LinkStatus{{Link: "vq", State: "connected"}}, links)
	}
}

func TestDeletingAnUnknownLinkIsNoError(t *testing.T) {
	c := newTestClient(t, http.NotFound)
	require.NoError(t, c.DeleteLink(t.Context(), "vq"))
	_, err := c.Links(t.Context())
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestRefusalsAreClassified(t *testing.T) {
	for status, want := range map[int]fault.Code{
		http.StatusBadRequest: fault.Invalid, http.StatusUnauthorized: fault.Unauthenticated,
		http.StatusForbidden: fault.Forbidden, http.StatusServiceUnavailable: fault.Unavailable,
	} {
		c := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "because\nof that", status)
		})
		_, err := c.DeclareLink(t.Context(), "vq", LinkSpec{})
		require.Equal(t, want, fault.CodeOf(err))
		require.ErrorContains(t, err, "because of that")
		require.NotContains(t, err.Error(), "secret")
		if want == fault.Unavailable {
			require.Equal(t, 7*time.Second, fault.RetryIn(err))
		}
	}
}

func TestAnEdgeThatIsNotThereIsUnavailable(t *testing.T) {
	c := newTestClient(t, http.NotFound)
	c.base.Host = "127.0.0.1:1"
	_, err := c.Links(t.Context())
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Links(ctx)
	require.Equal(t, fault.Canceled, fault.CodeOf(err))
}

func TestOptionsAndNamesAreChecked(t *testing.T) {
	for _, base := range []string{"", "edge:8443", "ftp://edge", "http://user:pw@edge", "http://%zz"} {
		_, err := NewClient(ClientOptions{BaseURL: base})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), base)
	}
	_, err := NewClient(ClientOptions{BaseURL: "https://edge", HTTP: &http.Client{Timeout: time.Second}})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	c := newTestClient(t, http.NotFound)
	for _, link := range []string{"", ".", ".."} {
		_, err := c.DeclareLink(t.Context(), link, LinkSpec{})
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.Equal(t, fault.Invalid, fault.CodeOf(c.DeleteLink(t.Context(), link)))
		require.Equal(t, fault.Invalid, fault.CodeOf(c.Follow(t.Context(), link, nil, nil, nil)))
	}
}
