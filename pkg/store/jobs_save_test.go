package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func TestTheNextWorkerSeesWhatTheLastOneSaved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		queue := s.Jobs("saved")
		_, err := queue.Enqueue(t.Context(), "a", []byte("begun"))
		require.NoError(t, err)
		first, err := queue.Claim(t.Context(), "w1", 1, time.Minute, 0)
		require.NoError(t, err)
		require.Len(t, first, 1)
		require.NoError(t, queue.Save(t.Context(), first[0], []byte("half way"), time.Minute))
		require.NoError(t, queue.Retry(t.Context(), first[0], 0, "stopped"))

		second, err := queue.Claim(t.Context(), "w2", 1, time.Minute, time.Second)
		require.NoError(t, err)
		require.Len(t, second, 1)
		require.Equal(t, "half way", string(second[0].Payload))

		require.Equal(t, fault.Conflict, fault.CodeOf(queue.Save(t.Context(), first[0], []byte("late"), time.Minute)), "the claim is another's")
		require.Equal(t, fault.Invalid, fault.CodeOf(queue.Save(t.Context(), second[0], nil, time.Minute)))
	})
}
