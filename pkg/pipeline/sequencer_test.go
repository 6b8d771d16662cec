package pipeline

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
)

func at(ms int) time.Time { return time.UnixMilli(1_800_000_000_000 + int64(ms)).UTC() }

func held(id string, eventAt, readAt int) Held {
	return Held{ID: id, Event: engage.Event{Time: at(eventAt)}, ReadAt: at(readAt), Size: 1}
}

func ids(held []Held) string {
	text := ""
	for _, h := range held {
		text += h.ID
	}
	return text
}

func TestSequencerReleasesInTheOrderOfEventTime(t *testing.T) {
	for name, c := range map[string]struct {
		held []Held
		now  int
		want string
		kept int
	}{
		"nothing before the window is over":            {[]Held{held("a", 0, 10)}, 109, "", 1},
		"at the window's end":                          {[]Held{held("a", 0, 10)}, 110, "a", 0},
		"an earlier event overtakes":                   {[]Held{held("a", 5, 0), held("b", 4, 50)}, 100, "ba", 0},
		"a later event stays":                          {[]Held{held("a", 5, 0), held("b", 6, 50)}, 100, "a", 1},
		"the latest of those that are due counts":      {[]Held{held("a", 9, 0), held("b", 1, 0), held("c", 8, 50)}, 100, "bca", 0},
		"equal times keep the log's order":             {[]Held{held("a", 5, 0), held("b", 5, 1), held("c", 5, 50)}, 100, "abc", 0},
		"what was due long ago is released as a whole": {[]Held{held("a", 3, 0), held("b", 2, 0), held("c", 1, 0)}, 9999, "cba", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSequencer(100 * time.Millisecond)
			for _, h := range c.held {
				s.Add(h)
			}
			require.Equal(t, c.want, ids(s.Release(at(c.now))))
			require.Equal(t, c.kept, s.Len())
			require.Equal(t, c.kept, s.Size())
		})
	}
}

func TestSequencerSaysWhenTheNextIsDue(t *testing.T) {
	s := NewSequencer(100 * time.Millisecond)
	_, ok := s.Due()
	require.False(t, ok)
	s.Add(held("a", 0, 10))
	s.Add(held("b", 0, 20))
	due, ok := s.Due()
	require.True(t, ok)
	require.Equal(t, at(110), due)
}

func TestSequencerLosesNothingAndOrdersWhatComesWithinTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const window = 50
		s := NewSequencer(window * time.Millisecond)
		n := rapid.IntRange(1, 60).Draw(t, "n")
		read, now := 0, 0
		var released []Held
		for i := range n {
			read += rapid.IntRange(0, 30).Draw(t, "gap")
			// Each event is read less than the window after it happened.
			s.Add(held(strconv.Itoa(i)+" ", read-rapid.IntRange(0, window-1).Draw(t, "late"), read))
			now = max(now, read)
			released = append(released, s.Release(at(now))...)
		}
		released = append(released, s.Release(at(now+window))...)
		require.Zero(t, s.Len())
		require.Zero(t, s.Size())
		require.Len(t, released, n)
		require.True(t, slices.IsSortedFunc(released, func(a, b Held) int { return a.Event.Time.Compare(b.Event.Time) }))
	})
}
