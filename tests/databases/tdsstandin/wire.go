package tdsstandin

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// The kinds of packets.
const (
	packetBatch       = 0x01
	packetRPC         = 0x03
	packetReply       = 0x04
	packetAttention   = 0x06
	packetTransaction = 0x0E
	packetLogin       = 0x10
	packetPrelogin    = 0x12
)

const (
	headerSize = 8
	maxPayload = 4096 - headerSize
	lastPacket = 1
)

// message is what one or more packets carry.
type message struct {
	kind byte
	body []byte
}

func readMessage(from io.Reader) (message, error) {
	var m message
	for {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(from, header); err != nil {
			return m, err
		}
		size := int(binary.BigEndian.Uint16(header[2:]))
		if size < headerSize {
			return m, errors.New("tdsstandin: packet shorter than its header")
		}
		part := make([]byte, size-headerSize)
		if _, err := io.ReadFull(from, part); err != nil {
			return m, err
		}
		m.kind, m.body = header[0], append(m.body, part...)
		if header[1]&lastPacket != 0 {
			return m, nil
		}
	}
}

func writeMessage(to io.Writer, kind byte, body []byte) error {
	for number := byte(0); ; number++ {
		n := min(len(body), maxPayload)
		out := []byte{kind, 0, 0, 0, 0, 0, number, 0}
		binary.BigEndian.PutUint16(out[2:], uint16(n+headerSize))
		if n == len(body) {
			out[1] = lastPacket
		}
		if _, err := to.Write(append(out, body[:n]...)); err != nil {
			return err
		}
		if body = body[n:]; len(body) == 0 {
			return nil
		}
	}
}

// encodeText writes UTF-16. A byte that is no UTF-8 becomes half a surrogate pair, which is what
// damaged text looks like on this wire.
func encodeText(s string) []byte {
	var out []byte
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		units := []uint16{0xDC00 | uint16(s[0])}
		if r != utf8.RuneError || size > 1 {
			units = utf16.Encode([]rune{r})
		}
		for _, u := range units {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		s = s[size:]
	}
	return out
}

func decodeText(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// encoder builds a stream of tokens.
type encoder struct{ b []byte }

func (e *encoder) raw(v ...byte)  { e.b = append(e.b, v...) }
func (e *encoder) u16(v int)      { e.b = binary.LittleEndian.AppendUint16(e.b, uint16(v)) }
func (e *encoder) u32(v int)      { e.b = binary.LittleEndian.AppendUint32(e.b, uint32(v)) }
func (e *encoder) u64(v int)      { e.b = binary.LittleEndian.AppendUint64(e.b, uint64(v)) }
func (e *encoder) short(s string) { e.raw(byte(len(encodeText(s)) / 2)); e.raw(encodeText(s)...) }
func (e *encoder) long(s string)  { e.u16(len(encodeText(s)) / 2); e.raw(encodeText(s)...) }

// token writes a token whose length goes before it.
func (e *encoder) token(kind byte, body *encoder) {
	e.raw(kind)
	e.u16(len(body.b))
	e.raw(body.b...)
}

// The tokens.
const (
	tokenColumns = 0x81
	tokenError   = 0xAA
	tokenLogin   = 0xAD
	tokenRow     = 0xD1
	tokenEnv     = 0xE3
	tokenDone    = 0xFD
)

// The states of a finished statement.
const (
	doneFinal     = 0
	doneError     = 0x02
	doneCount     = 0x10
	doneAttention = 0x20
)

func (e *encoder) done(status, rows int) {
	e.raw(tokenDone)
	e.u16(status)
	e.u16(0xC1)
	e.u64(rows)
}

func (e *encoder) failure(number int, text string) {
	body := &encoder{}
	body.u32(number)
	body.raw(1, 16) // state, class
	body.long(text)
	body.short("STANDIN")
	body.short("")
	body.u32(1)
	e.token(tokenError, body)
	e.done(doneError, 0)
}

// decoder reads a message. Reading beyond the end panics, which ends the connection.
type decoder struct {
	b  []byte
	at int
}

func (d *decoder) bytes(n int) []byte {
	d.at += n
	return d.b[d.at-n : d.at]
}

func (d *decoder) u8() int  { return int(d.bytes(1)[0]) }
func (d *decoder) u16() int { return int(binary.LittleEndian.Uint16(d.bytes(2))) }
func (d *decoder) u32() int { return int(binary.LittleEndian.Uint32(d.bytes(4))) }

// headers skips the headers that begin a request; their length includes itself.
func (d *decoder) headers() { d.bytes(d.u32() - 4) }

// variable reads a bound value: its type, then its length, then the value. Integers become text.
func (d *decoder) variable() []byte {
	switch kind := d.u8(); kind {
	case typeNVarchar:
		size := d.u16()
		d.bytes(5) // collation
		if size == maxLength {
			return d.portions()
		}
		n := d.u16()
		if n == maxLength {
			return nil
		}
		return []byte(decodeText(d.bytes(n)))
	case typeIntN, typeBitN:
		d.u8()
		return integerText(d.bytes(d.u8()))
	case typeNull:
		return nil
	}
	panic("tdsstandin: type of a bound value")
}

// portions reads a value of unlimited length.
func (d *decoder) portions() []byte {
	if total := binary.LittleEndian.Uint64(d.bytes(8)); total == 1<<64-1 {
		return nil
	}
	var all []byte
	for {
		n := d.u32()
		if n == 0 {
			return []byte(decodeText(all))
		}
		all = append(all, d.bytes(n)...)
	}
}
