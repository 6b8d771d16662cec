package pipeline

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// TestARedisThatLosesItsLastSecondLosesAndDoublesNothing kills a real Redis under load, takes its
// append-only file back by a second, and starts it again, several times. Feeds, writer and sender run
// all the time and see no error: the client dials again until the server is back, and repeats what was
// not answered. What they believe to be stored is what they must not rely on.
func TestARedisThatLosesItsLastSecondLosesAndDoublesNothing(t *testing.T) {
	for seed := range uint64(2) {
		server := storetest.StartServer(t, "--appendfsync", "everysec")
		var up sync.RWMutex
		s := server.Store(func(o *store.Options) {
			o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
				up.RLock()
				defer up.RUnlock()
				return new(net.Dialer).DialContext(ctx, network, addr)
			}
		})
		w := newWorld(scenario{
			seed: seed, links: 3, calls: 60, events: 60, instances: 2, rollbacks: 3, ttl: 500 * time.Millisecond, window: 5 * time.Millisecond,
			perKey: 1, limit: 2 * time.Minute, slow: 10 * time.Millisecond, idle: 50 * time.Millisecond,
		}, redisBackend{s.Pipeline("calls"), s})
		lost := int64(0)
		w.lose = func(ctx context.Context, rng *rand.Rand) {
			pause(ctx, time.Duration(rng.Int64N(int64(500*time.Millisecond))))
			before := server.Written()
			pause(ctx, time.Second)
			lost += server.Written() - before
			up.Lock()
			defer up.Unlock()
			server.KillAndLose(before)
			server.Restart()
		}
		require.NoError(t, w.run())
		require.Positive(t, lost, "nothing was lost, so nothing was tested")
	}
}
