package conversation

import (
	"crypto/sha256"
	"encoding/hex"
)

// stableID is genesys.StableID without its allocations: ids are a good part of what a conversation
// costs.
func stableID(parts ...string) string {
	var room [256]byte
	text := room[:0]
	for _, part := range parts {
		text = append(append(text, part...), 0)
	}
	const (
		size    = 16
		version = 6
		variant = 8
	)
	sum := sha256.Sum256(text)
	sum[version] = sum[version]&0x0f | 0x40
	sum[variant] = sum[variant]&0x3f | 0x80
	var id [36]byte
	hex.Encode(id[:8], sum[:4])
	hex.Encode(id[9:13], sum[4:6])
	hex.Encode(id[14:18], sum[6:8])
	hex.Encode(id[19:23], sum[8:10])
	hex.Encode(id[24:], sum[10:size])
	id[8], id[13], id[18], id[23] = '-', '-', '-', '-'
	return string(id[:])
}
