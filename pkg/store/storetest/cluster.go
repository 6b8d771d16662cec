package storetest

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
)

const clusterSlots = 16384

// Cluster returns a store over a Redis Cluster of its own.
func Cluster(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	return Open(t, StartCluster(t), opts...)
}

// StartCluster starts a Redis Cluster of two real nodes that share the slots, so that a script with
// keys of more than one slot fails and clients are sent from one node to the other. It returns the
// nodes' addresses. Further arguments are for both.
func StartCluster(t testing.TB, args ...string) []string {
	t.Helper()
	args = append([]string{"--cluster-enabled", "yes"}, args...)
	nodes := []*Redis{StartServer(t, args...), StartServer(t, args...)}
	clients := make([]*redis.Client, len(nodes))
	for i, node := range nodes {
		clients[i] = redis.NewClient(&redis.Options{Addr: node.Addr()})
		defer func() { require.NoError(t, clients[i].Close()) }()
		half := clusterSlots / len(nodes)
		require.NoError(t, clients[i].ClusterAddSlotsRange(t.Context(), i*half, (i+1)*half-1).Err())
		require.NoError(t, clients[i].Do(t.Context(), "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1)).Err())
	}
	host, port, err := net.SplitHostPort(nodes[1].Addr())
	require.NoError(t, err)
	require.NoError(t, clients[0].ClusterMeet(t.Context(), host, port).Err())
	for _, client := range clients {
		require.Eventually(t, func() bool {
			info, err := client.ClusterInfo(t.Context()).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:2")
		}, startTimeout, 20*time.Millisecond)
	}
	return []string{nodes[0].Addr(), nodes[1].Addr()}
}
