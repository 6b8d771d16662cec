package delivery

import (
	"fmt"
	"slices"
	"time"

	"engage.connector/pkg/fault"
)

// Action is what happens next.
type Action string

// The actions.
const (
	// Again: the record is sent again later; its key waits for it, everything else continues.
	Again Action = "again"
	// Split: the records are sent again in two halves.
	Split Action = "split"
	// Pause: the operation rests; then one request at a time finds out whether it works again. No
	// record is blamed.
	Pause Action = "pause"
	// Park: the record is put aside with the reason, for a person to look at.
	Park Action = "park"
)

// patience names how long a record may be refused, while the org can be reached, before it is parked.
type patience string

const (
	noPatience    patience = ""          // it is never parked for this
	permanent     patience = "permanent" // Policy.PermanentFor
	temporary     patience = "temporary" // Policy.RetryFor and Policy.RetryAttempts
	notUnderstood patience = "foreign"   // Policy.ForeignFor
)

// Word says whose word a row is about.
type word string

const (
	anyWord word = "any"
	ownWord word = "its own"
	foreign word = "another's" // a proxy's page, a text that cannot be understood
)

// row is one rule. The first row that fits decides.
type row struct {
	scope Scope
	codes []fault.Code // none: any code
	word  word
	final bool // only what the other side calls final
	// blind is done while the operation has taken nothing since the first such answer; proven when
	// it has: then the answer is about what was in the request.
	blind, proven Action
	patience      patience // of a record that stands alone
}

// permanentCodes are the codes that promise the same answer next time.
var permanentCodes = []fault.Code{fault.Invalid, fault.NotFound, fault.Conflict, fault.Unsupported, fault.TooLarge}

// table is the policy. A record alone in its request cannot be split: Split then means Again, until
// its patience is used up.
var table = []row{
	{Org, nil, anyWord, false, Pause, Pause, noPatience},
	{Operation, []fault.Code{fault.RateLimited}, anyWord, false, Pause, Pause, noPatience},
	{Operation, nil, ownWord, false, Pause, Split, permanent},
	{Operation, nil, foreign, false, Pause, Split, notUnderstood},
	{Request, permanentCodes, ownWord, false, Split, Split, permanent},
	{Request, []fault.Code{fault.TooLarge}, foreign, false, Split, Split, notUnderstood},
	{Request, permanentCodes, foreign, false, Pause, Split, notUnderstood},
	{Request, nil, anyWord, false, Pause, Split, temporary}, // 5xx, no answer in time, one that says nothing
	{Record, nil, ownWord, true, Park, Park, noPatience},
	{Record, permanentCodes, ownWord, false, Again, Again, permanent},
	{Record, permanentCodes, foreign, false, Again, Again, notUnderstood},
	{Record, nil, anyWord, false, Again, Again, temporary},
}

func (r row) fits(a Answer) bool {
	switch {
	case r.scope != a.Scope, r.final && !a.Final, len(r.codes) > 0 && !slices.Contains(r.codes, a.Code):
		return false
	}
	return r.word == anyWord || (r.word == ownWord) == a.Own
}

// rowOf finds the rule for an answer; a scope that nobody set is a request's.
func rowOf(a Answer) row {
	for _, r := range table {
		if r.fits(a) {
			return r
		}
	}
	a.Scope = Request
	return rowOf(a)
}

// History is what happened before an answer and around it.
type History struct {
	Alone bool // the request had this one record only
	// Proven: the operation has taken something since the first such answer to these records.
	Proven bool
	// Everyone: so many different ones were refused, and nothing was taken meanwhile, that the
	// answer cannot be about this one.
	Everyone bool
}

// Patience is how much of its patience a record has used. The zero value is that of a new record.
type Patience struct {
	Kind  string        `json:"kind,omitempty"` // the last answer's row
	Run   time.Duration `json:"run,omitempty"`  // how long, while the org could be reached, it was answered by this row
	Spent time.Duration `json:"spent,omitempty"`
	Times int           `json:"times,omitempty"` // answers about this record
}

// Policy are the bounds of patience. All of them count only while the org can be reached.
type Policy struct {
	PermanentFor  time.Duration // how long the API must insist on a permanent refusal; default 5 min
	RetryFor      time.Duration // of a record that is refused for now; default 15 min
	RetryAttempts int           // and at least so many refusals; default 10
	ForeignFor    time.Duration // of a record that something else than the API refuses; default 72 h
}

// WithDefaults fills in what is not set.
func (p Policy) WithDefaults() Policy {
	for value, fallback := range map[*time.Duration]time.Duration{
		&p.PermanentFor: 5 * time.Minute, &p.RetryFor: 15 * time.Minute, &p.ForeignFor: 72 * time.Hour,
	} {
		if *value <= 0 {
			*value = fallback
		}
	}
	if p.RetryAttempts <= 0 {
		p.RetryAttempts = 10
	}
	return p
}

// leastTimes is how often a record is sent before it is given up, however long that took.
const leastTimes = 3

// Decide applies the table. About a record that stands alone it also uses up patience: reached is how
// long the org could be reached since the last answer about it.
func (p Policy) Decide(a Answer, h History, used Patience, reached time.Duration) (Action, Patience) {
	r := rowOf(a)
	action := r.blind
	if h.Proven {
		action = r.proven
	}
	switch {
	case action == Park || action == Pause:
		return action, used
	case h.Everyone:
		return Pause, used
	case !h.Alone && r.scope != Record:
		return Split, used
	}
	used = used.add(r, reached)
	if p.exhausted(r.patience, used) {
		return Park, used
	}
	return Again, used
}

func (u Patience) add(r row, reached time.Duration) Patience {
	reached = max(reached, 0)
	u.Times++
	if u.Kind != string(r.patience) {
		u.Kind, u.Run = string(r.patience), 0
	} else {
		u.Run += reached
	}
	if r.patience != notUnderstood {
		u.Spent += reached
	}
	return u
}

func (p Policy) exhausted(kind patience, used Patience) bool {
	limit := map[patience]time.Duration{permanent: p.PermanentFor, notUnderstood: p.ForeignFor, temporary: p.RetryFor}[kind]
	switch {
	case kind == noPatience, used.Times < leastTimes:
		return false
	case kind == notUnderstood:
		return used.Run >= limit
	case kind == permanent && used.Run >= limit:
		return true
	}
	// Answers that alternate use it up, too.
	return used.Spent >= max(limit, p.RetryFor) && used.Times >= p.RetryAttempts
}

// GivenUp says why a record is parked, whose matter that is, and what to do.
func GivenUp(a Answer, used Patience) string {
	if a.Final || used.Times == 0 {
		return a.Reason + "; " + Advice(a)
	}
	return fmt.Sprintf("given up after %d attempts in %s during which the org could be reached: %s; %s",
		used.Times, used.Spent.Round(time.Second), a.Reason, Advice(a))
}

// Advice says whose matter a refused record is, and what to do about it.
func Advice(a Answer) string {
	switch {
	case a.Hint != "":
		return a.Hint
	case a.Own && slices.Contains(permanentCodes, a.Code) || a.Final:
		return "the org does not accept this record: correct what it names, then retry it"
	case a.Own:
		return "the org could not take it for now: retry it when the org is well, or give its support the correlation id"
	default:
		return "this is not the answer of the org: look at the proxies and firewalls in between, then retry it"
	}
}
