package opus_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"engage.connector/services/lab/site/opus"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// tool runs a program of opus-tools; without it the test fails.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "opus-tools are not installed; install them: make setup")
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
	return string(out)
}

func write(t *testing.T, r opus.Recording) string {
	t.Helper()
	data, err := opus.Encode(r)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "call.opus")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestOpusinfoFindsNothingWrong(t *testing.T) {
	for _, d := range []time.Duration{20 * time.Millisecond, time.Second, 6192 * time.Millisecond, 2*time.Minute + 3*time.Second} {
		t.Run(d.String(), func(t *testing.T) {
			out := tool(t, "opusinfo", write(t, opus.Recording{Duration: d, Seed: 7, Comments: []string{"CALLUUID=00U3", "AGENT=7001"}}))
			require.NotContains(t, strings.ToUpper(out), "WARNING", out)
			require.NotContains(t, strings.ToUpper(out), "ERROR", out)
			require.Contains(t, out, "CALLUUID=00U3")
			length := regexp.MustCompile(`Playback length: (\S+)`).FindStringSubmatch(out)
			require.NotEmpty(t, length, out)
			want := fmt.Sprintf("%dm:%06.3fs", int(d.Minutes()), (d % time.Minute).Seconds())
			require.Equal(t, want, length[1], out)
		})
	}
}

func TestOpusdecDecodesExactlyTheDuration(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 6192 * time.Millisecond, 777 * time.Millisecond} {
		path := write(t, opus.Recording{Duration: d, Seed: 3})
		wav := filepath.Join(t.TempDir(), "call.raw")
		tool(t, "opusdec", "--rate", "48000", "--no-dither", path, wav)
		pcm, err := os.ReadFile(wav)
		require.NoError(t, err)
		require.InDelta(t, d.Seconds(), float64(len(pcm))/2/48000, 0.0001, "16-bit mono samples")
		loudest := 0
		for i := 0; i+1 < len(pcm); i += 2 {
			v := int(int16(binary.LittleEndian.Uint16(pcm[i:])))
			loudest = max(loudest, v, -v)
		}
		require.Less(t, loudest, 10, "silence")
	}
}

func TestContentDiffersBySeedOnly(t *testing.T) {
	encode := func(seed uint64) []byte {
		data, err := opus.Encode(opus.Recording{Duration: 5 * time.Second, Seed: seed})
		require.NoError(t, err)
		return data
	}
	again := encode(1)
	require.Equal(t, encode(1), again)
	require.NotEqual(t, encode(1), encode(2))
}

func TestBadRecordingsAreRefused(t *testing.T) {
	for name, r := range map[string]opus.Recording{
		"no length":     {},
		"negative":      {Duration: -1},
		"too long":      {Duration: 5 * time.Hour},
		"many comments": {Duration: time.Second, Comments: make([]string, 33)},
		"long comment":  {Duration: time.Second, Comments: []string{strings.Repeat("x", 256)}},
	} {
		_, err := opus.Encode(r)
		require.Error(t, err, name)
	}
}

func TestEveryPageHasAGoodChecksumAndTheLastOneTheLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "duration"))
		data, err := opus.Encode(opus.Recording{Duration: d, Seed: rapid.Uint64().Draw(t, "seed")})
		require.NoError(t, err)
		granule, pages := uint64(0), 0
		for len(data) > 0 {
			require.True(t, bytes.HasPrefix(data, []byte("OggS")))
			segments := int(data[26])
			size := 27 + segments
			for _, s := range data[27 : 27+segments] {
				size += int(s)
			}
			require.Equal(t, crc(data[:size]), binary.LittleEndian.Uint32(data[22:]))
			granule = binary.LittleEndian.Uint64(data[6:])
			require.EqualValues(t, pages, binary.LittleEndian.Uint32(data[18:]))
			require.Equal(t, len(data) == size, data[5]&4 != 0, "only the last page ends the stream")
			data = data[size:]
			pages++
		}
		require.InDelta(t, d.Seconds(), float64(granule-312)/48000, 1.0/48000)
	})
}

// crc is Ogg's checksum computed bit by bit, with the checksum field taken as zero.
func crc(page []byte) uint32 {
	var r uint32
	for i, b := range page {
		if i >= 22 && i < 26 {
			b = 0
		}
		r ^= uint32(b) << 24
		for range 8 {
			carry := r&0x80000000 != 0
			r <<= 1
			if carry {
				r ^= 0x04c11db7
			}
		}
	}
	return r
}
