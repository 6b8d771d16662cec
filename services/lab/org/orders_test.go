package org_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
)

// order gives an order over HTTP, as tests of other packages do.
func (b *bench) order(order org.Order) {
	b.t.Helper()
	a := b.do(http.MethodPost, "/lab/v1/org/orders", order)
	require.Equal(b.t, http.StatusNoContent, a.status, string(a.body))
}

const createSkill = "POST /api/v2/routing/skills"

func TestAnOrderRefusesOneOperation(t *testing.T) {
	b := newBench(t)
	b.order(org.Order{Operation: createSkill, Do: org.Refuse, Status: 409, Code: "general.conflict", Message: "no", RetryAfter: "7", Skip: 1, Every: 2, Times: 2})
	var got []int
	for i := range 8 {
		a := b.do(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": string(rune('a' + i))})
		got = append(got, a.status)
		if a.status == 409 {
			a.fails(409, "general.conflict")
			require.Equal(t, "7", a.header.Get("Retry-After"))
			require.Equal(t, "no", a.object()["message"])
		}
	}
	require.Equal(t, []int{200, 200, 409, 200, 409, 200, 200, 200}, got)
	require.Len(t, b.entities("/api/v2/routing/skills?pageSize=100"), 6, "what was refused was not done")
	given := b.org.Orders()
	require.Equal(t, []int{8, 2}, []int{given[0].Seen, given[0].Done})
	require.Equal(t, 204, b.do(http.MethodDelete, "/lab/v1/org/orders", nil).status)
	require.Empty(t, b.org.Orders())
}

func TestAnOrderIsAboutAPatternOfPaths(t *testing.T) {
	b := newBench(t)
	queue, other := b.queue("q"), b.queue("r")
	b.order(org.Order{Operation: "GET /api/v2/routing/queues/{queueId}", Do: org.Refuse, Status: 503, Code: "service.unavailable"})
	require.Equal(t, 503, b.do(http.MethodGet, "/api/v2/routing/queues/"+queue, nil).status)
	require.Equal(t, 200, b.do(http.MethodGet, "/api/v2/routing/queues/"+other+"/members", nil).status)
	require.Equal(t, 200, b.do(http.MethodGet, "/api/v2/routing/queues", nil).status)
	b.org.TakeBackOrders()
	b.order(org.Order{Do: org.Refuse, Status: 503, Code: "service.unavailable"})
	require.Equal(t, 503, b.do(http.MethodGet, "/api/v2/routing/skills", nil).status)
	require.Equal(t, 200, b.do(http.MethodGet, "/lab/v1/org/orders", nil).status, "the lab's own paths are never concerned")
}

func TestEachFrontAnswersARefusalInItsOwnForm(t *testing.T) {
	b := newBench(t)
	b.order(org.Order{Operation: "POST /oauth/token", Do: org.Refuse, Status: 429, Code: "rate_limited", Message: "later"})
	a := b.tryLogin("admin", "s3cret/+%", "grant_type=client_credentials")
	require.Equal(t, []any{429, "rate_limited"}, []any{a.status, a.object()["error"]})

	b.order(org.Order{Operation: "GET /api/v2/scim/v2/users", Do: org.Refuse, Status: 400, Code: "tooMany", Message: "x"})
	b.do(http.MethodGet, "/api/v2/scim/v2/users", nil).failsSCIM(400, "tooMany")

	for _, row := range []struct {
		status int
		code   string
	}{{400, "ExpiredToken"}, {400, "RequestTimeout"}, {403, "AccessDenied"}, {404, "NoSuchKey"}, {409, "OperationAborted"}} {
		b.org.TakeBackOrders()
		b.order(org.Order{Operation: "PUT /uploads/recordings/{key...}", Do: org.Refuse, Status: row.status, Code: row.code, Message: "by order"})
		a := b.do(http.MethodPut, "/uploads/recordings/2026/11/a.zip", "x")
		require.Equal(t, row.status, a.status)
		require.Equal(t, "application/xml", a.header.Get("Content-Type"))
		require.Contains(t, string(a.body), "<Code>"+row.code+"</Code>")
	}
}

func TestAProxyAnswersInItsPlace(t *testing.T) {
	b := newBench(t)
	b.order(org.Order{Operation: createSkill, Do: org.HTML, Status: 403, RetryAfter: "3"})
	a := b.do(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": "s"})
	require.Equal(t, []any{403, "text/html", "3"}, []any{a.status, a.header.Get("Content-Type"), a.header.Get("Retry-After")})
	require.Contains(t, string(a.body), "<h1>Forbidden</h1>")
	require.Empty(t, b.entities("/api/v2/routing/skills"))
}

// What the organization took stays taken, whatever becomes of the answer.
func TestAnAnswerIsSpoiledAfterTheRequestWasTaken(t *testing.T) {
	b := newBench(t)
	whole := b.do(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": "whole"}).body
	for i, row := range []struct {
		order org.Order
		want  func(body []byte) bool
	}{
		{org.Order{Do: org.ReplaceBody, Body: "{}"}, func(body []byte) bool { return string(body) == "{}" }},
		{org.Order{Do: org.ReplaceBody, Body: "null"}, func(body []byte) bool { return string(body) == "null" }},
		{org.Order{Do: org.ReplaceBody}, func(body []byte) bool { return len(body) == 0 }},
		{org.Order{Do: org.Truncate}, func(body []byte) bool { return !json.Valid(body) && bytes.HasPrefix(whole, body[:5]) }},
	} {
		b.org.TakeBackOrders()
		row.order.Operation = createSkill
		b.order(row.order)
		a := b.do(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": string(rune('a' + i))})
		require.Equal(t, 200, a.status)
		require.True(t, row.want(a.body), "%s: %s", row.order.Do, a.body)
		require.Len(t, b.entities("/api/v2/routing/skills"), i+2)
	}

	b.org.TakeBackOrders()
	b.order(org.Order{Operation: createSkill, Do: org.LoseAnswer})
	response, err := http.DefaultClient.Do(b.request(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": "lost"}))
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.ErrorIs(t, err, io.EOF, "the connection breaks")
	require.Len(t, b.entities("/api/v2/routing/skills"), 6)
}

func TestAnAnswerDoesNotComeUntilTheClientGivesUp(t *testing.T) {
	b := newBench(t)
	b.order(org.Order{Operation: createSkill, Do: org.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	response, err := http.DefaultClient.Do(b.request(http.MethodPost, "/api/v2/routing/skills", map[string]any{"name": "s"}).WithContext(ctx))
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Empty(t, b.entities("/api/v2/routing/skills"))
}

func TestTheErrorsOfABatchAreSpoiled(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	event := "abcdef00-0000-4000-8000-00000000000f"
	for do, check := range map[org.Deed]func(errs []any){
		org.NoEventIDs:  func(errs []any) { require.NotContains(t, errs[0], "eventId") },
		org.UpperIDs:    func(errs []any) { require.Equal(t, strings.ToUpper(event), errs[0].(map[string]any)["eventId"]) },
		org.UnknownIDs:  func(errs []any) { require.NotEqual(t, event, errs[0].(map[string]any)["eventId"]) },
		org.DropErrors:  func(errs []any) { require.Nil(t, errs) },
		org.NoRetryable: func(errs []any) { require.NotContains(t, errs[0], "retryable") },
	} {
		b.org.TakeBackOrders()
		b.order(org.Order{Operation: "POST /api/v2/events/users/presence", Do: do})
		a := b.ok(http.MethodPost, "/api/v2/events/users/presence", map[string]any{"userPresenceEvents": []any{map[string]any{
			"eventId": event, "eventDateTime": stamp(start), "userId": newID(), "sourceId": b.source,
		}}})
		errs, _ := a["errors"].([]any)
		check(errs)
	}
}

func TestBadOrdersAreRefused(t *testing.T) {
	b := newBench(t)
	for _, bad := range []string{
		"x", `{"do":"explode"}`, `{"do":"refuse"}`, `{"do":"refuse","status":200}`, `{"do":"html","status":99}`,
		`{"do":"hang","operation":"GET"}`, `{"do":"hang","operation":"/api"}`, `{"do":"hang","every":-1}`, `{"do":"hang","speed":1}`,
	} {
		require.Equal(t, 400, b.do(http.MethodPost, "/lab/v1/org/orders", bad).status, bad)
	}
	for range 100 {
		require.NoError(t, b.org.GiveOrder(org.Order{Do: org.Hang, Operation: "GET /x"}))
	}
	require.Error(t, b.org.GiveOrder(org.Order{Do: org.Hang, Operation: "GET /x"}))
}
