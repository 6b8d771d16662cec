// Package genesystest is a fake organization without sockets for the tests of pkg/genesys and of
// the areas over it.
package genesystest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Where the organization is and what its login takes and gives.
const (
	APIURL       = "https://api.example.com"
	AuthURL      = "https://login.example.com"
	ClientID     = "id-of-the-client"
	ClientSecret = "s3cr3t-of-the-client"
	Token        = "token-1"
)

// Org is an organization: a login service that hands out tokens and a handler for the API.
type Org struct {
	Login http.HandlerFunc // instead of the usual answer
	API   http.HandlerFunc

	mu       sync.Mutex
	requests []Seen
	tokens   int
}

// Seen is a request that the organization got.
type Seen struct {
	Method, Path, Query, Body string
	Header                    http.Header
	At                        time.Time
}

// HTTP is a client whose requests all go to the organization, without sockets, so that time can
// stand still around it.
func (o *Org) HTTP() *http.Client { return &http.Client{Transport: memory{o}} }

type memory struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	m.handler.ServeHTTP(rec, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if broken := rec.Header().Get("Test-Broken"); broken != "" {
		return nil, io.ErrUnexpectedEOF
	}
	return rec.Result(), nil
}

// ServeHTTP answers the login and, to requests with a token, the API.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	login := r.URL.Path == "/oauth/token"
	o.mu.Lock()
	if login {
		o.tokens++
	} else {
		o.requests = append(o.requests, Seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Clone(), time.Now()})
	}
	o.mu.Unlock()
	switch {
	case !login && !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "):
		Answer(w, http.StatusUnauthorized, `{"code":"bad.credentials"}`)
	case !login:
		o.API(w, r)
	case o.Login != nil:
		o.Login(w, r)
	default:
		o.token(w, r)
	}
}

func (o *Org) token(w http.ResponseWriter, r *http.Request) {
	if id, secret, ok := r.BasicAuth(); !ok || id != ClientID || secret != ClientSecret {
		Answer(w, http.StatusUnauthorized, `{"error":"invalid_client"}`)
		return
	}
	Answer(w, http.StatusOK, `{"access_token":"`+Token+`","token_type":"bearer","expires_in":86399}`)
}

// Calls are the requests to the API.
func (o *Org) Calls() []Seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.requests)
}

// TokenCalls is how many requests the login got.
func (o *Org) TokenCalls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tokens
}

// Last is the only thing most tests look at.
func (o *Org) Last(t *testing.T) Seen {
	t.Helper()
	all := o.Calls()
	require.NotEmpty(t, all)
	return all[len(all)-1]
}

// Replies answers the API's requests one after the other with what is listed, the last one for ever.
func Replies(steps ...http.HandlerFunc) *Org {
	n := 0
	var mu sync.Mutex
	return &Org{API: func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		step := steps[min(n, len(steps)-1)]
		n++
		mu.Unlock()
		step(w, r)
	}}
}

// Answer writes a JSON answer.
func Answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// Says is a handler with a fixed answer; headers are name, value, name, value.
func Says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		Answer(w, status, body)
	}
}

// Breaks is a handler whose answer never arrives because the connection breaks.
func Breaks(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Test-Broken", "yes") }

// Hangs is a handler that answers only when the client has given up.
func Hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// RequireSent checks the last request: "METHOD path?query" and its JSON body, "" for none.
func (o *Org) RequireSent(t *testing.T, want, body string) {
	t.Helper()
	got := o.Last(t)
	require.Equal(t, want, strings.TrimSuffix(got.Method+" "+got.Path+"?"+got.Query, "?"))
	if body == "" {
		require.Empty(t, got.Body)
		require.Empty(t, got.Header.Get("Content-Type"))
		return
	}
	require.JSONEq(t, body, got.Body)
}
