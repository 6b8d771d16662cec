package engage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"engage.connector/pkg/fault"
)

// Encode writes an event as one line without its line end, so that Unmarshal of it gives the same event. It
// may be longer than MaxLine.
func Encode(e Event) ([]byte, error) { return Append(nil, e) }

// Append appends what Encode writes: what encoding/json makes of the event, several times faster.
func Append(b []byte, e Event) ([]byte, error) {
	w := writer{b: b}
	w.event(e)
	if w.err != nil {
		return b, fault.Wrap(fault.Invalid, "engage.encode", w.err)
	}
	return w.b, nil
}

// writer appends JSON. The first error counts.
type writer struct {
	b   []byte
	err error
}

func (w *writer) event(e Event) {
	w.raw(`{"cursor":`)
	w.text(e.Cursor)
	w.raw(`,"receivedAt":`)
	w.time(e.ReceivedAt)
	w.raw(`,"server":{"name":`)
	w.text(e.Server.Name)
	w.raw(`,"role":`)
	w.text(e.Server.Role)
	w.raw(`,"startTime":`)
	w.integer(e.Server.StartTime)
	w.raw(`}`)
	if e.Sequence != 0 {
		w.raw(`,"sequence":`)
		w.integer(e.Sequence)
	}
	w.raw(`,"message":`)
	w.text(e.Message)
	if e.Number != 0 {
		w.raw(`,"number":`)
		w.integer(int64(e.Number))
	}
	w.raw(`,"time":`)
	w.time(e.Time)
	w.raw(`,"attributes":`)
	if e.Attributes == nil {
		w.raw("null")
	} else {
		w.object(e.Attributes)
	}
	if e.Link != "" {
		w.raw(`,"link":`)
		w.text(e.Link)
	}
	w.raw(`}`)
}

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

func (w *writer) integer(n int64) { w.b = strconv.AppendInt(w.b, n, 10) }

// object writes a key-value list, by the names of its keys.
func (w *writer) object(all map[string]any) {
	const usual = 16
	var room [usual]string
	keys := slices.AppendSeq(room[:0], maps.Keys(all))
	slices.Sort(keys)
	w.raw("{")
	for i, key := range keys {
		if i > 0 {
			w.raw(",")
		}
		w.text(key)
		w.raw(":")
		w.value(all[key])
	}
	w.raw("}")
}

func (w *writer) value(v any) {
	switch v := v.(type) {
	case string:
		w.text(v)
	case map[string]any:
		if v == nil {
			w.raw("null")
			return
		}
		w.object(v)
	case json.Number:
		w.number(v)
	case nil:
		w.raw("null")
	default:
		w.any(v)
	}
}

// number writes a number as it was read. What is not a whole one is left to encoding/json, which checks it.
func (w *writer) number(n json.Number) {
	const most = 18 // digits
	whole := len(n) > 0 && len(n) <= most && (n[0] != '0' || len(n) == 1)
	for i := range len(n) {
		whole = whole && n[i]-'0' <= 9
	}
	if !whole {
		w.any(n)
		return
	}
	w.raw(string(n))
}

// text writes a text. What does not stand for itself is left to encoding/json.
func (w *writer) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			w.any(s)
			return
		}
	}
	w.raw(`"`)
	w.raw(s)
	w.raw(`"`)
}

func (w *writer) time(at time.Time) {
	if year := at.Year(); at.Location() != time.UTC || year < 0 || year > lastYear {
		w.any(at)
		return
	}
	w.raw(`"`)
	w.b = at.AppendFormat(w.b, time.RFC3339Nano)
	w.raw(`"`)
}

func (w *writer) any(v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		if w.err == nil {
			w.err = fmt.Errorf("event: %w", err)
		}
		return
	}
	w.b = append(w.b, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
