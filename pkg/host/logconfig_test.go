package host_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
)

// logged is what a configuration writes to standard output and to files under dir.
type logged struct {
	console string
	files   map[string]string
}

// logLines opens the logs of an environment and logs one line per level.
func logLines(t *testing.T, dir string, lines int, environ ...string) logged {
	t.Helper()
	cfg, err := load(minimal(environ...))
	require.NoError(t, err)
	var console bytes.Buffer
	log, closer, err := cfg.Logger(&console, "config-sync")
	require.NoError(t, err)
	for range lines {
		for _, level := range []slog.Level{slog.LevelError, slog.LevelInfo, slog.LevelDebug} {
			log.Log(t.Context(), level, "line", "level is", level.String())
		}
	}
	require.NoError(t, closer.Close())

	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()] = string(content)
	}
	return logged{console.String(), files}
}

// count tells how many lines a log has.
func count(log string) int { return strings.Count(log, "\n") }

// ledger: E-LOG-004
// ledger: E-LOG-005
// ledger: E-LOG-008
func TestConsoleIsOnAtInfoByDefaultAndHasItsOwnLevel(t *testing.T) {
	dir := t.TempDir()
	require.Equal(t, 2, count(logLines(t, dir, 1).console), "default INFO")
	require.Equal(t, 3, count(logLines(t, dir, 1, "LOG_LEVEL=debug").console))
	require.Equal(t, 1, count(logLines(t, dir, 1, "LOG_LEVEL=debug", "LOG_CONSOLE_LEVEL=ERROR").console))
	require.Empty(t, logLines(t, dir, 1, "LOG_CONSOLE_ENABLE=false").console)
	require.Empty(t, logLines(t, dir, 1, "LOG_LEVEL=off").console)
	require.Empty(t, logLines(t, dir, 1).files)
}

// ledger: E-LOG-006
// ledger: E-LOG-007
// ledger: E-LOG-013
func TestFileIsOffByDefaultAndHasItsOwnLevel(t *testing.T) {
	cfg, err := load(minimal())
	require.NoError(t, err)
	require.False(t, cfg.Log.FileEnable)
	require.Equal(t, "/rup/logs/ccerp.log", cfg.Log.FilePath)

	dir := t.TempDir()
	path := "LOG_FILE_PATH=" + filepath.Join(dir, "ccerp.log")
	require.Empty(t, logLines(t, dir, 1, path).files)
	require.Equal(t, 2, count(logLines(t, dir, 1, path, "LOG_FILE_ENABLE=true").files["ccerp.log"]), "default INFO")
	got := logLines(t, dir, 1, path, "LOG_FILE_ENABLE=true", "LOG_FILE_LEVEL=ALL", "LOG_CONSOLE_LEVEL=FATAL")
	require.Equal(t, 2+3, count(got.files["ccerp.log"]), "a restart goes on in the same file")
	require.Empty(t, got.console)
}

// ledger: E-LOG-002
// ledger: E-LOG-003
func TestLogPathAndFileNameWriteAFile(t *testing.T) {
	for _, variable := range []string{"LOG_FILE_NAME", "LOG_FILENAME"} {
		dir := t.TempDir()
		got := logLines(t, filepath.Join(dir, "new"), 1,
			"LOG_PATH="+filepath.Join(dir, "new"), variable+"=excs-<TENANT_ID>.%Y%m%d_%H%M%S_%L_{TENANT_ID}.log")
		require.Len(t, got.files, 1)
		for name, content := range got.files {
			require.Regexp(t, `^excs-101\.\d{8}_\d{6}_\d{3}_101\.log$`, name)
			require.Equal(t, 2, count(content))
		}
		require.Equal(t, 2, count(got.console), "standard output goes on")
	}
}

// ledger: E-LOG-012
// ledger: E-LOG-014
// ledger: E-LOG-015
func TestFullFileRotates(t *testing.T) {
	cfg, err := load(minimal())
	require.NoError(t, err)
	require.EqualValues(t, 50<<20, cfg.Log.FileSize)

	dir := t.TempDir()
	path := "LOG_FILE_PATH=" + filepath.Join(dir, "ccerp.log")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ccerp.log.notes.txt"), []byte("keep"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ccerp.log.2020-05-19.1"), []byte("old"), 0o600))
	got := logLines(t, dir, 200, path, "LOG_FILE_ENABLE=true", "LOG_FILE_SIZE=4K", "LOG_FILE_MAX_BACKUP_INDEX=3")

	require.Contains(t, got.files, "ccerp.log.notes.txt")
	require.NotContains(t, got.files, "ccerp.log.2020-05-19.1", "the oldest goes first")
	require.Len(t, got.files, 1+3+1, "the file, three backups and the foreign file")
	for name, content := range got.files {
		if name == "ccerp.log.notes.txt" {
			continue
		}
		require.Regexp(t, `^ccerp\.log(\.\d{4}-\d{2}-\d{2}\.\d+)?$`, name)
		require.LessOrEqual(t, len(content), 4<<10)
		require.True(t, strings.HasSuffix(content, "\n"), "no line is split")
	}
}

// ledger: E-LOG-016
func TestTextInsteadOfJSON(t *testing.T) {
	dir := t.TempDir()
	require.True(t, strings.HasPrefix(logLines(t, dir, 1).console, "{"), "JSON is the default")
	text := logLines(t, dir, 1, "LOG_JSON_ENABLE=false").console
	require.Contains(t, text, "level=ERROR msg=line service=config-sync")
}

func TestLogFaults(t *testing.T) {
	for environ, want := range map[string]string{
		"LOG_CONSOLE_LEVEL=loud":               "LOG_CONSOLE_LEVEL: unknown log level",
		"LOG_FILE_LEVEL=loud":                  "LOG_FILE_LEVEL: unknown log level",
		"LOG_FILE_SIZE=50X":                    `LOG_FILE_SIZE: "50X": not a size; set it to the size at which`,
		"LOG_FILE_SIZE=1":                      "LOG_FILE_SIZE: less than 4K",
		"LOG_FILE_MAX_BACKUP_INDEX=-1":         "is negative",
		"LOG_PATH=/logs":                       "LOG_FILE_NAME: required with LOG_PATH",
		"LOG_FILE_NAME=a/b":                    "is not a plain file name",
		"LOG_FILE_NAME=a LOG_FILENAME=b":       "differs from LOG_FILENAME",
		"LOG_PATH=/logs LOG_FILENAME=a\\b.log": "is not a plain file name",
	} {
		_, err := load(minimal(strings.Fields(environ)...))
		require.ErrorContains(t, err, want, environ)
	}
}

func TestUnwritableLogIsAConfigurationFault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	cfg, err := load(minimal("LOG_PATH="+file, "LOG_FILE_NAME=x.log"))
	require.NoError(t, err)
	_, _, err = cfg.Logger(&bytes.Buffer{}, "config-sync")
	var configErr *host.ConfigError
	require.ErrorAs(t, err, &configErr)
	require.ErrorContains(t, err, "LOG_PATH: ")
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1024": 1024, "4K": 4 << 10, "50M": 50 << 20, "50mb": 50 << 20, "2G": 2 << 30, "7B": 7,
		"": -1, "M": -1, "-1": -1, "1KM": -1, "9999999999G": -1, "1.5M": -1, "x": -1,
	} {
		var size host.ByteSize
		err := size.UnmarshalText([]byte(text))
		if want < 0 {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, int64(size), fmt.Sprint(text))
	}
}
