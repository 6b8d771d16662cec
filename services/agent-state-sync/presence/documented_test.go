package presence

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The operators' page shows the tables as they are.
func TestTheDocumentedTablesAreTheseOnes(t *testing.T) {
	page, err := os.ReadFile("../../../docs/agent-states.md")
	require.NoError(t, err)
	text := string(page)
	for _, r := range rowsTable() {
		state, presence := string(r.state), string(r.presence)
		if r.reason != "" {
			state += ", reason " + r.reason
		}
		if r.presence == unchanged {
			presence = "as before"
		}
		require.Contains(t, text, fmt.Sprintf("\n| %s | %s | %s | %s |\n", state, r.call, presence, r.routing))
	}
	for _, r := range Outside() {
		require.Contains(t, text, fmt.Sprintf("\n| %d | %s | %s |\n", r.Status, r.Name, r.Why))
	}
	require.Equal(t, len(rowsTable())+1, strings.Count(text[:strings.Index(text, "**Reasons.**")], "\n| "), "no other rows")
	for _, state := range []string{"`late_link`", "`state_unknown`"} {
		require.Contains(t, text, state)
	}
}
