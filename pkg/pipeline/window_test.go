package pipeline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
)

func TestCandidates(t *testing.T) {
	waiting := func(key string) *item { return &item{rec: store.OutboxRecord{ID: key, Key: key}} }
	staged := func(key string, s stage) *item {
		it := waiting(key)
		it.stage = s
		return it
	}
	retry := func(key string, ms int) *item {
		it := waiting(key)
		it.notBefore = at(ms)
		return it
	}
	for name, c := range map[string]struct {
		items  []*item
		perKey int
		limit  int
		want   []int // indexes
		next   time.Time
	}{
		"all keys side by side":                 {[]*item{waiting("a"), waiting("b")}, 1, 9, []int{0, 1}, time.Time{}},
		"one record of a key":                   {[]*item{waiting("a"), waiting("a"), waiting("b")}, 1, 9, []int{0, 2}, time.Time{}},
		"two records of a key":                  {[]*item{waiting("a"), waiting("a"), waiting("a")}, 2, 9, []int{0, 1}, time.Time{}},
		"the limit":                             {[]*item{waiting("a"), waiting("b"), waiting("c")}, 1, 2, []int{0, 1}, time.Time{}},
		"a key in flight is held":               {[]*item{staged("a", stageFlying), waiting("a"), waiting("b")}, 1, 9, []int{2}, time.Time{}},
		"and until its outcome is stored":       {[]*item{staged("a", stageToAck), waiting("a")}, 2, 9, nil, time.Time{}},
		"also when it is to be parked":          {[]*item{staged("a", stageToPark), waiting("a")}, 2, 9, nil, time.Time{}},
		"a retry holds its key":                 {[]*item{retry("a", 1), waiting("a"), waiting("b")}, 2, 9, []int{2}, at(1)},
		"a retry that is due goes first":        {[]*item{retry("a", 0), waiting("a")}, 1, 9, []int{0}, time.Time{}},
		"the first retry that becomes due":      {[]*item{retry("a", 5), retry("b", 3), retry("c", 4)}, 1, 9, nil, at(3)},
		"a later retry of the same key is held": {[]*item{waiting("a"), retry("a", 5), waiting("a")}, 3, 9, []int{0}, at(5)},
	} {
		t.Run(name, func(t *testing.T) {
			w := window{items: c.items, perKey: c.perKey}
			got, next := w.candidates(at(0), c.limit)
			var want []*item
			for _, i := range c.want {
				want = append(want, c.items[i])
			}
			require.Equal(t, want, got)
			require.Equal(t, c.next, next)
		})
	}
}
