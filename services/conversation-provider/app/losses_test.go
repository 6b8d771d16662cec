package app_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/store/storetest"
	"engage.connector/services/conversation-provider/feedtest"
)

// The link of call monitoring loses its server for a minute. Of two calls the snapshot that follows contains
// one: the other has ended, in the org at the time at which it was last known to be alive; the trace says
// between which times.
func TestACallThatIsNotInTheSnapshotIsEndedInTheOrg(t *testing.T) {
	o := newOutside(t)
	service, stop := start(t, environment(o, storetest.StartServer(t).Addr()))
	defer stop()
	site := feedtest.At(time.Now().Add(-3 * time.Minute)).Logins()
	talk := func(n int, dn string) *feedtest.Call {
		return site.Inbound(n).IVR().Queue().Ring("A", dn).Answer("A", dn)
	}
	gone := talk(1, feedtest.Ext1)
	site.Wait(20 * time.Second)
	stays := talk(2, feedtest.Ext2)
	site.Send(feedtest.LinkCall, engage.MsgLinkDisconnected, engage.Attributes{})
	broke := site.Now
	site.Wait(time.Minute)
	site.Send(feedtest.LinkCall, engage.MsgLinkConnected, engage.Attributes{})
	site.Send(feedtest.LinkCall, engage.MsgSnapshotBegin, engage.Attributes{})
	stays.Report()
	site.Send(feedtest.LinkCall, engage.MsgSnapshotEnd, engage.Attributes{})
	o.feed(t, site.Events)

	ends := func(uuid string) (at []time.Time) {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, events := range o.events {
			source, _ := events[0]["sourceConfiguration"].(map[string]any)
			for _, e := range events {
				text, _ := e["eventDateTime"].(string)
				if end, err := time.Parse(time.RFC3339, text); source["interactionId"] == uuid && e["kind"] == "communicationEndedEvents" && err == nil {
					at = append(at, end)
				}
			}
		}
		return at
	}
	const legs = 4
	eventually(t, func() bool { return len(ends(gone.UUID)) == legs })
	require.WithinDuration(t, broke, slices.MaxFunc(ends(gone.UUID), time.Time.Compare), 50*time.Millisecond)
	_, trace := do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/api/v1/interactions/"+gone.UUID, nil)
	require.Contains(t, trace, "not in the snapshot of call")
	require.Len(t, ends(stays.UUID), 2, "IVR and queue have handed it on, caller and agent still talk")
	_, trace = do(t, http.MethodGet, "http://"+service.HTTPAddr()+"/api/v1/interactions/"+stays.UUID, nil)
	require.NotContains(t, trace, "not in the snapshot")
}
