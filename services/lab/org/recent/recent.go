// Package recent keeps the newest entries of a growing collection in bounded memory and answers "what changed
// since". It is the memory bound of the simulated organization.
package recent

import "container/list"

// List maps keys to values, ordered by last change. When it is full the entry that was left unchanged longest goes.
// It is not safe for concurrent use.
type List[T any] struct {
	max     int
	seq     uint64
	byKey   map[string]*list.Element
	order   *list.List // front = changed last
	onEvict func(key string, value *T)
}

type entry[T any] struct {
	key   string
	seq   uint64
	value *T
}

// New returns a list of at most max entries (at least one); onEvict may be nil.
func New[T any](size int, onEvict func(key string, value *T)) *List[T] {
	return &List[T]{max: max(size, 1), byKey: make(map[string]*list.Element), order: list.New(), onEvict: onEvict}
}

// Get returns the value of a key, nil when there is none. The value may be changed in place; call Touch then.
func (l *List[T]) Get(key string) *T {
	if element, ok := l.byKey[key]; ok {
		return l.entry(element).value
	}
	return nil
}

// Put stores a value, marks it as changed last and evicts the stalest entry beyond the limit.
func (l *List[T]) Put(key string, value *T) {
	l.seq++
	if element, ok := l.byKey[key]; ok {
		e := l.entry(element)
		e.value, e.seq = value, l.seq
		l.order.MoveToFront(element)
		return
	}
	l.byKey[key] = l.order.PushFront(&entry[T]{key: key, seq: l.seq, value: value})
	for len(l.byKey) > l.max {
		l.evict()
	}
}

// Touch marks a key as changed last; unknown keys are ignored.
func (l *List[T]) Touch(key string) {
	if element, ok := l.byKey[key]; ok {
		l.seq++
		l.entry(element).seq = l.seq
		l.order.MoveToFront(element)
	}
}

// Len returns the number of entries.
func (l *List[T]) Len() int { return len(l.byKey) }

// Seq returns the sequence number of the last change.
func (l *List[T]) Seq() uint64 { return l.seq }

// Since calls visit for every entry changed after seq, the newest change first, at most limit times (0 = no limit).
func (l *List[T]) Since(seq uint64, limit int, visit func(value *T)) {
	n := 0
	for element := l.order.Front(); element != nil; element = element.Next() {
		e := l.entry(element)
		if e.seq <= seq || (limit > 0 && n == limit) {
			return
		}
		visit(e.value)
		n++
	}
}

func (l *List[T]) evict() {
	element := l.order.Back()
	e := l.entry(element)
	l.order.Remove(element)
	delete(l.byKey, e.key)
	if l.onEvict != nil {
		l.onEvict(e.key, e.value)
	}
}

// entry unwraps an element; only *entry[T] is ever stored.
func (l *List[T]) entry(element *list.Element) *entry[T] {
	e, _ := element.Value.(*entry[T])
	return e
}
