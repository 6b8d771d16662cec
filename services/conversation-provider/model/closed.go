package model

import (
	"strings"
	"time"

	"engage.connector/pkg/packed"
)

// closed is an interaction that is over, as it is stored: it is kept for those who ask, and for
// recordings that come late.
type closed struct {
	packed string
	at     time.Time // by the wall clock
}

// pack makes the kept form of an interaction that is over.
func (m *Model) pack(in *Interaction) closed {
	return closed{packed: m.encodeText(in), at: in.Closed}
}

// store keeps an interaction that is over, and lets it be stored.
func (m *Model) store(in *Interaction) {
	uuid := strings.Clone(in.UUID) // not a part of something bigger
	m.closed[uuid] = m.pack(in)
	m.dirty.closed[uuid] = struct{}{}
}

// interaction unpacks it; what is changed in it has to be stored again. It is nil for the zero value.
func (c closed) interaction() *Interaction {
	if c.packed == "" {
		return nil
	}
	in := &Interaction{}
	_ = packed.DecodeOwn(c.packed, in) // it has been read before, or was written here
	return in
}

// stored is the value in the store; nil, which deletes it, for the zero value.
func (c closed) stored() []byte {
	if c.packed == "" {
		return nil
	}
	return []byte(c.packed)
}
