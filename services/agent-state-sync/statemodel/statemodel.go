// Package statemodel puts the agents' states between the log of Stat Server events and the outbox:
// it is the model of agent-state-sync's pipeline.
package statemodel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/agent-state-sync/presence"
	"engage.connector/services/agent-state-sync/statfeed"
)

// The outboxes that the model fills: one per operation of the org, so that none holds another back.
const (
	OutboxPresence = "presence"
	OutboxRouting  = "routing-status"
)

// Outboxes lists them.
func Outboxes() []string { return []string{OutboxPresence, OutboxRouting} }

// sameChange is how far apart the two statistics of an agent may report one and the same change;
// only the later one is shown to the org.
const sameChange = 100 * time.Millisecond

// Directory is what the model must know of the org. directory.Snapshot provides it.
type Directory interface {
	// UserID returns the user of an agent in scope.
	UserID(employeeID string) (string, bool)
	// PresenceDefinition returns the org's definition of a system presence.
	PresenceDefinition(systemPresence string) (string, bool)
	// SourceID returns the source of injected events, "" when there is none yet.
	SourceID() string
}

// Entry is one record of an outbox: exactly one of the two events.
type Entry struct {
	Presence *exevents.PresenceEvent      `json:"presence,omitempty"`
	Routing  *exevents.RoutingStatusEvent `json:"routing,omitempty"`
}

// Options of a Model.
type Options struct {
	Tenant string
	// Directory returns the current mapping; false while there is none.
	Directory  func() (Directory, bool)
	Registerer prometheus.Registerer
}

// Model implements pipeline.Model. It is used by one goroutine.
type Model struct {
	opts    Options
	agents  map[string]*record // by employee id
	metrics *metrics
}

// record is what is kept of one agent.
type record struct {
	packed.Kept

	Agent presence.Agent
	// Sent is what the org was told last, of which user, and as of when.
	Sent   presence.UserState
	UserID string
	SentAt time.Time
}

// Fields names what is stored of an agent.
func (r *record) Fields(f *packed.Form) {
	packed.Of(f, 1, &r.Agent)
	f.Text(2, (*string)(&r.Sent.Presence))
	f.Text(3, (*string)(&r.Sent.Routing))
	f.ID(4, &r.UserID)
	f.Time(5, &r.SentAt)
}

type metrics struct {
	statuses *prometheus.CounterVec
	unsent   prometheus.Gauge
	agents   prometheus.Gauge
}

var _ pipeline.Model = (*Model)(nil)

// New returns a model without agents.
func New(opts Options) *Model {
	factory := promauto.With(opts.Registerer)
	m := &metrics{
		statuses: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "engage_connector_agent_state_sync_statuses_total", Help: "Agent statuses from Stat Server by what they did.",
		}, []string{"outcome"}),
		unsent: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_agent_state_sync_unsent_agents", Help: "Agents whose state cannot be injected because they or their presence are not mapped.",
		}),
		agents: factory.NewGauge(prometheus.GaugeOpts{
			Name: "engage_connector_agent_state_sync_agents", Help: "Agents whose state is known.",
		}),
	}
	for _, outcome := range append(presence.Outcomes(), malformed, foreign) {
		m.statuses.WithLabelValues(string(outcome))
	}
	return &Model{opts: opts, agents: map[string]*record{}, metrics: m}
}

// Outcomes beside those of presence.
const (
	malformed presence.Outcome = "malformed" // an EventInfo that cannot be read
	foreign   presence.Outcome = "foreign"   // a statistic that this service did not open
)

// Restore replaces everything by what was stored, and returns what cannot be read.
func (m *Model) Restore(state map[string][]byte) map[string]error {
	m.agents = make(map[string]*record, len(state))
	unreadable := pipeline.RestoreEach(state, func(employee string, stored []byte) error {
		kept := &record{}
		if err := packed.Decode(stored, kept); err != nil {
			return fmt.Errorf("agent: %w", err)
		}
		m.agents[employee] = kept
		return nil
	})
	m.measure()
	return unreadable
}

// Apply takes in a batch in event-time order. Every state that lasted is sent, also after an
// outage: the time in each state is what workforce management lives on.
func (m *Model) Apply(events []engage.Event) (pipeline.Effects, error) {
	effects := newEffects()
	pending := map[string]time.Time{} // agents that were observed and not yet told, since when
	for _, event := range events {
		if event.Message != engage.MsgEventInfo {
			continue
		}
		status, err := event.AgentStatus()
		if err != nil {
			m.count(malformed)
			continue
		}
		employee, ours := statfeed.EmployeeID(status.Statistic)
		if !ours {
			m.count(foreign)
			continue
		}
		if since, waiting := pending[employee]; waiting && event.Time.Sub(since) >= sameChange {
			m.tell(employee, &effects)
			delete(pending, employee)
		}
		m.count(m.agent(employee).Agent.Observe(status, event.Time))
		if _, waiting := pending[employee]; !waiting {
			pending[employee] = event.Time
		}
	}
	for _, employee := range slices.Sorted(maps.Keys(pending)) {
		m.tell(employee, &effects)
	}
	return m.seal(effects)
}

// Tick tells what could not be told before, for want of a mapping.
func (m *Model) Tick(time.Time, pipeline.Progress) (pipeline.Effects, error) {
	effects := newEffects()
	for _, employee := range slices.Sorted(maps.Keys(m.agents)) {
		if kept := m.agents[employee]; kept.Agent.User != kept.Sent {
			m.tell(employee, &effects)
		}
	}
	return m.seal(effects)
}

func (m *Model) agent(employee string) *record {
	kept, known := m.agents[employee]
	if !known {
		kept = &record{}
		m.agents[employee] = kept
	}
	return kept
}

// tell adds the events that bring the org from what it was told to what is. Nothing is told of an
// agent who, or whose presence, is not mapped; Tick tries again.
func (m *Model) tell(employee string, effects *effects) {
	effects.touched[employee] = true
	kept := m.agent(employee)
	mapping, ready := m.opts.Directory()
	if !ready || kept.Agent.User == (presence.UserState{}) {
		return
	}
	user, mapped := mapping.UserID(employee)
	definition, defined := mapping.PresenceDefinition(string(kept.Agent.User.Presence))
	source := mapping.SourceID()
	if !mapped || !defined || source == "" {
		return
	}
	if user != kept.UserID {
		kept.UserID, kept.Sent = user, presence.UserState{} // a new user knows nothing yet
	}
	at := later(kept.Agent.Since, kept.SentAt)
	if kept.Sent.Presence != kept.Agent.User.Presence {
		effects.add(OutboxPresence, user, Entry{Presence: &exevents.PresenceEvent{
			EventID:       exevents.StableID(m.opts.Tenant, user, "presence", string(kept.Agent.User.Presence), genesys.FormatTime(at)),
			EventDateTime: at, UserID: user, SourceID: source, PresenceDefinitionID: definition,
		}})
		kept.SentAt = at
	}
	if kept.Sent.Routing != kept.Agent.User.Routing {
		effects.add(OutboxRouting, user, Entry{Routing: &exevents.RoutingStatusEvent{
			EventID:       exevents.StableID(m.opts.Tenant, user, "routing", string(kept.Agent.User.Routing), genesys.FormatTime(at)),
			EventDateTime: at, AgentID: user, SourceID: source, Status: exevents.RoutingStatus(kept.Agent.User.Routing),
		}})
		kept.SentAt = at
	}
	kept.Sent = kept.Agent.User
}

// later keeps the times of one user strictly increasing: at least a millisecond after the last one.
func later(since, last time.Time) time.Time {
	since = since.UTC().Truncate(time.Millisecond)
	if next := last.Add(time.Millisecond); !last.IsZero() && since.Before(next) {
		return next
	}
	return since
}

// effects collects what a batch did.
type effects struct {
	touched map[string]bool
	entries map[string][]store.OutboxEntry // by outbox
	fault   error
}

func newEffects() effects {
	return effects{touched: map[string]bool{}, entries: map[string][]store.OutboxEntry{}}
}

func (e *effects) add(outbox, user string, entry Entry) {
	payload, err := json.Marshal(entry)
	if err != nil {
		e.fault = err
		return
	}
	e.entries[outbox] = append(e.entries[outbox], store.OutboxEntry{Key: user, Payload: payload})
}

func (m *Model) seal(collected effects) (pipeline.Effects, error) {
	result := pipeline.Effects{State: map[string][]byte{}}
	for employee := range collected.touched {
		stored, err := packed.Encode(m.agents[employee])
		if err != nil {
			collected.fault = err
		}
		result.State[employee] = stored
	}
	if collected.fault != nil {
		return pipeline.Effects{}, fault.Wrap(fault.Internal, "statemodel", collected.fault)
	}
	if len(collected.entries) > 0 {
		result.Outbox = collected.entries
	}
	m.measure()
	return result, nil
}

func (m *Model) count(outcome presence.Outcome) {
	m.metrics.statuses.WithLabelValues(string(outcome)).Inc()
}

func (m *Model) measure() {
	unsent := 0
	for _, kept := range m.agents {
		if kept.Agent.User != kept.Sent {
			unsent++
		}
	}
	m.metrics.unsent.Set(float64(unsent))
	m.metrics.agents.Set(float64(len(m.agents)))
}
