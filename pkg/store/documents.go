package store

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

// maxDocument bounds a document; larger things do not belong here.
const maxDocument = 4 << 20

// GetDocument returns a small named value, e.g. the status of the last synchronisation, and whether
// there is one.
func (s *Store) GetDocument(ctx context.Context, name string) ([]byte, bool, error) {
	var body []byte
	err := s.do(ctx, opDocumentGet, func(ctx context.Context) error {
		var err error
		body, err = s.redis().HGet(ctx, s.keys.name("docs"), name).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return body, body != nil && err == nil, err
}

// PutDocument writes a small named value as the holder of the lease; nil removes it. Above 4 MiB it
// returns TooLarge, and Conflict with ErrFenced when the lease has another holder.
func (s *Store) PutDocument(ctx context.Context, lease Lease, name string, body []byte) error {
	if len(body) > maxDocument {
		return s.refuse(opDocumentPut, fault.TooLarge, "document %q has %d bytes, at most %d", name, len(body), maxDocument)
	}
	write := hashWrite{key: s.keys.name("docs")}
	if body == nil {
		write.del = []string{name}
	} else {
		write.set = []any{name, body}
	}
	return s.writeHashes(ctx, opDocumentPut, lease, write)
}

// hashWrite is what changes in one hash.
type hashWrite struct {
	key string
	set []any // pairs of field and value
	del []string
}

// writeHashes changes hashes in one step while the lease is held.
func (s *Store) writeHashes(ctx context.Context, op operation, lease Lease, writes ...hashWrite) error {
	keys, args := []string{s.leaseKey(lease.Name)}, []any{lease.Owner, lease.Generation}
	for _, w := range writes {
		keys = append(keys, w.key)
		args = append(append(args, len(w.set)/2), w.set...)
		args = append(args, len(w.del))
		for _, field := range w.del {
			args = append(args, field)
		}
	}
	return s.do(ctx, op, func(ctx context.Context) error {
		ours, err := s.run(ctx, scriptHashWrite, keys, args...).Int()
		if err == nil && ours == 0 {
			return fenced("store."+string(op), lease)
		}
		return err
	})
}
