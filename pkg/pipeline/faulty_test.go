package pipeline

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

func newRand() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }

var errDead = errors.New("the process is dead")

// process stands between one instance and the outside. At random calls it
// fails before or after the call took effect, or is cut off from the store for
// a while, or the process is killed there: from then on nothing that it does
// has an effect.
type process struct {
	backend
	mu      sync.Mutex
	rng     *rand.Rand
	failing float64 // probability per call
	killing float64
	cutting float64 // probability that the store cannot be reached for a while
	cutTill time.Time
	dead    bool
	killed  func()
}

// around makes one call with the process's misfortune.
func (p *process) around(call func() error) error {
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return errDead
	}
	fail, kill, before := p.rng.Float64() < p.failing, p.rng.Float64() < p.killing, p.rng.IntN(2) == 0
	if p.rng.Float64() < p.cutting {
		p.cutTill = time.Now().Add(time.Duration(p.rng.Int64N(int64(40 * time.Second))))
	}
	cut := time.Now().Before(p.cutTill)
	p.mu.Unlock()
	if cut {
		return fault.New(fault.Unavailable, "faulty", "cut off")
	}
	if kill && before {
		p.kill()
		return errDead
	}
	if fail && before {
		return fault.New(fault.Unavailable, "faulty", "not done")
	}
	err := call()
	if kill {
		p.kill()
		return errDead
	}
	if fail {
		return fault.New(fault.Unavailable, "faulty", "done, but the answer is lost")
	}
	return err
}

func (p *process) kill() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.killed()
}

func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.dead
}

func (p *process) AppendOnce(ctx context.Context, a store.Append) (n int, err error) {
	err = p.around(func() (err error) { n, err = p.backend.AppendOnce(ctx, a); return err })
	return n, err
}

func (p *process) Cursor(ctx context.Context, source string) (at store.Position, err error) {
	err = p.around(func() (err error) { at, err = p.backend.Cursor(ctx, source); return err })
	return at, err
}

func (p *process) SetAside(ctx context.Context, source string, item []byte, at store.Position, reason string) error {
	return p.around(func() error { return p.backend.SetAside(ctx, source, item, at, reason) })
}

func (p *process) ReadLog(ctx context.Context, after string, count int, block time.Duration) (r []store.Record, err error) {
	err = p.around(func() (err error) { r, err = p.backend.ReadLog(ctx, after, count, block); return err })
	return r, err
}

func (p *process) LoadState(ctx context.Context) (state map[string][]byte, err error) {
	err = p.around(func() (err error) { state, err = p.backend.LoadState(ctx); return err })
	return state, err
}

func (p *process) Commit(ctx context.Context, l store.Lease, c store.Commit) error {
	return p.around(func() error { return p.backend.Commit(ctx, l, c) })
}

func (p *process) ReadOutbox(ctx context.Context, outbox, after string, count int, block time.Duration) (r []store.OutboxRecord, err error) {
	err = p.around(func() (err error) { r, err = p.backend.ReadOutbox(ctx, outbox, after, count, block); return err })
	return r, err
}

func (p *process) ReadReturned(ctx context.Context, outbox string) (r []store.OutboxRecord, err error) {
	err = p.around(func() (err error) { r, err = p.backend.ReadReturned(ctx, outbox); return err })
	return r, err
}

func (p *process) AckOutbox(ctx context.Context, l store.Lease, outbox string, ids []string) error {
	return p.around(func() error { return p.backend.AckOutbox(ctx, l, outbox, ids) })
}

func (p *process) Park(ctx context.Context, l store.Lease, outbox string, items []store.Parked) error {
	return p.around(func() error { return p.backend.Park(ctx, l, outbox, items) })
}

func (p *process) AcquireLease(ctx context.Context, name, owner string, ttl time.Duration) (l store.Lease, err error) {
	err = p.around(func() (err error) { l, err = p.backend.AcquireLease(ctx, name, owner, ttl); return err })
	return l, err
}

func (p *process) RenewLease(ctx context.Context, l store.Lease, ttl time.Duration) (r store.Lease, err error) {
	r = l
	err = p.around(func() (err error) { r, err = p.backend.RenewLease(ctx, l, ttl); return err })
	return r, err
}

func (p *process) ReleaseLease(ctx context.Context, l store.Lease) error {
	return p.around(func() error { return p.backend.ReleaseLease(ctx, l) })
}
