package feed

import (
	"errors"
	"net/http"
	"time"
)

const (
	readBatch = 256
	// writeTimeout bounds one write to a client; who does not read for so long is disconnected.
	writeTimeout = 10 * time.Second
)

// reader is one client's place in a link.
type reader struct {
	edge  *Edge
	link  *link
	after uint64
	sent  int
	// missed tells that the reader lost lines and has not been reported to again. That waits until
	// it has caught up: a report in a full ring pushes out what it has still to read.
	missed bool
	out    http.ResponseWriter
	rc     *http.ResponseController
}

// events streams a link's lines from a cursor on.
func (e *Edge) events(w http.ResponseWriter, r *http.Request) {
	after := r.URL.Query().Get("after")
	rd := &reader{edge: e, out: w, rc: http.NewResponseController(w)}
	if after != "" {
		cursor, err := parseCursor(after)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		rd.after = cursor
	}
	if status, reason := e.enter(rd, r.PathValue("link"), after == ""); status != http.StatusOK {
		refuse(w, status, reason)
		return
	}
	defer e.leave(rd)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if err := rd.flush(); err != nil {
		return
	}
	rd.run(r)
}

// enter gives the reader its link and counts it in.
func (e *Edge) enter(rd *reader, name string, fromStart bool) (status int, reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.links[name]
	switch {
	case e.closed:
		return http.StatusServiceUnavailable, "the edge is closing"
	case l == nil:
		return http.StatusNotFound, "no such link; declare it first"
	case l.readers >= maxReaders:
		return http.StatusServiceUnavailable, "too many readers of this link"
	}
	l.readers++
	rd.link = l
	if fromStart {
		// When lines are gone already this is a place before the oldest one, so the gap is told.
		rd.after = l.ring.base
	}
	return http.StatusOK, ""
}

func (e *Edge) leave(rd *reader) {
	e.mu.Lock()
	defer e.mu.Unlock()
	rd.link.readers--
}

// run sends lines and heartbeats until the client goes, the link is deleted or the edge closes.
func (rd *reader) run(r *http.Request) {
	beat := time.NewTicker(rd.edge.opts.Heartbeat)
	defer beat.Stop()
	for {
		lines, wake, err := rd.next()
		if err != nil {
			return
		}
		if err := rd.send(lines); err != nil {
			return
		}
		if len(lines) > 0 {
			wake = ready()
		}
		select {
		case <-r.Context().Done():
			return
		case <-rd.edge.done:
			return
		case <-rd.link.gone:
			return
		case <-beat.C:
			if err := rd.own(msgHeartbeat, rd.after, nil); err != nil {
				return
			}
		case <-wake:
		}
	}
}

// ready is a channel that does not block.
func ready() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// next takes the lines after the reader's place, or tells it of a gap and goes on behind it.
func (rd *reader) next() (lines [][]byte, wake <-chan struct{}, err error) {
	e := rd.edge
	e.mu.Lock()
	lines, gap := rd.link.ring.read(rd.after, readBatch)
	ring, wakeup := rd.link.ring, rd.link.wake
	resume, dropped := ring.oldest-1, ring.dropped
	if gap && dropped.to.IsZero() && rd.after < ring.next() {
		// A cursor of an earlier life of the edge: what was in between is not known.
		dropped = dropRange{to: e.opts.Now()}
	}
	e.mu.Unlock()
	if !gap {
		rd.after += uint64(len(lines))
		if len(lines) == 0 && rd.missed {
			rd.missed = false
			e.refresh(rd.link)
		}
		return lines, wakeup, nil
	}
	attributes := map[string]any{"after": formatCursor(rd.after)}
	if !dropped.from.IsZero() {
		attributes["from"] = instant(dropped.from)
	}
	if !dropped.to.IsZero() {
		attributes["to"] = instant(dropped.to)
	}
	rd.after = resume
	if err := rd.own(msgGap, resume, attributes); err != nil {
		return nil, nil, err
	}
	rd.missed = true
	return nil, ready(), nil
}

// own sends one of the edge's lines to this reader only.
func (rd *reader) own(message string, cursor uint64, attributes map[string]any) error {
	e := rd.edge
	e.mu.Lock()
	server, now := e.servers[rd.link.kind()].server(), e.opts.Now()
	e.mu.Unlock()
	line, err := envelope{
		Cursor: formatCursor(cursor), ReceivedAt: now, Server: server, Message: message, Time: now, Attributes: attributes,
	}.line()
	if err != nil {
		return err
	}
	return rd.send([][]byte{line})
}

// send writes lines, or breaks the connection off when the knob says so.
func (rd *reader) send(lines [][]byte) error {
	if len(lines) == 0 {
		return nil
	}
	limit := rd.edge.Knobs().DropAfterLines
	if err := rd.rc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	for _, line := range lines {
		if limit > 0 && rd.sent >= limit {
			_, _ = rd.out.Write(line[:len(line)/2]) // the connection ends here anyway
			_ = rd.rc.Flush()                       // as above
			panic(http.ErrAbortHandler)
		}
		if _, err := rd.out.Write(line); err != nil {
			return err
		}
		rd.sent++
	}
	return rd.flush()
}

// flush hands what was written to the client; a writer that can not flush is written through.
func (rd *reader) flush() error {
	if err := rd.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
