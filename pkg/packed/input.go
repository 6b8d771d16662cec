package packed

import (
	"encoding/binary"
	"encoding/hex"
	"math"
)

// none is the number of the field after the last one.
const none = math.MaxInt

// input is what is to be read.
type input struct {
	left   string
	number int // of the next field; none when there is none
	kind   kind
	keep   *Kept // of the message that is read
	deep   int
	last   int64 // time, in microseconds
	texts  [mostTexts]string
	known  int  // texts
	bare   bool // see output
	err    error
}

// next reads which field comes next.
func (r *input) next() {
	tag := r.uint()
	number := tag >> kindBits
	switch {
	case r.err != nil:
	case tag == endOfMessage:
		r.number = none
	case number > maxNumber || int(number) <= r.number:
		r.fail(broken("field %d stands behind field %d", number, r.number))
	case kind(tag&kindMask) == kindUnknown:
		r.fail(broken("field %d has an unknown kind", number))
	default:
		r.number, r.kind = int(number), kind(tag&kindMask)
	}
}

// at tells whether a field comes next.
func (r *input) at(n int, k kind) bool {
	if r.number < n {
		r.skipTo(n)
	}
	if r.number != n {
		return false
	}
	if r.kind != k {
		r.fail(broken("field %d is stored as %s, not as %s", n, r.kind, k))
		return false
	}
	return true
}

// is tells whether a field comes next and is of a kind.
func (r *input) is(n int, k kind) bool {
	if r.number < n {
		r.skipTo(n)
	}
	return r.number == n && r.kind == k
}

// skipTo keeps the fields before a number: this version does not know them.
func (r *input) skipTo(n int) {
	for r.number < n {
		to := &output{bare: true}
		to.tag(r.number, r.kind)
		r.copyValue(r.kind, to)
		if r.err != nil {
			return
		}
		more := r.keep.text() + string(to.data)
		r.keep.fields = &more
		r.next()
	}
}

func (r *input) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.end()
}

// end lets nothing more be read.
func (r *input) end() { r.left, r.number = "", none }

func (r *input) uint() uint64 {
	if len(r.left) > 0 && r.left[0] < 0x80 {
		n := uint64(r.left[0])
		r.left = r.left[1:]
		return n
	}
	var n uint64
	for i := 0; i < len(r.left) && i < binary.MaxVarintLen64; i++ {
		c := r.left[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.left = r.left[i+1:]
			return n
		}
	}
	r.fail(broken("it ends within a number"))
	return 0
}

// length reads how many there are of something that takes a byte or more.
func (r *input) length() int {
	n := r.uint()
	if n > uint64(len(r.left)) {
		r.fail(broken("%d are announced where %d bytes are left", n, len(r.left)))
		return 0
	}
	return int(n)
}

func (r *input) take(n int) string {
	if n > len(r.left) {
		r.fail(broken("%d bytes are announced where %d are left", n, len(r.left)))
		return ""
	}
	s := r.left[:n]
	r.left = r.left[n:]
	return s
}

func (r *input) time() int64 {
	micro := r.last + unzigzag(r.uint())
	if !r.bare {
		r.last = micro
	}
	return micro
}

func (r *input) text() string {
	n := r.uint()
	if n&1 == 1 {
		if i := n >> 1; i < uint64(r.known) {
			return r.texts[i]
		}
		r.fail(broken("text %d is referred to and was not written", n>>1))
		return ""
	}
	if n>>1 > uint64(len(r.left)) {
		r.fail(broken("it ends within a text"))
		return ""
	}
	s := r.take(int(n >> 1))
	if len(s) >= leastText && r.known < mostTexts && !r.bare {
		r.texts[r.known] = s
		r.known++
	}
	return s
}

func (r *input) id() string {
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
