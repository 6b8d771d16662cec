package host

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

const (
	// fileSuffix turns the name of a secret into the name of the variable that holds its file.
	fileSuffix = "_FILE"
	// maxSecretFile is the largest secret file that is read, in bytes.
	maxSecretFile = 64 << 10
	// maxShownValue is how much of a wrong value a message repeats, in bytes.
	maxShownValue = 80
)

// ownKey is the variable's name in the field's tag, without a prefix.
func ownKey(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("env"), ",")
	return key
}

// mandatory tells whether the field's tag asks for a value.
func mandatory(field reflect.StructField) bool {
	options := strings.Split(field.Tag.Get("env"), ",")[1:]
	return slices.Contains(options, "required") || slices.Contains(options, "notEmpty")
}

// helpOf is the field's help text.
func helpOf(field reflect.StructField, otherwise string) string {
	if help := field.Tag.Get("help"); help != "" {
		return help
	}
	return otherwise
}

// missingFix says what to set; a secret has two ways.
func missingFix(field reflect.StructField, name string) string {
	fix := "set it to " + helpOf(field, "a value")
	if field.Type == reflect.TypeFor[Secret]() {
		fix += ", or " + name + fileSuffix + " to the path of a file that holds it"
	}
	return fix
}

// describe says in our words what the library could not parse, and what to write instead.
func describe(field reflect.StructField, value string, err error) (problem, fix string) {
	shown := shownValue(field, value)
	kind := field.Type.Kind()
	_, reads := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(field.Type))
	switch {
	case reads: // it knows best itself
	case field.Type == reflect.TypeFor[time.Duration]():
		return shown + " is not a duration", "write a number with a unit, such as 500ms, 10s or 1m30s"
	case kind == reflect.Bool:
		return shown + " is neither true nor false", "write true or false"
	case kind >= reflect.Int && kind <= reflect.Uint64:
		return shown + " is not a whole number in range", wholeNumberFix(kind)
	case kind == reflect.Float32 || kind == reflect.Float64:
		return shown + " is not a number", "write a number, such as 1.5"
	}
	return shown + ": " + rootCause(err), "set it to " + helpOf(field, "a valid "+field.Type.String())
}

// wholeNumberFix names the range a number of this kind has.
func wholeNumberFix(kind reflect.Kind) string {
	switch kind {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "write digits only, such as 10"
	default:
		return "write digits only, such as 10 or -1"
	}
}

// shownValue quotes a value, shortened, and hides it when it is a secret.
func shownValue(field reflect.StructField, value string) string {
	if field.Type == reflect.TypeFor[Secret]() {
		return redacted
	}
	if len(value) > maxShownValue {
		value = value[:maxShownValue] + "..."
	}
	return strconv.Quote(value)
}

// rootCause is the innermost text of the library's error, which has no multi-line heading.
func rootCause(err error) string {
	if parse, ok := errors.AsType[env.ParseError](err); ok && parse.Err != nil {
		return parse.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), "env: ")
}

// withSecretFile gives the environment with a secret's file read in; false means a fault was
// recorded.
func (l *loader) withSecretFile(name string) (map[string]string, bool) {
	path := l.environ[name+fileSuffix]
	switch {
	case path == "":
		return l.environ, true
	case l.environ[name] != "":
		l.blame(name, "set twice, directly and by "+name+fileSuffix, "keep one of the two")
		return nil, false
	}
	value, err := readSecret(path)
	if err != nil {
		l.blame(name+fileSuffix, err.Error(), "point it to a readable file that holds only the secret")
		l.unread[name] = true
		return nil, false
	}
	return map[string]string{name: value}, true
}

// readSecret reads a secret's file; the line end that editors leave is not part of the secret.
func readSecret(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	value := strings.TrimRight(string(content), "\r\n")
	switch {
	case len(content) > maxSecretFile:
		return "", fmt.Errorf("the file %s is larger than %d bytes", path, maxSecretFile)
	case value == "":
		return "", fmt.Errorf("the file %s is empty", path)
	}
	return value, nil
}
