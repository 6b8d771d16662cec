package engage

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func line(cursor string) string {
	return `{"cursor":"` + cursor + `","message":"EventQueued","time":"2026-11-20T10:00:00Z","attributes":{}}` + "\n"
}

func replayAll(t *testing.T, r io.Reader) (cursors []string, bad []BadLine) {
	t.Helper()
	require.NoError(t, Replay(r, func(e Event) error {
		cursors = append(cursors, e.Cursor)
		return nil
	}, func(b BadLine) error {
		bad = append(bad, b)
		return nil
	}))
	return cursors, bad
}

func TestReplayKeepsGoingOverMalformedLines(t *testing.T) {
	capture := line("1") + "\n\r\n" + `{"message":"feed.Heartbeat"}` + "\n" + "garbage\n" +
		`{"cursor":"3","message":` + "\n" + strings.TrimSuffix(line("4"), "\n") + "\r\n" + strings.TrimSuffix(line("5"), "\n")
	for name, r := range map[string]io.Reader{
		"at once":  strings.NewReader(capture),
		"bytewise": iotest.OneByteReader(strings.NewReader(capture)),
	} {
		cursors, bad := replayAll(t, r)
		require.Equal(t, []string{"1", "4", "5"}, cursors, name)
		require.Len(t, bad, 2, name)
		require.Equal(t, BadLine{Cursor: "", After: "1", Reason: bad[0].Reason, Size: 7, Line: []byte("garbage")}, bad[0])
		require.Equal(t, "3", bad[1].Cursor)
	}
}

func TestATooLongLineIsSkippedWithoutBeingHeld(t *testing.T) {
	const size = 64 << 20
	long := io.MultiReader(
		strings.NewReader(line("1")+`{"cursor":"2","message":"`),
		io.LimitReader(endless{}, size),
		strings.NewReader("\"}\n"+line("3")))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cursors, bad := replayAll(t, long)
	runtime.ReadMemStats(&after)
	require.Equal(t, []string{"1", "3"}, cursors)
	require.Len(t, bad, 1)
	require.Equal(t, "2", bad[0].Cursor)
	require.Greater(t, bad[0].Size, size)
	require.Len(t, bad[0].Line, keptOfBad)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestALineWithoutEndEndsTheConnection(t *testing.T) {
	require.Error(t, Replay(endless{}, nil, nil))
}

func TestTheLimitIsExact(t *testing.T) {
	head := `{"cursor":"1","message":"M","time":"2026-11-20T10:00:00Z","attributes":{"x":"`
	for extra, wantBad := range map[int]int{0: 0, 1: 1, 2: 1, 3: 1} {
		for _, end := range []string{"\n", "\r\n"} {
			_, bad := replayAll(t, strings.NewReader(head+strings.Repeat("x", MaxLine-len(head)-3+extra)+`"}}`+end+line("2")))
			require.Len(t, bad, wantBad, "%d %q", extra, end)
		}
	}
}

func TestReplayEndsWithTheFirstError(t *testing.T) {
	errStop := errors.New("stop")
	require.ErrorIs(t, Replay(strings.NewReader(line("1")), func(Event) error { return errStop }, nil), errStop)
	require.ErrorIs(t, Replay(strings.NewReader("x\n"), nil, func(BadLine) error { return errStop }), errStop)
	require.ErrorIs(t, Replay(iotest.ErrReader(errStop), nil, nil), errStop)
}
