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
	// missed is the newest line when the reader lost some; it has to be reported to again. That waits
	// until it has caught up: a report in a full ring pushes out what it has still to read.
	missed uint64
	cut    <-chan struct{} // closed when the stream has to break off
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
	rd.link, rd.cut = l, e.cut
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

// run sends lines and heartbeats until the client goes, the link is deleted or the edge is away or closes.
func (rd *reader) run(r *http.Request) {
	beat := time.NewTicker(rd.edge.opts.Heartbeat)
	defer beat.Stop()
	for {
		lines, wait, err := rd.next()
		if err != nil {
			return
		}
		if err := rd.send(lines); err != nil {
			return
		}
		if len(lines) == 0 && rd.missed > 0 && rd.edge.refresh(rd) {
			rd.missed = 0
			continue
		}
		if len(lines) > 0 {
			wait.wake = ready()
		}
		select {
		case <-r.Context().Done():
			return
		case <-rd.edge.done:
			return
		case <-rd.cut:
			panic(http.ErrAbortHandler)
		case <-rd.link.gone:
			return
		case <-beat.C:
			if err := rd.beat(); err != nil {
				return
			}
		case <-wait.due:
		case <-wait.wake:
		}
	}
}

// ready is a channel that does not block.
func ready() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// waiting is what a reader without lines waits for.
type waiting struct {
	wake <-chan struct{}  // something has come
	due  <-chan time.Time // what is held back has become due
}

// next takes the lines after the reader's place, or tells it of a gap and goes on behind it.
func (rd *reader) next() (lines [][]byte, wait waiting, err error) {
	e := rd.edge
	e.mu.Lock()
	defer e.mu.Unlock()
	ring, now := rd.link.ring, e.opts.Now()
	if ring.gap(rd.after) {
		line, err := rd.gapLine(now)
		return [][]byte{line}, wait, err
	}
	wait.wake = rd.link.wake
	late := e.late(rd.link)
	for _, held := range ring.after(rd.after) {
		if hold := held.received.Add(late).Sub(now); late > 0 && hold > 0 {
			wait.due = time.After(hold)
			break
		}
		if lines = append(lines, held.data); len(lines) == readBatch {
			break
		}
	}
	rd.after += uint64(len(lines))
	return lines, wait, nil
}

// gapLine tells the reader what it has lost, and moves it behind that.
func (rd *reader) gapLine(now time.Time) ([]byte, error) {
	ring := rd.link.ring
	dropped := ring.dropped
	if dropped.to.IsZero() && rd.after < ring.next() {
		// A cursor of an earlier life of the edge: what was in between is not known.
		dropped.to = now
	}
	attributes := map[string]any{"after": formatCursor(rd.after)}
	if !dropped.from.IsZero() {
		attributes["from"] = instant(rd.edge.stamp(rd.link, dropped.from))
	}
	if !dropped.to.IsZero() {
		attributes["to"] = instant(rd.edge.stamp(rd.link, dropped.to))
	}
	rd.after = ring.oldest - 1
	rd.missed = ring.next() - 1
	return rd.own(msgGap, attributes)
}

// beat sends a heartbeat.
func (rd *reader) beat() error {
	line, err := rd.heartbeat()
	if err != nil {
		return err
	}
	return rd.send([][]byte{line})
}

func (rd *reader) heartbeat() ([]byte, error) {
	e := rd.edge
	e.mu.Lock()
	defer e.mu.Unlock()
	attributes := map[string]any{}
	if !e.knobs.NoUpTo {
		attributes["upTo"] = instant(e.upTo(rd))
	}
	return rd.own(msgHeartbeat, attributes)
}

// own renders one of the edge's lines for this reader only. The edge's mutex is held.
func (rd *reader) own(message string, attributes map[string]any) ([]byte, error) {
	e := rd.edge
	return envelope{
		Cursor: formatCursor(rd.after), ReceivedAt: e.opts.Now(), Server: rd.link.pair.server(), Message: message,
		Time: e.stamp(rd.link, e.present()), Attributes: attributes,
	}.line()
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
