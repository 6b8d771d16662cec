package statemodel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/packed/packedtest"
	"engage.connector/services/agent-state-sync/adherence"
)

// A number of a stored field never changes its kind or its field.
func TestNumbersOfStoredFieldsStayWhatTheyAre(t *testing.T) {
	packedtest.Schema(t, "testdata/state.schema", &record{}, &linkRecord{}, &deskRecord{}, &Settlement{}, &adherence.Gap{})
}

// What a version has stored stays readable, and means the same.
func TestWhatAVersionStoredStaysReadable(t *testing.T) {
	packedtest.Golden(t, "testdata/golden", &record{}, &linkRecord{}, &deskRecord{}, &Settlement{}, &adherence.Gap{})
}

// Every field of an agent survives being stored: a field that is forgotten there shows here.
func TestWhatIsStoredIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		packedtest.RoundTrip(t, random, &record{}, nil)
		packedtest.RoundTrip(t, random, &deskRecord{}, nil)
		packedtest.RoundTrip(t, random, &Settlement{}, nil)
		packedtest.RoundTrip(t, random, &adherence.Gap{}, nil)
	})
}

func stored(t *testing.T, employee string) []byte {
	t.Helper()
	data, err := packed.Encode(&record{UserID: "user of " + employee})
	require.NoError(t, err)
	return data
}

// One broken value of a thousand costs nobody else anything.
func TestOneBrokenAgentOfAThousandIsNamed(t *testing.T) {
	state := map[string][]byte{}
	for n := range 1000 {
		employee := fmt.Sprintf("E%03d", n)
		state["a/"+employee] = stored(t, employee)
	}
	whole := state["a/E500"]
	for name, broken := range map[string][]byte{"json": []byte("{}"), "empty": {}, "cut": whole[:len(whole)-1], "of a newer version": append([]byte{9}, whole[1:]...)} {
		state["a/E500"] = broken
		m := New(Options{Registerer: prometheus.NewRegistry(), Directory: func() (Directory, bool) { return nil, false }})
		unreadable := m.Restore(state)
		require.Len(t, unreadable, 1, name)
		require.Error(t, unreadable["a/E500"], name)
		require.Len(t, m.agents, 999, name)
	}
}

// A rollback: what a newer version knows of an agent is there after this one has changed the agent.
func TestFieldsOfANewerVersionSurviveAChange(t *testing.T) {
	grown, added := packedtest.Grow(t, stored(t, "E1"))
	m := New(Options{Registerer: prometheus.NewRegistry(), Directory: func() (Directory, bool) { return nil, false }})
	require.Empty(t, m.Restore(map[string][]byte{"a/E1": grown}))
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	effects, err := m.Apply([]engage.Event{{Message: engage.MsgEventInfo, Time: at, Attributes: engage.Attributes{
		"statistic": "agent:E1:state", "status": "4", "since": at.Format(time.RFC3339),
	}}})
	require.NoError(t, err)
	written := effects.State["a/E1"]
	require.NotEqual(t, grown, written)
	require.Equal(t, added, packedtest.Grown(t, written))
}
