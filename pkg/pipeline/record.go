package pipeline

import (
	"errors"
	"fmt"

	"engage.connector/pkg/engage"
)

// Kind says what a record of the log is. It is stored: a number never gets another meaning.
type Kind byte

// The kinds that every pipeline has. A service numbers its own from FirstOwnKind.
const (
	KindEvent    Kind = 1 // an event of Engage, as engage.Encode writes it
	FirstOwnKind Kind = 16
)

// Reader makes of a record what the model is given: an event whose Message names the kind.
type Reader func(payload []byte) (engage.Event, error)

// errUnknownKind is of a record that a newer version wrote.
var errUnknownKind = errors.New("this version does not know the kind of the record")

// EncodeRecord returns what is stored in the log.
func EncodeRecord(kind Kind, payload []byte) []byte {
	return append([]byte{byte(kind)}, payload...)
}

// decodeRecord reads what EncodeRecord wrote.
func (w *Writer) decodeRecord(record []byte) (engage.Event, error) {
	if len(record) == 0 {
		return engage.Event{}, errors.New("the record is empty")
	}
	kind, payload := Kind(record[0]), record[1:]
	if kind == KindEvent {
		e, err := w.decoder.Unmarshal(payload)
		if err != nil {
			return engage.Event{}, fmt.Errorf("the record is not an event: %w", err)
		}
		return e, nil
	}
	read, known := w.opts.Readers[kind]
	if !known {
		return engage.Event{}, fmt.Errorf("%w: %d", errUnknownKind, kind)
	}
	e, err := read(payload)
	if err != nil {
		return engage.Event{}, fmt.Errorf("the record of kind %d cannot be read: %w", kind, err)
	}
	return e, nil
}
