package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheAgendaNamesWhatIsDueInTheOrderOfTime(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	a := newAgenda()
	a.set("b", at(2))
	a.set("c", at(2))
	a.set("a", at(9))
	a.set("a", at(1)) // sooner than it was thought
	a.set("gone", at(1))
	a.remove("gone")
	a.set("waits", never)
	for _, want := range []struct {
		roots []string
		due   time.Time
	}{{[]string{"a"}, at(1)}, {[]string{"b", "c"}, at(2)}, {nil, time.Time{}}} {
		roots, due := a.next(at(5))
		require.Len(t, roots, len(want.roots))
		for _, root := range want.roots {
			require.Contains(t, roots, root)
		}
		require.Equal(t, want.due, due)
	}
	require.True(t, a.has("waits"))
	roots, _ := a.next(at(100))
	require.Empty(t, roots)
	require.Zero(t, a.heap.Len(), "nothing is kept of what is over")
}
