// Package catalog holds the published mappings in memory and tells subscribers of every change.
package catalog

import (
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	configsyncv1 "engage.connector/proto/configsync/v1"
)

// Key identifies a mapping.
type Key struct {
	Kind     configsyncv1.MappingKind
	EngageID string
}

// Change is what changed at once.
type Change struct {
	Upserted []*configsyncv1.Mapping
	Removed  []Key
}

func (c Change) empty() bool { return len(c.Upserted) == 0 && len(c.Removed) == 0 }

// backlog is how many changes a subscriber may fall behind before it is dropped.
const backlog = 64

// Catalog is the current mapping. It is empty and not ready until the first Replace. Mappings in it
// are never changed in place.
type Catalog struct {
	mu          sync.RWMutex
	ready       bool
	mappings    map[Key]*configsyncv1.Mapping
	subscribers map[*Subscription]bool
}

// New returns an empty catalog.
func New() *Catalog {
	return &Catalog{mappings: map[Key]*configsyncv1.Mapping{}, subscribers: map[*Subscription]bool{}}
}

// Subscription receives changes until it is closed or has fallen behind.
type Subscription struct {
	kinds   []configsyncv1.MappingKind
	changes chan Change
}

// Changes is closed when the subscriber was dropped because it did not keep up.
func (s *Subscription) Changes() <-chan Change { return s.changes }

// Ready tells whether a first complete mapping exists.
func (c *Catalog) Ready() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.ready
}

// Get returns a mapping.
func (c *Catalog) Get(kind configsyncv1.MappingKind, engageID string) (*configsyncv1.Mapping, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	m, ok := c.mappings[Key{kind, engageID}]
	return m, ok
}

// Len is the number of mappings.
func (c *Catalog) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.mappings)
}

// Replace makes the given mappings the current ones and tells subscribers what is different.
func (c *Catalog) Replace(mappings []*configsyncv1.Mapping) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := make(map[Key]*configsyncv1.Mapping, len(mappings))
	var change Change
	for _, m := range mappings {
		key := Key{m.GetKind(), m.GetEngageId()}
		if old, known := c.mappings[key]; known && proto.Equal(old, m) {
			next[key] = old
			continue
		}
		next[key] = m
		change.Upserted = append(change.Upserted, m)
	}
	for key := range c.mappings {
		if _, stays := next[key]; !stays {
			change.Removed = append(change.Removed, key)
		}
	}
	c.mappings, c.ready = next, true
	for s := range c.subscribers {
		c.tell(s, change)
	}
}

// tell hands a change to a subscriber and drops it when its backlog is full: it must subscribe
// again and begins with a whole mapping.
func (c *Catalog) tell(s *Subscription, change Change) {
	change = change.only(s.kinds)
	if change.empty() {
		return
	}
	select {
	case s.changes <- change:
	default:
		delete(c.subscribers, s)
		close(s.changes)
	}
}

// only leaves what is of the kinds; no kinds mean all.
func (c Change) only(kinds []configsyncv1.MappingKind) Change {
	if len(kinds) == 0 {
		return c
	}
	var out Change
	for _, m := range c.Upserted {
		if slices.Contains(kinds, m.GetKind()) {
			out.Upserted = append(out.Upserted, m)
		}
	}
	for _, key := range c.Removed {
		if slices.Contains(kinds, key.Kind) {
			out.Removed = append(out.Removed, key)
		}
	}
	return out
}

// Subscribe returns the whole mapping of the kinds and the changes from then on; no kinds mean
// all. ok is false while the catalog is not ready. Close ends the subscription.
func (c *Catalog) Subscribe(kinds ...configsyncv1.MappingKind) (s *Subscription, snapshot []*configsyncv1.Mapping, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ready {
		return nil, nil, false
	}
	all := make([]*configsyncv1.Mapping, 0, len(c.mappings))
	for _, m := range c.mappings {
		all = append(all, m)
	}
	s = &Subscription{kinds: kinds, changes: make(chan Change, backlog)}
	c.subscribers[s] = true
	return s, Change{Upserted: all}.only(kinds).Upserted, true
}

// Close ends a subscription.
func (c *Catalog) Close(s *Subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.subscribers, s)
}

// Subscribers is the number of subscriptions.
func (c *Catalog) Subscribers() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.subscribers)
}
