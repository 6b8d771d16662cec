package api

import (
	"bytes"
	"net/http"
	"strings"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/services/agent-state-sync/adherence"
)

// Register adds the routes.
func (s *Service) Register(mux host.Routes) {
	mux.HandleFunc("GET /api/v1/agents", s.listAgents)
	mux.HandleFunc("GET /api/v1/adherence-gaps", s.listGaps)
}

// listAgents answers with the agents that fit q and state.
func (s *Service) listAgents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	views, err := s.agents(r.Context(), query.Get("q"), query.Get("state"))
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	host.WriteJSON(w, http.StatusOK, map[string]any{"agents": views})
}

// listGaps answers with the gaps between from and to, as JSON or, with format=csv or by Accept, as CSV.
func (s *Service) listGaps(w http.ResponseWriter, r *http.Request) {
	gaps, csv, err := s.askedGaps(r)
	if err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	if !csv {
		host.WriteJSON(w, http.StatusOK, map[string]any{"gaps": gaps})
		return
	}
	var body bytes.Buffer
	if err := WriteCSV(&body, gaps); err != nil {
		host.WriteError(w, r, s.log, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="adherence-gaps.csv"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body.Bytes())
}

func (s *Service) askedGaps(r *http.Request) (gaps []adherence.Gap, csv bool, err error) {
	query := r.URL.Query()
	from, err := ReadTime("from", query.Get("from"))
	if err != nil {
		return nil, false, err
	}
	to, err := ReadTime("to", query.Get("to"))
	if err != nil {
		return nil, false, err
	}
	switch query.Get("format") {
	case "":
		csv = strings.HasPrefix(r.Header.Get("Accept"), "text/csv")
	case "csv":
		csv = true
	case "json":
	default:
		return nil, false, fault.Newf(fault.Invalid, opGaps, "%q is not a format", query.Get("format")).WithHint("use csv or json")
	}
	gaps, err = s.gaps(r.Context(), from, to)
	if gaps == nil {
		gaps = []adherence.Gap{}
	}
	return gaps, csv, err
}
