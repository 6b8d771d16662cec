package orgtest

import (
	"net/http"
	"strings"

	"engage.connector/pkg/genesys/users"
)

// DeleteUser deletes a user as the organization does: it keeps its address and can be restored.
func (o *Org) DeleteUser(id string) {
	o.mu.Lock()
	u := o.users[id]
	o.mu.Unlock()
	o.Delete(id)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deleted[id] = u
}

// RefuseSearches makes the organization refuse to search for deleted users; 0 lets it answer again.
func (o *Org) RefuseSearches(status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.searchAs = status
}

// RefuseCreates makes the organization refuse new users that are of a kind.
func (o *Org) RefuseCreates(of func(users.User) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuseCreate = of
}

func (o *Org) deletedByName(name string) *User {
	for _, u := range o.deleted {
		if strings.EqualFold(u.UserName, name) {
			return u
		}
	}
	return nil
}

// deletedUsers serves what restores deleted users.
func (o *Org) deletedUsers(mux *http.ServeMux) {
	const version = 7
	mux.HandleFunc("POST /users/search", func(w http.ResponseWriter, r *http.Request) {
		in := body[struct {
			Query []struct{ Fields, Values []string }
		}](r)
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.searchAs != 0 {
			fail(w, refuse(o.searchAs, "refused.search"))
			return
		}
		asked := map[string]string{}
		for _, q := range in.Query {
			asked[q.Fields[0]] = q.Values[0]
		}
		found := []map[string]string{}
		if u := o.deletedByName(asked["email"]); u != nil && asked["state"] == "deleted" {
			found = append(found, map[string]string{"id": u.ID, "email": u.UserName, "username": u.UserName})
		}
		answer(w, http.StatusOK, map[string]any{"results": found})
	})
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.deleted[r.PathValue("id")] == nil || r.URL.Query().Get("state") != "deleted" {
			fail(w, refuse(http.StatusNotFound, "not.found"))
			return
		}
		answer(w, http.StatusOK, map[string]any{"id": r.PathValue("id"), "version": version})
	})
	mux.HandleFunc("PATCH /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		in, id := body[struct {
			State   string
			Version int
		}](r), r.PathValue("id")
		reply(w, http.StatusOK, map[string]any{"id": id}, o.write("restore user "+id, func() error {
			u := o.deleted[id]
			if u == nil || in.State != "active" || in.Version != version {
				return refuse(http.StatusConflict, "general.conflict")
			}
			delete(o.deleted, id)
			active := true
			u.Active = &active
			o.users[id] = u
			return nil
		}))
	})
}
