// Package oggopus judges Ogg Opus files (RFC 3533, RFC 7845): whether a recording is whole, not yet
// whole, or none at all. It reads a stream of any length in constant memory.
package oggopus

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"
)

// Verdict says what a file is.
type Verdict string

// The verdicts. What is NotYet whole may become so while its recorder is still writing; None never.
const (
	Whole  Verdict = "whole"
	NotYet Verdict = "not yet whole"
	None   Verdict = "no recording"
)

// Report is the verdict about a file and what the file says of itself.
type Report struct {
	Verdict  Verdict
	Reason   string // why the file is not whole
	Channels int
	Pages    int
	Packets  int           // of audio
	Holes    int           // places where pages are missing or damaged
	Duration time.Duration // by the granule positions
}

// granulesPerSecond: granule positions count at 48 kHz whatever the input's rate was (RFC 7845 section 4).
const granulesPerSecond = 48000

// Judge reads a file to the end of its stream; what comes behind it, such as tags or padding, is
// not read. The error is that of the reader.
func Judge(file io.Reader) (Report, error) {
	pages, judge := newPageReader(file), &judge{}
	for judge.report.Verdict == "" {
		p, err := pages.next()
		switch {
		case err != nil:
			return Report{}, err
		case p.end != "":
			judge.fileEnds(p)
		default:
			judge.report.Pages++
			judge.page(p)
		}
	}
	judge.finish(pages)
	return judge.report, nil
}

// judge is what was seen of a file so far.
type judge struct {
	report   Report
	serial   uint32
	sequence uint32 // of the last page
	preSkip  uint64
	granule  int64 // the last one
	tags     bool  // the comment header is complete
}

// conclude sets the verdict.
func (j *judge) conclude(v Verdict, format string, args ...any) {
	j.report.Verdict, j.report.Reason = v, fmt.Sprintf(format, args...)
}

// page takes in one page whose checksum is right.
func (j *judge) page(p page) {
	if j.report.Pages == 1 {
		j.firstPage(p)
		return
	}
	switch {
	case p.serial != j.serial || p.flags&flagFirst != 0:
		j.conclude(None, "the page at byte %d belongs to another logical stream", p.offset)
		return
	case p.sequence != j.sequence+1 || p.damaged:
		j.report.Holes++
	}
	j.sequence = p.sequence
	if !j.tags {
		j.commentPage(p)
	} else {
		j.audioPage(p)
	}
	if j.report.Verdict == "" && p.flags&flagLast != 0 {
		j.streamEnds()
	}
}

// firstPage reads the identification header (RFC 7845 section 5.1).
func (j *judge) firstPage(p page) {
	const headSize = 19
	head := p.body
	j.serial, j.sequence = p.serial, p.sequence
	switch {
	case p.offset > 0 || p.flags&flagFirst == 0 || len(head) < headSize || !bytes.HasPrefix(head, []byte("OpusHead")):
		j.conclude(None, "the file does not begin with the identification header OpusHead")
	case head[8]>>4 != 0:
		j.conclude(None, "OpusHead has the incompatible version %d", head[8])
	case head[9] == 0:
		j.conclude(None, "OpusHead names no channel")
	case p.flags&flagLast != 0:
		j.conclude(None, "the stream ends with its identification header")
	default:
		j.report.Channels, j.preSkip = int(head[9]), uint64(binary.LittleEndian.Uint16(head[10:12]))
	}
}

// commentPage reads a page of the comment header, which may fill several and ends its last one.
func (j *judge) commentPage(p page) {
	if j.report.Pages == 2 && !bytes.HasPrefix(p.body, []byte("OpusTags")) {
		j.conclude(None, "the comment header OpusTags is missing at byte %d", p.offset)
	}
	j.tags = p.packets > 0
}

// audioPage counts the packets and follows the granule position, which must not go back.
func (j *judge) audioPage(p page) {
	j.report.Packets += p.packets
	switch {
	case p.granule == noGranule:
	case p.granule < j.granule:
		j.conclude(None, "the page at byte %d has the impossible granule position %d", p.offset, p.granule)
	default:
		j.granule = p.granule
	}
}

func (j *judge) streamEnds() {
	if j.report.Packets == 0 {
		j.conclude(None, "the stream ends without audio")
		return
	}
	j.report.Verdict = Whole
}

// fileEnds concludes about a file that ends before its stream does.
func (j *judge) fileEnds(p page) {
	switch {
	case p.foreign:
		j.conclude(None, "%s", p.end)
	case j.report.Packets == 0:
		j.conclude(NotYet, "%s; there is no audio yet", p.end)
	default:
		j.conclude(NotYet, "%s; the end of the stream is missing", p.end)
	}
}

// finish computes the duration, and looks whether another stream follows the one that has ended.
func (j *judge) finish(pages *pageReader) {
	if played := j.granule - int64(j.preSkip); played > 0 {
		seconds := float64(played) / granulesPerSecond
		j.report.Duration = time.Duration(min(seconds*float64(time.Second), math.MaxInt64/2))
	}
	if j.report.Verdict == Whole && pages.more() {
		j.conclude(None, "another logical stream follows the first")
	}
}
