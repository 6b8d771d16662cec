package model

import (
	"bytes"
	"encoding/json"
	"fmt"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/callmodel/packed"
	"engage.connector/services/conversation-provider/conversation"
)

// packedForm is the first byte of a packed value. JSON, which earlier versions stored, begins with
// a brace.
const packedForm = 1

// encodeInteraction writes an interaction as it is stored; nil when there is none.
func (m *Model) encodeInteraction(in *Interaction) []byte {
	if in == nil {
		return nil
	}
	w := m.begin()
	in.pack(w)
	return bytes.Clone(w.Data)
}

func (m *Model) encodeDN(d *callmodel.DN) []byte {
	if d == nil {
		return nil
	}
	w := m.begin()
	d.Pack(w)
	return bytes.Clone(w.Data)
}

func (m *Model) begin() *packed.Writer {
	m.writer.Reset()
	m.writer.Data = append(m.writer.Data, packedForm)
	return &m.writer
}

func decodeInteraction(data []byte) (*Interaction, error) {
	return decode(data, "interaction", unpackInteraction)
}

func decodeDN(data []byte) (*callmodel.DN, error) { return decode(data, "DN", callmodel.UnpackDN) }

// decode reads a stored value, packed or as JSON.
func decode[T any](data []byte, what string, unpack func(*packed.Reader) *T) (*T, error) {
	if len(data) > 0 && data[0] == packedForm {
		r := packed.NewReader(string(data[1:]))
		value := unpack(r)
		if err := r.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return value, nil
	}
	value := new(T)
	if err := json.Unmarshal(data, value); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return value, nil
}

func (in *Interaction) pack(w *packed.Writer) {
	w.Text(in.UUID)
	w.Bools(in.Call != nil, in.Conversation != nil)
	if in.Call != nil {
		in.Call.Pack(w)
	}
	if in.Conversation != nil {
		in.Conversation.Pack(w)
	}
	w.Text(in.Root)
	w.Texts(in.Members)
	w.Texts(in.Recordings)
	w.Time(in.Opened)
	w.Text(in.ANI)
	w.Text(in.DNIS)
	w.Time(in.Created)
	w.Time(in.Ended)
	w.Time(in.Closed)
	callmodel.PackValues(w, in.Languages)
	callmodel.PackOdd(w, in.Odd)
}

func unpackInteraction(r *packed.Reader) *Interaction {
	in := &Interaction{UUID: r.Text()}
	var call, conv bool
	r.Bools(&call, &conv)
	if call {
		in.Call = callmodel.UnpackCall(r)
	}
	if conv {
		in.Conversation = conversation.UnpackConversation(r)
	}
	in.Root, in.Members, in.Recordings, in.Opened = r.Text(), r.Texts(), r.Texts(), r.Time()
	in.ANI, in.DNIS, in.Created, in.Ended, in.Closed = r.Text(), r.Text(), r.Time(), r.Time(), r.Time()
	in.Languages, in.Odd = callmodel.UnpackValues(r), callmodel.UnpackOdd(r)
	return in
}
