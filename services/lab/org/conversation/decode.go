package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// MaxBatch is the largest number of events in one request (API definition).
const MaxBatch = 100

// The faults of a whole batch.
var (
	ErrMalformed = errors.New("the body is not a JSON object of event arrays")
	ErrNoEvents  = errors.New("a minimum of 1 event must be submitted")
	ErrTooMany   = errors.New("too many events in one batch")
)

// UnknownPropertyError names a property that the batch object does not have.
type UnknownPropertyError struct{ Name string }

// Error implements error.
func (e *UnknownPropertyError) Error() string { return fmt.Sprintf("unknown property %q", e.Name) }

// Item is one event as it was received. Rejection is set when the event by itself is wrong; ID is then whatever was
// given as event id.
type Item struct {
	ID        string
	Event     Event
	Rejection *Rejection
}

// DecodeBatch reads a BatchConversationEventRequest. The items come back in the order in which they have to be
// applied: by event time, because the arrays of the batch cannot express an order between types.
func DecodeBatch(body []byte) ([]Item, error) {
	object, err := objectOf(body)
	if err != nil {
		return nil, ErrMalformed
	}
	arrays := make(map[Kind][]json.RawMessage, len(object))
	emails, total := 0, 0
	for name, raw := range object {
		list, err := arrayOf(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, ErrMalformed)
		}
		kind := Kind(strings.TrimSuffix(name, "Events"))
		switch {
		case slices.Contains(emailArrays(), name):
			emails += len(list)
		case strings.HasSuffix(name, "Events") && specs[kind] != nil:
			arrays[kind] = list
		default:
			return nil, &UnknownPropertyError{Name: name}
		}
		total += len(list)
	}
	switch {
	case total == 0:
		return nil, ErrNoEvents
	case total > MaxBatch:
		return nil, ErrTooMany
	}
	return decodeItems(object, arrays, emails)
}

func decodeItems(object map[string]json.RawMessage, arrays map[Kind][]json.RawMessage, emails int) ([]Item, error) {
	items := make([]Item, 0, MaxBatch)
	for _, kind := range Kinds() {
		for _, raw := range arrays[kind] {
			item, err := decodeEvent(kind, raw)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
	}
	sort.SliceStable(items, func(i, j int) bool { return items[i].Event.At.Before(items[j].Event.At) })
	if emails > 0 {
		items = append(items, emailItems(object)...)
	}
	return items, nil
}

// emailItems answers e-mail events one by one: they belong to the API, but not to this organization.
func emailItems(object map[string]json.RawMessage) []Item {
	var items []Item
	for _, name := range emailArrays() {
		list, _ := arrayOf(object[name]) // was an array before
		for _, raw := range list {
			var head struct {
				EventID string `json:"eventId"`
			}
			_ = json.Unmarshal(raw, &head) // a missing id is answered as it is
			items = append(items, Item{ID: head.EventID,
				Rejection: Refuse(ReasonUnsupported, "e-mail events are not supported by this organization")})
		}
	}
	return items
}

// decodeEvent reads one event by the field table of its type. The error is for things that are no event at all.
func decodeEvent(kind Kind, raw json.RawMessage) (Item, error) {
	object, err := objectOf(raw)
	if err != nil {
		return Item{}, fmt.Errorf("%sEvents: %w", kind, ErrMalformed)
	}
	item := Item{Event: Event{Kind: kind}}
	_ = json.Unmarshal(object["eventId"], &item.ID) // judged below by the table
	item.Rejection = readFields(object, specs[kind], &item.Event)
	return item, nil
}

// readFields applies a field table to an object; the first fault wins.
func readFields(object map[string]json.RawMessage, table []field, ev *Event) *Rejection {
	var fault *Rejection
	known := 0
	for _, f := range table {
		raw, present := object[f.name]
		if present {
			known++
		}
		if fault == nil {
			fault = readField(f, raw, ev)
		} else if f.name == "eventDateTime" {
			_ = f.read(f.name, raw, ev) // the time orders even a faulty event
		}
	}
	if fault == nil && known != len(object) {
		fault = unknownField(object, table)
	}
	return fault
}

func readField(f field, raw json.RawMessage, ev *Event) *Rejection {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		if f.required {
			return Refuse(ReasonMissingField, "%s is required", f.name)
		}
		return nil
	}
	return f.read(f.name, raw, ev)
}

func unknownField(object map[string]json.RawMessage, table []field) *Rejection {
	var unknown []string
	for name := range object {
		if !slices.ContainsFunc(table, func(f field) bool { return f.name == name }) {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	return Refuse(ReasonUnknownField, "unknown property %s", strings.Join(unknown, ", "))
}

// objectOf decodes exactly one JSON object.
func objectOf(raw []byte) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fmt.Errorf("no JSON object: %w", err)
	}
	if object == nil {
		return nil, ErrMalformed
	}
	return object, nil
}

// arrayOf decodes a JSON array; null and absent count as empty.
func arrayOf(raw json.RawMessage) ([]json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("no JSON array: %w", err)
	}
	return list, nil
}
