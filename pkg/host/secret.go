package host

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted stands wherever a secret would have been printed.
const redacted = "[redacted]"

// Secret is a password or token. However it is printed, logged or marshalled it shows only that
// there is one; Reveal is the single way to its value. A configuration field of this type can
// also be given as a file: the variable's name with _FILE appended holds the path.
type Secret string

// Reveal gives the value to the code that has to use it.
func (s Secret) Reveal() string { return string(s) }

// String hides the value; an empty secret stays empty, so that one sees it is missing.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("host.Secret(%q)", s.String()) }

// Format hides the value from every verb; without it a wrong verb such as %d would print it.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	_, _ = io.WriteString(f, text)
}

// MarshalText hides the value from JSON and other encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the value from structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
