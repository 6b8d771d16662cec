package model

import "engage.connector/pkg/packed"

// Fields names what is stored of an interaction.
func (in *Interaction) Fields(f *packed.Form) {
	f.Text(1, &in.UUID)
	packed.One(f, 2, &in.Call)
	packed.One(f, 3, &in.Conversation)
	f.Text(4, &in.Root)
	f.Texts(5, &in.Members)
	f.Texts(6, &in.Recordings)
	f.Time(7, &in.Opened)
	f.Text(8, &in.ANI)
	f.Text(9, &in.DNIS)
	f.Time(10, &in.Created)
	f.Time(11, &in.Ended)
	f.Time(12, &in.Closed)
	packed.All(f, 13, &in.Languages)
	packed.All(f, 14, &in.Odd)
}

// Fields names what is stored of a segment that was reported.
func (r *Record) Fields(f *packed.Form) {
	f.ID(1, &r.ID)
	packed.Of(f, 2, &r.Segment)
	f.Text(3, (*string)(&r.State))
	f.Text(4, &r.Reason)
	f.Time(5, &r.At)
	f.Bytes(6, &r.Body, nil)
	packed.One(f, 7, &r.Submission)
}

// encode returns the stored form of a value, in a room that it shares with the others of the next effects.
// What cannot be written is reported by these.
func (m *Model) encode(value packed.Message) []byte {
	data, err := m.encoder.Append(m.room, value)
	m.failed = firstError(m.failed, err)
	from := len(m.room)
	m.room = data
	return data[from:len(data):len(data)]
}

// encodeText returns the stored form of a value that is kept here.
func (m *Model) encodeText(value packed.Message) string {
	data, err := m.encoder.Append(m.scratch[:0], value)
	m.scratch, m.failed = data, firstError(m.failed, err)
	return string(data)
}

// encodeOr is encode of a value that may be gone: nil deletes it.
func encodeOr[T any, P interface {
	*T
	packed.Message
}](m *Model, value P) []byte {
	if value == nil {
		return nil
	}
	return m.encode(value)
}
