package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/feedtest"
)

// interval is the time during which a leg was there, to the second of the flow.
type interval struct{ from, to time.Duration }

// The guide's picture of a multi-site call: caller, IVR, queue and agent in one conversation, each
// active for as long as its party is in the Engage call. The agent's leg begins when the phone rings;
// the queue's ends when the agent answers.
//
// ledger: E-EXCP-030, E-EXCP-031
func TestMultiSiteConversationShowsEachPartyForItsTime(t *testing.T) {
	site := feedtest.New().Logins()
	begin := site.Now
	feedtest.Flows()["multi-site"](site, 1)
	legs, open := map[string]interval{}, map[string]string{}
	for _, i := range newDesk(t).feed(site.Events).settle().out {
		e, at := i.Event, i.Event.EventDateTime.Sub(begin).Truncate(time.Second)
		switch e.Type {
		case exevents.ExternalEstablished:
			open[e.CommunicationID] = "caller " + e.ANI
		case exevents.IVREstablished:
			open[e.CommunicationID] = "IVR " + e.IVRPhoneNumber
		case exevents.RoutingEstablished:
			open[e.CommunicationID] = "queue " + e.QueueID
		case exevents.UserEstablished:
			open[e.CommunicationID] = "agent " + e.UserID
		case exevents.CommunicationEnded:
			legs[open[e.CommunicationID]] = interval{legs[open[e.CommunicationID]].from, at}
			continue
		default:
			continue
		}
		legs[open[e.CommunicationID]] = interval{from: at}
	}
	require.Equal(t, map[string]interval{
		"caller +15551230001":       {0, 27 * time.Second},
		"IVR " + feedtest.RP:        {0, 4 * time.Second},
		"queue " + feedtest.QueueID: {4 * time.Second, 9 * time.Second},
		"agent " + feedtest.User3ID: {7 * time.Second, 27 * time.Second},
	}, legs)
}
