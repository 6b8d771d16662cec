package storetest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// replicaUser is who a replica logs on to its primary as, so that it can be shut out.
const replicaUser = "replica"

// Watched is a primary and a replica, and a sentinel that puts the one in the other's place.
type Watched struct {
	t        testing.TB
	Sentinel *Redis
	servers  [2]*Redis // the primary first
}

// StartWatched starts them and waits until the replica follows. Further arguments are for both servers.
func StartWatched(t testing.TB, args ...string) *Watched {
	t.Helper()
	args = append([]string{
		"--user", replicaUser, "on", ">" + replicaUser, "+psync", "+replconf", "+ping",
		"--masteruser", replicaUser, "--masterauth", replicaUser, "--repl-diskless-sync-delay", "0",
	}, args...)
	w := &Watched{t: t, servers: [2]*Redis{StartServer(t, args...), StartServer(t, args...)}}
	w.follow()
	w.Sentinel = StartSentinel(t, w.servers[0],
		"sentinel down-after-milliseconds "+MasterName+" 300", "sentinel failover-timeout "+MasterName+" 500")
	require.Eventually(t, func() bool {
		return w.field(w.Sentinel, "sentinel", "slaves=1") // it must know whom to promote
	}, startTimeout, 20*time.Millisecond)
	return w
}

// StartReplica starts a replica of a server and waits until it has all that was written.
func StartReplica(t testing.TB, primary *Redis, args ...string) *Redis {
	t.Helper()
	w := &Watched{t: t, servers: [2]*Redis{primary, StartServer(t, args...)}}
	w.follow()
	return w.Replica()
}

// Primary is the server that is in charge at present.
func (w *Watched) Primary() *Redis { return w.servers[0] }

// Replica is the other one.
func (w *Watched) Replica() *Redis { return w.servers[1] }

// CutOff keeps the replica from hearing more of the primary, which goes on taking writes.
func (w *Watched) CutOff() {
	w.t.Helper()
	w.do(w.Primary(), "ACL", "SETUSER", replicaUser, "off")
	w.do(w.Primary(), "CLIENT", "KILL", "TYPE", "replica")
}

// FailOver kills the primary without warning and returns when the sentinel has put the replica in its
// place. What the replica has not heard is lost.
func (w *Watched) FailOver() {
	w.t.Helper()
	w.servers[0].Kill()
	w.servers[0], w.servers[1] = w.servers[1], w.servers[0]
	_, port, err := net.SplitHostPort(w.Primary().Addr())
	require.NoError(w.t, err)
	require.Eventually(w.t, func() bool { return w.field(w.Sentinel, "sentinel", "address=127.0.0.1:"+port+",") },
		2*startTimeout, 20*time.Millisecond, "the sentinel has not promoted the replica")
}

// Return starts the server that was killed again, as the replica of the one that took its place.
func (w *Watched) Return() {
	w.t.Helper()
	w.Replica().Restart()
	w.do(w.Replica(), "ACL", "SETUSER", replicaUser, "on")
	w.follow()
	// One that it believes to be down the sentinel would not promote.
	require.Eventually(w.t, func() bool {
		return strings.Contains(fmt.Sprint(w.do(w.Sentinel, "SENTINEL", "REPLICAS", MasterName)), " flags slave ")
	}, 2*startTimeout, 50*time.Millisecond, "the sentinel does not see the replica")
}

func (w *Watched) follow() {
	w.t.Helper()
	host, port, err := net.SplitHostPort(w.Primary().Addr())
	require.NoError(w.t, err)
	w.do(w.Replica(), "REPLICAOF", host, port)
	require.Eventually(w.t, func() bool { return w.field(w.Primary(), "replication", "state=online") }, startTimeout, 20*time.Millisecond)
}

func (w *Watched) field(r *Redis, section, part string) bool {
	return strings.Contains(fmt.Sprint(w.do(r, "INFO", section)), part)
}

func (w *Watched) do(r *Redis, command ...any) any {
	w.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: r.Addr(), Protocol: 2})
	defer func() { require.NoError(w.t, client.Close()) }()
	answer, err := client.Do(w.t.Context(), command...).Result()
	require.NoError(w.t, err)
	return answer
}
