package site

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"engage.connector/services/lab/site/feed"
)

// maxKnobsBytes bounds the body of a change of the knobs.
const maxKnobsBytes = 4 << 10

// Handler serves the site:
//
//	/v1/links...                              the Engage feed
//	/recordings/...                           WebDAV, when there is a folder for it
//	GET  /lab/v1/site                         the script: what has happened
//	GET  /lab/v1/site/model                   the center
//	GET  PUT /lab/v1/site/knobs               disturbances of the feed: late links, servers' clocks, and so on
//	POST /lab/v1/site/switchover              the servers' backups take over
//	POST /lab/v1/site/links/{link}/disconnect breaks a link (its events are lost)
//	POST /lab/v1/site/links/{link}/connect    brings it back
//	POST /lab/v1/site/links/{link}/lose       loses a link's events without a word
//	POST /lab/v1/site/links/{link}/gap        ends that with feed.Gap and a snapshot
//	POST /lab/v1/site/away                    {"seconds": n}: the edge can not be reached and keeps everything
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	s.edge.Register(mux)
	if s.storage != nil {
		mux.Handle(recordingsPath+"/", s.storage)
		mux.Handle(recordingsPath, s.storage)
	}
	mux.HandleFunc("GET /lab/v1/site", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Script()) })
	mux.HandleFunc("GET /lab/v1/site/model", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.model) })
	mux.HandleFunc("GET /lab/v1/site/knobs", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.edge.Knobs()) })
	mux.HandleFunc("PUT /lab/v1/site/knobs", s.putKnobs)
	mux.HandleFunc("POST /lab/v1/site/switchover", func(w http.ResponseWriter, _ *http.Request) {
		s.edge.Switchover()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /lab/v1/site/links/{link}/{action}", s.linkAction)
	mux.HandleFunc("POST /lab/v1/site/away", s.goAway)
	return mux
}

func (s *Site) putKnobs(w http.ResponseWriter, r *http.Request) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxKnobsBytes))
	d.DisallowUnknownFields()
	var k feed.Knobs
	if err := d.Decode(&k); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.edge.SetKnobs(k); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, k)
}

func (s *Site) linkAction(w http.ResponseWriter, r *http.Request) {
	name, known := r.PathValue("link"), false
	switch r.PathValue("action") {
	case "disconnect":
		known = s.edge.Disconnect(name, "broken by the lab")
	case "connect":
		known = s.edge.Connect(name)
	case "lose":
		known = s.edge.Lose(name)
	case "gap":
		known = s.edge.Gap(name)
	}
	if !known {
		http.Error(w, "no such link or action", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// maxAwaySeconds bounds how long the edge is away.
const maxAwaySeconds = 3600

func (s *Site) goAway(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Seconds float64 `json:"seconds"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxKnobsBytes)).Decode(&wanted)
	if err != nil || wanted.Seconds <= 0 || wanted.Seconds > maxAwaySeconds {
		http.Error(w, fmt.Sprintf(`send {"seconds": n} with n above 0 and at most %d`, maxAwaySeconds), http.StatusBadRequest)
		return
	}
	s.edge.Away(time.Duration(wanted.Seconds * float64(time.Second)))
	w.WriteHeader(http.StatusNoContent)
}

// writeJSON answers with a document.
func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client is gone when this fails
}
