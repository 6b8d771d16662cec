package feed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
)

func TestAConnectionIsBrokenOffInTheMiddleOfALine(t *testing.T) {
	b := newBench(t, feed.Options{})
	require.NoError(t, b.edge.SetKnobs(feed.Knobs{DropAfterLines: 4}))
	b.declare("vq", vqLink)
	b.edge.Publish(queued("C1"))
	s := b.follow("vq", "")
	s.expectAll("feed.LinkConnected", "feed.SnapshotBegin", "EventRegistered", "feed.SnapshotEnd")
	half, ok := s.raw()
	require.True(t, ok)
	require.False(t, json.Valid([]byte(half)))
	_, ok = s.raw()
	require.False(t, ok)
	require.Error(t, s.scan.Err())
	require.Equal(t, feed.Knobs{DropAfterLines: 4}, b.edge.Knobs())
	require.Error(t, b.edge.SetKnobs(feed.Knobs{DropAfterLines: -1}))
}

func TestEveryNthEventComesTwiceOrWithBrokenJSONBehindIt(t *testing.T) {
	b := newBench(t, feed.Options{})
	b.declare("vq", vqLink)
	require.NoError(t, b.edge.SetKnobs(feed.Knobs{DuplicateEvery: 2, MalformedEvery: 5}))
	for i := range 4 {
		b.edge.Publish(queued(fmt.Sprint("C", i)))
	}
	s := b.follow("vq", "")
	s.expectAll("feed.LinkConnected", "feed.SnapshotBegin", "EventRegistered", "feed.SnapshotEnd")
	// Four lines came before the knob was turned, so C0 is the link's fifth event.
	require.Equal(t, "C0", s.next().Attributes["CallUUID"])
	broken, ok := s.raw()
	require.True(t, ok)
	require.False(t, json.Valid([]byte(broken)))
	require.Contains(t, broken, `"cursor":"`)
	first, second := s.next(), s.next()
	require.Equal(t, "C1", first.Attributes["CallUUID"])
	require.Less(t, first.Cursor, second.Cursor)
	second.Cursor = first.Cursor
	require.Equal(t, first, second)
	require.Equal(t, "C2", s.next().Attributes["CallUUID"])
}

// collector is a response writer without a network, for tests on the fake clock.
type collector struct {
	header http.Header
	mu     sync.Mutex
	text   strings.Builder
}

func (c *collector) Header() http.Header { return c.header }
func (c *collector) WriteHeader(int)     {}
func (c *collector) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

func (c *collector) count(message string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Count(c.text.String(), `"message":"`+message+`"`)
}

func TestAHeartbeatComesEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		edge := feed.New(feed.Options{})
		mux := http.NewServeMux()
		edge.Register(mux)
		put := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/v1/links/vq", strings.NewReader(vqLink))
		mux.ServeHTTP(httptest.NewRecorder(), put)

		ctx, cancel := context.WithCancel(t.Context())
		out := &collector{header: http.Header{}}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			mux.ServeHTTP(out, httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/links/vq/events", nil))
		}()
		synctest.Wait()
		require.Equal(t, 1, out.count("feed.LinkConnected"))
		for i := range 4 {
			require.Equal(t, i, out.count("feed.Heartbeat"))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		edge.Publish(queued("C1"))
		synctest.Wait()
		require.Equal(t, 1, out.count("EventQueued"), "an event does not wait for the heartbeat")
		cancel()
		<-ended
	})
}
