package model

import (
	"encoding/json"
	"slices"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/callmodel"
)

// How many bytes the stored forms of most calls and events take; room is made for as much.
const (
	usualCall      = 1024
	usualInjection = 512
)

// effects collects what changed.
func (m *Model) effects(out *outbox) (pipeline.Effects, error) {
	e := pipeline.Effects{State: map[string][]byte{}, Outbox: out.seal()}
	changes := m.changes()
	m.room = make([]byte, 0, usualCall*len(changes.Calls))
	for _, uuid := range changes.Calls {
		e.State[keyCall+uuid] = encodeOr(m, m.calls[uuid])
	}
	for _, dn := range changes.DNs {
		e.State[keyDN+dn] = encodeOr(m, m.book.DN(dn))
	}
	for _, conn := range changes.Orphans {
		e.State[keyOrphan+conn] = encodeOr(m, m.book.Orphans(conn))
	}
	for _, name := range changes.Links {
		e.State[keyLink+name] = encodeOr(m, m.book.Link(name))
	}
	for _, uuid := range sorted(m.dirty.closed) {
		e.State[keyClosed+uuid] = m.closed[uuid].stored()
	}
	for _, id := range sorted(m.dirty.records) {
		e.State[keyRecord+id] = encodeOr(m, m.records[id])
	}
	clear(m.dirty.closed)
	clear(m.dirty.records)
	err := firstError(m.failed, out.err)
	m.failed, m.room = nil, nil
	if err != nil {
		return pipeline.Effects{}, fault.Wrap(fault.Internal, "model.effects", err)
	}
	return e, nil
}

// changes says what changed, and brings the interactions of calls that did up to date.
func (m *Model) changes() callmodel.Changes {
	for kind, n := range m.book.TakeOdd() {
		m.opts.Observer.Odd(kind, n)
	}
	changes := m.book.TakeChanges()
	for _, uuid := range changes.Calls {
		if call := m.book.Call(uuid); call != nil {
			m.open(call)
		}
	}
	return changes
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// outbox collects what is to be sent.
type outbox struct {
	injections []injected
	encoder    packed.Encoder
	entries    map[string][]store.OutboxEntry
	err        error
}

func (o *outbox) inject(uuid string, events []*exevents.ConversationEvent) {
	for _, e := range events {
		o.injections = append(o.injections, injected{uuid, e})
	}
}

// injected is an Injection that is not encoded yet.
type injected struct {
	call  string
	event *exevents.ConversationEvent
}

func (o *outbox) sort() {
	slices.SortStableFunc(o.injections, func(a, b injected) int { return a.event.EventDateTime.Compare(b.event.EventDateTime) })
}

// seal puts the events of all calls into the order of their time, so that an agent's next call does
// not begin in the org before the one before it has ended.
func (o *outbox) seal() map[string][]store.OutboxEntry {
	o.sort()
	room := make([]byte, 0, usualInjection*len(o.injections))
	for _, i := range o.injections {
		from := len(room)
		data, err := o.encoder.Append(room, &Injection{CallUUID: i.call, Event: i.event.Seal()})
		o.err, room = firstError(o.err, err), data
		o.put(OutboxConversation, i.event.ConversationID, data[from:len(data):len(data)])
	}
	o.injections = nil
	return o.entries
}

func (o *outbox) add(name, key string, payload any) {
	data, err := json.Marshal(payload)
	o.err = firstError(o.err, err)
	o.put(name, key, data)
}

func (o *outbox) put(name, key string, data []byte) {
	if o.entries == nil {
		o.entries = map[string][]store.OutboxEntry{}
	}
	o.entries[name] = append(o.entries[name], store.OutboxEntry{Key: key, Payload: data})
}

func sorted[T any](m map[string]T) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
