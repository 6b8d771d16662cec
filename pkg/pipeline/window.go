package pipeline

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/store"
)

// stage is how far a record of the window has come.
type stage int

const (
	stageWaiting stage = iota // to be sent, perhaps not before some time
	stageFlying               // in a request that is under way
	stageToAck                // arrived, to be removed from the outbox
	stageToPark               // given up, to be parked
)

// item is a record of the outbox that was read ahead.
type item struct {
	rec      store.OutboxRecord
	stage    stage
	readAt   time.Time
	restFrom time.Time // it is not sent for restFor after this
	restFor  time.Duration
	group    *group // of those that failed together; nil for none
	probed   int    // how often it was sent alone to find out whether the operation works
	last     delivery.Last
	used     delivery.Patience
	reason   string
	answered time.Time // when its fate was decided
}

// group are records that are sent in one request and in none with others,
// because a request with them has failed.
type group struct {
	mark delivery.Mark // before their first failure
}

// rest is how long the item still has to wait. A clock that was set back does
// not prolong it.
func (it *item) rest(now time.Time) time.Duration {
	if it.restFor == 0 || now.Before(it.restFrom) {
		return 0
	}
	return max(it.restFor-now.Sub(it.restFrom), 0)
}

// window is the read-ahead part of an outbox, in its order. It is pure.
type window struct {
	items  []*item
	perKey int // records of one key in one request
}

// add takes records in. One that is there already is passed over; one that a
// person has sent back takes its old place, before the later ones of its key.
func (w *window) add(records []store.OutboxRecord, now time.Time) {
	for _, r := range records {
		at, there := len(w.items), false
		if at > 0 && compareIDs(w.items[at-1].rec.ID, r.ID) >= 0 {
			at, there = slices.BinarySearchFunc(w.items, r.ID, func(it *item, id string) int { return compareIDs(it.rec.ID, id) })
		}
		if !there {
			w.items = slices.Insert(w.items, at, &item{rec: r, readAt: now})
		}
	}
}

// compareIDs orders the ids of a stream: "time-number", both without leading zeros.
func compareIDs(a, b string) int {
	at, an, _ := strings.Cut(a, "-")
	bt, bn, _ := strings.Cut(b, "-")
	return cmp.Or(compareNumbers(at, bt), compareNumbers(an, bn))
}

func compareNumbers(a, b string) int {
	x, _ := strconv.ParseUint(a, 10, 64) // what is no number sorts first
	y, _ := strconv.ParseUint(b, 10, 64)
	return cmp.Compare(x, y)
}

// candidates are the first records, at most limit, that may be sent now: a
// record waits for all earlier ones of its key, up to perKey of which may go
// in the same request. Records that failed together go without others. next
// is how long until a held back record may go; zero when none is held back.
func (w *window) candidates(now time.Time, limit int) (list []*item, next time.Duration) {
	blocked := map[string]bool{}
	taken := map[string]int{}
	for _, it := range w.items {
		key := it.rec.Key
		if blocked[key] {
			continue
		}
		rest := it.rest(now)
		switch {
		case it.stage != stageWaiting:
			blocked[key] = true
		case rest > 0:
			blocked[key] = true
			if next == 0 || rest < next {
				next = rest
			}
		case len(list) > 0 && it.group != list[0].group:
			blocked[key] = true
		case len(list) < limit:
			list = append(list, it)
			if taken[key]++; taken[key] >= w.perKey {
				blocked[key] = true
			}
		}
	}
	return list, next
}

// probe is the record that may be sent now and has been tried alone least
// often. next is as with candidates.
func (w *window) probe(now time.Time) (list []*item, next time.Duration) {
	blocked := map[string]bool{}
	for _, it := range w.items {
		if blocked[it.rec.Key] {
			continue
		}
		blocked[it.rec.Key] = true
		rest := it.rest(now)
		switch {
		case it.stage != stageWaiting:
		case rest > 0:
			if next == 0 || rest < next {
				next = rest
			}
		case len(list) == 0:
			list = append(list, it)
		case it.probed < list[0].probed:
			list[0] = it
		}
	}
	return list, next
}

// at returns the items of one stage.
func (w *window) at(s stage) []*item {
	var list []*item
	for _, it := range w.items {
		if it.stage == s {
			list = append(list, it)
		}
	}
	return list
}

// remove forgets the items of one stage.
func (w *window) remove(s stage) {
	w.items = slices.DeleteFunc(w.items, func(it *item) bool { return it.stage == s })
}
