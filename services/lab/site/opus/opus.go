// Package opus makes small but real Ogg Opus files (RFC 7845): what a media server leaves behind
// for a recorded call, with silence in place of voices.
//
// Every packet is valid for a decoder: a CELT frame of silence, or an empty frame as an encoder in
// discontinuous transmission sends it. Which of the two comes when depends on the seed, so
// two recordings of the same length have different content.
package opus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Recording says what the file holds.
type Recording struct {
	Duration time.Duration // 0 < Duration <= 4 h; exact to a sample of 48 kHz
	Seed     uint64        // different seeds, different content
	Comments []string      // "KEY=value" tags
}

const (
	sampleRate     = 48_000
	frameSamples   = 960 // 20 ms
	preSkip        = 312 // what libopus needs to settle
	framesPerPage  = 50  // one second
	maxDuration    = 4 * time.Hour
	maxComments    = 32
	maxCommentSize = 255
	vendor         = "engage-connector lab"

	// toc is a packet's first byte: CELT, full band, 20 ms, mono, one frame (RFC 6716 section 3.1).
	toc = 31 << 3
)

// errDuration is returned for a recording without a usable length.
var errDuration = errors.New("opus: the duration must be above 0 and at most 4 h")

// Encode returns the file. The same recording gives the same bytes.
func Encode(r Recording) ([]byte, error) {
	if r.Duration <= 0 || r.Duration > maxDuration {
		return nil, fmt.Errorf("%w, not %s", errDuration, r.Duration)
	}
	if len(r.Comments) > maxComments {
		return nil, fmt.Errorf("opus: %d comments, at most %d", len(r.Comments), maxComments)
	}
	rng := rand.New(rand.NewPCG(r.Seed, 0x6f707573)) //nolint:gosec // content of a test file, not a secret
	p := &pager{crc: crcTable(), serial: rng.Uint32()}
	p.page(flagFirst, 0, head())
	comments, err := tags(r.Comments)
	if err != nil {
		return nil, err
	}
	p.page(0, 0, comments)
	audio(p, rng, samplesOf(r.Duration))
	return p.out, nil
}

// samplesOf converts a duration into samples, at least one.
func samplesOf(d time.Duration) uint64 {
	return uint64(max(1, (int64(d)*sampleRate+int64(time.Second)/2)/int64(time.Second)))
}

// head is the identification header (RFC 7845 section 5.1): mono, recorded at 8 kHz, no gain.
func head() []byte {
	out := append([]byte("OpusHead"), 1, 1)
	out = binary.LittleEndian.AppendUint16(out, preSkip)
	out = binary.LittleEndian.AppendUint32(out, 8000)
	return append(out, 0, 0, 0)
}

// tags is the comment header (RFC 7845 section 5.2).
func tags(comments []string) ([]byte, error) {
	out := appendText([]byte("OpusTags"), vendor)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(comments)))
	for _, c := range comments {
		if len(c) > maxCommentSize {
			return nil, fmt.Errorf("opus: a comment of %d bytes, at most %d", len(c), maxCommentSize)
		}
		out = appendText(out, c)
	}
	return out, nil
}

func appendText(out []byte, s string) []byte {
	out = binary.LittleEndian.AppendUint32(out, uint32(len(s)))
	return append(out, s...)
}

// audio writes as many frames as the samples and the decoder's pre-skip need. The last page's
// granule position cuts the surplus of the last frame off (RFC 7845 section 4.4).
func audio(p *pager, rng *rand.Rand, samples uint64) {
	end := samples + preSkip
	frames := (end + frameSamples - 1) / frameSamples
	for done := uint64(0); done < frames; {
		n := min(framesPerPage, frames-done)
		packets := make([][]byte, n)
		for i := range packets {
			packets[i] = frame(rng, done == 0 && i == 0)
		}
		done += n
		flags, granule := byte(0), done*frameSamples
		if done == frames {
			flags, granule = flagLast, end
		}
		p.page(flags, granule, packets...)
	}
}

// frame is 20 ms of silence: a CELT frame with its silence flag set, or now and then an empty
// one. The first is never empty, so that a decoder starts from something.
func frame(rng *rand.Rand, first bool) []byte {
	if !first && rng.IntN(4) == 0 {
		return []byte{toc}
	}
	return []byte{toc, 0xff, 0xfe}
}
