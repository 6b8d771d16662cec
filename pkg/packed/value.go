package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Errors of values that cannot be read.
var (
	// ErrBroken is a value that nobody wrote like this: it was cut, changed, or is something else.
	ErrBroken = errors.New("the stored value is broken")
	// ErrNewer is a value that a newer version wrote in a form that this one does not know.
	ErrNewer = errors.New("the stored value is of a newer version")
)

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}

// A value begins with the number of its form and the checksum of the rest.
const (
	currentForm = 1
	sizeOfSum   = 4
	sizeOfHead  = 1 + sizeOfSum
)

// Encoder writes values. The zero value is ready.
type Encoder struct{ out output }

// Append appends the stored form of a message. It fails where the message's Fields does, and then appends
// nothing.
func (e *Encoder) Append(b []byte, m Message) ([]byte, error) {
	out := &e.out
	out.reset(b)
	out.data = append(out.data, currentForm, 0, 0, 0, 0)
	(&Form{out: out}).write(m)
	data := out.data
	out.data = nil
	if out.err != nil {
		return b, out.err
	}
	value := data[len(b):]
	binary.LittleEndian.PutUint32(value[1:], sum(value[sizeOfHead:]))
	return data, nil
}

// Encode returns the stored form of a message.
func Encode(m Message) ([]byte, error) {
	data, err := new(Encoder).Append(nil, m)
	if err != nil {
		return nil, err
	}
	return data, nil
}

func sum(body []byte) uint32 { return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) }

// Decode reads a stored value into an empty message; errors are ErrBroken or ErrNewer.
func Decode(data []byte, m Message) error {
	switch {
	case len(data) == 0:
		return broken("it is empty")
	case data[0] > currentForm && data[0] < ' ': // printable is what a person put there
		return fmt.Errorf("%w: it has form %d, this version reads form %d", ErrNewer, data[0], currentForm)
	case data[0] != currentForm:
		return broken("it begins with %q", data[0])
	case len(data) <= sizeOfHead:
		return broken("it has %d bytes", len(data))
	case sum(data[sizeOfHead:]) != binary.LittleEndian.Uint32(data[1:]):
		return broken("its checksum is not that of its %d bytes: it was cut or changed", len(data))
	}
	return DecodeOwn(string(data), m)
}

// DecodeOwn is Decode for what this process has encoded itself and kept in memory: nothing is checked.
// What is read refers to the data.
func DecodeOwn(data string, m Message) error {
	f := &Form{in: &input{left: data[sizeOfHead:]}}
	f.read(m)
	if f.in.err == nil && f.in.left != "" {
		return broken("%d bytes stand behind its end", len(f.in.left))
	}
	return f.in.err
}
