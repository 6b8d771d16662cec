package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func outboxBehaviours() []behaviour {
	return []behaviour{
		{"acknowledged entries are gone, in any order", ackedEntriesAreGone},
		{"parked entries keep what they were", parkedEntriesKeepWhatTheyWere},
		{"parked entries can be retried", parkedEntriesCanBeRetried},
		{"retried entries are bounded", retriedEntriesAreBounded},
		{"parked entries are bounded", parkedEntriesAreBounded},
		{"malformed input is set aside and passed", malformedInputIsSetAside},
	}
}

// fill puts entries of keys k0, k1, ... into the outbox "injection".
func fill(t *testing.T, s *store.Store, n int) (*store.Pipeline, store.Lease, []string) {
	t.Helper()
	p, lease := s.Pipeline("calls"), acquire(t, s, "a")
	entries := make([]store.OutboxEntry, n)
	for i := range entries {
		entries[i] = entry(fmt.Sprintf("k%d", i), fmt.Sprintf("p%d", i))
	}
	require.NoError(t, p.Commit(t.Context(), lease, store.Commit{Outbox: map[string][]store.OutboxEntry{"injection": entries}}))
	ids, _ := outboxOf(t.Context(), t, p, "injection")
	require.Len(t, ids, n)
	return p, lease, ids
}

func ackedEntriesAreGone(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p, lease, ids := fill(t, s, 4)
	require.NoError(t, p.AckOutbox(t.Context(), lease, "injection", []string{ids[3], ids[1]}))
	require.NoError(t, p.AckOutbox(t.Context(), lease, "injection", []string{ids[3]}), "again is no error")
	require.NoError(t, p.AckOutbox(t.Context(), lease, "injection", nil))
	_, texts := outboxOf(t.Context(), t, p, "injection")
	require.Equal(t, []string{"k0:p0", "k2:p2"}, texts)
	behind, err := p.ReadOutbox(t.Context(), "injection", ids[0], 10, 0)
	require.NoError(t, err)
	require.Equal(t, []store.OutboxRecord{{ID: ids[2], Key: "k2", Payload: []byte("p2")}}, behind)
}

func parkedEntriesKeepWhatTheyWere(t *testing.T, s *store.Store, clock *storetest.Clock) {
	p, lease, ids := fill(t, s, 3)
	items := []store.Parked{{ID: ids[1], Reason: "rejected: " + strings.Repeat("ä", 2000)}, {ID: "1-1", Reason: "is not there"}}
	require.NoError(t, p.Park(t.Context(), lease, "injection", items))
	require.NoError(t, p.Park(t.Context(), lease, "injection", items), "again is no error and parks nothing")
	require.NoError(t, p.Park(t.Context(), lease, "injection", nil))
	_, texts := outboxOf(t.Context(), t, p, "injection")
	require.Equal(t, []string{"k0:p0", "k2:p2"}, texts)
	parked, err := p.Parked(t.Context(), "injection", 10)
	require.NoError(t, err)
	require.Len(t, parked, 1)
	require.Equal(t, ids[1], parked[0].OutboxID)
	require.Equal(t, "k1", parked[0].Key)
	require.Equal(t, "p1", string(parked[0].Payload))
	require.True(t, strings.HasPrefix(parked[0].Reason, "rejected: ää"))
	require.LessOrEqual(t, len(parked[0].Reason), 1024)
	require.True(t, parked[0].At.Equal(clock.Now()))
}

func parkedEntriesCanBeRetried(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p, lease, ids := fill(t, s, 3)
	require.NoError(t, p.Park(t.Context(), lease, "injection", []store.Parked{{ID: ids[0], Reason: "r"}, {ID: ids[1], Reason: "r"}}))
	parked, err := p.Parked(t.Context(), "injection", 10)
	require.NoError(t, err)
	require.Len(t, parked, 2)
	n, err := p.RetryParked(t.Context(), "injection", []string{parked[1].ID, "1-1"})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = p.RetryParked(t.Context(), "injection", []string{parked[1].ID})
	require.NoError(t, err)
	require.Zero(t, n, "it is not parked any more")
	_, texts := outboxOf(t.Context(), t, p, "injection")
	require.Equal(t, []string{"k1:p1", "k2:p2"}, texts, "it is before the later ones again")
	left, err := p.Parked(t.Context(), "injection", 10)
	require.NoError(t, err)
	require.Equal(t, parked[:1], left)

	require.NoError(t, p.Park(t.Context(), lease, "injection", []store.Parked{{ID: ids[1], Reason: "again"}}))
	parked, err = p.Parked(t.Context(), "injection", 10)
	require.NoError(t, err)
	require.Len(t, parked, 2)
	require.Equal(t, store.ParkedRecord{ID: parked[1].ID, OutboxID: ids[1], Key: "k1", Payload: []byte("p1"), Reason: "again", At: parked[1].At}, parked[1])
	n, err = p.RetryParked(t.Context(), "injection", []string{parked[1].ID})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	depth, err := p.Depth(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, depth.Outboxes["injection"])
	require.NoError(t, p.AckOutbox(t.Context(), lease, "injection", []string{ids[1]}))
	_, texts = outboxOf(t.Context(), t, p, "injection")
	require.Equal(t, []string{"k2:p2"}, texts)
}

func retriedEntriesAreBounded(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p := s.Pipeline("calls")
	var all []string
	lease, err := s.AcquireLease(t.Context(), "calls-writer", "a", time.Minute)
	require.NoError(t, err)
	for range 202 {
		require.NoError(t, p.Commit(t.Context(), lease, store.Commit{Outbox: map[string][]store.OutboxEntry{"injection": {
			entry("k:1", "\x00:1"), entry("k", "2"), entry("k", "3"), entry("k", "4"), entry("", ""),
		}}}))
		ids, _ := outboxOf(t.Context(), t, p, "injection")
		items := make([]store.Parked, 0, 5)
		for _, id := range ids[max(len(ids)-5, 0):] {
			items = append(items, store.Parked{ID: id, Reason: "r"})
		}
		require.NoError(t, p.Park(t.Context(), lease, "injection", items))
		parked, err := p.Parked(t.Context(), "injection", 10)
		require.NoError(t, err)
		all = all[:0]
		for _, r := range parked {
			all = append(all, r.ID)
		}
		n, err := p.RetryParked(t.Context(), "injection", all)
		require.NoError(t, err)
		if n < len(all) {
			back, err := p.ReadReturned(t.Context(), "injection")
			require.NoError(t, err)
			require.Len(t, back, 1000)
			parked, err = p.Parked(t.Context(), "injection", 10)
			require.NoError(t, err)
			require.Len(t, parked, len(all)-n, "the rest stays parked")
			return
		}
	}
	require.Fail(t, "there is no bound")
}

func parkedEntriesAreBounded(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p, lease, ids := fill(t, s, 7)
	for _, id := range ids {
		require.NoError(t, p.Park(t.Context(), lease, "injection", []store.Parked{{ID: id, Reason: "r"}}))
	}
	parked, err := p.Parked(t.Context(), "injection", 10)
	require.NoError(t, err)
	require.Len(t, parked, 5)
	require.Equal(t, ids[2], parked[0].OutboxID, "the oldest were dropped")
}

func malformedInputIsSetAside(t *testing.T, s *store.Store, clock *storetest.Clock) {
	p := s.Pipeline("calls")
	for i := range 7 {
		item := []byte(fmt.Sprintf("%d {broken\x00\xff", i) + strings.Repeat("x", 5000))
		cursor := fmt.Sprint(i)
		require.NoError(t, p.SetAside(t.Context(), "vq", item, store.Position{Cursor: cursor}, "not JSON"))
		require.NoError(t, p.SetAside(t.Context(), "vq", item, store.Position{Cursor: cursor}, "not JSON"), "the same again is kept once")
	}
	at, err := p.Cursor(t.Context(), "vq")
	require.NoError(t, err)
	require.Equal(t, "6", at.Cursor)
	items, err := p.Aside(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, items, 5)
	require.Equal(t, "vq", items[0].Source)
	require.Equal(t, "6", items[0].Cursor)
	require.Equal(t, "not JSON", items[0].Reason)
	require.True(t, items[0].At.Equal(clock.Now()))
	require.Len(t, items[0].Item, 4096)
	require.Equal(t, "2", items[4].Cursor)
	depth, err := p.Depth(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, depth.SetAside)
}
