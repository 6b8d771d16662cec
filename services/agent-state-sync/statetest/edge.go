// Package statetest plays what agent-state-sync connects to: an Engage edge, an EX org that checks
// credentials, and config-sync. Tests and proving grounds disturb them as they like.
package statetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Token is what the edge wants to be shown.
const Token = "token of the feed"

// Edge holds the lines of each link and sends them to whoever asks with the right token.
type Edge struct {
	mu       sync.Mutex
	links    map[string]*edgeLink
	denied   int
	silent   bool // no heartbeats
	noUpTo   bool
	clock    func() time.Time // of the servers
	interval time.Duration
	server   string
	start    int64
	changed  chan struct{}
}

type edgeLink struct {
	lines    [][]byte
	declared map[string]any
	puts     int
}

// NewEdge returns an edge without lines, whose servers' clocks are right.
func NewEdge() *Edge {
	return &Edge{links: map[string]*edgeLink{}, clock: time.Now, interval: 200 * time.Millisecond, server: "stat1", start: 1, changed: make(chan struct{})}
}

// Handler serves the feed.
func (e *Edge) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/links/{link}", e.declare)
	mux.HandleFunc("GET /v1/links", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) })
	mux.HandleFunc("GET /v1/links/{link}/events", e.stream)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+Token {
			e.mu.Lock()
			e.denied++
			e.mu.Unlock()
			http.Error(w, "wrong token", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (e *Edge) link(name string) *edgeLink {
	l := e.links[name]
	if l == nil {
		l = &edgeLink{}
		e.links[name] = l
	}
	return l
}

func (e *Edge) declare(w http.ResponseWriter, r *http.Request) {
	var spec map[string]any
	if err := json.NewDecoder(r.Body).Decode(&spec); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.link(r.PathValue("link"))
	l.declared = spec
	l.puts++
	_ = json.NewEncoder(w).Encode(map[string]string{"link": r.PathValue("link"), "state": "connected"})
}

// Declared is what a link was declared as last.
func (e *Edge) Declared(link string) map[string]any {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.link(link).declared
}

// Denied counts the requests without the right token.
func (e *Edge) Denied() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.denied
}

// Line is what a server says, or the edge itself.
type Line struct {
	Message    string
	Time       time.Time // by the server's clock; zero: now
	Received   time.Time // by the edge's; zero: now
	Sequence   int64
	Attributes map[string]any
}

// Send puts lines on a link.
func (e *Edge) Send(link string, lines ...Line) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.link(link)
	for _, line := range lines {
		if line.Time.IsZero() {
			line.Time = e.clock()
		}
		if line.Received.IsZero() {
			line.Received = time.Now()
		}
		l.lines = append(l.lines, e.line(len(l.lines)+1, line))
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *Edge) line(cursor int, line Line) []byte {
	if line.Attributes == nil {
		line.Attributes = map[string]any{}
	}
	text, err := json.Marshal(map[string]any{
		"cursor": fmt.Sprintf("%016x", cursor), "receivedAt": line.Received.UTC(), "sequence": line.Sequence,
		"server":  map[string]any{"name": e.server, "role": "primary", "startTime": e.start},
		"message": line.Message, "time": line.Time.UTC(), "attributes": line.Attributes,
	})
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

// Clock sets the servers' clock.
func (e *Edge) Clock(now func() time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.clock = now
}

// Switchover makes another server report.
func (e *Edge) Switchover(server string, start int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server, e.start = server, start
}

// Silence ends or begins the heartbeats.
func (e *Edge) Silence(silent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.silent = silent
}

func (e *Edge) stream(w http.ResponseWriter, r *http.Request) {
	name, next := r.PathValue("link"), 0
	if after := r.URL.Query().Get("after"); after != "" {
		if _, err := fmt.Sscanf(after, "%x", &next); err != nil {
			http.Error(w, "bad cursor", http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := http.NewResponseController(w)
	beat := time.NewTicker(e.interval)
	defer beat.Stop()
	for {
		e.mu.Lock()
		lines, changed := e.link(name).lines, e.changed
		e.mu.Unlock()
		for ; next < len(lines); next++ {
			if _, err := w.Write(lines[next]); err != nil {
				return
			}
		}
		if out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-beat.C:
			if text := e.beat(next); text != nil {
				if _, err := w.Write(text); err != nil {
					return
				}
			}
		}
	}
}

func (e *Edge) beat(cursor int) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.silent {
		return nil
	}
	line := Line{Message: "feed.Heartbeat", Time: time.Now(), Received: time.Now()}
	if !e.noUpTo {
		line.Attributes = map[string]any{"upTo": e.clock().UTC()}
	}
	return e.line(cursor, line)
}

// Status is the change of an agent's CurrentState statistic.
func Status(employee string, status int, since time.Time) Line {
	return Line{Message: "EventInfo", Time: since, Attributes: map[string]any{
		"statistic": "agent:" + employee + ":state", "status": status, "since": since.UTC(), "dns": []any{},
	}}
}

// Reason is the change of an agent's CurrentStateReason statistic.
func Reason(employee, reason string, at time.Time) Line {
	reasons := map[string]any{}
	if reason != "" {
		reasons["ReasonCode"] = reason
	}
	return Line{Message: "EventInfo", Time: at, Attributes: map[string]any{
		"statistic": "agent:" + employee + ":reason", "since": at.UTC(), "reasons": reasons,
	}}
}

// Snapshot puts lines between the two lines of a snapshot that is complete for a time.
func Snapshot(at time.Time, lines ...Line) []Line {
	border := map[string]any{"at": at.UTC()}
	all := []Line{{Message: "feed.SnapshotBegin", Time: at, Attributes: border}}
	all = append(all, lines...)
	return append(all, Line{Message: "feed.SnapshotEnd", Time: at, Attributes: border})
}
