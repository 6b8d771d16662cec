package access_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/access"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestWhoShowsNothingOrTheWrongThingIsNobody(t *testing.T) {
	for name, opts := range map[string]access.Options{"nothing configured": {}, "a token": {Token: "correct horse battery"}} {
		t.Run(name, func(t *testing.T) {
			gate, err := access.New(opts)
			require.NoError(t, err)
			for _, secret := range []string{"", "wrong", "correct horse batter"} {
				_, ok := gate.Bearer(secret)
				require.False(t, ok)
				_, ok = gate.Basic("console", secret)
				require.False(t, ok)
			}
			require.Equal(t, opts.Token != "", gate.Configured())
		})
	}
}

func TestTheTokenOpensEverythingWithAnyName(t *testing.T) {
	gate, err := access.New(access.Options{Token: "correct horse battery"})
	require.NoError(t, err)
	who, ok := gate.Bearer("correct horse battery")
	require.True(t, ok)
	for _, role := range access.Roles() {
		require.True(t, who.May(role))
	}
	_, ok = gate.Basic("anybody", "correct horse battery")
	require.True(t, ok)
}

func TestAFileGivesRolesByName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	sum := sha256.Sum256([]byte("hashed-secret-0002"))
	write(t, path, "# who may do what\n\nconsole read,numbers secret-number-0001\r\nmcp metadata sha256:"+hex.EncodeToString(sum[:])+"\n")
	gate, err := access.New(access.Options{File: path})
	require.NoError(t, err)

	who, ok := gate.Basic("console", "secret-number-0001")
	require.True(t, ok)
	require.Equal(t, access.Identity{Name: "console", Roles: []access.Role{access.Read, access.Numbers}}, who)
	require.False(t, who.May(access.Write))
	_, ok = gate.Basic("mcp", "secret-number-0001")
	require.False(t, ok, "another's secret")
	who, ok = gate.Bearer("hashed-secret-0002")
	require.True(t, ok)
	require.Equal(t, "mcp", who.Name)
	_, ok = gate.Bearer("sha256:" + hex.EncodeToString(sum[:]))
	require.False(t, ok, "the hash is not the secret")
}

func TestSecretsAreExchangedWithoutARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	var failures []error
	write(t, path, "console read secret-number-0001\n")
	gate, err := access.New(access.Options{File: path, Now: func() time.Time { return now }, Failed: func(err error) { failures = append(failures, err) }})
	require.NoError(t, err)

	write(t, path, "console read secret-number-00002\n")
	now = now.Add(time.Second)
	_, ok := gate.Bearer("secret-number-0001")
	require.False(t, ok)
	_, ok = gate.Bearer("secret-number-00002")
	require.True(t, ok)

	write(t, path, "console nonsense\n") // half written, say: what was in force stays
	now = now.Add(time.Second)
	_, ok = gate.Bearer("secret-number-00002")
	require.True(t, ok)
	require.NoError(t, os.Remove(path))
	now = now.Add(time.Second)
	_, ok = gate.Bearer("secret-number-00002")
	require.True(t, ok)
	require.Len(t, failures, 2)
}

func TestEveryWrongLineIsNamedWithoutItsSecret(t *testing.T) {
	_, err := access.Parse(strings.NewReader(strings.Join([]string{
		"console geheim", "console read,admin geheim-geheim", "console read geheim", "mcp metadata sha256:geheim", "a read secret-number-0001", "a read secret-number-0001",
	}, "\n")))
	for _, want := range []string{
		"line 1: not of the form NAME ROLE,ROLE SECRET", `line 2: "admin" is not a role`, "line 3: the secret is shorter than 12 characters",
		"line 4: the text behind sha256: is not 64 hex digits", "line 6: repeats an earlier line",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "geheim")
	_, err = access.New(access.Options{File: filepath.Join(t.TempDir(), "missing")})
	require.ErrorContains(t, err, "no such file")
}
