package engage

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is written is, to the byte, what encoding/json writes.
func TestEventsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	check := func(t require.TestingT, e Event) {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		err := enc.Encode(e)
		got, gotErr := Append([]byte("before"), e)
		if err != nil {
			require.Error(t, gotErr)
			require.Equal(t, "before", string(got))
			return
		}
		require.NoError(t, gotErr)
		require.Equal(t, "before"+want.String(), string(got)+"\n")
	}
	at := time.Date(2026, 11, 20, 10, 0, 0, 120_000_000, time.UTC)
	check(t, Event{})
	check(t, Event{Time: at.In(time.FixedZone("", 3600)), ReceivedAt: at.AddDate(9000, 0, 0)})
	check(t, Event{Time: at, Attributes: Attributes{"a": json.Number("1x")}})
	check(t, Event{Time: at, Attributes: Attributes{
		"no": nil, "none": map[string]any(nil), "list": []any{1.5, "x", nil}, "int": 12, "bool": true, "html": "<&>", "sep": "\u2028",
		"odd": json.Number(""), "zero": json.Number("0"), "zeros": json.Number("00"), "minus": json.Number("-7"), "long": json.Number("18446744073709551615"),
		"float": json.Number("1.50e3"), "texts": map[string]string{"b": "1", "a": "\x00"}, "bad": "Gr\xfc\xdfe", "deep": map[string]any{"z": map[string]any{}, "a\"": "\\"},
	}})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 12, -1)
		attributes := Attributes{}
		for range rapid.IntRange(0, 20).Draw(t, "attributes") {
			attributes[text.Draw(t, "key")] = text.Draw(t, "value")
		}
		check(t, Event{
			Cursor: text.Draw(t, "cursor"), Message: text.Draw(t, "message"), Link: text.Draw(t, "link"), Attributes: attributes,
			Server:   Server{Name: text.Draw(t, "server"), Role: text.Draw(t, "role"), StartTime: rapid.Int64().Draw(t, "start")},
			Sequence: rapid.Int64().Draw(t, "sequence"), Number: rapid.Int().Draw(t, "number"),
			Time: time.Unix(rapid.Int64Range(-1e11, 3e11).Draw(t, "time"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC(),
		})
	})
}
