package apply

import (
	"context"
	"errors"
	"maps"
	"slices"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// divisionPath is the attribute of a user's division, which SCIM names by its name.
const divisionPath = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division"

// createUser makes a user with everything in one call: fields, roles, skills and division. The
// organization refuses a second user of the same name, so that a create never doubles; one that
// exists already is taken over and keeps its roles.
func (r *run) createUser(ctx context.Context, o plan.Operation) error {
	f, known, err := r.findUser(ctx, *o.User)
	if err != nil {
		return err
	}
	if !known {
		made, skills, createErr := r.newUser(ctx, o)
		if createErr == nil {
			o.Skills = skills
			return r.saveObject(ctx, o, made.ID, o.User.UserName, true)
		}
		switch {
		case genesys.IsDuplicate(createErr), genesys.UnknownOutcome(createErr):
		case isRefusal(createErr):
			return r.createBareUser(ctx, o, createErr)
		default:
			return errors.Join(createErr, r.abandon(ctx, o))
		}
		u, exists, err := r.cloud.FindUserByUserName(ctx, o.User.UserName)
		switch {
		case err != nil:
			return createErr
		case exists:
			f = found{u.ID, u.UserName}
		case genesys.IsDuplicate(createErr):
			if f, err = r.restore(ctx, o, createErr); err != nil {
				return errors.Join(err, r.abandon(ctx, o))
			}
		default:
			return createErr
		}
	}
	return r.takeOver(ctx, o, f)
}

// restore brings back the deleted user that still owns the address of a person which was never
// mapped: as long as it has it, no other user can be made.
func (r *run) restore(ctx context.Context, o plan.Operation, duplicate error) (found, error) {
	const op = "apply.restore"
	id, deleted, err := r.cloud.FindDeletedUser(ctx, o.User.UserName)
	switch {
	case err != nil:
		return found{}, fault.Newf(fault.CodeOf(err), op, "the address is taken and deleted users could not be searched for its owner: %s", fault.Message(err))
	case !deleted:
		return found{}, duplicate
	}
	if err := r.cloud.RestoreUser(ctx, id); err != nil {
		return found{}, fault.Newf(fault.CodeOf(err), op, "a deleted user owns the address and could not be restored: %s", fault.Message(err)).
			WithHint("restore the user in the organization, or give it another address")
	}
	r.log.InfoContext(ctx, "a deleted user that owns the address of a new person was restored", "engage_id", o.ID, "cloud_id", id)
	return found{id, o.User.UserName}, nil
}

// createBareUser makes a user with what the organization demands and nothing else, after it was
// refused with everything, and then adds the rest piece by piece: whoever has a user can work. If
// it is the display name that is refused, the address stands in for it.
func (r *run) createBareUser(ctx context.Context, o plan.Operation, refusal error) error {
	u := o.User
	home, err := r.homeDivision(ctx)
	if err != nil {
		return err
	}
	for _, displayName := range []string{u.DisplayName, u.UserName} {
		made, err := r.cloud.CreateUser(ctx, users.User{
			Active: &u.Active, UserName: u.UserName, DisplayName: displayName, Enterprise: &users.UserEnterprise{Division: home.Name},
		})
		if err == nil {
			bare := o
			bare.Skills = nil // they and the roles come with the next plan
			missing := map[string]string{plan.FieldExternalID: u.ExternalID, plan.FieldDisplayName: u.DisplayName}
			if u.Email != "" {
				missing[plan.FieldEmails] = u.Email
			}
			return r.complete(ctx, bare, made.ID, true, changesTo(missing))
		}
		if !isRefusal(err) {
			return err
		}
	}
	return errors.Join(refusal, r.abandon(ctx, o))
}

func (r *run) findUser(ctx context.Context, u desired.User) (found, bool, error) {
	if !r.finder.listUsers {
		return found{}, false, nil
	}
	return r.finder.users.lookup(ctx, byName(u.UserName), byExternal(u.ExternalID))
}

func (r *run) newUser(ctx context.Context, o plan.Operation) (users.User, map[string]float64, error) {
	roles, err := r.existingRoles(ctx, o.Roles)
	if err != nil {
		return users.User{}, nil, err
	}
	home, err := r.homeDivision(ctx)
	if err != nil {
		return users.User{}, nil, err
	}
	u := o.User
	body := users.User{
		Active: &u.Active, UserName: u.UserName, DisplayName: u.DisplayName, ExternalID: u.ExternalID,
		Emails: emails(u.Email), Enterprise: &users.UserEnterprise{Division: home.Name},
	}
	for _, role := range roles {
		body.Roles = append(body.Roles, users.UserRole{Value: role.name})
	}
	assigned, ratings := r.ratings(o.Skills)
	if len(ratings) > 0 {
		body.Extension = &users.UserExtension{}
		for _, s := range ratings {
			body.Extension.RoutingSkills = append(body.Extension.RoutingSkills, users.UserRoutingSkill{Name: s.Name, Proficiency: s.Proficiency})
		}
	}
	made, err := r.cloud.CreateUser(ctx, body)
	return made, assigned, err
}

// takeOver brings a user that existed to the wanted state.
func (r *run) takeOver(ctx context.Context, o plan.Operation, f found) error {
	if err := r.free(o, f); err != nil {
		return errors.Join(err, r.abandon(ctx, o))
	}
	home, err := r.homeDivision(ctx)
	if err != nil {
		return err
	}
	r.metrics.found.Inc()
	// Whether it is active comes first and alone: no other attribute may hold that back.
	if err := r.patchUser(ctx, f.id, users.Replace(plan.FieldActive, o.User.Active)); err != nil {
		return err
	}
	if err := r.patchUser(ctx, f.id, users.Replace(divisionPath, home.Name)); err != nil {
		if !isRefusal(err) {
			return err
		}
		r.log.WarnContext(ctx, "a user that existed stays in its division", "engage_id", o.ID, "cloud_id", f.id, "error", err)
	}
	missing := plan.UserFields(*o.User)
	delete(missing, plan.FieldActive)
	if o.User.Email == "" {
		delete(missing, plan.FieldEmails)
	}
	if err := r.setSkills(ctx, f.id, o.Skills); err != nil {
		if !isRefusal(err) {
			return err
		}
		o.Skills = nil // they come one by one with the next plan
	}
	return r.complete(ctx, o, f.id, false, changesTo(missing))
}

// userPatch sets attributes of a user.
func userPatch(changes []plan.FieldChange) []users.PatchOperation {
	var ops []users.PatchOperation
	for _, c := range changes {
		switch c.Field {
		case plan.FieldActive:
			ops = append(ops, users.Replace(c.Field, c.After == "true"))
		case plan.FieldEmails:
			ops = append(ops, users.Replace(c.Field, emails(c.After)))
		default:
			ops = append(ops, users.Replace(c.Field, c.After))
		}
	}
	return ops
}

// emails is the list of a user's addresses; empty, not absent, when there is none.
func emails(address string) []users.UserEmail {
	if address == "" {
		return []users.UserEmail{}
	}
	return []users.UserEmail{{Value: address, Type: "work", Primary: true}}
}

func (r *run) patchUser(ctx context.Context, id string, ops ...users.PatchOperation) error {
	_, err := r.cloud.PatchUser(ctx, id, "", ops...)
	return err
}

// existingRoles returns those of the roles that the organization has. The others are left out: a
// user with some of its roles is better than none.
func (r *run) existingRoles(ctx context.Context, names []string) ([]found, error) {
	var roles []found
	for _, name := range names {
		role, ok, err := r.finder.roles.lookup(ctx, byName(name))
		switch {
		case err != nil:
			return nil, err
		case ok:
			roles = append(roles, role)
		default:
			r.missingRole(ctx, name)
		}
	}
	return roles, nil
}

func (r *run) addRoles(ctx context.Context, id string, names []string) error {
	roles, err := r.existingRoles(ctx, names)
	if err != nil {
		return err
	}
	home, err := r.homeDivision(ctx)
	if err != nil {
		return err
	}
	var grants []users.RoleGrant
	for _, role := range roles {
		grants = append(grants, users.RoleGrant{RoleID: role.id, DivisionID: home.ID})
	}
	return r.cloud.GrantRoles(ctx, id, grants)
}

func (r *run) homeDivision(ctx context.Context) (users.Division, error) {
	r.homeMu.Lock()
	defer r.homeMu.Unlock()
	if r.home.ID == "" {
		home, err := r.cloud.HomeDivision(ctx)
		if err != nil {
			return home, err
		}
		r.home = home
	}
	return r.home, nil
}

// ratings translates skills by name into skills of the organization, in the order of their names.
// Skills that could not be created are left out and come again with the next plan.
func (r *run) ratings(skills map[string]float64) (assigned map[string]float64, ratings []users.SkillRating) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assigned = map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(skills)) {
		if s, ok := r.skill(name); ok {
			assigned[name] = skills[name]
			ratings = append(ratings, users.SkillRating{ID: s.ID, Name: s.Name, Proficiency: skills[name]})
		}
	}
	return assigned, ratings
}

func (r *run) setSkills(ctx context.Context, user string, skills map[string]float64) error {
	_, ratings := r.ratings(skills)
	if len(ratings) < len(skills) {
		return fault.Newf(fault.NotFound, "apply.set_skills", "%d of %d skills have no object in the organization yet", len(skills)-len(ratings), len(skills))
	}
	if len(ratings) == 0 {
		return nil
	}
	return r.cloud.PatchUserSkills(ctx, user, ratings)
}

// missingRole tells once of a role that the organization does not have.
func (r *run) missingRole(ctx context.Context, name string) {
	r.mu.Lock()
	told := r.toldRoles[name]
	r.toldRoles[name] = true
	r.mu.Unlock()
	if !told {
		r.log.WarnContext(ctx, "role does not exist in the organization and is not assigned to anybody", "role", name,
			"hint", "make the role, or correct the *_role_names options of hybrid_integration")
	}
}

// dropSkills takes skills away that Engage had assigned. A skill that the user does not have any
// more is no error.
func (r *run) dropSkills(ctx context.Context, user string, names []string) error {
	for _, name := range names {
		r.mu.Lock()
		s, ok := r.skill(name)
		r.mu.Unlock()
		if !ok {
			continue
		}
		if err := r.cloud.RemoveUserSkill(ctx, user, s.ID); err != nil && fault.CodeOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}
