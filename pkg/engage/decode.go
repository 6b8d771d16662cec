package engage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"engage.connector/pkg/fault"
)

// MaxLine is the length of the longest line that a feed may carry, without
// its line end.
const MaxLine = 1 << 20

// Years that an event may lie in; others cannot be written back as RFC 3339.
const (
	firstYear = 1970
	lastYear  = 9999
)

// Decoder reads events. It remembers texts that come again, so whoever reads many events keeps one; it is
// used from one goroutine. The zero value is ready.
type Decoder struct{ texts texts }

// Decode reads one line of a feed. Unknown messages and attributes are kept.
// A line that is too long, no JSON object, or lacks the message, the cursor
// or any time is a *fault.Error with code TooLarge or Invalid. Without the
// server's time the edge's ReceivedAt stands in for it.
func (d *Decoder) Decode(line []byte) (Event, error) { return decode(line, &d.texts) }

// Unmarshal reads what Encode wrote.
func (d *Decoder) Unmarshal(data []byte) (Event, error) { return unmarshal(data, &d.texts) }

// Decode is Decoder.Decode of a single line.
func Decode(line []byte) (Event, error) { return decode(line, nil) }

// Unmarshal is Decoder.Unmarshal of a single event.
func Unmarshal(data []byte) (Event, error) { return unmarshal(data, nil) }

func decode(line []byte, texts *texts) (Event, error) {
	const op = "engage.decode"
	if len(line) > MaxLine {
		return Event{}, fault.Newf(fault.TooLarge, op, "%d bytes, at most %d", len(line), MaxLine)
	}
	e, err := unmarshal(line, texts)
	if err != nil {
		return Event{}, fault.Wrap(fault.Invalid, op, err)
	}
	e.ReceivedAt = e.ReceivedAt.UTC()
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	if e.Time.IsZero() {
		e.Time = e.ReceivedAt.Truncate(time.Microsecond)
	}
	switch {
	case e.Message == "":
		return Event{}, fault.New(fault.Invalid, op, "no message")
	case e.Message == MsgHeartbeat: // it has no place among the events
		return e, nil
	case e.Cursor == "":
		return Event{}, fault.New(fault.Invalid, op, "no cursor")
	case e.Time.IsZero():
		return Event{}, fault.New(fault.Invalid, op, "neither time nor receivedAt")
	case !plausible(e.Time), !e.ReceivedAt.IsZero() && !plausible(e.ReceivedAt):
		return Event{}, fault.New(fault.Invalid, op, "time out of range")
	}
	return e, nil
}

// unmarshal reads an event. Nearly all are in the form that the scanner knows. Nearly all others have times
// as RFC 3339 has them; the form of edges that write an offset without a colon is tried last.
func unmarshal(line []byte, texts *texts) (Event, error) {
	if e, ok := scan(line, texts); ok {
		return e, nil
	}
	return unmarshalAny(line)
}

func unmarshalAny(line []byte) (Event, error) {
	var e Event
	err := json.Unmarshal(line, &e)
	if err == nil {
		return e, nil
	}
	type plain Event
	loose := struct {
		*plain
		ReceivedAt looseTime `json:"receivedAt"`
		Time       looseTime `json:"time"`
	}{plain: (*plain)(&e)}
	if json.Unmarshal(line, &loose) != nil {
		return Event{}, err
	}
	e.ReceivedAt, e.Time = time.Time(loose.ReceivedAt), time.Time(loose.Time)
	return e, nil
}

// looseTime is RFC 3339 with or without the colon in the offset.
type looseTime time.Time

// noColon is RFC 3339 with an offset such as +0100, as many Java programs write it.
const noColon = "2006-01-02T15:04:05.999999999Z0700"

// UnmarshalJSON reads either form.
func (t *looseTime) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	at, err := parseTime(text)
	*t = looseTime(at)
	return err
}

func parseTime(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err == nil {
		return at, nil
	}
	if at, loose := time.Parse(noColon, text); loose == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("time: %w", err)
}

func plausible(t time.Time) bool { return t.Year() >= firstYear && t.Year() <= lastYear }

// maxCursor bounds what is taken for a cursor out of a broken line.
const maxCursor = 128

// cursorOf finds the cursor of a line that could not be decoded. Only a
// cursor that is the line's first key is trusted: one found elsewhere could
// be an attribute's, and resuming there would skip events.
func cursorOf(line []byte) string {
	rest := bytes.TrimLeft(line[:min(len(line), 2*maxCursor)], " \t")
	for _, token := range []string{"{", `"cursor"`, ":", `"`} {
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, []byte(token)); !ok {
			return ""
		}
		if token != `"` {
			rest = bytes.TrimLeft(rest, " \t")
		}
	}
	end := bytes.IndexByte(rest, '"')
	if end <= 0 || end > maxCursor {
		return ""
	}
	for _, c := range rest[:end] {
		if c <= ' ' || c == '\\' || c >= 0x7f {
			return ""
		}
	}
	return string(rest[:end])
}
