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
		body, err = s.client.HGet(ctx, s.keys.name("docs"), name).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return body, body != nil && err == nil, err
}

// PutDocument writes a small named value; nil removes it. Above 4 MiB it returns TooLarge.
func (s *Store) PutDocument(ctx context.Context, name string, body []byte) error {
	if len(body) > maxDocument {
		return s.refuse(opDocumentPut, fault.TooLarge, "document %q has %d bytes, at most %d", name, len(body), maxDocument)
	}
	return s.do(ctx, opDocumentPut, func(ctx context.Context) error {
		if body == nil {
			return s.client.HDel(ctx, s.keys.name("docs"), name).Err()
		}
		return s.client.HSet(ctx, s.keys.name("docs"), name, body).Err()
	})
}
