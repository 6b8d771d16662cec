package statemodel

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/presence"
)

// AgentView is what is known of an agent, and what the org was told. It carries no caller's number.
type AgentView struct {
	EmployeeID string `json:"employeeId"`
	UserID     string `json:"userId,omitempty"`
	InScope    bool   `json:"inScope"` // mapped to a user of the org
	// State, Call and Reason are what Engage has, Since when and StatusName by which status.
	State      presence.State     `json:"state,omitempty"`
	Call       presence.CallClass `json:"call,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	Since      time.Time          `json:"since,omitzero"`
	StatusName string             `json:"status,omitempty"`
	// Undocumented is a status that changed nothing because its meaning is not publicly documented.
	Undocumented string `json:"undocumentedStatus,omitempty"`
	// Source is the link that reported last, Reported when the edge received that.
	Source   string    `json:"source,omitempty"`
	Reported time.Time `json:"reported,omitzero"`
	Presence ValueView `json:"presence"`
	Routing  ValueView `json:"routingStatus"`

	version int
}

// ValueView is one of the two values that the org shows.
type ValueView struct {
	Engage string `json:"engage,omitempty"` // what the org should show
	Org    string `json:"org,omitempty"`    // what it accepted last
	// Since is that event's time, Accepted when the org answered.
	Since    time.Time `json:"since,omitzero"`
	Accepted time.Time `json:"accepted,omitzero"`
	// Open is how many changes the org has not accepted yet, Why what is known of the cause.
	Open int             `json:"open,omitempty"`
	Why  adherence.Cause `json:"why,omitempty"`
}

// Filter chooses agents.
type Filter struct {
	Text  string // part of the employee id or the user id, in any case
	State presence.State
}

func (f Filter) takes(v *AgentView) bool {
	text := strings.ToLower(f.Text)
	return (f.State == "" || v.State == f.State) &&
		(text == "" || strings.Contains(strings.ToLower(v.EmployeeID), text) || strings.Contains(strings.ToLower(v.UserID), text))
}

// Agents lists the agents, by employee id. since is the version of an earlier answer: only what changed
// after it is listed; 0 lists all. The version of this answer is returned.
func (m *Model) Agents(filter Filter, since int) ([]AgentView, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mapping, ready := m.opts.Directory()
	views := []AgentView{}
	for _, employee := range slices.Sorted(maps.Keys(m.agents)) {
		r := m.agents[employee]
		if since > 0 && r.version <= since {
			continue
		}
		v := r.view(employee)
		if ready {
			_, v.InScope = mapping.UserID(employee)
		}
		if filter.takes(&v) {
			views = append(views, v)
		}
	}
	return views, m.version
}

func (r *record) view(employee string) AgentView {
	v := AgentView{
		EmployeeID: employee, UserID: r.UserID, State: r.Agent.State, Call: r.Agent.Call, Since: r.Agent.Since,
		Source: r.Source, Reported: r.Seen, version: r.version,
	}
	if r.Agent.State == presence.NotReady {
		v.Reason = r.Agent.Reason
	}
	if r.Status > 0 {
		v.StatusName = engage.DnActions(r.Status).String()
	}
	if r.Undocumented != 0 {
		v.Undocumented = engage.DnActions(r.Undocumented).String()
	}
	lanes := r.tracks()
	v.Presence, v.Routing = lanes[0].view(), lanes[1].view()
	return v
}

func (l lane) view() ValueView {
	v := ValueView{Engage: l.value, Org: l.track.Shown, Since: l.track.Stamp, Accepted: l.track.Accepted, Open: len(l.track.Open)}
	if v.Open > 0 {
		v.Why = l.track.Open[v.Open-1].Why
	}
	return v
}

// Gaps lists the gaps that have a part between two times, by their beginning; those that last are among
// them. now is the time up to which those are known.
func (m *Model) Gaps(from, to, now time.Time) []adherence.Gap {
	m.mu.Lock()
	defer m.mu.Unlock()
	gaps := slices.Collect(m.journal.Between(from, to))
	for employee, r := range m.agents {
		for _, lane := range r.tracks() {
			for _, g := range lane.track.Pending(now, m.opts.Tolerance) {
				g.Agent, g.UserID, g.What = employee, r.UserID, lane.what
				if g.Overlaps(from, to) {
					gaps = append(gaps, g)
				}
			}
		}
	}
	slices.SortStableFunc(gaps, adherence.Compare)
	return gaps
}

// Counts are the sizes of the model.
type Counts struct {
	Agents    int `json:"agents"`    // whose state is known
	Unmapped  int `json:"unmapped"`  // of those, not mapped to a user
	Waiting   int `json:"waiting"`   // with a state that is still to be told
	Open      int `json:"open"`      // with a state that the org has not accepted yet
	Gaps      int `json:"gaps"`      // in the adherence report
	Unreached int `json:"unreached"` // in scope, and nothing was reported yet
	// Lag is how long the oldest state has not been accepted by the org.
	Lag time.Duration `json:"-"`
}

// Counts tells the sizes of the model; scope are the employee ids of the agents in scope.
func (m *Model) Counts(now time.Time, scope []string) Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := Counts{Agents: len(m.agents), Gaps: m.journal.Len()}
	mapping, ready := m.opts.Directory()
	for employee, r := range m.agents {
		if ready {
			if _, mapped := mapping.UserID(employee); !mapped {
				c.Unmapped++
				continue
			}
		}
		if r.waiting() {
			c.Waiting++
		}
		oldest := now
		for _, lane := range r.tracks() {
			if len(lane.track.Open) > 0 && lane.track.Open[0].At.Before(oldest) {
				oldest = lane.track.Open[0].At
			}
		}
		if oldest.Before(now) {
			c.Open++
			c.Lag = max(c.Lag, now.Sub(oldest))
		}
	}
	for _, employee := range scope {
		if r := m.agents[employee]; r == nil || r.Agent.State == "" {
			c.Unreached++
		}
	}
	return c
}

// States lists the states of an agent, for whoever filters by one.
func States() []presence.State {
	states := []presence.State{presence.LoggedOff, presence.NotReady, presence.Ready, presence.AfterCallWork}
	slices.SortFunc(states, func(a, b presence.State) int { return cmp.Compare(a, b) })
	return states
}
