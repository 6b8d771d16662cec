package adherence

import (
	"cmp"
	"time"

	"engage.connector/pkg/packed"
)

// Cause says why the org showed something else. The set is closed: a Cause is safe as a metric label.
type Cause string

// The causes.
const (
	LateLink        Cause = "late_link"        // the edge heard of the change late: its link was down or lagged
	ConnectorOutage Cause = "connector_outage" // this service, Redis or the way to the edge was down
	OrgOutage       Cause = "org_outage"       // the org refused, limited or could not be reached
	Unmapped        Cause = "unmapped_agent"   // the agent, the presence or the source was not mapped
	Parked          Cause = "parked_event"     // the org refused the event for good
	Dropped         Cause = "backlog_dropped"  // an intermediate state of a backlog that became too long
	Unknown         Cause = "state_unknown"    // Engage had other states while the link was down, not known which
)

// Causes lists all causes.
func Causes() []Cause {
	return []Cause{LateLink, ConnectorOutage, OrgOutage, Unmapped, Parked, Dropped, Unknown}
}

// cause is the part of a change's way on which it was held up for longest, unless it is known already.
func (c *Change) cause(queued, at time.Time) Cause {
	if c.Why != "" {
		return c.Why
	}
	seen := c.Seen
	if seen.Before(c.At) {
		seen = c.At
	}
	if queued.Before(seen) {
		queued = seen
	}
	if queued.After(at) {
		queued = at
	}
	longest, cause := time.Duration(-1), OrgOutage
	for _, part := range []struct {
		lasted time.Duration
		cause  Cause
	}{
		{at.Sub(queued), OrgOutage},
		{queued.Sub(seen), ConnectorOutage},
		{seen.Sub(c.At), LateLink},
	} {
		if part.lasted > longest {
			longest, cause = part.lasted, part.cause
		}
	}
	return cause
}

// What says which of the two values of a user a gap is about.
type What string

// The values.
const (
	Presence      What = "presence"
	RoutingStatus What = "routing status"
)

// Gap is an interval in which the org showed another value than Engage had.
type Gap struct {
	packed.Kept `json:"-"`

	Agent  string    `json:"agent"` // employee id
	UserID string    `json:"userId,omitempty"`
	What   What      `json:"what"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero while it lasts
	Shown  string    `json:"shown"`       // "" when the org had not been told anything
	True   string    `json:"true"`        // "" when it is not known
	Cause  Cause     `json:"cause"`
}

// Fields names what is stored of a gap.
func (g *Gap) Fields(f *packed.Form) {
	f.Text(1, &g.Agent)
	f.ID(2, &g.UserID)
	f.Text(3, (*string)(&g.What))
	f.Time(4, &g.From)
	f.Time(5, &g.To)
	f.Text(6, &g.Shown)
	f.Text(7, &g.True)
	f.Text(8, (*string)(&g.Cause))
}

// Compare orders gaps by their beginning, the agent and the value.
func Compare(a, b Gap) int {
	return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.What, b.What))
}

// Overlaps tells whether the gap has a part between two times; a zero time is no bound.
func (g *Gap) Overlaps(from, to time.Time) bool {
	return (to.IsZero() || g.From.Before(to)) && (from.IsZero() || g.To.IsZero() || g.To.After(from))
}
