package feed

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Register serves the feed under /v1/links on the mux.
func (e *Edge) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/links", e.whileThere(e.guarded(e.list)))
	mux.HandleFunc("PUT /v1/links/{link}", e.whileThere(e.guarded(e.putLink)))
	mux.HandleFunc("GET /v1/links/{link}", e.whileThere(e.guarded(e.getLink)))
	mux.HandleFunc("DELETE /v1/links/{link}", e.whileThere(e.guarded(e.deleteLink)))
	mux.HandleFunc("GET /v1/links/{link}/events", e.whileThere(e.guarded(e.events)))
}

// guarded lets only bearers of the token through: 401 without credentials, 403 with wrong ones.
func (e *Edge) guarded(next http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte(e.opts.Token))
	return func(w http.ResponseWriter, r *http.Request) {
		if e.opts.Token != "" {
			scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
			if !found || !strings.EqualFold(scheme, "Bearer") {
				w.Header().Set("WWW-Authenticate", `Bearer realm="engage feed"`)
				refuse(w, http.StatusUnauthorized, "no bearer token")
				return
			}
			if got := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
				refuse(w, http.StatusForbidden, "wrong bearer token")
				return
			}
		}
		next(w, r)
	}
}

func (e *Edge) list(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	links := []linkStatus{}
	for _, l := range e.sortedLinks() {
		links = append(links, l.status())
	}
	e.mu.Unlock()
	answer(w, map[string]any{"links": links})
}

func (e *Edge) putLink(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("link")
	if !linkNamePattern.MatchString(name) {
		refuse(w, http.StatusBadRequest, "the link's name must be 1-64 letters, digits, dots, dashes or underscores")
		return
	}
	spec, err := decodeSpec(http.MaxBytesReader(w, r.Body, maxSpecBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, err.Error())
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	status, err := e.declare(name, spec)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, status)
}

func (e *Edge) getLink(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	l := e.links[r.PathValue("link")]
	var status linkStatus
	if l != nil {
		status = l.status()
	}
	e.mu.Unlock()
	if l == nil {
		refuse(w, http.StatusNotFound, "no such link; declare it first")
		return
	}
	answer(w, status)
}

func (e *Edge) deleteLink(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("link")
	e.mu.Lock()
	l := e.links[name]
	if l != nil {
		delete(e.links, name)
		close(l.gone)
	}
	e.mu.Unlock()
	if l == nil {
		refuse(w, http.StatusNotFound, "no such link")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// answer sends a JSON body with status 200.
func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client is gone when this fails
}

// refuse sends a status with what is wrong.
func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": reason}) // as above
}
