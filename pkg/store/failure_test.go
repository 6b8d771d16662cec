package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// everyOperation calls each operation once.
func everyOperation(s *store.Store) map[string]func(ctx context.Context) error {
	p, q, m := s.Pipeline("calls"), s.Jobs("recordings"), s.IDMap("users")
	lease, job := store.Lease{Name: "writer", Owner: "a", Generation: 1}, store.Job{ID: "a", Token: 1}
	return map[string]func(ctx context.Context) error{
		"ping":       s.Ping,
		"delete all": s.DeleteAll,
		"append": func(ctx context.Context) error {
			_, err := p.AppendOnce(ctx, store.Append{Source: "vq", Cursor: "1", Entries: []store.Entry{{Identity: "x"}}})
			return err
		},
		"cursor":       func(ctx context.Context) error { _, err := p.Cursor(ctx, "vq"); return err },
		"read log":     func(ctx context.Context) error { _, err := p.ReadLog(ctx, "", 1, time.Minute); return err },
		"load state":   func(ctx context.Context) error { _, err := p.LoadState(ctx); return err },
		"load keys":    func(ctx context.Context) error { _, err := p.LoadStateKeys(ctx, "a"); return err },
		"commit":       func(ctx context.Context) error { return p.Commit(ctx, lease, store.Commit{}) },
		"read outbox":  func(ctx context.Context) error { _, err := p.ReadOutbox(ctx, "o", "", 1, time.Minute); return err },
		"ack":          func(ctx context.Context) error { return p.AckOutbox(ctx, lease, "o", []string{"1-1"}) },
		"park":         func(ctx context.Context) error { return p.Park(ctx, lease, "o", []store.Parked{{ID: "1-1"}}) },
		"parked":       func(ctx context.Context) error { _, err := p.Parked(ctx, "o", 1); return err },
		"retry parked": func(ctx context.Context) error { _, err := p.RetryParked(ctx, "o", []string{"1-1"}); return err },
		"set aside":    func(ctx context.Context) error { return p.SetAside(ctx, "vq", nil, store.Position{Cursor: "1"}, "r") },
		"aside":        func(ctx context.Context) error { _, err := p.Aside(ctx, 1); return err },
		"depth":        func(ctx context.Context) error { _, err := p.Depth(ctx); return err },
		"acquire": func(ctx context.Context) error {
			_, err := s.AcquireLease(ctx, "writer", "a", time.Minute)
			return err
		},
		"renew":        func(ctx context.Context) error { _, err := s.RenewLease(ctx, lease, time.Minute); return err },
		"release":      func(ctx context.Context) error { return s.ReleaseLease(ctx, lease) },
		"map get":      func(ctx context.Context) error { _, _, err := m.Get(ctx, "1"); return err },
		"map put":      func(ctx context.Context) error { return m.Put(ctx, lease, store.Mapping{EngageID: "1"}) },
		"map delete":   func(ctx context.Context) error { return m.Delete(ctx, lease, "1") },
		"request":      func(ctx context.Context) error { return m.Request(ctx, "1") },
		"map all":      func(ctx context.Context) error { _, err := m.All(ctx); return err },
		"get document": func(ctx context.Context) error { _, _, err := s.GetDocument(ctx, "d"); return err },
		"put document": func(ctx context.Context) error { return s.PutDocument(ctx, lease, "d", nil) },
		"enqueue":      func(ctx context.Context) error { _, err := q.Enqueue(ctx, "a", nil); return err },
		"claim":        func(ctx context.Context) error { _, err := q.Claim(ctx, "w", 1, time.Minute, time.Minute); return err },
		"extend":       func(ctx context.Context) error { return q.Extend(ctx, job, time.Minute) },
		"complete":     func(ctx context.Context) error { return q.Complete(ctx, job, nil) },
		"retry":        func(ctx context.Context) error { return q.Retry(ctx, job, 0, "r") },
		"park job":     func(ctx context.Context) error { return q.Park(ctx, job, "r") },
		"unpark":       func(ctx context.Context) error { return q.Unpark(ctx, "a") },
		"get job":      func(ctx context.Context) error { _, _, err := q.Get(ctx, "a"); return err },
		"list":         func(ctx context.Context) error { _, err := q.List(ctx, store.JobDone, 1); return err },
		"job depth":    func(ctx context.Context) error { _, err := q.Depth(ctx); return err },
	}
}

func TestWithoutRedisEveryOperationIsSoonUnavailable(t *testing.T) {
	server := storetest.StartServer(t)
	s := server.Store()
	require.NoError(t, s.Ping(t.Context()))
	server.Kill()
	for name, call := range everyOperation(s) {
		begin := time.Now()
		err := call(t.Context())
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%s: %v", name, err)
		require.True(t, fault.Retryable(err))
		require.Contains(t, fault.Hint(err), "REDIS_ADDR")
		require.Less(t, time.Since(begin), 2*time.Second, name)
	}
	server.Restart()
	awaitRedis(t, s)
}

// awaitRedis waits until the same store goes on: after many failures its client tries once a second.
func awaitRedis(t *testing.T, s *store.Store) {
	t.Helper()
	require.Eventually(t, func() bool { return s.Ping(t.Context()) == nil }, 10*time.Second, 10*time.Millisecond)
}

// TestWithASilentRedisEveryOperationEndsInTime talks to a listener that accepts and never answers.
func TestWithASilentRedisEveryOperationEndsInTime(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	s := storetest.Open(t, []string{listener.Addr().String()})
	var all sync.WaitGroup
	for name, call := range everyOperation(s) {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			begin := time.Now()
			err := call(ctx)
			if fault.CodeOf(err) != fault.Timeout || time.Since(begin) > 3*time.Second {
				t.Errorf("%s: %v after %s", name, err, time.Since(begin))
			}
		})
	}
	all.Wait()
}

func TestErrorRepliesAreClassified(t *testing.T) {
	s := storetest.StartServer(t, "--requirepass", "secret").Store()
	err := s.Ping(t.Context())
	requireCode(t, fault.Unauthenticated, err)
	require.Contains(t, fault.Hint(err), "REDIS_PASSWORD")
	require.NotContains(t, err.Error(), "secret")
	long := store.Append{Source: "vq", Cursor: "1", Entries: entries("a", "b", "c")}
	_, err = storetest.StartServer(t, "--requirepass", "secret").Store().Pipeline("calls").AppendOnce(t.Context(), long)
	requireCode(t, fault.Unauthenticated, err)

	full := storetest.StartServer(t, "--maxmemory", "1").Store()
	_, err = full.Pipeline("calls").AppendOnce(t.Context(), store.Append{Source: "vq", Cursor: "1", Entries: []store.Entry{{Identity: "x"}}})
	requireCode(t, fault.Unavailable, err)
	require.Contains(t, fault.Hint(err), "maxmemory")
	at, err := full.Pipeline("calls").Cursor(t.Context(), "vq")
	require.NoError(t, err)
	require.Empty(t, at.Cursor, "a script that runs out of memory has done nothing")
}

// losing is a dialer whose connections now and then deliver a request and lose its answer.
type losing struct {
	mu     sync.Mutex
	random *rand.Rand
	lost   int
}

func (l *losing) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &losingConn{Conn: conn, l: l}, err
}

type losingConn struct {
	net.Conn
	l *losing
}

// Read waits for the answer, so that the request was carried out, and loses every eighth.
func (c *losingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if err == nil && c.l.random.IntN(8) == 0 {
		c.l.lost++
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Close())
	}
	return n, err
}

// TestLostAnswersLoseAndDoubleNothing repeats what failed, as the pipeline and the workers do.
func TestLostAnswersLoseAndDoubleNothing(t *testing.T) {
	l := &losing{random: rand.New(rand.NewPCG(1, 2))}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p, q := s.Pipeline("calls"), s.Jobs("recordings")
		ctx := t.Context()
		var lease store.Lease
		untilDone(t, func() (err error) { lease, err = s.AcquireLease(ctx, "writer", "a", time.Minute); return err })
		const rounds = 150
		for i := range rounds {
			n := fmt.Sprint(i)
			untilDone(t, func() error {
				_, err := p.AppendOnce(ctx, store.Append{Source: "vq", Cursor: n, Entries: []store.Entry{{Identity: n, Payload: []byte(n)}}})
				return err
			})
			untilDone(t, func() error { return commitNext(ctx, p, lease) })
			untilDone(t, func() error { _, err := q.Enqueue(ctx, n, []byte(n)); return err })
		}
		var want []string
		for i := range rounds {
			want = append(want, fmt.Sprintf("key:%d", i))
		}
		var depth store.Depth
		untilDone(t, func() (err error) { depth, err = p.Depth(ctx); return err })
		require.EqualValues(t, rounds, depth.Outboxes["injection"])
		require.Zero(t, depth.Log)
		var got []string
		untilDone(t, func() error {
			records, err := p.ReadOutbox(ctx, "injection", "", 1000, 0)
			got = got[:0]
			for _, r := range records {
				got = append(got, r.Key+":"+string(r.Payload))
			}
			return err
		})
		require.Equal(t, want, got)
		var jobs store.JobDepth
		untilDone(t, func() (err error) { jobs, err = q.Depth(ctx); return err })
		require.Equal(t, store.JobDepth{Waiting: rounds}, jobs)
	}, func(o *store.Options) { o.Dialer = l.dial })
	require.Greater(t, l.lost, 100, "the test must lose answers")
}

// untilDone repeats an idempotent step that failed for want of an answer.
func untilDone(t *testing.T, step func() error) {
	t.Helper()
	for range 100 {
		err := step()
		if err == nil {
			return
		}
		requireCode(t, fault.Unavailable, err)
	}
	require.FailNow(t, "the step never succeeds")
}

// commitNext moves everything in the log to the outbox. Like a writer that restores its model after
// an error, it starts from what is stored.
func commitNext(ctx context.Context, p *store.Pipeline, lease store.Lease) error {
	records, err := p.ReadLog(ctx, "", 100, 0)
	if err != nil || len(records) == 0 {
		return err
	}
	c := store.Commit{State: make(map[string][]byte), Outbox: make(map[string][]store.OutboxEntry)}
	for _, r := range records {
		c.Consumed = append(c.Consumed, r.ID)
		c.State["last"] = r.Payload
		c.Outbox["injection"] = append(c.Outbox["injection"], store.OutboxEntry{Key: "key", Payload: r.Payload})
	}
	return p.Commit(ctx, lease, c)
}

// TestKilledRedisKeepsWhatItAcknowledged kills a real server with appendfsync always in the middle of
// writing, several times. Afterwards every acknowledged event is there, once, and no commit is half done.
func TestKilledRedisKeepsWhatItAcknowledged(t *testing.T) {
	server := storetest.StartServer(t, "--appendfsync", "always")
	s := server.Store()
	p, q := s.Pipeline("calls"), s.Jobs("recordings")
	lease := acquire(t, s, "a")
	ctx := t.Context()
	var acknowledged []string
	tried, enqueued := 0, 0
	for range 4 {
		enough, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		all.Go(func() { // the intake
			defer stop()
			for i := 0; ; i++ {
				n := fmt.Sprint(tried)
				tried++
				if _, err := p.AppendOnce(ctx, store.Append{Source: "vq", Cursor: n, Entries: []store.Entry{{Identity: n, Payload: []byte(n)}}}); err != nil {
					return
				}
				acknowledged = append(acknowledged, n)
				if i == 100 {
					stop()
				}
			}
		})
		all.Go(func() { // the writer
			for commitNext(ctx, p, lease) == nil {
				continue
			}
		})
		all.Go(func() { // the jobs
			for {
				if _, err := q.Enqueue(ctx, fmt.Sprint(enqueued), nil); err != nil {
					return
				}
				enqueued++
			}
		})
		<-enough.Done()
		server.Kill()
		all.Wait()
		server.Restart()
		awaitRedis(t, s)
		require.ErrorIs(t, commitNext(ctx, p, lease), store.ErrFenced, "the lease does not outlive the server")
		lease = acquire(t, s, "a")
	}
	require.NoError(t, commitNext(ctx, p, lease))
	require.Greater(t, len(acknowledged), 400)
	requireConsistent(t, p, acknowledged)
	depth, err := q.Depth(ctx)
	require.NoError(t, err)
	require.GreaterOrEqual(t, depth.Waiting, int64(enqueued))
}

// requireConsistent checks that every acknowledged event is in the outbox once, and that log, state
// and outbox are those of the same commit.
func requireConsistent(t *testing.T, p *store.Pipeline, acknowledged []string) {
	t.Helper()
	depth, err := p.Depth(t.Context())
	require.NoError(t, err)
	require.Zero(t, depth.Log)
	records, err := p.ReadOutbox(t.Context(), "injection", "", 100_000, 0)
	require.NoError(t, err)
	count := make(map[string]int)
	for _, r := range records {
		count[string(r.Payload)]++
		require.Equal(t, 1, count[string(r.Payload)], "%s came twice", r.Payload)
	}
	for _, n := range acknowledged {
		require.Equal(t, 1, count[n], "%s was acknowledged and is lost", n)
	}
	state, err := p.LoadState(t.Context())
	require.NoError(t, err)
	require.Equal(t, string(records[len(records)-1].Payload), string(state["last"]))
}
