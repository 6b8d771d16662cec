package api

import (
	"net/http"

	"engage.connector/pkg/host"
)

// Register adds the routes.
func (s *Service) Register(mux host.Routes) {
	mux.HandleFunc("GET /api/v1/interactions/{callUUID}", s.interaction)
	mux.HandleFunc("GET /api/v1/recordings", s.recordings)
}

// interaction answers with the trace of a call: its facts, the conversation with its legs, every
// decision with the events it led to, and its recordings.
func (s *Service) interaction(w http.ResponseWriter, r *http.Request) {
	trace, err := s.trace(r.Context(), r.PathValue("callUUID"))
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	s.answer(w, r, trace)
}

// recordings lists the segments that are not submitted, with the reason of each.
func (s *Service) recordings(w http.ResponseWriter, r *http.Request) {
	limit, err := host.ReadLimit(r, defaultLimit, maxLimit)
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	kept, err := s.kept(limit)
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	s.answer(w, r, map[string]any{"recordings": kept})
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request, v any) {
	shown, err := forCaller(r.Context(), v)
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	host.WriteJSON(w, http.StatusOK, shown)
}
