// Package statemodel puts the agents' states between the log of Engage's events and the outboxes: it is the
// model of agent-state-sync's pipeline.
package statemodel

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/desk"
	"engage.connector/services/agent-state-sync/presence"
)

// The outboxes that the model fills: one per operation of the org, so that none holds another back.
const (
	OutboxPresence = "presence"
	OutboxRouting  = "routing-status"
)

// Outboxes lists them.
func Outboxes() []string { return []string{OutboxPresence, OutboxRouting} }

// Directory is what the model must know of the mapping. directory.Snapshot provides it.
type Directory interface {
	// UserID returns the user of an agent in scope.
	UserID(employeeID string) (string, bool)
	// PresenceDefinition returns the org's definition of a system presence.
	PresenceDefinition(systemPresence string) (string, bool)
	// SourceID returns the source of injected events, "" when there is none yet.
	SourceID() string
	// EmployeeID returns whose login code this is; an empty switch name finds it where it is unique.
	EmployeeID(switchName, loginCode string) (string, bool)
	// Logins returns the login codes of an agent.
	Logins(employeeID string) []desk.Login
}

// Entry is one record of an outbox: exactly one of the two events, and whose.
type Entry struct {
	Agent    string                       `json:"agent,omitempty"` // employee id
	Presence *exevents.PresenceEvent      `json:"presence,omitempty"`
	Routing  *exevents.RoutingStatusEvent `json:"routing,omitempty"`
}

// Options of a Model.
type Options struct {
	Tenant string
	// Directory returns the current mapping; false while there is none.
	Directory  func() (Directory, bool)
	Registerer prometheus.Registerer
	// Rules are the center's choices about the table.
	Rules presence.Rules
	// Desks names the switches of the T-Server links; the other links are Stat Servers'.
	Desks map[string]string
	// Congested tells whether the outboxes are so long that changes are to wait in the state, where
	// intermediate ones can still be dropped. nil is never.
	Congested func() bool
	// Backlog is how many changes of a value of an agent wait at most; default 64.
	Backlog int
	// Tolerance is how late the org may show a change without a gap; default 5 s.
	Tolerance time.Duration
	// Gaps is how many gaps are kept; default 200,000.
	Gaps int
}

const (
	defaultBacklog   = 64
	defaultTolerance = 5 * time.Second
	defaultGaps      = 200_000
	// goneFor is how long an agent who left the scope is remembered.
	goneFor = 24 * time.Hour
	// longestHold is how long a state waits for its reason when the link says nothing more.
	longestHold = 2 * time.Second
)

// Model implements pipeline.Model. It is written by one goroutine and may be asked by others.
type Model struct {
	opts    Options
	metrics *metrics

	mu      sync.Mutex
	agents  map[string]*record // by employee id
	links   map[string]*linkRecord
	book    *desk.Book
	journal *adherence.Journal
	mapping Directory // the one that the desks were read with
	version int       // of the newest change of an agent
}

var _ pipeline.Model = (*Model)(nil)

// New returns a model without agents.
func New(opts Options) *Model {
	if opts.Congested == nil {
		opts.Congested = func() bool { return false }
	}
	if opts.Backlog <= 0 {
		opts.Backlog = defaultBacklog
	}
	if opts.Tolerance <= 0 {
		opts.Tolerance = defaultTolerance
	}
	if opts.Gaps <= 0 {
		opts.Gaps = defaultGaps
	}
	m := &Model{opts: opts, metrics: newMetrics(opts.Registerer)}
	m.reset()
	return m
}

func (m *Model) reset() {
	m.agents, m.links, m.book = map[string]*record{}, map[string]*linkRecord{}, desk.NewBook()
	m.journal, m.mapping = adherence.NewJournal(m.opts.Gaps), nil
}

// Restore replaces everything by what was stored, and returns what cannot be read.
func (m *Model) Restore(state map[string][]byte) map[string]error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reset()
	m.version++
	unreadable := pipeline.RestoreEach(state, m.restore)
	m.measure()
	return unreadable
}

func (m *Model) restore(name string, stored []byte) error {
	kind, id := name[:min(len(name), len(keyAgent))], name[min(len(name), len(keyAgent)):]
	switch kind {
	case keyAgent:
		r := &record{version: m.version}
		if err := packed.Decode(stored, r); err != nil {
			return fmt.Errorf("agent: %w", err)
		}
		m.agents[id] = r
	case keyLink:
		l := &linkRecord{}
		if err := packed.Decode(stored, l); err != nil {
			return fmt.Errorf("link: %w", err)
		}
		m.links[id] = l
	case keyDesk:
		d := &deskRecord{}
		if err := packed.Decode(stored, d); err != nil {
			return fmt.Errorf("desk: %w", err)
		}
		m.book.Restore(d.Place, d.Desk)
	case adherence.KeyPrefix:
		return m.journal.Restore(name, stored)
	default:
		return fmt.Errorf("%q is not a name that this version knows", name)
	}
	return nil
}

// Apply takes in a batch in event-time order. Every state that lasted is told, also after an outage: the
// time in each state is what workforce management lives on.
func (m *Model) Apply(events []engage.Event) (pipeline.Effects, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := newWork()
	for _, e := range events {
		if e.Message == MsgSettled {
			m.settled(e, w)
			continue
		}
		m.read(e, w)
		if e.Time.After(w.frontier) {
			w.frontier = e.Time
		}
	}
	for _, employee := range slices.Sorted(maps.Keys(w.touched)) {
		m.tell(employee, w.touched[employee], w.frontier, w)
	}
	return m.seal(w)
}

// Tick tells what could not be told before: for want of a mapping, because the outbox was long, or because
// the reason could still come.
func (m *Model) Tick(now time.Time, progress pipeline.Progress) (pipeline.Effects, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := newWork()
	m.follow(now, w)
	for _, employee := range slices.Sorted(maps.Keys(m.agents)) {
		r := m.agents[employee]
		if !r.waiting() {
			continue
		}
		frontier := progress.UpTo
		if now.Sub(r.Seen) >= longestHold {
			frontier = r.HeldUntil
		}
		m.tell(employee, r, frontier, w)
	}
	return m.seal(w)
}

// follow takes a changed mapping into account: who sits at the desks, and who left the scope.
func (m *Model) follow(now time.Time, w *work) {
	mapping, ready := m.opts.Directory()
	if !ready || mapping == m.mapping {
		return
	}
	m.mapping = mapping
	for _, login := range m.book.Logins() {
		if employee, known := mapping.EmployeeID(login.Switch, login.Code); known && m.agents[employee] == nil {
			m.fold(employee, w)
		}
	}
	for employee, r := range m.agents {
		_, mapped := mapping.UserID(employee)
		switch {
		case mapped && !r.Gone.IsZero():
			r.Gone = time.Time{}
			w.touch(employee, r)
		case !mapped && r.Gone.IsZero():
			r.Gone = now
			w.touch(employee, r)
		case !mapped && now.Sub(r.Gone) > goneFor:
			delete(m.agents, employee)
			w.gone = append(w.gone, employee)
		}
	}
}

// agent is the record of an agent.
func (m *Model) agent(employee string) *record {
	r, known := m.agents[employee]
	if !known {
		r = &record{}
		m.agents[employee] = r
	}
	return r
}

func (m *Model) link(name string) *linkRecord {
	l, known := m.links[name]
	if !known {
		l = &linkRecord{}
		m.links[name] = l
	}
	return l
}

// work collects what a batch did.
type work struct {
	frontier time.Time
	touched  map[string]*record
	links    map[string]*linkRecord
	desks    map[desk.Place]bool
	gone     []string
	entries  map[string][]store.OutboxEntry // by outbox
	gaps     []adherence.Gap
	dropped  int
	fault    error
}

func newWork() *work {
	return &work{
		touched: map[string]*record{}, links: map[string]*linkRecord{}, desks: map[desk.Place]bool{},
		entries: map[string][]store.OutboxEntry{},
	}
}

func (w *work) touch(employee string, r *record) { w.touched[employee] = r }

// seal turns what a batch did into what is committed.
func (m *Model) seal(w *work) (pipeline.Effects, error) {
	state := map[string][]byte{}
	put := func(name string, value packed.Message) {
		stored, err := packed.Encode(value)
		if err != nil {
			w.fault = err
		}
		state[name] = stored
	}
	if len(w.touched) > 0 {
		m.version++
	}
	for employee, r := range w.touched {
		r.version = m.version
		put(keyAgent+employee, r)
	}
	for _, employee := range w.gone {
		state[keyAgent+employee] = nil
	}
	for name, l := range w.links {
		put(keyLink+name, l)
	}
	for at := range w.desks {
		if d, known := m.book.Desk(at); known {
			put(deskKey(at), &deskRecord{Place: at, Desk: d})
		}
	}
	if len(w.gaps) > 0 {
		gone, err := m.journal.Add(w.gaps, state)
		if err != nil {
			w.fault = err
		}
		m.metrics.forgotten.Add(float64(gone))
		for i := range w.gaps {
			m.metrics.gaps.WithLabelValues(string(w.gaps[i].Cause)).Inc()
		}
	}
	if w.fault != nil {
		return pipeline.Effects{}, fault.Wrap(fault.Internal, "statemodel", w.fault)
	}
	result := pipeline.Effects{State: state}
	if len(w.entries) > 0 {
		result.Outbox = w.entries
	}
	m.measure()
	return result, nil
}

// measure brings the gauges up to date.
func (m *Model) measure() {
	unsent := 0
	for _, r := range m.agents {
		if r.waiting() {
			unsent++
		}
	}
	m.metrics.unsent.Set(float64(unsent))
	m.metrics.agents.Set(float64(len(m.agents)))
}
