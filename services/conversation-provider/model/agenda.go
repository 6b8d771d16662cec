package model

import (
	"container/heap"
	"time"
)

// agenda says which interactions are to be looked at when, if nothing is reported of them before.
type agenda struct {
	due  map[string]time.Time
	heap *entries
}

type entry struct {
	root string
	due  time.Time
}

func newAgenda() agenda { return agenda{due: map[string]time.Time{}, heap: &entries{}} }

// set notes when an interaction is to be looked at.
func (a agenda) set(root string, due time.Time) {
	if old, known := a.due[root]; known && old.Equal(due) {
		return
	}
	a.due[root] = due
	if !due.Equal(never) { // what waits for a report alone would stay in the heap for good
		heap.Push(a.heap, entry{root, due})
	}
}

func (a agenda) remove(root string) { delete(a.due, root) }

func (a agenda) has(root string) bool {
	_, known := a.due[root]
	return known
}

// next takes out the interactions whose time comes next, and not after at.
func (a agenda) next(at time.Time) (roots []string, due time.Time) {
	for a.heap.Len() > 0 {
		first := (*a.heap)[0]
		current, known := a.due[first.root]
		stale := !known || !current.Equal(first.due)
		if !stale && (first.due.After(at) || roots != nil && !first.due.Equal(due)) {
			break
		}
		heap.Pop(a.heap)
		if stale {
			continue
		}
		delete(a.due, first.root)
		roots, due = append(roots, first.root), first.due
	}
	return roots, due
}

// entries are a heap by time.
type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].due.Before(e[j].due) }
func (e entries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push is heap.Interface.
func (e *entries) Push(x any) { *e = append(*e, x.(entry)) }

// Pop is heap.Interface.
func (e *entries) Pop() any {
	last := (*e)[len(*e)-1]
	(*e)[len(*e)-1] = entry{}
	*e = (*e)[:len(*e)-1]
	return last
}
