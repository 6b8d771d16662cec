package genesys

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSecret = "s3cr3t-of-the-client"
	testToken  = "token-1"
)

// memory is a transport without sockets, so that time can stand still around it.
type memory struct{ handler http.Handler }

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

// org is a fake organization: a login service that hands out tokens and a handler for the API.
type org struct {
	mu       sync.Mutex
	requests []seen
	tokens   int
	login    http.HandlerFunc // instead of the usual answer
	api      http.HandlerFunc
}

// seen is a request that the fake organization got.
type seen struct {
	method, path, query, body string
	header                    http.Header
	at                        time.Time
}

func (o *org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	o.mu.Lock()
	if r.URL.Path == "/oauth/token" {
		o.tokens++
	} else {
		o.requests = append(o.requests, seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Clone(), time.Now()})
	}
	o.mu.Unlock()
	switch {
	case r.URL.Path != "/oauth/token":
		o.api(w, r)
	case o.login != nil:
		o.login(w, r)
	default:
		answer(w, http.StatusOK, `{"access_token":"`+testToken+`","token_type":"bearer","expires_in":86399}`)
	}
}

func (o *org) calls() []seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]seen(nil), o.requests...)
}

func (o *org) tokenCalls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tokens
}

// last is the only thing most tests look at.
func (o *org) last(t *testing.T) seen {
	t.Helper()
	all := o.calls()
	require.NotEmpty(t, all)
	return all[len(all)-1]
}

// client makes a client of the fake organization.
func (o *org) client(t *testing.T, change ...func(*Options)) *Client {
	t.Helper()
	opts := Options{
		APIURL: "https://api.example.com", AuthURL: "https://login.example.com", ClientID: "id", ClientSecret: testSecret,
		HTTP: &http.Client{Transport: memory{o}}, Registerer: prometheus.NewRegistry(), Component: "test",
	}
	for _, f := range change {
		f(&opts)
	}
	c, err := New(opts)
	require.NoError(t, err)
	return c
}

// replies answers the API's requests one after the other with what is listed, the last one for ever.
func replies(steps ...http.HandlerFunc) *org {
	n := 0
	var mu sync.Mutex
	return &org{api: func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		step := steps[min(n, len(steps)-1)]
		n++
		mu.Unlock()
		step(w, r)
	}}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// says is a handler with a fixed answer; headers are name, value, name, value.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		answer(w, status, body)
	}
}

// breaks is a handler whose answer never arrives because the connection breaks.
func breaks(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Test-Broken", "yes") }

// hangs is a handler that answers only when the client has given up.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func logTo(w io.Writer) func(*Options) {
	return func(o *Options) {
		o.Logger = slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

// golden compares JSON with a file, or writes the file with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func indent(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return append(out, '\n')
}

func loadJSON(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into))
}

// someCall is a call that may be repeated; someCreate one that may not.
func someCall(ctx context.Context, c *Client) error {
	_, err := c.HomeDivision(ctx)
	return err
}

func someCreate(ctx context.Context, c *Client) error {
	_, err := c.CreateSkill(ctx, "Billing")
	return err
}
