package genesys

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFormatTime_IsUTCWithThreeDecimals(t *testing.T) {
	require.Equal(t, "2024-10-25T10:00:00.010Z", FormatTime(time.Date(2024, 10, 25, 12, 0, 0, 10_999_999, time.FixedZone("CEST", 2*3600))))
	require.Equal(t, "2024-01-02T03:04:05.000Z", FormatTime(time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)))
}

func TestFormatTime_AlwaysHasTheAPIsForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "µs")).In(time.FixedZone("", rapid.IntRange(-12*3600, 14*3600).Draw(t, "zone")))
		text := FormatTime(at)
		require.Len(t, text, len("yyyy-MM-ddTHH:mm:ss.SSSZ"))
		back, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		require.True(t, back.Equal(at.Truncate(time.Millisecond)))
	})
}
