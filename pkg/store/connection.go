package store

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// connection is the way to Redis. A single address is taken for a standalone server until an answer
// says that it is a node of a Cluster; from then on it is the seed of that Cluster.
type connection struct {
	opts  Options
	log   *slog.Logger
	first redis.UniversalClient

	mu      sync.Mutex // of changing over
	closed  bool
	cluster atomic.Pointer[redis.ClusterClient]
}

func newConnection(opts Options, log *slog.Logger) *connection {
	return &connection{opts: opts, log: log, first: redis.NewUniversalClient(opts.universal())}
}

// client is the one to use at present.
func (c *connection) client() redis.UniversalClient {
	if cluster := c.cluster.Load(); cluster != nil {
		return cluster
	}
	return c.first
}

// changesOver tells whether an answer came from a node of a Cluster that was taken for a standalone
// server. The command was not carried out; it is to be sent again, to the Cluster.
func (c *connection) changesOver(ctx context.Context, err error) bool {
	if err == nil || c.opts.SentinelMaster != "" || !redirects(err) {
		return false
	}
	if _, ok := c.first.(*redis.ClusterClient); ok {
		return false // it follows by itself
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if c.cluster.Load() == nil {
		opts := c.opts.universal()
		opts.IsClusterMode = true
		c.cluster.Store(redis.NewClusterClient(opts.Cluster()))
		c.log.InfoContext(ctx, "Redis is a Cluster; its nodes are found by the one address", "address", c.opts.Addrs[0])
	}
	return true
}

// redirects says that a node of a Cluster sends the client to another.
func redirects(err error) bool {
	reply, ok := errors.AsType[redis.Error](err)
	return ok && (strings.HasPrefix(reply.Error(), "MOVED ") || strings.HasPrefix(reply.Error(), "ASK "))
}

// close ends all connections, also of what uses the first client still.
func (c *connection) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	err := c.first.Close()
	if cluster := c.cluster.Load(); cluster != nil {
		err = errors.Join(err, cluster.Close())
	}
	return err
}
