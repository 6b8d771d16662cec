package model

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
)

// Kinds of records that this service writes into the calls log itself. The numbers are stored.
const (
	kindMetadata = pipeline.FirstOwnKind     // Metadata
	kindRefusal  = pipeline.FirstOwnKind + 1 // Refusal
)

// Messages of the events that the model is given for them.
const (
	// MsgRecording carries what a media server posted: attributes CallUUID and Body.
	MsgRecording = "mcp.RecordingMetadata"
	// MsgRefused says that the org refused an event for good: attributes CallUUID, EventID, Reason.
	MsgRefused = "excp.EventRefused"
)

// Metadata is what a media server posted about recordings of a call.
type Metadata struct {
	packed.Kept

	CallUUID string
	At       time.Time
	Body     string
}

// Fields names what is stored of metadata.
func (m *Metadata) Fields(f *packed.Form) {
	f.Text(1, &m.CallUUID)
	f.Time(2, &m.At)
	f.Bytes(3, &m.Body, nil)
}

// Record is the record of the calls log.
func (m *Metadata) Record() ([]byte, error) { return record(kindMetadata, m) }

// Refusal is an event that the org refused for good.
type Refusal struct {
	packed.Kept

	CallUUID string
	EventID  string
	Reason   string
	At       time.Time
}

// Fields names what is stored of a refusal.
func (r *Refusal) Fields(f *packed.Form) {
	f.Text(1, &r.CallUUID)
	f.ID(2, &r.EventID)
	f.Text(3, &r.Reason)
	f.Time(4, &r.At)
}

// Record is the record of the calls log.
func (r *Refusal) Record() ([]byte, error) { return record(kindRefusal, r) }

func record(kind pipeline.Kind, value packed.Message) ([]byte, error) {
	payload, err := packed.Encode(value)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "model.record", err)
	}
	return pipeline.EncodeRecord(kind, payload), nil
}

// Readers read the records of this service's own kinds.
func Readers() map[pipeline.Kind]pipeline.Reader {
	return map[pipeline.Kind]pipeline.Reader{kindMetadata: readMetadata, kindRefusal: readRefusal}
}

func readMetadata(payload []byte) (engage.Event, error) {
	var m Metadata
	if err := packed.Decode(payload, &m); err != nil {
		return engage.Event{}, err
	}
	return engage.Event{Message: MsgRecording, Time: m.At, ReceivedAt: m.At, Attributes: engage.Attributes{
		"CallUUID": m.CallUUID, "Body": m.Body,
	}}, nil
}

func readRefusal(payload []byte) (engage.Event, error) {
	var r Refusal
	if err := packed.Decode(payload, &r); err != nil {
		return engage.Event{}, err
	}
	return engage.Event{Message: MsgRefused, Time: r.At, ReceivedAt: r.At, Attributes: engage.Attributes{
		"CallUUID": r.CallUUID, "EventID": r.EventID, "Reason": r.Reason,
	}}, nil
}
