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
	now    time.Time // how far the links have come; zero: nothing is known of that
	due    time.Time // when what waits, or after-call work, is to be looked at again; zero: when something is reported
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
		now: t.now, patient: t.now.IsZero() || t.now.Before(m.deadline(&call.Facts[0], t.now)),
	}
	x.read()
	row := m.find(x)
	if row != nil && row.First != "" {
		x.pull(row)
		t.next = g.next()
		return
	}
	if row != nil && row.Wait {
		g.Conv.Waits = row.ID
		t.await(m.due(x, row))
		if !fact.Awaited && slices.Contains(row.If, loginUnsure) {
			call.Facts[0].Awaited, t.waited = true, true
		}
		t.next = nil
		return
	}
	m.wrapUpBefore(t, fact.At)
	call.Take(!g.Conv.Started())
	x.taken = true
	m.take(x, row)
	if p := x.hasTalked(); p != nil {
		t.lost = append(t.lost, g.board.StillConnected(p.DN, p.Joined, g.Conv)...)
	}
	t.next = g.next()
}

// deadline is until when a fact may wait for what belongs to it. What is read late, after a link was not
// waited for, has its time from then on.
func (m *Machine) deadline(f *callmodel.Fact, now time.Time) time.Time {
	if f.Waiting.IsZero() {
		f.Waiting = f.At
		if !now.Before(f.At.Add(m.opts.Grace)) {
			f.Waiting = now
		}
	}
	return f.Waiting.Add(m.opts.Grace)
}

// due is when a fact that waits is to be looked at again: when the other links have come as far, and when
// its time is over.
func (m *Machine) due(x *situation, row *Row) time.Time {
	come, over := x.fact.At.Add(slack), m.deadline(&x.call.Facts[0], x.now)
	switch {
	case x.now.Before(come):
		return come
	case x.now.Before(over):
		return over
	default:
		return x.g.board.book.AgentsSettled(x.dn)
	}
}

// await notes when something is to be looked at again.
func (t *turn) await(due time.Time) {
	if t.due.IsZero() || due.Before(t.due) {
		t.due = due
	}
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
	m.wrapUp(t)
	if g.Conv.Started() {
		for _, c := range g.Calls {
			c.Forget()
		}
	}
	a := Advanced{Group: g, Events: t.out.events, Lost: t.lost, Due: t.due}
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
