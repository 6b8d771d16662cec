package cms

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
)

// Limits of the BER reader: nesting, and the number of elements of one message.
const (
	maxDepth    = 16
	maxElements = 100_000
)

var errBER = errors.New("malformed BER")

// normalize rewrites BER as DER lengths: indefinite lengths become definite and constructed octet strings become
// primitive, so that encoding/asn1 can read what streaming writers (openssl cms -stream) produce.
func normalize(in []byte) ([]byte, error) {
	n := &normalizer{}
	out, rest, err := n.element(in, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%w: %d bytes after the message", errBER, len(rest))
	}
	return out, nil
}

type normalizer struct{ elements int }

// header is the identifier and length of one element.
type header struct {
	id          byte
	tag         int
	universal   bool
	constructed bool
	indefinite  bool
	length      int
	body        []byte // what follows the length
}

func (n *normalizer) element(in []byte, depth int) (out, rest []byte, err error) {
	n.elements++
	if depth > maxDepth || n.elements > maxElements {
		return nil, nil, fmt.Errorf("%w: too deep or too many elements", errBER)
	}
	h, err := readHeader(in)
	if err != nil {
		return nil, nil, err
	}
	if !h.constructed {
		out, err = encode(h, false, h.body[:h.length])
		return out, h.body[h.length:], err
	}
	children, rest, err := n.children(h, depth)
	if err != nil {
		return nil, nil, err
	}
	if h.universal && h.tag == asn1.TagOctetString || !h.universal && onlyOctetStrings(children) && h.tag == 0 && depth > 2 {
		out, err = flatten(h, children)
		return out, rest, err
	}
	out, err = encode(h, true, bytes.Join(children, nil))
	return out, rest, err
}

// flatten turns a constructed octet string into a primitive one. The implicit [0] of EncryptedContent has no
// universal tag: it is one when all its children are octet strings.
func flatten(h header, children [][]byte) ([]byte, error) {
	var value []byte
	for _, child := range children {
		c, err := readHeader(child)
		if err != nil || !c.universal || c.tag != asn1.TagOctetString {
			return nil, fmt.Errorf("%w: octet string made of something else", errBER)
		}
		value = append(value, c.body[:c.length]...)
	}
	return encode(h, false, value)
}

func (n *normalizer) children(h header, depth int) (children [][]byte, rest []byte, err error) {
	body := h.body
	if !h.indefinite {
		body, rest = h.body[:h.length], h.body[h.length:]
	}
	for {
		if h.indefinite && len(body) >= 2 && body[0] == 0 && body[1] == 0 {
			return children, body[2:], nil
		}
		if len(body) == 0 {
			if h.indefinite {
				return nil, nil, fmt.Errorf("%w: end of contents missing", errBER)
			}
			return children, rest, nil
		}
		var child []byte
		if child, body, err = n.element(body, depth+1); err != nil {
			return nil, nil, err
		}
		children = append(children, child)
	}
}

func readHeader(in []byte) (header, error) {
	if len(in) < 2 {
		return header{}, fmt.Errorf("%w: truncated", errBER)
	}
	h := header{tag: int(in[0] & 0x1f), universal: in[0]&0xc0 == 0, constructed: in[0]&0x20 != 0, id: in[0]}
	if h.tag == 0x1f {
		return header{}, fmt.Errorf("%w: multi-byte tags do not occur here", errBER)
	}
	first := in[1]
	h.body = in[2:]
	switch {
	case first < 0x80:
		h.length = int(first)
	case first == 0x80:
		if !h.constructed {
			return header{}, fmt.Errorf("%w: primitive of indefinite length", errBER)
		}
		h.indefinite = true
		return h, nil
	default:
		count := int(first & 0x7f)
		if count > 4 || len(h.body) < count {
			return header{}, fmt.Errorf("%w: length of %d bytes", errBER, count)
		}
		for _, b := range h.body[:count] {
			h.length = h.length<<8 | int(b)
		}
		h.body = h.body[count:]
	}
	if h.length > len(h.body) {
		return header{}, fmt.Errorf("%w: element is longer than the message", errBER)
	}
	return h, nil
}

func onlyOctetStrings(children [][]byte) bool {
	for _, child := range children {
		if child[0] != asn1.TagOctetString {
			return false
		}
	}
	return len(children) > 0
}

// encode writes an element with a definite, minimal length.
func encode(h header, constructed bool, body []byte) ([]byte, error) {
	class := int(h.id >> 6)
	out, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: h.tag, IsCompound: constructed, Bytes: body})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBER, err)
	}
	return out, nil
}
