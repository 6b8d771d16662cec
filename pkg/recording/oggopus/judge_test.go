package oggopus_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/recording/oggopus"
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

func judge(t *testing.T, file []byte) oggopus.Report {
	t.Helper()
	report, err := oggopus.Judge(bytes.NewReader(file))
	require.NoError(t, err)
	return report
}

func TestARealFileIsWhole(t *testing.T) {
	for _, channels := range []int{1, 2} {
		report := judge(t, encode(t, 3*time.Second, channels))
		require.Equal(t, oggopus.Whole, report.Verdict, report.Reason)
		require.Equal(t, channels, report.Channels)
		require.Positive(t, report.Packets)
		require.Zero(t, report.Holes)
		require.InDelta(t, 3, report.Duration.Seconds(), 0.03)
	}
}

// The verdicts are those of opusinfo and opusdec.
func TestOddFiles(t *testing.T) {
	tests := map[string]struct {
		verdict oggopus.Verdict
		holes   int
		reason  string
	}{
		"good":             {oggopus.Whole, 0, ""},
		"hole":             {oggopus.Whole, 1, ""},
		"id3v1_tail":       {oggopus.Whole, 0, ""},
		"zero":             {oggopus.NotYet, 0, "the file is empty"},
		"truncated_last":   {oggopus.NotYet, 0, "the file ends inside the page at byte 8348"},
		"cut_at_page":      {oggopus.NotYet, 0, "the end of the stream is missing"},
		"no_eos":           {oggopus.NotYet, 0, "the end of the stream is missing"},
		"headers_only_eos": {oggopus.None, 0, "without audio"},
		"one_page_eos":     {oggopus.None, 0, "ends with its identification header"},
		"granule_huge":     {oggopus.None, 0, "impossible granule position"},
		"serial_changes":   {oggopus.None, 0, "the page at byte 5705 belongs to another logical stream"},
		"mux2":             {oggopus.None, 0, "another logical stream"},
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.opus"))
	require.NoError(t, err)
	require.Len(t, files, len(tests))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join("testdata", name+".opus"))
			require.NoError(t, err)
			report := judge(t, file)
			require.Equal(t, tt.verdict, report.Verdict, report.Reason)
			require.Contains(t, report.Reason, tt.reason)
			require.Equal(t, tt.holes, report.Holes)
		})
	}
}

func TestMadeFiles(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "good.opus"))
	require.NoError(t, err)
	second := bytes.Index(good[1:], []byte("OggS")) + 1
	tests := map[string]struct {
		file    []byte
		verdict oggopus.Verdict
		holes   int
	}{
		"another format":                {bytes.Repeat([]byte("RIFF"), 20), oggopus.None, 0},
		"a web page":                    {[]byte("<html>not here</html>"), oggopus.None, 0},
		"a few foreign bytes":           {[]byte("RI"), oggopus.None, 0},
		"the first bytes of a page":     {good[:3], oggopus.NotYet, 0},
		"an identification header":      {good[:second], oggopus.NotYet, 0},
		"padding behind the end":        {append(bytes.Clone(good), make([]byte, 100_000)...), oggopus.Whole, 0},
		"a chained stream":              {append(bytes.Clone(good), good...), oggopus.None, 0},
		"a bit turned in the middle":    {flip(good, 4000), oggopus.Whole, 1},
		"a bit turned in the last page": {flip(good, len(good)-1), oggopus.NotYet, 0},
		"zeros in the place of a page":  {zeros(good, 3235, 5705), oggopus.Whole, 1},
		"zeros to the end":              {zeros(good, 5705, len(good)), oggopus.NotYet, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			report := judge(t, tt.file)
			require.Equal(t, tt.verdict, report.Verdict, report.Reason)
			require.Equal(t, tt.holes, report.Holes)
		})
	}
}

func flip(file []byte, at int) []byte {
	out := bytes.Clone(file)
	out[at] ^= 1
	return out
}

func zeros(file []byte, from, to int) []byte {
	out := bytes.Clone(file)
	clear(out[from:to])
	return out
}

// Every beginning of a good file is not yet whole: it may still be written.
func TestAGrowingFileIsNeverRefused(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "good.opus"))
	require.NoError(t, err)
	for n := range len(good) {
		report := judge(t, good[:n])
		require.Equal(t, oggopus.NotYet, report.Verdict, "%d bytes: %s", n, report.Reason)
	}
}

func TestAFailingReaderIsNoVerdict(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("testdata", "good.opus"))
	require.NoError(t, err)
	broken := errors.New("connection lost")
	for _, n := range []int{0, 10, 47, 900, 4000} {
		_, err := oggopus.Judge(io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken)
	}
	report, err := oggopus.Judge(iotest.OneByteReader(bytes.NewReader(good)))
	require.NoError(t, err)
	require.Equal(t, oggopus.Whole, report.Verdict)
}

// The memory does not grow with the file.
func TestALongFileIsReadInConstantMemory(t *testing.T) {
	const pages = 2_000 // some 5 MB
	good, err := os.ReadFile(filepath.Join("testdata", "good.opus"))
	require.NoError(t, err)
	headers, page := good[:841], bytes.Clone(good[841:3235])
	n := uint32(0)
	reader, writer := io.Pipe()
	go func() {
		_, err := writer.Write(headers)
		for ; err == nil && n < pages; n++ {
			binary.LittleEndian.PutUint64(page[6:14], uint64(n+1)*48000)
			binary.LittleEndian.PutUint32(page[18:22], n+2)
			binary.LittleEndian.PutUint32(page[22:26], checksum(page))
			_, err = writer.Write(page)
		}
		_ = writer.CloseWithError(err)
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	report, err := oggopus.Judge(reader)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, pages+2, report.Pages)
	require.Zero(t, report.Holes)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// checksum is Ogg's, written another way than the package's.
func checksum(page []byte) uint32 {
	var sum uint32
	for i, octet := range page {
		if i >= 22 && i < 26 {
			octet = 0
		}
		sum ^= uint32(octet) << 24
		for range 8 {
			if sum&0x80000000 != 0 {
				sum = sum<<1 ^ 0x04c11db7
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte("OggS"))
	f.Add(append([]byte("OggS\x00\x02"), make([]byte, 60)...))
	files, _ := filepath.Glob(filepath.Join("testdata", "*.opus"))
	for _, name := range files {
		if file, err := os.ReadFile(name); err == nil {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		report, err := oggopus.Judge(bytes.NewReader(file))
		require.NoError(t, err)
		require.Contains(t, []oggopus.Verdict{oggopus.Whole, oggopus.NotYet, oggopus.None}, report.Verdict)
		require.Equal(t, report.Verdict == oggopus.Whole, report.Reason == "")
	})
}
