package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"engage.connector/pkg/fault"
)

// DefaultPrefix is the first part of every key when Options.Prefix is empty.
const DefaultPrefix = "engage-connector"

// Options says where Redis is and whose keys to use. Addrs and Tenant are required; every zero
// value else means its default.
type Options struct {
	// Addrs are host:port. One is a standalone server, several are a Redis Cluster's seeds; with
	// SentinelMaster they are the sentinels.
	Addrs          []string
	Username       string // ACL user; empty is Redis' default user
	Password       string
	SentinelMaster string
	// SentinelUsername and SentinelPassword are for the sentinels themselves; usually empty.
	SentinelUsername string
	SentinelPassword string
	Cluster          bool // a Redis Cluster although Addrs names only one node
	TLS              *tls.Config

	Prefix string // first part of every key; default DefaultPrefix
	Tenant string // hash tag of every key

	SeenTTL      time.Duration // how long an identity is remembered at least; default 24 h
	JobRetention time.Duration // how long a finished job is remembered; default 7 days
	Limits       Limits

	// MinReplicas is how many replicas must have what is acknowledged to somebody who will not send it
	// again; nil is one, as soon as a replica has been seen.
	MinReplicas *int

	DialTimeout time.Duration // default 2 s
	OpTimeout   time.Duration // of one answer, when ctx has no earlier deadline; default 3 s
	PoolSize    int           // connections at most (per node); default 16
	// Dialer replaces the network, for tests that cut it; nil is net.Dialer.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

	// Clock replaces the Redis server's clock, which decides the ends of leases and the times of
	// retries. Only for tests: a host's own clock must not decide who holds a lease.
	Clock func() time.Time
	// Now is this host's clock, for Lease.ExpiresAt; default Clock, else time.Now.
	Now        func() time.Time
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Limits bounds what may pile up. A full log, outbox or queue refuses with RateLimited, and its
// feeder waits; the lists that only inform drop their oldest items.
type Limits struct {
	Log      int // entries of a pipeline's log; default 1,000,000
	Outbox   int // entries of an outbox; default 1,000,000
	Parked   int // parked entries of an outbox, the oldest are dropped; default 100,000
	SetAside int // malformed input of a pipeline, the oldest is dropped; default 10,000
	Jobs     int // waiting, running and parked jobs of a queue; default 1,000,000
	JobsDone int // finished jobs remembered, the oldest are dropped; default 500,000
	// JobLosses is how many workers may die over a job before it is parked; default 5.
	JobLosses int
}

// orDefault replaces a zero (or negative) setting.
func orDefault[T int | time.Duration](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	orDefault(&o.SeenTTL, 24*time.Hour)
	orDefault(&o.JobRetention, 7*24*time.Hour)
	orDefault(&o.DialTimeout, 2*time.Second)
	orDefault(&o.OpTimeout, 3*time.Second)
	orDefault(&o.PoolSize, 16)
	orDefault(&o.Limits.Log, 1_000_000)
	orDefault(&o.Limits.Outbox, 1_000_000)
	orDefault(&o.Limits.Parked, 100_000)
	orDefault(&o.Limits.SetAside, 10_000)
	orDefault(&o.Limits.Jobs, 1_000_000)
	orDefault(&o.Limits.JobsDone, 500_000)
	orDefault(&o.Limits.JobLosses, 5)
	if o.Now == nil {
		o.Now = o.Clock
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	return o
}

// validate finds what would only fail later, or would put keys where they do not belong.
func (o Options) validate() error {
	var faults []error
	if len(o.Addrs) == 0 {
		faults = append(faults, errors.New("no address of a Redis server"))
	}
	for _, addr := range o.Addrs {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			faults = append(faults, fmt.Errorf("address %q is not host:port", addr))
		}
	}
	faults = append(faults, checkKeyPart("tenant", o.Tenant), checkKeyPart("key prefix", o.Prefix))
	if err := errors.Join(faults...); err != nil {
		return fault.Wrap(fault.Invalid, "store.open", err)
	}
	return nil
}

// checkKeyPart refuses what would move or lose the hash tag.
func checkKeyPart(what, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("the %s is empty", what)
	case len(s) > 128:
		return fmt.Errorf("the %s is longer than 128 bytes", what)
	case strings.ContainsAny(s, "{}") || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return fmt.Errorf("the %s %q contains a brace, space or control character", what, s)
	}
	return nil
}

// universal translates to the client's options. Retries are few and short: whoever calls has a
// back-off of its own and wants to know soon that Redis is gone.
func (o Options) universal() *redis.UniversalOptions {
	return &redis.UniversalOptions{
		Addrs:    o.Addrs,
		Username: o.Username, Password: o.Password,
		MasterName:       o.SentinelMaster,
		SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
		IsClusterMode: o.Cluster,
		TLSConfig:     o.TLS,
		Dialer:        o.Dialer,
		// RESP2: a Redis 6 without HELLO 3 (some hosted ones) costs no extra round trip.
		Protocol:              2,
		DisableIdentity:       true,
		ContextTimeoutEnabled: true,
		DialTimeout:           o.DialTimeout,
		DialerRetries:         1,
		ReadTimeout:           o.OpTimeout,
		WriteTimeout:          o.OpTimeout,
		MaxRetries:            2,
		MinRetryBackoff:       8 * time.Millisecond,
		MaxRetryBackoff:       100 * time.Millisecond,
		PoolSize:              o.PoolSize,
		MaxActiveConns:        2 * o.PoolSize,
		PoolTimeout:           o.OpTimeout,
		ConnMaxIdleTime:       5 * time.Minute,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
}
