// Package storetest gives tests a store: over an in-process imitation of Redis, which is fast, and
// over a real redis-server, which is right. What passes on both is behaviour, not accident.
package storetest

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
)

// Tenant is the tenant of the stores made here, unless an option says otherwise.
const Tenant = "101"

// Option changes the options of a store before it is opened.
type Option func(*store.Options)

// WithClock lets a test decide what time it is, for leases, retries and retention.
func WithClock(c *Clock) Option {
	return func(o *store.Options) { o.Clock = c.Now }
}

// WithTenant separates stores that share a server.
func WithTenant(tenant string) Option {
	return func(o *store.Options) { o.Tenant = tenant }
}

// Each runs a test over miniredis and over a real redis-server, as subtests of these names.
func Each(t *testing.T, fn func(t *testing.T, s *store.Store), opts ...Option) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { fn(t, Miniredis(t, opts...)) })
	t.Run("redis-server", func(t *testing.T) { fn(t, Server(t, opts...)) })
}

// Miniredis returns a store over a new in-process imitation of Redis.
func Miniredis(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	return Open(t, []string{miniredis.RunT(t).Addr()}, opts...)
}

// Server returns a store over a redis-server of its own, with AOF, that ends with the test.
func Server(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	return StartServer(t).Store(opts...)
}

// Open returns a store over whatever listens there, closed at the end of the test.
func Open(t testing.TB, addrs []string, opts ...Option) *store.Store {
	t.Helper()
	options := store.Options{
		Addrs: addrs, Tenant: Tenant, Logger: slog.New(slog.DiscardHandler),
		// A machine that runs many tests at once may be slow; that is not what they test.
		DialTimeout: 10 * time.Second, OpTimeout: 15 * time.Second,
	}
	for _, opt := range opts {
		opt(&options)
	}
	s, err := store.Open(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// Clock is a time that only moves when told to. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a fixed moment, in whole milliseconds.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
