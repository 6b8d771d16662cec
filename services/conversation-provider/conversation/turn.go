package conversation

import (
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// turn is an interaction while it reads its facts.
type turn struct {
	g      *Group
	now    time.Time // the wall clock; zero: no time has passed
	out    *batch
	before []int // facts of each call
	next   *callmodel.Call
	lost   []string // other interactions whose end was lost, by their roots
	waited bool     // a fact began to wait for the agent link
}

func (m *Machine) begin(g *Group, now time.Time) *turn {
	t := &turn{g: g, now: now, out: &batch{m: m, g: g, conv: g.Conv}, before: make([]int, len(g.Calls))}
	for i, c := range g.Calls {
		t.before[i] = len(c.Facts)
	}
	g.Conv.Waits = ""
	if g.Root.Created.IsZero() {
		// Only other links, or the end of the call, have been reported.
		if !g.Root.Deleted.IsZero() && g.Conv.Stage == StageNew {
			g.Conv.Stage, g.Conv.Reason = StageIgnored, ReasonNotFromStart
		}
		return t
	}
	t.next = g.next()
	return t
}

// order compares turns by the facts that they are to read next.
func (t *turn) order(other *turn) int {
	if d := compareFacts(t.next.Facts[0], other.next.Facts[0]); d != 0 {
		return d
	}
	return strings.Compare(t.g.Root.UUID, other.g.Root.UUID)
}

// readAll lets all turns read until nothing is left, or what comes next waits.
func (m *Machine) readAll(turns []*turn) {
	turns = slices.DeleteFunc(turns, func(t *turn) bool { return t.next == nil })
	slices.SortFunc(turns, (*turn).order)
	for len(turns) > 0 {
		first := turns[0]
		turns = turns[1:]
		if m.read(first); first.next != nil {
			at, _ := slices.BinarySearchFunc(turns, first, (*turn).order)
			turns = slices.Insert(turns, at, first)
		}
	}
}

// read reads one fact; next is nil afterwards when no other can be read.
func (m *Machine) read(t *turn) {
	g, call := t.g, t.next
	fact := call.Facts[0]
	x := &situation{
		m: m, g: g, call: call, conv: g.Conv, fact: fact, events: t.out,
		patient: t.now.IsZero() || fact.Waiting.IsZero() || t.now.Sub(fact.Waiting) < m.opts.Grace,
	}
	x.read()
	row := m.find(x)
	if row != nil && row.Wait {
		g.Conv.Waits = row.ID
		g.startWaiting(t.now)
		if !fact.Awaited && slices.Contains(row.If, loginUnsure) {
			call.Facts[0].Awaited, t.waited = true, true
		}
		t.next = nil
		return
	}
	m.wrapUpBefore(g, fact.At, t.out)
	call.Take(!g.Conv.Started())
	x.taken = true
	m.take(x, row)
	if p := x.hasTalked(); p != nil {
		t.lost = append(t.lost, g.board.StillConnected(p.DN, p.Joined, g.Conv)...)
	}
	t.next = g.next()
}

// hasTalked is the party of an agent who leaves after talking; nil for anybody else.
func (x *situation) hasTalked() *callmodel.Party {
	p := x.call.Party(x.fact.Subject)
	if x.fact.Kind != callmodel.PartyLeft || p == nil || x.conv.Parties.of(x.key) != RoleAgent {
		return nil
	}
	if g := p.State.Generic(); g != engage.PartyStateConnected && g != engage.PartyStateHeld {
		return nil
	}
	return p
}

// finish applies what time decides, and sums up.
func (m *Machine) finish(t *turn) Advanced {
	g := t.g
	m.wrapUp(g, t.now, t.out)
	if g.Conv.Started() {
		for _, c := range g.Calls {
			c.Forget()
		}
	}
	a := Advanced{Group: g, Events: t.out.events, Lost: t.lost}
	for i, c := range g.Calls {
		if len(c.Facts) != t.before[i] || t.waited {
			a.Changed = append(a.Changed, c.UUID)
		}
	}
	if len(a.Changed) > 0 || len(a.Events) > 0 {
		a.Changed = append(a.Changed, g.Root.UUID)
	}
	return a
}
