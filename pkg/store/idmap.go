package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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
}

// storedMapping is a Mapping in Redis, under its EngageID.
type storedMapping struct {
	CloudID    string          `json:"c,omitempty"`
	EngageName string          `json:"n,omitempty"`
	CloudName  string          `json:"m,omitempty"`
	Hash       string          `json:"h,omitempty"`
	Attributes json.RawMessage `json:"a,omitempty"`
}

// IDMap is the mapping of one kind of object, e.g. "users". config-sync owns it; others ask there.
type IDMap struct {
	s   *Store
	key string
}

// IDMap returns the map of a kind; it need not exist yet.
func (s *Store) IDMap(kind string) *IDMap {
	return &IDMap{s: s, key: s.keys.name("idmap", kind)}
}

// Get returns the mapping of an Engage id, and whether there is one.
func (m *IDMap) Get(ctx context.Context, id string) (Mapping, bool, error) {
	var found Mapping
	var ok bool
	err := m.s.do(ctx, opIDMapGet, func(ctx context.Context) error {
		text, err := m.s.client.HGet(ctx, m.key, id).Result()
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

// Put adds or replaces mappings, all or none of them. It returns Invalid for one without an Engage
// id or with attributes that are not JSON.
func (m *IDMap) Put(ctx context.Context, mappings ...Mapping) error {
	if len(mappings) == 0 {
		return nil
	}
	pairs := make([]any, 0, 2*len(mappings))
	for _, mapping := range mappings {
		if mapping.EngageID == "" {
			return m.s.refuse(opIDMapPut, fault.Invalid, "a mapping to %q has no Engage id", mapping.CloudID)
		}
		text, err := json.Marshal(storedMapping{mapping.CloudID, mapping.EngageName, mapping.CloudName, mapping.Hash, mapping.Attributes})
		if err != nil {
			return m.s.refuse(opIDMapPut, fault.Invalid, "mapping %q: %w", mapping.EngageID, err)
		}
		pairs = append(pairs, mapping.EngageID, text)
	}
	return m.s.do(ctx, opIDMapPut, func(ctx context.Context) error {
		return m.s.client.HSet(ctx, m.key, pairs...).Err()
	})
}

// Delete forgets mappings; unknown ids are no error.
func (m *IDMap) Delete(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return m.s.do(ctx, opIDMapDelete, func(ctx context.Context) error {
		return m.s.client.HDel(ctx, m.key, ids...).Err()
	})
}

// All returns every mapping by its Engage id.
func (m *IDMap) All(ctx context.Context) (map[string]Mapping, error) {
	all := make(map[string]Mapping)
	err := m.s.do(ctx, opIDMapAll, func(ctx context.Context) error {
		return m.s.scanHash(ctx, m.key, func(id, text string) error {
			mapping, err := decodeMapping(id, text)
			all[id] = mapping
			return err
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
	return Mapping{id, stored.CloudID, stored.EngageName, stored.CloudName, stored.Hash, stored.Attributes}, nil
}
