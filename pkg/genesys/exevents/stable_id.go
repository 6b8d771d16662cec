package exevents

import (
	"crypto/sha256"

	"github.com/google/uuid"
)

// StableID derives a UUID from names: the same parts always give the same id, so that a repeated
// computation of an event repeats its eventId. The API wants the V4 form (random bits, version 4,
// RFC 9562 5.4); the bits here are those of a SHA-256, which is indistinguishable to the receiver.
// The parts are separated, so ("a", "bc") differs from ("ab", "c").
func StableID(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	var id uuid.UUID
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// isV4 reports whether a text is a UUID of version 4, the form the injection API asks for.
func isV4(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && len(text) == 36 && id.Version() == 4
}
