package feed

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Options configures an Edge.
type Options struct {
	// Token is the bearer token that clients must show; empty means none (loopback only).
	Token string
	// DNs are the numbers configured at the switch; a registration of another one is answered
	// with EventError. Nil means that every DN exists.
	DNs []string
	// RetainLines and RetainBytes bound what a link holds; 0 means 100,000 lines and 64 MiB.
	RetainLines, RetainBytes int
	// Heartbeat is the interval of feed.Heartbeat lines; 0 means 5 s.
	Heartbeat time.Duration
	Logger    *slog.Logger
	Now       func() time.Time
}

const (
	defaultRetainLines = 100_000
	defaultRetainBytes = 64 << 20
	defaultHeartbeat   = 5 * time.Second
	maxLinks           = 64
	maxReaders         = 16 // per link
	refreshPause       = 10 * time.Second
)

// Edge serves the feed of one Engage site. All methods are safe for concurrent use.
type Edge struct {
	opts Options
	dns  map[string]bool
	done chan struct{}

	mu      sync.Mutex
	site    *site
	links   map[string]*link
	servers map[string]*pair // by kind of link
	knobs   Knobs
	closed  bool
}

// pair is a high-availability pair of servers; one of the two is active.
type pair struct {
	names    [2]string
	active   int
	start    time.Time
	sequence int64
}

// server describes the active server of the pair.
func (p *pair) server() Server {
	return Server{Name: p.names[p.active], Role: "primary", StartTime: p.start.Unix()}
}

// New returns an edge whose servers have just started.
func New(o Options) *Edge {
	if o.RetainLines <= 0 {
		o.RetainLines = defaultRetainLines
	}
	if o.RetainBytes <= 0 {
		o.RetainBytes = defaultRetainBytes
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = defaultHeartbeat
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	start := o.Now()
	e := &Edge{
		opts: o, done: make(chan struct{}), site: newSite(), links: map[string]*link{},
		servers: map[string]*pair{
			kindTServer:    {names: [2]string{"SIPS_A", "SIPS_B"}, start: start},
			kindStatServer: {names: [2]string{"StatServer_A", "StatServer_B"}, start: start},
		},
	}
	if o.DNs != nil {
		e.dns = map[string]bool{}
		for _, dn := range o.DNs {
			e.dns[dn] = true
		}
	}
	return e
}

// Publish sends an event of the T-Server to the links that asked for it: call events to the
// links with call monitoring, others to the links where their ThisDN is registered.
func (e *Edge) Publish(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ev.Attributes = plain(ev.Attributes)
	e.site.apply(ev)
	sequence := e.servers[kindTServer].nextSequence()
	for _, l := range e.links {
		if l.wants(ev) {
			e.put(l, ev, sequence)
		}
	}
}

// PublishStatus sends the new status of an agent to every statistic that is open for him.
func (e *Edge) PublishStatus(s AgentStatus) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.site.statuses[s.Object] = s
	for _, l := range e.links {
		if l.spec.Kind != kindStatServer || l.state != stateConnected {
			continue
		}
		for _, stat := range l.statistics[s.Object] {
			e.put(l, Event{msgInfo, s.Time, s.attributes(stat)}, 0)
		}
	}
}

// Switchover makes the pairs' other servers take over: every link is told, and running calls,
// registrations and statistics are reported again.
func (e *Edge) Switchover() {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.opts.Now()
	for _, p := range e.servers {
		p.active, p.start, p.sequence = 1-p.active, now, 0
	}
	for _, l := range e.sortedLinks() {
		if l.state != stateConnected {
			continue
		}
		e.put(l, Event{msgSwitchover, now, map[string]any{"server": e.servers[l.spec.Kind].server().Name}}, 0)
		e.report(l, Spec{})
	}
}

// Disconnect breaks a link to its servers: what they send is lost to it until Connect. It
// reports whether there is such a link.
func (e *Edge) Disconnect(name, reason string) bool {
	return e.setState(name, stateFailed, reason)
}

// Connect brings a broken link back; the servers report their present state again.
func (e *Edge) Connect(name string) bool {
	return e.setState(name, stateConnected, "")
}

func (e *Edge) setState(name, state, reason string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.links[name]
	if l == nil {
		return false
	}
	if l.state == state {
		return true
	}
	if state == stateConnected {
		l.state, l.reason = state, ""
		e.put(l, Event{msgLinkConnected, e.opts.Now(), nil}, 0)
		e.report(l, Spec{})
		return true
	}
	e.put(l, Event{msgLinkDisconnected, e.opts.Now(), map[string]any{"reason": reason}}, 0)
	l.state, l.reason = state, reason
	return true
}

// Close ends all streams and refuses new ones.
func (e *Edge) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		close(e.done)
	}
}

// errTooManyLinks is returned for one link more than the edge holds.
var errTooManyLinks = errors.New("the edge holds no more links")

// declare creates a link or brings it to the wanted state; what is new in the declaration is
// answered as by a server (registrations, current values, running calls).
func (e *Edge) declare(name string, spec Spec) (linkStatus, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.links[name]
	if l != nil && (l.spec.Kind != spec.Kind || !slices.Equal(l.spec.Endpoints, spec.Endpoints)) {
		// Another server: a new connection, but the cursor goes on.
		e.put(l, Event{msgLinkDisconnected, e.opts.Now(), map[string]any{"reason": "declared anew"}}, 0)
		l.state = stateNew
		l.spec = Spec{}
	}
	if l == nil {
		if len(e.links) >= maxLinks {
			return linkStatus{}, errTooManyLinks
		}
		l = newLink(name, newRing(e.opts.Now(), e.opts.RetainLines, e.opts.RetainBytes))
		e.links[name] = l
	}
	before := l.spec
	l.declare(spec)
	if l.state == stateNew {
		l.state, before = stateConnected, Spec{}
		e.put(l, Event{msgLinkConnected, e.opts.Now(), nil}, 0)
		e.opts.Logger.Info("link connected", "link", name, "kind", spec.Kind,
			"dns", len(spec.Register), "statistics", len(spec.Statistics), "callMonitoring", spec.CallMonitoring)
	}
	if l.state == stateConnected {
		e.report(l, before)
	}
	return l.status(), nil
}

// report sends what the servers answer to everything in the link's declaration that was not in
// the declaration before.
func (e *Edge) report(l *link, before Spec) {
	now := e.opts.Now()
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
		e.put(l, e.site.registered(r.DN, now), e.servers[kindTServer].nextSequence())
	}
	if l.spec.CallMonitoring && !before.CallMonitoring {
		for _, ev := range e.site.running(now) {
			e.put(l, ev, e.servers[kindTServer].nextSequence())
		}
	}
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
		e.put(l, Event{msgInfo, now, status.attributes(stat)}, 0)
	}
}

// refresh reports everything of a link again after a reader lost lines, at most every ten seconds.
func (e *Edge) refresh(l *link) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.opts.Now()
	if l.state != stateConnected || now.Sub(l.refreshed) < refreshPause {
		return
	}
	l.refreshed = now
	e.report(l, Spec{})
}

// put appends an event to a link's ring, with the knobs' disturbances.
func (e *Edge) put(l *link, ev Event, sequence int64) {
	now := e.opts.Now()
	server := e.servers[l.kind()].server()
	add := func() {
		line, err := envelope{
			Cursor: formatCursor(l.ring.next()), ReceivedAt: now, Server: server, Sequence: sequence,
			Message: ev.Message, Number: messageTable[ev.Message], Time: ev.Time, Attributes: ev.Attributes,
		}.line()
		if err != nil {
			e.opts.Logger.Error("event dropped", "error", err)
			return
		}
		l.ring.append(line, now)
	}
	add()
	l.put++
	if every := e.knobs.DuplicateEvery; every > 0 && l.put%every == 0 {
		add()
	}
	if every := e.knobs.MalformedEvery; every > 0 && l.put%every == 0 {
		l.ring.append(malformed(l.ring.next()), now)
	}
	l.signal()
}

// malformed is a line that is cut off in the middle, as a bridge that died leaves it behind.
func malformed(cursor uint64) []byte {
	return []byte(`{"cursor":"` + formatCursor(cursor) + `","message":"EventUserEvent","attributes":{"ThisDN":"40` + "\n")
}

func (p *pair) nextSequence() int64 {
	p.sequence++
	return p.sequence
}

func (e *Edge) sortedLinks() []*link {
	out := []*link{}
	for _, name := range slices.Sorted(maps.Keys(e.links)) {
		out = append(out, e.links[name])
	}
	return out
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
