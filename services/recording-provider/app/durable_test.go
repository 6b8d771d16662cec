package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"engage.connector/pkg/store/storetest"
)

// Whoever hands in a recording is answered when the replicas have it, not before.
func TestASubmissionIsAcknowledgedOnlyWhenItIsSafe(t *testing.T) {
	redis := storetest.StartServer(t)
	recordings := client(t, start(t, newOutside(t), redis.Addr(), "REDIS_MIN_REPLICAS=1"), "shared")
	_, err := recordings.SubmitRecording(t.Context(), submission())
	require.Equal(t, codes.Unavailable, status.Code(err), err)
	require.ErrorContains(t, err, "replicas")

	storetest.StartReplica(t, redis)
	_, err = recordings.SubmitRecording(t.Context(), submission())
	require.NoError(t, err)
}
