package syncer

import (
	"context"

	"engage.connector/pkg/leader"
)

// Once leads for one synchronisation and returns its error.
func (s *Syncer) Once(ctx context.Context) error {
	ctx, done := context.WithCancel(ctx)
	defer done()
	var outcome error
	_ = s.leader.Hold(ctx, func(ctx context.Context, lease *leader.Lease) error {
		s.tenure = &tenure{lease: lease}
		s.records.begin(lease)
		outcome = s.Sync(ctx)
		s.tenure = nil
		s.records.end()
		done()
		return nil
	})
	return outcome
}
