package apply

import (
	"context"
	"errors"
	"slices"
	"sync"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/plan"
)

// run is one execution of one plan.
type run struct {
	*Executor
	cloud    Cloud
	parallel int
	finder   finder

	homeMu sync.Mutex
	home   users.Division

	mu        sync.Mutex
	applied   plan.Applied
	fresh     map[string]bool                   // objects made in this run, which reads may not show yet
	skills    map[string]plan.Object            // by Engage name; nil after a change
	holders   map[plan.Kind]map[string][]string // Engage ids by the id of their object
	executed  int
	failures  int // operations without an answer since the last success
	rejected  []Rejection
	toldRoles map[string]bool
}

func newRun(e *Executor, cloud Cloud, p plan.Plan, applied plan.Applied) *run {
	r := &run{Executor: e, cloud: cloud, parallel: e.opts.Parallel, applied: applied.Clone(), fresh: map[string]bool{}, toldRoles: map[string]bool{}, holders: map[plan.Kind]map[string][]string{}}
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
	changes := r.note(o, id, name)
	if isNew {
		changes = r.stamp(changes, o)
	}
	if !isNew {
		changes = append(changes, r.succeed(o, id)...)
	}
	return r.store(ctx, changes)
}

// stamp notes when an object was made.
func (r *run) stamp(changes []plan.Change, o plan.Operation) []plan.Change {
	for i, c := range changes {
		if c.Kind == o.Kind && c.ID == o.ID && c.Record != nil {
			record := *c.Record
			record.Made = r.opts.Now().UTC()
			changes[i].Record = &record
			r.applied.Put(changes[i])
		}
	}
	return changes
}

// succeed ends the records of Engage objects that have left and whose object has gone over to
// another one: it must not be taken over a second time.
func (r *run) succeed(o plan.Operation, cloudID string) []plan.Change {
	var changes []plan.Change
	if o.Kind != plan.Users && o.Kind != plan.Queues {
		return nil
	}
	for _, other := range r.sharers(o.Kind, cloudID) {
		if record := r.applied[o.Kind][other]; other != o.ID && record.AliasOf == "" && record.Removed {
			changes = append(changes, r.put(r.applied.Succeeded(o.Kind, other, o.ID))...)
		}
	}
	return changes
}

// sharers returns the Engage ids whose records have the object.
func (r *run) sharers(kind plan.Kind, cloudID string) []string {
	if r.holders[kind] == nil {
		ids := map[string][]string{}
		for id, record := range r.applied[kind] {
			ids[record.CloudID] = append(ids[record.CloudID], id)
		}
		r.holders[kind] = ids
	}
	var ids []string
	for _, id := range r.holders[kind][cloudID] {
		if r.applied[kind][id].CloudID == cloudID && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (r *run) note(o plan.Operation, id, name string) []plan.Change {
	return r.put(r.applied.After(o, id, name))
}

func (r *run) put(changes []plan.Change) []plan.Change {
	for _, c := range changes {
		r.applied.Put(c)
		if c.Kind == plan.Skills {
			r.skills = nil
		}
		if c.Record != nil && r.holders[c.Kind] != nil {
			r.holders[c.Kind][c.Record.CloudID] = append(r.holders[c.Kind][c.Record.CloudID], c.ID)
		}
	}
	return changes
}

// begin marks what the operation may change as unsure, before anything is asked of the
// organization.
func (r *run) begin(ctx context.Context, o plan.Operation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	changes := r.applied.Before(o, r.opts.Now())
	if len(changes) == 0 {
		return nil
	}
	return r.store(ctx, r.put(changes))
}

// abandon takes back the note of a create that certainly made nothing.
func (r *run) abandon(ctx context.Context, o plan.Operation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	changes := plan.Abandoned(o)
	if len(changes) == 0 {
		return nil
	}
	return r.store(ctx, r.put(changes))
}

// skill returns the skill of an Engage name.
func (r *run) skill(name string) (plan.Object, bool) {
	if r.skills == nil {
		r.skills = map[string]plan.Object{}
	}
	s, known := r.skills[name]
	if !known {
		s, _ = r.applied.Skill(name)
		r.skills[name] = s
	}
	return s, s.ID != ""
}

func (r *run) store(ctx context.Context, changes []plan.Change) error {
	if len(changes) == 0 {
		return nil
	}
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
		return record.Gone || len(record.Members)+len(record.Unsure) == 0
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

// absent remembers that an object was not found. That is no proof that somebody deleted it: the
// organization shows new objects late and may err. A reading of the organization decides.
func (r *run) absent(ctx context.Context, kind plan.Kind, id string, cause error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.applied[kind][id]
	if record.Young(r.opts.Now()) || r.fresh[record.CloudID] {
		return pendingError{cause}
	}
	if record.Missing.IsZero() {
		record.Missing = r.opts.Now().UTC()
		r.log.WarnContext(ctx, "object was not found in the organization; the next reading of the organization decides whether it was deleted",
			"kind", string(kind), "engage_id", id, "cloud_id", record.CloudID)
		if err := r.store(ctx, r.put([]plan.Change{{Kind: kind, ID: id, Record: &record}})); err != nil {
			return err
		}
	}
	return cause
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

// young tells whether an object was made so short a time ago that the organization may not show it
// everywhere yet.
func (r *run) young(kind plan.Kind, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	record := r.applied[kind][id]
	return r.fresh[record.CloudID] || record.Young(r.opts.Now())
}

// owner returns the Engage id whose live record has the object, other than id.
func (r *run) owner(kind plan.Kind, id, cloudID string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range r.sharers(kind, cloudID) {
		if record := r.applied[kind][other]; other != id && record.AliasOf == "" && record.Live() {
			return other, true
		}
	}
	return "", false
}
