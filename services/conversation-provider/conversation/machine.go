package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
)

// Defaults of Options.
const (
	DefaultGrace         = 2 * time.Second
	DefaultPatience      = 5 * time.Minute
	DefaultWrapUpTimeout = 5 * time.Minute
	// DefaultDispositionKey is the user data key of the disposition: the name of the business
	// attribute that config-sync maps (guide, "Synchronization of Wrap-up Codes").
	DefaultDispositionKey = "DispositionCode"
)

// Options of a Machine.
type Options struct {
	Tenant string
	// Grace is how long a fact waits for what belongs to it, by the clock of the events; 0 means DefaultGrace.
	Grace time.Duration
	// Patience bounds the wait for who is logged in at an extension of which nothing was heard yet; 0 means
	// DefaultPatience.
	Patience time.Duration
	// WrapUpTimeout is how long after-call work may last of which nothing is heard; 0 means
	// DefaultWrapUpTimeout.
	WrapUpTimeout time.Duration
	// CallModel says how far the model of the org is used; "" means ModelGuide.
	CallModel CallModel
	// DispositionKey is the user data key of the disposition; "" means DefaultDispositionKey.
	DispositionKey string
}

// Machine applies the rules. It holds no conversation itself.
type Machine struct {
	opts    Options
	dir     Directory
	rows    map[cue][]rule
	roles   []roleRule
	effects map[Effect]func(*situation)
}

// cue is when a row is looked at.
type cue struct {
	stage   Stage
	trigger Trigger
}

// rule is a row with the functions that answer its conditions.
type rule struct {
	row   *Row
	ifs   []func(*situation) bool
	login bool // it waits for a log-in
}

// NewMachine returns a machine that asks dir what names mean.
func NewMachine(opts Options, dir Directory) *Machine {
	if opts.Grace <= 0 {
		opts.Grace = DefaultGrace
	}
	if opts.Patience <= 0 {
		opts.Patience = DefaultPatience
	}
	if opts.WrapUpTimeout <= 0 {
		opts.WrapUpTimeout = DefaultWrapUpTimeout
	}
	if opts.DispositionKey == "" {
		opts.DispositionKey = DefaultDispositionKey
	}
	m := &Machine{opts: opts, dir: dir, rows: map[cue][]rule{}, roles: roleRules(opts.CallModel), effects: effects()}
	table, conditions := Rows(opts.CallModel), conditionTable()
	for i := range table {
		r := rule{row: &table[i], login: table[i].Wait && slices.Contains(table[i].If, loginUnsure)}
		for _, c := range r.row.If {
			r.ifs = append(r.ifs, conditions[c])
		}
		for _, stage := range r.row.Stages {
			for _, trigger := range r.row.On {
				at := cue{stage, trigger}
				m.rows[at] = append(m.rows[at], r)
			}
		}
	}
	return m
}

// DispositionKey is the user data key of the disposition.
func (m *Machine) DispositionKey() string { return m.opts.DispositionKey }

// find returns the first row that fits; nil when none does.
func (m *Machine) find(x *situation) *Row {
	for _, r := range m.rows[cue{x.conv.Stage, x.trigger}] {
		if (x.patient || !r.row.Wait || r.login && x.loginUnknown()) && r.holds(x) {
			return r.row
		}
	}
	return nil
}

func (r rule) holds(x *situation) bool {
	for _, answer := range r.ifs {
		if !answer(x) {
			return false
		}
	}
	return true
}

// take applies a row, and what follows from it.
func (m *Machine) take(x *situation, row *Row) {
	m.remember(x)
	if row == nil {
		x.trace(Decision{At: x.fact.At, What: x.what(), Subject: x.dn, Stage: x.conv.Stage})
		return
	}
	m.fire(x, *row)
	if row.Effect == HandOver {
		m.takeInvited(x)
	}
	if next := followUp(x.trigger); next != "" && x.fresh != nil && x.fresh.Open() && x.fact.State.Generic() == engage.PartyStateConnected {
		// The party was reported connected at once.
		x.trigger, x.leg = next, x.fresh
		if row := m.find(x); row != nil && !row.Wait {
			m.fire(x, *row)
		}
	}
	if x.conv.Stage == StageSuspended {
		m.endLonely(x, row.Next == StageSuspended)
	}
}

// takeInvited lets somebody whose phone rings already take over from the agent who has left.
func (m *Machine) takeInvited(x *situation) {
	y := x.invited()
	if y == nil {
		return
	}
	if connected := y.call.Party(y.fact.Subject); connected != nil && !x.changePending(y) && connected.State.Generic() == engage.PartyStateConnected {
		y.fact.State = connected.State // of a conference: it has answered already
	}
	if y.trigger = roleTrigger(x.conv.Parties.of(y.key)); y.trigger == "" {
		return
	}
	m.take(y, m.find(y))
}

// followUp: a party that joins connected has answered.
func followUp(t Trigger) Trigger {
	switch t {
	case AgentJoined, OutsideJoined, NewcomerConnected, OutsideConnected:
		return AgentConnected
	case ConsultAgent, ConsultOutside:
		return ConsultAnswered
	default:
		return ""
	}
}

// what names the fact for the trace.
func (x *situation) what() string {
	if x.trigger != "" {
		return string(x.trigger)
	}
	return string(x.fact.Kind)
}

// fire sends the events of a row and changes the stage.
func (m *Machine) fire(x *situation, row Row) {
	before := len(x.events.events)
	what, dn, conv := x.what(), x.dn, x.conv
	if conv.Releaser == "" && slices.ContainsFunc(row.Do, func(s Step) bool { return s.Disconnect == ByRelease }) {
		conv.Releaser = x.releaser() // who hung up first decides between Self and Peer
	}
	switch {
	case row.Next == StageSuspended && x.trigger != Refused:
		m.endTransfer(x, exevents.TransferFailed) // the last event before suspension: nothing is left under way
	case row.Next == StageOver:
		m.endTransfer(x, exevents.TransferCanceled)
	}
	if effect := m.effects[row.Before]; effect != nil {
		effect(x)
	}
	for _, step := range row.Do {
		m.do(x, step)
	}
	if row.Next == StageOver { // nobody is left behind, whatever a consultation did not report
		m.do(x, end(Rest, exevents.DisconnectSystem))
	}
	if effect := m.effects[row.Effect]; effect != nil {
		effect(x)
	}
	if row.Next != "" {
		conv.Stage, conv.Entered = row.Next, x.fact.At
		if conv.Started() && conv.Stage != StageSuspended {
			conv.Reason = "" // whom the call passed before it could be shown no longer matters
		}
	}
	d := Decision{At: x.fact.At, What: what, Row: row.ID, Subject: dn, Stage: conv.Stage}
	if row.Reason != "" {
		if row.Next != StageIgnored || conv.Reason == "" { // the first reason explains it best
			conv.Reason = row.Reason
		}
		if row.Reason == reasonOfConsult {
			conv.Reason = conv.Consult.Unseen
		}
		d.Reason = conv.Reason
	}
	for _, e := range x.events.events[before:] {
		d.Events = append(d.Events, e.Type)
	}
	x.trace(d)
}

// endLonely ends, in a suspended conversation, the legs that had been left before and the last one.
func (m *Machine) endLonely(x *situation, entered bool) {
	if entered {
		x.conv.Transfer = nil
		for _, leg := range x.conv.Open() {
			left := x.g.legLeft(leg)
			if left.IsZero() || x.g.leavePending(leg) {
				continue
			}
			if left.After(x.fact.At) {
				x.fact.At = left
			}
			x.leg = leg
			m.fire(x, sweepRow())
		}
	}
	if len(x.conv.Open()) == 1 {
		m.fire(x, lastLegRow())
	}
}

// abandon ends a conversation whose calls will not be heard of again, for instance because their end
// was lost with a link. at is the time its parties are taken to have left.
func (m *Machine) abandon(g *Group, at time.Time) []*exevents.ConversationEvent {
	conv := g.Conv
	out := &batch{m: m, g: g, conv: conv}
	x := &situation{m: m, g: g, call: g.Root, conv: conv, fact: callmodel.Fact{Kind: callmodel.CallEnded, At: at}, events: out}
	switch {
	case conv.Finished():
		m.endWrapUp(g, at, out)
		return out.events
	case !conv.Started():
		conv.Stage, conv.Reason = StageIgnored, ReasonLost
		return nil
	}
	m.fire(x, Row{ID: "lost/end", Do: []Step{end(Rest, exevents.DisconnectSystem)}, Next: StageSuspended, Reason: ReasonLost,
		From: FromInferred, Why: "the end of the call was not seen"})
	return out.events
}
