package apply

import (
	"context"
	"errors"
	"sync"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/services/config-sync/plan"
)

// run is one execution of one plan.
type run struct {
	*Executor
	cloud    Cloud
	parallel int
	finder   finder

	homeMu sync.Mutex
	home   genesys.Division

	mu       sync.Mutex
	applied  plan.Applied
	fresh    map[string]bool // objects made in this run, which reads may not show yet
	executed int
	failures int // operations without an answer since the last success
	rejected []Rejection
}

func newRun(e *Executor, cloud Cloud, p plan.Plan, applied plan.Applied) *run {
	r := &run{Executor: e, cloud: cloud, parallel: e.opts.Parallel, applied: applied.Clone(), fresh: map[string]bool{}}
	r.finder = newFinder(cloud, p)
	return r
}

func (r *run) result() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Result{Executed: r.executed, Rejected: r.rejected, Applied: r.applied}
}

// stopError marks an error after which nothing more may be done, because what is done could not
// be remembered.
type stopError struct{ error }

func (s stopError) Unwrap() error { return s.error }

func isStop(err error) bool {
	_, ok := errors.AsType[stopError](err)
	return ok
}

// save remembers operations as executed.
func (r *run) save(ctx context.Context, ops ...plan.Operation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var changes []plan.Change
	for _, o := range ops {
		if !r.possible(o) {
			continue
		}
		changes = append(changes, r.note(o, "", "")...)
	}
	return r.store(ctx, changes)
}

// saveObject remembers an operation that made or found an object.
func (r *run) saveObject(ctx context.Context, o plan.Operation, id, name string, isNew bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isNew {
		r.fresh[id] = true
	}
	return r.store(ctx, r.note(o, id, name))
}

func (r *run) note(o plan.Operation, id, name string) []plan.Change {
	changes := r.applied.After(o, id, name)
	for _, c := range changes {
		r.applied.Put(c)
	}
	return changes
}

func (r *run) store(ctx context.Context, changes []plan.Change) error {
	if err := r.opts.Records.Save(ctx, changes...); err != nil {
		return stopError{err}
	}
	return nil
}

// possible tells whether what an operation builds on has come true: an object that could not be
// created can have no alias, and a queue that could not be emptied is not done with.
func (r *run) possible(o plan.Operation) bool {
	record := r.applied[o.Kind][o.ID]
	switch {
	case o.Action == plan.Retire:
		return record.Gone || len(record.Members) == 0
	case o.Action != plan.Remember:
		return true
	}
	id := o.ID
	if o.From != "" {
		id = o.From
	}
	_, known := r.applied[o.Kind][id]
	return known || o.Kind == plan.DNs
}

// markGone remembers that an object was deleted in the organization. It is not created again
// (guide, "Object synchronization rules").
func (r *run) markGone(ctx context.Context, kind plan.Kind, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.applied[kind][id]
	record.Gone = true
	change := plan.Change{Kind: kind, ID: id, Record: &record}
	r.applied.Put(change)
	r.log.WarnContext(ctx, "object was deleted in the organization and is not synchronised any more",
		"kind", string(kind), "engage_id", id, "cloud_id", record.CloudID, "name", record.CloudName)
	return r.store(ctx, []plan.Change{change})
}

func (r *run) succeeded(o plan.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.executed++
	r.failures = 0
	r.metrics.operations.WithLabelValues(string(o.Action), resultOK).Inc()
}

// record returns what is known of an object.
func (r *run) record(kind plan.Kind, id string) (plan.Record, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	record, known := r.applied[kind][id]
	return record, known && record.CloudID != ""
}

// require returns the id of an object that an operation acts on.
func (r *run) require(o plan.Operation) (string, error) {
	record, known := r.record(o.Kind, o.ID)
	if !known {
		return "", fault.Newf(fault.NotFound, "apply."+string(o.Action), "%s %s has no object in the organization yet", o.Kind, o.ID)
	}
	return record.CloudID, nil
}

// missing tells whether a NotFound concerns an object that had been there before this run, that is,
// one that somebody deleted.
func (r *run) missing(id string, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fault.CodeOf(err) == fault.NotFound && !r.fresh[id]
}

// owner returns the Engage id whose live record has the object, other than id.
func (r *run) owner(kind plan.Kind, id, cloudID string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, record := range r.applied[kind] {
		if other != id && record.CloudID == cloudID && record.AliasOf == "" && record.Live() {
			return other, true
		}
	}
	return "", false
}
