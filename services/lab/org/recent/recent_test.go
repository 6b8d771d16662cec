package recent_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org/recent"
)

func TestTheStalestEntryIsEvicted(t *testing.T) {
	var gone []string
	l := recent.New(2, func(key string, _ *int) { gone = append(gone, key) })
	for i := range 2 {
		l.Put(fmt.Sprint(i), &i)
	}
	l.Touch("0")
	l.Touch("unknown")
	three := 3
	l.Put("3", &three)
	require.Equal(t, []string{"1"}, gone)
	require.Equal(t, 2, l.Len())
	require.Nil(t, l.Get("1"))
	require.Equal(t, 3, *l.Get("3"))
}

func TestSinceReturnsOnlyLaterChanges(t *testing.T) {
	l := recent.New[int](10, nil)
	for i := range 5 {
		l.Put(fmt.Sprint(i), &i)
	}
	mark := l.Seq()
	l.Touch("1")
	four := 40
	l.Put("4", &four)
	var got []int
	l.Since(mark, 0, func(v *int) { got = append(got, *v) })
	require.Equal(t, []int{40, 1}, got)
	got = nil
	l.Since(0, 3, func(v *int) { got = append(got, *v) })
	require.Len(t, got, 3)
}
