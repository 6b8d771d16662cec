package conversation

import "encoding/hex"

// IDSet remembers the newest ids given to it, in bounded memory. It is not safe for concurrent use.
type IDSet struct {
	ring [][16]byte
	next int
	max  int
	set  map[[16]byte]struct{}
}

// NewIDSet returns a set that forgets the oldest id beyond size.
func NewIDSet(size int) *IDSet {
	return &IDSet{max: max(size, 1), set: make(map[[16]byte]struct{})}
}

// Has reports whether a UUID is remembered.
func (s *IDSet) Has(id string) bool {
	key, ok := packUUID(id)
	if !ok {
		return false
	}
	_, found := s.set[key]
	return found
}

// Add remembers a UUID; anything else is ignored.
func (s *IDSet) Add(id string) {
	key, ok := packUUID(id)
	if !ok {
		return
	}
	if _, found := s.set[key]; found {
		return
	}
	s.set[key] = struct{}{}
	if len(s.ring) < s.max {
		s.ring = append(s.ring, key)
		return
	}
	delete(s.set, s.ring[s.next])
	s.ring[s.next] = key
	s.next = (s.next + 1) % s.max
}

// packUUID turns the 36-character form into its 16 bytes.
func packUUID(id string) ([16]byte, bool) {
	var out [16]byte
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return out, false
	}
	digits := id[0:8] + id[9:13] + id[14:18] + id[19:23] + id[24:36]
	if _, err := hex.Decode(out[:], []byte(digits)); err != nil {
		return out, false
	}
	return out, true
}

// IsUUID4 reports whether id is a UUID in canonical form with version 4 and the RFC 9562 variant.
func IsUUID4(id string) bool {
	b, ok := packUUID(id)
	return ok && b[6]>>4 == 4 && b[8]>>6 == 2
}
