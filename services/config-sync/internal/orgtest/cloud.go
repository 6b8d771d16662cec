package orgtest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys"
	"engage.connector/services/config-sync/cloud"
)

// Server serves the organization on loopback until the test ends.
func (o *Org) Server(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(o.Handler())
	t.Cleanup(server.Close)
	return server
}

// Client is the real client, connected to the organization over loopback.
func (o *Org) Client(t *testing.T) *cloud.Org {
	t.Helper()
	server := o.Server(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := genesys.New(genesys.Options{
		APIURL: server.URL, AuthURL: server.URL, ClientID: ClientID, ClientSecret: ClientSecret,
		HTTP: &http.Client{Transport: transport}, RequestsPerMinute: 600_000,
	})
	require.NoError(t, err)
	return cloud.New(client)
}

// inProcess carries requests to the handler without a connection, for tests that make many.
type inProcess struct{ handler http.Handler }

var errCut = errors.New("connection cut")

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if recover() != nil {
			resp, err = nil, errCut
		}
	}()
	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// Direct is the real client without a connection in between.
func (o *Org) Direct(t require.TestingT) *cloud.Org {
	client, err := genesys.New(genesys.Options{
		APIURL: "http://org.example", AuthURL: "http://org.example", ClientID: ClientID, ClientSecret: ClientSecret,
		HTTP: &http.Client{Transport: inProcess{o.Handler()}}, RequestsPerMinute: 6_000_000,
	})
	require.NoError(t, err)
	return cloud.New(client)
}

// UserID returns the id of the user of this name, empty when there is none.
func (o *Org) UserID(userName string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if u := o.userByName(userName); u != nil {
		return u.ID
	}
	return ""
}

// QueueID returns the id of the queue whose name begins so.
func (o *Org) QueueID(prefix string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, q := range o.queues {
		if strings.HasPrefix(q.Name, prefix) {
			return id
		}
	}
	return ""
}
