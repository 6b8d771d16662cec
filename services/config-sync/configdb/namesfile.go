package configdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxNamesFile bounds the file of names.
const maxNamesFile = 64 << 10

// LoadNames reads a JSON file of names: one object of texts, whose keys are those of Names. An
// empty path is no file. Every fault is reported, with its line.
func LoadNames(path string) (Names, error) {
	if path == "" {
		return Names{}, nil
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return Names{}, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxNamesFile+1))
	if err != nil {
		return Names{}, err
	}
	if len(text) > maxNamesFile {
		return Names{}, fmt.Errorf("%s: longer than %d bytes", path, maxNamesFile)
	}
	names, err := ParseNames(text)
	if err != nil {
		return Names{}, fmt.Errorf("%s: %w", path, err)
	}
	return names, nil
}

// ParseNames is LoadNames on the content of a file.
func ParseNames(text []byte) (Names, error) {
	p := &namesParser{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), fields: map[string]nameField{}}
	for _, f := range nameFields() {
		p.fields[f.key] = f
	}
	if err := p.object(); err != nil {
		p.fault("%v", err)
	}
	return p.names, errors.Join(p.faults...)
}

type namesParser struct {
	text    []byte
	decoder *json.Decoder
	fields  map[string]nameField
	names   Names
	faults  []error
}

// fault notes what is wrong at the line that was read last.
func (p *namesParser) fault(format string, args ...any) {
	line := 1 + bytes.Count(p.text[:min(p.decoder.InputOffset(), int64(len(p.text)))], []byte("\n"))
	p.faults = append(p.faults, fmt.Errorf("line %d: %w", line, fmt.Errorf(format, args...)))
}

func (p *namesParser) object() error {
	if token, err := p.decoder.Token(); err != nil || token != json.Delim('{') {
		return errors.Join(errors.New("an object was expected"), err)
	}
	seen := map[string]bool{}
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // a key of an object is a text
		if seen[key] {
			p.fault("%s: stated twice", key)
		}
		seen[key] = true
		if err := p.value(key); err != nil {
			return err
		}
	}
	if _, err := p.decoder.Token(); err != nil {
		return err
	}
	if _, err := p.decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("nothing may follow the object")
	}
	return nil
}

func (p *namesParser) value(key string) error {
	var raw json.RawMessage
	if err := p.decoder.Decode(&raw); err != nil {
		return err
	}
	field, known := p.fields[key]
	var value string
	switch err := json.Unmarshal(raw, &value); {
	case !known:
		p.fault("%s: not known", key)
	case err != nil || raw[0] != '"':
		p.fault("%s: a text was expected", key)
	case value == "":
		p.fault("%s: empty; leave it out to have it looked for", key)
	default:
		if err := field.check(value); err != nil {
			p.fault("%v", err)
			return nil
		}
		p.names.set(field.field, value)
	}
	return nil
}
