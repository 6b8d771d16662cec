package pipeline

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

// post is a Sender's other side that a test plays.
type post struct {
	mu       sync.Mutex
	memory   *memory
	requests []string // payloads of each request, joined
	at       []time.Duration
	begin    time.Time
	answer   func(n int, records []store.OutboxRecord) ([]Outcome, error) // nil: all done
	unleased bool
	sender   *Sender
}

func (p *post) send(_ context.Context, records []store.OutboxRecord) ([]Outcome, error) {
	p.mu.Lock()
	var payloads []string
	for _, r := range records {
		payloads = append(payloads, string(r.Payload))
	}
	p.requests = append(p.requests, strings.Join(payloads, " "))
	p.at = append(p.at, time.Since(p.begin).Round(10*time.Millisecond))
	n := len(p.requests)
	p.mu.Unlock()
	if p.answer != nil {
		return p.answer(n, records)
	}
	return allDone(records), nil
}

func (p *post) sent() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

func (p *post) times() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.at)
}

func allDone(records []store.OutboxRecord) []Outcome {
	outcomes := make([]Outcome, len(records))
	for i := range outcomes {
		outcomes[i] = Done()
	}
	return outcomes
}

func (p *post) lease() (store.Lease, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	return p.memory.lease, !p.unleased
}

func (p *post) left() int {
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	return len(p.memory.outboxes["cloud"])
}

// sending runs body beside a Sender over a memory with a lease.
func sending(t *testing.T, p *post, change func(*SenderOptions), body func(t *testing.T, p *post)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p.memory, p.begin = newMemory(), time.Now()
		_, err := p.memory.AcquireLease(t.Context(), "calls", "me", 1000*time.Hour)
		require.NoError(t, err)
		opts := SenderOptions{Pipeline: p.memory, Outbox: "cloud", Lease: p.lease, Send: p.send, Registerer: prometheus.NewRegistry()}
		if change != nil {
			change(&opts)
		}
		s, err := NewSender(opts)
		require.NoError(t, err)
		p.sender = s
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.Run(ctx) })
		body(t, p)
		cancel()
		wg.Wait()
	})
}

func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAFullBatchGoesAtOnceAndASmallOneLingers(t *testing.T) {
	sending(t, &post{}, func(o *SenderOptions) { o.MaxBatch = 3 }, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1", "b", "b1", "c", "c1", "d", "d1")
		settle(time.Second)
		require.Equal(t, []string{"a1 b1 c1", "d1"}, p.sent())
		require.Less(t, p.times()[0], 50*time.Millisecond)
		require.GreaterOrEqual(t, p.times()[1], 100*time.Millisecond)
		require.Less(t, p.times()[1], 150*time.Millisecond)
		require.Zero(t, p.left())
	})
}

func TestARecordGoesOnlyWhenTheOneBeforeItHasArrived(t *testing.T) {
	sending(t, &post{}, nil, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1", "a", "a2", "b", "b1")
		settle(time.Second)
		require.Equal(t, []string{"a1 b1", "a2"}, p.sent())
	})
	sending(t, &post{}, func(o *SenderOptions) { o.PerKey = 2 }, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1", "a", "a2", "b", "b1", "a", "a3")
		settle(time.Second)
		require.Equal(t, []string{"a1 a2 b1", "a3"}, p.sent())
	})
}

func TestAKeyWithARetryIsHeldBackWhileOthersGoOn(t *testing.T) {
	p := &post{}
	p.answer = func(n int, records []store.OutboxRecord) ([]Outcome, error) {
		outcomes := allDone(records)
		for i, r := range records {
			if string(r.Payload) == "a1" && n < 3 {
				outcomes[i] = Retry("later")
			}
		}
		return outcomes, nil
	}
	sending(t, p, nil, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1", "a", "a2", "b", "b1", "b", "b2")
		settle(10 * time.Second)
		require.Equal(t, []string{"a1 b1", "b2", "a1", "a2"}, p.sent())
		require.Zero(t, p.left())
	})
}

func TestARequestThatFailsAsAWholeIsMadeAgainWhenTheOtherSideWants(t *testing.T) {
	p := &post{answer: func(n int, records []store.OutboxRecord) ([]Outcome, error) {
		if n == 1 {
			return nil, fault.New(fault.RateLimited, "cloud", "slow down").WithRetryIn(30 * time.Second)
		}
		return allDone(records), nil
	}}
	sending(t, p, func(o *SenderOptions) { o.Parallel = 1 }, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1", "b", "b1")
		settle(time.Second)
		p.memory.put("cloud", "c", "c1")
		settle(time.Minute)
		require.Equal(t, []string{"a1 b1", "a1 b1", "c1"}, p.sent())
		require.GreaterOrEqual(t, p.times()[1], 30*time.Second)
		require.Less(t, p.times()[1], 34*time.Second)
	})
}

// Whoever wants to know what becomes of records hears it before they leave the outbox, again after an error.
func TestWhatIsSettledIsToldBeforeItLeavesTheOutbox(t *testing.T) {
	p := &post{answer: func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
		outcomes := allDone(records)
		for i, r := range records {
			if string(r.Payload) == "b1" {
				outcomes[i] = Reject("no such user")
			}
		}
		return outcomes, nil
	}}
	var told []string
	settled := func(_ context.Context, lease store.Lease, records []Settled) error {
		text := ""
		for _, r := range records {
			require.NotZero(t, r.At)
			text += string(r.Record.Payload)
			if r.Parked {
				reason, _, _ := strings.Cut(r.Reason, ";")
				text += " parked: " + reason
			}
			text += ";"
		}
		told = append(told, text)
		require.Equal(t, p.memory.lease, lease)
		require.Equal(t, 2, p.left())
		if len(told) == 1 {
			return fault.New(fault.Unavailable, "log", "redis is away")
		}
		return nil
	}
	sending(t, p, func(o *SenderOptions) { o.Settled = settled }, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1", "b", "b1")
		settle(10 * time.Second)
		require.Equal(t, []string{"a1;b1 parked: no such user;", "a1;b1 parked: no such user;"}, told)
		require.Equal(t, []string{"a1 b1"}, p.sent())
		require.Zero(t, p.left())
	})
}

func TestSenderOptionsAreChecked(t *testing.T) {
	_, err := NewSender(SenderOptions{})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}
