package flowdoc

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/conversation-provider/feedtest"
)

var update = flag.Bool("update", false, "write the pages anew")

func TestPagesAreFresh(t *testing.T) {
	pages, err := CallFlows()
	require.NoError(t, err)
	pages["call-model.md"], pages["call-roles.md"] = CallModel(), CallRoles()
	for name, want := range pages {
		requirePage(t, name, want)
	}
}

func requirePage(t *testing.T, name, want string) {
	t.Helper()
	file := filepath.Join("..", "..", "docs", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err, "write it: go test ./tests/flowdoc -update")
	require.Equal(t, want, string(got), "docs/%s is stale: go test ./tests/flowdoc -update", name)
}

// each runs a test for every scenario.
func each(t *testing.T, check func(t *testing.T, f *flow)) {
	t.Helper()
	for _, s := range feedtest.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			f, err := play(s)
			require.NoError(t, err)
			check(t, f)
		})
	}
}

// What a page shows is what stands in the files that it links.
func TestPagesShowTheirFiles(t *testing.T) {
	each(t, func(t *testing.T, f *flow) {
		file := filepath.Join("..", "..", "services", "conversation-provider", "model", "testdata", f.Name)
		feed, err := os.ReadFile(file + ".ndjson")
		require.NoError(t, err)
		var played bytes.Buffer
		require.NoError(t, feedtest.Write(&played, append(slices.Clone(f.logins), f.feed...)))
		require.Equal(t, string(feed), played.String(), "go test ./services/conversation-provider/model -run Feed -update")

		golden, err := os.ReadFile(file + ".golden.json")
		require.NoError(t, err)
		var sent bytes.Buffer
		for _, e := range f.sent {
			require.NoError(t, json.NewEncoder(&sent).Encode(e))
		}
		require.Equal(t, string(golden), sent.String(), "go test ./services/conversation-provider/model -run Feed -update")
	})
}

// Every reason has a row that gives it.
func TestEveryReasonHasARow(t *testing.T) {
	for _, reason := range allReasons() {
		require.NotEmpty(t, rowsFor(reason), reason)
	}
}

// A supported flow is shown whole, an unsupported one is suspended or ignored by a row of the table.
//
// ledger: E-EXCP-048, E-EXCP-049
func TestFlowsEndAsTheyAreMarked(t *testing.T) {
	each(t, func(t *testing.T, f *flow) {
		early := 0
		for _, c := range f.convs {
			if c.Stage == stageIgnored || c.Stage == stageSuspended {
				early++
				row, ok := rowOf(c.leaving())
				require.True(t, ok, "no row says why")
				require.NotEmpty(t, row.Why)
				require.Contains(t, allReasons(), c.Reason)
			}
		}
		require.Equal(t, f.Unsupported, early > 0)
		require.NotEmpty(t, f.convs)
	})
}

// An operator finds every row of a trace on the page.
func TestEveryRowOfATraceIsDocumented(t *testing.T) {
	var known []string
	for _, r := range append(tableRows(), outsideTheTable()...) {
		known = append(known, r.ID)
	}
	each(t, func(t *testing.T, f *flow) {
		for _, c := range f.convs {
			for _, d := range c.Decisions {
				if d.Row != "" {
					require.Contains(t, known, d.Row)
				}
			}
		}
	})
	for _, r := range tableRows() {
		for _, stage := range r.Stages {
			require.Contains(t, stageTable(), stage, r.ID)
			require.Contains(t, allStages(), stage, r.ID)
		}
	}
}

// An engineer finds every trigger in the glossary, and nothing that is no trigger.
func TestEveryTriggerIsInTheGlossary(t *testing.T) {
	used := map[string]bool{}
	for _, r := range tableRows() {
		for _, trigger := range r.On {
			used[trigger] = true
			require.NotEmpty(t, glossary()[trigger], trigger)
		}
	}
	for trigger := range glossary() {
		require.True(t, used[trigger], trigger)
	}
}

func TestScenariosHaveTheirOwnNames(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range feedtest.Scenarios() {
		require.False(t, seen[s.Name], s.Name)
		require.Regexp(t, `^[a-z-]+$`, s.Name, "it is an anchor of the page")
		require.NotEmpty(t, s.Title, s.Name)
		require.NotEmpty(t, s.Description, s.Name)
		seen[s.Name] = true
	}
}

// The guide counts 17 types of supported call flows. Its list is not public, so this cannot say that
// they are the same ones; it says that there are no fewer, and each of a kind of its own.
//
// ledger: E-EXCP-047
func TestNoFewerFlowsAreShownWholeThanTheGuideCounts(t *testing.T) {
	const counted = 17
	rows := map[string]bool{} // which rows decided, in their order
	for _, s := range feedtest.Scenarios() {
		f, err := play(s)
		require.NoError(t, err)
		if !s.Unsupported {
			rows[decided(f)] = true
		}
	}
	require.GreaterOrEqual(t, len(rows), counted)
}

// decided names the rows that sent the events of a flow.
func decided(f *flow) string {
	var rows strings.Builder
	for _, c := range f.convs {
		for _, d := range c.Decisions {
			if len(d.Types) > 0 {
				rows.WriteString(d.Row + " ")
			}
		}
	}
	return rows.String()
}
