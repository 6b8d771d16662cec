// Package api serves what operators ask: the trace of a call and the recordings that wait.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/model"
)

// Calls answers questions about calls.
type Calls interface {
	// Lookup finds a call in the model of the writer.
	Lookup(callUUID string) (model.Trace, bool, error)
	// Kept lists recordings that are not submitted.
	Kept(limit int) []model.Record
}

// State is what the store holds of the model, for an instance that is not the writer.
type State interface {
	LoadState(ctx context.Context) (map[string][]byte, error)
}

// Parked lists what was given up; *store.Pipeline is one.
type Parked interface {
	Parked(ctx context.Context, outbox string, limit int) ([]store.ParkedRecord, error)
}

// Handler serves the questions.
type Handler struct {
	calls   Calls
	state   State
	parked  Parked
	writing func() bool
	log     *slog.Logger
}

// Options of a Handler; all are required.
type Options struct {
	Calls  Calls
	State  State
	Parked Parked
	// Writing tells whether this instance is the writer, so that its model is the current one.
	Writing func() bool
	Logger  *slog.Logger
}

// New returns a handler.
func New(opts Options) *Handler {
	return &Handler{calls: opts.Calls, state: opts.State, parked: opts.Parked, writing: opts.Writing, log: opts.Logger.With("component", "api")}
}

// Register adds the routes.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/interactions/{callUUID}", h.interaction)
	mux.HandleFunc("GET /api/v1/recordings", h.recordings)
	mux.HandleFunc("GET /api/v1/parked/{outbox}", h.parkedRecords)
}

// interaction answers with the trace of a call: its facts, the conversation with its legs, every
// decision with the events it led to, and its recordings.
func (h *Handler) interaction(w http.ResponseWriter, r *http.Request) {
	uuid := r.PathValue("callUUID")
	trace, found, err := h.lookup(r.Context(), uuid)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "", "no call with this CallUUID is known").
			WithHint("closed calls are kept for 24 hours")
	}
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	host.WriteJSON(w, http.StatusOK, trace)
}

func (h *Handler) lookup(ctx context.Context, uuid string) (model.Trace, bool, error) {
	if h.writing() {
		return h.calls.Lookup(uuid)
	}
	state, err := h.state.LoadState(ctx)
	if err != nil {
		return model.Trace{}, false, err
	}
	return model.TraceOf(state, uuid)
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

func limitOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "", "limit is no positive number")
	}
	return min(n, maxLimit), nil
}

// recordings lists the segments that are not submitted, with the reason of each.
func (h *Handler) recordings(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	if err == nil && !h.writing() {
		err = fault.New(fault.Unavailable, "", "this instance is standby").WithHint("ask the other instance")
	}
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	host.WriteJSON(w, http.StatusOK, map[string]any{"recordings": h.calls.Kept(limit)})
}

// parkedItem is a parked record without its payload.
type parkedItem struct {
	ID     string    `json:"id"`
	Key    string    `json:"key"` // the conversation's or the recording's id
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// parkedRecords lists what the org or recording-provider refused for good.
func (h *Handler) parkedRecords(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	outbox := r.PathValue("outbox")
	if err == nil && outbox != model.OutboxConversation && outbox != model.OutboxRecording {
		err = fault.New(fault.NotFound, "", "the outboxes are "+model.OutboxConversation+" and "+model.OutboxRecording)
	}
	var records []store.ParkedRecord
	if err == nil {
		records, err = h.parked.Parked(r.Context(), outbox, limit)
	}
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	items := make([]parkedItem, len(records))
	for i, p := range records {
		items[i] = parkedItem{ID: p.ID, Key: p.Key, Reason: p.Reason, At: p.At.UTC()}
	}
	host.WriteJSON(w, http.StatusOK, map[string]any{"parked": items})
}
