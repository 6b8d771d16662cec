package orgtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
)

const homeID = "division-home"

// What the login accepts and gives.
const (
	ClientID     = "client-1"
	ClientSecret = "secret-1"
	token        = "token-1"
)

// Handler serves the login and the API.
func (o *Org) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != ClientID || secret != ClientSecret {
			answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
			return
		}
		answer(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "bearer", "expires_in": 3600})
	})
	api := http.NewServeMux()
	o.directory(api)
	o.deletedUsers(api)
	o.routing(api)
	o.presence(api)
	mux.Handle("/", http.StripPrefix("/api/v2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			fail(w, refuse(http.StatusUnauthorized, "bad.credentials"))
			return
		}
		o.mu.Lock()
		o.paths[r.Method+" "+r.URL.Path]++
		if r.Method == http.MethodGet {
			o.reads++
		}
		o.mu.Unlock()
		api.ServeHTTP(w, r)
	})))
	return mux
}

func (o *Org) directory(mux *http.ServeMux) {
	mux.HandleFunc("GET /scim/v2/users", o.listUsers)
	mux.HandleFunc("POST /scim/v2/users", func(w http.ResponseWriter, r *http.Request) {
		made, err := o.createUser(body[users.User](r))
		reply(w, http.StatusCreated, made.User, err)
	})
	mux.HandleFunc("GET /scim/v2/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		u := o.users[r.PathValue("id")]
		if u == nil {
			fail(w, refuse(http.StatusNotFound, "not.found"))
			return
		}
		answer(w, http.StatusOK, o.scim(u))
	})
	mux.HandleFunc("PATCH /scim/v2/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		in := body[struct{ Operations []users.PatchOperation }](r)
		reply(w, http.StatusOK, users.User{ID: r.PathValue("id")}, o.patchUser(r.PathValue("id"), in.Operations))
	})
	mux.HandleFunc("GET /authorization/divisions/home", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, users.Division{ID: homeID, Name: "Home", Home: true})
	})
	mux.HandleFunc("GET /authorization/roles", func(w http.ResponseWriter, _ *http.Request) {
		var roles []users.Role
		for _, name := range o.roles {
			roles = append(roles, users.Role{ID: "role-" + name, Name: name})
		}
		entities(w, roles)
	})
	mux.HandleFunc("POST /authorization/subjects/{id}/bulkadd", func(w http.ResponseWriter, r *http.Request) {
		in := body[struct{ Grants []users.RoleGrant }](r)
		reply(w, http.StatusNoContent, nil, o.grant(r.PathValue("id"), in.Grants))
	})
	mux.HandleFunc("PATCH /users/{id}/routingskills/bulk", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]any{}, o.setSkills(r.PathValue("id"), body[[]users.SkillRating](r)))
	})
	mux.HandleFunc("DELETE /users/{id}/routingskills/{skill}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusNoContent, nil, o.removeSkill(r.PathValue("id"), r.PathValue("skill")))
	})
}

func (o *Org) listUsers(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	attribute, value, filtered := strings.Cut(r.URL.Query().Get("filter"), " eq ")
	value = strings.Trim(value, `"`)
	if attribute == "externalId" && o.refusesLookUp(w) {
		return
	}
	found := []users.User{}
	for _, u := range o.users {
		switch {
		case !filtered && !u.IsActive():
		case filtered && attribute == "userName" && !strings.EqualFold(u.UserName, value):
		case filtered && attribute == "externalId" && u.ExternalID != value:
		case filtered && attribute == "active" && u.IsActive() != (value == "true"):
		default:
			found = append(found, o.scim(u))
		}
	}
	slices.SortFunc(found, func(a, b users.User) int { return strings.Compare(a.ID, b.ID) })
	start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
	count, _ := strconv.Atoi(r.URL.Query().Get("count"))
	from := min(start-1, len(found))
	answer(w, http.StatusOK, map[string]any{"totalResults": len(found), "Resources": found[from:min(from+count, len(found))]})
}

// scim shows a user with its skills by name.
func (o *Org) scim(u *User) users.User {
	view := u.User
	view.Extension = &users.UserExtension{}
	for id, level := range u.Skills {
		view.Extension.RoutingSkills = append(view.Extension.RoutingSkills, users.UserRoutingSkill{Name: o.skills[id], Proficiency: level})
	}
	return view
}

func (o *Org) routing(mux *http.ServeMux) {
	named := func(path, kind string, names map[string]string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			o.mu.Lock()
			defer o.mu.Unlock()
			var list []routing.WrapupCode // a skill has the same form, without a division
			for id, name := range names {
				item := routing.WrapupCode{ID: id, Name: name}
				if kind == "code" {
					item.Division = &genesys.Ref{ID: cmp.Or(o.elsewhere[id], homeID)}
				}
				list = append(list, item)
			}
			entities(w, list)
		})
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			in := body[routing.WrapupCode](r)
			id, err := o.createNamed(kind, names, in.Name)
			reply(w, http.StatusOK, genesys.Ref{ID: id, Name: in.Name}, err)
		})
	}
	named("/routing/skills", "skill", o.skills)
	named("/routing/wrapupcodes", "code", o.codes)
	mux.HandleFunc("GET /routing/wrapupcodes/{id}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		answer(w, http.StatusOK, map[string]any{"id": r.PathValue("id"), "name": o.codes[r.PathValue("id")]})
	})
	mux.HandleFunc("PUT /routing/wrapupcodes/{id}", func(w http.ResponseWriter, r *http.Request) {
		name, id := body[struct{ Name string }](r).Name, r.PathValue("id")
		reply(w, http.StatusOK, map[string]any{"id": id, "name": name}, o.write("rename code "+id, func() error {
			if o.taken(o.codes, name) {
				return refuse(http.StatusBadRequest, "duplicate.name")
			}
			o.codes[id] = name
			return nil
		}))
	})

	mux.HandleFunc("GET /routing/queues", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if r.URL.Query().Has("peerId") && o.refusesLookUp(w) {
			return
		}
		var list []any
		for _, q := range o.queues {
			list = append(list, map[string]any{
				"id": q.ID, "name": q.Name, "description": q.Description, "peerId": q.PeerID, "userMemberCount": len(q.Members),
			})
		}
		entities(w, list)
	})
	mux.HandleFunc("POST /routing/queues", func(w http.ResponseWriter, r *http.Request) {
		made, err := o.createQueue(body[routing.Queue](r))
		reply(w, http.StatusOK, made.view(), err)
	})
	mux.HandleFunc("GET /routing/queues/{id}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		q := o.queues[r.PathValue("id")]
		if q == nil {
			fail(w, refuse(http.StatusNotFound, "not.found"))
			return
		}
		answer(w, http.StatusOK, q.view())
	})
	mux.HandleFunc("PUT /routing/queues/{id}", func(w http.ResponseWriter, r *http.Request) {
		in := body[routing.Queue](r)
		in.ID = r.PathValue("id")
		reply(w, http.StatusOK, in, o.putQueue(in))
	})
	for _, what := range []string{"members", "codes"} {
		path := map[string]string{"members": "members", "codes": "wrapupcodes"}[what]
		mux.HandleFunc("GET /routing/queues/{id}/"+path, func(w http.ResponseWriter, r *http.Request) { o.listRelation(w, r, what) })
		mux.HandleFunc("POST /routing/queues/{id}/"+path, func(w http.ResponseWriter, r *http.Request) {
			var ids []string
			for _, ref := range body[[]genesys.Ref](r) {
				ids = append(ids, ref.ID)
			}
			reply(w, http.StatusOK, []any{}, o.relate(what, r.PathValue("id"), ids, r.URL.Query().Get("delete") == "true"))
		})
	}
}

func (o *Org) listRelation(w http.ResponseWriter, r *http.Request, what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.queues[r.PathValue("id")]
	if q == nil {
		fail(w, refuse(http.StatusNotFound, "not.found"))
		return
	}
	set := q.Members
	if what == "codes" {
		set = q.Codes
	}
	list := []genesys.Ref{}
	for id := range set {
		list = append(list, genesys.Ref{ID: id})
	}
	entities(w, list)
}

func (q *Queue) view() routing.Queue {
	return routing.Queue{ID: q.ID, Name: q.Name, Description: q.Description, PeerID: q.PeerID}
}

func (o *Org) presence(mux *http.ServeMux) {
	mux.HandleFunc("GET /presence/sources", func(w http.ResponseWriter, _ *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		var list []presence.Source
		for id, name := range o.sources {
			list = append(list, presence.Source{ID: id, Name: name})
		}
		entities(w, list)
	})
	mux.HandleFunc("POST /presence/sources", func(w http.ResponseWriter, r *http.Request) {
		in := body[presence.Source](r)
		err := o.write("create source "+in.Name, func() error {
			if len(o.sources) > 0 {
				return refuse(http.StatusConflict, "presenceservice.source.toomanyactivesources")
			}
			in.ID = o.id("source")
			o.sources[in.ID] = in.Name
			return nil
		})
		reply(w, http.StatusOK, in, err)
	})
	mux.HandleFunc("GET /presence/settings", func(w http.ResponseWriter, _ *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		answer(w, http.StatusOK, presence.Settings{DefaultPrimarySourceID: o.primary})
	})
	mux.HandleFunc("PUT /presence/settings", func(w http.ResponseWriter, r *http.Request) {
		in := body[presence.Settings](r)
		reply(w, http.StatusOK, in, o.write("put presence settings", func() error {
			o.primary = in.DefaultPrimarySourceID
			return nil
		}))
	})
	mux.HandleFunc("GET /presence/definitions", func(w http.ResponseWriter, _ *http.Request) {
		var list []presence.Definition
		for _, name := range []string{"Available", "Away", "Break", "Busy", "Meal", "Meeting", "Offline", "OnQueue", "Training"} {
			list = append(list, presence.Definition{ID: "presence-" + name, Type: "System", SystemPresence: name})
		}
		entities(w, slices.Concat([]presence.Definition{{ID: "own", Type: "User", SystemPresence: "Break"}}, list))
	})
}

func body[T any](r *http.Request) T {
	var v T
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		panic("orgtest: body of " + r.URL.Path + ": " + err.Error())
	}
	return v
}

func entities[T any](w http.ResponseWriter, list []T) {
	answer(w, http.StatusOK, map[string]any{"entities": list, "pageCount": 1, "total": len(list)})
}

func reply(w http.ResponseWriter, status int, v any, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, status, v)
}

func fail(w http.ResponseWriter, err error) {
	p, ok := errors.AsType[*problem](err)
	if !ok { // cut off: the connection ends without an answer
		panic(http.ErrAbortHandler)
	}
	answer(w, p.status, map[string]any{"status": p.status, "code": p.code, "scimType": p.code, "message": p.code})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if v != nil && status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(v)
	}
}
