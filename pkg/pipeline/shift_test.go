package pipeline

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
)

func TestAWindowFullOfHeldKeysReadsNoFurther(t *testing.T) {
	held := true
	p := &post{}
	p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		outcomes := allDone(records)
		for i, r := range records {
			if held && r.Key == "a" {
				outcomes[i] = Retry("later")
			}
		}
		return outcomes, nil
	}
	sending(t, p, func(o *SenderOptions) { o.MaxBatch, o.Window, o.Policy.RetryAttempts = 2, 10, 1000 }, func(t *testing.T, p *post) {
		for i := range 20 {
			p.memory.put("cloud", "a", "a"+strconv.Itoa(i))
		}
		p.memory.put("cloud", "b", "b1")
		settle(5 * time.Minute)
		require.NotContains(t, p.sent(), "b1")
		p.mu.Lock()
		held = false
		p.mu.Unlock()
		settle(5 * time.Minute)
		require.Zero(t, p.left())
	})
}

func TestNothingIsSentWithoutTheLease(t *testing.T) {
	sending(t, &post{unleased: true}, nil, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1")
		settle(time.Minute)
		require.Empty(t, p.sent())
		p.mu.Lock()
		p.unleased = false
		p.mu.Unlock()
		settle(time.Second)
		require.Equal(t, []string{"a1"}, p.sent())
	})
}

func TestWhatWasSentIsStoredEvenAtTheEndAndUnderANewGeneration(t *testing.T) {
	for name, during := range map[string]func(p *post){
		"stopped":        func(*post) {},
		"new generation": func(p *post) { _, _ = p.memory.AcquireLease(context.Background(), "calls", "me", 1000*time.Hour) },
	} {
		p := &post{}
		p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
			time.Sleep(2 * time.Second)
			return allDone(records), nil
		}
		sending(t, p, nil, func(t *testing.T, p *post) {
			p.memory.put("cloud", "a", "a1")
			settle(time.Second)
			require.Len(t, p.sent(), 1, name)
			during(p)
			if name != "stopped" {
				settle(10 * time.Second)
				require.Len(t, p.sent(), 1, name)
				require.Zero(t, p.left(), name)
			}
		})
		require.Zero(t, p.left(), name)
	}
}

func TestWhatCannotBeStoredIsNotSentAgain(t *testing.T) {
	p := &post{}
	broken := &brokenAck{}
	sending(t, p, func(o *SenderOptions) {
		broken.SenderStore = o.Pipeline
		o.Pipeline = broken
	}, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1", "a", "a2")
		settle(2 * time.Minute)
		require.Equal(t, []string{"a1", "a2"}, p.sent())
		require.Zero(t, p.left())
		require.Greater(t, broken.calls, 5)
	})
}

// brokenAck fails the first acknowledgements and some reads.
type brokenAck struct {
	SenderStore
	calls, reads int
}

func (b *brokenAck) AckOutbox(ctx context.Context, l store.Lease, outbox string, ids []string) error {
	if b.calls++; b.calls < 6 {
		return fault.New(fault.Unavailable, "store", "down")
	}
	return b.SenderStore.AckOutbox(ctx, l, outbox, ids)
}

func (b *brokenAck) ReadOutbox(ctx context.Context, outbox, after string, count int, block time.Duration) ([]store.OutboxRecord, error) {
	if b.reads++; b.reads < 3 {
		return nil, fault.New(fault.Unavailable, "store", "down")
	}
	return b.SenderStore.ReadOutbox(ctx, outbox, after, count, block)
}
