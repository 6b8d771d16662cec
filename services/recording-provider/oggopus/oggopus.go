// Package oggopus reads as much of an Ogg Opus file (RFC 3533, RFC 7845) as is needed to tell that
// a recording is whole: the identification header, the page checksums and the duration. It is pure.
package oggopus

import (
	"bytes"
	"encoding/binary"
	"time"

	"engage.connector/pkg/fault"
)

// Granule positions count at 48 kHz whatever the input's rate was (RFC 7845 section 4).
const granulesPerSecond = 48000

const (
	pageHeaderSize = 27
	flagLast       = 0x04
	noGranule      = ^uint64(0) // no packet ends on the page
	headSize       = 19
)

// Info is what the file says of itself.
type Info struct {
	Channels int
	Pages    int
	Duration time.Duration
	// Whole tells that the last page carries the end-of-stream flag; a recorder that was cut off leaves it out.
	Whole bool
}

// Inspect reads a whole file. It returns an error with code Invalid that names the byte offset when
// the data is no Ogg Opus, when a checksum is wrong, or when the file ends inside a page.
func Inspect(file []byte) (Info, error) {
	info := Info{}
	var preSkip, last uint64
	for offset := 0; offset < len(file); {
		page, err := readPage(file, offset)
		if err != nil {
			return Info{}, err
		}
		if info.Pages == 0 {
			if info.Channels, preSkip, err = readHead(page.body); err != nil {
				return Info{}, err
			}
		}
		if page.granule != noGranule {
			last = page.granule
		}
		info.Whole = page.flags&flagLast != 0
		info.Pages++
		offset += page.size
	}
	if info.Pages == 0 {
		return Info{}, fault.New(fault.Invalid, "oggopus", "the file is empty")
	}
	if last > preSkip {
		info.Duration = time.Duration(last-preSkip) * time.Second / granulesPerSecond
	}
	return info, nil
}

type page struct {
	flags   byte
	granule uint64
	body    []byte
	size    int // of header and body in bytes
}

// readPage reads the page at offset and checks its checksum.
func readPage(file []byte, offset int) (page, error) {
	rest := file[offset:]
	if len(rest) < pageHeaderSize || !bytes.HasPrefix(rest, []byte("OggS")) {
		return page{}, fault.Newf(fault.Invalid, "oggopus", "no Ogg page at byte %d", offset)
	}
	segments := int(rest[26])
	if len(rest) < pageHeaderSize+segments {
		return page{}, fault.Newf(fault.Invalid, "oggopus", "the file ends inside the page at byte %d", offset)
	}
	body := 0
	for _, length := range rest[pageHeaderSize : pageHeaderSize+segments] {
		body += int(length)
	}
	size := pageHeaderSize + segments + body
	if len(rest) < size {
		return page{}, fault.Newf(fault.Invalid, "oggopus", "the file ends inside the page at byte %d", offset)
	}
	if want, got := binary.LittleEndian.Uint32(rest[22:26]), checksum(rest[:size]); want != got {
		return page{}, fault.Newf(fault.Invalid, "oggopus", "the page at byte %d has checksum %08x, its content gives %08x", offset, want, got)
	}
	return page{
		flags: rest[5], granule: binary.LittleEndian.Uint64(rest[6:14]),
		body: rest[pageHeaderSize+segments : size], size: size,
	}, nil
}

// readHead reads the identification header (RFC 7845 section 5.1).
func readHead(body []byte) (channels int, preSkip uint64, err error) {
	if len(body) < headSize || !bytes.HasPrefix(body, []byte("OpusHead")) {
		return 0, 0, fault.New(fault.Invalid, "oggopus", "the first page carries no OpusHead")
	}
	if version := body[8]; version>>4 != 0 {
		return 0, 0, fault.Newf(fault.Invalid, "oggopus", "OpusHead has the incompatible version %d", version)
	}
	if body[9] == 0 {
		return 0, 0, fault.New(fault.Invalid, "oggopus", "OpusHead has no channel")
	}
	return int(body[9]), uint64(binary.LittleEndian.Uint16(body[10:12])), nil
}

// crcTable is Ogg's: polynomial 0x04c11db7, most significant bit first, no inversion (RFC 3533
// section 6), which hash/crc32 cannot express.
var crcTable = makeCRCTable()

func makeCRCTable() [256]uint32 {
	var table [256]uint32
	for i := range table {
		value := uint32(i) << 24
		for range 8 {
			if value&0x80000000 != 0 {
				value = value<<1 ^ crc32Polynomial
			} else {
				value <<= 1
			}
		}
		table[i] = value
	}
	return table
}

const crc32Polynomial = 0x04c11db7

// checksum reads a page with its own checksum field as zero.
func checksum(data []byte) uint32 {
	var sum uint32
	for i, octet := range data {
		if i >= 22 && i < 26 {
			octet = 0
		}
		sum = sum<<8 ^ crcTable[byte(sum>>24)^octet]
	}
	return sum
}
