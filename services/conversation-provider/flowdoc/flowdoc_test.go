package flowdoc_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/conversation-provider/flowdoc"
)

var update = flag.Bool("update", false, "write the pages anew")

func TestPagesAreFresh(t *testing.T) {
	flows, err := flowdoc.CallFlows()
	require.NoError(t, err)
	requirePage(t, "call-flows.md", flows)
}

func requirePage(t *testing.T, name, want string) {
	t.Helper()
	file := filepath.Join("..", "..", "..", "docs", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err, "write it: go test ./services/conversation-provider/flowdoc -update")
	require.Equal(t, want, string(got), "docs/%s is stale: go test ./services/conversation-provider/flowdoc -update", name)
}
