package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/uses"
)

// Store is one tenant's part of a Redis. It is safe for concurrent use.
type Store struct {
	uses    uses.Log // of everything but Ping
	conn    *connection
	opts    Options
	keys    keys
	scripts map[scriptName]*redis.Script
	metrics *metrics
	epochs  *epochs
	log     *slog.Logger

	safeties   safeties
	commands   map[string][]string // what the user of Redis must be allowed, each with an example
	permission permission
}

// Open makes a store without dialling: a Redis that is down shows in Ping and in each operation.
// It returns Invalid when the options cannot work.
func Open(opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	scripts, err := loadScripts()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "store.open", err)
	}
	commands, err := commandCalls()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "store.open", err)
	}
	log := opts.Logger.With("component", "store")
	// The client's own lines are not JSON; its setting is global, but this package is its only user.
	redis.SetLogger(clientLog{log})
	measured := newMetrics(opts.Registerer)
	return &Store{
		conn:    newConnection(opts, log),
		opts:    opts,
		keys:    newKeys(opts.Prefix, opts.Tenant),
		scripts: scripts, commands: commands,
		metrics: measured,
		epochs:  &epochs{log: log, restarts: measured.restarts},
		log:     log,
	}, nil
}

// clientLog passes on what the Redis client has to say. Each failed operation is reported to its
// caller anyway, so this is detail.
type clientLog struct{ log *slog.Logger }

// Printf is the client's logging interface.
func (l clientLog) Printf(ctx context.Context, format string, v ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "redis client", "detail", fmt.Sprintf(format, v...))
	}
}

// redis is the client to use at present.
func (s *Store) redis() redis.UniversalClient { return s.conn.client() }

// Close ends all connections. Operations under way fail.
func (s *Store) Close() error {
	if err := s.conn.close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return fault.Wrap(fault.Internal, "store.close", err)
	}
	return nil
}

// DeleteAll removes every key of this prefix and tenant, found by SCAN and unlinked in batches. It
// is for the demo and for tests, which clean up after themselves: on a live system it forgets the ID
// map, all work under way and every lease. It is not atomic; what is written meanwhile may survive.
func (s *Store) DeleteAll(ctx context.Context) error {
	return s.do(ctx, opDeleteAll, func(ctx context.Context) error {
		// SCAN names no key: a node that has none of this tenant's would find nothing and say so.
		if err := s.run(ctx, scriptEpoch, []string{s.keys.name("epoch")}).Err(); err != nil {
			return err
		}
		if cluster, ok := s.redis().(*redis.ClusterClient); ok {
			return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return s.deleteFrom(ctx, node) })
		}
		return s.deleteFrom(ctx, s.redis())
	})
}

// scanner is what deleting needs of a client of one node.
type scanner interface {
	Scan(ctx context.Context, cursor uint64, match string, count int64) *redis.ScanCmd
	Unlink(ctx context.Context, keys ...string) *redis.IntCmd
}

func (s *Store) deleteFrom(ctx context.Context, node scanner) error {
	var cursor uint64
	for {
		found, next, err := node.Scan(ctx, cursor, s.keys.pattern(), 1000).Result()
		if err != nil {
			return err
		}
		if len(found) > 0 {
			if err := node.Unlink(ctx, found...).Err(); err != nil {
				return err
			}
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

// LastUse is how the last operation went, Ping aside. What Redis answered as it should, a lost lease or a
// full log, is no failure of Redis.
func (s *Store) LastUse() uses.Use { return s.uses.Last() }

// failure is an error that says something of Redis.
func failure(err error) error {
	switch fault.CodeOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Unauthenticated, fault.Forbidden, fault.Internal:
		if !errors.Is(err, ErrWentBack) {
			return err
		}
	}
	return nil
}

// do runs one operation: measured, and its error classified. A standalone server that turns out to be
// a node of a Cluster has done nothing, so the operation is run again.
func (s *Store) do(ctx context.Context, op operation, fn func(context.Context) error) error {
	begin := time.Now()
	err := fn(ctx)
	if s.conn.changesOver(ctx, err) {
		err = fn(ctx)
	}
	err = classify(ctx, op, err)
	s.metrics.observe(op, time.Since(begin), err)
	if op != opPing && ctx.Err() == nil {
		s.uses.Note(s.opts.Now(), failure(err))
	}
	return err
}

// refuse counts and returns an error that was found before Redis was asked.
func (s *Store) refuse(op operation, code fault.Code, format string, args ...any) error {
	err := fault.Newf(code, "store."+string(op), format, args...)
	s.metrics.failed(op, err)
	return err
}

// run executes a script.
func (s *Store) run(ctx context.Context, name scriptName, keys []string, args ...any) *redis.Cmd {
	return s.scripts[name].Run(ctx, s.redis(), keys, args...)
}

// scriptTime is a script's time argument: "0" asks it to use the server's clock.
func (s *Store) scriptTime() string {
	if s.opts.Clock == nil {
		return "0"
	}
	return strconv.FormatInt(s.opts.Clock().UnixMilli(), 10)
}

// poll is how long a blocking read or claim stays deaf to its context, and how long it keeps a connection.
const poll = 250 * time.Millisecond

// wait pauses for d, or less when ctx ends; then it returns ctx's error.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// scanHash reads a whole hash in steps, so that a large one does not hold up others. Fields that are
// changed meanwhile come with either value.
func (s *Store) scanHash(ctx context.Context, key string, each func(field, value string) error) error {
	var cursor uint64
	for {
		pairs, next, err := s.redis().HScan(ctx, key, cursor, "", 1000).Result()
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			if err := each(pairs[i], pairs[i+1]); err != nil {
				return err
			}
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}
