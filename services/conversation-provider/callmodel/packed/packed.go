// Package packed writes and reads the compact form in which calls are stored, and kept while nothing
// happens to them: numbers of few bytes, times as microseconds since the one before, texts once.
package packed

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"time"
)

// ErrBroken is what a reader reports of data that no writer wrote.
var ErrBroken = errors.New("packed data is broken")

// Texts of this length or longer are written once and referred to after that; as many of them as fit.
const (
	leastText = 3
	mostTexts = 48
)

// Writer appends to Data.
type Writer struct {
	Data  []byte
	last  int64
	texts []string
}

// Reset begins anew and keeps the room that Data has.
func (w *Writer) Reset() { w.Data, w.last, w.texts = w.Data[:0], 0, w.texts[:0] }

// Uint writes a number that is not negative.
func (w *Writer) Uint(n uint64) { w.Data = binary.AppendUvarint(w.Data, n) }

// Int writes a number.
func (w *Writer) Int(n int) { w.Data = binary.AppendVarint(w.Data, int64(n)) }

// Len writes the number of elements of a list.
func (w *Writer) Len(n int) { w.Uint(uint64(max(n, 0))) }

// Bools writes up to eight of them.
func (w *Writer) Bools(all ...bool) {
	var bits byte
	for i, b := range all {
		if b {
			bits |= 1 << i
		}
	}
	w.Data = append(w.Data, bits)
}

// Time writes a time with microseconds.
func (w *Writer) Time(t time.Time) {
	if t.IsZero() {
		w.Data = append(w.Data, 0)
		return
	}
	micro := t.UnixMicro()
	w.Uint(zigzag(micro-w.last) + 1)
	w.last = micro
}

func zigzag(n int64) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// Text writes a text.
func (w *Writer) Text(s string) {
	if len(s) >= leastText {
		if i := slices.Index(w.texts, s); i >= 0 {
			w.Uint(uint64(i)<<1 | 1)
			return
		}
		if len(w.texts) < mostTexts {
			w.texts = append(w.texts, s)
		}
	}
	w.Uint(uint64(len(s)) << 1)
	w.Data = append(w.Data, s...)
}

// Texts writes a list of texts.
func (w *Writer) Texts(all []string) {
	w.Len(len(all))
	for _, s := range all {
		w.Text(s)
	}
}

// Raw writes bytes as they are, in parts.
func (w *Writer) Raw(first string, rest []byte) {
	w.Len(len(first) + len(rest))
	w.Data = append(append(w.Data, first...), rest...)
}

// ID writes a UUID in its usual form; other texts as they are.
func (w *Writer) ID(s string) {
	at := len(w.Data)
	w.Data = append(w.Data, 1)
	if len(s) == textOfID && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		var err error
		for _, part := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
			for i := 0; i < len(part); i += 2 {
				high, low := digit(part[i]), digit(part[i+1])
				if high|low > 0xf {
					err = ErrBroken
				}
				w.Data = append(w.Data, high<<4|low)
			}
		}
		if err == nil {
			return
		}
	}
	w.Data = append(w.Data[:at], 0)
	w.Text(s)
}

// Lengths of a UUID.
const (
	textOfID = 36
	sizeOfID = 16
)

// digit is the value of a lower-case hexadecimal digit; more than 15 for anything else.
func digit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	default:
		return 0xff
	}
}

// Reader reads what a Writer wrote, in the same order. What it returns refers to the data.
type Reader struct {
	data  string
	last  int64
	texts []string
	err   error
}

// NewReader returns a reader.
func NewReader(data string) *Reader { return &Reader{data: data} }

// Err is ErrBroken when the data ended too early or too late, or makes no sense.
func (r *Reader) Err() error {
	if r.err == nil && r.data != "" {
		return ErrBroken
	}
	return r.err
}

func (r *Reader) broken() { r.err, r.data = ErrBroken, "" }

// Uint reads a number that is not negative.
func (r *Reader) Uint() uint64 {
	var n uint64
	for i := 0; i < len(r.data) && i < binary.MaxVarintLen64; i++ {
		c := r.data[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.data = r.data[i+1:]
			return n
		}
	}
	r.broken()
	return 0
}

// Int reads a number.
func (r *Reader) Int() int { return int(unzigzag(r.Uint())) }

// Len reads the number of elements of a list.
func (r *Reader) Len() int {
	n := r.Uint()
	if n > uint64(len(r.data)) { // every element takes a byte at least
		r.broken()
		return 0
	}
	return int(n)
}

// Bools reads what Bools wrote.
func (r *Reader) Bools(all ...*bool) {
	bits := r.take(1)
	for i, b := range all {
		*b = bits != "" && bits[0]&(1<<i) != 0
	}
}

// Time reads a time, as UTC.
func (r *Reader) Time() time.Time {
	n := r.Uint()
	if n == 0 {
		return time.Time{}
	}
	r.last += unzigzag(n - 1)
	return time.UnixMicro(r.last).UTC()
}

func (r *Reader) take(n int) string {
	if n > len(r.data) {
		r.broken()
		return ""
	}
	s := r.data[:n]
	r.data = r.data[n:]
	return s
}

// Text reads a text.
func (r *Reader) Text() string {
	n := r.Uint()
	if n&1 == 1 {
		if i := n >> 1; i < uint64(len(r.texts)) {
			return r.texts[i]
		}
		r.broken()
		return ""
	}
	if n>>1 > uint64(len(r.data)) {
		r.broken()
		return ""
	}
	s := r.take(int(n >> 1))
	if len(s) >= leastText && len(r.texts) < mostTexts {
		r.texts = append(r.texts, s)
	}
	return s
}

// Texts reads a list of texts; nil when it is empty.
func (r *Reader) Texts() []string {
	n := r.Len()
	if n == 0 {
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = r.Text()
	}
	return all
}

// Raw reads bytes.
func (r *Reader) Raw() string { return r.take(r.Len()) }

// ID reads what ID wrote.
func (r *Reader) ID() string {
	if r.take(1) != "\x01" {
		return r.Text()
	}
	raw := r.take(sizeOfID)
	if raw == "" {
		return ""
	}
	var id [sizeOfID]byte
	copy(id[:], raw)
	var text [textOfID]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
