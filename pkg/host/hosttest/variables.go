package hosttest

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
)

// Variables holds the page docs/variables/<service>.md against the configuration type; run the test
// with -update to write it. root is the path from the test's folder to the top of the tree.
func Variables[T any](t *testing.T, service, root string) {
	t.Helper()
	want := host.VariablesTable(service, host.Variables[T]())
	file := filepath.Join(root, "docs", "variables", service+".md")
	if update := flag.Lookup("update"); update != nil && update.Value.String() == "true" {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	got, err := os.ReadFile(file) //nolint:gosec // a page of our own tree
	require.NoError(t, err, "write it: go test ./services/%s/app -run Variables -update", service)
	require.Equal(t, want, string(got), "%s is stale: go test ./services/%s/app -run Variables -update", file, service)
}
