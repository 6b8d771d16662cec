package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func leaseBehaviours() []behaviour {
	return []behaviour{
		{"a held lease says by whom and until when", heldLeaseSaysWho},
		{"an ended lease can be taken over", endedLeaseCanBeTaken},
		{"a renewed lease cannot be taken over", renewedLeaseCannotBeTaken},
		{"a released lease is free at once", releasedLeaseIsFree},
		{"a restarted owner fences its predecessor", restartedOwnerFences},
		{"leases of other names are other leases", otherNamesAreOtherLeases},
		{"of many only one gets the lease", onlyOneGetsTheLease},
		{"senseless leases are refused", senselessLeasesAreRefused},
	}
}

func heldLeaseSaysWho(t *testing.T, s *store.Store, clock *storetest.Clock) {
	first := acquire(t, s, "a")
	require.Equal(t, clock.Now().Add(time.Minute), first.ExpiresAt)
	clock.Advance(20 * time.Second)
	_, err := s.AcquireLease(t.Context(), "writer", "b", time.Minute)
	requireCode(t, fault.Conflict, err)
	var held *store.LeaseHeldError
	require.ErrorAs(t, err, &held)
	require.Equal(t, &store.LeaseHeldError{Name: "writer", Owner: "a", ExpiresAt: first.ExpiresAt}, held)
}

func endedLeaseCanBeTaken(t *testing.T, s *store.Store, clock *storetest.Clock) {
	first := acquire(t, s, "a")
	clock.Advance(time.Minute)
	second := acquire(t, s, "b")
	require.Greater(t, second.Generation, first.Generation)
	_, err := s.RenewLease(t.Context(), first, time.Minute)
	requireCode(t, fault.Conflict, err)
	require.ErrorIs(t, err, store.ErrFenced)
	require.NoError(t, s.ReleaseLease(t.Context(), first), "it is gone already")
	_, err = s.RenewLease(t.Context(), second, time.Minute)
	require.NoError(t, err)
}

func renewedLeaseCannotBeTaken(t *testing.T, s *store.Store, clock *storetest.Clock) {
	lease := acquire(t, s, "a")
	for range 3 {
		clock.Advance(40 * time.Second)
		renewed, err := s.RenewLease(t.Context(), lease, time.Minute)
		require.NoError(t, err)
		require.Equal(t, clock.Now().Add(time.Minute), renewed.ExpiresAt)
		require.Equal(t, lease.Generation, renewed.Generation)
	}
	_, err := s.AcquireLease(t.Context(), "writer", "b", time.Minute)
	requireCode(t, fault.Conflict, err)
	clock.Advance(time.Hour)
	_, err = s.RenewLease(t.Context(), lease, time.Minute)
	require.NoError(t, err, "it ended but nobody took it")
}

func releasedLeaseIsFree(t *testing.T, s *store.Store, _ *storetest.Clock) {
	first := acquire(t, s, "a")
	require.NoError(t, s.ReleaseLease(t.Context(), first))
	_, err := s.RenewLease(t.Context(), first, time.Minute)
	require.ErrorIs(t, err, store.ErrFenced)
	require.ErrorIs(t, s.Pipeline("calls").Commit(t.Context(), first, store.Commit{}), store.ErrFenced)
	second := acquire(t, s, "b")
	require.Greater(t, second.Generation, first.Generation)
}

func restartedOwnerFences(t *testing.T, s *store.Store, _ *storetest.Clock) {
	before := acquire(t, s, "a")
	after := acquire(t, s, "a")
	require.Greater(t, after.Generation, before.Generation)
	require.ErrorIs(t, s.Pipeline("calls").Commit(t.Context(), before, store.Commit{}), store.ErrFenced)
	require.NoError(t, s.Pipeline("calls").Commit(t.Context(), after, store.Commit{}))
}

func otherNamesAreOtherLeases(t *testing.T, s *store.Store, _ *storetest.Clock) {
	acquire(t, s, "a")
	other, err := s.AcquireLease(t.Context(), "other", "b", time.Minute)
	require.NoError(t, err)
	require.Equal(t, "other", other.Name)
}

func onlyOneGetsTheLease(t *testing.T, s *store.Store, clock *storetest.Clock) {
	last := int64(0)
	for range 5 {
		var winners atomic.Int64
		var generation atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				lease, err := s.AcquireLease(context.WithoutCancel(t.Context()), "writer", fmt.Sprint("owner ", i), time.Minute)
				if err == nil {
					winners.Add(1)
					generation.Store(lease.Generation)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, winners.Load())
		require.Greater(t, generation.Load(), last)
		last = generation.Load()
		clock.Advance(time.Minute)
	}
}

func senselessLeasesAreRefused(t *testing.T, s *store.Store, _ *storetest.Clock) {
	_, err := s.AcquireLease(t.Context(), "", "a", time.Minute)
	requireCode(t, fault.Invalid, err)
	_, err = s.AcquireLease(t.Context(), "writer", "", time.Minute)
	requireCode(t, fault.Invalid, err)
	_, err = s.AcquireLease(t.Context(), "writer", "a", 0)
	requireCode(t, fault.Invalid, err)
	_, err = s.RenewLease(t.Context(), acquire(t, s, "a"), 0)
	requireCode(t, fault.Invalid, err)
}
