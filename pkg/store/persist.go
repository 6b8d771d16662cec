package store

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

const (
	// fsyncWait is after how long what was written is on the disk with appendfsync everysec: Redis
	// syncs every second and lets a slow sync take one more before it holds up its clients.
	fsyncWait = 2 * time.Second
	// safetyLife is how long what is known of Redis' settings is believed.
	safetyLife = 30 * time.Second
)

// safety is what makes a write of this Redis safe.
type safety struct {
	epoch    string
	at       time.Time
	pause    time.Duration // until it is on the disk
	waitAOF  bool          // the server can say when it is (Redis 7.2)
	replicas int           // that must have it
}

// safeties remembers the last one.
type safeties struct {
	mu       sync.Mutex
	last     safety
	seen     int  // the most replicas that were ever connected
	unsynced bool // it was already said that nothing is safe on disk
}

// durably makes a write and returns nil only when the write is safe. After an error it may have
// happened, and may be lost.
func (s *Store) durably(ctx context.Context, write func(context.Context) error) error {
	epoch, err := s.Epoch(ctx)
	if err != nil {
		return err
	}
	if err := write(ctx); err != nil {
		return err
	}
	return s.Persisted(ctx, epoch)
}

// Persisted returns nil when what was written in the epoch before this call survives a crash of Redis
// and a failover: it is on the disk (at once with appendfsync always, two seconds later with everysec),
// and Options.MinReplicas replicas have it. It is for whoever acknowledges something to somebody that
// will not send it again. ErrWentBack says that Redis was restarted or failed over meanwhile.
func (s *Store) Persisted(ctx context.Context, epoch string) error {
	return s.do(ctx, opPersist, func(ctx context.Context) error {
		needs, err := s.safety(ctx, epoch)
		if err != nil {
			return err
		}
		if needs.replicas > 0 || needs.waitAOF {
			if err := s.confirm(ctx, needs); err != nil {
				return err
			}
		}
		if needs.pause > 0 && !needs.waitAOF {
			if err := wait(ctx, needs.pause); err != nil {
				return err
			}
		}
		current, err := s.Epoch(ctx)
		if err == nil && current != epoch {
			return wentBack("store.persist")
		}
		return err
	})
}

// node is the server that has this tenant's keys.
func (s *Store) node(ctx context.Context) (*redis.Client, error) {
	switch client := s.redis().(type) {
	case *redis.ClusterClient:
		return client.MasterForKey(ctx, s.keys.name("barrier"))
	case *redis.Client:
		return client, nil
	}
	return nil, fault.Newf(fault.Internal, "store.node", "a client of type %T", s.redis())
}

// confirm waits until the replicas (and the disk, where the server can tell) have everything that was
// written so far. A server answers WAIT for the writes of the asking connection, so this one writes
// first; what others wrote before is before it in the stream.
func (s *Store) confirm(ctx context.Context, needs safety) error {
	node, err := s.node(ctx)
	if err != nil {
		return err
	}
	conn := node.Conn()
	defer func() { _ = conn.Close() }()
	if err := conn.Incr(ctx, s.keys.name("barrier")).Err(); err != nil {
		return err
	}
	if needs.waitAOF {
		answer, err := conn.WaitAOF(ctx, 1, 0, s.opts.OpTimeout).Result()
		if err != nil {
			return err
		}
		if len(answer) == 0 || answer[0] < 1 {
			return fault.New(fault.Unavailable, "store.persist", "Redis has not synced its append-only file in time")
		}
	}
	if needs.replicas == 0 {
		return nil
	}
	have, err := conn.Wait(ctx, needs.replicas, s.opts.OpTimeout).Result()
	if err == nil && have < int64(needs.replicas) {
		return fault.Newf(fault.Unavailable, "store.persist", "%d of %d replicas of Redis confirmed the write", have, needs.replicas).
			WithHint("bring the replicas back, or lower REDIS_MIN_REPLICAS and accept that a failover may lose what was acknowledged")
	}
	return err
}

// safety finds out what makes a write safe. The settings of the server are asked for now and then,
// and after each restart.
func (s *Store) safety(ctx context.Context, epoch string) (safety, error) {
	s.safeties.mu.Lock()
	defer s.safeties.mu.Unlock()
	last := s.safeties.last
	if last.epoch == epoch && s.opts.Now().Sub(last.at) < safetyLife {
		return last, nil
	}
	node, err := s.node(ctx)
	if err != nil {
		return safety{}, err
	}
	found := safety{epoch: epoch, at: s.opts.Now()}
	info, err := s.sections(ctx, node, "persistence", "replication", "server")
	if err != nil {
		return safety{}, err
	}
	if policy := s.syncs(ctx, node, info); policy == everySecond {
		found.pause = fsyncWait
		found.waitAOF = atLeast(info["redis_version"], 7, 2)
	}
	connected, _ := strconv.Atoi(info["connected_slaves"])
	s.safeties.seen = max(s.safeties.seen, connected)
	found.replicas = min(s.safeties.seen, 1)
	if s.opts.MinReplicas != nil {
		found.replicas = *s.opts.MinReplicas
	}
	s.safeties.last = found
	return found, nil
}

// The settings of appendfsync.
const (
	everySecond = "everysec"
	always      = "always"
)

// syncs tells when Redis syncs what it writes: "always", "everysec", or "" when it does not by itself.
// Then there is nothing to wait for, and nothing is safe; that is said once.
func (s *Store) syncs(ctx context.Context, node *redis.Client, info map[string]string) string {
	const advice = "set appendonly yes and appendfsync everysec (or always) in redis.conf"
	trouble := ""
	switch policy := appendFsync(ctx, node); {
	case info["aof_enabled"] == "0":
		trouble = "Redis keeps no append-only file: what was acknowledged is lost when it stops"
	case info["aof_enabled"] == "": // an imitation
	case policy == always, policy == everySecond:
		return policy
	default:
		trouble = "Redis leaves it to the system when its append-only file is synced: what was acknowledged may be lost when the machine stops"
	}
	if trouble != "" && !s.safeties.unsynced {
		s.safeties.unsynced = true
		s.log.WarnContext(ctx, "acknowledgements are not safe", "error", trouble, "hint", advice)
	}
	return ""
}

// appendFsync is the server's setting. A user that may not read it gets the usual one.
func appendFsync(ctx context.Context, node *redis.Client) string {
	setting, err := node.ConfigGet(ctx, "appendfsync").Result()
	if err != nil {
		return everySecond
	}
	return setting["appendfsync"]
}

// sections reads sections of INFO. An imitation of Redis that lacks one has nothing to say there.
func (s *Store) sections(ctx context.Context, node *redis.Client, names ...string) (map[string]string, error) {
	fields := make(map[string]string)
	for _, name := range names {
		text, err := node.Info(ctx, name).Result()
		if err != nil && !strings.Contains(err.Error(), "not supported") {
			return nil, err
		}
		for line := range strings.Lines(text) {
			if field, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				fields[field] = value
			}
		}
	}
	return fields, nil
}

// atLeast compares a version like 7.0.15.
func atLeast(version string, major, minor int) bool {
	parts := strings.Split(version, ".")
	if len(parts) < 2 {
		return false
	}
	a, errA := strconv.Atoi(parts[0])
	b, errB := strconv.Atoi(parts[1])
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}
