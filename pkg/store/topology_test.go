package store_test

import (
	"context"
	"crypto/tls"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

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

func TestOneAddressIsEnoughForACluster(t *testing.T) {
	for _, addr := range storetest.StartCluster(t) {
		s := storetest.Open(t, []string{addr}, func(o *store.Options) { o.Cluster = true })
		useEverything(t, s)
		require.NoError(t, s.DeleteAll(t.Context()))
	}
}

func TestAServerThatAsksForACertificateGetsIt(t *testing.T) {
	certFile, keyFile, trust := selfSigned(t)
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
	found := regexp.MustCompile(`\+\S+`).FindAllString(line, -1)
	require.NotEmpty(t, found, "docs/redis.md has no line ACL SETUSER connector")
	return found
}

func TestTheDocumentedCommandsSufficeAndNamingOneIsNotLeftOut(t *testing.T) {
	allowed := documented(t)
	files, err := fs.Glob(os.DirFS("lua"), "*.lua")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile("lua/" + file)
		require.NoError(t, err)
		for _, call := range regexp.MustCompile(`redis\.p?call\('(\w+)'`).FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, allowed, "+"+strings.ToLower(call[1]), file)
		}
	}
	user := func(commands []string) *store.Store {
		args := append([]string{"--user", "default", "off", "--user", "connector", "on", ">secret", "~engage-connector:*"}, commands...)
		return storetest.StartServer(t, args...).Store(func(o *store.Options) { o.Username, o.Password = "connector", "secret" })
	}
	s := user(allowed)
	useEverything(t, s)
	for name, call := range everyOperation(s) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // some wait for what does not come
		require.NotEqual(t, fault.Forbidden, fault.CodeOf(call(ctx)), name)
		cancel()
	}
	require.NoError(t, s.DeleteAll(t.Context()))

	var lacking []string
	for _, command := range allowed {
		if command != "+info" {
			lacking = append(lacking, command)
		}
	}
	_, err = user(lacking).AcquireLease(t.Context(), "writer", "a", time.Minute)
	requireCode(t, fault.Forbidden, err)
	require.Contains(t, fault.Hint(err), "docs/redis.md")
}
