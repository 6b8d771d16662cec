package packedtest

import (
	"math/rand/v2"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/packed"
)

// TB is what a test of encoding needs; *testing.T and *rapid.T are one.
type TB interface {
	require.TestingT
	Helper()
	Errorf(format string, args ...any)
}

// RoundTrip fills a message, lets mend change what cannot be at random, and requires that what is encoded
// and decoded is the same: a field that Fields forgets shows.
func RoundTrip[T any, P interface {
	*T
	packed.Message
}](t TB, source *rand.Rand, empty P, mend func(P)) {
	t.Helper()
	want := empty
	Fill(source, want)
	if mend != nil {
		mend(want)
	}
	data, err := packed.Encode(want)
	require.NoError(t, err)
	got := P(new(T))
	require.NoError(t, packed.Decode(data, got))
	require.Equal(t, want, got)
}
