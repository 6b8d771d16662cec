package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/agent-state-sync/app"
)

// ledger: E-EXAS-028, E-EXAS-029, E-EXAS-030, E-EXAS-031, E-EXAS-032, E-EXAS-035
func TestAllFaultsOfTheConfigurationAreReportedAtOnce(t *testing.T) {
	_, err := app.Load([]string{"STAT_SERVER_BACKUP_HOST=b", "STAT_SERVER_BACKUP_PORT=high", "LINK_PATIENCE=1h", "ENGAGE_FEED_URL=edge", "LOG_LEVEL=loud",
		"PRESENCE_REASONS=Lunch=x", "CUSTOM_PRESENCES=x=y", "ADHERENCE_TOLERANCE=0s", "ADHERENCE_GAPS=1", "MAX_OUTBOX=0", "AGENT_BACKLOG=0"})
	for _, name := range []string{
		"TENANT_ID", "REDIS_ADDR", "CONFIG_SYNC_ADDR", "STAT_SERVER_PRIMARY_HOST", "STAT_SERVER_PRIMARY_PORT", "STAT_SERVER_BACKUP_PORT",
		"LINK_PATIENCE", "ENGAGE_FEED_URL", "LOG_LEVEL", "PRESENCE_REASONS", "CUSTOM_PRESENCES", "ADHERENCE_TOLERANCE", "ADHERENCE_GAPS",
		"MAX_OUTBOX", "AGENT_BACKLOG",
	} {
		require.ErrorContains(t, err, name)
	}
	config, err := app.Load(environment("http://edge", "config:1", "redis:6379"))
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(config.HTTPAddr, ":0"))
	require.Equal(t, ":3630", app.DefaultHTTPAddr)

	// Without a Stat Server the T-Servers tell the states; one half of a pair is not enough.
	noStat := []string{"TENANT_ID=101", "REDIS_ADDR=r:1", "CONFIG_SYNC_ADDR=c:1", "ENGAGE_FEED_URL=http://edge", "VOICE_SERVER_AGENT=SIP=s1:8000/s2:8000"}
	_, err = app.Load(noStat)
	require.NoError(t, err)
	_, err = app.Load(append(noStat, "STAT_SERVER_PRIMARY_HOST=stat1"))
	require.ErrorContains(t, err, "STAT_SERVER_BACKUP_HOST")
	_, err = app.Load(append(noStat[:4:4], "VOICE_SERVER_AGENT=s1"))
	require.ErrorContains(t, err, "VOICE_SERVER_AGENT")
}
