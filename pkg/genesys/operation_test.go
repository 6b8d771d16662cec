package genesys

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOperation_FillsItsParameters(t *testing.T) {
	path, err := deleting().fill("u/1", "s 2")
	require.NoError(t, err)
	require.Equal(t, "/api/v2/users/u%2F1/routingskills/s%202", path)
	for _, args := range [][]string{{}, {"u"}, {"u", ""}, {"..", "s"}, {"u", "s", "x"}} {
		_, err := deleting().fill(args...)
		require.Error(t, err, args)
	}
}
