package mcp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"engage.connector/services/lab/site/mcp"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the storage and the conversation provider in one; it fails as often as it is told.
type peer struct {
	*httptest.Server

	mu       sync.Mutex
	failures map[string]int
	requests []string
	bodies   map[string]string
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{failures: map[string]int{}, bodies: map[string]string{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		user, password, _ := r.BasicAuth()
		p.requests = append(p.requests, r.Method+" "+r.URL.Path+" "+user+":"+password)
		if p.failures[r.Method] > 0 || err != nil {
			p.failures[r.Method]--
			http.Error(w, "restarting", http.StatusServiceUnavailable)
			return
		}
		p.bodies[r.Method] = string(body)
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(p.Close)
	return p
}

func poster(t *testing.T, p *peer, giveUp time.Duration) *mcp.Poster {
	t.Helper()
	out := mcp.New(mcp.Options{
		StorageURL: p.URL + "/recordings/", User: "mcp", Password: "secret", Dest: p.URL + "/v1/recording",
		GiveUpAfter: giveUp, FirstPause: time.Millisecond, LongestPause: 2 * time.Millisecond,
	})
	t.Cleanup(out.Close)
	return out
}

func recording(done func(error)) mcp.Recording {
	start := time.Date(2026, 11, 20, 10, 0, 0, 120_000_000, time.UTC)
	return mcp.Recording{
		FileName: "C1_2026-11-20_10-00-00-00000001.opus", Data: []byte("OggS"), CallUUID: "C1", ConnID: "006a0269722cd93f",
		ANI: "+15551230000", DNIS: "+18005550100", RecordDN: "4001", AgentID: "7001", Tenant: "Resources",
		Start: start, End: start.Add(6192 * time.Millisecond), Done: done,
	}
}

// deliver hands one recording in and returns what became of it.
func deliver(t *testing.T, p *mcp.Poster) error {
	t.Helper()
	result := make(chan error, 1)
	require.NoError(t, p.Deliver(recording(func(err error) { result <- err })))
	err := <-result
	require.NoError(t, p.Wait(t.Context()))
	return err
}

func TestTheFileIsStoredBeforeItsMetadataIsPosted(t *testing.T) {
	peer := newPeer(t)
	p := poster(t, peer, time.Minute)
	require.NoError(t, deliver(t, p))
	require.Equal(t, []string{
		"PUT /recordings/C1_2026-11-20_10-00-00-00000001.opus mcp:secret",
		"POST /v1/recording :",
	}, peer.requests)
	require.Equal(t, "OggS", peer.bodies[http.MethodPut])
	require.JSONEq(t, `{"id":"C1","callerPhoneNumber":"+15551230000","dialedPhoneNumber":"+18005550100","eventHistory":[],
		"mediaFiles":[{"mediaId":"C1_2026-11-20_10-00-00-00000001.opus","type":"audio/opus","duration":"6.192","size":"4",
		"startTime":"2026-11-20T10:00:00.120Z","stopTime":"2026-11-20T10:00:06.312Z","callUUID":"C1","tenant":"Resources","ivrprofile":"record",
		"masks":[],"partitions":[],"accessgroups":[],
		"parameters":{"id":"C1","callUuid":"C1","connId":"006a0269722cd93f","ani":"+15551230000","dnis":"+18005550100",
		"recordDN":"4001","agentId":"7001","dateTime":"2026-11-20T10:00:00.120Z"}}]}`, peer.bodies[http.MethodPost])
	require.Equal(t, mcp.Counters{Accepted: 1, Stored: 1, Posted: 1, Attempts: 2}, p.Counters())
}

func TestRestartingServicesAreWaitedFor(t *testing.T) {
	peer := newPeer(t)
	peer.failures[http.MethodPut], peer.failures[http.MethodPost] = 2, 3
	p := poster(t, peer, time.Minute)
	require.NoError(t, deliver(t, p))
	require.Equal(t, mcp.Counters{Accepted: 1, Stored: 1, Posted: 1, Attempts: 7}, p.Counters())
}

func TestTheDestinationMayBecomeKnownLater(t *testing.T) {
	peer := newPeer(t)
	p := poster(t, peer, time.Minute)
	p.SetDest("")
	result := make(chan error, 1)
	require.NoError(t, p.Deliver(recording(func(err error) { result <- err })))
	require.Eventually(t, func() bool { return p.Counters().Attempts > 3 }, 10*time.Second, time.Millisecond)
	require.Zero(t, p.Counters().Posted)
	p.SetDest(peer.URL + "/api/v1/recording")
	require.NoError(t, <-result)
	require.Equal(t, "POST /api/v1/recording :", peer.requests[len(peer.requests)-1])
}

func TestWhatCanNotBeDeliveredIsGivenUpAndCounted(t *testing.T) {
	peer := newPeer(t)
	peer.failures[http.MethodPost] = 1 << 30
	p := poster(t, peer, 50*time.Millisecond)
	err := deliver(t, p)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "restarting")
	require.NotContains(t, err.Error(), "secret")
	got := p.Counters()
	require.Equal(t, 1, got.Stored)
	require.Equal(t, 1, got.GivenUp)
	require.Zero(t, got.Posted)
}

func TestCloseGivesUpWhatIsUnderWay(t *testing.T) {
	peer := newPeer(t)
	peer.failures[http.MethodPut] = 1 << 30
	p := poster(t, peer, time.Hour)
	result := make(chan error, 1)
	require.NoError(t, p.Deliver(recording(func(err error) { result <- err })))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Wait(ctx), context.Canceled)
	p.Close()
	require.ErrorIs(t, <-result, context.Canceled)
	require.Error(t, p.Deliver(recording(nil)))
	require.NoError(t, p.Wait(t.Context()))
}

func TestTheQueueIsBounded(t *testing.T) {
	hold := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	t.Cleanup(server.Close)
	p := mcp.New(mcp.Options{StorageURL: server.URL, Dest: server.URL, Workers: 1, Queue: 2})
	refused := 0
	for range 10 {
		if p.Deliver(recording(nil)) != nil {
			refused++
		}
	}
	require.GreaterOrEqual(t, refused, 7)
	close(hold)
	require.NoError(t, p.Wait(t.Context()))
	p.Close()
}
