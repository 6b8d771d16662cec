package wire

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
)

// Kept is what a pipeline could not handle and keeps; *store.Pipeline is one.
type Kept interface {
	Parked(ctx context.Context, outbox string, limit int) ([]store.ParkedRecord, error)
	RetryParked(ctx context.Context, outbox string, ids []string) (int, error)
	Aside(ctx context.Context, limit int) ([]store.Aside, error)
}

const (
	defaultKept = 100
	maxKept     = 1000
)

// ServeKept registers what operators need for what was not handled:
//
//	GET  /api/v1/parked/{outbox}?limit=n   events that were refused for good, oldest first, with the reason
//	POST /api/v1/parked/{outbox}/retry     sends them again: {"ids": [...]}, or the oldest 1000 without a body
//	GET  /api/v1/set-aside?limit=n         malformed input, newest first, with the reason
func ServeKept(mux host.Routes, kept Kept, log *slog.Logger, outboxes ...string) {
	h := &keptHandler{kept: kept, log: log.With("component", "api"), outboxes: outboxes}
	mux.HandleFunc("GET /api/v1/parked/{outbox}", h.parked)
	mux.HandleFunc("POST /api/v1/parked/{outbox}/retry", h.retry)
	mux.HandleFunc("GET /api/v1/set-aside", h.aside)
}

type keptHandler struct {
	kept     Kept
	log      *slog.Logger
	outboxes []string
}

// parkedItem is a parked record without its payload, which may name customers.
type parkedItem struct {
	ID     string    `json:"id"`
	Key    string    `json:"key"` // the conversation's, the user's or the recording's id
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

func (h *keptHandler) parked(w http.ResponseWriter, r *http.Request) {
	limit, err := host.ReadLimit(r, defaultKept, maxKept)
	outbox := r.PathValue("outbox")
	if err == nil {
		err = h.known(outbox)
	}
	var records []store.ParkedRecord
	if err == nil {
		records, err = h.kept.Parked(r.Context(), outbox, limit)
	}
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	items := make([]parkedItem, len(records))
	for i, record := range records {
		items[i] = parkedItem{ID: record.ID, Key: record.Key, Reason: record.Reason, At: record.At.UTC()}
	}
	host.WriteJSON(w, http.StatusOK, map[string]any{"parked": items})
}

func (h *keptHandler) retry(w http.ResponseWriter, r *http.Request) {
	retried, err := h.retryThose(r)
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	host.WriteJSON(w, http.StatusOK, map[string]int{"retried": retried})
}

func (h *keptHandler) retryThose(r *http.Request) (int, error) {
	outbox := r.PathValue("outbox")
	if err := h.known(outbox); err != nil {
		return 0, err
	}
	var wanted struct {
		IDs []string `json:"ids"`
	}
	if r.ContentLength != 0 {
		if err := host.ReadJSON(r, &wanted); err != nil {
			return 0, err
		}
	}
	if len(wanted.IDs) == 0 {
		oldest, err := h.kept.Parked(r.Context(), outbox, maxKept)
		if err != nil {
			return 0, err
		}
		for _, record := range oldest {
			wanted.IDs = append(wanted.IDs, record.ID)
		}
	}
	if len(wanted.IDs) == 0 {
		return 0, nil
	}
	return h.kept.RetryParked(r.Context(), outbox, wanted.IDs)
}

func (h *keptHandler) aside(w http.ResponseWriter, r *http.Request) {
	limit, err := host.ReadLimit(r, defaultKept, maxKept)
	var items []store.Aside
	if err == nil {
		items, err = h.kept.Aside(r.Context(), limit)
	}
	if err != nil {
		host.WriteError(w, r, h.log, err)
		return
	}
	for i := range items {
		items[i].Item = nil // it may name customers; it stays in Redis
	}
	host.WriteJSON(w, http.StatusOK, map[string]any{"setAside": items})
}

func (h *keptHandler) known(outbox string) error {
	if slices.Contains(h.outboxes, outbox) {
		return nil
	}
	return fault.Newf(fault.NotFound, "wire.kept", "there is no outbox %q; there is %s", outbox, strings.Join(h.outboxes, " and "))
}
