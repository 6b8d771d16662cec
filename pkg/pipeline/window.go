package pipeline

import (
	"slices"
	"time"

	"engage.connector/pkg/store"
)

// stage is how far a record of the window has come.
type stage int

const (
	stageWaiting stage = iota // to be sent, perhaps not before some time
	stageFlying               // in a request that is under way or to be repeated
	stageToAck                // arrived, to be removed from the outbox
	stageToPark               // given up, to be parked
)

// item is a record of the outbox that was read ahead.
type item struct {
	rec       store.OutboxRecord
	stage     stage
	readAt    time.Time
	notBefore time.Time // of the next attempt
	firstTry  time.Time
	attempts  int // answered with Retry
	reason    string
}

// window is the read-ahead part of an outbox, in its order. It is pure.
type window struct {
	items  []*item
	perKey int // records of one key in one request
}

func (w *window) add(records []store.OutboxRecord, now time.Time) {
	for _, r := range records {
		w.items = append(w.items, &item{rec: r, readAt: now})
	}
}

// candidates are the first records, at most limit, that may be sent now: a
// record waits for all earlier ones of its key, up to perKey of which may go
// in the same request. next is when a held back record may go; zero when none
// is held back.
func (w *window) candidates(now time.Time, limit int) (list []*item, next time.Time) {
	blocked := map[string]bool{}
	taken := map[string]int{}
	for _, it := range w.items {
		key := it.rec.Key
		switch {
		case blocked[key]:
		case it.stage != stageWaiting:
			blocked[key] = true
		case it.notBefore.After(now):
			blocked[key] = true
			if next.IsZero() || it.notBefore.Before(next) {
				next = it.notBefore
			}
		case len(list) < limit:
			list = append(list, it)
			if taken[key]++; taken[key] >= w.perKey {
				blocked[key] = true
			}
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
