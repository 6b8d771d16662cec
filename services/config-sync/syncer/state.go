package syncer

import (
	"context"
	"maps"

	"engage.connector/pkg/leader"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/plan"
)

// tenure is a leadership and the state of the organization that it knows. Only the leader writes
// the ID map, so that what it has written itself need not be read again as long as nobody else has
// had the lease. Only the run touches it.
type tenure struct {
	lease *leader.Lease
	kept  plan.Applied // nil: to be read
}

// state returns what is applied and forgets it: it is kept again when all has gone well. Before
// kept state is used the store has to say that the lease was never another's; this process may
// have stood still for longer than the lease lasts.
func (s *Syncer) state(ctx context.Context) (plan.Applied, error) {
	var kept plan.Applied
	if s.tenure != nil {
		kept, s.tenure.kept = s.tenure.kept, nil
	}
	if kept == nil {
		return s.load(ctx)
	}
	if err := s.tenure.lease.Confirm(ctx); err != nil {
		return nil, err
	}
	return kept, nil
}

// load reads what is applied, and sets aside what cannot be read of it.
func (s *Syncer) load(ctx context.Context) (plan.Applied, error) {
	applied, err := s.opts.Map.Load(ctx)
	if err != nil {
		return nil, err
	}
	lease, err := s.records.lease()
	if err != nil {
		return nil, err
	}
	damaged, err := s.opts.Map.SetAside(ctx, lease)
	for _, key := range damaged {
		s.log.ErrorContext(ctx, "a stored mapping cannot be read and was set aside; its object is looked for and mapped anew",
			"kind", string(key.Kind), "engage_id", key.ID, "kept_in", "idmap damaged")
	}
	return applied, err
}

// keepState keeps what is applied for the next synchronisation of this leadership.
func (s *Syncer) keepState(applied plan.Applied) {
	if s.tenure != nil {
		s.tenure.kept = applied
	}
}

// remember keeps a copy of the options: the original may hold on to the snapshot it came with.
func (s *Syncer) remember(options configmodel.Options) {
	own := make(configmodel.Options, len(options))
	for section, values := range options {
		own[section] = maps.Clone(values)
	}
	s.options.Store(&own)
}
