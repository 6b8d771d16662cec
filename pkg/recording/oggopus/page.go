package oggopus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	capture        = "OggS"
	pageHeaderSize = 27
	maxSegments    = 255
	maxPage        = pageHeaderSize + maxSegments + maxSegments*255
	flagFirst      = 0x02
	flagLast       = 0x04
	noGranule      = -1 // no packet ends on the page
)

// page is one page, or the end of the file.
type page struct {
	offset   int64
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
	packets  int    // that end on the page
	body     []byte // good until the next page is read
	damaged  bool   // bytes before it were no whole page
	end      string // how the file ended; the rest is unset then
	foreign  bool   // the file does not begin as an Ogg file does
}

// pageReader finds the pages of a file. It holds one page at a time.
type pageReader struct {
	in     *bufio.Reader
	offset int64
}

func newPageReader(file io.Reader) *pageReader {
	return &pageReader{in: bufio.NewReaderSize(file, maxPage)}
}

// next reads the next page whose checksum is right; what lies between is passed over.
func (r *pageReader) next() (page, error) {
	damaged := false
	for {
		head, err := r.in.Peek(pageHeaderSize)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return page{}, err
		case err != nil:
			return r.ended(head, damaged), nil
		case r.offset == 0 && !bytes.HasPrefix(head, []byte(capture)):
			return page{end: "the file does not begin with an Ogg page", foreign: true}, nil
		}
		if bytes.HasPrefix(head, []byte(capture)) {
			p, whole, err := r.read(damaged)
			if err != nil || whole {
				return p, err
			}
		}
		damaged = true
		if err := r.skip(); err != nil {
			return page{}, err
		}
	}
}

// read reads the page that begins here. whole is false when it is not one; a page that the file
// ends inside is returned as the end.
func (r *pageReader) read(damaged bool) (p page, whole bool, err error) {
	size := pageHeaderSize
	for range 2 { // the header tells the length of the table, the table that of the body
		data, err := r.in.Peek(size)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return r.ended(data, damaged), true, nil
			}
			return page{}, false, err
		}
		size = pageHeaderSize + int(data[26])
		if len(data) >= size {
			for _, length := range data[pageHeaderSize:size] {
				size += int(length)
			}
		}
	}
	data, err := r.in.Peek(size)
	switch {
	case errors.Is(err, io.EOF):
		return r.ended(data, damaged), true, nil
	case err != nil:
		return page{}, false, err
	case binary.LittleEndian.Uint32(data[22:26]) != checksum(data):
		return page{}, false, nil
	}
	table := data[pageHeaderSize : pageHeaderSize+int(data[26])]
	p = page{
		offset: r.offset, flags: data[5], granule: int64(binary.LittleEndian.Uint64(data[6:14])),
		serial: binary.LittleEndian.Uint32(data[14:18]), sequence: binary.LittleEndian.Uint32(data[18:22]),
		packets: packetsEnding(table), body: data[pageHeaderSize+len(table):], damaged: damaged,
	}
	r.discard(size)
	return p, true, nil
}

// ended says how the file ended with the bytes that are left.
func (r *pageReader) ended(rest []byte, damaged bool) page {
	switch {
	case r.offset == 0 && len(rest) == 0:
		return page{end: "the file is empty"}
	case r.offset == 0 && !bytes.HasPrefix([]byte(capture), rest[:min(len(rest), len(capture))]):
		return page{end: "the file does not begin with an Ogg page", foreign: true}
	case len(rest) > 0 || damaged:
		return page{end: fmt.Sprintf("the file ends inside the page at byte %d", r.offset)}
	}
	return page{end: "the file ends behind a page"}
}

// skip goes on to where the next page may begin.
func (r *pageReader) skip() error {
	r.discard(1)
	data, err := r.in.Peek(r.in.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	at := bytes.Index(data, []byte(capture))
	if at < 0 {
		at = max(len(data)-len(capture)+1, 0) // the last bytes may begin one
	}
	r.discard(at)
	return nil
}

// more tells whether another page follows directly.
func (r *pageReader) more() bool {
	head, err := r.in.Peek(len(capture))
	return err == nil && string(head) == capture
}

func (r *pageReader) discard(n int) {
	done, _ := r.in.Discard(n) // it was peeked
	r.offset += int64(done)
}

// packetsEnding counts the packets that end on a page: a lacing value below 255 ends one.
func packetsEnding(table []byte) int {
	n := 0
	for _, length := range table {
		if length < maxSegments {
			n++
		}
	}
	return n
}

// crcTable is Ogg's: polynomial 0x04c11db7, most significant bit first, no inversion (RFC 3533
// section 6), which hash/crc32 cannot express.
var crcTable = makeCRCTable()

const crc32Polynomial = 0x04c11db7

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
