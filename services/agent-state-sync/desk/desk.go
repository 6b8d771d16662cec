// Package desk reads T-Library's agent events, for centers that are not connected through Stat
// Server: who is logged in at which DN, in which state and with which calls, folded per agent into
// what Stat Server would say. It is pure.
package desk

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Place is a DN of one switch.
type Place struct {
	Switch string
	DN     string
}

// Login is an agent's login code at one switch.
type Login struct {
	Switch string
	Code   string
}

// Desk is what is known of one DN.
type Desk struct {
	packed.Kept

	Agent   string            // login id; "" when nobody is logged in
	State   engage.DnActions  // WaitForNextCall, NotReadyForNextCall or AfterCallWork; StatusUnknown after a log-in that was only registered
	Since   time.Time         // of State
	Reasons map[string]string // of Not Ready
	Calls   []Call            // established ones
	At      time.Time         // of the last event that was read
}

// Call is a call at a desk. Ringing and dialing ones are none yet.
type Call struct {
	packed.Kept

	ConnID string
	Type   engage.CallType
	Held   bool
	Since  time.Time
}

// Fields names what is stored of a desk.
func (d *Desk) Fields(f *packed.Form) {
	f.Text(1, &d.Agent)
	f.Int(2, (*int)(&d.State))
	f.Time(3, &d.Since)
	f.Map(4, &d.Reasons)
	packed.All(f, 5, &d.Calls)
	f.Time(6, &d.At)
}

// Fields names what is stored of a call.
func (c *Call) Fields(f *packed.Form) {
	f.Text(1, &c.ConnID)
	f.Int(2, (*int)(&c.Type))
	f.Bool(3, &c.Held)
	f.Time(4, &c.Since)
}

// Book holds the desks of a center. The zero value is not usable; see NewBook.
type Book struct {
	desks map[Place]*Desk
	seats map[Login]map[Place]bool // where each agent sits
}

// NewBook returns a book that knows of nobody.
func NewBook() *Book {
	return &Book{desks: map[Place]*Desk{}, seats: map[Login]map[Place]bool{}}
}

// seat keeps up with who sits at a desk.
func (b *Book) seat(at Place, before, now string) {
	if before == now {
		return
	}
	old := Login{at.Switch, before}
	delete(b.seats[old], at)
	if len(b.seats[old]) == 0 {
		delete(b.seats, old)
	}
	if now == "" {
		return
	}
	login := Login{at.Switch, now}
	if b.seats[login] == nil {
		b.seats[login] = map[Place]bool{}
	}
	b.seats[login][at] = true
}

// Desk returns what is known of a DN; ok is false when nothing is.
func (b *Book) Desk(at Place) (desk Desk, ok bool) {
	known, ok := b.desks[at]
	if !ok {
		return Desk{}, false
	}
	return *known, true
}

// Restore puts back a desk that was stored.
func (b *Book) Restore(at Place, desk Desk) {
	before := ""
	if known := b.desks[at]; known != nil {
		before = known.Agent
	}
	b.desks[at] = &desk
	b.seat(at, before, desk.Agent)
}

// Places lists the DNs that something is known of, in a stable order.
func (b *Book) Places() []Place { return slices.SortedFunc(maps.Keys(b.desks), comparePlaces) }

func comparePlaces(x, y Place) int {
	return cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.DN, y.DN))
}

// Logins lists who sits somewhere, in a stable order.
func (b *Book) Logins() []Login {
	return slices.SortedFunc(maps.Keys(b.seats), func(x, y Login) int {
		return cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.Code, y.Code))
	})
}

// reader changes a desk as one message says. It returns false when the message changes nothing.
type reader func(d *Desk, e engage.Event) bool

// readersTable has one row per T-Library message that says something of an agent or of the calls
// at a desk (Platform SDK names; states of an agent as in the vendor's Events and Models).
func readersTable() map[string]reader {
	return map[string]reader{
		engage.MsgEventRegistered:    registered,
		engage.MsgEventAgentLogin:    loggedIn,
		engage.MsgEventAgentLogout:   loggedOut,
		engage.MsgEventAgentReady:    ready,
		engage.MsgEventAgentNotReady: notReady,
		"EventEstablished":           established,
		"EventHeld":                  held(true),
		"EventRetrieved":             held(false),
		"EventPartyChanged":          partyChanged,
		"EventReleased":              released,
		engage.MsgEventDiverted:      released,
		engage.MsgEventAbandoned:     released,
	}
}

// Read takes in one message of a switch and returns the agents whose state it may have changed: the
// one who sits at the DN, and the one who sat there before. A message older than what is known of
// the desk changes nothing.
func (b *Book) Read(switchName string, e engage.Event) []string {
	read, known := readersTable()[e.Message]
	if !known || e.ThisDN() == "" {
		return nil
	}
	at := Place{switchName, e.ThisDN()}
	d := b.desks[at]
	if d == nil {
		d = &Desk{State: engage.StatusUnknown}
	}
	if e.Time.Before(d.At) {
		return nil
	}
	before := d.Agent
	if !read(d, e) {
		return nil
	}
	d.At = e.Time
	b.desks[at] = d
	b.seat(at, before, d.Agent)
	var touched []string
	for _, agent := range []string{before, d.Agent} {
		if agent != "" && !slices.Contains(touched, agent) {
			touched = append(touched, agent)
		}
	}
	return touched
}

// sit puts an agent at a desk. Whatever was known of another agent there has ended.
func (d *Desk) sit(agent string) {
	if agent != "" && agent != d.Agent {
		*d = Desk{Agent: agent, State: engage.StatusUnknown, Calls: d.Calls, At: d.At}
	}
}

func (d *Desk) enter(state engage.DnActions, at time.Time, reasons map[string]string) bool {
	if state != d.State {
		d.State, d.Since = state, at
	}
	d.Reasons = reasons
	return true
}

// registered tells who sits there and, where the server adds it, in which state. That nobody does is for a
// snapshot to say: a registration without an agent may as well come from a server that does not add the
// attribute.
func registered(d *Desk, e engage.Event) bool {
	agent := e.Attributes.Text("AgentID")
	if agent == "" {
		return false
	}
	d.sit(agent)
	said, known := registeredTable()[e.Extensions()["AgentStatus"]]
	if !known || d.State == said {
		return true // the reasons and the time that are known already say more
	}
	return d.enter(said, e.Time, map[string]string{})
}

// registeredTable reads the extension AgentStatus of EventRegistered (inferred: the order of T-Library's
// agent states; not verified against a live system).
func registeredTable() map[string]engage.DnActions {
	return map[string]engage.DnActions{
		"1": engage.StatusNotReadyForNextCall, // logged in
		"2": engage.StatusWaitForNextCall,
		"3": engage.StatusNotReadyForNextCall,
		"4": engage.StatusAfterCallWork,
	}
}

// loggedIn leaves the agent Not Ready: Ready is a message of its own, also after an automatic one.
func loggedIn(d *Desk, e engage.Event) bool {
	d.sit(e.Attributes.Text("AgentID"))
	if d.Agent == "" {
		return false
	}
	return d.enter(engage.StatusNotReadyForNextCall, e.Time, nil)
}

func loggedOut(d *Desk, e engage.Event) bool {
	agent := e.Attributes.Text("AgentID")
	if d.Agent == "" || agent != "" && agent != d.Agent {
		return false // somebody else has taken the desk since
	}
	*d = Desk{State: engage.StatusUnknown, Calls: d.Calls}
	return true
}

func ready(d *Desk, e engage.Event) bool {
	d.sit(e.Attributes.Text("AgentID"))
	return d.Agent != "" && d.enter(engage.StatusWaitForNextCall, e.Time, nil)
}

func notReady(d *Desk, e engage.Event) bool {
	d.sit(e.Attributes.Text("AgentID"))
	if d.Agent == "" {
		return false
	}
	if e.WorkMode() == engage.WorkModeAfterCallWork {
		return d.enter(engage.StatusAfterCallWork, e.Time, d.Reasons)
	}
	reasons := e.Attributes.KeyValues("Reasons")
	if reasons == nil {
		reasons = map[string]string{} // no reason is a reason that ended
	}
	return d.enter(engage.StatusNotReadyForNextCall, e.Time, reasons)
}

func (d *Desk) call(connID string) *Call {
	for i := range d.Calls {
		if d.Calls[i].ConnID == connID {
			return &d.Calls[i]
		}
	}
	return nil
}

func established(d *Desk, e engage.Event) bool {
	if known := d.call(e.ConnID()); known != nil {
		known.Type, known.Held = e.CallType(), false
		return true
	}
	d.Calls = append(slices.Clone(d.Calls), Call{ConnID: e.ConnID(), Type: e.CallType(), Since: e.Time})
	return true
}

func held(on bool) reader {
	return func(d *Desk, e engage.Event) bool {
		known := d.call(e.ConnID())
		if known == nil || known.Held == on {
			return false
		}
		known.Held = on
		return true
	}
}

// partyChanged follows a completed transfer or conference: the consultation call becomes the call.
func partyChanged(d *Desk, e engage.Event) bool {
	known := d.call(previousConnID(e))
	if known == nil {
		known = d.call(e.ConnID())
	}
	if known == nil {
		return false
	}
	known.ConnID, known.Type = e.ConnID(), e.CallType()
	return true
}

func previousConnID(e engage.Event) string {
	return engage.Event{Attributes: engage.Attributes{"ConnID": e.Attributes["PreviousConnID"]}}.ConnID()
}

func released(d *Desk, e engage.Event) bool {
	if d.call(e.ConnID()) == nil {
		return false
	}
	d.Calls = slices.DeleteFunc(slices.Clone(d.Calls), func(c Call) bool { return c.ConnID == e.ConnID() })
	return true
}
