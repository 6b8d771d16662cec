package presence

import (
	"time"

	"engage.connector/pkg/packed"
)

// SameChange is how far apart the two statistics of an agent may report one and the same change.
const SameChange = 100 * time.Millisecond

// Agent remembers of one agent what a later status does not tell again. The zero value is an
// agent of whom nothing is known.
type Agent struct {
	packed.Kept

	// Base is the last state that was not after-call work: what a call hides.
	Base State
	// State and Call are the current situation.
	State State
	Call  CallClass
	// Reason and when it was given. It may arrive before the state it belongs to.
	Reason      string
	ReasonSince time.Time
	// Since is when the user's state began, At when the server reported last.
	Since time.Time
	At    time.Time
	// User is what the org shall show now.
	User UserState
	// Entered is when Not Ready was reported without a reason; the other statistic may still bring it.
	Entered time.Time
	// StatusSince is when the status began that was reported last.
	StatusSince time.Time
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
	f.Time(10, &a.Entered)
	f.Time(11, &a.StatusSince)
}

// Outcome says what a status did; it labels a metric.
type Outcome string

// The outcomes of Observe.
const (
	Applied       Outcome = "applied"
	Completed     Outcome = "completed"      // the reason of the change before: one transition, not two
	Repeated      Outcome = "repeated"       // the user's state stays as it is
	Stale         Outcome = "stale"          // older than what is known
	Undocumented  Outcome = "undocumented"   // a status whose meaning is not publicly documented
	ReasonPending Outcome = "reason_pending" // a reason before any state
)

// Outcomes lists every outcome, for metrics that must exist from the start.
func Outcomes() []Outcome {
	return []Outcome{Applied, Completed, Repeated, Stale, Undocumented, ReasonPending}
}

// Open tells whether the reason of the state that was entered last may still come.
func (a *Agent) Open(now time.Time) bool {
	return !a.Entered.IsZero() && now.Sub(a.Entered) < SameChange
}

// Observe takes in a reading that the server reported at a time.
//
// ledger rows E-EXAS-007 to E-EXAS-024 are proven through it.
func (a *Agent) Observe(rules Rules, reading Reading, at time.Time) Outcome {
	if at.Before(a.At) {
		return Stale
	}
	a.At = at
	if reading.Reasoned {
		a.Reason, a.ReasonSince = reading.Reason, later(reading.Since, at)
	}
	if reading.ReasonsOnly {
		if a.State == "" {
			return ReasonPending
		}
		return a.decide(rules, Situation{State: a.State, Call: a.Call}, reading, at)
	}
	now := Situation{State: reading.State, Call: reading.Call}
	if now.State == "" {
		now.State = a.hidden(reading)
	}
	if now.State != AfterCallWork {
		a.Base = now.State
	}
	// A reason belongs to one Not Ready: to the one that it was given in, or just before. After-call
	// work interrupts that and does not end it.
	if !reading.Reasoned && a.State != now.State && a.State != AfterCallWork && now.State != AfterCallWork &&
		a.ReasonSince.Before(at.Add(-SameChange)) {
		a.Reason = ""
	}
	return a.decide(rules, now, reading, at)
}

// later is the later one of when a reason's state began and when the reason was reported: a reason can
// change inside of one state.
func later(since, at time.Time) time.Time {
	if since.After(at) {
		return since
	}
	return at
}

func (a *Agent) decide(rules Rules, now Situation, reading Reading, at time.Time) Outcome {
	before := a.User.Presence
	if before == "" {
		// After-call work of an agent of whom nothing is known: calls come from queues (inferred).
		before = OnQueue
	}
	same := now.State == a.State && now.Call == a.Call
	user := rules.UserState(now, a.Reason, before)
	began := a.begins(reading, at, same)
	completes := same && a.Open(at) && user != a.User
	switch {
	case now.State != NotReady || now.Call != NoCall || completes || a.Reason != "":
		a.Entered = time.Time{}
	case !same && !reading.Reasoned:
		a.Entered = at
	}
	a.State, a.Call = now.State, now.Call
	if reading.Since.After(a.StatusSince) {
		a.StatusSince = reading.Since
	}
	if user == a.User {
		return Repeated
	}
	a.User = user
	if completes {
		return Completed // the state began when it began
	}
	a.Since = began
	return Applied
}

// begins is when the state began that a reading shows: when the status began, unless that is not news; a
// reason can change inside of one status.
func (a *Agent) begins(reading Reading, at time.Time, same bool) time.Time {
	if same || reading.Since.IsZero() || reading.Since.After(at) || !reading.Since.After(a.Since) {
		return at
	}
	return reading.Since
}

// hidden is the state behind a call: what a DN shows beside it, else the last one known, else Ready,
// because an agent who has a call and is not known to be logged off got it from a queue in most cases
// (inferred).
func (a *Agent) hidden(reading Reading) State {
	switch {
	case reading.Shown != "":
		return reading.Shown
	case a.Base == "" || a.Base == LoggedOff:
		return Ready
	default:
		return a.Base
	}
}
