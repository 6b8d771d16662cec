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
	ErrWentBack = errors.New("a restart or failover of Redis may have lost its last writes")
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
	// inside is how a script reports the same, whose replies begin with ERR.
	inside string
}

// replyRules lists the replies that are not a mistake of ours (Redis documentation, "error replies").
func replyRules() []replyRule {
	return []replyRule{
		{word: "NOAUTH", code: fault.Unauthenticated, hint: "set REDIS_PASSWORD (and REDIS_USERNAME for an ACL user)"},
		// A server that does not know the client yet reads no long command of it.
		{word: "ERR Protocol error: unauthenticated", code: fault.Unauthenticated, hint: "set REDIS_PASSWORD (and REDIS_USERNAME for an ACL user)"},
		{word: "WRONGPASS", code: fault.Unauthenticated, hint: "check REDIS_USERNAME and REDIS_PASSWORD"},
		{
			word: "NOPERM", code: fault.Forbidden, hint: "allow the ACL user all keys of the prefix and the commands of docs/redis.md",
			inside: "The user executing the script",
		},
		{word: "EXECABORT Transaction discarded because of: NOPERM", code: fault.Forbidden, hint: "allow the ACL user the commands of docs/redis.md"},
		{word: "OOM", code: fault.Unavailable, hint: "raise Redis' maxmemory; the eviction policy must be noeviction"},
		{word: "MISCONF", code: fault.Unavailable, hint: "Redis cannot write its data to disk: look at its log"},
		{word: "LOADING", code: fault.Unavailable, hint: "Redis is reading its data after a start; this passes"},
		{word: "READONLY", code: fault.Unavailable, hint: "this is a replica: use REDIS_SENTINEL_MASTER, or the primary's address"},
		{word: "MASTERDOWN", code: fault.Unavailable, hint: "a failover is under way; this passes"},
		{word: "CLUSTERDOWN", code: fault.Unavailable, hint: "part of the Redis Cluster is down"},
		{word: "TRYAGAIN", code: fault.Unavailable, hint: "slots are moving; this passes"},
		{word: "MOVED", code: fault.Unavailable, hint: "this is a Redis Cluster: set REDIS_CLUSTER=true, or give the addresses of several of its nodes"},
		{word: "CROSSSLOT", code: fault.Internal, hint: ""},
		{word: "NOREPLICAS", code: fault.Unavailable, hint: "Redis waits for its replicas (min-replicas-to-write)"},
		{word: "BUSY", code: fault.Unavailable, hint: "a foreign script blocks Redis"},
		{word: "ERR max number of clients", code: fault.Unavailable, hint: "raise Redis' maxclients"},
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
	if strings.Contains(err.Error(), "sentinel") && (strings.Contains(err.Error(), "NOAUTH") || strings.Contains(err.Error(), "WRONGPASS")) {
		return fault.Wrap(fault.Unauthenticated, name, err).
			WithHint("the sentinels want a password of their own: check REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD")
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
		if strings.HasPrefix(reply.Error(), rule.word) || rule.inside != "" && strings.Contains(reply.Error(), rule.inside) {
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
