// Package uses remembers how the last real use of a dependency went: not whether somebody answers a
// question that is asked for the sake of it, but what became of the work.
package uses

import (
	"maps"
	"sync"
	"time"
)

// Log is the last use of one dependency. The zero value has none yet; its methods may be called from any
// goroutine.
type Log struct {
	mu   sync.Mutex
	last Use
}

// Use is one use of a dependency.
type Use struct {
	At  time.Time // when it ended; zero: it was never used
	Err error     // nil: it did what was asked
}

// Note remembers a use that has just ended.
func (l *Log) Note(at time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = Use{At: at, Err: err}
}

// Last is the last use.
func (l *Log) Last() Use {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// ByOperation is the last use of each operation of one dependency. The zero value has none yet; its methods
// may be called from any goroutine.
type ByOperation struct {
	mu   sync.Mutex
	last map[string]Use
}

// Note remembers a use of an operation that has just ended.
func (b *ByOperation) Note(operation string, at time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		b.last = map[string]Use{}
	}
	b.last[operation] = Use{At: at, Err: err}
}

// Last are the last uses by operation.
func (b *ByOperation) Last() map[string]Use {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.last)
}

// Newest is the last use of any operation.
func (b *ByOperation) Newest() Use {
	b.mu.Lock()
	defer b.mu.Unlock()
	var newest Use
	for _, use := range b.last {
		if use.At.After(newest.At) {
			newest = use
		}
	}
	return newest
}
