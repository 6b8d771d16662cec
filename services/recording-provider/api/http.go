package api

import (
	"io"
	"log/slog"
	"net/http"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/recording"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
)

// maxBody bounds an interaction-end request.
const maxBody = 64 << 10

// Routes registers the HTTP side:
//
//	POST /api/v1/interaction-end            one recorded segment (guide, recording injection, step 5;
//	POST /v1/interaction-end                the path is not publicly documented); the body is a Recording
//	GET  /api/v1/recordings/{id}            where a recording is
//	POST /api/v1/recordings/{id}/retry      puts a parked recording back into the queue
func Routes(mux host.Routes, server *Server, log *slog.Logger) {
	routes := &routes{server: server, log: log}
	for _, prefix := range []string{"/api", ""} {
		mux.HandleFunc("POST "+prefix+"/v1/interaction-end", routes.submit)
	}
	mux.HandleFunc("GET /api/v1/recordings/{id}", routes.get)
	mux.HandleFunc("POST /api/v1/recordings/{id}/retry", routes.retry)
}

type routes struct {
	server *Server
	log    *slog.Logger
}

func (h *routes) submit(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		host.WriteError(w, r, h.log, fault.Wrap(fault.TooLarge, "api.submit", err))
		return
	}
	recorded := &recordingproviderv1.Recording{}
	if err := protojson.Unmarshal(body, recorded); err != nil {
		host.WriteError(w, r, h.log, fault.Wrap(fault.Invalid, "api.submit", err).WithHint("send a JSON object of recordingprovider.v1.Recording"))
		return
	}
	added, err := h.server.submit(r.Context(), recording.FromProto(recorded))
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	host.WriteOK(w, r, "recording is queued", map[string]bool{"acceptedNow": added})
}

func (h *routes) get(w http.ResponseWriter, r *http.Request) {
	found, err := h.server.get(r.Context(), r.PathValue("id"))
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	h.writeProto(w, r, found)
}

func (h *routes) retry(w http.ResponseWriter, r *http.Request) {
	if err := h.server.queue.Unpark(r.Context(), r.PathValue("id")); err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	host.WriteOK(w, r, "recording is queued again", nil)
}

func (h *routes) writeProto(w http.ResponseWriter, r *http.Request, message proto.Message) {
	body, err := protojson.Marshal(message)
	if err != nil {
		host.WriteError(w, r, h.log, fault.Wrap(fault.Internal, "api.write", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) //nolint:gosec // JSON by its content type, never a page
}
