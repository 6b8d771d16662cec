package configdb

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"engage.connector/pkg/fault"
)

// integer is what DBIDs, enumerations and levels are made of.
type integer interface{ ~int | ~int64 }

// numberScanner reads a numeric column, which arrives as integer, decimal text or bytes depending
// on the driver, sometimes padded. NULL is 0.
type numberScanner[T integer] struct{ to *T }

func number[T integer](to *T) *numberScanner[T] { return &numberScanner[T]{to} }

// Scan implements sql.Scanner.
func (s *numberScanner[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s.to = 0
	case int64:
		*s.to = T(v)
	case float64:
		*s.to = T(v)
	case string:
		return s.parse(v)
	case []byte:
		return s.parse(string(v))
	default:
		return unexpected("a number", src)
	}
	return nil
}

func (s *numberScanner[T]) parse(v string) error {
	whole, _, _ := strings.Cut(strings.TrimSpace(v), ".")
	if whole == "" {
		*s.to = 0
		return nil
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return unexpected("a number", v)
	}
	*s.to = T(n)
	return nil
}

// unexpected is a column of another kind than its name promises. The value is not shown: it could
// be anything.
func unexpected(wanted string, src any) error {
	return fault.Newf(fault.Unsupported, "configdb.scan", "%s was expected, not this %T", wanted, src).WithHint(otherNameHint)
}

// textScanner reads a text column; NULL, which is what Oracle makes of an empty text, is empty.
type textScanner struct {
	to      *string
	damaged *int
}

func plainText(to *string) *textScanner { return &textScanner{to: to} }

// text is the destination of a text; damaged ones are counted.
func (r *reader) text(to *string) *textScanner { return &textScanner{to: to, damaged: &r.damaged} }

// Scan implements sql.Scanner. Bytes that are not UTF-8 are replaced, since one damaged name must
// not stop the synchronisation; some drivers have replaced them already.
func (s *textScanner) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s.to = ""
	case string:
		*s.to = v
	case []byte:
		*s.to = string(v)
	case int64:
		*s.to = strconv.FormatInt(v, 10)
	default:
		return unexpected("a text", src)
	}
	if !utf8.ValidString(*s.to) || strings.ContainsRune(*s.to, utf8.RuneError) {
		*s.to = strings.ToValidUTF8(*s.to, string(utf8.RuneError))
		if s.damaged != nil {
			*s.damaged++
		}
	}
	return nil
}

// timeScanner reads a time of the history. The Config DB gives no time zone, so what a clock
// showed is taken as UTC (guide, "Last modified"); numbers count from 1970, in seconds or
// milliseconds. What cannot be read is no time.
type timeScanner struct {
	to    *time.Time
	zoned bool
}

// millisecondsFrom is the number from which on a count since 1970 cannot be in seconds.
const millisecondsFrom = 100_000_000_000

// Scan implements sql.Scanner.
func (s *timeScanner) Scan(src any) error {
	*s.to = time.Time{}
	switch v := src.(type) {
	case time.Time:
		if s.zoned {
			*s.to = v.UTC()
		} else {
			*s.to = time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), time.UTC)
		}
	case int64:
		*s.to = sinceEpoch(v)
	case float64:
		*s.to = sinceEpoch(int64(v))
	case string:
		*s.to = s.parse(v)
	case []byte:
		*s.to = s.parse(string(v))
	}
	return nil
}

func sinceEpoch(n int64) time.Time {
	switch {
	case n <= 0:
		return time.Time{}
	case n >= millisecondsFrom:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}

func (s *timeScanner) parse(v string) time.Time {
	v = strings.TrimSpace(v)
	if n, err := strconv.ParseFloat(v, 64); err == nil {
		return sinceEpoch(int64(n))
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
