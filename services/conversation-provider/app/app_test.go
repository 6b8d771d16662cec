package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
	"engage.connector/services/conversation-provider/app"
	"engage.connector/services/conversation-provider/feedtest"
)

func TestMain(m *testing.M) {
	// The Redis client tries to dial a dead server once a second, and notices the end of its pool only then.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// environment is a whole configuration. What one link says after another is waited for, however slow the
// machine is.
func environment(o *outside, redis string) []string {
	return []string{
		"TENANT_ID=101", "REDIS_ADDR=" + redis, "CONFIG_SYNC_ADDR=" + o.grpc, "RECORDING_PROVIDER_ADDR=" + o.grpc,
		"ENGAGE_FEED_URL=" + o.http.URL, "HTTP_ADDR=127.0.0.1:0", "GRPC_ADDR=127.0.0.1:0", "ALLOW_UNAUTHENTICATED=true", "LINK_GRACE=20s",
		"VOICE_SERVER_VQ=vq1:8000/vq2:8000", "VOICE_SERVER_AGENT=sip1:8000/sip2:8000", "VOICE_SERVER_CALL=sip1:8000/sip2:8000",
	}
}

// start runs an instance and returns its HTTP address and how to end it.
func start(t *testing.T, environ []string) (*app.App, func()) {
	t.Helper()
	config, err := app.Load(environ)
	require.NoError(t, err)
	service, err := app.New(app.Options{
		Tools: wire.Tools{Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now}, Config: config,
	})
	require.NoError(t, err)
	require.NoError(t, service.Start(t.Context()))
	return service, func() { require.NoError(t, service.Stop(context.WithoutCancel(t.Context()))) }
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 2*time.Minute, 20*time.Millisecond) // only a machine that is very busy needs it
}

func do(t *testing.T, method, url string, body []byte) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	require.NoError(t, err)
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Body.Close()) }()
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return w.StatusCode, string(text)
}

var mainKinds = []string{
	"externalEstablishedEvents", "ivrEstablishedEvents",
	"routingTransferEvents", "routingEstablishedEvents", "progressTransferEvents", "communicationEndedEvents", "endTransferEvents",
	"userTransferEvents", "userEstablishedEvents", "progressTransferEvents",
	"communicationAnsweredEvents", "communicationEndedEvents", "endTransferEvents",
	"holdUpdatedEvents", "holdUpdatedEvents",
	"communicationEndedEvents", "communicationEndedEvents", "communicationDispositionAppliedEvents",
}

// A call goes from the edge through Redis to the org; its recording follows it to
// recording-provider; the operator sees both.
//
// ledger: E-EXCP-001, E-EXCP-002, E-EXCP-003, E-EXCP-016, E-EXCP-021, E-EXCP-027
// ledger: E-EXCP-085, E-EXCP-086, E-EXCP-041, E-EXCP-042, E-EXCP-043, E-EXCP-054, E-EXCP-055, E-EXCP-056, E-EXCP-078, E-EXCP-079, E-EXCP-080
func TestACallAndItsRecordingReachTheOrg(t *testing.T) {
	o := newOutside(t)
	service, stop := start(t, environment(o, storetest.StartServer(t).Addr()))
	defer stop()
	base := "http://" + service.HTTPAddr()
	site := feedtest.At(time.Now()).Logins()
	site.Main(1)
	o.feed(t, site.Events)
	uuid := site.Events[len(site.Events)-2].CallUUID()

	eventually(t, func() bool {
		return slices.ContainsFunc(o.kinds(), func(k []string) bool { return len(k) == len(mainKinds) })
	})
	require.Equal(t, [][]string{mainKinds}, o.kinds())

	body := fmt.Sprintf(`{"id":%q,"mediaFiles":[{"mediaId":"%s_2026-11-20_10-00-09-1a2b3c4d.opus","type":"audio/opus","callUUID":%q,
		"parameters":{"recordDN":%q,"agentId":%q}}],"eventHistory":[]}`, uuid, uuid, uuid, feedtest.Ext1, feedtest.Agent1)
	status, text := do(t, http.MethodPost, base+"/v1/recording", []byte(body))
	require.Equal(t, http.StatusOK, status, text)
	eventually(t, func() bool { return len(o.submitted()) == 1 })
	sent := o.submitted()[0]
	require.Equal(t, feedtest.User1ID, sent.GetUserId())
	require.Equal(t, uuid, sent.GetCallUuid())
	require.Equal(t, "program-sales", sent.GetSpeechAnalytics().GetProgramId())
	require.Equal(t, "de-DE", sent.GetSpeechAnalytics().GetLanguage())

	status, text = do(t, http.MethodGet, base+"/api/v1/interactions/"+uuid, nil)
	require.Equal(t, http.StatusOK, status, text)
	for _, word := range []string{"ivr/queue", "ringing/answered", "wrap-up/ended", "submitted", sent.GetConversationId()} {
		require.Contains(t, text, word)
	}
	status, _ = do(t, http.MethodGet, base+"/api/v1/interactions/unknown", nil)
	require.Equal(t, http.StatusNotFound, status)
	require.ElementsMatch(t, []string{feedtest.VQ2, feedtest.VQ}, o.registered("vq"))
	require.Len(t, o.registered("agent"), 5)
	require.True(t, o.spec("call").CallMonitoring)
	require.Equal(t, []string{"vq1:8000", "vq2:8000"}, o.spec("vq").Endpoints)
	requireStatus(t, base)
}

// Without a program of the queue or of the org, the option's counts.
//
// ledger: E-EXCP-087
func TestTheProgramOfTheOptionIsTheLastOne(t *testing.T) {
	o := newOutside(t)
	o.program = "program-of-the-option"
	service, stop := start(t, environment(o, storetest.StartServer(t).Addr()))
	defer stop()
	site := feedtest.At(time.Now()).Logins()
	site.Main(1)
	o.feed(t, site.Events)
	uuid := site.Events[len(site.Events)-2].CallUUID()
	body := fmt.Sprintf(`{"id":%q,"mediaFiles":[{"mediaId":"%s_2026-11-20_10-00-09-1a2b3c4d.opus","type":"audio/opus","callUUID":%q,
		"parameters":{"recordDN":%q,"agentId":%q}}],"eventHistory":[]}`, uuid, uuid, uuid, feedtest.Ext1, feedtest.Agent1)
	eventually(t, func() bool { return len(o.kinds()) == 1 && len(o.kinds()[0]) == len(mainKinds) })
	status, text := do(t, http.MethodPost, "http://"+service.HTTPAddr()+"/v1/recording", []byte(body))
	require.Equal(t, http.StatusOK, status, text)
	eventually(t, func() bool { return len(o.submitted()) == 1 })
	require.Equal(t, o.program, o.submitted()[0].GetSpeechAnalytics().GetProgramId())
}

func requireStatus(t *testing.T, base string) {
	t.Helper()
	status, text := do(t, http.MethodGet, base+"/status", nil)
	require.Equal(t, http.StatusOK, status)
	var s app.Status
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	require.True(t, s.Writer)
	require.Len(t, s.Links, 3)
	require.Equal(t, 1, s.Calls.ClosedCalls)
	require.NotNil(t, s.Pipeline)
	status, text = do(t, http.MethodGet, base+"/health", nil)
	require.Equal(t, http.StatusOK, status)
	for _, dependency := range []string{"redis", "config-sync", "engage-feed", "genesys-cloud-settings", "speech-settings"} {
		require.Contains(t, text, dependency)
	}
	_, text = do(t, http.MethodGet, base+"/metrics", nil)
	require.Contains(t, text, `engage_connector_conversation_provider_calls_total{outcome="injected",reason="none"} 1`)
}

func (o *outside) spec(link string) engage.LinkSpec {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.declared[link]
}

func (o *outside) registered(link string) []string {
	var dns []string
	for _, r := range o.spec(link).Register {
		dns = append(dns, r.DN)
	}
	return dns
}

// Two instances follow the same edge; the one that works is ended in the middle of calls and the
// other goes on. The org has each call once and whole.
//
// ledger: E-EXCP-004, E-EXCP-005, E-EXCP-006, E-EXCP-026
func TestTheOtherInstanceGoesOn(t *testing.T) {
	o := newOutside(t)
	environ := environment(o, storetest.StartServer(t).Addr())
	first, stopFirst := start(t, environ)
	second, stopSecond := start(t, environ)
	defer func() { // both; ending an instance twice changes nothing
		stopFirst()
		stopSecond()
	}()
	site := feedtest.At(time.Now()).Logins()
	const calls = 6
	for n := range calls {
		site.Main(n + 1)
	}
	half := len(site.Events) / 2
	o.more = true
	o.feed(t, site.Events[:half])
	eventually(t, func() bool { return len(o.kinds()) >= calls/2 })
	survivor, end := second, stopFirst
	if statusOf(t, second).Writer {
		survivor, end = first, stopSecond
	}
	end()
	o.mu.Lock()
	o.more = false
	o.mu.Unlock()
	o.feed(t, site.Events[half:])
	eventually(t, func() bool {
		kinds := o.kinds()
		return len(kinds) == calls && !slices.ContainsFunc(kinds, func(k []string) bool { return len(k) < len(mainKinds) })
	})
	for _, kinds := range o.kinds() {
		require.Equal(t, mainKinds, kinds)
	}
	require.True(t, statusOf(t, survivor).Writer)
}

func statusOf(t *testing.T, a *app.App) app.Status {
	t.Helper()
	_, text := do(t, http.MethodGet, "http://"+a.HTTPAddr()+"/status", nil)
	var s app.Status
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	return s
}

// The org fails whole requests, fails single events for a while and refuses one for good.
func TestWhatTheOrgRefusesIsParkedAndTheRestArrives(t *testing.T) {
	o := newOutside(t)
	o.failNext = 2
	retried := false
	site := feedtest.At(time.Now()).Logins()
	site.Main(1)
	site.Main(2)
	last := site.Events[len(site.Events)-2].CallUUID()
	o.refuse = func(kind string, e map[string]any) (string, bool) {
		source, _ := e["sourceConfiguration"].(map[string]any)
		switch {
		case kind == "holdUpdatedEvents" && !retried:
			retried = true
			return "try again", true
		case kind == "ivrEstablishedEvents" && source["interactionId"] == last:
			return "no such thing", false
		default:
			return "", false
		}
	}
	service, stop := start(t, environment(o, storetest.StartServer(t).Addr()))
	defer stop()
	o.feed(t, site.Events)
	eventually(t, func() bool {
		return slices.ContainsFunc(o.kinds(), func(k []string) bool { return slices.Equal(k, mainKinds) })
	})
	eventually(t, func() bool {
		_, text := do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/api/v1/parked/conversation", nil)
		return bytes.Contains([]byte(text), []byte("no such thing"))
	})
	require.True(t, retried)
}

// One event makes the org refuse every request that it is in, without naming it. The other conversations
// arrive meanwhile; it is found, parked with the org's words and correlation id, and its conversation
// is suspended.
func TestAnEventThatSpoilsEveryRequestStandsAlone(t *testing.T) {
	o := newOutside(t)
	site := feedtest.At(time.Now()).Logins()
	for n := range 3 {
		site.Main(n + 1)
	}
	others := len(site.Events)
	site.Main(4)
	begun := others + slices.IndexFunc(site.Events[others:], func(e feedtest.Event) bool { return e.Link == feedtest.LinkQueue })
	last := site.Events[len(site.Events)-2].CallUUID()
	o.poison = func(kind string, e map[string]any) bool {
		source, _ := e["sourceConfiguration"].(map[string]any)
		return kind == "ivrEstablishedEvents" && source["interactionId"] == last
	}
	service, stop := start(t, append(environment(o, storetest.StartServer(t).Addr()), "DELIVERY_PERMANENT_FOR=1s"))
	defer stop()
	base := "http://" + service.HTTPAddr() + "/api/v1/"
	o.feed(t, site.Events[:begun]) // the last call is with the IVR when it is found
	eventually(t, func() bool {
		whole := 0
		for _, kinds := range o.kinds() {
			if slices.Equal(kinds, mainKinds) {
				whole++
			}
		}
		return whole == 3
	})
	eventually(t, func() bool {
		_, text := do(t, http.MethodGet, base+"parked/conversation", nil)
		return strings.Contains(text, "HTTP 400 bad.request") && strings.Contains(text, "correlation-of-the-poison")
	})
	eventually(t, func() bool {
		_, text := do(t, http.MethodGet, base+"interactions/"+last, nil)
		return strings.Contains(text, "suspend/refused")
	})
	for _, kinds := range o.kinds() {
		require.True(t, slices.Equal(kinds, mainKinds) || slices.Equal(kinds, []string{"externalEstablishedEvents"}), "%v", kinds)
	}
}

// ledger: E-EXCP-110, E-EXCP-111
func TestMetadataWithoutACallIsNotFound(t *testing.T) {
	o := newOutside(t)
	service, stop := start(t, environment(o, storetest.StartServer(t).Addr()))
	defer stop()
	for _, path := range []string{"/v1/recording", "/api/v1/recording"} {
		for _, body := range []string{"", "{}", `{"mediaFiles":[]}`, `[{"mediaFiles":[{"mediaId":"a.opus"}]}]`} {
			status, text := do(t, http.MethodPost, "http://"+service.HTTPAddr()+path, []byte(body))
			require.Equal(t, http.StatusNotFound, status, body)
			var answer struct {
				Status struct {
					Code            int
					Message, CorrID string
				}
			}
			require.NoError(t, json.Unmarshal([]byte(text), &answer))
			require.Equal(t, 40402, answer.Status.Code)
			require.Equal(t, "CallUUID not found", answer.Status.Message)
			require.Len(t, answer.Status.CorrID, 36)
		}
		status, text := do(t, http.MethodPost, "http://"+service.HTTPAddr()+path, []byte(`{"id":"U","mediaFiles":[{"mediaId":"../etc/passwd"}]}`))
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, text, "file name")
	}
}

// ledger: E-EXCP-090, E-EXCP-091, E-EXCP-092, E-EXCP-093, E-EXCP-096
func TestAllFaultsOfTheConfigurationAreReportedAtOnce(t *testing.T) {
	_, err := app.Load([]string{
		"LINK_PATIENCE=2h", "ENGAGE_FEED_URL=edge", "LOG_LEVEL=loud", "LINK_GRACE=0s", "WRAPUP_TIMEOUT=-1s", "RECORDING_PROVIDER_ADDR=nowhere",
		"VOICE_SERVER_CALL=a:1/b:2/c:3", "CALL_MODEL=loose",
	})
	for _, name := range []string{
		"TENANT_ID", "REDIS_ADDR", "CONFIG_SYNC_ADDR", "VOICE_SERVER_VQ", "VOICE_SERVER_AGENT", "VOICE_SERVER_CALL", "LINK_PATIENCE",
		"ENGAGE_FEED_URL", "LOG_LEVEL", "LINK_GRACE", "WRAPUP_TIMEOUT", "RECORDING_PROVIDER_ADDR", "CALL_MODEL",
	} {
		require.ErrorContains(t, err, name)
	}
	require.Equal(t, ":3650", app.DefaultHTTPAddr)
}
