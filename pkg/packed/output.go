package packed

import (
	"encoding/binary"
	"slices"
)

// kind is how a field is written. The numbers are part of the stored form.
type kind byte

const (
	kindNumber   kind = iota // a variable number of bytes, those of a negative one in between
	kindTime                 // microseconds since the time before
	kindText                 // its length and itself, or which of those before it is
	kindTexts                // how many, then the texts
	kindMessages             // how many, then the fields of each and endOfMessage
	kindID                   // the 16 bytes of a UUID
	kindBytes                // how many, then the bytes
	kindUnknown              // never written
	kindBits     = 3
	kindMask     = 1<<kindBits - 1
)

func (k kind) String() string {
	return [...]string{"number", "time", "text", "texts", "messages", "id", "bytes", "unknown"}[k&kindMask]
}

const (
	// endOfMessage stands behind the last field of a message.
	endOfMessage = 0
	maxNumber    = 1 << 20 // of a field
	maxDepth     = 16      // of messages within messages
	// Texts of this length or longer are written once and referred to after that; as many of them as fit.
	leastText = 3
	mostTexts = 48
)

// output is what has been written.
type output struct {
	data  []byte
	last  int64 // time, in microseconds
	texts [mostTexts]string
	known int    // texts
	kept  string // fields that this version does not know, and that are still to be written
	bare  bool   // nothing refers to anything else: as fields are kept
	err   error
}

// reset begins a value behind what b holds.
func (o *output) reset(b []byte) { o.data, o.last, o.known, o.kept, o.err = b, 0, 0, "", nil }

// tag begins a field, after those with smaller numbers that are kept.
func (o *output) tag(n int, k kind) {
	o.flush(n)
	o.uint(uint64(n)<<kindBits | uint64(k))
}

func (o *output) uint(n uint64) {
	if n < 0x80 {
		o.data = append(o.data, byte(n))
		return
	}
	o.data = binary.AppendUvarint(o.data, n)
}

func (o *output) time(micro int64) {
	o.uint(zigzag(micro - o.last))
	if !o.bare {
		o.last = micro
	}
}

func (o *output) text(s string) {
	if len(s) >= leastText && !o.bare {
		if i := slices.Index(o.texts[:o.known], s); i >= 0 {
			o.uint(uint64(i)<<1 | 1)
			return
		}
		if o.known < mostTexts {
			o.texts[o.known] = s
			o.known++
		}
	}
	o.uint(uint64(len(s)) << 1)
	o.data = append(o.data, s...)
}

func zigzag(n int64) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// Lengths of a UUID.
const (
	textOfID = 36
	sizeOfID = 16
)

// parseID reads a UUID in its usual form, in lower case.
func parseID(s string, id *[sizeOfID]byte) bool {
	if len(s) != textOfID || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	at := 0
	for _, part := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		for i := 0; i < len(part); i += 2 {
			high, low := digits[part[i]], digits[part[i+1]]
			if high|low > 0xf {
				return false
			}
			id[at] = high<<4 | low
			at++
		}
	}
	return true
}

// digits are the values of lower-case hexadecimal digits, and more than 15 of anything else.
var digits = func() (values [1 << 8]byte) {
	for c := range values {
		values[c] = 0xff
	}
	for value, c := range []byte("0123456789abcdef") {
		values[c] = byte(value)
	}
	return values
}()
