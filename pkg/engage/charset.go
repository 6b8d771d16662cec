package engage

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"

	"engage.connector/pkg/fault"
)

// DefaultCharset is what text is taken for that is not UTF-8: the code page of most Engage hosts in
// Europe and America.
const DefaultCharset = "windows-1252"

// Charset decodes text that is not UTF-8. An edge copies attached data as the server has them, and
// strategies and desktops write those in the code page of their host.
type Charset struct{ encoding encoding.Encoding }

// NewCharset finds a character set by its name on the web, such as windows-1252, iso-8859-2 or
// shift_jis; the empty name is DefaultCharset. Errors are *fault.Error with code Invalid.
func NewCharset(name string) (Charset, error) {
	if name == "" {
		name = DefaultCharset
	}
	found, err := htmlindex.Get(name)
	if err != nil {
		return Charset{}, fault.Newf(fault.Invalid, "engage.charset", "%q is no character set that is known", name).
			WithHint("write a name such as windows-1252, iso-8859-2 or shift_jis")
	}
	return Charset{encoding: found}, nil
}

// text returns a line in UTF-8, and whether it had to be decoded. A line may have both: every text in
// quotes is looked at for itself.
func (c Charset) text(line []byte) ([]byte, bool) {
	if utf8.Valid(line) {
		return line, false
	}
	if c.encoding == nil {
		c.encoding = charmap.Windows1252
	}
	parts := bytes.Split(line, []byte{'"'})
	for i, part := range parts {
		if utf8.Valid(part) {
			continue
		}
		if decoded, err := c.encoding.NewDecoder().Bytes(part); err == nil {
			parts[i] = decoded
		}
	}
	return bytes.Join(parts, []byte{'"'}), true
}
