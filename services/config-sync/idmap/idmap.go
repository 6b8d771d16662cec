// Package idmap keeps the records of what was applied in the shared store.
package idmap

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/services/config-sync/plan"
)

// Map is the ID map of a tenant.
type Map struct {
	store *store.Store

	mu      sync.Mutex
	damaged []damage // found by the last Load
	unknown map[Key]fields
}

// fields are what a newer version has stored of a record and this one does not know: after a rollback they
// are written back with it.
type fields map[string]json.RawMessage

// New returns the ID map in the store.
func New(s *store.Store) *Map { return &Map{store: s} }

// damage is a record that could not be read.
type damage struct {
	key Key
	raw string
	// rest is what could be read of it; nil when nothing could.
	rest *plan.Record
}

// Load reads all records. One that cannot be read is as if it were not there, or has only its ids and
// names where these can be read: then everything is applied to its object anew. SetAside keeps what was
// stored.
func (m *Map) Load(ctx context.Context) (plan.Applied, error) {
	applied, unknown := plan.Applied{}, map[Key]fields{}
	var damaged []damage
	for _, kind := range plan.Kinds() {
		mappings, err := m.store.IDMap(string(kind)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", kind, err)
		}
		applied[kind] = make(map[string]plan.Record, len(mappings))
		for id, mapping := range mappings {
			record, err := decode(mapping)
			switch {
			case mapping.Damaged != "":
				damaged = append(damaged, damage{Key{kind, id}, mapping.Damaged, nil})
				continue
			case err != nil:
				record = plan.Record{CloudID: mapping.CloudID, EngageName: mapping.EngageName, CloudName: mapping.CloudName}
				damaged = append(damaged, damage{Key{kind, id}, string(mapping.Attributes), &record})
			}
			applied[kind][id] = record
			if rest := unknownOf(mapping.Attributes); len(rest) > 0 {
				unknown[Key{kind, id}] = rest
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.damaged, m.unknown = damaged, unknown
	return applied, nil
}

// setAside is the name of the map that keeps what could not be read.
const setAside = "damaged"

// SetAside moves what the last Load could not read out of the way and keeps it, as the holder of the lease.
// It returns what that was about.
func (m *Map) SetAside(ctx context.Context, lease store.Lease) ([]Key, error) {
	m.mu.Lock()
	damaged := m.damaged
	m.damaged = nil
	m.mu.Unlock()
	var keys []Key
	for _, d := range damaged {
		raw, err := json.Marshal(d.raw)
		if err != nil {
			return keys, fault.Wrap(fault.Internal, "idmap.set_aside", err)
		}
		mended := store.IDMapChange{Kind: string(d.key.Kind), Delete: []string{d.key.ID}}
		if d.rest != nil {
			mapping, err := encode(d.key.ID, *d.rest)
			if err != nil {
				return keys, fault.Wrap(fault.Internal, "idmap.set_aside", err)
			}
			mended.Delete, mended.Put = nil, []store.Mapping{mapping}
		}
		kept := store.IDMapChange{Kind: setAside, Put: []store.Mapping{{EngageID: names([]Key{d.key})[0], Attributes: raw}}}
		if err := m.store.ChangeIDMaps(ctx, lease, kept, mended); err != nil {
			return keys, fmt.Errorf("set aside what cannot be read: %w", err)
		}
		keys = append(keys, d.key)
	}
	return keys, nil
}

// Save writes changes, all or none of them, as the holder of the lease.
func (m *Map) Save(ctx context.Context, lease store.Lease, changes ...plan.Change) error {
	byKind := map[plan.Kind]store.IDMapChange{}
	for _, c := range changes {
		kind := byKind[c.Kind]
		if c.Record == nil {
			kind.Delete = append(kind.Delete, c.ID)
		} else {
			mapping, err := encode(c.ID, *c.Record)
			if err == nil {
				err = m.writeBack(Key{c.Kind, c.ID}, &mapping)
			}
			if err != nil {
				return fault.Wrap(fault.Internal, "idmap.save", fmt.Errorf("%s %s: %w", c.Kind, c.ID, err))
			}
			kind.Put = append(kind.Put, mapping)
		}
		byKind[c.Kind] = kind
	}
	var write []store.IDMapChange
	for _, kind := range plan.Kinds() {
		change := byKind[kind]
		change.Kind = string(kind)
		write = append(write, change)
	}
	if err := m.store.ChangeIDMaps(ctx, lease, write...); err != nil {
		return fmt.Errorf("save the ID map: %w", err)
	}
	return nil
}

func encode(id string, r plan.Record) (store.Mapping, error) {
	attributes, err := json.Marshal(r)
	return store.Mapping{
		EngageID: id, CloudID: r.CloudID, EngageName: r.EngageName, CloudName: r.CloudName, Attributes: attributes,
	}, err
}

// writeBack adds what a newer version has stored.
func (m *Map) writeBack(key Key, mapping *store.Mapping) error {
	m.mu.Lock()
	rest := m.unknown[key]
	m.mu.Unlock()
	if len(rest) == 0 {
		return nil
	}
	all := fields{}
	if err := json.Unmarshal(mapping.Attributes, &all); err != nil {
		return err
	}
	maps.Copy(all, rest)
	text, err := json.Marshal(all)
	mapping.Attributes = text
	return err
}

// unknownOf are the fields of a stored record that are none of plan.Record's.
func unknownOf(attributes []byte) fields {
	var all fields
	if json.Unmarshal(attributes, &all) != nil {
		return nil
	}
	for field := range reflect.TypeFor[plan.Record]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		delete(all, name)
	}
	return all
}

func decode(m store.Mapping) (plan.Record, error) {
	var r plan.Record
	if len(m.Attributes) > 0 {
		if err := json.Unmarshal(m.Attributes, &r); err != nil {
			return r, err
		}
	}
	r.CloudID, r.EngageName, r.CloudName = m.CloudID, m.EngageName, m.CloudName
	return r, nil
}

// Key names a record.
type Key struct {
	Kind plan.Kind
	ID   string
}

// requests is the name of the map that holds what an operator wants to be mapped anew.
const requests = "clear-requests"

// Request asks for records to be forgotten. The leader does it before its next plan, so that no
// plan that is under way can bring them back.
func (m *Map) Request(ctx context.Context, keys ...Key) error {
	return m.store.IDMap(requests).Request(ctx, names(keys)...)
}

// Requests returns what was asked for and is not done yet.
func (m *Map) Requests(ctx context.Context) ([]Key, error) {
	all, err := m.store.IDMap(requests).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", requests, err)
	}
	var keys []Key
	for _, text := range slices.Sorted(maps.Keys(all)) {
		kind, id, _ := strings.Cut(text, "/")
		keys = append(keys, Key{plan.Kind(kind), id})
	}
	return keys, nil
}

// Granted forgets requests, as the holder of the lease.
func (m *Map) Granted(ctx context.Context, lease store.Lease, keys ...Key) error {
	return m.store.IDMap(requests).Delete(ctx, lease, names(keys)...)
}

// approvals is the name of the map that holds the plans that an operator has agreed to.
const approvals = "plan-approvals"

// Approval is an operator's agreement to one plan.
type Approval struct {
	PlanID string
	At     time.Time
}

// name is the approval's id in the store.
func (a Approval) name() string { return a.PlanID + "@" + a.At.UTC().Format(time.RFC3339Nano) }

// Approve notes an agreement; the leader acts on it.
func (m *Map) Approve(ctx context.Context, a Approval) error {
	return m.store.IDMap(approvals).Request(ctx, a.name())
}

// Approvals returns the agreements that are not used up.
func (m *Map) Approvals(ctx context.Context) ([]Approval, error) {
	all, err := m.store.IDMap(approvals).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", approvals, err)
	}
	var list []Approval
	for _, text := range slices.Sorted(maps.Keys(all)) {
		id, stamp, _ := strings.Cut(text, "@")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil {
			at = time.Time{} // it has run out
		}
		list = append(list, Approval{id, at})
	}
	return list, nil
}

// UseUp forgets agreements, as the holder of the lease.
func (m *Map) UseUp(ctx context.Context, lease store.Lease, used ...Approval) error {
	ids := make([]string, 0, len(used))
	for _, a := range used {
		ids = append(ids, a.name())
	}
	return m.store.IDMap(approvals).Delete(ctx, lease, ids...)
}

// names are the requests' ids in the store.
func names(keys []Key) []string {
	ids := make([]string, 0, len(keys))
	for _, key := range keys {
		ids = append(ids, string(key.Kind)+"/"+key.ID)
	}
	return ids
}
