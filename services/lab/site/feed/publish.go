package feed

import "time"

// Publish sends an event of the T-Server to the links that asked for it: call events to the links with
// call monitoring, others to the links where their ThisDN is registered. It tells whether a link that
// asked for it does not get it.
func (e *Edge) Publish(ev Event) (lost bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ev.Attributes = plain(ev.Attributes)
	e.site.apply(ev)
	numbers := map[*pair]int64{} // a server numbers what it sends, however many links it goes to
	for _, l := range e.sortedLinks() {
		if !l.asksFor(ev) {
			continue
		}
		if numbers[l.pair] == 0 {
			numbers[l.pair] = l.pair.nextSequence()
		}
		lost = !e.deliver(l, ev, numbers[l.pair]) || lost
	}
	return lost
}

// PublishStatus sends the new status of an agent to every statistic that is open for him.
func (e *Edge) PublishStatus(s AgentStatus) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.site.statuses[s.Object] = s
	for _, l := range e.sortedLinks() {
		for _, stat := range l.statistics[s.Object] {
			e.deliver(l, Event{msgInfo, s.Time, s.attributes(stat, e.clockOf(l))}, 0)
		}
	}
}

// deliver puts an event that a server sent now, unless the link is down or loses events.
func (e *Edge) deliver(l *link, ev Event, sequence int64) bool {
	if l.state != stateConnected || !l.losing.IsZero() {
		return false
	}
	e.put(l, ev, sequence)
	return true
}

// own puts one of the edge's own lines.
func (e *Edge) own(l *link, message string, attributes map[string]any) {
	e.put(l, Event{message, e.present(), attributes}, 0)
}

// put appends an event to a link's ring, with the knobs' disturbances.
func (e *Edge) put(l *link, ev Event, sequence int64) {
	now, stamp := e.opts.Now(), e.stamp(l, ev.Time)
	add := func() {
		line, err := envelope{
			Cursor: formatCursor(l.ring.next()), ReceivedAt: now, Server: l.pair.server(), Sequence: sequence,
			Message: ev.Message, Number: messageTable[ev.Message], Time: stamp, Attributes: ev.Attributes,
		}.line()
		if err != nil {
			e.opts.Logger.Error("event dropped", "error", err)
			return
		}
		l.ring.append(heldLine{data: line, received: now, stamp: stamp})
	}
	add()
	l.put++
	if every := e.knobs.DuplicateEvery; every > 0 && l.put%every == 0 {
		add()
	}
	if every := e.knobs.MalformedEvery; every > 0 && l.put%every == 0 {
		l.ring.append(heldLine{data: malformed(l.ring.next()), received: now, stamp: stamp})
	}
	l.signal()
}

// malformed is a line that is cut off in the middle, as a bridge that died leaves it behind.
func malformed(cursor uint64) []byte {
	return []byte(`{"cursor":"` + formatCursor(cursor) + `","message":"EventUserEvent","attributes":{"ThisDN":"40` + "\n")
}

// clockOf renders moments as the link's server shows them.
func (e *Edge) clockOf(l *link) func(time.Time) time.Time {
	return func(t time.Time) time.Time { return e.stamp(l, t) }
}

// plain gives numbers the one type that JSON has, so that they compare alike wherever the event came from.
func plain(attributes map[string]any) map[string]any {
	out := make(map[string]any, len(attributes))
	for key, value := range attributes {
		if n, ok := value.(int); ok {
			value = float64(n)
		}
		out[key] = value
	}
	return out
}
