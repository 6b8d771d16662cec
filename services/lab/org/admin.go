package org

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// adminRoutes are the lab's own paths; they need no token.
func (o *Org) adminRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /lab/v1/org", o.serveSnapshot)
	mux.HandleFunc("GET /lab/v1/org/stream", o.serveStream)
	mux.HandleFunc("GET /lab/v1/org/routes", func(w http.ResponseWriter, _ *http.Request) { o.writeJSON(w, http.StatusOK, o.routes) })
	mux.HandleFunc("GET /lab/v1/org/knobs", func(w http.ResponseWriter, _ *http.Request) { o.writeJSON(w, http.StatusOK, o.Knobs()) })
	mux.HandleFunc("PUT /lab/v1/org/knobs", o.serveKnobs)
	mux.HandleFunc("GET /lab/v1/org/orders", func(w http.ResponseWriter, _ *http.Request) { o.writeJSON(w, http.StatusOK, o.Orders()) })
	mux.HandleFunc("POST /lab/v1/org/orders", o.serveOrder)
	mux.HandleFunc("DELETE /lab/v1/org/orders", func(w http.ResponseWriter, _ *http.Request) {
		o.TakeBackOrders()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /lab/v1/org/keys/rotate", o.serveRotate)
	mux.HandleFunc("POST /lab/v1/org/tokens/revoke", func(w http.ResponseWriter, _ *http.Request) {
		o.RevokeTokens()
		w.WriteHeader(http.StatusNoContent)
	})
}

func (o *Org) writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		o.opts.Logger.Debug("answer not delivered", "error", err)
	}
}

func (o *Org) writeProblem(w http.ResponseWriter, status int, err error) {
	o.writeJSON(w, status, map[string]string{"error": err.Error()})
}

// limitParam reads ?conversations=N, the number of last changed conversations and recordings to show.
func limitParam(r *http.Request, fallback int) int {
	n, err := strconv.Atoi(r.URL.Query().Get("conversations"))
	if err != nil || n < 0 {
		return fallback
	}
	return n
}

func (o *Org) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	o.writeJSON(w, http.StatusOK, o.snapshot(limitParam(r, 0)))
}

// serveKnobs replaces the knobs that are named; the others keep their values.
func (o *Org) serveKnobs(w http.ResponseWriter, r *http.Request) {
	const most = 16_384
	knobs := o.Knobs()
	decoder := json.NewDecoder(io.LimitReader(r.Body, most))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&knobs); err != nil {
		o.writeProblem(w, http.StatusBadRequest, fmt.Errorf("knobs: %w", err))
		return
	}
	if err := o.SetKnobs(knobs); err != nil {
		o.writeProblem(w, http.StatusBadRequest, err)
		return
	}
	o.opts.Logger.Info("knobs changed", "knobs", o.Knobs())
	o.writeJSON(w, http.StatusOK, o.Knobs())
}

// serveOrder takes an order.
func (o *Org) serveOrder(w http.ResponseWriter, r *http.Request) {
	const most = 1 << 20
	var order Order
	decoder := json.NewDecoder(io.LimitReader(r.Body, most))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&order)
	if err == nil {
		err = o.GiveOrder(order)
	}
	if err != nil {
		o.writeProblem(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (o *Org) serveRotate(w http.ResponseWriter, _ *http.Request) {
	id, err := o.RotateKey()
	if err != nil {
		o.writeProblem(w, http.StatusInternalServerError, err)
		return
	}
	o.writeJSON(w, http.StatusOK, map[string]string{"id": id})
}

// Change is one message of the change stream: what changed since the message before.
type Change struct {
	At            time.Time      `json:"at"`
	Totals        Totals         `json:"totals"`
	Conversations []Conversation `json:"conversations,omitempty"`
	AgentStates   []AgentState   `json:"agentStates,omitempty"`
	Recordings    []Recording    `json:"recordings,omitempty"`
	Counters      Counters       `json:"counters"`
}

// Totals are how many objects the organization has.
type Totals struct {
	Users         int `json:"users"`
	Queues        int `json:"queues"`
	Skills        int `json:"skills"`
	WrapupCodes   int `json:"wrapupCodes"`
	Conversations int `json:"conversations"`
	Recordings    int `json:"recordings"`
}

// cursor is how far a stream has come.
type cursor struct{ conversations, states, recordings uint64 }

// maxChanged bounds one message of the stream; what is older than that is in the next snapshot.
const maxChanged = 500

// change collects what changed after a cursor, moves it, and returns the channel that the next change closes.
func (o *Org) change(at *cursor) (Change, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := Change{
		At: o.opts.Now(), Conversations: o.book.Since(at.conversations, maxChanged), AgentStates: o.statesSince(at.states),
		Recordings: o.recordingsSince(at.recordings, maxChanged), Counters: o.counters.clone(),
		Totals: Totals{
			Queues: len(o.queues), Skills: len(o.skills), WrapupCodes: len(o.codes), Conversations: o.book.Len(),
			Recordings: o.uploads.recordings.Len(),
		},
	}
	for _, u := range o.users.order {
		if !u.deleted {
			c.Totals.Users++
		}
	}
	*at = cursor{o.book.Seq(), o.statuses.Seq(), o.uploads.recordings.Seq()}
	return c, o.wake
}

// serveStream sends changes as server-sent events, coalesced: at most one message per interval. The first message holds
// the last changed conversations (?conversations=N, default 200).
func (o *Org) serveStream(w http.ResponseWriter, r *http.Request) {
	const first, keepAlive = 200, 15 * time.Second
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	controller := http.NewResponseController(w)
	var at cursor
	change, wake := o.change(&at)
	if limit := limitParam(r, first); len(change.Conversations) > limit {
		change.Conversations = change.Conversations[len(change.Conversations)-limit:]
	}
	idle := time.NewTicker(keepAlive)
	defer idle.Stop()
	for {
		if err := sendEvent(w, controller, change); err != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-r.Context().Done():
				return
			case <-wake:
				waiting = false
			case <-idle.C:
				if _, err := io.WriteString(w, ": idle\n\n"); err != nil || controller.Flush() != nil {
					return
				}
			}
		}
		sleep(r, o.opts.StreamInterval)
		change, wake = o.change(&at)
	}
}

func sendEvent(w io.Writer, controller *http.ResponseController, change Change) error {
	body, err := json.Marshal(change)
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	if _, err := fmt.Fprintf(w, "event: change\ndata: %s\n\n", body); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	if err := controller.Flush(); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return nil
}
