package pipeline

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// TestASentinelFailoverLosesAndDoublesNothing kills a primary under load, again and again, while its
// replica lacks what was acknowledged meanwhile, and has the sentinel promote the replica. The
// clients follow by themselves: at first they see each error, the second time their dialer waits, so
// that they never hear of it. Somebody who says everything only once is among them.
func TestASentinelFailoverLosesAndDoublesNothing(t *testing.T) {
	for seed, hidden := range []bool{false, true} {
		t.Run(fmt.Sprintf("hidden=%t", hidden), func(t *testing.T) {
			t.Parallel()
			failOver(t, uint64(seed), hidden)
		})
	}
}

func failOver(t *testing.T, seed uint64, hidden bool) {
	t.Helper()
	watched := storetest.StartWatched(t)
	var up sync.RWMutex
	s := watched.Sentinel.Store(func(o *store.Options) {
		o.SentinelMaster, o.OpTimeout = storetest.MasterName, 3*time.Second
		o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if hidden {
				up.RLock()
				defer up.RUnlock()
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	})
	rounds := 2
	w := newWorld(scenario{
		seed: seed, links: 3, calls: 60, events: 40, instances: 2, rollbacks: rounds, ttl: 500 * time.Millisecond, window: 5 * time.Millisecond,
		perKey: 1, limit: 4 * time.Minute, slow: 10 * time.Millisecond, idle: 50 * time.Millisecond, pace: 40 * time.Millisecond,
	}, redisBackend{s.Pipeline("calls"), s})
	said := startSayingOnce(t, s)
	lost, round := 0, 0
	w.lose = func(ctx context.Context, rng *rand.Rand) {
		round++
		pause(ctx, time.Duration(rng.Int64N(int64(500*time.Millisecond))))
		if round < rounds { // the last time it lags only as far as it lags
			watched.CutOff()
			pause(ctx, time.Second)
		}
		up.Lock()
		lost += w.taken(watched.Primary().Store()) - w.taken(watched.Replica().Store())
		watched.FailOver()
		up.Unlock()
		pause(ctx, 200*time.Millisecond) // without a replica nothing is acknowledged as durable
		watched.Return()
		if round == rounds {
			maps.Copy(w.want, said.end())
		}
	}
	require.NoError(t, w.run())
	require.Greater(t, lost, 20, "hardly an event was lost, so nothing was tested")
	require.Greater(t, len(said.want), 10)
}

// taken is how many events a server says it has of all links.
func (w *world) taken(s *store.Store) int {
	sum := 0
	for link := range w.feeds {
		at, err := s.Pipeline("calls").Cursor(context.Background(), link)
		if err == nil && at.Cursor != "" {
			n, _ := strconv.Atoi(at.Cursor)
			sum += n
		}
	}
	return sum
}

// sayingOnce says one thing after the other and none of them again once it was acknowledged, like MCP.
// What was refused it forgets.
type sayingOnce struct {
	cancel context.CancelFunc
	over   chan struct{}
	want   map[string][]string // what the cloud must get, by call
}

func startSayingOnce(t *testing.T, s *store.Store) *sayingOnce {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	o := &sayingOnce{cancel: cancel, over: make(chan struct{}), want: map[string][]string{}}
	go func() {
		defer close(o.over)
		for i := 0; ctx.Err() == nil; i++ {
			call := "once" + strconv.Itoa(i)
			payload, err := engage.Encode(engage.Event{
				Message: engage.MsgEventCallDataChanged, Time: time.Now(), ReceivedAt: time.Now(), Attributes: engage.Attributes{"CallUUID": call, "n": "x"},
			})
			if err != nil {
				panic(err)
			}
			_, err = s.Pipeline("calls").AppendOnce(ctx, store.Append{Durable: true, Entries: []store.Entry{{Identity: call, Payload: EncodeRecord(KindEvent, payload)}}})
			if err == nil {
				o.want[call] = []string{call + "/1=x"}
			} else {
				pause(ctx, 20*time.Millisecond)
			}
		}
	}()
	return o
}

// end stops it and returns what was acknowledged.
func (o *sayingOnce) end() map[string][]string {
	o.cancel()
	<-o.over
	return o.want
}
