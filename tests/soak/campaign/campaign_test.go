package campaign_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/tests/soak/campaign"
)

func TestACampaignEndsWithItsSum(t *testing.T) {
	var out bytes.Buffer
	ok, err := campaign.Run(t.Context(), campaign.Options{
		Histories: 100, Seed: 1, Limit: time.Minute, Workers: 2, Calls: 4, Moves: 30, Shown: 1, Stdout: &out,
	})
	require.NoError(t, err)
	require.True(t, ok, out.String())
	require.Contains(t, out.String(), "soak: seeds 1 to 100")
	require.Regexp(t, `\nsoak: histories=100 events=\d+ failures=0\n$`, out.String())
}

func TestACampaignWithoutTimeSaysSo(t *testing.T) {
	var out bytes.Buffer
	ok, err := campaign.Run(t.Context(), campaign.Options{Histories: 5, Seed: 1, Workers: 1, Calls: 1, Moves: 1, Stdout: &out})
	require.NoError(t, err)
	require.True(t, ok)
	require.Contains(t, out.String(), "the time is over")
}
