package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
)

const day = 24 * time.Hour

// forward is a pipeline over a miniredis, whose clock the test turns.
func forward(t *testing.T) (*miniredis.Miniredis, func(identity string) bool) {
	t.Helper()
	m := miniredis.RunT(t)
	s, err := Open(Options{Addrs: []string{m.Addr()}, Tenant: "101"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return m, func(identity string) bool {
		n, err := s.Pipeline("calls").AppendOnce(t.Context(), Append{Source: "vq", Entries: []Entry{{Identity: identity}}})
		require.NoError(t, err)
		return n == 1
	}
}

func TestAnIdentityIsRememberedForOnceToTwiceTheTime(t *testing.T) {
	m, isNew := forward(t)
	require.True(t, isNew("x"))
	m.FastForward(day - time.Second)
	require.False(t, isNew("x"), "just under a day")
	m.FastForward(2 * time.Second)
	require.False(t, isNew("x"), "in the old set by now")
	m.FastForward(day)
	require.True(t, isNew("x"), "after two days it is forgotten")
	require.False(t, isNew("x"))
	m.FastForward(10 * day)
	require.True(t, isNew("x"))
	m.FastForward(10 * day)
	require.Empty(t, m.Keys()[1:], "nothing but the log is left behind")
}

func TestAnIdentityThatCameLateIsRememberedLongEnough(t *testing.T) {
	m, isNew := forward(t)
	x, y := "x", ""
	shard, _ := shorten(x)
	for i := 0; y == ""; i++ {
		if other, _ := shorten(fmt.Sprint(i)); other == shard {
			y = fmt.Sprint(i)
		}
	}
	require.True(t, isNew(x))
	m.FastForward(day - time.Second)
	require.True(t, isNew(y), "the set is nearly old")
	m.FastForward(day)
	require.False(t, isNew(y), "a day after it came")
	require.False(t, isNew(x), "its set lives on until the end of the second day")
	m.FastForward(day)
	require.True(t, isNew(y))
}
