package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func storeBehaviours() []behaviour {
	return []behaviour{
		{"a ping is answered", pingIsAnswered},
		{"delete all leaves nothing of the tenant", deleteAllLeavesNothing},
	}
}

func pingIsAnswered(t *testing.T, s *store.Store, _ *storetest.Clock) {
	require.NoError(t, s.Ping(t.Context()))
}

func deleteAllLeavesNothing(t *testing.T, s *store.Store, _ *storetest.Clock) {
	useEverything(t, s)
	require.NoError(t, s.DeleteAll(t.Context()))
	depth, err := s.Pipeline("calls").Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Depth{Outboxes: map[string]int64{}, Parked: map[string]int64{}}, depth)
	requireDepth(t, s.Jobs("recordings"), store.JobDepth{})
	all, err := s.IDMap("users").All(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	require.NoError(t, s.DeleteAll(t.Context()), "nothing is no error")
	useEverything(t, s)
}

// useEverything leaves a key of each kind.
func useEverything(t *testing.T, s *store.Store) {
	t.Helper()
	p, lease, ids := fill(t, s, 3)
	appendAll(t, p, "a", "b", "c")
	require.NoError(t, p.Park(t.Context(), lease, "injection", []store.Parked{{ID: ids[0], Reason: "r"}}))
	require.NoError(t, p.Commit(t.Context(), lease, store.Commit{State: map[string][]byte{"x": []byte("1")}}))
	require.NoError(t, p.SetAside(t.Context(), "vq", []byte("{"), store.Position{Cursor: "9"}, "not JSON"))
	require.NoError(t, s.IDMap("users").Put(t.Context(), lease, store.Mapping{EngageID: "1"}))
	require.NoError(t, s.PutDocument(t.Context(), lease, "status", []byte("ok")))
	q := s.Jobs("recordings")
	enqueue(t, q, "a", "b", "c", "d")
	jobs := claim(t, q, "w", 3)
	require.NoError(t, q.Complete(t.Context(), jobs[0], []byte("r")))
	require.NoError(t, q.Park(t.Context(), jobs[1], "r"))
}
