package store_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func TestASentinelWithAPasswordLeadsToTheServer(t *testing.T) {
	sentinel := storetest.StartSentinel(t, storetest.StartServer(t), "requirepass sentpw")
	with := func(password string) *store.Store {
		return sentinel.Store(func(o *store.Options) { o.SentinelMaster, o.SentinelPassword = storetest.MasterName, password })
	}
	useEverything(t, with("sentpw"))
	for _, wrong := range []string{"", "wrong"} {
		err := with(wrong).Ping(t.Context())
		requireCode(t, fault.Unauthenticated, err)
		require.Contains(t, fault.Hint(err), "REDIS_SENTINEL_PASSWORD")
	}
}

// Whichever node the address is of and whatever is asked first, and without anybody saying that it is a
// Cluster.
func TestOneAddressIsEnoughForACluster(t *testing.T) {
	nodes := storetest.StartCluster(t)
	for _, addr := range nodes {
		require.NoError(t, storetest.Open(t, nodes).DeleteAll(t.Context()))
		for _, said := range []bool{true, false} {
			s := storetest.Open(t, []string{addr}, func(o *store.Options) { o.Cluster = said })
			useEverything(t, s)
			require.NoError(t, s.DeleteAll(t.Context()))
		}
		for name := range everyOperation(storetest.Open(t, []string{addr})) {
			first := everyOperation(storetest.Open(t, []string{addr}))[name]
			ctx, cancel := context.WithTimeout(t.Context(), time.Second) // some wait for what does not come
			err := first(ctx)
			cancel()
			require.NotContains(t, []fault.Code{fault.Unavailable, fault.Internal}, fault.CodeOf(err), "%s: %v", name, err)
		}
	}
}

// What a tenant has on a node that is not the one of the address is deleted all the same.
func TestTheFirstThingAskedOfAClusterMayBeToDeleteAll(t *testing.T) {
	nodes := storetest.StartCluster(t)
	s := storetest.Open(t, nodes)
	for _, addr := range nodes {
		useEverything(t, s)
		require.NoError(t, storetest.Open(t, []string{addr}).DeleteAll(t.Context()))
		state, err := s.Pipeline("calls").LoadState(t.Context())
		require.NoError(t, err)
		require.Empty(t, state)
	}
}

// A Cluster that is not up yet when the service starts is one like any other.
func TestAClusterThatIsDownAtTheStartIsFoundLater(t *testing.T) {
	for _, addr := range storetest.StartCluster(t) {
		var up atomic.Bool
		s := storetest.Open(t, []string{addr}, func(o *store.Options) {
			o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if !up.Load() {
					return nil, errors.New("down")
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}
		})
		requireCode(t, fault.Unavailable, s.Ping(t.Context()))
		up.Store(true)
		awaitRedis(t, s)
		useEverything(t, s)
		require.NoError(t, s.DeleteAll(t.Context()))
	}
}

func TestAServerThatAsksForACertificateGetsIt(t *testing.T) {
	certFile, keyFile, trust := storetest.SelfSigned(t)
	server := storetest.StartServer(t, "--port", "0", "--tls-port", "{port}", "--tls-cert-file", certFile, "--tls-key-file", keyFile,
		"--tls-ca-cert-file", certFile, "--tls-auth-clients", "yes")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err)
	with := func(certificates ...tls.Certificate) *store.Store {
		return server.Store(func(o *store.Options) {
			o.TLS = &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12, Certificates: certificates}
		})
	}
	useEverything(t, with(pair))
	require.Error(t, with().Ping(t.Context()))
}

// documented are the commands that docs/redis.md has the operator allow.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/redis.md")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^ACL SETUSER connector .*$`).FindString(string(text))
	found := regexp.MustCompile(` \+(\S+)`).FindAllStringSubmatch(line, -1)
	require.NotEmpty(t, found, "docs/redis.md has no line ACL SETUSER connector")
	var commands []string
	for _, command := range found {
		commands = append(commands, command[1])
	}
	return commands
}

// as starts a server whose only user may use these commands.
func as(t *testing.T, commands []string, args ...string) *storetest.Redis {
	t.Helper()
	args = append(args, "--user", "default", "off", "--user", "connector", "on", ">secret", "~engage-connector:*")
	for _, command := range commands {
		args = append(args, "+"+command)
	}
	return storetest.StartServer(t, args...)
}

func connector(o *store.Options) { o.Username, o.Password = "connector", "secret" }

// What the documents list is what the scripts and this package use: all of it, as a server counts, and
// nothing besides.
func TestTheDocumentedCommandsAreTheOnesThatAreUsed(t *testing.T) {
	needed, err := store.Commands()
	require.NoError(t, err)
	require.Equal(t, append(needed, store.DemoCommands()...), documented(t), "docs/redis.md")
	require.Len(t, regexp.MustCompile(`call\(`).FindAllString(scriptText(t), -1), len(regexp.MustCompile(`call\('[A-Z]+'`).FindAllString(scriptText(t), -1)),
		"a script calls a command whose name is not written out")

	server := as(t, documented(t))
	s := server.Store(connector)
	useEverything(t, s)
	for name, call := range everyOperation(s) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // some wait for what does not come
		require.NotEqual(t, fault.Forbidden, fault.CodeOf(call(ctx)), name)
		cancel()
	}
	one := 1
	replicated := server.Store(connector, func(o *store.Options) { o.MinReplicas, o.OpTimeout = &one, 100*time.Millisecond })
	_, err = replicated.Jobs("recordings").Enqueue(t.Context(), "z", nil)
	requireCode(t, fault.Unavailable, err)

	raw := redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "connector", Password: "secret"})
	defer func() { require.NoError(t, raw.Close()) }()
	stats, err := raw.Info(t.Context(), "commandstats").Result()
	require.NoError(t, err)
	used := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^cmdstat_([^:]+):calls=[1-9]`).FindAllStringSubmatch(stats, -1) {
		used[found[1]] = true
	}
	for _, command := range []string{"auth", "hello", "client|setinfo"} { // of the client of this test, and what every user may
		delete(used, command)
	}
	for command := range used {
		require.Contains(t, documented(t), command)
	}
	inScripts := scriptText(t)
	for _, command := range documented(t) {
		require.True(t, used[command] || strings.Contains(inScripts, "call('"+strings.ToUpper(command)+"'"), "%s is used nowhere", command)
	}
}

func scriptText(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("lua/*.lua")
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

// In a Cluster the user needs what the documents say besides, and no more.
func TestAnACLUserOfAClusterNeedsTheDocumentedCommands(t *testing.T) {
	text, err := os.ReadFile("../../docs/redis.md")
	require.NoError(t, err)
	sentence := regexp.MustCompile(`A Cluster needs ([^,]*) as well`).FindStringSubmatch(string(text))
	require.Len(t, sentence, 2)
	var args []string
	for _, command := range regexp.MustCompile("`\\+([^`]+)`").FindAllStringSubmatch(sentence[1], -1) {
		args = append(args, "+"+command[1])
	}
	require.NotEmpty(t, args)
	for _, command := range documented(t) {
		args = append(args, "+"+command)
	}
	nodes := storetest.StartCluster(t, append([]string{"--user", "connector", "on", ">secret", "~engage-connector:*"}, args...)...)
	for _, addrs := range [][]string{nodes, nodes[:1], nodes[1:]} {
		s := storetest.Open(t, addrs, connector)
		require.NoError(t, s.Ping(t.Context()))
		useEverything(t, s)
		require.NoError(t, s.DeleteAll(t.Context()))
	}
}

// Each needed command is named when it alone is lacking, before it is needed, in the error that the
// health page shows and in one line of the log; and when it is there that is said too.
func TestACommandThatTheUserMayNotUseIsNamed(t *testing.T) {
	needed, err := store.Commands()
	require.NoError(t, err)
	server := storetest.StartServer(t)
	raw := rawClient(t, server)
	require.NoError(t, raw.Do(t.Context(), "ACL", "SETUSER", "connector", "on", ">secret", "~engage-connector:*").Err())
	for _, command := range needed {
		require.NoError(t, raw.Do(t.Context(), "ACL", "SETUSER", "connector", "+"+command).Err())
	}
	for _, lacking := range needed {
		require.NoError(t, raw.Do(t.Context(), "ACL", "SETUSER", "connector", "-"+lacking).Err())
		var log logText
		s := server.Store(connector, func(o *store.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		for range 2 {
			err := s.Ping(t.Context())
			requireCode(t, fault.Forbidden, err)
			require.EqualError(t, err, "store.ping: the user of Redis may not use "+lacking)
			require.Contains(t, fault.Hint(err), "docs/redis.md: +"+lacking)
		}
		require.Equal(t, 1, strings.Count(log.String(), "missing="+lacking), log.String())
		require.NoError(t, raw.Do(t.Context(), "ACL", "SETUSER", "connector", "+"+lacking).Err())
		require.NoError(t, s.Ping(t.Context()))
		require.Equal(t, 1, strings.Count(log.String(), "may use all commands now"), log.String())
		require.NotContains(t, log.String(), "secret")
	}
	keys, err := raw.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Equal(t, []string{"engage-connector:{101}:check"}, keys, "asking has done nothing")
	value, err := raw.Get(t.Context(), keys[0]).Result()
	require.NoError(t, err)
	require.Equal(t, "1", value)
}

// logText may be written to and read at the same time.
type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
