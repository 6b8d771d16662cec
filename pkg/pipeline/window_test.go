package pipeline

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
)

func TestCandidates(t *testing.T) {
	const ms = time.Millisecond
	waiting := func(key string) *item { return &item{rec: store.OutboxRecord{ID: key, Key: key}} }
	staged := func(key string, s stage) *item {
		it := waiting(key)
		it.stage = s
		return it
	}
	retry := func(key string, ms int) *item {
		it := waiting(key)
		it.restFrom, it.restFor = at(0), time.Duration(ms)*time.Millisecond
		return it
	}
	grouped := func(key string, g *group) *item {
		it := waiting(key)
		it.group = g
		return it
	}
	g1, g2 := &group{mark: 1}, &group{mark: 2}
	for name, c := range map[string]struct {
		items  []*item
		perKey int
		limit  int
		want   []int // indexes
		next   time.Duration
	}{
		"all keys side by side":                 {[]*item{waiting("a"), waiting("b")}, 1, 9, []int{0, 1}, 0},
		"one record of a key":                   {[]*item{waiting("a"), waiting("a"), waiting("b")}, 1, 9, []int{0, 2}, 0},
		"two records of a key":                  {[]*item{waiting("a"), waiting("a"), waiting("a")}, 2, 9, []int{0, 1}, 0},
		"the limit":                             {[]*item{waiting("a"), waiting("b"), waiting("c")}, 1, 2, []int{0, 1}, 0},
		"a key in flight is held":               {[]*item{staged("a", stageFlying), waiting("a"), waiting("b")}, 1, 9, []int{2}, 0},
		"and until its outcome is stored":       {[]*item{staged("a", stageToAck), waiting("a")}, 2, 9, nil, 0},
		"also when it is to be parked":          {[]*item{staged("a", stageToPark), waiting("a")}, 2, 9, nil, 0},
		"a retry holds its key":                 {[]*item{retry("a", 1), waiting("a"), waiting("b")}, 2, 9, []int{2}, ms},
		"a retry that is due goes first":        {[]*item{retry("a", 0), waiting("a")}, 1, 9, []int{0}, 0},
		"the first retry that becomes due":      {[]*item{retry("a", 5), retry("b", 3), retry("c", 4)}, 1, 9, nil, 3 * ms},
		"a later retry of the same key is held": {[]*item{waiting("a"), retry("a", 5), waiting("a")}, 3, 9, []int{0}, 5 * ms},
		"what failed together goes together":    {[]*item{grouped("a", g1), waiting("b"), grouped("c", g1), grouped("d", g2)}, 1, 9, []int{0, 2}, 0},
		"and holds the key for others":          {[]*item{waiting("a"), grouped("b", g1), waiting("b"), waiting("c")}, 1, 9, []int{0, 3}, 0},
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

// A probe is the record that was tried least, and never one before its turn.
func TestProbesTakeTurns(t *testing.T) {
	var w window
	for i, key := range []string{"a", "a", "b", "c", "d"} {
		w.items = append(w.items, &item{rec: store.OutboxRecord{ID: strconv.Itoa(i), Key: key}})
	}
	w.items[3].stage = stageFlying
	w.items[4].restFrom, w.items[4].restFor = at(0), time.Minute
	var tried []string
	for range 4 {
		list, rest := w.probe(at(0))
		require.Len(t, list, 1)
		require.Equal(t, time.Minute, rest)
		list[0].probed++
		tried = append(tried, list[0].rec.ID)
	}
	require.Equal(t, []string{"0", "2", "0", "2"}, tried)
}

// What a person sends back stands where it was; nothing stands there twice.
func TestReturnedRecordsTakeTheirPlace(t *testing.T) {
	var w window
	rec := func(ids ...string) (list []store.OutboxRecord) {
		for _, id := range ids {
			list = append(list, store.OutboxRecord{ID: id, Key: "k"})
		}
		return list
	}
	w.add(rec("9-2", "9-10", "100-0"), at(0))
	w.add(rec("100-0", "9-9", "9-2", "8-11", "100-1"), at(0))
	var ids []string
	for _, it := range w.items {
		ids = append(ids, it.rec.ID)
	}
	require.Equal(t, []string{"8-11", "9-2", "9-9", "9-10", "100-0", "100-1"}, ids)
}

// A clock that was set back prolongs no rest, one that was set forward ends it.
func TestARestEndsThoughTheClockIsSet(t *testing.T) {
	it := &item{restFrom: at(60_000), restFor: time.Minute}
	require.Equal(t, 30*time.Second, it.rest(at(90_000)))
	require.Zero(t, it.rest(at(0)))
	require.Zero(t, it.rest(at(3_600_000)))
}
