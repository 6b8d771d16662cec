package statetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Link is the name of Stat Server's link.
const Link = "stat"

// Play plays a center whose agents change their states, and knows what the org must have been told of it. It
// reads the guide's table in its own way.
type Play struct {
	edge   *Edge
	random *rand.Rand
	agents int
	last   time.Time
	state  map[int]shown
	lines  map[int]Line // the last one of each agent
	want   []string
}

// shown is what the org shows of an agent, and whether the agent was ready before the call.
type shown struct {
	presence, routing string
	ready             bool
}

// NewPlay plays agents 1 to n.
func NewPlay(edge *Edge, seed uint64, n int) *Play {
	return &Play{
		edge: edge, random: rand.New(rand.NewPCG(seed, 0)), agents: n, //nolint:gosec // not a secret
		state: map[int]shown{}, lines: map[int]Line{},
	}
}

// moves are what an agent can do: the status, its reason, and what the org shows then.
func moves() []struct {
	status            int
	reason            string
	presence, routing string
} {
	return []struct {
		status            int
		reason            string
		presence, routing string
	}{
		{4, "", "OnQueue", "Idle"},
		{8, "", "Busy", "OffQueue"},
		{8, "Break", "Break", "OffQueue"},
		{8, "Meal", "Meal", "OffQueue"},
		{23, "", "Offline", "OffQueue"},
		{22, "", "", "Interacting"},
		{20, "", "", "Communicating"},
	}
}

// next makes one change of one agent, a few milliseconds after the one before, never before now.
func (p *Play) next() (int, Line) {
	n := 1 + p.random.IntN(p.agents)
	move := moves()[p.random.IntN(len(moves()))]
	now := time.Now().UTC().Truncate(time.Millisecond)
	p.last = p.last.Add(time.Duration(1+p.random.IntN(30)) * time.Millisecond)
	if p.last.Before(now) {
		p.last = now
	}
	before, known := p.state[n]
	after := shown{move.presence, move.routing, before.ready}
	switch {
	case after.presence != "":
		after.ready = move.status != 8
	case !known:
		after.presence, after.ready = "OnQueue", true
	case before.ready:
		after.presence = "OnQueue"
	default:
		after.presence = "Busy"
	}
	p.note(n, before, after)
	p.state[n] = after
	line := Status(Employee(n), move.status, p.last)
	reasons := map[string]any{}
	if move.reason != "" {
		reasons["ReasonCode"] = move.reason
	}
	line.Attributes["reasons"], line.Received = reasons, p.last
	p.lines[n] = line
	return n, line
}

// note writes down what the org must be told.
func (p *Play) note(n int, before, after shown) {
	if before.presence != after.presence {
		p.want = append(p.want, told(OpPresence, n, Definition(after.presence), p.last))
	}
	if before.routing != after.routing {
		p.want = append(p.want, told(OpRouting, n, after.routing, p.last))
	}
}

func told(op string, n int, value string, at time.Time) string {
	return fmt.Sprintf("%s %s %s %s", User(n), at.Format(time.RFC3339Nano), op, value)
}

// Change makes so many changes.
func (p *Play) Change(n int) {
	for range n {
		_, line := p.next()
		p.edge.Send(Link, line)
	}
}

// Lose makes changes that the edge does not hear of. Which of them the org is told is not known: only how
// they end, see Final.
func (p *Play) Lose(n int) {
	for range n {
		_, _ = p.next()
	}
}

// Snapshot reports everything again.
func (p *Play) Snapshot() {
	p.last = p.last.Add(time.Millisecond)
	if now := time.Now().UTC().Truncate(time.Millisecond); p.last.Before(now) {
		p.last = now
	}
	at := p.last
	var lines []Line
	for n := 1; n <= p.agents; n++ {
		if line, known := p.lines[n]; known {
			line.Time, line.Received = at, at
			lines = append(lines, line)
		}
	}
	all := Snapshot(at, lines...)
	for i := range all {
		all[i].Received = at
	}
	p.edge.Send(Link, all...)
}

// Repeat sends the newest line of each agent again, as a second edge does.
func (p *Play) Repeat() {
	for n := 1; n <= p.agents; n++ {
		if line, known := p.lines[n]; known {
			p.edge.Send(Link, line)
		}
	}
}

// Say puts a line of the edge on the link.
func (p *Play) Say(message string, attributes map[string]any) {
	p.edge.Send(Link, Line{Message: message, Attributes: attributes})
}

// Want lists everything that the org must have been told, in an order of its own.
func (p *Play) Want() []string {
	want := slices.Clone(p.want)
	slices.Sort(want)
	return want
}

// Got lists everything that the org accepted, in the same order.
func Got(org *Org) []string {
	var got []string
	for _, e := range org.Accepted() {
		got = append(got, fmt.Sprintf("%s %s %s %s", e.User, e.At.UTC().Format(time.RFC3339Nano), e.Op, e.Value))
	}
	slices.Sort(got)
	return got
}

// Final is what the org must show in the end.
func (p *Play) Final() map[string]string {
	final := map[string]string{}
	for n, s := range p.state {
		final[User(n)] = Definition(s.presence) + " " + s.routing
	}
	return final
}
