package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCallsAreChargedToAgents(t *testing.T) {
	c := smallCenter()
	require.Equal(t, 750, callsBeside(c), "2 and 1 for the codes per queue, 1 per skill and per code")
	require.Equal(t, 1850, callsFloor(c))
	require.InDelta(t, 1.0, callsPerAgent(c, 1750), 1e-9)
	require.InDelta(t, callsPerAgentLimit, callsPerAgent(c, callsFloor(c)), 1e-9)
	c.codes = 101
	require.Equal(t, 200*4+100+101, callsBeside(c))
}

func TestShareOfTheAllowance(t *testing.T) {
	require.InDelta(t, 1, share(300, time.Minute), 1e-9)
	require.InDelta(t, 0.95, share(570, 2*time.Minute), 1e-9)
}

func TestCountersTellReadsFromWrites(t *testing.T) {
	c := counters{
		Requests: map[string]int{"GET /x": 3, "POST /x": 2, "PATCH /x/{id}": 1, "unknown": 4},
		Statuses: map[string]int{"200": 5, "204": 1, "404": 4, "429": 2},
	}
	require.Equal(t, 10, c.calls())
	require.Equal(t, 7, c.writes())
	require.Equal(t, 6, c.refused())
}

func TestRunsAreReadFromMetrics(t *testing.T) {
	page := `# HELP engage_connector_config_sync_runs_total Synchronisations by result.
engage_connector_config_sync_runs_total{result="failed"} 1
engage_connector_config_sync_runs_total{result="partial"} 2
engage_connector_config_sync_runs_total{result="success"} 12
engage_connector_config_sync_run_duration_seconds_sum 3.5
engage_connector_config_sync_run_duration_seconds_count 15
`
	got, err := runsOf(page)
	require.NoError(t, err)
	require.Equal(t, runs{12, 3, 3.5}, got)
	_, err = runsOf(strings.ReplaceAll(page, "partial", "other"))
	require.ErrorContains(t, err, "no series")
}

func TestPeakMemoryIsReadFromTheStatus(t *testing.T) {
	got, err := highWater("Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t   1024 kB\nVmRSS:\t 10 kB\n")
	require.NoError(t, err)
	require.Equal(t, int64(1<<20), got)
	_, err = highWater("Name:\tx\n")
	require.ErrorContains(t, err, "VmHWM")
}

func TestProcessorTimeIsReadFromTheStatus(t *testing.T) {
	got, err := usedTime("12 (a ) b) S 1 12 12 0 -1 4194560 5000 0 0 0 150 25 0 0 20 0 9 0 100\n")
	require.NoError(t, err)
	require.Equal(t, 1750*time.Millisecond, got)
	_, err = usedTime("12 (x) S 1")
	require.Error(t, err)
}

func TestRepetitionsAreBoundedByTime(t *testing.T) {
	past := time.Now().Add(-time.Minute)
	require.False(t, enough(0, 3, past, time.Second), "one is always done")
	require.True(t, enough(1, 3, past, time.Second))
	require.False(t, enough(2, 3, time.Now(), time.Hour))
	require.True(t, enough(3, 3, time.Now(), time.Hour))
}

func TestFiguresArePrintedAndKept(t *testing.T) {
	f := figures{CallsPerAgent: 1.012, CallsTotal: 1762, CallsFloor: 1850, BudgetUsed: 0.951, Snapshot30kSeconds: 3, Snapshot30kMB: 500, ChangeToOrg: 1.5, DriftCalls: 195}
	f.note("something else", 2.25, "-")
	file := filepath.Join(t.TempDir(), "out", "figures.json")
	var out bytes.Buffer
	require.NoError(t, f.write(&out, file))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 11, "a heading, eight figures, one detail and the summary")
	require.Regexp(t, `^something else +2\.250 +-$`, lines[9])
	require.Equal(t, "bench-config-sync: calls_per_agent=1.012 calls_total=1762 calls_floor=1850 second_sync_writes=0 budget_used=0.951 "+
		"snapshot30k_s=3.00 snapshot30k_mb=500 change_to_org_s=1.50 drift_calls_per_1000=195", lines[10])
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	var kept figures
	require.NoError(t, json.Unmarshal(body, &kept))
	require.Equal(t, f, kept)
}

func TestWrongUseEndsWithTwo(t *testing.T) {
	var stderr bytes.Buffer
	require.Equal(t, 2, realMain([]string{"-nonsense"}, &bytes.Buffer{}, &stderr))
	require.Contains(t, stderr.String(), "-paced")
	require.Equal(t, 1, realMain([]string{"-bin", t.TempDir()}, &bytes.Buffer{}, &stderr))
	require.Contains(t, stderr.String(), "make build")
}
