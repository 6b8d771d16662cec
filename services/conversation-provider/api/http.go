package api

import (
	"net/http"
	"strconv"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
)

// Register adds the routes.
func (s *Service) Register(mux *http.ServeMux) {
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
	host.WriteJSON(w, http.StatusOK, trace)
}

// recordings lists the segments that are not submitted, with the reason of each.
func (s *Service) recordings(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	kept, err := s.kept(limit)
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	host.WriteJSON(w, http.StatusOK, map[string]any{"recordings": kept})
}

func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, opRecordings, "limit is no positive number")
	}
	return n, nil
}
