package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Timeline puts the events of several links into one order: that of the edge's clock, into which the
// stamps of all servers are translated. An event is released when every other link has come as far, so
// how far links lag behind each other makes no difference. A link that does not come further, because
// it is down or the edge is silent, is waited for as long as patience lasts; what is released without
// it says so.
//
// It is pure: it knows no clock but the times that it is given.
type Timeline struct {
	patience time.Duration
	together time.Duration // 0: every event is released for itself
	clocks   *clocks
	lines    []*line // by name
	expected []string
	found    int    // lines that were not expected, as often as their number changed
	loose    []Held // of no link: records of our own
	released []Held // by the last Release, whose room the next one takes
	held     int
	size     int

	upTo  time.Time // everything up to here has been released
	seen  time.Time // the newest now
	stood time.Duration
}

// line is one link.
type line struct {
	name  string
	queue []Held
	room  []Held // the beginning of the queue's array, for when it is empty again
	// vouching is how many of the queue say that everything before them has been sent.
	vouching int
	at       time.Time // of the first one of the queue, as its place in the order
	made     int       // the changes of the clocks when at was made; -1: not made yet
	// mark is how far the link has come, by the server's clock; server is "" when it is by the edge's.
	mark     time.Time
	server   string
	edge     time.Time // the mark by the clock of the edge, as long as nothing is known of the clock of the server
	moved    time.Time // when it last came further
	down     bool      // the edge has lost its server
	told     time.Time // the place of what was released last
	received time.Time // and when the edge had received it
}

// Together is the stretch of time whose events are released together: what is decided of one of them knows
// the others, however they came.
const Together = 100 * time.Millisecond

// Bounds of what is held while links are waited for. What is beyond is released without them.
const (
	maxTimeline      = 50_000
	maxTimelineBytes = 32 << 20
	// mostRoom is for how many records room is kept that is free for now.
	mostRoom = 8192
	// standing is the longest time between two looks that counts as waiting for a link; what goes
	// beyond it, this process stood still.
	standing = time.Second
	// beatLag is how far before its receipt a heartbeat counts that does not say how far it vouches.
	beatLag = 250 * time.Millisecond
)

// NewTimeline makes one for the links that are expected to report. A link waits for nobody before now.
func NewTimeline(links []string, patience time.Duration, now time.Time) *Timeline {
	t := &Timeline{patience: patience, together: Together, clocks: newClocks(), seen: now, expected: links}
	for _, name := range links {
		t.line(name)
	}
	return t
}

func (t *Timeline) line(name string) *line {
	at, found := slices.BinarySearchFunc(t.lines, name, func(l *line, name string) int { return strings.Compare(l.name, name) })
	if !found {
		t.lines = slices.Insert(t.lines, at, &line{name: name, moved: t.seen.Add(-t.stood), made: -1})
		if !slices.Contains(t.expected, name) {
			t.found++
		}
	}
	return t.lines[at]
}

// changes grows with everything that the next term should know.
func (t *Timeline) changes() int { return t.clocks.changes + t.found }

// known is what the next term should know; a link that nobody expects and that is not waited for any more
// is not part of it.
func (t *Timeline) known() ([]byte, error) {
	k := known{clocks: t.clocks}
	for _, l := range t.lines {
		if !slices.Contains(t.expected, l.name) && !t.gone(l, t.seen.Add(-t.stood)) {
			k.links = append(k.links, l.name)
		}
	}
	return packed.Encode(&k)
}

// recall takes what an earlier term knew.
func (t *Timeline) recall(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	k := known{clocks: t.clocks}
	if err := packed.Decode(data, &k); err != nil {
		return fmt.Errorf("clocks and links: %w", err)
	}
	for _, name := range k.links {
		t.line(name)
	}
	return nil
}

// Len is how many records are held, Size how many bytes.
func (t *Timeline) Len() int { return t.held }

// Size is how many bytes are held.
func (t *Timeline) Size() int { return t.size }

// Add takes the next record of the log.
func (t *Timeline) Add(h Held) {
	t.look(h.ReadAt)
	h.ReadAt = h.ReadAt.Add(-t.stood)
	t.held++
	t.size += h.Size
	if h.Event.Link == "" {
		t.loose = append(t.loose, h)
		return
	}
	l := t.line(h.Event.Link)
	if l.note(h.Event) {
		l.moved = h.ReadAt
	} else if h.Event.Message == engage.MsgHeartbeat { // it says nothing, and is read before its place
		h.Event.Time = time.Time{}
		t.loose = append(t.loose, h)
		return
	}
	if vouches(h.Event) {
		l.vouching++
	}
	if len(l.queue) == 0 {
		l.made = -1
	}
	l.push(h)
}

// push takes a record into the queue.
func (l *line) push(h Held) {
	const least = 64
	if len(l.queue) == cap(l.queue) {
		if 2*len(l.queue) >= cap(l.room) { // else what was taken out has left room enough before it
			l.room = make([]Held, 0, max(least, 2*len(l.queue)))
		}
		l.queue = append(l.room, l.queue...)
		clear(l.room[len(l.queue):cap(l.room)])
	}
	l.queue = append(l.queue, h)
}

// vouches tells whether a line says that everything before it has been sent.
func vouches(e engage.Event) bool { return !e.IsFeed() || e.Message == engage.MsgHeartbeat }

// note moves the link's mark; it tells whether it came further.
func (l *line) note(e engage.Event) bool {
	mark, server := e.Time.Add(-time.Microsecond), serverOf(e) // others of the same microsecond may follow
	switch e.Message {
	case engage.MsgLinkDisconnected:
		l.down = true
		return false
	case engage.MsgLinkConnected, engage.MsgSwitchover, engage.MsgGap, engage.MsgSnapshotBegin, engage.MsgSnapshotEnd:
		l.down = false
		return true // it is there, and what it has to say comes now
	case engage.MsgHeartbeat:
		upTo, ok := e.UpTo()
		switch {
		case ok:
			mark = upTo
		case l.down || e.ReceivedAt.IsZero():
			return false
		default:
			mark, server = e.ReceivedAt.Add(-beatLag), ""
		}
	}
	if server == l.server && !mark.After(l.mark) {
		return false
	}
	l.mark, l.server, l.edge = mark, server, time.Time{}
	switch {
	case e.ReceivedAt.IsZero():
	case e.Message == engage.MsgHeartbeat:
		l.edge = vouchedFor(e)
	default:
		l.edge = e.ReceivedAt.Add(-time.Microsecond)
	}
	return true
}

// look lets time pass. What this process stood still nobody has waited.
func (t *Timeline) look(now time.Time) {
	if d := now.Sub(t.seen); d > 0 {
		t.stood += max(0, d-standing)
		t.seen = now
	}
}

// Due is never: what is released by time alone is looked for with every tick.
func (t *Timeline) Due() (time.Time, bool) { return time.Time{}, false }

// Full is never: what is too much is released.
func (t *Timeline) Full() bool { return false }

// Release takes out what every link has come as far as, in order. What it returns is valid until the next
// call.
func (t *Timeline) Release(now time.Time) []Held {
	t.look(now)
	now = now.Add(-t.stood)
	clear(t.released)
	released := append(t.released[:0], t.loose...)
	for i := range t.loose {
		t.size -= t.loose[i].Size
	}
	t.held -= len(t.loose)
	clear(t.loose)
	t.loose = t.loose[:0]
	for {
		first := t.first()
		if first == nil {
			break
		}
		overdue := now.Sub(first.queue[0].ReadAt) >= t.patience || t.held > maxTimeline || t.size > maxTimelineBytes
		waits, without := t.behind(first, now, overdue)
		if waits && !overdue {
			break
		}
		released = append(released, t.pop(first, without))
	}
	t.advance(now)
	t.released = released
	if cap(released) > mostRoom {
		t.released = nil
	}
	return released
}

// first is the link whose next event comes first; nil when nothing is held.
func (t *Timeline) first() *line {
	var first *line
	for _, l := range t.lines {
		if len(l.queue) == 0 {
			continue
		}
		t.place(l)
		if first == nil || l.at.Before(first.at) {
			first = l
		}
	}
	return first
}

// place finds out where the link's next event stands in the order.
func (t *Timeline) place(l *line) {
	if l.made == t.clocks.changes {
		return
	}
	l.made = t.clocks.changes
	e := l.queue[0].Event
	switch {
	case e.Message == engage.MsgHeartbeat:
		l.at = t.beat(l, e)
	case e.IsFeed() && !e.ReceivedAt.IsZero():
		l.at = e.ReceivedAt // the edge's own clock
	default:
		offset, _ := t.clocks.offset(e)
		l.at = e.Time.Add(offset)
	}
	// A link keeps its order, also when an offset changes or a clock is put back a little; times that were
	// equal would lose it. What it repeats has its old place.
	if l.at.Before(l.told) && l.told.Sub(l.at) <= clockJump && !e.ReceivedAt.Before(l.received) {
		l.at = l.told.Add(time.Microsecond)
	}
}

// beat is where a heartbeat stands.
func (t *Timeline) beat(l *line, e engage.Event) time.Time {
	if upTo, ok := e.UpTo(); ok {
		if offset, known := t.clocks.of(serverOf(e)); known {
			return upTo.Add(offset)
		}
	}
	if e.ReceivedAt.IsZero() {
		return l.told
	}
	return vouchedFor(e)
}

// vouchedFor is how far a heartbeat vouches, by the edge's clock, when nothing is known of the server's but
// what the heartbeat itself shows: an edge that holds lines back says so long before the first one comes.
func vouchedFor(e engage.Event) time.Time {
	at := e.ReceivedAt.Add(-beatLag)
	if upTo, ok := e.UpTo(); ok && !e.Time.IsZero() {
		if upTo = upTo.Add(e.ReceivedAt.Sub(e.Time)); upTo.Before(at) {
			return upTo
		}
	}
	return at
}

// behind tells whether a link's next event has to wait for others, and otherwise names those that it does
// not wait for any more; all of them when it is overdue.
func (t *Timeline) behind(first *line, now time.Time, overdue bool) (waits bool, without string) {
	end := t.stretch(first.at).Add(max(0, t.together-time.Microsecond))
	for _, l := range t.lines {
		if t.together == 0 && (l == first || l.vouching > 0) || !t.come(l).Before(end) {
			continue
		}
		if waits = waits || !t.gone(l, now); waits && !overdue {
			return true, ""
		}
		if without != "" {
			without += " "
		}
		without += l.name
	}
	return waits, without
}

// come is how far a link has come of which nothing is held that vouches for more.
func (t *Timeline) come(l *line) time.Time {
	if l.mark.IsZero() || l.server == "" {
		return l.mark
	}
	offset, known := t.clocks.of(l.server)
	switch {
	case known:
		return l.mark.Add(offset)
	case l.edge.IsZero():
		return l.told
	default:
		return l.edge
	}
}

// gone tells whether a link has not come further for longer than patience lasts.
func (t *Timeline) gone(l *line, now time.Time) bool { return now.Sub(l.moved) >= t.patience }

// stretch is when the stretch of time began that a time is in.
func (t *Timeline) stretch(at time.Time) time.Time {
	if t.together == 0 {
		return at
	}
	return at.Truncate(t.together)
}

func (t *Timeline) pop(l *line, without string) Held {
	h := l.queue[0]
	l.queue[0] = Held{}
	l.queue = l.queue[1:]
	t.size -= h.Size
	t.held--
	if vouches(h.Event) {
		l.vouching--
	}
	if len(l.queue) == 0 {
		l.queue = nil
		if cap(l.room) > mostRoom {
			l.room = nil
		}
	}
	if !h.Event.IsFeed() && !h.Event.ReceivedAt.Before(l.received) { // what is repeated shows how the clock was
		t.clocks.read(h.Event)
	}
	h.Event.Shift, h.Event.Without = l.at.Sub(h.Event.Time), without
	h.Event.Time = l.at
	if l.at.After(l.told) {
		l.told = l.at
	}
	if h.Event.ReceivedAt.After(l.received) {
		l.received = h.Event.ReceivedAt
	}
	l.made = -1
	return h
}

// advance finds out how far everything has been released.
func (t *Timeline) advance(now time.Time) {
	limit, newest, moved := time.Time{}, time.Time{}, time.Time{}
	waiting := false
	for _, l := range t.lines {
		come := t.come(l)
		if l.vouching > 0 {
			t.place(l)
			come = t.stretch(l.at).Add(-time.Microsecond)
		}
		if come.After(newest) {
			newest = come
		}
		if l.moved.After(moved) {
			moved = l.moved
		}
		if (l.vouching == 0 || t.together > 0) && t.gone(l, now) {
			continue
		}
		if !waiting || come.Before(limit) {
			waiting, limit = true, come
		}
	}
	if !waiting && !newest.IsZero() { // nobody reports: time goes on where it stood
		limit = newest.Add(now.Sub(moved) - t.patience)
	}
	if limit.After(t.upTo) {
		t.upTo = limit
	}
}

// Progress is how far the links have come.
type Progress struct {
	// UpTo is the time up to which everything has been released, as events have their times then.
	UpTo time.Time
	// Without names the links that were not waited for.
	Without []string
}

// Progress tells how far the links have come.
func (t *Timeline) Progress() Progress {
	p := Progress{UpTo: t.upTo}
	for _, l := range t.lines {
		if l.vouching == 0 && t.gone(l, t.seen.Add(-t.stood)) {
			p.Without = append(p.Without, l.name)
		}
	}
	return p
}
