package oggopus_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/recording-provider/oggopus"
)

// encode makes a real file with opusenc from silence of the given length.
func encode(t *testing.T, length time.Duration, channels int) []byte {
	t.Helper()
	_, err := exec.LookPath("opusenc")
	require.NoError(t, err, "install it: make setup")
	dir := t.TempDir()
	raw, out := filepath.Join(dir, "in.raw"), filepath.Join(dir, "out.opus")
	samples := make([]byte, int(length.Seconds()*8000)*2*channels)
	for i := range samples {
		samples[i] = byte(i * 7)
	}
	require.NoError(t, os.WriteFile(raw, samples, 0o600))
	command := exec.CommandContext(t.Context(), "opusenc", "--quiet", "--raw", "--raw-rate", "8000", "--raw-chan", string(rune('0'+channels)), raw, out)
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	file, err := os.ReadFile(out)
	require.NoError(t, err)
	return file
}

func TestARealFileIsUnderstood(t *testing.T) {
	for _, channels := range []int{1, 2} {
		info, err := oggopus.Inspect(encode(t, 3*time.Second, channels))
		require.NoError(t, err)
		require.Equal(t, channels, info.Channels)
		require.True(t, info.Whole)
		require.InDelta(t, 3, info.Duration.Seconds(), 0.03)
	}
}

func TestABrokenFileIsRefusedWithItsPlace(t *testing.T) {
	good := encode(t, time.Second, 1)
	tests := []struct {
		name  string
		spoil func([]byte) []byte
		want  string
	}{
		{"empty", func([]byte) []byte { return nil }, "the file is empty"},
		{"no Ogg at all", func([]byte) []byte { return bytes.Repeat([]byte("RIFF"), 20) }, "no Ogg page at byte 0"},
		{"cut off inside a page", func(file []byte) []byte { return file[:len(file)-1] }, "the file ends inside the page"},
		{"one bit turned", func(file []byte) []byte { file[len(file)-1] ^= 1; return file }, "has checksum"},
		{"garbage behind the last page", func(file []byte) []byte { return append(file, "tail"...) }, "no Ogg page at byte"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := oggopus.Inspect(test.spoil(bytes.Clone(good)))
			require.ErrorContains(t, err, test.want)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
}

func TestAFileWithoutItsLastPageIsNotWhole(t *testing.T) {
	good := encode(t, 3*time.Second, 1)
	cut := bytes.LastIndex(good, []byte("OggS"))
	info, err := oggopus.Inspect(good[:cut])
	require.NoError(t, err)
	require.False(t, info.Whole)
}

func FuzzInspectNeverPanics(f *testing.F) {
	f.Add([]byte("OggS"))
	f.Add(append([]byte("OggS\x00\x02"), make([]byte, 60)...))
	f.Fuzz(func(t *testing.T, file []byte) {
		info, err := oggopus.Inspect(file)
		if err == nil {
			require.Positive(t, info.Pages)
		}
	})
}
