package store_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// TestTLSAndAnACLUserWithoutDangerousCommandsSuffice also says which rights the operator must grant.
func TestTLSAndAnACLUserWithoutDangerousCommandsSuffice(t *testing.T) {
	certFile, keyFile, trust := storetest.SelfSigned(t)
	server := storetest.StartServer(t,
		"--port", "0", "--tls-port", "{port}", "--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no",
		"--user", "default", "off",
		"--user", "app", "on", ">secret", "~engage-connector:*", "+@all", "-@admin", "-@dangerous", "+info")
	as := func(user, password string, trust *x509.CertPool) *store.Store {
		return server.Store(func(o *store.Options) {
			o.Username, o.Password = user, password
			o.TLS = &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}
		})
	}
	s := as("app", "secret", trust)
	useEverything(t, s)
	require.NoError(t, s.DeleteAll(t.Context()))

	err := as("app", "wrong password", trust).Ping(t.Context())
	requireCode(t, fault.Unauthenticated, err)
	require.NotContains(t, err.Error(), "wrong password")
	requireCode(t, fault.Unavailable, as("app", "secret", x509.NewCertPool()).Ping(t.Context()))
	other := server.Store(func(o *store.Options) {
		o.Prefix, o.Username, o.Password = "other", "app", "secret"
		o.TLS = &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}
	})
	requireCode(t, fault.Forbidden, other.PutDocument(t.Context(), store.Lease{}, "d", []byte("x")))
}

func TestASentinelLeadsToTheServer(t *testing.T) {
	sentinel := storetest.StartSentinel(t, storetest.StartServer(t))
	s := sentinel.Store(func(o *store.Options) { o.SentinelMaster = storetest.MasterName })
	useEverything(t, s)
	require.NoError(t, s.DeleteAll(t.Context()))
	unknown := sentinel.Store(func(o *store.Options) { o.SentinelMaster = "unknown" })
	requireCode(t, fault.Unavailable, unknown.Ping(t.Context()))
}

func TestAScriptRedisHasForgottenIsSentAgain(t *testing.T) {
	server := storetest.StartServer(t)
	s, raw := server.Store(), rawClient(t, server)
	first := acquire(t, s, "a")
	require.NoError(t, raw.ScriptFlush(t.Context()).Err())
	second := acquire(t, s, "a")
	require.Greater(t, second.Generation, first.Generation)
}
