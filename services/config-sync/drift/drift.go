// Package drift reads what an EX organization holds of the objects that config-sync maps, so that
// what somebody changed there can be put back. It only reads, slowly: the reading takes its turn
// between the requests of the synchronisation and uses a small part of the allowance.
package drift

import (
	"context"
	"iter"
	"log/slog"
	"slices"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// Cloud is the organization; *genesys.Client implements it.
type Cloud interface {
	Users(ctx context.Context, f users.UserFilter) iter.Seq2[users.User, error]
	GetUser(ctx context.Context, id string) (users.User, error)
	Queues(ctx context.Context, f routing.QueueFilter) iter.Seq2[routing.Queue, error]
	GetQueue(ctx context.Context, id string) (routing.Queue, error)
	QueueMembers(ctx context.Context, queueID string) iter.Seq2[routing.QueueMember, error]
	QueueWrapupCodes(ctx context.Context, queueID string) iter.Seq2[routing.WrapupCode, error]
	Skills(ctx context.Context, name string) iter.Seq2[routing.Skill, error]
	WrapupCodes(ctx context.Context, name string) iter.Seq2[routing.WrapupCode, error]
	Sources(ctx context.Context) iter.Seq2[presence.Source, error]
	GetPresenceSettings(ctx context.Context) (presence.Settings, error)
}

// Options of a reading.
type Options struct {
	Cloud Cloud
	// Turn waits until the next request may be made.
	Turn   func(ctx context.Context) error
	Logger *slog.Logger
	// Memory is what earlier readings have found; nil makes the reading ask for everything.
	Memory *Memory
}

const (
	// perRequest is how many objects an answer holds at most.
	perRequest = 100
	// usersPerRequest is how many it holds of users with their skills.
	usersPerRequest = 25
	// listInactive is the number of users missing among the active ones from which the inactive
	// ones are listed too, instead of asking for each.
	listInactive = 10
	// maxAsked bounds how many missing objects of a kind are asked for one by one in a reading.
	maxAsked = 200
	// believable is how much of a kind, in percent, may be missing in a listing that is believed.
	believable = 20
)

// userAttributes are the attributes that Engage controls. Roles are not among them: they are only
// added (guide, "Roles"), nor are languages.
func userAttributes() []string {
	return []string{
		"id", "userName", "displayName", "active", "externalId", "emails",
		"urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User:routingSkills",
	}
}

// Read reads the organization's side of the mapped objects.
func Read(ctx context.Context, opts Options, applied plan.Applied) (plan.Observation, error) {
	r := &reading{Options: opts, applied: applied, counts: map[string]int{}, seen: plan.Observation{
		Users: map[string]plan.SeenUser{}, Queues: map[string]plan.SeenQueue{}, Codes: map[string]string{},
		Gone: map[plan.Kind]map[string]bool{},
	}}
	for _, read := range []func(context.Context) error{r.source, r.skills, r.codes, r.users, r.queues, r.relations} {
		if err := read(ctx); err != nil {
			return plan.Observation{}, err
		}
	}
	return r.seen, nil
}

type reading struct {
	Options
	applied plan.Applied
	seen    plan.Observation
	counts  map[string]int // members of queues, as the listing shows them
}

// mapped lists the ids of the objects of a kind that are kept in step, in the order of their Engage
// ids.
func (r *reading) mapped(kind plan.Kind) []string {
	var engage []string
	for id, record := range r.applied[kind] {
		if record.Live() && record.AliasOf == "" && record.CloudID != "" {
			engage = append(engage, id)
		}
	}
	slices.SortFunc(engage, desired.CompareIDs)
	ids := make([]string, 0, len(engage))
	for _, id := range engage {
		ids = append(ids, r.applied[kind][id].CloudID)
	}
	return ids
}

// each reads a listing and waits for its turn before every page.
func each[T any](ctx context.Context, r *reading, list iter.Seq2[T, error], use func(T)) error {
	return eachOf(ctx, r, perRequest, list, use)
}

// eachOf is each for a listing with another number of objects on a page.
func eachOf[T any](ctx context.Context, r *reading, page int, list iter.Seq2[T, error], use func(T)) error {
	n := 0
	if err := r.Turn(ctx); err != nil {
		return err
	}
	for item, err := range list {
		if err != nil {
			return err
		}
		use(item)
		if n++; n%page == 0 {
			if err := r.Turn(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reading) gone(kind plan.Kind, id string) {
	if r.seen.Gone[kind] == nil {
		r.seen.Gone[kind] = map[string]bool{}
	}
	r.seen.Gone[kind][id] = true
}

func (r *reading) source(ctx context.Context) error {
	ids := r.mapped(plan.Source)
	if len(ids) == 0 {
		return nil
	}
	there := map[string]bool{}
	if err := each(ctx, r, r.Cloud.Sources(ctx), func(s presence.Source) { there[s.ID] = !s.Deactivated }); err != nil {
		return err
	}
	for _, id := range ids {
		if !there[id] {
			r.gone(plan.Source, id)
		}
	}
	if err := r.Turn(ctx); err != nil {
		return err
	}
	settings, err := r.Cloud.GetPresenceSettings(ctx)
	r.seen.DefaultSource = &settings.DefaultPrimarySourceID
	return err
}

func (r *reading) skills(ctx context.Context) error {
	there := map[string]bool{}
	err := each(ctx, r, r.Cloud.Skills(ctx, ""), func(s routing.Skill) { there[s.ID] = s.State == "" || s.State == "active" })
	r.missing(ctx, plan.Skills, there)
	return err
}

func (r *reading) codes(ctx context.Context) error {
	there := map[string]bool{}
	err := each(ctx, r, r.Cloud.WrapupCodes(ctx, ""), func(c routing.WrapupCode) {
		there[c.ID], r.seen.Codes[c.ID] = true, c.Name
	})
	r.missing(ctx, plan.Codes, there)
	return err
}

// missing notes skills or codes that are not listed. There is no way to ask for one of them, so
// that a listing without many of them is rather a broken listing.
func (r *reading) missing(ctx context.Context, kind plan.Kind, there map[string]bool) {
	var missing []string
	ids := r.mapped(kind)
	for _, id := range ids {
		if !there[id] {
			missing = append(missing, id)
		}
	}
	if len(missing) > 1 && len(missing)*100 > len(ids)*believable {
		r.Logger.ErrorContext(ctx, "many mapped objects are missing in the organization's listing, which is not believed",
			"kind", string(kind), "missing", len(missing), "mapped", len(ids))
		return
	}
	for _, id := range missing {
		r.gone(kind, id)
	}
}

func (r *reading) users(ctx context.Context) error {
	wanted := r.mapped(plan.Users)
	if len(wanted) == 0 {
		return nil
	}
	add := func(u users.User) { r.seen.Users[u.ID] = seenUser(u) }
	if err := eachOf(ctx, r, usersPerRequest, r.Cloud.Users(ctx, users.UserFilter{Attributes: userAttributes()}), add); err != nil {
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(id string) bool { _, read := r.seen.Users[id]; return read })
	if len(missing) >= listInactive {
		inactive := r.Cloud.Users(ctx, users.UserFilter{Filter: "active eq false", Attributes: userAttributes()})
		if err := eachOf(ctx, r, usersPerRequest, inactive, add); err != nil {
			return err
		}
	}
	return r.ask(ctx, plan.Users, missing, func(id string) (bool, error) {
		if _, read := r.seen.Users[id]; read {
			return true, nil
		}
		u, err := r.Cloud.GetUser(ctx, id)
		if err == nil {
			add(u)
		}
		return false, err
	})
}

func seenUser(u users.User) plan.SeenUser {
	seen := plan.SeenUser{UserName: u.UserName, DisplayName: u.DisplayName, ExternalID: u.ExternalID, Active: u.IsActive(), Skills: map[string]float64{}}
	for _, e := range u.Emails {
		seen.Emails = append(seen.Emails, e.Value)
	}
	if u.Extension != nil {
		for _, s := range u.Extension.RoutingSkills {
			seen.Skills[s.Name] = s.Proficiency
		}
	}
	return seen
}

// ask looks for objects that a listing did not hold, one by one: only what the organization says
// it does not have counts as deleted. get returns true when no request was needed.
func (r *reading) ask(ctx context.Context, kind plan.Kind, ids []string, get func(id string) (bool, error)) error {
	asked := 0
	for _, id := range ids {
		if asked == maxAsked {
			return nil // the rest comes with the next reading
		}
		free, err := get(id)
		switch {
		case free:
			continue
		case fault.CodeOf(err) == fault.NotFound:
			r.gone(kind, id)
		case err != nil:
			return err
		}
		asked++
		if err := r.Turn(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) queues(ctx context.Context) error {
	wanted := r.mapped(plan.Queues)
	if len(wanted) == 0 {
		return nil
	}
	mapped := map[string]bool{}
	for _, id := range wanted {
		mapped[id] = true
	}
	add := func(q routing.Queue) {
		if mapped[q.ID] {
			r.seen.Queues[q.ID] = plan.SeenQueue{Name: q.Name, Description: q.Description, PeerID: q.PeerID}
			if n, shown := q.UserMembers(); shown {
				r.counts[q.ID] = n
			}
		}
	}
	if err := each(ctx, r, r.Cloud.Queues(ctx, routing.QueueFilter{}), add); err != nil {
		return err
	}
	return r.ask(ctx, plan.Queues, wanted, func(id string) (bool, error) {
		if _, read := r.seen.Queues[id]; read {
			return true, nil
		}
		q, err := r.Cloud.GetQueue(ctx, id)
		if err == nil {
			add(q)
		}
		return false, err
	})
}
