package engage

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// However a capture is cut into lines, Replay gives every line to one of its two functions, in
// order, and with the event that the line by itself decodes to.
func FuzzReplay(f *testing.F) {
	samples, err := os.ReadFile(filepath.Join("testdata", "samples.ndjson"))
	require.NoError(f, err)
	for line := range bytes.Lines(samples) { // short seeds: long ones take the fuzzer minutes to make small
		f.Add(line)
	}
	f.Add([]byte("\n\r\n{\"cursor\":\"1\",\"message\":\"M\",\"time\":\"2026-01-01T00:00:00Z\"}\r\nnothing\n\n{"))
	f.Add([]byte("{\"cursor\":\"7\",\"message\":\"feed.Heartbeat\"}\n{\"cursor\":\"8\""))
	f.Fuzz(func(t *testing.T, capture []byte) {
		var want []string
		for line := range bytes.SplitSeq(capture, []byte("\n")) {
			line = bytes.TrimRight(line, "\r\n")
			if len(line) == 0 {
				continue
			}
			e, err := Decode(line)
			switch {
			case err != nil:
				want = append(want, "bad "+cursorOf(line))
			case e.Message != MsgHeartbeat:
				want = append(want, e.Cursor+" "+e.Message+" "+e.Identity("A"))
			}
		}
		var got []string
		previous := ""
		err := Replay(bytes.NewReader(capture), func(e Event) error {
			got = append(got, e.Cursor+" "+e.Message+" "+e.Identity("A"))
			previous = e.Cursor
			return nil
		}, func(b BadLine) error {
			got = append(got, "bad "+b.Cursor)
			require.Equal(t, previous, b.After)
			previous = firstOf(b.Cursor, previous)
			require.Positive(t, b.Size)
			require.LessOrEqual(t, len(b.Line), b.Size)
			require.NotEmpty(t, b.Reason)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
