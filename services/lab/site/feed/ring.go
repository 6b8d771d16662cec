package feed

import (
	"fmt"
	"strconv"
	"time"
)

// ring holds the last lines of a link, bounded by number and by bytes. Cursors are consecutive
// numbers, so a line is found by subtraction.
type ring struct {
	maxLines int
	maxBytes int

	base    uint64 // the cursor before the first line ever
	oldest  uint64 // cursor of lines[0]
	lines   []heldLine
	bytes   int
	dropped dropRange
}

type heldLine struct {
	data     []byte
	received time.Time // by the edge
	stamp    time.Time // of the server
}

// dropRange is the time range of the lines that are no longer held.
type dropRange struct {
	from, to time.Time
}

// newRing starts a ring whose cursors lie above those of any ring that was started earlier: the
// upper bits are the start in milliseconds. A client may come back with a cursor of the edge's
// last life, and has to be told of the gap.
func newRing(start time.Time, maxLines, maxBytes int) *ring {
	base := uint64(start.UnixMilli()) << 20
	return &ring{maxLines: maxLines, maxBytes: maxBytes, base: base, oldest: base + 1}
}

// next is the cursor of the line that comes next.
func (r *ring) next() uint64 { return r.oldest + uint64(len(r.lines)) }

// append takes a line and lets go of the oldest ones that exceed the bounds.
func (r *ring) append(line heldLine) {
	r.lines = append(r.lines, line)
	r.bytes += len(line.data)
	drop := 0
	for (len(r.lines)-drop > r.maxLines || r.bytes > r.maxBytes) && len(r.lines)-drop > 1 {
		r.bytes -= len(r.lines[drop].data)
		drop++
	}
	if drop == 0 {
		return
	}
	if r.dropped.from.IsZero() {
		r.dropped.from = r.lines[0].received
	}
	r.dropped.to = r.lines[drop-1].received
	clear(r.lines[:drop])
	r.lines = r.lines[drop:]
	r.oldest += uint64(drop)
}

// gap tells that lines after the cursor are lost, or that the cursor is none of this ring.
func (r *ring) gap(after uint64) bool { return after >= r.next() || after+1 < r.oldest }

// after returns the lines after the cursor, as far as they are held.
func (r *ring) after(cursor uint64) []heldLine {
	if r.gap(cursor) {
		return r.lines
	}
	return r.lines[cursor+1-r.oldest:]
}

// formatCursor renders a cursor as the 16 hexadecimal digits of the feed.
func formatCursor(c uint64) string { return fmt.Sprintf("%016x", c) }

// parseCursor is the reverse of formatCursor.
func parseCursor(s string) (uint64, error) {
	if len(s) != 16 {
		return 0, fmt.Errorf("after: %q is no cursor of this edge", s)
	}
	c, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("after: %q is no cursor of this edge", s)
	}
	return c, nil
}
