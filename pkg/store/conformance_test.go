package store_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// behaviour is one promise of the store. It gets a store of its own tenant, whose scripts see the clock.
type behaviour struct {
	name string
	run  func(t *testing.T, s *store.Store, clock *storetest.Clock)
}

// smallLimits make the bounds reachable in a test.
func smallLimits(o *store.Options) {
	o.Limits = store.Limits{Log: 20, Outbox: 20, Parked: 5, SetAside: 5, Jobs: 20, JobsDone: 10, JobLosses: 3}
}

// TestEveryBackendKeepsThePromises runs all behaviours over an imitation, a real server and a real
// cluster of two nodes, where a script that touched two slots would fail.
func TestEveryBackendKeepsThePromises(t *testing.T) {
	var all []behaviour
	for _, some := range [][]behaviour{pipelineBehaviours(), outboxBehaviours(), leaseBehaviours(), jobBehaviours(), idMapBehaviours(), storeBehaviours()} {
		all = append(all, some...)
	}
	openers := map[string]func(t *testing.T) func(t *testing.T, opts ...storetest.Option) *store.Store{
		"miniredis": func(t *testing.T) func(*testing.T, ...storetest.Option) *store.Store {
			addr := miniredis.RunT(t).Addr()
			return func(t *testing.T, opts ...storetest.Option) *store.Store {
				return storetest.Open(t, []string{addr}, opts...)
			}
		},
		"redis-server": func(t *testing.T) func(*testing.T, ...storetest.Option) *store.Store {
			addr := storetest.StartServer(t).Addr()
			return func(t *testing.T, opts ...storetest.Option) *store.Store {
				return storetest.Open(t, []string{addr}, opts...)
			}
		},
		"redis-cluster": func(t *testing.T) func(*testing.T, ...storetest.Option) *store.Store {
			addrs := storetest.StartCluster(t)
			return func(t *testing.T, opts ...storetest.Option) *store.Store { return storetest.Open(t, addrs, opts...) }
		},
	}
	for name, start := range openers {
		t.Run(name, func(t *testing.T) {
			open := start(t)
			for _, b := range all {
				t.Run(b.name, func(t *testing.T) {
					clock := storetest.NewClock()
					b.run(t, open(t, storetest.WithTenant(tenantOf(b.name)), storetest.WithClock(clock), smallLimits), clock)
				})
			}
		})
	}
}

func tenantOf(name string) string {
	tenant := []byte(name)
	for i, c := range tenant {
		if c == ' ' {
			tenant[i] = '-'
		}
	}
	return string(tenant)
}

func requireCode(t *testing.T, code fault.Code, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
}

// acquire takes a lease that the test knows to be free.
func acquire(t *testing.T, s *store.Store, owner string) store.Lease {
	t.Helper()
	lease, err := s.AcquireLease(t.Context(), "writer", owner, time.Minute)
	require.NoError(t, err)
	return lease
}

func appendAll(t *testing.T, p *store.Pipeline, payloads ...string) {
	t.Helper()
	entries := make([]store.Entry, len(payloads))
	for i, payload := range payloads {
		entries[i] = store.Entry{Identity: "id of " + payload, Payload: []byte(payload)}
	}
	n, err := p.AppendOnce(t.Context(), store.Append{Source: "vq", Cursor: "c-" + payloads[len(payloads)-1], Entries: entries})
	require.NoError(t, err)
	require.Equal(t, len(payloads), n)
}

// logOf returns ids and payloads of the whole log.
func logOf(ctx context.Context, t require.TestingT, p *store.Pipeline) (ids, payloads []string) {
	records, err := p.ReadLog(ctx, "", 1000, 0)
	require.NoError(t, err)
	ids, payloads = []string{}, []string{}
	for _, r := range records {
		ids, payloads = append(ids, r.ID), append(payloads, string(r.Payload))
	}
	return ids, payloads
}

// outboxOf returns ids and "key:payload" of a whole outbox.
// outboxOf returns an outbox as its reader has it: what a person has sent back is in its old place.
func outboxOf(ctx context.Context, t require.TestingT, p *store.Pipeline, outbox string) (ids, texts []string) {
	records, err := p.ReadOutbox(ctx, outbox, "", 1000, 0)
	require.NoError(t, err)
	returned, err := p.ReadReturned(ctx, outbox)
	require.NoError(t, err)
	records = append(records, returned...)
	slices.SortFunc(records, func(a, b store.OutboxRecord) int { return compareStreamIDs(t, a.ID, b.ID) })
	ids, texts = []string{}, []string{}
	for _, r := range records {
		ids, texts = append(ids, r.ID), append(texts, r.Key+":"+string(r.Payload))
	}
	return ids, texts
}

func entry(key, payload string) store.OutboxEntry {
	return store.OutboxEntry{Key: key, Payload: []byte(payload)}
}

func compareStreamIDs(t require.TestingT, a, b string) int {
	var at, an, bt, bn int64
	_, err := fmt.Sscanf(a+" "+b, "%d-%d %d-%d", &at, &an, &bt, &bn)
	require.NoError(t, err)
	return cmp.Or(cmp.Compare(at, bt), cmp.Compare(an, bn))
}
