package feed

import "time"

// resync reports everything that the link's servers know, between the two lines of a snapshot.
func (e *Edge) resync(l *link) {
	now := e.present()
	border := map[string]any{"at": instant(e.stamp(l, now))}
	e.put(l, Event{msgSnapshotBegin, now, border}, 0)
	e.report(l, Spec{}, now)
	e.put(l, Event{msgSnapshotEnd, now, border}, 0)
}

// answerDeclaration sends what servers answer to a declaration: everything when it adds something, so that
// a client may hold what is missing for ended. An edge without snapshots sends only what is new.
func (e *Edge) answerDeclaration(l *link, before Spec) {
	switch {
	case e.knobs.NoSnapshots:
		e.report(l, before, e.present())
	case l.spec.adds(before):
		e.resync(l)
	}
}

// report sends the servers' present state of everything in the link's declaration that was not in the
// declaration before.
func (e *Edge) report(l *link, before Spec, now time.Time) {
	e.reportDNs(l, before, now)
	if l.spec.CallMonitoring && !before.CallMonitoring {
		for _, ev := range e.site.running(now) {
			e.put(l, ev, l.pair.nextSequence())
		}
	}
	e.reportStatistics(l, before, now)
}

// reportDNs answers registrations: who sits at the DN, and which calls wait in the queue.
func (e *Edge) reportDNs(l *link, before Spec, now time.Time) {
	known := map[string]bool{}
	for _, r := range before.Register {
		known[r.DN] = true
	}
	for _, r := range l.spec.Register {
		if known[r.DN] {
			continue
		}
		known[r.DN] = true
		if e.dns != nil && !e.dns[r.DN] {
			e.put(l, Event{msgError, now, map[string]any{"ThisDN": r.DN, "ErrorMessage": "DN is not configured"}}, 0)
			continue
		}
		e.put(l, e.site.registered(r.DN, now), l.pair.nextSequence())
		for _, ev := range e.site.waiting(r.DN, now) {
			e.put(l, ev, l.pair.nextSequence())
		}
	}
}

// reportStatistics sends the values of statistics that are newly opened.
func (e *Edge) reportStatistics(l *link, before Spec, now time.Time) {
	open := map[Statistic]bool{}
	for _, stat := range before.Statistics {
		open[stat] = true
	}
	for _, stat := range l.spec.Statistics {
		if open[stat] {
			continue
		}
		status, ok := e.site.statuses[stat.Object]
		if !ok {
			e.put(l, Event{msgError, now, map[string]any{"statistic": stat.ID, "ErrorMessage": "object is not configured"}}, 0)
			continue
		}
		e.put(l, Event{msgInfo, now, status.attributes(stat, e.clockOf(l))}, 0)
	}
}

// refresh reports everything again after a reader lost lines, at most every ten seconds. It tells whether
// the reader has, or has before it, a report that is newer than its loss.
func (e *Edge) refresh(rd *reader) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l, now := rd.link, e.opts.Now()
	switch {
	case l.resynced > rd.missed:
		return true
	case l.state != stateConnected || now.Sub(l.refreshed) < refreshPause:
		return false
	}
	l.refreshed = now
	e.reportAgain(l)
	return true
}
