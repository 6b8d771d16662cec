package callmodel

import (
	"slices"
	"time"

	"engage.connector/pkg/packed"
)

// DN is an extension: who is logged in at it, and since when the agent does what.
type DN struct {
	packed.Kept

	Number string       `json:"number"`
	Logins []Login      `json:"logins,omitempty"` // by time
	States []AgentState `json:"states,omitempty"` // by time
	Talks  []Talk       `json:"talks,omitempty"`  // of finished calls, in the order of their end
	// Link is the link that reports the DN.
	Link string `json:"link,omitempty"`
	// Server is the SIP Server whose link reports the DN, Heard the time of the link's newest event
	// about it.
	Server string    `json:"server,omitempty"`
	Heard  time.Time `json:"heard,omitzero"`
}

// Talk is a time in which the DN was on a call that is finished.
type Talk struct {
	packed.Kept

	Call string    `json:"call"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// TalksIn counts the finished calls that an agent was on at the DN in a stretch of time; until is zero
// when its end is not known. One that began within the stretch counts twice: it was let in already.
func (d *DN) TalksIn(agent string, from, until time.Time) int {
	n := 0
	if d != nil {
		for _, t := range d.Talks {
			if d.AgentAt(t.From) != agent {
				continue
			}
			if t.To.After(from) && (until.IsZero() || t.From.Before(until) || !t.From.After(from)) {
				n++
				if t.From.After(from) {
					n++
				}
			}
		}
	}
	return n
}

// NoteTalk keeps that a DN was on a call that is finished.
func (b *Book) NoteTalk(dn string, t Talk) {
	d := b.dns[dn]
	if d == nil {
		return
	}
	d.Talks = append(d.Talks, t)
	if len(d.Talks) > maxHistory {
		d.Talks = slices.Delete(d.Talks, 0, 1)
	}
	b.dirtyDNs[dn] = struct{}{}
}

// Login is one change of who sits at a DN.
type Login struct {
	packed.Kept

	At    time.Time `json:"at"`
	Agent string    `json:"agent,omitempty"` // login code; empty: nobody
	// Standing is set when the event reported a state that already stood, not a change: it then
	// holds for the time before it as well, as far as nothing else is known of that.
	Standing bool `json:"standing,omitempty"`
}

// AgentStateKind is what the agent's desktop or the switch reported.
type AgentStateKind string

// The kinds of agent states.
const (
	AgentReady         AgentStateKind = "ready"
	AgentNotReady      AgentStateKind = "not ready"
	AgentAfterCallWork AgentStateKind = "after-call work"
	AgentLoggedOut     AgentStateKind = "logged out"
	AgentRang          AgentStateKind = "rang" // the next call came, whatever the agent had said
)

// AgentState is one state of the agent at a DN.
type AgentState struct {
	packed.Kept

	At   time.Time      `json:"at"`
	Kind AgentStateKind `json:"kind"`
}

// maxHistory bounds what a DN remembers; older entries no longer matter for a call that is on.
const maxHistory = 32

// AgentAt is the login code of who sat at the DN at a time; empty when nobody did or nothing is
// known.
func (d *DN) AgentAt(at time.Time) string {
	if d == nil || len(d.Logins) == 0 {
		return ""
	}
	agent := ""
	if first := d.Logins[0]; first.Standing {
		agent = first.Agent
	}
	for _, l := range d.Logins {
		if l.At.After(at) {
			break
		}
		agent = l.Agent
	}
	return agent
}

// AfterCall is what is known of an agent's after-call work.
type AfterCall struct {
	// Silent: the switch has said nothing of the agent's state since the call, and nothing stood before.
	Silent bool
	// Ended is when it was over; zero while it goes on. An agent who does none has ended with the call.
	Ended time.Time
	// Unsure is the time up to which after-call work may still be reported to begin; zero when it is known.
	Unsure time.Time
}

// AfterCall says what became of the after-call work of a call that the agent at the DN was on. A state
// that stands when the call ends goes on: after-call work that the desktop reported first is after-call
// work, and who is not ready, or has logged out, does none. Who was ready does it if the switch says so
// soon; there is no event without a change. It ends with the next other state, or when the next call
// rings (facts of the vendor's agent states).
func (d *DN) AfterCall(began, ended time.Time, soon time.Duration) AfterCall {
	stood, next := d.around(ended)
	works := stood.Kind == AgentAfterCallWork
	for i, s := range next {
		switch {
		case s.Kind == AgentAfterCallWork:
			works = works || stood.Kind == "" || !s.At.After(ended.Add(soon))
		case works:
			return AfterCall{Ended: s.At}
		case stood.Kind == "":
			return AfterCall{Ended: s.At}
		case s.Kind != AgentRang || i > 0:
			return AfterCall{Ended: ended}
		}
	}
	switch {
	case works:
		return AfterCall{}
	case stood.Kind == "":
		return AfterCall{Silent: true}
	case stood.Kind == AgentLoggedOut, stood.Kind == AgentNotReady && stood.At.After(began):
		return AfterCall{Ended: ended}
	default:
		return AfterCall{Ended: ended, Unsure: ended.Add(soon)}
	}
}

// around is the state that stands at a time, and those that follow.
func (d *DN) around(at time.Time) (stood AgentState, next []AgentState) {
	if d == nil {
		return stood, nil
	}
	for i, s := range d.States {
		if s.At.After(at) {
			return stood, d.States[i:]
		}
		if s.Kind != AgentRang {
			stood = s
		}
	}
	return stood, nil
}

// rang notes that a call rings at the DN, where that ends after-call work. It returns the calls that this
// may matter to.
func (b *Book) rang(dn string, at time.Time) []string {
	d := b.dns[dn]
	if d == nil {
		return nil
	}
	if stood, _ := d.around(at); stood.Kind != "" && stood.Kind != AgentAfterCallWork {
		return nil
	}
	if !d.state(AgentState{At: at, Kind: AgentRang}) {
		return nil
	}
	b.dirtyDNs[dn] = struct{}{}
	return b.CallsAt(dn)
}

func (d *DN) login(l Login) bool {
	if d.AgentAt(l.At) == l.Agent && len(d.Logins) > 0 && !d.Logins[0].At.After(l.At) {
		return false // nothing new
	}
	i, found := slices.BinarySearchFunc(d.Logins, l, func(a, b Login) int { return a.At.Compare(b.At) })
	if found {
		return false
	}
	d.Logins = insert(d.Logins, i, l)
	if len(d.Logins) > maxHistory {
		d.Logins = slices.Delete(d.Logins, 0, 1)
	}
	return true
}

// insert inserts into a history. There are many DNs, so its room grows by a few entries only.
func insert[T any](history []T, at int, entry T) []T {
	const few = 4
	if len(history) == cap(history) {
		history = append(make([]T, 0, len(history)+few), history...)
	}
	return slices.Insert(history, at, entry)
}

func (d *DN) state(s AgentState) bool {
	i, found := slices.BinarySearchFunc(d.States, s, func(a, b AgentState) int { return a.At.Compare(b.At) })
	if found {
		return false
	}
	d.States = insert(d.States, i, s)
	if len(d.States) > maxHistory {
		d.States = slices.Delete(d.States, 0, 1)
	}
	return true
}
