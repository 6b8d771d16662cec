package callgen

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/feed"
)

// Agent statuses: Stat Server's DnActions numbers.
const (
	statusFirst       = 4
	statusWaiting     = 4
	statusNotReady    = 8
	statusLoggedOut   = 23
	firstCallAction   = 6
	actionAfterCall   = 9
	workModeAutoIn    = 2
	workModeAux       = 4
	staysOnBreakEvery = 10 // one agent in ten stays on his break
)

// breakReasons are what agents are away for; the last ones have no presence of their own in an EX organization.
func breakReasons() []string {
	return []string{"Break", "Meal", "Meeting", "Training", "Coaching", ""}
}

// AgentStatus is the last status of an agent that Stat Server told.
type AgentStatus struct {
	AgentRef

	DN      string            `json:"dn"`
	Email   string            `json:"email"` // the address that the person is synchronised by
	Status  int               `json:"status"`
	Reasons map[string]string `json:"reasons,omitempty"`
	Since   time.Time         `json:"since"`
}

// seat is an agent at work. It is used by the agenda's goroutine; what Script reads of it is
// guarded by the generator's mutex.
type seat struct {
	agent    configdb.Agent
	status   feed.AgentStatus
	loggedIn bool
	stays    bool // on a break for good
	free     bool // ready and in no call
}

// outlet is where events go: the edge of the feed.
type outlet interface {
	// Await tells the time of the next thing that is planned; zero when nothing is.
	Await(earliest time.Time)
	// Publish tells whether the edge loses the event.
	Publish(ev feed.Event) (lost bool)
	PublishStatus(s feed.AgentStatus)
}

// board is the agents' side of the site.
type board struct {
	out        outlet
	switchName string
	seats      []*seat
	byEmployee map[string]*seat
}

func newBoard(out outlet, m configdb.Model, rng *rand.Rand, at time.Time) *board {
	b := &board{out: out, switchName: m.Switch, byEmployee: map[string]*seat{}}
	for _, a := range m.Agents {
		s := &seat{agent: a}
		b.seats = append(b.seats, s)
		b.byEmployee[a.EmployeeID] = s
		b.setStatus(s, statusLoggedOut, nil, nil, at)
	}
	if n := len(b.seats); n >= 3 {
		for _, i := range rng.Perm(n)[:max(1, n/staysOnBreakEvery)] {
			b.seats[i].stays = true
		}
	}
	return b
}

// activity is something that goes on at a DN: the number of the action, and the call that it is about.
type activity struct {
	number int
	connID string
}

// setStatus tells an agent's new status. An action that goes on keeps its beginning.
func (b *board) setStatus(s *seat, status int, actions []activity, reasons map[string]string, at time.Time) {
	next := feed.AgentStatus{Object: s.agent.EmployeeID, Status: status, Time: at, Since: at, Reasons: reasons}
	if status == s.status.Status {
		next.Since = s.status.Since
	}
	if status != statusLoggedOut {
		next.LoginID, next.Place = s.agent.LoginCode, "Place_"+s.agent.DN
		dn := feed.DNStatus{DN: s.agent.DN, Switch: b.switchName, Status: status, Since: next.Since}
		for _, a := range actions {
			dn.Actions = append(dn.Actions, s.action(a.number, a.connID, at))
		}
		next.DNs = []feed.DNStatus{dn}
	}
	s.status = next
	b.out.PublishStatus(next)
}

// action returns the action as it goes on, or a new one; only those of a call have a ConnID.
func (s *seat) action(number int, connID string, at time.Time) feed.DNAction {
	if number < firstCallAction || number == statusNotReady || number == actionAfterCall {
		connID = ""
	}
	for _, dn := range s.status.DNs {
		for _, old := range dn.Actions {
			if old.Action == number && old.ConnID == connID {
				return old
			}
		}
	}
	return feed.DNAction{Action: number, Since: at, ConnID: connID}
}

// send publishes an event of the agent's Extension.
func (b *board) send(s *seat, message string, at time.Time, more map[string]any) {
	attributes := map[string]any{"ThisDN": s.agent.DN, "AgentID": s.agent.LoginCode}
	maps.Copy(attributes, more)
	b.out.Publish(feed.Event{Message: message, Time: at, Attributes: attributes})
}

func (b *board) login(s *seat, at time.Time) {
	s.loggedIn = true
	b.send(s, "EventAgentLogin", at, nil)
}

func (b *board) logout(s *seat, at time.Time) {
	s.loggedIn, s.free = false, false
	b.send(s, "EventAgentLogout", at, nil)
	b.setStatus(s, statusLoggedOut, nil, nil, at)
}

// ready makes the agent wait for calls.
func (b *board) ready(s *seat, at time.Time) {
	b.send(s, "EventAgentReady", at, map[string]any{"AgentWorkMode": workModeAutoIn})
	b.setStatus(s, statusWaiting, []activity{{number: statusWaiting}}, nil, at)
	s.free = true
}

// notReady takes the agent from the calls, with or without a reason.
func (b *board) notReady(s *seat, reason string, at time.Time) {
	s.free = false
	more := map[string]any{"AgentWorkMode": workModeAux}
	var reasons map[string]string
	if reason != "" {
		reasons = map[string]string{"ReasonCode": reason}
		more["Reasons"] = map[string]any{"ReasonCode": reason}
	}
	b.send(s, "EventAgentNotReady", at, more)
	b.setStatus(s, statusNotReady, []activity{{number: statusNotReady}}, reasons, at)
}

// workers counts the agents who take calls at all.
func (b *board) workers() int {
	n := 0
	for _, s := range b.seats {
		if !s.stays {
			n++
		}
	}
	return n
}

// freeSeats lists who could take a call, in a fixed order.
func (b *board) freeSeats() []*seat {
	return slices.DeleteFunc(slices.Clone(b.seats), func(s *seat) bool { return !s.free })
}
