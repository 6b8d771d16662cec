// Package hosttest starts hosts in tests and makes the certificates they need.
package hosttest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
)

// stopWithin bounds the stop at the end of a test.
const stopWithin = 5 * time.Second

// Options are those of a quiet host on free ports of this machine.
func Options(t testing.TB) host.Options {
	t.Helper()
	return host.Options{
		Service: "test", Version: "v0-test", HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0",
		DrainTimeout: stopWithin, Logger: Logger(t), AllowUnauthenticated: true,
	}
}

// New binds a host with changed options and stops it with the test; the test starts it.
func New(t testing.TB, change ...func(*host.Options)) *host.Host {
	t.Helper()
	opts := Options(t)
	for _, fn := range change {
		fn(&opts)
	}
	h, err := host.New(opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.Stop(context.WithoutCancel(t.Context())) })
	return h
}

// Logger writes everything from debug on to the test's output.
func Logger(t testing.TB) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
