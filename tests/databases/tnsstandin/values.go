package tnsstandin

import (
	"fmt"
	"strings"
	"time"
)

// Oracle's data types on the wire, as far as the Config DB needs them.
const (
	typeVarchar     = 1
	typeNumber      = 2
	typeDate        = 12
	typeTimestampTZ = 181
)

// The exponent byte of Oracle's number is 0xC0 plus the count of digit pairs before the point; a
// negative number has all of it inverted and ends with this byte.
const (
	exponentBase   = 0xC0
	negativeEnd    = 102
	maxNumberBytes = 21
)

// encodeNumber turns decimal text into Oracle's number: an exponent, then digits to base 100.
func encodeNumber(text string) []byte {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" && fraction == "" {
		return []byte{0x80}
	}
	if len(whole)%2 == 1 {
		whole = "0" + whole
	}
	if len(fraction)%2 == 1 {
		fraction += "0"
	}
	exponent, all := len(whole)/2, whole+fraction
	for strings.HasPrefix(all, "00") {
		all, exponent = all[2:], exponent-1
	}
	for strings.HasSuffix(all, "00") {
		all = all[:len(all)-2]
	}
	out := []byte{byte(exponentBase + exponent)}
	if negative {
		out[0] = ^out[0]
	}
	for i := 0; i < len(all); i += 2 {
		pair := (all[i]-'0')*10 + all[i+1] - '0'
		if negative {
			out = append(out, 101-pair)
		} else {
			out = append(out, pair+1)
		}
	}
	if negative && len(out) < maxNumberBytes {
		out = append(out, negativeEnd)
	}
	return out
}

// decodeNumber is the inverse of encodeNumber.
func decodeNumber(b []byte) string {
	if len(b) == 0 || b[0] == 0x80 {
		return "0"
	}
	negative, head, pairs := b[0]&0x80 == 0, b[0], b[1:]
	if negative {
		head = ^head
		if len(pairs) > 0 && pairs[len(pairs)-1] == negativeEnd {
			pairs = pairs[:len(pairs)-1]
		}
	}
	exponent := int(head) - exponentBase
	var out strings.Builder
	for i := range max(len(pairs), exponent) {
		pair := 0
		switch {
		case i >= len(pairs):
		case negative:
			pair = 101 - int(pairs[i])
		default:
			pair = int(pairs[i]) - 1
		}
		if i == exponent {
			out.WriteByte('.')
		}
		fmt.Fprintf(&out, "%02d", pair)
	}
	text := strings.TrimLeft(out.String(), "0")
	if text == "" || text[0] == '.' {
		text = "0" + text
	}
	if negative {
		text = "-" + text
	}
	return text
}

// encodeDate writes Oracle's DATE: century and year in excess of 100, times in excess of 1.
func encodeDate(t time.Time) []byte {
	return []byte{
		byte(t.Year()/100 + 100), byte(t.Year()%100 + 100), byte(t.Month()), byte(t.Day()),
		byte(t.Hour() + 1), byte(t.Minute() + 1), byte(t.Second() + 1),
	}
}

// encodeTimestampTZ writes the time in UTC with an offset of zero: hours in excess of 20, minutes
// of 60.
func encodeTimestampTZ(t time.Time) []byte {
	return append(encodeDate(t.UTC()), 0, 0, 0, 0, 20, 60)
}
