package apply

import (
	"context"
	"iter"
	"strings"
	"sync"

	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/plan"
)

// found is an object of the organization.
type found struct{ id, name string }

// index finds objects of one kind by what identifies them; it is read once and on demand.
type index struct {
	mu   sync.Mutex
	read func(ctx context.Context, add func(key string, f found)) error
	keys map[string]found
}

// lookup returns the first object that one of the keys names.
func (x *index) lookup(ctx context.Context, keys ...string) (found, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.keys == nil {
		all := map[string]found{}
		err := x.read(ctx, func(key string, f found) {
			if _, taken := all[key]; !taken {
				all[key] = f
			}
		})
		if err != nil {
			return found{}, false, err
		}
		x.keys = all
	}
	for _, key := range keys {
		if f, ok := x.keys[key]; ok {
			return f, true, nil
		}
	}
	return found{}, false, nil
}

// reset makes the next lookup read again.
func (x *index) reset() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.keys = nil
}

// The keys of an index.
func byName(name string) string        { return "name " + strings.ToLower(name) }
func inAnyDivision(name string) string { return "any division " + byName(name) }

// inDivision is a name within a division.
func inDivision(division, name string) string { return "division " + division + " " + byName(name) }

func byPeer(peer string) string   { return "peer " + peer }
func byExternal(id string) string { return "external " + id }

// finder looks for objects before they are created, since an earlier attempt may have succeeded
// without our knowing. Each kind is listed once instead of being asked for object by object: a
// thousand questions would take longer than the thousand creates.
type finder struct {
	skills, codes, queues, users, sources, roles, presences index
	// listUsers says that enough users are to be created for a listing to pay.
	listUsers bool
}

func newFinder(cloud Cloud, p plan.Plan) finder {
	newUsers := 0
	for _, o := range p.Operations {
		if o.Action == plan.Create && o.Kind == plan.Users {
			newUsers++
		}
	}
	return finder{
		listUsers: newUsers >= plan.UsersWorthListing,
		skills: index{read: reader(func(ctx context.Context) iter.Seq2[routing.Skill, error] { return cloud.Skills(ctx, "") },
			func(s routing.Skill, add func(string, found)) {
				if s.State == "" || s.State == "active" {
					add(byName(s.Name), found{s.ID, s.Name})
				}
			})},
		codes: index{read: reader(func(ctx context.Context) iter.Seq2[routing.WrapupCode, error] { return cloud.WrapupCodes(ctx, "") },
			func(c routing.WrapupCode, add func(string, found)) {
				f := found{c.ID, c.Name}
				if c.Division == nil || c.Division.ID == "" {
					add(byName(c.Name), f)
					return
				}
				add(inDivision(c.Division.ID, c.Name), f)
				add(inAnyDivision(c.Name), f)
			})},
		queues: index{read: reader(func(ctx context.Context) iter.Seq2[routing.Queue, error] {
			return cloud.Queues(ctx, routing.QueueFilter{})
		}, func(q routing.Queue, add func(string, found)) {
			add(byName(q.Name), found{q.ID, q.Name})
			if q.PeerID != "" {
				add(byPeer(q.PeerID), found{q.ID, q.Name})
			}
		})},
		users: index{read: reader(func(ctx context.Context) iter.Seq2[users.User, error] {
			return cloud.Users(ctx, users.UserFilter{Attributes: []string{"id", "userName", "externalId"}})
		}, func(u users.User, add func(string, found)) {
			add(byName(u.UserName), found{u.ID, u.UserName})
			if u.ExternalID != "" {
				add(byExternal(u.ExternalID), found{u.ID, u.UserName})
			}
		})},
		sources: index{read: reader(cloud.Sources, func(s presence.Source, add func(string, found)) {
			if !s.Deactivated {
				add(byName(s.Name), found{s.ID, s.Name})
			}
		})},
		roles: index{read: reader(func(ctx context.Context) iter.Seq2[users.Role, error] { return cloud.Roles(ctx, "") },
			func(r users.Role, add func(string, found)) { add(byName(r.Name), found{r.ID, r.Name}) })},
		presences: index{read: reader(cloud.PresenceDefinitions, func(d presence.Definition, add func(string, found)) {
			if d.Type == "System" && !d.Deactivated {
				add(byName(d.SystemPresence), found{d.ID, d.SystemPresence})
			}
		})},
	}
}

// reader makes the reading of an index out of a listing.
func reader[T any](list func(context.Context) iter.Seq2[T, error], each func(T, func(string, found))) func(context.Context, func(string, found)) error {
	return func(ctx context.Context, add func(string, found)) error {
		for item, err := range list(ctx) {
			if err != nil {
				return err
			}
			each(item, add)
		}
		return nil
	}
}
