package wire_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
	"engage.connector/pkg/wire"
)

// redisBy opens Redis as a service does and says what an operation, and what the health page, says.
func redisBy(t *testing.T, environ []string) (health host.DependencyHealth, opened *store.Store) {
	t.Helper()
	common, err := host.Load[host.Common](append([]string{"TENANT_ID=101", "HTTP_ADDR=127.0.0.1:0", "GRPC_ADDR=127.0.0.1:0", "ALLOW_UNAUTHENTICATED=true"}, environ...), nil)
	require.NoError(t, err)
	logger, registry := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	server, err := host.New(common.Options("test", logger, registry))
	require.NoError(t, err)
	opened, err = wire.Store(server, common, wire.Tools{Logger: logger, Registry: registry, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	dependencies := server.Health(t.Context()).Dependencies
	require.Len(t, dependencies, 1)
	return dependencies[0], opened
}

func TestAClusterWorksByOneAddressAlone(t *testing.T) {
	for _, addr := range storetest.StartCluster(t) {
		health, opened := redisBy(t, []string{"REDIS_ADDR=" + addr})
		require.Equal(t, "ok", health.Status, health.Error)
		_, _, err := opened.Jobs("recordings").Get(t.Context(), "a")
		require.NoError(t, err)
	}
}

func TestAClusterIsWhatTheEnvironmentSaysItIs(t *testing.T) {
	health, _ := redisBy(t, []string{"REDIS_ADDR=" + storetest.StartServer(t).Addr(), "REDIS_CLUSTER=true"})
	require.Contains(t, health.Error, "cluster support disabled")
}

// Each variable of a Redis behind sentinels, all of it with TLS and passwords, reaches the client: without
// any one of them nothing works.
func TestASecuredRedisBehindSecuredSentinelsWorksByTheEnvironment(t *testing.T) {
	certFile, keyFile, _ := storetest.SelfSigned(t)
	server := storetest.StartServer(t, "--port", "0", "--tls-port", "{port}", "--tls-cert-file", certFile, "--tls-key-file", keyFile,
		"--tls-ca-cert-file", certFile, "--tls-auth-clients", "yes", "--requirepass", "of-the-sentinels",
		"--user", "connector", "on", ">of-the-connector", "~engage-connector:*", "+@all")
	sentinel := storetest.StartSentinel(t, server, "port 0", "tls-port {port}", "tls-cert-file "+certFile, "tls-key-file "+keyFile,
		"tls-ca-cert-file "+certFile, "tls-auth-clients yes", "tls-replication yes",
		"user default off", "user watcher on >of-the-watcher allchannels +@all",
		"sentinel auth-pass "+storetest.MasterName+" of-the-sentinels")
	environ := []string{
		"REDIS_ADDR=" + sentinel.Addr(), "REDIS_SENTINEL_MASTER=" + storetest.MasterName, "REDIS_SENTINEL_USERNAME=watcher",
		"REDIS_SENTINEL_PASSWORD=of-the-watcher", "REDIS_USERNAME=connector", "REDIS_PASSWORD=of-the-connector",
		"REDIS_TLS=true", "REDIS_TLS_CA_FILE=" + certFile, "REDIS_TLS_CERT_FILE=" + certFile, "REDIS_TLS_KEY_FILE=" + keyFile,
	}
	health, opened := redisBy(t, environ)
	require.Equal(t, "ok", health.Status, health.Error)
	_, _, err := opened.Jobs("recordings").Get(t.Context(), "a")
	require.NoError(t, err)

	for without, words := range map[string]string{
		"REDIS_SENTINEL_USERNAME": "WRONGPASS", "REDIS_USERNAME": "WRONGPASS", "REDIS_PASSWORD": "NOAUTH", "REDIS_TLS_CERT_FILE": "certificate",
		"REDIS_TLS_CA_FILE": "certificate signed by unknown authority",
	} {
		less := slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
			return strings.HasPrefix(variable, without+"=") || without == "REDIS_TLS_CERT_FILE" && strings.HasPrefix(variable, "REDIS_TLS_KEY_FILE=")
		})
		health, _ := redisBy(t, less)
		require.Equal(t, "failing", health.Status, without)
		require.Contains(t, health.Error, words, without)
	}
}
