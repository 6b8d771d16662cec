package org_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
)

func TestMemberListsAreReadStrictly(t *testing.T) {
	b := newBench(t)
	queue, ann := b.queue("q"), b.user("ann")
	members := "/api/v2/routing/queues/" + queue + "/members"
	ref := func(more ...any) []any {
		m := map[string]any{"id": ann}
		for i := 0; i < len(more); i += 2 {
			m[text(more[i])] = more[i+1]
		}
		return []any{m}
	}
	b.do(http.MethodPost, members, ref("joined", true)).fails(400, "invalid.property")
	b.do(http.MethodPost, members, ref("name", "Ann")).fails(400, "invalid.property")
	b.do(http.MethodPost, members, []any{}).fails(400, "constraint.validation")
	b.do(http.MethodPost, members, []any{7}).fails(400, "bad.request")
	require.Equal(t, 200, b.do(http.MethodPost, members, ref()).status)
	b.do(http.MethodPatch, members, ref("joined", false, "role", "x")).fails(400, "invalid.property")
	b.do(http.MethodPatch, members, []any{}).fails(400, "constraint.validation")
	require.Equal(t, 200, b.do(http.MethodPatch, members, ref("joined", false, "ringNumber", 1)).status)
}

func TestSettingsOfAQueueHaveTheirTypes(t *testing.T) {
	b := newBench(t)
	for name, value := range map[string]any{
		"acwSettings": map[string]any{"timeoutMs": "5000"}, "mediaSettings": map[string]any{"call": map[string]any{"alertingTimeoutSeconds": "8"}},
		"enableTranscription": "true", "autoAnswerOnly": 1, "routingRules": map[string]any{}, "defaultScripts": []any{},
		"callingPartyName": 7, "memberGroups": "x",
	} {
		a := b.do(http.MethodPost, "/api/v2/routing/queues", map[string]any{"name": "q", name: value})
		a.fails(400, "invalid.value")
		require.Contains(t, string(a.body), name)
	}
	b.do(http.MethodPost, "/api/v2/routing/queues", map[string]any{"name": "q", "acwSettings": map[string]any{"wrapupPrompt": "NEVER"}}).fails(400, "invalid.value")
	b.ok(http.MethodPost, "/api/v2/routing/queues", map[string]any{
		"name": "q", "acwSettings": map[string]any{"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 5000},
		"mediaSettings": map[string]any{"call": map[string]any{"alertingTimeoutSeconds": 8, "serviceLevel": map[string]any{"percentage": 0.8, "durationMs": 20000}}},
	})
}

// A name is as long as its characters, however many bytes they take.
func TestNamesAreLimitedInCharacters(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("ü", 256)
	b.queue(long)
	b.code(long)
	b.do(http.MethodPost, "/api/v2/routing/queues", map[string]any{"name": long + "x"}).fails(400, "invalid.name")
	b.do(http.MethodPost, "/api/v2/routing/wrapupcodes", map[string]any{"name": long + "x"}).fails(400, "invalid.name")
}

func TestAVersionIsQuoted(t *testing.T) {
	b := newBench(t)
	path := users + "/" + b.user("ann")
	for match, want := range map[string]int{"1": 400, `"1`: 400, `"1"`: 200} {
		req := b.request(http.MethodPatch, path, ops(op("replace", "title", "x")))
		req.Header.Set("If-Match", match)
		require.Equal(t, want, b.send(req).status, match)
	}
}

func TestSecondaryAttributesLimitThePage(t *testing.T) {
	b := newBench(t)
	const extension = "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User"
	for query, want := range map[string]int{
		"count=25": 200, "count=26": 429, "count=100&attributes=id,userName": 200, "count=100&attributes=userName,externalId": 429,
		"count=100&attributes=" + extension: 429, "count=100&excludedAttributes=externalId": 429,
		"count=100&excludedAttributes=externalId,roles," + extension + ":routingLanguages," + extension + ":routingSkills": 200,
		"count=100&excludedAttributes=externalId,roles," + extension:                                                       200,
	} {
		require.Equal(t, want, b.do(http.MethodGet, users+"?"+query, nil).status, query)
	}
}

func TestABadValueRefusesTheWholeBatchWhenTheKnobSaysSo(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.BadEnumFailsBatch = true })
	b.makeSource()
	ann := b.user("ann")
	event := func(status string) map[string]any {
		return map[string]any{"eventId": newID(), "eventDateTime": stamp(start), "agentId": ann, "sourceId": b.source, "status": status}
	}
	const path = "/api/v2/events/users/routingstatus"
	b.do(http.MethodPost, path, map[string]any{"userRoutingStatusEvents": []any{event("Idle"), event("Asleep")}}).fails(400, "bad.request")
	require.Empty(t, b.org.Snapshot().AgentStates, "nothing of it was taken")
	require.Empty(t, b.ok(http.MethodPost, path, map[string]any{"userRoutingStatusEvents": []any{event("Idle")}})["errors"])
}

func TestKeysMayBeTheCustomersOwn(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.KMSKeys = true })
	key := b.entities("/api/v2/recording/recordingkeys")[0]
	require.Equal(t, "KmsSymmetric", key["keyConfigurationType"])
	require.NotContains(t, key, "keydataSummary")
	require.NotEmpty(t, key["kmsKeyArn"])
}

func TestAReportStaysInProgress(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.ReportDelayMS = 90_000 })
	made := b.ok(http.MethodPost, "/api/v2/recording/uploads/reports", map[string]any{"dateSince": stamp(start)})
	path := "/api/v2/recording/uploads/reports/" + text(made["id"])
	state := func() (any, any) {
		report := b.ok(http.MethodGet, path, nil)
		return report["state"], report["signedUrl"]
	}
	b.clock.advance(89 * time.Second)
	status, url := state()
	require.Nil(t, url)
	b.clock.advance(time.Second)
	later, url := state()
	require.NotNil(t, url)
	require.NotEqual(t, status, later)
}
