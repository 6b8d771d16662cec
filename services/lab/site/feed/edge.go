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
	// Heartbeat is the interval of feed.Heartbeat lines; 0 means 1 s.
	Heartbeat time.Duration
	Logger    *slog.Logger
	Now       func() time.Time
}

const (
	defaultRetainLines = 100_000
	defaultRetainBytes = 64 << 20
	defaultHeartbeat   = time.Second
	maxLinks           = 64
	maxReaders         = 16 // per link
	refreshPause       = 10 * time.Second
)

// Edge serves the feed of one Engage site. All methods are safe for concurrent use.
type Edge struct {
	opts    Options
	dns     map[string]bool
	started time.Time
	done    chan struct{}

	mu        sync.Mutex
	site      *site
	links     map[string]*link
	pairs     map[string]*pair // by kind and endpoints
	clocks    map[string]Clock // by server
	earliest  time.Time        // of what the servers are still to send; see Await
	knobs     Knobs
	awayUntil time.Time
	cut       chan struct{} // closed when streams have to break off
	closed    bool
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
	e := &Edge{
		opts: o, started: o.Now(), done: make(chan struct{}), cut: make(chan struct{}),
		site: newSite(), links: map[string]*link{}, pairs: map[string]*pair{},
	}
	if o.DNs != nil {
		e.dns = map[string]bool{}
		for _, dn := range o.DNs {
			e.dns[dn] = true
		}
	}
	return e
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
		e.own(l, msgLinkDisconnected, map[string]any{"reason": "declared anew"})
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
	l.declare(spec, e.pairOf(spec))
	switch l.state {
	case stateNew:
		l.state = stateConnected
		e.own(l, msgLinkConnected, map[string]any{"reason": "declared"})
		e.opts.Logger.Info("link connected", "link", name, "kind", spec.Kind,
			"dns", len(spec.Register), "statistics", len(spec.Statistics), "callMonitoring", spec.CallMonitoring)
		e.reportAgain(l)
	case stateConnected:
		e.answerDeclaration(l, before)
	}
	return l.status(), nil
}

func (e *Edge) sortedLinks() []*link {
	out := []*link{}
	for _, name := range slices.Sorted(maps.Keys(e.links)) {
		out = append(out, e.links[name])
	}
	return out
}
