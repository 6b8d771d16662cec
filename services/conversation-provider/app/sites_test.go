package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store/storetest"
	"engage.connector/services/conversation-provider/app"
	"engage.connector/services/conversation-provider/feedtest"
)

// siteLinks says over which link of its own edge a site gets what the simulation sends over a link. Both
// edges follow the server of virtual queues: what one of them vouches for, it must have sent.
func siteLinks() [2]map[string]string {
	first := map[string]string{feedtest.LinkCall: "call", feedtest.LinkAgent: "agent", feedtest.LinkQueue: "vq", feedtest.LinkQueue2: "vq"}
	second := map[string]string{feedtest.LinkCall2: "call", feedtest.LinkAgent2: "agent", feedtest.LinkQueue: "vq", feedtest.LinkQueue2: "vq"}
	return [2]map[string]string{first, second}
}

// toSite keeps what the SIP Servers of a site send.
func toSite(events []feedtest.Event, links map[string]string) []feedtest.Event {
	var own []feedtest.Event
	for _, e := range events {
		if link, ok := links[e.Link]; ok {
			e.Link = link
			own = append(own, e)
		}
	}
	return own
}

// Each SIP Server pair has an instance of its own, connected to primary and backup, with its own
// edge; all share one Redis. The server of virtual queues is followed by both sites. A call over both
// sites becomes one conversation, and nothing comes twice.
//
// ledger: E-EXCP-023, E-EXCP-024, E-EXCP-025, E-EXCP-026
func TestSitesShareOneConversation(t *testing.T) {
	inbound := []string{
		"externalEstablishedEvents", "ivrEstablishedEvents", "routingTransferEvents", "routingEstablishedEvents", "progressTransferEvents",
		"communicationEndedEvents", "endTransferEvents",
	}
	toAgent := []string{"userTransferEvents", "userEstablishedEvents", "progressTransferEvents"}
	answered := []string{"communicationAnsweredEvents", "communicationEndedEvents", "endTransferEvents"}
	end := []string{"communicationEndedEvents", "communicationEndedEvents", "communicationDispositionAppliedEvents"}
	for name, want := range map[string][][]string{
		"multi-site":              {inbound, toAgent, answered, {"holdUpdatedEvents", "holdUpdatedEvents"}, end},
		"multi-site-queue-server": {inbound, toAgent, {"communicationEndedEvents", "endTransferEvents"}, toAgent, answered, end},
		"multi-site-two-layers":   {inbound, toAgent, answered, end},
	} {
		t.Run(name, func(t *testing.T) {
			org, other := newOutside(t), newOutside(t)
			redis := storetest.StartServer(t).Addr()
			first, second := environment(org, redis), secondSite(environment(org, redis), other)
			if name == "multi-site-two-layers" { // each knows its switch
				first = append(first, "SWITCH_NAME=SIP_Switch")
				second = append(second, "SWITCH_NAME=SIP_Switch_B", "SWITCH_NAME_VQ=SIP_Switch")
			}
			one, stopFirst := start(t, first)
			defer stopFirst()
			two, stopSecond := start(t, second)
			defer stopSecond()

			for _, service := range []*app.App{one, two} { // all links have been heard of
				eventually(t, func() bool {
					return !slices.ContainsFunc(statusOf(t, service).Links, func(l app.LinkState) bool { return !l.Connected })
				})
			}
			site := feedtest.At(time.Now()).Logins()
			feedtest.Flows()[name](site, 1)
			for i, edge := range []*outside{org, other} {
				edge.feed(t, toSite(site.Events, siteLinks()[i]))
			}
			var kinds []string
			for _, part := range want {
				kinds = append(kinds, part...)
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the org was told %v", org.kinds())
				}
			})
			eventually(t, func() bool { return len(org.kinds()) == 1 && len(org.kinds()[0]) >= len(kinds) })
			require.Equal(t, [][]string{kinds}, org.kinds())
			require.Equal(t, []string{"sip1:8000", "sip2:8000"}, org.spec("call").Endpoints)
			require.Equal(t, []string{"sip3:8000", "sip4:8000"}, other.spec("call").Endpoints)
			require.Equal(t, []string{"sip3:8000", "sip4:8000"}, other.spec("agent").Endpoints)
			require.Equal(t, org.spec("vq"), other.spec("vq"), "both follow the server of virtual queues")
		})
	}
}

// secondSite is the environment of the instance of the second site.
func secondSite(environ []string, edge *outside) []string {
	for i, line := range environ {
		environ[i] = strings.NewReplacer("sip1", "sip3", "sip2", "sip4").Replace(line)
		if strings.HasPrefix(line, "ENGAGE_FEED_URL=") {
			environ[i] = "ENGAGE_FEED_URL=" + edge.http.URL
		}
	}
	return environ
}
