package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

// Causes that callers tell apart with errors.Is; each comes inside a *fault.Error.
var (
	// ErrFenced says that the lease has another holder by now, or that Redis was restarted or failed
	// over since it was given (Conflict). Nothing was written.
	ErrFenced = errors.New("the lease was lost to another holder or by a restart of Redis")
	// ErrWentBack says that Redis was restarted or failed over, so that it may have lost its last
	// writes (Unavailable). Nothing was written, or it is not known to be safe: begin again from
	// what is stored.
	ErrWentBack = errors.New("Redis was restarted or failed over and may have lost its last writes")
	// ErrClaimLost says that the job was claimed by another since, or ended (Conflict).
	ErrClaimLost = errors.New("the job is not this claim's any more")
	// ErrFull says that a log, outbox or queue has reached its bound (RateLimited). Nothing was written.
	ErrFull = errors.New("full")
)

// LeaseHeldError says who holds a lease and until when, by this host's clock.
type LeaseHeldError struct {
	Name      string
	Owner     string
	ExpiresAt time.Time
}

// Error names the holder.
func (e *LeaseHeldError) Error() string {
	return fmt.Sprintf("lease %q is held by %q until %s", e.Name, e.Owner, e.ExpiresAt.UTC().Format(time.RFC3339Nano))
}

func full(op, what string) error {
	return (&fault.Error{Code: fault.RateLimited, Op: op, Msg: what + " has reached its bound", Err: ErrFull}).
		WithRetryIn(time.Second).
		WithHint("something behind it is not keeping up: look at the sender's or the worker's errors first")
}

func fenced(op string, l Lease) error {
	return &fault.Error{Code: fault.Conflict, Op: op, Msg: fmt.Sprintf("lease %q of %q", l.Name, l.Owner), Err: ErrFenced}
}

func wentBack(op string) error {
	return fault.Wrap(fault.Unavailable, op, ErrWentBack).WithHint("this passes: the work begins again from what is stored")
}

// replyRule classifies an error reply of Redis by its first word.
type replyRule struct {
	word string
	code fault.Code
	hint string
}

// replyRules lists the replies that are not a mistake of ours (Redis documentation, "error replies").
func replyRules() []replyRule {
	return []replyRule{
		{"NOAUTH", fault.Unauthenticated, "set REDIS_PASSWORD (and REDIS_USERNAME for an ACL user)"},
		{"WRONGPASS", fault.Unauthenticated, "check REDIS_USERNAME and REDIS_PASSWORD"},
		{"NOPERM", fault.Forbidden, "allow the ACL user all keys of the prefix and the commands it names"},
		{"OOM", fault.Unavailable, "raise Redis' maxmemory; the eviction policy must be noeviction"},
		{"MISCONF", fault.Unavailable, "Redis cannot write its data to disk: look at its log"},
		{"LOADING", fault.Unavailable, "Redis is reading its data after a start; this passes"},
		{"READONLY", fault.Unavailable, "this is a replica: use REDIS_SENTINEL_MASTER, or the primary's address"},
		{"MASTERDOWN", fault.Unavailable, "a failover is under way; this passes"},
		{"CLUSTERDOWN", fault.Unavailable, "part of the Redis Cluster is down"},
		{"TRYAGAIN", fault.Unavailable, "slots are moving; this passes"},
		{"MOVED", fault.Unavailable, "this is a Redis Cluster: give the addresses of several of its nodes"},
		{"CROSSSLOT", fault.Internal, ""},
		{"NOREPLICAS", fault.Unavailable, "Redis waits for its replicas (min-replicas-to-write)"},
		{"BUSY", fault.Unavailable, "a foreign script blocks Redis"},
		{"ERR max number of clients", fault.Unavailable, "raise Redis' maxclients"},
	}
}

// unreachable is the advice when there was no answer at all.
const unreachable = "is Redis running, and REDIS_ADDR right? With TLS check REDIS_TLS and the certificates"

// classify turns what the client says into the connector's error. A *fault.Error stays as it is.
// When ctx has ended that is the reason, whatever the connection says.
func classify(ctx context.Context, op operation, err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*fault.Error](err); done {
		return err
	}
	name := "store." + string(op)
	if errors.Is(err, redis.Nil) { // an answer without a value is no error here; only a sentinel's is left
		return fault.Newf(fault.Unavailable, name, "the sentinels know no such server: %w", err).WithHint("check REDIS_SENTINEL_MASTER")
	}
	if reply, ok := errors.AsType[redis.Error](err); ok {
		return classifyReply(op, reply)
	}
	if ended := ctx.Err(); ended != nil {
		return fault.Wrap(fault.CodeOf(ended), name, err)
	}
	if isLate(err) {
		return fault.Wrap(fault.Timeout, name, err).WithHint(unreachable)
	}
	return fault.Wrap(fault.Unavailable, name, err).WithHint(unreachable)
}

// classifyReply finds out what an error reply of Redis means.
func classifyReply(op operation, reply redis.Error) error {
	for _, rule := range replyRules() {
		if strings.HasPrefix(reply.Error(), rule.word) {
			return fault.Wrap(rule.code, "store."+string(op), reply).WithHint(rule.hint)
		}
	}
	return fault.Wrap(fault.Internal, "store."+string(op), reply)
}

// isLate says that Redis took the request but did not answer in time. One that cannot even be
// dialled is not late but away.
func isLate(err error) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return false
	}
	var late net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &late) && late.Timeout()
}
