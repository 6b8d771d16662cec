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
		if unknown := genesys.UnknownOutcome(createErr); !unknown && !genesys.IsDuplicate(createErr) {
			return errors.Join(createErr, r.abandon(ctx, o))
		}
		u, exists, err := r.cloud.FindUserByUserName(ctx, o.User.UserName)
		if err != nil || !exists {
			return createErr
		}
		f = found{u.ID, u.UserName}
	}
	return r.takeOver(ctx, o, f)
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
		Emails: emails(*u), Enterprise: &users.UserEnterprise{Division: home.Name},
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
	if err := r.patchUser(ctx, f.id, append(userFields(*o.User), users.Replace(divisionPath, home.Name))...); err != nil {
		return err
	}
	if o.Skills, err = r.setSkills(ctx, f.id, o.Skills); err != nil {
		return err
	}
	return r.saveObject(ctx, o, f.id, o.User.UserName, false)
}

// userFields are the fields of a user that Engage controls.
func userFields(u desired.User) []users.PatchOperation {
	ops := []users.PatchOperation{
		users.Replace("userName", u.UserName), users.Replace("displayName", u.DisplayName),
		users.Replace("active", u.Active), users.Replace("externalId", u.ExternalID),
	}
	if u.Email != "" {
		ops = append(ops, users.Replace("emails", emails(u)))
	}
	return ops
}

func emails(u desired.User) []users.UserEmail {
	if u.Email == "" {
		return nil
	}
	return []users.UserEmail{{Value: u.Email, Type: "work", Primary: true}}
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
			r.log.WarnContext(ctx, "role does not exist in the organization and is not assigned", "role", name)
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

func (r *run) setSkills(ctx context.Context, user string, skills map[string]float64) (map[string]float64, error) {
	assigned, ratings := r.ratings(skills)
	if len(ratings) < len(skills) {
		return nil, fault.Newf(fault.NotFound, "apply.set_skills", "%d of %d skills have no object in the organization yet", len(skills)-len(ratings), len(skills))
	}
	if len(ratings) == 0 {
		return assigned, nil
	}
	return assigned, r.cloud.PatchUserSkills(ctx, user, ratings)
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
