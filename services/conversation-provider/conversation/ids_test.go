package conversation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/genesys/exevents"
)

func TestStableIDsAreThoseOfTheOrg(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.String()).Draw(t, "parts")
		require.Equal(t, exevents.StableID(parts...), stableID(parts...))
	})
	long := strings.Repeat("x", 1000)
	require.Equal(t, exevents.StableID(long, long), stableID(long, long))
}
