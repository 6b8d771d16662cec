package measure

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/model"
)

// log is the store of a path: a log in memory, of which the state and the outbox are looked at and dropped.
// Its clock is that of the events.
type log struct {
	records []store.Record
	stamps  []time.Time // when each record was taken in
	next    int         // of the records: the first one that is not read yet
	seq     int
	taking  time.Time           // when what comes now is taken in
	clock   time.Time           // that of the writer
	sent    []store.OutboxEntry // since it was looked at
	failed  error               // a wrong result
	idle    chan struct{}       // everything is read and committed
	more    chan struct{}       // there is something to read again
}

func newLog() *log {
	return &log{clock: start(), idle: make(chan struct{}), more: make(chan struct{})}
}

func (l *log) now() time.Time { return l.clock }

// AppendOnce is the part of pipeline.IntakeStore that a bench without repeated events needs.
func (l *log) AppendOnce(_ context.Context, a store.Append) (int, error) {
	for _, e := range a.Entries {
		l.seq++
		l.records = append(l.records, store.Record{ID: strconv.Itoa(l.seq) + "-0", Payload: e.Payload})
		l.stamps = append(l.stamps, l.taking)
	}
	return len(a.Entries), nil
}

// Cursor is never asked for.
func (l *log) Cursor(context.Context, string) (store.Position, error) { return store.Position{}, nil }

// SetAside is of lines that cannot be read; there are none.
func (l *log) SetAside(context.Context, string, []byte, store.Position, string) error { return nil }

// ReadLog returns the next records. When there are none it says so and waits for more.
func (l *log) ReadLog(ctx context.Context, _ string, count int, _ time.Duration) ([]store.Record, error) {
	if l.next == len(l.records) {
		l.records, l.stamps, l.next = nil, nil, 0
		select {
		case l.idle <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		select {
		case <-l.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	n := min(count, len(l.records)-l.next)
	read := l.records[l.next : l.next+n]
	l.next += n
	l.clock = l.stamps[l.next-1]
	return read, nil
}

// LoadState returns what there is at first: nothing.
func (l *log) LoadState(context.Context) (map[string][]byte, error) { return map[string][]byte{}, nil }

// Commit keeps what would be sent.
func (l *log) Commit(_ context.Context, _ store.Lease, c store.Commit) error {
	l.sent = append(l.sent, c.Outbox[model.OutboxConversation]...)
	if len(c.Aside) > 0 {
		l.failed = fmt.Errorf("wrong result: set aside: %s", c.Aside[0].Reason)
	}
	return l.failed
}

// AcquireLease gives the lease to the only one who asks, for good.
func (l *log) AcquireLease(_ context.Context, name, owner string, _ time.Duration) (store.Lease, error) {
	const generation = 1
	return store.Lease{Name: name, Owner: owner, Generation: generation, ExpiresAt: start().AddDate(1, 0, 0)}, nil
}

// RenewLease changes nothing.
func (l *log) RenewLease(_ context.Context, lease store.Lease, _ time.Duration) (store.Lease, error) {
	return lease, nil
}

// ReleaseLease changes nothing.
func (l *log) ReleaseLease(context.Context, store.Lease) error { return nil }
