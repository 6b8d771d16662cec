package engage

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"engage.connector/pkg/fault"
)

const (
	readBuffer = 64 << 10
	// keptOfBad is how much of a malformed line is kept for the operator.
	keptOfBad = 4 << 10
	// maxSkipped bounds how long a line without an end is skipped before the
	// connection counts as broken.
	maxSkipped = 256 << 20
)

// BadLine is a line that could not be decoded, or was too long to try.
type BadLine struct {
	// Cursor is the line's own cursor, "" when it cannot be told: then the
	// stored cursor stays where it is, and the line comes again after a
	// reconnect.
	Cursor string
	After  string // cursor of the line before
	Reason string
	Size   int    // bytes of the whole line
	Line   []byte // its first 4 KiB
}

// lineReader cuts a stream into lines. A line longer than MaxLine is skipped
// without ever being in memory as a whole.
type lineReader struct {
	r       *bufio.Reader
	line    []byte // of the last next, reused
	size    int    // of the whole line, kept or not
	before  func() // called before each wait for input
	after   func()
	decoder Decoder
	// charset decodes lines that are not UTF-8, foreign counts them.
	charset Charset
	foreign func()
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, readBuffer), before: func() {}, after: func() {}, foreign: func() {}}
}

// next reads the next line that is not empty. Its bytes are valid until the
// following call. After an error, line is what came of an unfinished line.
func (l *lineReader) next() error {
	for {
		err := l.read()
		if err != nil || l.size > 0 {
			return err
		}
	}
}

func (l *lineReader) read() error {
	l.line, l.size = l.line[:0], 0
	for {
		l.before()
		chunk, err := l.r.ReadSlice('\n')
		l.after()
		l.size += len(chunk)
		l.keep(chunk)
		switch {
		case err == nil:
			l.trim()
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			l.trim()
			return err
		case l.size > maxSkipped:
			return fault.New(fault.TooLarge, "engage.read", "a line without an end")
		}
	}
}

// keep appends to the line until it is too long, and then shrinks it to what
// the operator gets to see.
func (l *lineReader) keep(chunk []byte) {
	const lineEnd = 2
	if l.size <= MaxLine+lineEnd {
		l.line = append(l.line, chunk...)
		return
	}
	if len(l.line) < keptOfBad {
		l.line = append(l.line, chunk[:min(len(chunk), keptOfBad-len(l.line))]...)
	}
	l.line = l.line[:min(len(l.line), keptOfBad)]
}

func (l *lineReader) trim() {
	kept := len(l.line)
	if kept == l.size { // a shortened line does not hold the line end
		l.line = bytes.TrimRight(l.line, "\r\n")
		l.size = len(l.line)
	}
}

// buffered tells whether another whole line can be read without waiting.
func (l *lineReader) buffered() bool {
	waiting, err := l.r.Peek(l.r.Buffered())
	return err == nil && bytes.IndexByte(waiting, '\n') >= 0
}

// decode makes an event or a bad line of the last line read. previous is the
// cursor of the line before.
func (l *lineReader) decode(previous string) (Event, *BadLine) {
	if l.size > MaxLine {
		return Event{}, l.bad("the line is longer than 1 MiB", previous)
	}
	line, decoded := l.charset.text(l.line)
	if decoded {
		l.foreign()
	}
	e, err := l.decoder.Decode(line)
	if err != nil {
		return Event{}, l.bad(err.Error(), previous)
	}
	return e, nil
}

func (l *lineReader) bad(reason, previous string) *BadLine {
	return &BadLine{
		Cursor: cursorOf(l.line),
		After:  previous,
		Reason: reason,
		Size:   l.size,
		Line:   bytes.Clone(l.line[:min(len(l.line), keptOfBad)]),
	}
}

// Replay reads a captured feed and calls fn with each event and bad with each
// line that is none, in order; heartbeats are left out. It ends with the
// first error of fn, bad or r; the end of the capture is no error.
func Replay(r io.Reader, fn func(Event) error, bad func(BadLine) error) error {
	lines := newLineReader(r)
	previous := ""
	for {
		err := lines.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return fault.Wrap(fault.Internal, "engage.replay", err)
		}
		last := err != nil
		if last && lines.size == 0 {
			return nil
		}
		e, broken := lines.decode(previous)
		switch {
		case broken != nil:
			previous = firstOf(broken.Cursor, previous)
			err = bad(*broken)
		case e.Message == MsgHeartbeat:
			err = nil
		default:
			previous = e.Cursor
			err = fn(e)
		}
		if err != nil || last {
			return err
		}
	}
}
