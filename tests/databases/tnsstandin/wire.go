package tnsstandin

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
)

// The kinds of Oracle Net packets.
const (
	packetConnect = 1
	packetAccept  = 2
	packetRefuse  = 4
	packetData    = 6
	packetMarker  = 12
)

const (
	headerSize = 8
	// maxData is how much a data packet carries at most here.
	maxData = 8000
	// unitSize is the size of a packet that was negotiated.
	unitSize = 8192
)

// packet is one Oracle Net packet without its header.
type packet struct {
	kind byte
	body []byte
}

func readPacket(from *bufio.Reader) (packet, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(from, header); err != nil {
		return packet{}, err
	}
	size := int(binary.BigEndian.Uint16(header))
	if size < headerSize {
		return packet{}, errors.New("tnsstandin: packet shorter than its header")
	}
	body := make([]byte, size-headerSize)
	_, err := io.ReadFull(from, body)
	return packet{kind: header[4], body: body}, err
}

func writePacket(to net.Conn, p packet) error {
	out := make([]byte, headerSize, headerSize+len(p.body))
	binary.BigEndian.PutUint16(out, uint16(headerSize+len(p.body)))
	out[4] = p.kind
	_, err := to.Write(append(out, p.body...))
	return err
}

// writeData sends a message in as many data packets as it needs; each begins with two flag bytes.
func writeData(to net.Conn, message []byte) error {
	for len(message) > 0 {
		n := min(len(message), maxData)
		if err := writePacket(to, packet{packetData, append([]byte{0, 0}, message[:n]...)}); err != nil {
			return err
		}
		message = message[n:]
	}
	return nil
}

// encoder builds a message of the two-task protocol.
type encoder struct{ b []byte }

func (e *encoder) raw(v ...byte) { e.b = append(e.b, v...) }

// number writes an unsigned number: the count of its bytes, then the bytes.
func (e *encoder) number(v int) {
	digits := big.NewInt(int64(v)).Bytes()
	e.raw(byte(len(digits)))
	e.raw(digits...)
}

// Lengths of a value up to which one length byte suffices, and of the portions of a longer one.
const (
	shortValue  = 0xFC
	longMarker  = 0xFE
	portionSize = 0x40
)

// value writes bytes with their length; none is NULL.
func (e *encoder) value(v []byte) {
	if len(v) <= shortValue {
		e.raw(byte(len(v)))
		e.raw(v...)
		return
	}
	e.raw(longMarker)
	for len(v) > 0 {
		n := min(len(v), portionSize)
		e.raw(byte(n))
		e.raw(v[:n]...)
		v = v[n:]
	}
	e.raw(0)
}

// described writes a length as a number, and the value when there is one.
func (e *encoder) described(v string) {
	e.number(len(v))
	if v != "" {
		e.value([]byte(v))
	}
}

func (e *encoder) pair(key, v string, flag int) {
	e.described(key)
	e.described(v)
	e.number(flag)
}

// zeros writes n numbers of value 0, each of which is one byte.
func (e *encoder) zeros(n int) { e.raw(make([]byte, n)...) }

// decoder reads a message. Reading beyond the end panics, which ends the connection.
type decoder struct {
	b  []byte
	at int
}

func (d *decoder) raw() byte {
	v := d.b[d.at]
	d.at++
	return v
}

func (d *decoder) skip(n int) { d.at += n }

func (d *decoder) number() int {
	v := 0
	for range d.raw() & 0x7F {
		v = v<<8 | int(d.raw())
	}
	return v
}

func (d *decoder) numbers(n int) {
	for range n {
		d.number()
	}
}

func (d *decoder) value() []byte {
	n := int(d.raw())
	switch {
	case n == 0 || n > longMarker || n == longMarker-1:
		return nil
	case n < longMarker:
		d.at += n
		return d.b[d.at-n : d.at]
	}
	var out []byte
	for {
		n := int(d.raw())
		if n == 0 {
			return out
		}
		out = append(out, d.b[d.at:d.at+n]...)
		d.at += n
	}
}
