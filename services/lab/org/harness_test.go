package org_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/services/lab/org"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testKey and otherKey are recording keys for all tests; making RSA-3072 keys takes long.
var (
	testKey  = sync.OnceValue(newKey)
	otherKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		panic(err)
	}
	return key
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is an organization behind a server, with a client that may do everything.
type bench struct {
	t      *testing.T
	org    *org.Org
	url    string
	clock  *clock
	token  string
	source string
}

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func newBench(t *testing.T, change ...func(o *org.Options)) *bench {
	t.Helper()
	b := &bench{t: t, clock: &clock{at: start}}
	opts := org.Options{
		Now: b.clock.now, Key: testKey(), StreamInterval: time.Millisecond,
		Clients: []org.Client{{ID: "admin", Secret: "s3cret/+%"}, {ID: "nobody", Secret: "nothing"},
			{ID: "exec", Secret: "exec", Permissions: org.IntegrationPermissions()}},
		Knobs: org.Knobs{RateLimit: 10_000, TokenRateLimit: 100},
	}
	probe, err := org.New(org.Options{})
	require.NoError(t, err)
	opts.Clients[0].Permissions = probe.AllPermissions()
	for _, f := range change {
		f(&opts)
	}
	b.org, err = org.New(opts)
	require.NoError(t, err)
	server := httptest.NewServer(b.org.Handler())
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	b.url = server.URL
	b.token = b.login("admin", "s3cret/+%")
	return b
}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (b *bench) send(req *http.Request) answer {
	b.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return answer{t: b.t, status: resp.StatusCode, header: resp.Header, body: body}
}

func (b *bench) request(method, path string, body any) *http.Request {
	b.t.Helper()
	var reader io.Reader
	switch v := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(v)
	case []byte:
		reader = bytes.NewReader(v)
	default:
		raw, err := json.Marshal(body)
		require.NoError(b.t, err)
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, reader)
	require.NoError(b.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	return req
}

func (b *bench) do(method, path string, body any) answer {
	b.t.Helper()
	return b.send(b.request(method, path, body))
}

// ok does a request that has to succeed and returns its JSON object.
func (b *bench) ok(method, path string, body any) map[string]any {
	b.t.Helper()
	a := b.do(method, path, body)
	require.Less(b.t, a.status, 300, "%s %s: %s", method, path, a.body)
	return a.object()
}

func (a answer) object() map[string]any {
	a.t.Helper()
	out := map[string]any{}
	if len(bytes.TrimSpace(a.body)) > 0 {
		require.NoError(a.t, json.Unmarshal(a.body, &out), string(a.body))
	}
	return out
}

// fails checks status and code of an ErrorBody.
func (a answer) fails(status int, code string) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, string(a.body))
	body := a.object()
	require.Equal(a.t, code, body["code"], string(a.body))
	require.EqualValues(a.t, status, body["status"])
	require.Equal(a.t, a.header.Get("ININ-Correlation-Id"), body["contextId"])
	require.NotContains(a.t, body["message"], "%!", "a message without its values")
}

// failsSCIM checks status and scimType of a ScimError.
func (a answer) failsSCIM(status int, scimType string) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, string(a.body))
	body := a.object()
	require.Equal(a.t, fmt.Sprint(status), body["status"])
	if scimType != "" {
		require.Equal(a.t, scimType, body["scimType"], string(a.body))
	}
	require.Equal(a.t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, body["schemas"])
}

func (b *bench) tryLogin(id, secret, form string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/oauth/token", strings.NewReader(form))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		req.SetBasicAuth(id, secret)
	}
	return b.send(req)
}

func (b *bench) login(id, secret string) string {
	b.t.Helper()
	a := b.tryLogin(id, secret, "grant_type=client_credentials")
	require.Equal(b.t, http.StatusOK, a.status, string(a.body))
	token, _ := a.object()["access_token"].(string)
	require.NotEmpty(b.t, token)
	return token
}

// entities returns a listing's ids.
func (b *bench) entities(path string) []map[string]any {
	b.t.Helper()
	list, _ := b.ok(http.MethodGet, path, nil)["entities"].([]any)
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i], _ = list[i].(map[string]any)
	}
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func (b *bench) user(name string) string {
	b.t.Helper()
	return text(b.ok(http.MethodPost, "/api/v2/scim/v2/users", map[string]any{
		"userName": name + "@lab.example", "displayName": name, "externalId": name,
	})["id"])
}

func (b *bench) queue(name string) string {
	b.t.Helper()
	return text(b.ok(http.MethodPost, "/api/v2/routing/queues", map[string]any{"name": name, "peerId": name})["id"])
}

func (b *bench) code(name string) string {
	b.t.Helper()
	return text(b.ok(http.MethodPost, "/api/v2/routing/wrapupcodes", map[string]any{"name": name})["id"])
}

func (b *bench) skill(name string) string {
	b.t.Helper()
	return text(b.ok(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": name})["id"])
}

func (b *bench) makeSource() string {
	b.t.Helper()
	b.source = text(b.ok(http.MethodPost, "/api/v2/presence/sources", map[string]any{"name": "EX"})["id"])
	return b.source
}

func newID() string { return uuid.NewString() }

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
