package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func entries(names ...string) []store.Entry {
	var list []store.Entry
	for _, name := range names {
		list = append(list, store.Entry{Identity: name, Payload: []byte(name)})
	}
	return list
}

// What is answered as durable is there after a crash that loses the last second; what is not, need not.
func TestWhatIsAcknowledgedAsDurableSurvivesTheLossOfTheLastSecond(t *testing.T) {
	server := storetest.StartServer(t, "--appendfsync", "everysec")
	s := server.Store()
	p, q := s.Pipeline("calls"), s.Jobs("recordings")
	enqueue(t, q, "a")
	job := claim(t, q, "w", 1)[0]
	begin := time.Now()
	_, err := p.AppendOnce(t.Context(), store.Append{Durable: true, Entries: entries("metadata")})
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(begin), 2*time.Second)
	require.NoError(t, q.Save(t.Context(), job, []byte("upload place"), time.Minute))

	// From here the last second begins.
	written := server.Written()
	_, err = p.AppendOnce(t.Context(), store.Append{Entries: entries("event")})
	require.NoError(t, err)
	server.KillAndLose(written)
	server.Restart()
	awaitRedis(t, s)
	_, payloads := logOf(t.Context(), t, p)
	require.Equal(t, []string{"metadata"}, payloads)
	saved, _, err := q.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "upload place", string(saved.Payload))
}

func TestWithASyncAtEveryWriteNothingIsWaitedFor(t *testing.T) {
	s := storetest.Server(t)
	begin := time.Now()
	_, err := s.Pipeline("calls").AppendOnce(t.Context(), store.Append{Durable: true, Entries: entries("a")})
	require.NoError(t, err)
	require.Less(t, time.Since(begin), 2*time.Second)
}

// Where Redis does not sync by itself nothing is safe: there is nothing to wait for, and it is said once.
func TestARedisThatDoesNotSyncIsNamed(t *testing.T) {
	for setting, args := range map[string][]string{
		"leaves it to the system": {"--appendfsync", "no"}, "keeps no append-only file": {"--appendonly", "no"},
	} {
		var log logText
		s := storetest.StartServer(t, args...).Store(func(o *store.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		for range 2 {
			_, err := s.Pipeline("calls").AppendOnce(t.Context(), store.Append{Durable: true, Entries: entries("a")})
			require.NoError(t, err)
		}
		require.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
		require.Contains(t, log.String(), setting)
		require.Contains(t, log.String(), "appendfsync everysec")
	}
}

// A crash while somebody waits for the answer: it is not acknowledged, so it is sent again.
func TestACrashBeforeItIsSafeIsNotAcknowledged(t *testing.T) {
	server := storetest.StartServer(t, "--appendfsync", "everysec")
	var up sync.RWMutex // a client that dials meanwhile waits: it sees no outage
	s := server.Store(func(o *store.Options) {
		o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			up.RLock()
			defer up.RUnlock()
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	})
	p := s.Pipeline("calls")
	require.NoError(t, s.Ping(t.Context()))
	before := server.Written()
	answer := make(chan error, 1)
	go func() {
		_, err := p.AppendOnce(t.Context(), store.Append{Durable: true, Entries: entries("a")})
		answer <- err
	}()
	require.Eventually(t, func() bool { ids, _ := logOf(t.Context(), t, p); return len(ids) == 1 }, 10*time.Second, time.Millisecond)
	up.Lock()
	server.KillAndLose(before)
	server.Restart()
	up.Unlock()
	err := <-answer
	requireCode(t, fault.Unavailable, err)
	require.ErrorIs(t, err, store.ErrWentBack)
	// The client may have repeated the append by itself, when the crash took its answer.
	_, err = p.AppendOnce(t.Context(), store.Append{Durable: true, Entries: entries("a")})
	require.NoError(t, err)
	_, payloads := logOf(t.Context(), t, p)
	require.Equal(t, []string{"a"}, payloads)
}

func TestALinkIsToldThatTheStoreMayHaveLostItsEvents(t *testing.T) {
	server := storetest.StartServer(t, "--appendfsync", "everysec")
	s := server.Store()
	p := s.Pipeline("calls")
	appendAll(t, p, "a")
	at, err := p.Cursor(t.Context(), "vq")
	require.NoError(t, err)
	written := server.Written()
	appendAll(t, p, "b", "c")
	server.KillAndLose(written)
	server.Restart()
	awaitRedis(t, s)
	for name, call := range map[string]func() error{
		"events": func() error {
			_, err := p.AppendOnce(t.Context(), store.Append{Source: "vq", Cursor: "c-d", Epoch: at.Epoch, Entries: entries("id of d")})
			return err
		},
		"a heartbeat": func() error {
			_, err := p.AppendOnce(t.Context(), store.Append{Source: "vq", Epoch: at.Epoch})
			return err
		},
		"a malformed line": func() error {
			return p.SetAside(t.Context(), "vq", []byte("{"), store.Position{Cursor: "c-d", Epoch: at.Epoch}, "r")
		},
	} {
		require.ErrorIs(t, call(), store.ErrWentBack, name)
	}
	again, err := p.Cursor(t.Context(), "vq")
	require.NoError(t, err)
	require.Equal(t, "c-a", again.Cursor, "the cursor has not jumped over b and c")
	require.NotEqual(t, at.Epoch, again.Epoch)
	_, err = p.AppendOnce(t.Context(), store.Append{Source: "vq", Cursor: "c-c", Epoch: again.Epoch, Entries: entries("id of b", "id of c")})
	require.NoError(t, err)
}

// A worker whose claim was lost with the last second cannot settle the job that another has now, even
// though both claims would have had the same number.
func TestAWorkerWhoseClaimWasLostCannotSettleTheJob(t *testing.T) {
	server := storetest.StartServer(t)
	s := server.Store()
	q := s.Jobs("recordings")
	enqueue(t, q, "a")
	written := server.Written()
	first := claim(t, q, "one", 1)[0]
	server.KillAndLose(written)
	server.Restart()
	awaitRedis(t, s)
	second := claim(t, q, "two", 1)[0]
	require.Equal(t, first.ID, second.ID)
	require.NotEqual(t, first.Token, second.Token)
	pretender := second
	pretender.Worker = "one"
	for name, job := range map[string]store.Job{"the lost claim": first, "a claim with the same number": pretender} {
		require.ErrorIs(t, q.Save(t.Context(), job, []byte("elsewhere"), time.Minute), store.ErrClaimLost, name)
		require.ErrorIs(t, q.Extend(t.Context(), job, time.Minute), store.ErrClaimLost, name)
		require.ErrorIs(t, q.Complete(t.Context(), job, nil), store.ErrClaimLost, name)
	}
	require.NoError(t, q.Complete(t.Context(), second, nil))
}

func TestReplicasMustHaveWhatIsAcknowledged(t *testing.T) {
	primary := storetest.StartServer(t)
	host, port, err := net.SplitHostPort(primary.Addr())
	require.NoError(t, err)
	replica := storetest.StartServer(t, "--replicaof", fmt.Sprintf("%s %s", host, port))
	raw := rawClient(t, primary)
	require.Eventually(t, func() bool {
		n, err := raw.Wait(t.Context(), 1, 100*time.Millisecond).Result()
		return err == nil && n == 1
	}, 20*time.Second, 50*time.Millisecond)
	short := func(o *store.Options) { o.OpTimeout = 500 * time.Millisecond }
	automatic := primary.Store(short)
	none, two := 0, 2
	careless := primary.Store(short, func(o *store.Options) { o.MinReplicas = &none })
	strict := primary.Store(short, func(o *store.Options) { o.MinReplicas = &two })
	put := func(s *store.Store, name string) error {
		_, err := s.Pipeline("calls").AppendOnce(t.Context(), store.Append{Durable: true, Entries: entries(name)})
		return err
	}
	require.NoError(t, put(automatic, "a"))
	err = put(strict, "b")
	requireCode(t, fault.Unavailable, err)
	require.Contains(t, err.Error(), "1 of 2 replicas")
	require.Contains(t, fault.Hint(err), "REDIS_MIN_REPLICAS")

	replica.Kill()
	require.NoError(t, put(careless, "c"))
	requireCode(t, fault.Unavailable, put(automatic, "d"))
	replica.Restart()
	require.Eventually(t, func() bool { return put(automatic, "d") == nil }, 20*time.Second, 50*time.Millisecond)
}
