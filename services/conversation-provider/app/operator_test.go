package app_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
	v1 "engage.connector/proto/conversationprovider/v1"
	"engage.connector/services/conversation-provider/app"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/feedtest"
)

// dial connects to an instance's gRPC.
func dial(t *testing.T, a *app.App) v1.ConversationProviderServiceClient {
	t.Helper()
	conn, err := host.DialGRPC(a.GRPCAddr(), host.TLSFiles{}, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return v1.NewConversationProviderServiceClient(conn)
}

func ask(t *testing.T, client v1.ConversationProviderServiceClient, uuid string) (*v1.Interaction, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answer, err := client.GetInteraction(ctx, &v1.GetInteractionRequest{CallUuid: uuid})
	return answer.GetInteraction(), err
}

// The one that works and the standby say the same, over HTTP and over gRPC.
func TestEveryInstanceTellsWhatBecameOfACall(t *testing.T) {
	o := newOutside(t)
	environ := environment(o, storetest.StartServer(t).Addr())
	first, stopFirst := start(t, environ)
	defer stopFirst()
	second, stopSecond := start(t, environ)
	defer stopSecond()
	site := feedtest.At(time.Now()).Logins()
	site.Main(1)
	uuid := site.Events[len(site.Events)-2].CallUUID()
	o.feed(t, site.Events)
	eventually(t, func() bool { // until the call is closed, after-call work included
		return slices.ContainsFunc([]*app.App{first, second}, func(a *app.App) bool {
			s := statusOf(t, a)
			return s.Writer && s.Calls.ClosedCalls == 1
		})
	})
	require.NotEqual(t, statusOf(t, first).Writer, statusOf(t, second).Writer)

	var answers []*v1.Interaction
	var documents []string
	for _, instance := range []*app.App{first, second} {
		client := dial(t, instance)
		in, err := ask(t, client, uuid)
		require.NoError(t, err)
		require.Equal(t, v1.Outcome_OUTCOME_INJECTED, in.GetConversation().GetOutcome())
		require.Len(t, in.GetConversation().GetLegs(), 4)
		answers = append(answers, in)
		_, err = ask(t, client, "unknown")
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.Contains(t, fault.Hint(err), "24 hours")
		_, err = ask(t, client, "no CallUUID")
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		status, text := do(t, http.MethodGet, "http://"+instance.HTTPAddr()+"/api/v1/interactions/"+uuid, nil)
		require.Equal(t, http.StatusOK, status, text)
		documents = append(documents, text)
	}
	if !proto.Equal(answers[0], answers[1]) {
		require.JSONEq(t, documents[0], documents[1])
		t.Fatal("the answers differ over gRPC only")
	}
	require.JSONEq(t, documents[0], documents[1])
}

func TestWhatWasParkedCanBeSentAgainAndBadLinesAreListed(t *testing.T) {
	o := newOutside(t)
	o.refuse = func(kind string, _ map[string]any) (string, bool) {
		if kind == "ivrEstablishedEvents" {
			return "no such thing", false
		}
		return "", false
	}
	service, stop := start(t, environment(o, storetest.StartServer(t).Addr()))
	defer stop()
	base := "http://" + service.HTTPAddr() + "/api/v1/"
	site := feedtest.At(time.Now()).Logins()
	site.Inbound(1).IVR()
	o.feed(t, append(site.Events, feedtest.Event{Link: feedtest.LinkCall, Event: engage.Event{Cursor: "ffffffffffffffff", Time: site.Now}}))
	eventually(t, func() bool {
		_, text := do(t, http.MethodGet, base+"parked/conversation", nil)
		return strings.Contains(text, "no such thing")
	})
	eventually(t, func() bool {
		_, text := do(t, http.MethodGet, base+"set-aside", nil)
		return strings.Contains(text, "no message")
	})
	o.mu.Lock()
	o.refuse = nil
	o.mu.Unlock()
	status, text := do(t, http.MethodPost, base+"parked/conversation/retry", nil)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"retried":1}`, text)
	eventually(t, func() bool {
		return slices.ContainsFunc(o.kinds(), func(kinds []string) bool { return slices.Contains(kinds, "ivrEstablishedEvents") })
	})
	_, text = do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/metrics", nil)
	for _, kind := range callmodel.OddKinds() { // each has its series from the start
		require.Contains(t, text, `engage_connector_conversation_provider_odd_events_total{kind="`+string(kind)+`"} 0`)
	}
	for path, want := range map[string]int{"parked/recording": http.StatusOK, "parked/other": http.StatusNotFound} {
		status, _ = do(t, http.MethodGet, base+path, nil)
		require.Equal(t, want, status, path)
	}
}

// later runs an instance whose clock is ahead.
func later(t *testing.T, environ []string, ahead time.Duration) (*app.App, func()) {
	t.Helper()
	config, err := app.Load(environ)
	require.NoError(t, err)
	service, err := app.New(app.Options{Config: config, Tools: wire.Tools{
		Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: func() time.Time { return time.Now().Add(ahead) },
	}})
	require.NoError(t, err)
	require.NoError(t, service.Start(t.Context()))
	return service, func() { require.NoError(t, service.Stop(context.WithoutCancel(t.Context()))) }
}

// A call whose end is never reported is ended in the org at MAX_CALL_AGE, also when much is heard of
// it and whatever was restarted since: its transfer, then its legs. The trace and the metrics say why.
func TestACallThatNeverEndsIsEndedAtMaxCallAge(t *testing.T) {
	o := newOutside(t)
	environ := append(environment(o, storetest.StartServer(t).Addr()), "MAX_CALL_AGE=1h")
	site := feedtest.At(time.Now()).Logins()
	call := site.Talk(1)
	call.Single("A", "B", feedtest.Ext2)
	o.feed(t, site.Events)
	var in *v1.Interaction
	become := func(service *app.App, fits func(*v1.Interaction) bool) {
		client := dial(t, service)
		eventually(t, func() bool {
			var err error
			in, err = ask(t, client, call.UUID)
			return err == nil && fits(in) && statusOf(t, service).Writer
		})
	}
	service, stop := later(t, environ, 0)
	become(service, func(in *v1.Interaction) bool { return in.GetConversation().GetTransfer() != nil })
	stop()

	told := len(site.Events)
	call.Data("language_code", "de-DE") // it is still heard of
	o.feed(t, site.Events[told:])
	service, stop = later(t, environ, 58*time.Minute)
	become(service, func(in *v1.Interaction) bool { return len(in.GetCalls()[0].GetUserData()) == 1 })
	require.Nil(t, in.GetCalls()[0].GetClosedTime())
	stop()

	service, stop = later(t, environ, 61*time.Minute)
	defer stop()
	become(service, func(in *v1.Interaction) bool { return in.GetCalls()[0].GetClosedTime() != nil })
	conv := in.GetConversation()
	require.Equal(t, v1.Outcome_OUTCOME_SUSPENDED, conv.GetOutcome())
	require.Equal(t, "end_not_seen", conv.GetReason())
	last := conv.GetDecisions()[len(conv.GetDecisions())-1]
	require.Equal(t, "end_not_seen", last.GetReason())
	require.Equal(t, []string{"EndTransfer", "CommunicationEnded", "CommunicationEnded"}, last.GetEvents())
	for _, leg := range conv.GetLegs() {
		require.NotNil(t, leg.GetEndedTime())
	}
	eventually(t, func() bool {
		all := o.kinds()
		return len(all) == 1 && strings.HasSuffix(strings.Join(all[0], " "), "endTransferEvents communicationEndedEvents communicationEndedEvents")
	})
	_, text := do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/metrics", nil)
	require.Contains(t, text, `engage_connector_conversation_provider_calls_total{outcome="suspended",reason="end_not_seen"} 1`)
	var document struct {
		Interaction struct{ Conversation struct{ Reason string } }
	}
	_, text = do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/api/v1/interactions/"+call.UUID, nil)
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	require.Equal(t, "end_not_seen", document.Interaction.Conversation.Reason)
}
