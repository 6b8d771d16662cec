package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/bootstrap/app"
)

func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, fault strings.Builder
	code = app.Run(t.Context(), append([]string{"bootstrap"}, args...), &out, &fault, "v1.2.3")
	return code, out.String(), fault.String()
}

func TestVersionNamesTheReleaseAndTheToolchain(t *testing.T) {
	code, out, _ := run(t, "version")
	require.Zero(t, code)
	require.Contains(t, out, "bootstrap v1.2.3 (go1.")
}

func TestHelpListsOnlyWhatWorks(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {}} {
		code, out, _ := run(t, args...)
		require.Zero(t, code)
		require.Contains(t, out, "version")
		require.NotContains(t, out, "rollback")
	}
}

func TestAnUnknownCommandIsAnErrorWithTheWayOut(t *testing.T) {
	code, _, fault := run(t, "launch")
	require.Equal(t, 2, code)
	require.Contains(t, fault, `unknown command "launch"`)
	require.Contains(t, fault, "Try: bootstrap --help")
}

func TestAnUnknownFlagIsAnErrorWithTheWayOut(t *testing.T) {
	code, _, fault := run(t, "--bogus")
	require.Equal(t, 2, code)
	require.Contains(t, fault, "Try: bootstrap --help")
}
