package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// leaderWrites lists everything that only a leader may write. Whoever adds a write adds it here.
func leaderWrites(s *store.Store, ids []string) map[string]func(ctx context.Context, l store.Lease) error {
	p, users := s.Pipeline("calls"), s.IDMap("users")
	return map[string]func(ctx context.Context, l store.Lease) error{
		"commit": func(ctx context.Context, l store.Lease) error {
			return p.Commit(ctx, l, store.Commit{
				State: map[string][]byte{"x": []byte("late")}, Outbox: map[string][]store.OutboxEntry{"injection": {entry("k", "late")}},
				Aside: []store.Aside{{Source: "log", Item: []byte("late")}},
			})
		},
		"append as the leader": func(ctx context.Context, l store.Lease) error {
			_, err := p.AppendOnce(ctx, store.Append{Lease: &l, Entries: []store.Entry{{Identity: "late", Payload: []byte("late")}}})
			return err
		},
		"acknowledge": func(ctx context.Context, l store.Lease) error { return p.AckOutbox(ctx, l, "injection", ids[:1]) },
		"park": func(ctx context.Context, l store.Lease) error {
			return p.Park(ctx, l, "injection", []store.Parked{{ID: ids[0]}})
		},
		"map": func(ctx context.Context, l store.Lease) error {
			return users.Put(ctx, l, store.Mapping{EngageID: "late"})
		},
		"forget mapping": func(ctx context.Context, l store.Lease) error { return users.Delete(ctx, l, "1") },
		"document":       func(ctx context.Context, l store.Lease) error { return s.PutDocument(ctx, l, "status", []byte("late")) },
		"forget document": func(ctx context.Context, l store.Lease) error {
			return s.PutDocument(ctx, l, "status", nil)
		},
		"renew": func(ctx context.Context, l store.Lease) error { _, err := s.RenewLease(ctx, l, time.Hour); return err },
	}
}

// TestADeposedLeaderThatWakesUpCannotWrite has the holder of a lease stand still, as with SIGSTOP,
// until another has it; then it does each of the writes that were due, over the real wire.
func TestADeposedLeaderThatWakesUpCannotWrite(t *testing.T) {
	server := storetest.StartServer(t)
	clock := storetest.NewClock()
	s, raw := server.Store(storetest.WithClock(clock)), rawClient(t, server)
	useEverything(t, s)
	ids, _ := outboxOf(t.Context(), t, s.Pipeline("calls"), "injection")
	clock.Advance(2 * time.Minute)
	asleep := acquire(t, s, "asleep")
	clock.Advance(2 * time.Minute)
	awake := acquire(t, s, "awake")
	writes := leaderWrites(s, ids)
	for name, write := range writes {
		before := contents(t, raw)
		require.ErrorIs(t, write(t.Context(), asleep), store.ErrFenced, name)
		require.Equal(t, before, contents(t, raw), "%s has changed something", name)
	}
	require.NoError(t, s.ReleaseLease(t.Context(), asleep))
	for name, write := range writes { // the test would pass with writes that do nothing
		require.NoError(t, write(t.Context(), awake), name)
	}
}

// contents is every key with its value as Redis would dump it.
func contents(t *testing.T, raw *redis.Client) map[string]string {
	t.Helper()
	found := make(map[string]string)
	keys, err := raw.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		found[key], err = raw.Dump(t.Context(), key).Result()
		require.NoError(t, err)
	}
	return found
}
