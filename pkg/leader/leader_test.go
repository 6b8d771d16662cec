package leader_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/leader"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// leases keeps one lease in memory, with the clock of the synctest bubble.
type leases struct {
	mu                          sync.Mutex
	lease                       store.Lease
	failing                     atomic.Bool
	acquired, renewed, released atomic.Int64
}

func (s *leases) AcquireLease(_ context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing.Load() {
		return store.Lease{}, fault.New(fault.Unavailable, "test", "down")
	}
	if s.lease.Owner != "" && s.lease.Owner != owner && time.Now().Before(s.lease.ExpiresAt) {
		return store.Lease{}, fault.Wrap(fault.Conflict, "test", &store.LeaseHeldError{Name: name, Owner: s.lease.Owner, ExpiresAt: s.lease.ExpiresAt})
	}
	s.acquired.Add(1)
	s.lease = store.Lease{Name: name, Owner: owner, Generation: s.lease.Generation + 1, ExpiresAt: time.Now().Add(ttl)}
	return s.lease, nil
}

func (s *leases) RenewLease(_ context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failing.Load():
		return l, fault.New(fault.Unavailable, "test", "down")
	case s.lease.Owner != l.Owner || s.lease.Generation != l.Generation:
		return l, fault.Wrap(fault.Conflict, "test", store.ErrFenced)
	}
	s.renewed.Add(1)
	s.lease.ExpiresAt = time.Now().Add(ttl)
	return s.lease, nil
}

func (s *leases) ReleaseLease(_ context.Context, l store.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released.Add(1)
	if s.lease.Generation == l.Generation {
		s.lease.Owner = ""
	}
	return nil
}

// usurp gives the lease to another without a word, as when this process stood still.
func (s *leases) usurp(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = store.Lease{Owner: "usurper", Generation: s.lease.Generation + 1, ExpiresAt: time.Now().Add(d)}
}

// work notes what a leader does.
type work struct {
	terms  atomic.Int64
	leads  atomic.Bool
	result chan error // ends a term
	lease  atomic.Pointer[leader.Lease]
}

func (w *work) lead(ctx context.Context, lease *leader.Lease) error {
	w.terms.Add(1)
	w.lease.Store(lease)
	select {
	case err := <-w.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hold runs an instance until stop is called.
func hold(t *testing.T, s leader.Leases, owner string, change func(*leader.Options)) (l *leader.Leader, w *work, stop func()) {
	t.Helper()
	w = &work{result: make(chan error)}
	opts := leader.Options{Leases: s, Name: "work", Owner: owner, Changed: w.leads.Store}
	if change != nil {
		change(&opts)
	}
	l = leader.New(opts)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = l.Hold(ctx, w.lead) })
	return l, w, func() { cancel(); running.Wait() }
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestOneLeadsAndTheOtherTakesOverAtOnceAfterACleanStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		_, a, stopA := hold(t, s, "a", nil)
		pass(time.Second)
		var holder atomic.Value
		_, b, stopB := hold(t, s, "b", func(o *leader.Options) {
			o.Standby = func(_ context.Context, name string) error { holder.Store(name); return nil }
		})
		defer stopB()
		pass(time.Minute)
		require.True(t, a.leads.Load())
		require.False(t, b.leads.Load())
		require.Equal(t, "a", holder.Load())
		stopA()
		require.False(t, a.leads.Load())
		pass(time.Second)
		require.True(t, b.leads.Load())
		require.EqualValues(t, 1, b.terms.Load())
	})
}

func TestTheLeaseIsRenewedAtAThirdOfItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		l, w, stop := hold(t, s, "a", nil)
		defer stop()
		pass(60*time.Second + time.Millisecond)
		require.EqualValues(t, 12, s.renewed.Load())
		s.failing.Store(true)
		pass(9 * time.Second)
		_, ok := l.Current()
		require.True(t, ok, "a failed renewal is repeated before the lease ends")
		s.failing.Store(false)
		pass(15 * time.Second)
		_, ok = l.Current()
		require.True(t, ok)
		require.EqualValues(t, 1, s.acquired.Load())
		require.EqualValues(t, 1, w.terms.Load())
	})
}

func TestWithoutTheStoreTheWorkEndsWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		l, w, stop := hold(t, s, "a", nil)
		defer stop()
		pass(time.Second)
		s.failing.Store(true)
		pass(20 * time.Second)
		require.False(t, w.leads.Load())
		_, ok := l.Current()
		require.False(t, ok)
		_, err := w.lease.Load().Current()
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		s.failing.Store(false)
		pass(20 * time.Second)
		require.True(t, w.leads.Load())
	})
}

func TestWorkThatFailsBeginsAnewWithANewGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		_, w, stop := hold(t, s, "a", nil)
		defer stop()
		pass(time.Second)
		before := w.lease.Load()
		old, err := before.Current()
		require.NoError(t, err)
		w.result <- errors.New("commit: no answer")
		pass(time.Second)
		require.EqualValues(t, 2, w.terms.Load())
		current, err := w.lease.Load().Current()
		require.NoError(t, err)
		require.Greater(t, current.Generation, old.Generation)
		_, err = before.Current()
		require.ErrorIs(t, err, store.ErrFenced, "what a part of the former call writes late is not written")
		require.ErrorIs(t, before.Confirm(t.Context()), store.ErrFenced)
		require.True(t, w.leads.Load())
	})
}

func TestThePauseAfterFailuresGrowsUntilTheWorkSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w, stop := hold(t, &leases{}, "a", nil)
		defer stop()
		fail := func() time.Duration {
			terms, begin := w.terms.Load(), time.Now()
			w.result <- errors.New("failed")
			for w.terms.Load() == terms {
				pass(10 * time.Millisecond)
			}
			return time.Since(begin)
		}
		pass(time.Second)
		for range 8 {
			fail()
		}
		require.Greater(t, fail(), 3*time.Second)
		w.lease.Load().Succeeded()
		require.Less(t, fail(), 300*time.Millisecond)
		w.result <- fault.New(fault.Unavailable, "test", "later").WithRetryIn(7 * time.Second)
		terms := w.terms.Load()
		pass(6900 * time.Millisecond)
		require.Equal(t, terms, w.terms.Load(), "what the error asks for is waited for")
		pass(time.Second)
		require.Equal(t, terms+1, w.terms.Load())
	})
}

func TestALeaderThatStoodStillIsToldWhenItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		_, w, stop := hold(t, s, "a", nil)
		defer stop()
		pass(time.Second)
		require.NoError(t, w.lease.Load().Confirm(t.Context()))
		s.usurp(20 * time.Second)
		require.ErrorIs(t, w.lease.Load().Confirm(t.Context()), store.ErrFenced)
		pass(time.Millisecond)
		require.False(t, w.leads.Load(), "it need not wait for the next renewal")
		pass(25 * time.Second)
		require.True(t, w.leads.Load())
	})
}

func TestWorkThatWasFencedMakesTheInstanceStandBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		_, w, stop := hold(t, s, "a", nil)
		defer stop()
		pass(time.Second)
		s.usurp(20 * time.Second)
		w.result <- fault.Wrap(fault.Conflict, "commit", store.ErrFenced)
		pass(time.Millisecond)
		require.False(t, w.leads.Load())
		pass(15 * time.Second)
		require.False(t, w.leads.Load())
		pass(10 * time.Second)
		require.True(t, w.leads.Load())
	})
}

func TestWhoeverIsNotReadyLeavesTheLeaseToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		var ready atomic.Bool
		_, a, stopA := hold(t, s, "a", func(o *leader.Options) { o.Ready = ready.Load })
		defer stopA()
		pass(time.Minute)
		require.False(t, a.leads.Load())
		ready.Store(true)
		pass(time.Second)
		require.True(t, a.leads.Load())
	})
}

func TestAFailingStandbyAsksLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leases{}
		s.usurp(time.Hour)
		var asked atomic.Int64
		_, _, stop := hold(t, s, "a", func(o *leader.Options) {
			o.Standby = func(context.Context, string) error { asked.Add(1); return errors.New("no Config DB") }
		})
		defer stop()
		pass(time.Minute)
		require.Less(t, asked.Load(), int64(20))
	})
}

// TestADeposedLeaderThatWakesUpCannotWrite stops a leader in the middle of its work, as SIGSTOP does:
// nothing of it runs until another has led and written. Then it writes what it was about to write.
func TestADeposedLeaderThatWakesUpCannotWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const ttl = 300 * time.Millisecond
		frozen := &freezer{Leases: s, thawed: make(chan struct{})}
		var wrote atomic.Value
		asleep, done := make(chan struct{}), make(chan struct{})
		a := leader.New(leader.Options{Leases: frozen, Name: "work", Owner: "a", TTL: ttl})
		b := leader.New(leader.Options{Leases: s, Name: "work", Owner: "b", TTL: ttl})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			_ = a.Hold(ctx, func(ctx context.Context, lease *leader.Lease) error {
				held, err := lease.Current() // it has looked, and is about to write
				if err != nil {
					return err
				}
				frozen.stop.Store(true)
				close(asleep)
				<-frozen.thawed
				err = errors.Join(
					s.PutDocument(context.WithoutCancel(ctx), held, "status", []byte("a")),
					s.IDMap("users").Put(context.WithoutCancel(ctx), held, store.Mapping{EngageID: "1", CloudID: "a"}),
				)
				wrote.Store(err)
				cancel()
				return err
			})
		})
		<-asleep
		running.Go(func() {
			_ = b.Hold(ctx, func(ctx context.Context, lease *leader.Lease) error {
				held, err := lease.Current()
				if err != nil {
					return err
				}
				err = errors.Join(s.PutDocument(ctx, held, "status", []byte("b")), s.IDMap("users").Put(ctx, held, store.Mapping{EngageID: "1", CloudID: "b"}))
				close(frozen.thawed)
				close(done)
				<-ctx.Done()
				return err
			})
		})
		<-done
		running.Wait()
		err, _ := wrote.Load().(error)
		require.ErrorIs(t, err, store.ErrFenced)
		status, _, err := s.GetDocument(t.Context(), "status")
		require.NoError(t, err)
		require.Equal(t, "b", string(status))
		mapping, _, err := s.IDMap("users").Get(t.Context(), "1")
		require.NoError(t, err)
		require.Equal(t, "b", mapping.CloudID)
	})
}

// freezer stops whoever renews while it is on.
type freezer struct {
	leader.Leases

	stop   atomic.Bool
	thawed chan struct{}
}

func (f *freezer) RenewLease(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	if f.stop.Load() {
		<-f.thawed
	}
	return f.Leases.RenewLease(ctx, l, ttl)
}
