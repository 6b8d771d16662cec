package syncer

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/leader"
	"engage.connector/pkg/store"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/drift"
	"engage.connector/services/config-sync/plan"
)

const (
	// driftShare is the part of the request allowance that reading the organization may use.
	driftShare = 0.25
	// settleTime is how long the organization may take to show a change everywhere. What was
	// changed within that time before a reading is not compared.
	settleTime = 5 * time.Minute
)

// sighting is a reading of the organization and when it began.
type sighting struct {
	seen plan.Observation
	at   time.Time
}

// touched writes the ID map under the lease, and remembers when the connector last changed what it
// knows of an object.
type touched struct {
	Map
	now      func() time.Time
	compared bool // the organization is read now and then

	mu    sync.Mutex
	held  *leader.Lease // nil while this instance does not lead
	since time.Time     // before it nothing is known
	at    map[touchKey]time.Time
}

type touchKey struct {
	kind plan.Kind
	id   string
}

// lease is what to write under.
func (t *touched) lease() (store.Lease, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		return store.Lease{}, fault.Wrap(fault.Conflict, "syncer.lease", store.ErrFenced)
	}
	return t.held.Current()
}

// Save implements apply.Records.
func (t *touched) Save(ctx context.Context, changes ...plan.Change) error {
	lease, err := t.lease()
	if err != nil {
		return err
	}
	if t.compared {
		t.mu.Lock()
		for _, c := range changes {
			t.at[touchKey{c.Kind, c.ID}] = t.now()
		}
		t.mu.Unlock()
	}
	return t.Map.Save(ctx, lease, changes...)
}

// begin is called when this instance begins to lead: another one may have written until then.
func (t *touched) begin(lease *leader.Lease) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since, t.held = t.now(), lease
}

// end is called when it no longer leads.
func (t *touched) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = nil
}

// forget drops what was changed so long before a reading that it does not matter any more.
func (t *touched) forget(reading time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	limit, at := reading.Add(-settleTime), map[touchKey]time.Time{}
	for key, when := range t.at {
		if when.After(limit) {
			at[key] = when
		}
	}
	// A new map: the first synchronisation of a large center has filled the old one.
	t.at = at
}

// settled returns whether an object had been left alone for long enough before a reading.
func (t *touched) settled(reading time.Time) func(kind plan.Kind, id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	limit, recent := reading.Add(-settleTime), map[touchKey]bool{}
	for key, when := range t.at {
		if when.After(limit) {
			recent[key] = true
		}
	}
	since := t.since
	return func(kind plan.Kind, id string) bool { return since.Before(limit) && !recent[touchKey{kind, id}] }
}

// watch reads the organization from time to time and wakes the synchronisation with what it found.
func (s *Syncer) watch(ctx context.Context) {
	memory := &drift.Memory{}
	for s.opts.DriftInterval > 0 {
		sleep(ctx, s.opts.DriftInterval)
		if ctx.Err() != nil {
			return
		}
		began := s.opts.Now()
		seen, err := s.look(ctx, memory)
		if err != nil {
			if ctx.Err() == nil {
				s.log.WarnContext(ctx, "the organization could not be read", "error", err, "code", string(fault.CodeOf(err)))
			}
			continue
		}
		s.metrics.driftRead.Set(float64(s.opts.Now().Unix()))
		seen.At = began
		s.seen.Store(&sighting{seen, began})
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

func (s *Syncer) look(ctx context.Context, memory *drift.Memory) (plan.Observation, error) {
	options, known := s.HybridIntegration()
	if !known {
		return plan.Observation{}, fault.New(fault.Unavailable, "syncer.drift", "the options in the Config DB have not been read yet")
	}
	cloud, err := s.opts.Cloud(options)
	if err != nil {
		return plan.Observation{}, err
	}
	applied, err := s.opts.Map.Load(ctx)
	if err != nil {
		return plan.Observation{}, err
	}
	every := time.Duration(float64(time.Minute) / (float64(max(s.opts.RequestsPerMinute, 1)) * driftShare))
	return drift.Read(ctx, drift.Options{Cloud: cloud, Logger: s.log, Memory: memory, Turn: func(ctx context.Context) error {
		sleep(ctx, every)
		return ctx.Err()
	}}, applied)
}

// reconcile takes what was seen in the organization for what is applied, so that the plan puts
// back what was changed there. It tells whether there was anything of the kind.
func (s *Syncer) reconcile(ctx context.Context, org desired.Org, applied plan.Applied) (repaired bool, err error) {
	sighting := s.seen.Swap(nil)
	if sighting == nil {
		return false, nil
	}
	s.records.forget(sighting.at)
	s.looked = sighting.at.UTC()
	var changes []plan.Change
	for _, d := range plan.Drift(org, applied, sighting.seen, s.records.settled(sighting.at)) {
		s.deviation(ctx, d, applied[d.Kind][d.ID])
		changes = append(changes, plan.Change{Kind: d.Kind, ID: d.ID, Record: d.Record})
	}
	for _, c := range changes {
		applied.Put(c)
	}
	return len(changes) > 0, s.records.Save(ctx, changes...)
}

// deviation tells the operator what somebody changed in the organization.
func (s *Syncer) deviation(ctx context.Context, d plan.Deviation, r plan.Record) {
	s.metrics.drift.WithLabelValues(string(d.Kind)).Inc()
	about := []any{"kind", string(d.Kind), "engage_id", d.ID, "cloud_id", r.CloudID, "name", r.CloudName, "fields", strings.Join(d.Fields, ",")}
	switch {
	case slices.Contains(d.Fields, plan.NotFound):
		s.log.WarnContext(ctx, "object was not found in the organization; if the next reading does not find it either, it was deleted", about...)
	case slices.Contains(d.Fields, plan.FoundAgain):
		s.log.InfoContext(ctx, "object that was missed is in the organization", about...)
	case d.Record.Gone:
		s.log.WarnContext(ctx, "object was deleted in the organization and is not synchronised any more",
			append(about, "hint", "to map it anew: config-sync clear-mapping "+string(d.Kind)+" "+d.ID)...)
	default:
		s.log.WarnContext(ctx, "object was changed in the organization and is put back", about...)
	}
}
