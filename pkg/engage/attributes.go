package engage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Attributes are the attributes of an event by their Platform SDK names.
// Numbers are json.Number. The accessors are tolerant: a missing or
// unsuitable value is the zero value.
type Attributes map[string]any

// UnmarshalJSON keeps numbers as they were written, so that 64-bit values
// survive.
func (a *Attributes) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return fmt.Errorf("attributes: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("attributes: more than one value")
	}
	*a = m
	return nil
}

// Text is the attribute as text: numbers and booleans as written, lists and
// objects as compact JSON.
func (a Attributes) Text(key string) string { return text(a[key]) }

// Int is the attribute as a number; also of "12", "0x0c" and 12.0.
func (a Attributes) Int(key string) (int64, bool) { return integer(a[key]) }

// KeyValues is a key-value list with its values as text; nil when the
// attribute is missing or no list.
func (a Attributes) KeyValues(key string) map[string]string {
	switch v := a[key].(type) {
	case map[string]any:
		return keyValues(v)
	case Attributes:
		return keyValues(v)
	case map[string]string:
		return v
	default:
		return nil
	}
}

// Time is the attribute as a point in time, UTC: RFC 3339 text, or seconds
// since 1970 (values of the year 5138 and later are taken as milliseconds).
func (a Attributes) Time(key string) (time.Time, bool) { return timeOf(a[key]) }

func keyValues(m map[string]any) map[string]string {
	kv := make(map[string]string, len(m))
	for k, v := range m {
		kv[k] = text(v)
	}
	return kv
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	default:
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return ""
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case json.Number:
		return parseInteger(v.String())
	case string:
		return parseInteger(strings.TrimSpace(v))
	case int:
		return int64(v), true
	case int64:
		return v, true
	case float64:
		return wholeFloat(v)
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	default:
		return 0, false
	}
}

func parseInteger(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if hex, ok := cutHexPrefix(s); ok {
		n, err := strconv.ParseInt(hex, 16, 64)
		return n, err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	return wholeFloat(f)
}

// maxExact is the greatest magnitude up to which a float64 holds every whole
// number.
const maxExact = 1 << 53

func wholeFloat(f float64) (int64, bool) {
	if f != math.Trunc(f) || math.Abs(f) > maxExact { // NaN is unequal to itself
		return 0, false
	}
	return int64(f), true
}

func cutHexPrefix(s string) (string, bool) {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		return s[2:], true
	}
	return "", false
}

// Bounds of a number that stands for a point in time.
const (
	maxEpochSeconds = 100_000_000_000 // greater ones are milliseconds
	maxEpochMillis  = 253_402_300_799_999
)

func timeOf(v any) (time.Time, bool) {
	if s, ok := v.(string); ok {
		if t, err := parseTime(s); err == nil {
			return t.UTC(), true
		}
	}
	s := text(v)
	r, ok := new(big.Rat), false
	if len(s) > 0 && len(s) <= 32 && strings.Trim(s, "0123456789.") == "" {
		r, ok = r.SetString(s)
	}
	if !ok {
		return time.Time{}, false
	}
	unit := int64(time.Second / time.Microsecond)
	if r.Cmp(big.NewRat(maxEpochSeconds, 1)) >= 0 {
		unit = int64(time.Millisecond / time.Microsecond)
	}
	if r.Cmp(big.NewRat(maxEpochMillis, 1)) > 0 {
		return time.Time{}, false
	}
	r.Mul(r, big.NewRat(unit, 1))
	micros := new(big.Int).Quo(r.Num(), r.Denom())
	return time.UnixMicro(micros.Int64()).UTC(), true
}

// connIDDigits is the length of a ConnID in server logs and in the feed.
const connIDDigits = 16

// connID reads 16 hex digits, 0x and hex digits, or a decimal number (signed
// when it comes from a language without unsigned numbers). A text of exactly
// 16 digits is hex, because that is how the servers print it.
func connID(v any) string {
	var s string
	switch v := v.(type) {
	case json.Number:
		return formatConnID(v.String(), 10)
	case string:
		s = strings.TrimSpace(v)
	default:
		return ""
	}
	if hex, ok := cutHexPrefix(s); ok {
		return formatConnID(hex, 16)
	}
	if len(s) != connIDDigits {
		if id := formatConnID(s, 10); id != "" {
			return id
		}
	}
	return formatConnID(s, 16)
}

func formatConnID(s string, base int) string {
	n, err := strconv.ParseUint(s, base, 64)
	if err != nil {
		signed, serr := strconv.ParseInt(s, base, 64)
		if serr != nil {
			return ""
		}
		n = uint64(signed) // the bits are wanted: a language without unsigned numbers wrote it
	}
	if n == 0 {
		return ""
	}
	hex := strconv.FormatUint(n, 16)
	return strings.Repeat("0", connIDDigits-len(hex)) + hex
}

// linkUUIDLength is the length of an IS-Link's UUID, the same as a CallUUID's.
const linkUUIDLength = 32

// isLinks collects UUIDs from a list, from a text with separators, or from a
// key-value list, whose layout is not publicly documented: there the value is
// the UUID when it has the length of one, else the key.
func isLinks(v any) []string {
	links := appendLinks(nil, v, 0)
	slices.Sort(links)
	return slices.Compact(links)
}

func appendLinks(links []string, v any, depth int) []string {
	const deepest = 2
	if depth > deepest {
		return links
	}
	switch v := v.(type) {
	case string:
		return append(links, strings.FieldsFunc(v, func(r rune) bool {
			return r == ',' || r == ';' || r == ' ' || r == '|'
		})...)
	case []any:
		for _, item := range v {
			links = appendLinks(links, item, depth+1)
		}
	case map[string]any:
		for key, value := range v {
			if s, ok := value.(string); ok && len(s) == linkUUIDLength {
				key = s
			}
			links = append(links, key)
		}
	}
	return links
}
