package genesys

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/genesystest"
)

// All faults of the options are told at once, without repeating what may be a password.
func TestNew_NamesEveryFaultOfItsOptions(t *testing.T) {
	_, err := New(Options{APIURL: "ftp://user:hunter2@x", AuthURL: "", BudgetShare: 2, RequestsPerMinute: -1, RequestTimeout: -1})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	for _, want := range []string{"APIURL", "AuthURL is missing", "ClientID", "ClientSecret", "BudgetShare", "RequestsPerMinute", "timeout"} {
		require.ErrorContains(t, err, want)
	}
	for _, url := range []string{"https://user:hunter2@api.example.com", "https://api.example.com?x=1", "https://api.example.com#x", "https://", "::"} {
		_, err := New(Options{APIURL: url, AuthURL: "https://login.example.com", ClientID: "i", ClientSecret: "s"})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), url)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// The URLs may be written as operators write them.
func TestNew_TakesURLsInTheirUsualForms(t *testing.T) {
	for _, api := range []string{"https://api.example.com", "https://api.example.com/", " https://api.example.com/api/v2 ", "https://api.example.com/api/v2/"} {
		c, err := New(Options{APIURL: api, AuthURL: "https://login.example.com/oauth/token", ClientID: "i", ClientSecret: "s"})
		require.NoError(t, err)
		require.Equal(t, "https://api.example.com", c.api)
		require.Equal(t, "https://login.example.com/oauth/token", c.tokens.url)
	}
	c, err := New(Options{APIURL: "http://127.0.0.1:1/base", AuthURL: "http://127.0.0.1:1/login/", ClientID: "i", ClientSecret: "s"})
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:1/base", c.api)
	require.Equal(t, "http://127.0.0.1:1/login/oauth/token", c.tokens.url)
	require.Equal(t, "engage-connector", c.agent)
}

// Plain http is for this machine; elsewhere the operator is warned.
func TestNew_WarnsOfUnencryptedCredentials(t *testing.T) {
	tests := map[string]bool{"https://api.example.com": false, "http://127.0.0.1:8080": false, "http://localhost": false, "http://[::1]:1": false, "http://lab:8080": true}
	for url, warns := range tests {
		var log bytes.Buffer
		client(t, (&genesystest.Org{}), func(o *Options) { o.APIURL = url }, logTo(&log))
		require.Equal(t, warns, strings.Contains(log.String(), "unencrypted"), url)
	}
}

// The bearer token goes to the API only: redirects are not followed.
func TestClient_FollowsNoRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/token" {
			genesystest.Answer(w, 200, `{"access_token":"t","expires_in":60}`)
			return
		}
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	c := client(t, (&genesystest.Org{}), func(o *Options) { o.HTTP, o.APIURL, o.AuthURL = nil, server.URL, server.URL })
	defer c.http.CloseIdleConnections()
	require.Error(t, someCall(t.Context(), c))
}

// A wrong argument is an error before anything is sent.
func TestClient_RefusesAnEmptyID(t *testing.T) {
	o := genesystest.Replies(genesystest.Says(200, `{}`))
	err := client(t, o).Do(t.Context(), Request{Operation: membersOf(), Args: []string{""}})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	err = client(t, o).Do(t.Context(), Request{Operation: creating(), Body: make(chan int)})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.Empty(t, o.Calls())
	require.Zero(t, o.TokenCalls())
}

// Metrics are well-formed, complete from the start, and go on when a client is made anew.
func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	with := func(o *Options) { o.Registerer = reg }
	c := client(t, genesystest.Replies(genesystest.Says(200, `{}`)), with)
	c.Declare(reading(), creating())
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
	series, err := testutil.GatherAndCount(reg, "engage_connector_genesys_requests_total")
	require.NoError(t, err)
	require.Equal(t, 2*len(outcomes()), series)

	require.NoError(t, someCall(t.Context(), c))
	again := client(t, genesystest.Replies(genesystest.Says(404, `{}`)), with)
	require.Error(t, someCall(t.Context(), again))
	require.InDelta(t, 1, testutil.ToFloat64(c.metrics.requests.WithLabelValues(reading().Name(), string(outcomeSuccess))), 0)
	require.InDelta(t, 1, testutil.ToFloat64(c.metrics.requests.WithLabelValues(reading().Name(), string(outcomeRejected))), 0)
	require.InDelta(t, 2, testutil.ToFloat64(c.metrics.tokens.WithLabelValues(string(tokenGranted))), 0)
	require.InDelta(t, 300, testutil.ToFloat64(c.metrics.allowed), 0)
	require.InDelta(t, 239, testutil.ToFloat64(c.metrics.remaining), 0)
	other := client(t, genesystest.Replies(genesystest.Says(200, `{}`)), with, func(o *Options) { o.Component = "other" })
	require.NotSame(t, c.metrics.requests, other.metrics.requests)
}

// Two different metrics of one name are a defect that must show at once.
func TestMetrics_DifferentMetricsOfOneNamePanic(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "x", Help: "h"}))
	require.Panics(t, func() {
		Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "x", Help: "other"}, []string{"l"}))
	})
}
