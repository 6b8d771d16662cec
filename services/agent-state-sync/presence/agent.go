package presence

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Agent remembers of one agent what a later status does not tell again. The zero value is an
// agent of whom nothing is known.
type Agent struct {
	packed.Kept

	// Base is the last state that was not after-call work: what a call hides.
	Base State `json:"base,omitempty"`
	// Situation is the current one; its Reason counts in Not Ready only.
	State State     `json:"state,omitempty"`
	Call  CallClass `json:"call,omitempty"`
	// Reason and when it was given. It may arrive before the state it belongs to.
	Reason      string    `json:"reason,omitempty"`
	ReasonSince time.Time `json:"reasonSince,omitzero"`
	// Since is when the current status began, At when the server reported it.
	Since time.Time `json:"since,omitzero"`
	At    time.Time `json:"at,omitzero"`
	// User is what the org shall show now.
	User UserState `json:"user,omitzero"`
}

// Fields names what is stored of an agent.
func (a *Agent) Fields(f *packed.Form) {
	f.Text(1, (*string)(&a.Base))
	f.Text(2, (*string)(&a.State))
	f.Text(3, (*string)(&a.Call))
	f.Text(4, &a.Reason)
	f.Time(5, &a.ReasonSince)
	f.Time(6, &a.Since)
	f.Time(7, &a.At)
	f.Text(8, (*string)(&a.User.Presence))
	f.Text(9, (*string)(&a.User.Routing))
}

// Outcome says what a status did; it labels a metric.
type Outcome string

// The outcomes of Observe.
const (
	Applied       Outcome = "applied"
	Repeated      Outcome = "repeated"       // the user's state stays as it is
	Stale         Outcome = "stale"          // older than what is known
	Undocumented  Outcome = "undocumented"   // a status whose meaning is not publicly documented
	ReasonPending Outcome = "reason_pending" // a reason before any state
)

// Outcomes lists every outcome, for metrics that must exist from the start.
func Outcomes() []Outcome { return []Outcome{Applied, Repeated, Stale, Undocumented, ReasonPending} }

// Observe takes in one status that the server reported at a time.
//
// ledger rows E-EXAS-007 to E-EXAS-024 are proven through it.
func (a *Agent) Observe(status engage.AgentStatus, at time.Time) Outcome {
	if at.Before(a.At) {
		return Stale
	}
	outcome := a.observe(status)
	if outcome != Undocumented {
		a.At = at
	}
	return outcome
}

func (a *Agent) observe(status engage.AgentStatus) Outcome {
	a.takeReason(status)
	if status.Status == engage.StatusUnknown {
		if a.State == "" {
			return ReasonPending
		}
		return a.decide(Situation{State: a.State, Call: a.Call}, status.Since)
	}
	now, known := situation(status, a.baseOrReady())
	if !known {
		return Undocumented
	}
	if now.State == NotReady && a.State != NotReady && a.ReasonSince.Before(status.Since) {
		a.Reason = "" // a reason of an earlier Not Ready does not belong to this one
	}
	if now.State != AfterCallWork {
		a.Base = now.State
	}
	return a.decide(now, status.Since)
}

func (a *Agent) takeReason(status engage.AgentStatus) {
	if status.Reasons != nil {
		a.Reason, a.ReasonSince = reasonOf(status.Reasons), status.Since
	}
}

func (a *Agent) decide(now Situation, since time.Time) Outcome {
	now.Reason = a.Reason
	before := a.User.Presence
	if before == "" {
		// After-call work of an agent of whom nothing is known: calls come from queues (inferred).
		before = OnQueue
	}
	user := now.UserState(before)
	a.State, a.Call = now.State, now.Call
	if user == a.User {
		return Repeated
	}
	a.User, a.Since = user, since
	return Applied
}

// baseOrReady is the state behind a call: the last one known, or Ready, because an agent who has
// a call and is not known to be logged off got it from a queue in most cases (inferred).
func (a *Agent) baseOrReady() State {
	if a.Base == "" || a.Base == LoggedOff {
		return Ready
	}
	return a.Base
}
