package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

// Mapping joins an object of the Engage side to its object in the cloud.
type Mapping struct {
	EngageID   string // DBID, or whatever names the object within its kind
	CloudID    string
	EngageName string
	CloudName  string
	Hash       string          // of what was applied last: unchanged objects cost no request
	Attributes json.RawMessage // what else the kind needs; nil or one JSON value
	// Damaged is what is stored under the id when it is no mapping; only All returns such.
	Damaged string
}

// storedMapping is a Mapping in Redis, under its EngageID.
type storedMapping struct {
	CloudID    string          `json:"c,omitempty"`
	EngageName string          `json:"n,omitempty"`
	CloudName  string          `json:"m,omitempty"`
	Hash       string          `json:"h,omitempty"`
	Attributes json.RawMessage `json:"a,omitempty"`
}

// IDMap is the mapping of one kind of object, e.g. "users". config-sync owns it, and only its leader
// writes it; others ask there.
type IDMap struct {
	s    *Store
	kind string
	key  string
}

// IDMap returns the map of a kind; it need not exist yet.
func (s *Store) IDMap(kind string) *IDMap {
	return &IDMap{s: s, kind: kind, key: s.keys.name("idmap", kind)}
}

// Get returns the mapping of an Engage id, and whether there is one.
func (m *IDMap) Get(ctx context.Context, id string) (Mapping, bool, error) {
	var found Mapping
	var ok bool
	err := m.s.do(ctx, opIDMapGet, func(ctx context.Context) error {
		text, err := m.s.redis().HGet(ctx, m.key, id).Result()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		found, err = decodeMapping(id, text)
		return err
	})
	if err != nil {
		return Mapping{}, false, err
	}
	return found, ok, nil
}

// IDMapChange changes the map of one kind.
type IDMapChange struct {
	Kind   string
	Put    []Mapping // added or replaced
	Delete []string  // Engage ids; unknown ones are no error
}

// ChangeIDMaps writes changes, all or none of them, as the holder of the lease: refused with Conflict
// and ErrFenced when it has another holder. It returns Invalid for a mapping without an Engage id or
// with attributes that are not JSON.
func (s *Store) ChangeIDMaps(ctx context.Context, lease Lease, changes ...IDMapChange) error {
	var writes []hashWrite
	for _, change := range changes {
		if len(change.Put)+len(change.Delete) == 0 {
			continue
		}
		write := hashWrite{key: s.keys.name("idmap", change.Kind), del: change.Delete}
		for _, mapping := range change.Put {
			if mapping.EngageID == "" {
				return s.refuse(opIDMapPut, fault.Invalid, "a mapping to %q has no Engage id", mapping.CloudID)
			}
			text, err := json.Marshal(storedMapping{mapping.CloudID, mapping.EngageName, mapping.CloudName, mapping.Hash, mapping.Attributes})
			if err != nil {
				return s.refuse(opIDMapPut, fault.Invalid, "mapping %q: %w", mapping.EngageID, err)
			}
			write.set = append(write.set, mapping.EngageID, text)
		}
		writes = append(writes, write)
	}
	if len(writes) == 0 {
		return nil
	}
	return s.writeHashes(ctx, opIDMapPut, lease, writes...)
}

// Put adds or replaces mappings like ChangeIDMaps.
func (m *IDMap) Put(ctx context.Context, lease Lease, mappings ...Mapping) error {
	return m.s.ChangeIDMaps(ctx, lease, IDMapChange{Kind: m.kind, Put: mappings})
}

// Delete forgets mappings like ChangeIDMaps.
func (m *IDMap) Delete(ctx context.Context, lease Lease, ids ...string) error {
	return m.s.ChangeIDMaps(ctx, lease, IDMapChange{Kind: m.kind, Delete: ids})
}

// Request adds bare ids, those that are there already stay as they are. Anybody may do that, without
// a lease: an operator asks for something, the leader reads it, does it and deletes it. It returns when
// the request is safe (Store.Persisted).
func (m *IDMap) Request(ctx context.Context, ids ...string) error {
	if slices.Contains(ids, "") {
		return m.s.refuse(opIDMapPut, fault.Invalid, "a request names no id")
	}
	return m.s.durably(ctx, func(ctx context.Context) error {
		return m.s.do(ctx, opIDMapPut, func(ctx context.Context) error {
			for _, id := range ids {
				if err := m.s.redis().HSetNX(ctx, m.key, id, "{}").Err(); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// All returns every mapping by its Engage id. One that cannot be read does not hide the others: it comes as
// it is, in Damaged.
func (m *IDMap) All(ctx context.Context) (map[string]Mapping, error) {
	all := make(map[string]Mapping)
	err := m.s.do(ctx, opIDMapAll, func(ctx context.Context) error {
		return m.s.scanHash(ctx, m.key, func(id, text string) error {
			mapping, err := decodeMapping(id, text)
			if err != nil {
				mapping = Mapping{EngageID: id, Damaged: text}
			}
			all[id] = mapping
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func decodeMapping(id, text string) (Mapping, error) {
	var stored storedMapping
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return Mapping{}, fault.Wrap(fault.Internal, "store.idmap", fmt.Errorf("mapping %q: %w", id, err))
	}
	return Mapping{
		EngageID: id, CloudID: stored.CloudID, EngageName: stored.EngageName, CloudName: stored.CloudName, Hash: stored.Hash, Attributes: stored.Attributes,
	}, nil
}
