package org_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
)

func TestLogin(t *testing.T) {
	b := newBench(t)
	form := "grant_type=client_credentials"
	rows := map[string]struct {
		id, secret, form string
		status           int
		code             string
	}{
		"basic":         {"admin", "s3cret/+%", form, 200, ""},
		"basic encoded": {"admin", "s3cret%2F%2B%25", form, 200, ""},
		"in the body":   {"", "", form + "&client_id=admin&client_secret=s3cret%2F%2B%25", 200, ""},
		"wrong secret":  {"admin", "no", form, 401, "invalid_client"},
		"unknown id":    {"who", "no", form, 401, "invalid_client"},
		"no id":         {"", "", form, 400, "invalid_request"},
		"no grant":      {"admin", "s3cret/+%", "", 400, "invalid_request"},
		"other grant":   {"admin", "s3cret/+%", "grant_type=password", 400, "unauthorized_client"},
		"bad form":      {"admin", "s3cret/+%", "grant_type=%zz", 400, "invalid_request"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			a := b.tryLogin(row.id, row.secret, row.form)
			require.Equal(t, row.status, a.status, string(a.body))
			body := a.object()
			if row.code == "" {
				require.Equal(t, "bearer", body["token_type"])
				require.EqualValues(t, 86_399, body["expires_in"])
				return
			}
			require.Equal(t, row.code, body["error"])
			require.NotEmpty(t, body["description"])
			require.Equal(t, body["description"], body["error_description"])
		})
	}
	req := b.request(http.MethodPost, "/oauth/token", map[string]string{"grant_type": "client_credentials"})
	require.Equal(t, 400, b.send(req).status)
}

func TestLoginRateLimitIsA400(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.TokenRateLimit = 2 })
	b.login("admin", "s3cret/+%")
	a := b.tryLogin("admin", "s3cret/+%", "grant_type=client_credentials")
	require.Equal(t, 400, a.status)
	require.Equal(t, "invalid_request", a.object()["error"])
	require.True(t, strings.HasPrefix(text(a.object()["description"]), "rate limit exceeded;"))
	b.login("exec", "exec")
	b.clock.advance(time.Minute)
	b.login("admin", "s3cret/+%")
}

func TestTokens(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.TokenSeconds = 600 })
	const path = "/api/v2/organizations/me"
	require.Equal(t, 200, b.do(http.MethodGet, path, nil).status)
	b.clock.advance(600 * time.Second)
	b.do(http.MethodGet, path, nil).fails(401, "bad.credentials")
	b.token = b.login("admin", "s3cret/+%")
	require.Equal(t, 200, b.do(http.MethodGet, path, nil).status)
	b.org.RevokeTokens()
	b.do(http.MethodGet, path, nil).fails(401, "bad.credentials")
	b.token = ""
	b.do(http.MethodGet, path, nil).fails(401, "authentication.required")
}

func TestRateLimitPerToken(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.RateLimit, o.Knobs.RateWindowMS = 3, 10_000 })
	const path = "/api/v2/authorization/divisions/home"
	for i := range 3 {
		a := b.do(http.MethodGet, path, nil)
		require.Equal(t, 200, a.status)
		require.Equal(t, fmt.Sprint(i+1), a.header.Get("inin-ratelimit-count"))
		require.Equal(t, "3", a.header.Get("inin-ratelimit-allowed"))
		require.Equal(t, "10", a.header.Get("inin-ratelimit-reset"))
	}
	b.clock.advance(4500 * time.Millisecond)
	a := b.do(http.MethodGet, path, nil)
	a.fails(429, "too.many.requests.retry.after")
	require.Equal(t, "6", a.header.Get("Retry-After"))
	limit, _ := a.object()["limit"].(map[string]any)
	require.Equal(t, "client.credentials.token.rate.per.minute", limit["key"])
	require.EqualValues(t, 3, limit["value"])
	require.Equal(t, 1, b.org.Snapshot().Counters.Throttled)
	b.clock.advance(5500 * time.Millisecond)
	require.Equal(t, 200, b.do(http.MethodGet, path, nil).status)
	b.token = b.login("exec", "exec") // another token has its own limit
	require.Equal(t, "1", b.do(http.MethodGet, path, nil).header.Get("inin-ratelimit-count"))
}

func TestEveryRouteChecksItsPermissions(t *testing.T) {
	b := newBench(t)
	var routes []struct {
		Method, Path string
		Permissions  []string
		All          bool
	}
	require.NoError(t, json.Unmarshal(b.do(http.MethodGet, "/lab/v1/org/routes", nil).body, &routes))
	require.Greater(t, len(routes), 60)
	b.token = b.login("nobody", "nothing")
	for _, rt := range routes {
		path := rt.Path
		for _, name := range []string{"userId", "subjectId", "skillId", "queueId", "memberId", "codeId", "definitionId", "sourceId",
			"conversationId", "reportId", "programId", "authority", "key"} {
			path = strings.ReplaceAll(path, "{"+name+"}", newID())
		}
		a := b.do(rt.Method, path, nil)
		switch {
		case len(rt.Permissions) == 0:
			require.NotEqual(t, 403, a.status, path)
		case rt.All || len(rt.Permissions) == 1:
			a.fails(403, "missing.permissions")
		default:
			a.fails(403, "missing.any.permissions")
		}
		require.NotEmpty(t, a.header.Get("ININ-Correlation-Id"))
	}
}

func TestIntegrationPermissionsReachEverythingAConnectorNeeds(t *testing.T) {
	b := newBench(t)
	b.token = b.login("exec", "exec")
	b.makeSource()
	user, queue, code, skill := b.user("u"), b.queue("q"), b.code("c"), b.skill("s")
	b.ok(http.MethodPatch, "/api/v2/users/"+user+"/routingskills/bulk", []any{map[string]any{"id": skill, "proficiency": 1}})
	b.ok(http.MethodPost, "/api/v2/routing/queues/"+queue+"/members", []any{map[string]any{"id": user}})
	b.do(http.MethodPost, "/api/v2/routing/queues/"+queue+"/wrapupcodes", []any{map[string]any{"id": code}})
	for _, path := range []string{
		"/api/v2/presence/definitions", "/api/v2/presence/settings", "/api/v2/authorization/roles", "/api/v2/recording/recordingkeys",
		"/api/v2/routing/settings/transcription", "/api/v2/speechandtextanalytics/settings",
		"/api/v2/speechandtextanalytics/programs/mappings", "/api/v2/presence/users/" + user + "/primarysource",
	} {
		b.ok(http.MethodGet, path, nil)
	}
}

func TestProtocolErrors(t *testing.T) {
	b := newBench(t)
	b.do(http.MethodGet, "/api/v2/nowhere", nil).fails(404, "not.found")
	b.do(http.MethodPost, "/api/v2/organizations/me", nil).fails(404, "not.found")
	b.do(http.MethodGet, "/", nil).fails(404, "not.found")

	req := b.request(http.MethodPost, "/api/v2/routing/skills", `{"name":"x"}`)
	req.Header.Set("Content-Type", "text/plain")
	b.send(req).fails(415, "unsupported.media.type")
	req = b.request(http.MethodPost, "/api/v2/routing/skills", `{"name":"x"}`)
	req.Header.Set("Content-Type", "application/scim+json")
	b.send(req).fails(415, "unsupported.media.type")
	req = b.request(http.MethodPost, "/api/v2/routing/skills", `{"name":"x"}`)
	req.Header.Set("Content-Type", "application/json; charset=UTF-8")
	require.Equal(t, 200, b.send(req).status)

	for _, path := range []string{"/api/v2/routing/skills", "/api/v2/events/conversations", "/api/v2/events/users/presence",
		"/api/v2/routing/queues", "/api/v2/routing/wrapupcodes", "/api/v2/presence/sources", "/api/v2/uploads/recordings"} {
		b.do(http.MethodPost, path, "{").fails(400, "bad.request")
		b.do(http.MethodPost, path, "null").fails(400, "bad.request")
		b.do(http.MethodPost, path, `{"surprise":[]}`).fails(400, "invalid.property")
		b.do(http.MethodPost, path, `{"x":"`+strings.Repeat("x", 512_000)+`"}`).fails(413, "request.entity.too.large")
	}
	for _, path := range []string{"/api/v2/routing/queues", "/api/v2/routing/wrapupcodes", "/api/v2/authorization/roles"} {
		b.do(http.MethodGet, path+"?pageNumber=0", nil).fails(400, "invalid.page.number")
		b.do(http.MethodGet, path+"?pageSize=0", nil).fails(400, "invalid.query.param.value")
		b.do(http.MethodGet, path+"?pageSize=501", nil).fails(400, "invalid.query.param.value")
	}
}

func TestPagesLinkToEachOther(t *testing.T) {
	b := newBench(t)
	for i := range 7 {
		b.skill(fmt.Sprintf("skill %d", i))
	}
	var names []string
	path := "/api/v2/routing/skills?pageSize=3"
	for range 3 {
		page := b.ok(http.MethodGet, path, nil)
		require.EqualValues(t, 7, page["total"])
		require.EqualValues(t, 3, page["pageCount"])
		list, _ := page["entities"].([]any)
		for _, entity := range list {
			object, _ := entity.(map[string]any)
			names = append(names, text(object["name"]))
		}
		path = text(page["nextUri"])
	}
	require.Empty(t, path)
	require.Len(t, names, 7)
}

func TestKnobsOverHTTP(t *testing.T) {
	b := newBench(t)
	body := b.ok(http.MethodPut, "/lab/v1/org/knobs", map[string]any{"latencyMs": 1, "rateLimit": 50})
	require.EqualValues(t, 50, body["rateLimit"])
	require.EqualValues(t, 100, body["tokenRateLimit"], "a knob that is not named keeps its value")
	require.Equal(t, 50, b.org.Knobs().RateLimit)
	for _, bad := range []any{map[string]any{"latencyMs": -1}, map[string]any{"failStatus": 418}, map[string]any{"speed": 1}, "{"} {
		require.Equal(t, 400, b.do(http.MethodPut, "/lab/v1/org/knobs", bad).status)
	}
	require.EqualValues(t, 1, b.ok(http.MethodGet, "/lab/v1/org/knobs", nil)["latencyMs"])
}

func TestFaultKnobs(t *testing.T) {
	const path = "/api/v2/authorization/divisions/home"
	statuses := func(b *bench, n int) []int {
		var out []int
		for range n {
			out = append(out, b.do(http.MethodGet, path, nil).status)
		}
		return out
	}
	t.Run("every third is throttled", func(t *testing.T) {
		b := newBench(t, func(o *org.Options) { o.Knobs.ThrottleEvery, o.Knobs.RetryAfterSeconds = 3, 7 })
		require.Equal(t, []int{200, 200, 429, 200, 200, 429}, statuses(b, 6))
		statuses(b, 2)
		require.Equal(t, "7", b.do(http.MethodGet, path, nil).header.Get("Retry-After"))
	})
	for status, code := range map[int]string{500: "internal.server.error", 502: "bad.gateway", 503: "service.unavailable", 504: "request.timeout"} {
		t.Run(code, func(t *testing.T) {
			b := newBench(t, func(o *org.Options) { o.Knobs.FailEvery, o.Knobs.FailStatus = 2, status })
			require.Equal(t, 200, b.do(http.MethodGet, path, nil).status)
			b.do(http.MethodGet, path, nil).fails(status, code)
		})
	}
	t.Run("an answer is lost after the request took effect", func(t *testing.T) {
		b := newBench(t, func(o *org.Options) { o.Knobs.LoseAnswerEvery = 1 })
		b.do(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": "lost"}).fails(504, "request.timeout")
		require.Len(t, b.org.Snapshot().Skills, 1)
		b.do(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": "LOST"}).fails(409, "general.conflict")
	})
	t.Run("latency", func(t *testing.T) {
		b := newBench(t, func(o *org.Options) { o.Knobs.LatencyMS = 30 })
		before := time.Now()
		statuses(b, 1)
		require.GreaterOrEqual(t, time.Since(before), 30*time.Millisecond)
	})
}

func TestReadsAreEventuallyConsistent(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.ConsistencyDelayMS = 2000 })
	user, queue, code, skill := b.user("u"), b.queue("q"), b.code("c"), b.skill("s")
	paths := map[string]string{
		"/api/v2/scim/v2/users/" + user: "/api/v2/scim/v2/users", "/api/v2/routing/queues/" + queue: "/api/v2/routing/queues",
		"/api/v2/routing/wrapupcodes/" + code: "/api/v2/routing/wrapupcodes", "/api/v2/routing/skills/" + skill: "/api/v2/routing/skills",
	}
	for one := range paths {
		require.Equal(t, 404, b.do(http.MethodGet, one, nil).status, one)
	}
	require.Empty(t, b.entities("/api/v2/routing/queues"))
	b.do(http.MethodPost, "/api/v2/routing/queues", map[string]any{"name": "Q"}).fails(400, "duplicate.name")
	b.clock.advance(2 * time.Second)
	for one, all := range paths {
		require.Equal(t, 200, b.do(http.MethodGet, one, nil).status, one)
		require.Contains(t, string(b.do(http.MethodGet, all, nil).body), "u")
	}
	b.ok(http.MethodPost, "/api/v2/routing/queues/"+queue+"/members", []any{map[string]any{"id": user}})
	require.Empty(t, b.entities("/api/v2/routing/queues/"+queue+"/members"))
	b.clock.advance(2 * time.Second)
	require.Len(t, b.entities("/api/v2/routing/queues/"+queue+"/members"), 1)
}

func TestOptionsAreChecked(t *testing.T) {
	for name, opts := range map[string]org.Options{
		"client without secret": {Clients: []org.Client{{ID: "a"}}},
		"client twice":          {Clients: []org.Client{{ID: "a", Secret: "b"}, {ID: "a", Secret: "c"}}},
		"transcription":         {Transcription: "Sometimes"},
		"knobs":                 {Knobs: org.Knobs{RateLimit: -1}},
	} {
		_, err := org.New(opts)
		require.Error(t, err, name)
	}
}

func TestSnapshotAndStream(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	s := b.script()
	s.inbound(b.queue("Sales"), b.user("ann"), b.code("Sold"))
	require.Empty(t, s.send())

	var snap org.Snapshot
	require.NoError(t, json.Unmarshal(b.do(http.MethodGet, "/lab/v1/org", nil).body, &snap))
	require.Len(t, snap.Users, 1)
	require.Len(t, snap.Conversations, 1)
	require.Equal(t, b.org.Snapshot().Conversations, snap.Conversations)
	require.Equal(t, 1, snap.Counters.Requests["POST /api/v2/events/conversations"])

	server := httptest.NewServer(b.org.Handler())
	defer server.Close()
	req := b.request(http.MethodGet, "/lab/v1/org/stream", nil)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	events := make(chan org.Change)
	done := make(chan struct{})
	go func() {
		defer close(done)
		readEvents(resp, events)
	}()
	first := <-events
	require.Len(t, first.Conversations, 1)
	require.Equal(t, 1, first.Totals.Users)
	again := b.script()
	again.established("externalEstablishedEvents", newID(), map[string]any{}, nil)
	require.Empty(t, again.send())
	for len(first.Conversations) == 0 || first.Conversations[0].ID != again.conversation {
		first = <-events // a message without the new conversation may come before
	}
	require.Len(t, first.Conversations, 1, "only what changed")
	_ = resp.Body.Close()
	<-done
}

func readEvents(resp *http.Response, out chan<- org.Change) {
	buffer, chunk := []byte{}, make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(chunk)
		if err != nil {
			return
		}
		buffer = append(buffer, chunk[:n]...)
		for {
			message, rest, found := bytes.Cut(buffer, []byte("\n\n"))
			if !found {
				break
			}
			buffer = rest
			if _, data, found := bytes.Cut(message, []byte("data: ")); found {
				var change org.Change
				if json.Unmarshal(data, &change) == nil {
					out <- change
				}
			}
		}
	}
}
