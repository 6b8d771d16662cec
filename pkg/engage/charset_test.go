package engage

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
)

// A line in which one text is in the code page of the server's host and another one in UTF-8.
func mixedLine() []byte {
	return bytes.Replace([]byte(`{"cursor":"1","message":"EventX","time":"2026-11-20T10:00:00Z","attributes":{"UserData":{"a":"M?ller","b":"Łódź"}}}`),
		[]byte("?"), []byte{0xfc}, 1)
}

func TestTextThatIsNotUTF8IsDecodedByTheCharacterSet(t *testing.T) {
	for name, want := range map[string]string{"": "Müller", "windows-1252": "Müller", "iso-8859-5": "Mќller"} {
		t.Run(name, func(t *testing.T) {
			charset, err := NewCharset(name)
			require.NoError(t, err)
			lines := newLineReader(bytes.NewReader(append(mixedLine(), '\n')))
			lines.charset = charset
			counted := 0
			lines.foreign = func() { counted++ }
			require.NoError(t, lines.next())
			e, bad := lines.decode("")
			require.Nil(t, bad)
			require.Equal(t, map[string]string{"a": want, "b": "Łódź"}, e.UserData())
			require.Equal(t, 1, counted)
		})
	}
}

func TestTextInUTF8StaysAsItIs(t *testing.T) {
	lines := newLineReader(strings.NewReader(`{"cursor":"1","message":"EventX","time":"2026-11-20T10:00:00Z","attributes":{"UserData":{"b":"Łódź"}}}` + "\n"))
	lines.foreign = func() { t.Error("counted") }
	require.NoError(t, lines.next())
	e, bad := lines.decode("")
	require.Nil(t, bad)
	require.Equal(t, "Łódź", e.UserData()["b"])
}

func TestAnUnknownCharacterSetIsRefused(t *testing.T) {
	_, err := NewCharset("klingon-1")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	_, err = NewClient(ClientOptions{BaseURL: "http://localhost:1", Charset: "klingon-1"})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

func TestTimesMayLackTheColonInTheirOffset(t *testing.T) {
	want := time.Date(2026, 11, 20, 9, 0, 0, 117312000, time.UTC)
	for _, text := range []string{"2026-11-20T10:00:00.117312+0100", "2026-11-20T10:00:00.117312+01:00", "2026-11-20T09:00:00.117312Z"} {
		e, err := Decode([]byte(`{"cursor":"1","message":"EventX","receivedAt":"` + text + `","time":"` + text + `","attributes":{"at":"` + text + `"}}`))
		require.NoError(t, err, text)
		require.Equal(t, want, e.Time, text)
		require.Equal(t, want, e.ReceivedAt, text)
		require.Equal(t, want, e.SnapshotAt().UTC(), text)
	}
	_, err := Decode([]byte(`{"cursor":"1","message":"EventX","time":"20 November"}`))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}
