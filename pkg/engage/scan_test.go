package engage

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sameAsEncodingJSON checks what the scanner makes of a line, and again when it remembers its texts; it tells
// whether the scanner took the line.
func sameAsEncodingJSON(t require.TestingT, line []byte) bool {
	want, err := unmarshalAny(line)
	var remembered texts
	took := false
	for _, texts := range []*texts{nil, &remembered, &remembered} {
		got, ok := scan(bytes.Clone(line), texts)
		if !ok {
			continue
		}
		took = true
		require.NoError(t, err, "%s", line)
		require.True(t, reflect.DeepEqual(want, got), "%s\n%#v\n%#v", line, want, got)
	}
	return took
}

func TestTheScannerTakesWhatEdgesSend(t *testing.T) {
	samples, err := os.ReadFile(filepath.Join("testdata", "samples.ndjson"))
	require.NoError(t, err)
	for line := range bytes.Lines(samples) {
		sameAsEncodingJSON(t, line)
	}
	for name, line := range map[string]string{
		"feed contract": `{"cursor":"000000000000002a","receivedAt":"2026-11-20T10:00:00.120Z","server":{"name":"SIPS_A","role":"primary","startTime":1763600000},` +
			`"sequence":4711,"message":"EventQueued","number":57,"time":"2026-11-20T10:00:00.117312Z","attributes":{"ThisDN":"VQ_Sales","CallType":2,"UserData":{"language_code":"de-DE"},"Extensions":{}}}`,
		"space":     "\t{ \"message\" : \"M\" , \"attributes\" : { \"a\" : [ 1 , \"x\" , null , true , false , { } , [ ] ] } } \r\n",
		"no member": `{}`,
		"numbers":   `{"sequence":-0,"attributes":{"a":-0,"b":0.10,"c":1E5,"d":-1.5e-3,"e":18446744073709551615}}`,
		"escapes":   `{"message":"M","attributes":{"a":"say \"no\"\n","b":"\ud83d\ude00","c":"\ud83d","d":"\\","e":"Grüße"}}`,
		"no UTF-8":  "{\"message\":\"M\",\"attributes\":{\"a\":\"Gr\xfc\xdfe\"}}",
		"twice":     `{"attributes":{"a":{"b":1},"a":{"c":2}}}`,
		"leap day":  `{"time":"2028-02-29T23:59:59.999999999Z","receivedAt":"0000-01-01T00:00:00Z"}`,
		"link":      `{"link":"call@SIPS_A","server":{}}`,
	} {
		require.True(t, sameAsEncodingJSON(t, []byte(line)), name)
	}
}

// What the scanner leaves to encoding/json is either an error or in a form that edges seldom use.
func TestTheScannerLeavesTheRest(t *testing.T) {
	for name, line := range map[string]string{
		"nothing":          ``,
		"other letters":    `{"Cursor":"1"}`,
		"unknown":          `{"more":1}`,
		"twice":            `{"message":"a","message":"b"}`,
		"two values":       `{} {}`,
		"null":             `{"server":null}`,
		"no attributes":    `{"attributes":null}`,
		"list":             `{"attributes":[]}`,
		"escaped name":     `{"mess\u0061ge":"M"}`,
		"escaped text":     `{"message":"\u0041"}`,
		"a comma too many": `{"attributes":{"a":1,}}`,
		"no comma":         `{"attributes":{"a":1 "b":2}}`,
		"leading zero":     `{"attributes":{"a":01}}`,
		"plus":             `{"attributes":{"a":+1}}`,
		"point":            `{"attributes":{"a":1.}}`,
		"exponent":         `{"attributes":{"a":1e}}`,
		"fraction":         `{"sequence":1.5}`,
		"too large":        `{"sequence":9223372036854775808}`,
		"large":            `{"sequence":1000000000000000000}`,
		"no such day":      `{"time":"2026-02-29T10:00:00Z"}`,
		"no such month":    `{"time":"2026-13-01T10:00:00Z"}`,
		"hour 24":          `{"time":"2026-11-20T24:00:00Z"}`,
		"leap second":      `{"time":"2026-11-20T23:59:60Z"}`,
		"offset":           `{"time":"2026-11-20T10:00:00+01:00"}`,
		"no colon":         `{"time":"2026-11-20T10:00:00+0100"}`,
		"comma":            `{"time":"2026-11-20T10:00:00,5Z"}`,
		"ten digits":       `{"time":"2026-11-20T10:00:00.1234567891Z"}`,
		"no digits":        `{"time":"2026-11-20T10:00:00.Z"}`,
		"cut":              `{"message":"M`,
		"cut escape":       `{"attributes":{"a":"\`,
		"control":          "{\"attributes\":{\"a\":\"\x01\"}}",
		"deep":             `{"attributes":` + strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40) + `}`,
	} {
		require.False(t, sameAsEncodingJSON(t, []byte(line)), name)
	}
}

func TestWhatEncodeWritesIsScanned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Event{
			Cursor: "1", Message: "M", Link: rapid.StringMatching(`[a-z@]{0,8}`).Draw(t, "link"),
			Time:       time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC(),
			ReceivedAt: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "received")).UTC(),
			Sequence:   rapid.Int64Range(0, 1e17).Draw(t, "sequence"), Number: rapid.IntRange(0, 200).Draw(t, "number"),
			Attributes: Attributes{
				"n": json.Number("18446744073709551615"), "s": rapid.StringOf(rapid.Rune()).Draw(t, "s"),
				"kv": map[string]any{"k": rapid.StringN(0, 80, -1).Draw(t, "k")}, "none": nil, "yes": true, "list": []any{"x", false},
			},
		}
		line, err := Encode(e)
		require.NoError(t, err)
		require.True(t, sameAsEncodingJSON(t, line))
	})
}

func FuzzScan(f *testing.F) {
	samples, err := os.ReadFile(filepath.Join("testdata", "samples.ndjson"))
	require.NoError(f, err)
	for line := range bytes.Lines(samples) {
		f.Add(line)
	}
	f.Add([]byte(`{"time":"2026-02-29T10:00:00Z","sequence":01,"attributes":{"a":[1,{"b":"\u0041"}],"c":-1.5e+3}}`))
	f.Fuzz(func(t *testing.T, line []byte) { sameAsEncodingJSON(t, line) })
}
