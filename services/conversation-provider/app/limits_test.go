package app_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store/storetest"
	"engage.connector/services/conversation-provider/feedtest"
)

// inboundKinds are those of a call through IVR and queue to an agent who answers.
func inboundKinds() []string {
	const answered = 13
	return mainKinds[:answered]
}

// What the guide says of calls that leave the model, through the running service: in suspension only
// the end of legs is sent, each when its party leaves; no party is added; who would be alone leaves
// too. A call that fits no scenario is not sent at all. With CALL_MODEL=extended a supervisor who only
// listens changes nothing. Calls that several servers report are whole.
//
// ledger: E-EXCP-017, E-EXCP-018, E-EXCP-019, E-EXCP-020, E-EXCP-022
// ledger: E-EXCP-039, E-EXCP-040, E-EXCP-044, E-EXCP-045, E-EXCP-046, E-EXCP-049, E-EXCP-050, E-EXCP-051, E-EXCP-052, E-EXCP-053
func TestLimitsOfTheModelHoldThroughTheService(t *testing.T) {
	ends := []string{"communicationEndedEvents", "communicationEndedEvents"}
	whole := append(append([]string{}, ends...), "communicationDispositionAppliedEvents")
	for name, c := range map[string]struct {
		flow, model string
		want        []string // after the agent's answer; nil: nothing at all is sent
		says        string   // the trace
	}{
		"suspended by a conference":       {"conference", "guide", ends, `"reason":"conference"`},
		"suspended, the caller leaves":    {"conference-caller-leaves", "guide", ends, `"reason":"conference"`},
		"supervision, guide":              {"supervision-listen", "guide", ends, `"reason":"supervision"`},
		"supervision, extended":           {"supervision-listen", "extended", whole, `extended/silent-monitoring`},
		"ignored: internal":               {"internal", "guide", nil, `"reason":"internal_call"`},
		"ignored: campaign without agent": {"agentless-campaign", "guide", nil, `"reason":"outbound_campaign"`},
		"queues on their own server":      {"own-queue-server", "guide", whole, `wrap-up/`},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutside(t)
			environ := append(environment(o, storetest.StartServer(t).Addr()), "CALL_MODEL="+c.model, "WRAPUP_TIMEOUT=1s", "LINK_GRACE=4s")
			service, stop := start(t, environ)
			defer stop()
			site := feedtest.At(time.Now()).Logins()
			logins := len(site.Events)
			feedtest.All()[c.flow](site, 1)
			uuid := site.Events[logins].CallUUID()
			o.feed(t, onOneSite(site.Events))

			base := "http://" + service.HTTPAddr()
			eventually(t, func() bool {
				_, text := do(t, http.MethodGet, base+"/metrics", nil)
				return sum(text, "engage_connector_conversation_provider_calls_total{") == 1
			})
			status, text := do(t, http.MethodGet, base+"/api/v1/interactions/"+uuid, nil)
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, text, c.says)
			if c.want == nil {
				require.Empty(t, o.kinds())
				return
			}
			want := append(append([]string{}, inboundKinds()...), c.want...)
			eventually(t, func() bool { return len(o.kinds()) == 1 && len(o.kinds()[0]) >= len(want) })
			require.Equal(t, [][]string{want}, o.kinds())
		})
	}
}

// onOneSite puts the server of virtual queues behind the one link for queues.
func onOneSite(events []feedtest.Event) []feedtest.Event {
	events = slices.Clone(events)
	for i, e := range events {
		if e.Link == feedtest.LinkQueue2 {
			events[i].Link = feedtest.LinkQueue
		}
	}
	return events
}

// sum adds up the values of a metric.
func sum(text, metric string) int {
	total := 0
	for line := range strings.Lines(text) {
		if _, value, ok := strings.Cut(line, "} "); ok && strings.HasPrefix(line, metric) {
			n, _ := strconv.Atoi(strings.TrimSpace(value))
			total += n
		}
	}
	return total
}
