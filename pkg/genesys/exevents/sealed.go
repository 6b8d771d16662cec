package exevents

import (
	"encoding/json"
	"strings"

	"engage.connector/pkg/fault"
)

// Sealed is an event as it is sent: the bytes of the API. It is what an outbox holds.
type Sealed struct {
	Type    EventType
	EventID string
	Body    string // JSON
	Fault   string // why the event is unfit to be sent; empty: it is fit
}

// Seal writes the fields of the event's type, in the order of the table.
func (e *ConversationEvent) Seal() Sealed {
	s := Sealed{Type: e.Type, EventID: e.EventID, Fault: strings.Join(e.faults(), ", ")}
	spec, known := specOf(e.Type)
	if !known {
		return s
	}
	const usual = 768
	o := object{b: append(make([]byte, 0, usual), '{')}
	for i := range spec.fields {
		if f := &spec.fields[i]; f.has(e) {
			f.write(&o, e)
		}
	}
	s.Body = string(append(o.b, '}'))
	if o.err != nil {
		s.Fault = o.err.Error()
	}
	return s
}

// Validate returns the error of an event that is unfit to be sent, of code Invalid, or nil.
func (s Sealed) Validate() error {
	if s.Fault == "" {
		return nil
	}
	return invalidEvent(string(s.Type), s.Fault)
}

// Open reads what Seal wrote. Times come back in milliseconds, as they are sent.
func (s Sealed) Open() (ConversationEvent, error) {
	var e ConversationEvent
	if err := json.Unmarshal([]byte(s.Body), &e); err != nil {
		return e, fault.Wrap(fault.Invalid, "genesys.event", err)
	}
	e.Type = s.Type
	return e, nil
}

// batch is the body of an injection request: one array per event type, in the order of the API's
// definition.
func batch(events []Sealed) json.RawMessage {
	size := 0
	for i := range events {
		size += len(events[i].Body) + 1
	}
	const arrays = 64
	b := append(make([]byte, 0, size+arrays*len(eventSpecs)), '{')
	for i := range eventSpecs {
		begun := false
		for k := range events {
			if events[k].Type != eventSpecs[i].typ {
				continue
			}
			if !begun {
				if len(b) > 1 {
					b = append(b, ',')
				}
				b = append(append(append(b, '"'), eventSpecs[i].array...), `":[`...)
			} else {
				b = append(b, ',')
			}
			begun = true
			b = append(b, events[k].Body...) //nolint:gosec // k ranges over events
		}
		if begun {
			b = append(b, ']')
		}
	}
	return append(b, '}')
}
