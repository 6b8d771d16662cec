package measure_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/tests/bench/callmodel/measure"
)

// The bench measures a model that does the right thing; a small run proves that it looks.
func TestASmallBenchGivesFigures(t *testing.T) {
	var out bytes.Buffer
	f, err := measure.Model(measure.Options{Calls: 50, Live: 200, Warm: 1000, Few: 1000, Many: 2000, Stdout: &out})
	require.NoError(t, err)
	require.Positive(t, f.Events)
	require.Positive(t, f.BytesPerLiveCall)
	require.Contains(t, out.String(), "limit >= 150000")
	require.Contains(t, out.String(), "limit <= 2048")
}
