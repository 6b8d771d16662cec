package store_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// rawClient looks behind the store's back.
func rawClient(t *testing.T, server *storetest.Redis) *redis.Client {
	t.Helper()
	raw := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { require.NoError(t, raw.Close()) })
	return raw
}

func usedMemory(t *testing.T, raw *redis.Client) int {
	t.Helper()
	info, err := raw.Info(t.Context(), "memory").Result()
	require.NoError(t, err)
	_, rest, found := strings.Cut(info, "used_memory_dataset:")
	require.True(t, found)
	text, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// TestAnIdentityTakesFewBytes: a key per identity would take about 150.
func TestAnIdentityTakesFewBytes(t *testing.T) {
	server := storetest.StartServer(t, "--appendonly", "no")
	s, raw := server.Store(), rawClient(t, server)
	p, lease := s.Pipeline("calls"), acquire(t, s, "a")
	const batches, batch = 40, 4000
	for i := range batches {
		entries := make([]store.Entry, batch)
		for j := range entries {
			entries[j].Identity = fmt.Sprintf("pair|EventCallPartyState|%d|%d", i, j)
		}
		n, err := p.AppendOnce(t.Context(), store.Append{Source: "call", Entries: entries})
		require.NoError(t, err)
		require.Equal(t, batch, n)
		records, err := p.ReadLog(t.Context(), "", batch, 0)
		require.NoError(t, err)
		ids := make([]string, len(records))
		for j, r := range records {
			ids[j] = r.ID
		}
		require.NoError(t, p.Commit(t.Context(), lease, store.Commit{Consumed: ids}))
	}
	perIdentity := usedMemory(t, raw) / (batches * batch)
	t.Logf("%d bytes per identity", perIdentity)
	require.Less(t, perIdentity, 24)
}

// TestOnARealServerIdentitiesAreForgottenInTheEnd uses a real, short time.
func TestOnARealServerIdentitiesAreForgottenInTheEnd(t *testing.T) {
	p := storetest.Server(t, func(o *store.Options) { o.SeenTTL = 50 * time.Millisecond }).Pipeline("calls")
	isNew := func() bool {
		n, err := p.AppendOnce(t.Context(), store.Append{Source: "vq", Entries: []store.Entry{{Identity: "x"}}})
		require.NoError(t, err)
		return n == 1
	}
	begin := time.Now()
	require.True(t, isNew())
	require.Eventually(t, isNew, 5*time.Second, 2*time.Millisecond)
	require.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond)
}

func TestAllKeysCarryPrefixAndTenantAndDeleteAllSparesTheNeighbours(t *testing.T) {
	server := storetest.StartServer(t)
	raw := rawClient(t, server)
	mine := server.Store(func(o *store.Options) { o.Prefix = "a*b" })
	for _, tenant := range []string{"101", "102"} {
		useEverything(t, server.Store(storetest.WithTenant(tenant)))
	}
	neighbours, err := raw.DBSize(t.Context()).Result()
	require.NoError(t, err)
	useEverything(t, mine)
	var found int64
	for it := raw.Scan(t.Context(), 0, "", 1000).Iterator(); it.Next(t.Context()); {
		require.Regexp(t, `^(engage-connector:\{10[12]\}|a\*b:\{101\}):`, it.Val())
		found++
	}
	require.Equal(t, neighbours*3/2, found)
	require.NoError(t, mine.DeleteAll(t.Context()))
	left, err := raw.DBSize(t.Context()).Result()
	require.NoError(t, err)
	require.Equal(t, neighbours, left)
}
