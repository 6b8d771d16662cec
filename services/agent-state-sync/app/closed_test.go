package app_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host/hosttest"
	"engage.connector/pkg/wire"
	"engage.connector/services/agent-state-sync/app"
)

// Nothing of the service's interface answers without the right credentials, whatever is added to it.
func TestTheInterfaceIsClosed(t *testing.T) {
	config, err := app.Load(append(newWorld(t).environ, "ALLOW_UNAUTHENTICATED=false", "API_TOKEN=correct horse battery"))
	require.NoError(t, err)
	service, err := app.New(app.Options{
		Tools: wire.Tools{Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now}, Config: config,
	})
	require.NoError(t, err)
	require.NoError(t, service.Start(t.Context()))
	defer func() { require.NoError(t, service.Stop(context.WithoutCancel(t.Context()))) }()
	hosttest.Closed(t, service.Host)
}
