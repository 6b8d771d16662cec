package exevents

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/genesystest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, o *genesystest.Org, change ...func(*genesys.Options)) *API {
	t.Helper()
	opts := genesys.Options{
		APIURL: genesystest.APIURL, AuthURL: genesystest.AuthURL, ClientID: genesystest.ClientID, ClientSecret: genesystest.ClientSecret,
		HTTP: o.HTTP(), Component: "test",
	}
	for _, f := range change {
		f(&opts)
	}
	c, err := genesys.New(opts)
	require.NoError(t, err)
	return New(c)
}

// golden compares JSON with a file, or writes the file with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func indent(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return append(out, '\n')
}
