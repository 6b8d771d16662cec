package callgen

import (
	"container/heap"
	"context"
	"time"
)

// agenda runs things at their planned times, in that order, in one goroutine. A thing that is due
// late still gets its planned time, so what is played does not depend on the machine.
type agenda struct {
	now   func() time.Time
	await func(earliest time.Time) // is told when the next thing is due
	items itemHeap
	count int
	last  time.Time // planned time of the last thing that was run
}

type item struct {
	at    time.Time
	order int
	run   func(at time.Time)
}

// add plans a thing.
func (a *agenda) add(at time.Time, run func(at time.Time)) {
	a.count++
	heap.Push(&a.items, item{at, a.count, run})
}

// play runs everything that is planned, and what that plans, until nothing is left.
func (a *agenda) play(ctx context.Context) error {
	for a.items.Len() > 0 {
		next := a.items[0]
		a.await(next.at)
		if err := wait(ctx, next.at.Sub(a.now())); err != nil {
			return err
		}
		heap.Pop(&a.items)
		a.last = next.at
		next.run(next.at)
	}
	return nil
}

// wait sleeps, unless there is nothing to wait for.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// itemHeap orders by time, then by order of planning.
type itemHeap []item

func (h itemHeap) Len() int { return len(h) }
func (h itemHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}
func (h itemHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *itemHeap) Push(x any)   { *h = append(*h, x.(item)) }
func (h *itemHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = item{}
	*h = old[:len(old)-1]
	return last
}
