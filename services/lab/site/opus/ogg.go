package opus

import "encoding/binary"

// Flags of an Ogg page's header type (RFC 3533 section 6).
const (
	flagFirst = 0x02
	flagLast  = 0x04
)

// crcTable returns the table of Ogg's CRC: polynomial 0x04c11db7, not reflected, start 0.
func crcTable() *[256]uint32 {
	var table [256]uint32
	for i := range table {
		r := uint32(i) << 24
		for range 8 {
			if r&0x80000000 != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		table[i] = r
	}
	return &table
}

// pager writes packets of one logical stream into Ogg pages.
type pager struct {
	out      []byte
	crc      *[256]uint32
	serial   uint32
	sequence uint32
}

// lacing returns the segment lengths of a packet (RFC 3533: 255s and a rest below 255).
func lacing(packet []byte) []byte {
	out := make([]byte, 0, len(packet)/255+1)
	n := len(packet)
	for n >= 255 {
		out = append(out, 255)
		n -= 255
	}
	return append(out, byte(n))
}

// page appends one page of whole packets. granule is the position at its end, in samples of 48 kHz.
func (p *pager) page(flags byte, granule uint64, packets ...[]byte) {
	start := len(p.out)
	p.out = append(p.out, "OggS\x00"...)
	p.out = append(p.out, flags)
	p.out = binary.LittleEndian.AppendUint64(p.out, granule)
	p.out = binary.LittleEndian.AppendUint32(p.out, p.serial)
	p.out = binary.LittleEndian.AppendUint32(p.out, p.sequence)
	checksum := len(p.out)
	p.out = append(p.out, 0, 0, 0, 0)
	table := []byte{}
	for _, packet := range packets {
		table = append(table, lacing(packet)...)
	}
	p.out = append(append(p.out, byte(len(table))), table...)
	for _, packet := range packets {
		p.out = append(p.out, packet...)
	}
	var crc uint32
	for _, b := range p.out[start:] {
		crc = crc<<8 ^ p.crc[byte(crc>>24)^b]
	}
	binary.LittleEndian.PutUint32(p.out[checksum:], crc)
	p.sequence++
}
