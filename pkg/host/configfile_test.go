package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnvFilesAreReadAsAdministratorsWriteThem(t *testing.T) {
	for text, want := range map[string][]string{
		"A=b\r\nC=d\r\n":                 {"A=b", "C=d"},
		"\ufeffA=b":                      {"A=b"},
		"  # comment\n\n A = b c  \n":    {"A=b c"},
		"export A=b":                     {"A=b"},
		"A=b # comment\nB=b#c\nC=#c\nD=": {"A=b", "B=b#c", "C=", "D="},
		`A="b # c" # d`:                  {"A=b # c"},
		`A='b"\c'`:                       {`A=b"\c`},
		`A="b\"c\\d\n"`:                  {`A=b"c\d\n`},
		"A=pa$word${X}":                  {"A=pa$word${X}"},
		"A=b=c==":                        {"A=b=c=="},
	} {
		got, faults := ParseEnvFile(strings.NewReader(text))
		require.Empty(t, faults, text)
		require.Equal(t, want, got, text)
	}
}

func TestEveryWrongLineIsNamedWithoutItsValue(t *testing.T) {
	_, faults := ParseEnvFile(strings.NewReader("geheim\nA B=geheim\nC=\"geheim\nD='geheim' x\nE=1\nE=geheim\n=geheim"))
	require.Len(t, faults, 6)
	for i, want := range []string{
		"line 1: not of the form NAME=value", `line 2: "A B" is not the name of a variable`, "line 3: C: the closing quote is missing",
		"line 4: D: something follows the closing quote", "line 6: E is set in line 5 already", `line 7: "" is not the name of a variable`,
	} {
		require.ErrorContains(t, faults[i], want)
		require.NotContains(t, faults[i].Error(), "geheim")
	}
}

func TestTheEnvironmentWinsOverTheConfigFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "service.env")
	require.NoError(t, os.WriteFile(path, []byte("REDIS_ADDR=file:1\nPOLL_INTERVAL=7\n"), 0o600))
	config, err := Load[mainConfig]([]string{"CONFIG_FILE=" + path, "REDIS_ADDR=environment:1"}, nil)
	require.NoError(t, err)
	require.Equal(t, mainConfig{Addr: "environment:1", Interval: 7}, config)
}

func TestAConfigFileThatCannotBeReadIsAFaultOfTheConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "service.env")
	_, err := Load[mainConfig]([]string{"CONFIG_FILE=" + path}, nil)
	require.ErrorContains(t, err, "CONFIG_FILE: cannot be read")
	require.NoError(t, os.WriteFile(path, []byte("REDIS_ADDR\n"), 0o600))
	_, err = Load[mainConfig]([]string{"CONFIG_FILE=" + path}, nil)
	require.ErrorContains(t, err, path+": line 1: not of the form NAME=value")
}

func FuzzEnvFile(f *testing.F) {
	f.Add("A=b\n")
	f.Add("A=\"b\\\"\n'")
	f.Fuzz(func(t *testing.T, text string) {
		environ, _ := ParseEnvFile(strings.NewReader(text))
		for _, line := range environ {
			name, _, found := strings.Cut(line, "=")
			require.True(t, found)
			require.Regexp(t, variableNamePattern, name)
		}
	})
}
