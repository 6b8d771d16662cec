package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/leader"
	"engage.connector/pkg/store"
)

// backend is all that a pipeline needs of pkg/store.
type backend interface {
	IntakeStore
	WriterStore
	leader.Leases
	SenderStore
}

// redisBackend is the real one.
type redisBackend struct {
	*store.Pipeline
	*store.Store
}

// memory keeps the promises of pkg/store in memory, with the clock of the
// synctest bubble.
type memory struct {
	mu         sync.Mutex
	seq        int
	seen       map[string]bool
	cursors    map[string]string
	log        []store.Record
	state      map[string][]byte
	outboxes   map[string][]store.OutboxRecord
	parked     []store.ParkedRecord
	returned   []store.OutboxRecord
	aside      []string
	lease      store.Lease
	changed    chan struct{} // closed when something was added
	outboxFull bool
	epoch      int // grows with each rollback
	leaseEpoch int
}

// content is what a rollback takes back.
type content struct {
	seen       map[string]bool
	cursors    map[string]string
	log        []store.Record
	state      map[string][]byte
	outboxes   map[string][]store.OutboxRecord
	parked     []store.ParkedRecord
	aside      []string
	lease      store.Lease
	leaseEpoch int
}

// snapshot is what is on the disk by now.
func (m *memory) snapshot() content {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := content{
		maps.Clone(m.seen), maps.Clone(m.cursors), slices.Clone(m.log), maps.Clone(m.state), map[string][]store.OutboxRecord{},
		slices.Clone(m.parked), slices.Clone(m.aside), m.lease, m.leaseEpoch,
	}
	for name, records := range m.outboxes {
		c.outboxes[name] = slices.Clone(records)
	}
	return c
}

// rollBack is a restart that loses what was written after the snapshot.
func (m *memory) rollBack(c content) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	m.seen, m.cursors, m.log, m.state, m.outboxes = c.seen, c.cursors, c.log, c.state, c.outboxes
	m.parked, m.aside, m.lease, m.leaseEpoch = c.parked, c.aside, c.lease, c.leaseEpoch
}

// over is the refusal of whoever knows the memory from an earlier epoch.
func (m *memory) over(epoch string) error {
	if epoch != "" && epoch != strconv.Itoa(m.epoch) {
		return fault.Wrap(fault.Unavailable, "memory", store.ErrWentBack)
	}
	return nil
}

func newMemory() *memory {
	return &memory{changed: make(chan struct{}), seen: map[string]bool{}, cursors: map[string]string{}, state: map[string][]byte{}, outboxes: map[string][]store.OutboxRecord{}}
}

func (m *memory) id() string {
	m.seq++
	return fmt.Sprintf("%012d-0", m.seq)
}

func (m *memory) AppendOnce(_ context.Context, a store.Append) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.over(a.Epoch); err != nil {
		return 0, err
	}
	n := 0
	for _, e := range a.Entries {
		if !m.seen[e.Identity] {
			m.seen[e.Identity] = true
			m.log = append(m.log, store.Record{ID: m.id(), Payload: e.Payload})
			n++
		}
	}
	m.change()
	if a.Cursor != "" {
		m.cursors[a.Source] = a.Cursor
	}
	return n, nil
}

func (m *memory) Cursor(_ context.Context, source string) (store.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return store.Position{Cursor: m.cursors[source], Epoch: strconv.Itoa(m.epoch)}, nil
}

func (m *memory) SetAside(_ context.Context, source string, item []byte, at store.Position, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.over(at.Epoch); err != nil {
		return err
	}
	m.aside = append(m.aside, string(item))
	if at.Cursor != "" {
		m.cursors[source] = at.Cursor
	}
	return nil
}

// waitFor looks again after every change until it finds something or block is over.
func waitFor[T any](ctx context.Context, m *memory, block time.Duration, look func() []T) ([]T, error) {
	if block <= 0 { // a timer that is due at once crashes Go 1.26 in a bubble under the race detector
		m.mu.Lock()
		defer m.mu.Unlock()
		return look(), nil
	}
	over := time.NewTimer(block)
	defer over.Stop()
	for {
		m.mu.Lock()
		found, changed := look(), m.changed
		m.mu.Unlock()
		if len(found) > 0 {
			return found, nil
		}
		select {
		case <-changed:
		case <-over.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// change wakes who waits; the caller holds the lock.
func (m *memory) change() {
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *memory) ReadLog(ctx context.Context, after string, count int, block time.Duration) ([]store.Record, error) {
	return waitFor(ctx, m, block, func() []store.Record {
		var found []store.Record
		for _, r := range m.log {
			if r.ID > after && len(found) < count {
				found = append(found, r)
			}
		}
		return found
	})
}

func (m *memory) LoadState(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.state), nil
}

func (m *memory) fenced(l store.Lease) error {
	if l.Owner != m.lease.Owner || l.Generation != m.lease.Generation || m.epoch != m.leaseEpoch {
		return fault.Wrap(fault.Conflict, "memory", store.ErrFenced)
	}
	return nil
}

func (m *memory) Commit(_ context.Context, l store.Lease, c store.Commit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fenced(l); err != nil {
		return err
	}
	if m.outboxFull && len(c.Outbox) > 0 {
		return fault.Wrap(fault.RateLimited, "memory", store.ErrFull)
	}
	for _, a := range c.Aside {
		m.aside = append(m.aside, string(a.Item))
	}
	m.log = slices.DeleteFunc(m.log, func(r store.Record) bool { return slices.Contains(c.Consumed, r.ID) })
	for k, v := range c.State {
		if v == nil {
			delete(m.state, k)
		} else {
			m.state[k] = v
		}
	}
	defer m.change()
	for name, entries := range c.Outbox {
		for _, e := range entries {
			m.outboxes[name] = append(m.outboxes[name], store.OutboxRecord{ID: m.id(), Key: e.Key, Payload: e.Payload})
		}
	}
	return nil
}

func (m *memory) ReadOutbox(ctx context.Context, outbox, after string, count int, block time.Duration) ([]store.OutboxRecord, error) {
	return waitFor(ctx, m, block, func() []store.OutboxRecord {
		var found []store.OutboxRecord
		for _, r := range m.outboxes[outbox] {
			if r.ID > after && len(found) < count {
				found = append(found, r)
			}
		}
		return found
	})
}

func (m *memory) ReadReturned(_ context.Context, _ string) ([]store.OutboxRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.returned), nil
}

func (m *memory) AckOutbox(_ context.Context, l store.Lease, outbox string, ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fenced(l); err != nil {
		return err
	}
	gone := func(r store.OutboxRecord) bool { return slices.Contains(ids, r.ID) }
	m.outboxes[outbox] = slices.DeleteFunc(m.outboxes[outbox], gone)
	m.returned = slices.DeleteFunc(m.returned, gone)
	return nil
}

// bringBack does what a person does to everything that is parked.
func (m *memory) bringBack() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.parked {
		m.returned = append(m.returned, store.OutboxRecord{ID: p.OutboxID, Key: p.Key, Payload: p.Payload})
	}
	m.parked = nil
}

func (m *memory) Park(_ context.Context, l store.Lease, outbox string, items []store.Parked) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fenced(l); err != nil {
		return err
	}
	for _, p := range items {
		from, at := &m.returned, slices.IndexFunc(m.returned, func(r store.OutboxRecord) bool { return r.ID == p.ID })
		if at < 0 {
			list := m.outboxes[outbox]
			from, at = &list, slices.IndexFunc(list, func(r store.OutboxRecord) bool { return r.ID == p.ID })
		}
		if at >= 0 {
			r := (*from)[at]
			*from = slices.Delete(*from, at, at+1)
			if &m.returned != from {
				m.outboxes[outbox] = *from
			}
			m.parked = append(m.parked, store.ParkedRecord{ID: m.id(), OutboxID: r.ID, Key: r.Key, Payload: r.Payload, Reason: p.Reason})
		}
	}
	return nil
}

func (m *memory) AcquireLease(_ context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lease.Owner != "" && m.lease.Owner != owner && time.Now().Before(m.lease.ExpiresAt) {
		return store.Lease{}, fault.Wrap(fault.Conflict, "memory",
			&store.LeaseHeldError{Name: name, Owner: m.lease.Owner, ExpiresAt: m.lease.ExpiresAt})
	}
	m.lease = store.Lease{Name: name, Owner: owner, Generation: max(m.lease.Generation+1, time.Now().UnixMilli()), ExpiresAt: time.Now().Add(ttl)}
	m.leaseEpoch = m.epoch
	return m.lease, nil
}

func (m *memory) RenewLease(_ context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fenced(l); err != nil {
		return l, err
	}
	m.lease.ExpiresAt = time.Now().Add(ttl)
	return m.lease, nil
}

func (m *memory) ReleaseLease(_ context.Context, l store.Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fenced(l) == nil {
		m.lease.Owner = ""
	}
	return nil
}

// put adds records to an outbox, as a commit would.
func (m *memory) put(outbox string, keyPayload ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := 0; i+1 < len(keyPayload); i += 2 {
		m.outboxes[outbox] = append(m.outboxes[outbox],
			store.OutboxRecord{ID: m.id(), Key: keyPayload[i], Payload: []byte(keyPayload[i+1])})
	}
	m.change()
}

// The looks take the lock, because Writers and Senders go on meanwhile.

func (m *memory) lookParked() []store.ParkedRecord {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.parked)
}

func (m *memory) lookState(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state[name]
}

func (m *memory) lookLog() []store.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.log)
}

func (m *memory) lookAside() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.aside)
}
