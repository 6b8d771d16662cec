package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/plan"
)

// execute performs one operation and remembers it.
func (r *run) execute(ctx context.Context, o plan.Operation) error {
	switch o.Action {
	case plan.EnsureSource:
		return r.ensureSource(ctx, o)
	case plan.DefaultSource:
		return r.defaultSource(ctx, o)
	case plan.ReadPresences:
		return r.readPresence(ctx, o)
	case plan.Create:
		return r.create(ctx, o)
	case plan.Update, plan.Vacate, plan.Enable, plan.Disable, plan.Deactivate, plan.AddRoles, plan.SetSkills, plan.DropSkills:
		return r.change(ctx, o)
	case plan.AddMembers, plan.RemoveMembers, plan.AddCodes:
		return r.relate(ctx, o)
	case plan.LookUp:
		return r.resolveIntent(ctx, o)
	case plan.Adopt, plan.Remember, plan.Retire, plan.Forget:
		return r.save(ctx, o)
	}
	return fault.Newf(fault.Internal, "apply", "unknown action %q", o.Action)
}

// ensureSource finds or makes the source of injected events. The organization can have only one
// source, so that one that was made by something else is an obstacle the operator must remove.
func (r *run) ensureSource(ctx context.Context, o plan.Operation) error {
	f, ok, err := r.finder.sources.lookup(ctx, byName(o.Name))
	if err != nil {
		return err
	}
	if !ok {
		made, err := r.cloud.CreateSource(ctx, presence.Source{Name: o.Name, Description: "Engage tenant " + o.ID, Type: "User"})
		if err != nil {
			r.finder.sources.reset()
			return err
		}
		f = found{made.ID, made.Name}
	}
	return r.saveObject(ctx, o, f.id, f.name, !ok)
}

// defaultSource makes the source the one that users' presence is taken from, or injected presence
// would have no effect.
func (r *run) defaultSource(ctx context.Context, o plan.Operation) error {
	id, err := r.require(o)
	if err != nil {
		return err
	}
	settings, err := r.cloud.GetPresenceSettings(ctx)
	if err != nil {
		return err
	}
	if settings.DefaultPrimarySourceID != id {
		settings.DefaultPrimarySourceID = id
		if _, err := r.cloud.PutPresenceSettings(ctx, settings); err != nil {
			return err
		}
	}
	return r.save(ctx, o)
}

// readPresence remembers the definition of a system presence; one that the organization does not
// have is remembered without an object.
func (r *run) readPresence(ctx context.Context, o plan.Operation) error {
	f, _, err := r.finder.presences.lookup(ctx, byName(o.ID))
	if err != nil {
		return err
	}
	return r.saveObject(ctx, o, f.id, f.name, false)
}

// create finds or makes an object.
func (r *run) create(ctx context.Context, o plan.Operation) error {
	switch o.Kind {
	case plan.Users:
		return r.createUser(ctx, o)
	case plan.Queues:
		return r.createQueue(ctx, o)
	case plan.Skills:
		return r.createSkill(ctx, o)
	case plan.Codes:
		return r.createCode(ctx, o)
	case plan.DNs, plan.Source, plan.Presences, plan.Intents, plan.Refusals:
	}
	return fault.Newf(fault.Internal, "apply.create", "nothing to create for %s", o.Kind)
}

// createSkill finds or makes a skill, which is nothing but its name.
func (r *run) createSkill(ctx context.Context, o plan.Operation) error {
	f, isNew, err := r.findOrCreate(ctx, &r.finder.skills, []string{byName(o.Name)}, func() (found, error) {
		s, err := r.cloud.CreateSkill(ctx, o.Name)
		return found{s.ID, s.Name}, err
	})
	if err != nil {
		return err
	}
	return r.saveObject(ctx, o, f.id, f.name, isNew)
}

// createCode finds or makes a wrap-up code. One of the same name in another division is somebody else's: it
// is not taken over, and its owners do not see it renamed.
func (r *run) createCode(ctx context.Context, o plan.Operation) error {
	home, err := r.homeDivision(ctx)
	if err != nil {
		return err
	}
	f, isNew, err := r.findOrCreate(ctx, &r.finder.codes, []string{inDivision(home.ID, o.Name), byName(o.Name)}, func() (found, error) {
		c, err := r.cloud.CreateWrapupCode(ctx, routing.WrapupCode{Name: o.Name, Division: &genesys.Ref{ID: home.ID}})
		return found{c.ID, c.Name}, err
	})
	if genesys.IsDuplicate(err) {
		if other, exists, lookErr := r.finder.codes.lookup(ctx, inAnyDivision(o.Name)); lookErr == nil && exists {
			return fault.Newf(fault.Conflict, "apply.create_code", "wrap-up code %s of another division has this name", other.id).
				WithHint("rename it in the organization, or move it to the division " + home.Name)
		}
	}
	if err != nil {
		return err
	}
	return r.saveObject(ctx, o, f.id, f.name, isNew)
}

// findOrCreate looks an object up and makes it when there is none. A create that is refused as a
// duplicate, or whose outcome is not known, is settled by reading again; it is never repeated
// within the run.
func (r *run) findOrCreate(ctx context.Context, x *index, keys []string, create func() (found, error)) (found, bool, error) {
	f, ok, err := x.lookup(ctx, keys...)
	if err != nil {
		return f, false, err
	}
	if !ok {
		made, createErr := create()
		if createErr == nil {
			return made, true, nil
		}
		if !genesys.IsDuplicate(createErr) && !genesys.UnknownOutcome(createErr) {
			return f, false, createErr
		}
		x.reset()
		if f, ok, err = x.lookup(ctx, keys...); err != nil || !ok {
			return f, false, createErr
		}
	}
	r.metrics.found.Inc()
	return f, false, nil
}

func (r *run) createQueue(ctx context.Context, o plan.Operation) error {
	q := o.Queue
	f, isNew, err := r.findOrCreate(ctx, &r.finder.queues, []string{byPeer(q.PeerID), byName(q.Name)}, func() (found, error) {
		made, err := r.cloud.CreateQueue(ctx, routing.Queue{Name: q.Name, Description: q.Description, PeerID: q.PeerID})
		return found{made.ID, made.Name}, err
	})
	if isRefusal(err) && !genesys.IsDuplicate(err) {
		return r.createBareQueue(ctx, o, err)
	}
	if err != nil {
		return err
	}
	if !isNew {
		if err := r.free(o, f); err != nil {
			return errors.Join(err, r.abandon(ctx, o))
		}
		return r.complete(ctx, o, f.id, false, changesTo(plan.QueueFields(*q)))
	}
	return r.saveObject(ctx, o, f.id, q.Name, isNew)
}

// createBareQueue makes a queue with nothing but its name, after it was refused with everything,
// and then adds the rest piece by piece.
func (r *run) createBareQueue(ctx context.Context, o plan.Operation, refusal error) error {
	made, err := r.cloud.CreateQueue(ctx, routing.Queue{Name: o.Queue.Name})
	if err != nil {
		if isRefusal(err) {
			return errors.Join(refusal, r.abandon(ctx, o))
		}
		return err
	}
	return r.complete(ctx, o, made.ID, true, changesTo(map[string]string{
		plan.FieldDescription: o.Queue.Description, plan.FieldPeerID: o.Queue.PeerID,
	}))
}

// changesTo are changes to the values, of which nothing is known yet.
func changesTo(values map[string]string) []plan.FieldChange {
	var changes []plan.FieldChange
	for _, field := range slices.Sorted(maps.Keys(values)) {
		changes = append(changes, plan.FieldChange{Field: field, After: values[field]})
	}
	return changes
}

// complete remembers an object that a create has found or made without everything, and sets what is
// missing. What is refused of that is noted, and does not keep the object from being used.
func (r *run) complete(ctx context.Context, o plan.Operation, id string, isNew bool, missing []plan.FieldChange) error {
	name := o.Name
	made := o
	if made.Bare = isNew; !isNew {
		made.Roles = nil // it keeps its own
	}
	if err := r.saveObject(ctx, made, id, name, isNew); err != nil {
		return err
	}
	rest := o
	rest.Action, rest.Changes = plan.Update, missing
	if err := r.begin(ctx, rest); err != nil {
		return err
	}
	return r.change(ctx, rest)
}

func (r *run) updateQueue(ctx context.Context, id string, changes []plan.FieldChange) error {
	_, err := r.cloud.UpdateQueue(ctx, id, func(q *routing.Queue) {
		for _, c := range changes {
			switch c.Field {
			case plan.FieldName:
				q.Name = c.After
			case plan.FieldDescription:
				q.Description = c.After
			case plan.FieldPeerID:
				q.PeerID = c.After
			}
		}
	})
	return err
}

// free refuses an object that belongs to another Engage object, which is about to be renamed or
// could not be.
func (r *run) free(o plan.Operation, f found) error {
	if owner, taken := r.owner(o.Kind, o.ID, f.id); taken {
		return fault.Newf(fault.Conflict, "apply.create", "%q exists and belongs to %s %s", f.name, o.Kind, owner)
	}
	return nil
}

// change performs an operation on an existing user or queue. One that is not there any more is
// remembered as deleted.
func (r *run) change(ctx context.Context, o plan.Operation) error {
	id, err := r.require(o)
	if err != nil {
		return err
	}
	err = r.changeObject(ctx, id, o)
	if fault.CodeOf(err) == fault.NotFound && !isStop(err) && !r.exists(ctx, o.Kind, id) {
		return r.absent(ctx, o.Kind, o.ID, err)
	}
	if !isRefusal(err) || len(o.Claims()) < 2 {
		if err != nil {
			return err
		}
		return r.save(ctx, o)
	}
	done, failures, err := piecemeal(o, func(part plan.Operation) error { return r.changeObject(ctx, id, part) })
	if err != nil {
		return err
	}
	if saveErr := r.save(ctx, done); saveErr != nil {
		return saveErr
	}
	return partial(failures)
}

func (r *run) changeObject(ctx context.Context, id string, o plan.Operation) error {
	switch o.Action {
	case plan.Update, plan.Vacate, plan.Enable, plan.Disable:
		switch o.Kind {
		case plan.Queues:
			return r.updateQueue(ctx, id, o.Changes)
		case plan.Codes:
			return r.cloud.RenameWrapupCode(ctx, id, o.Changes[0].After)
		}
		return r.patchUser(ctx, id, userPatch(o.Changes)...)
	case plan.Deactivate:
		return r.patchUser(ctx, id, users.Replace("active", false))
	case plan.AddRoles:
		return r.addRoles(ctx, id, o.Roles)
	case plan.SetSkills:
		return r.setSkills(ctx, id, o.Skills)
	case plan.DropSkills:
		return r.dropSkills(ctx, id, o.IDs)
	}
	return fault.Newf(fault.Internal, "apply.change", "%s is no change", o.Action)
}

// exists asks whether an object is still there; in doubt it is.
func (r *run) exists(ctx context.Context, kind plan.Kind, id string) bool {
	var err error
	if kind == plan.Queues {
		_, err = r.cloud.GetQueue(ctx, id)
	} else {
		_, err = r.cloud.GetUser(ctx, id)
	}
	return fault.CodeOf(err) != fault.NotFound
}

// relate changes the members or codes of a queue.
func (r *run) relate(ctx context.Context, o plan.Operation) error {
	queue, err := r.require(o)
	if err != nil {
		return err
	}
	out, err := r.relateChunk(ctx, queue, o, o.IDs)
	if saveErr := r.settle(ctx, o, out.settled, err == nil && len(out.failures) == 0); saveErr != nil {
		return saveErr
	}
	if err != nil {
		return fmt.Errorf("%d of %d: %w", len(o.IDs)-len(out.settled), len(o.IDs), err)
	}
	return partial(out.failures)
}

// settle remembers what of a relation is settled. When nothing of it is open, the rest has no
// object that could be related.
func (r *run) settle(ctx context.Context, o plan.Operation, done []string, complete bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	rest := o
	o.IDs = done
	changes := r.note(o, "", "")
	if complete && len(done) < len(rest.IDs) {
		changes = append(changes, r.put(r.applied.Unrelated(rest))...)
	}
	return r.store(ctx, changes)
}
