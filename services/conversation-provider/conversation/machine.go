package conversation

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys"
	"engage.connector/services/conversation-provider/callmodel"
)

// Defaults of Options.
const (
	DefaultGrace         = 2 * time.Second
	DefaultWrapUpTimeout = 5 * time.Minute
	// DefaultDispositionKey is the user data key of the disposition: the name of the business
	// attribute that config-sync maps (guide, "Synchronization of Wrap-up Codes").
	DefaultDispositionKey = "DispositionCode"
)

// Options of a Machine.
type Options struct {
	Tenant string
	// Grace is how long a fact waits for another link; 0 means DefaultGrace.
	Grace time.Duration
	// WrapUpTimeout is how long after-call work may last; 0 means DefaultWrapUpTimeout.
	WrapUpTimeout time.Duration
	// DispositionKey is the user data key of the disposition; "" means DefaultDispositionKey.
	DispositionKey string
}

// Machine applies the rules. It holds no conversation itself.
type Machine struct {
	opts       Options
	dir        Directory
	rows       []Row
	conditions map[Condition]func(*situation) bool
}

// NewMachine returns a machine that asks dir what names mean.
func NewMachine(opts Options, dir Directory) *Machine {
	if opts.Grace <= 0 {
		opts.Grace = DefaultGrace
	}
	if opts.WrapUpTimeout <= 0 {
		opts.WrapUpTimeout = DefaultWrapUpTimeout
	}
	if opts.DispositionKey == "" {
		opts.DispositionKey = DefaultDispositionKey
	}
	return &Machine{opts: opts, dir: dir, rows: Rows(), conditions: conditions()}
}

// DispositionKey is the user data key of the disposition.
func (m *Machine) DispositionKey() string { return m.opts.DispositionKey }

// Advance reads the facts of a call that can be read, in the order of their time, and returns the
// events that follow. now is the wall clock; it only matters to what waits: zero means that no time
// has passed.
func (m *Machine) Advance(call *callmodel.Call, conv *Conversation, dns DNs, now time.Time) []genesys.ConversationEvent {
	out := &batch{m: m, call: call, conv: conv}
	m.readFacts(call, conv, dns, now, out)
	m.wrapUp(call, conv, dns, now, out)
	return out.events
}

func (m *Machine) readFacts(call *callmodel.Call, conv *Conversation, dns DNs, now time.Time, out *batch) {
	conv.Waits = ""
	if call.Created.IsZero() {
		// Only other links, or the end of the call, have been reported.
		if !call.Deleted.IsZero() && conv.Stage == StageNew {
			conv.Stage, conv.Reason = StageIgnored, ReasonNotFromStart
		}
		return
	}
	for len(call.Facts) > 0 {
		fact := &call.Facts[0]
		x := &situation{
			m: m, call: call, conv: conv, dns: dns, fact: *fact, events: out,
			patient: now.IsZero() || fact.Waiting.IsZero() || now.Sub(fact.Waiting) < m.opts.Grace,
		}
		x.read()
		row := m.find(x)
		if row != nil && row.Wait {
			conv.Waits = row.ID
			startWaiting(call, now)
			return
		}
		call.Facts = slices.Delete(call.Facts, 0, 1)
		m.take(x, row)
	}
}

// startWaiting notes since when the facts of a call wait.
func startWaiting(call *callmodel.Call, now time.Time) {
	if now.IsZero() {
		return
	}
	for i := range call.Facts {
		if call.Facts[i].Waiting.IsZero() {
			call.Facts[i].Waiting = now
		}
	}
}

// find returns the first row that fits; nil when none does.
func (m *Machine) find(x *situation) *Row {
	for i := range m.rows {
		row := &m.rows[i]
		if row.Wait && !x.patient {
			continue
		}
		if slices.Contains(row.Stages, x.conv.Stage) && slices.Contains(row.On, x.trigger) && m.holds(x, row.If) {
			return row
		}
	}
	return nil
}

func (m *Machine) holds(x *situation, all []Condition) bool {
	for _, c := range all {
		if !m.conditions[c](x) {
			return false
		}
	}
	return true
}

// take applies a row, and what follows from it.
func (m *Machine) take(x *situation, row *Row) {
	m.remember(x)
	if row == nil {
		return
	}
	m.fire(x, *row)
	if x.trigger == AgentJoined && x.conv.Stage == StageRinging && x.fact.State.Generic() == engage.PartyStateConnected {
		// The agent was reported connected at once.
		x.trigger, x.leg = AgentConnected, x.fresh
		if next := m.find(x); next != nil {
			m.fire(x, *next)
		}
	}
	if x.conv.Stage == StageSuspended {
		m.endLonely(x, row.Next == StageSuspended)
	}
}

// remember keeps what later facts need, whether a row fits or not.
func (m *Machine) remember(x *situation) {
	conv := x.conv
	if x.role != "" {
		if conv.Parties == nil {
			conv.Parties = map[string]Role{}
		}
		conv.Parties[x.fact.Subject] = x.role
	}
	if x.trigger == CallerJoined && conv.Stage == StageNew {
		conv.Legs = append(conv.Legs, m.newLeg(x, External))
	}
	// Who hung up first decides between Self and Peer. An agent who did not answer hung up on nobody.
	released := x.trigger == CallerLeft || x.trigger == Ended || x.trigger == AgentLeft && conv.Stage != StageRinging
	if released && conv.Releaser == "" {
		conv.Releaser = x.releaser()
	}
}

// releaser is who ended the call or left it first.
func (x *situation) releaser() string {
	if x.fact.Ctrl != "" {
		return x.fact.Ctrl
	}
	if x.dn != "" {
		return x.dn
	}
	if leg := x.conv.leg(External); leg != nil {
		return leg.DN
	}
	return ""
}

// fire sends the events of a row and changes the stage.
func (m *Machine) fire(x *situation, row Row) {
	before := len(x.events.events)
	for _, step := range row.Do {
		m.do(x, step)
	}
	conv := x.conv
	switch row.Effect {
	case FailedAttempt:
		conv.Attempt = x.fact.At
	case SameLeg:
		conv.leg(ACD).Visit = x.fact.Subject
	case NoEffect:
	}
	if row.Next != "" {
		conv.Stage, conv.Entered = row.Next, x.fact.At
	}
	if row.Reason != "" {
		conv.Reason = row.Reason
	}
	d := Decision{At: x.fact.At, Row: row.ID, Subject: x.dn, Stage: conv.Stage}
	for _, e := range x.events.events[before:] {
		d.Events = append(d.Events, e.Type)
	}
	conv.trace(d)
}

// endLonely ends, in a suspended conversation, the legs that had been left before and the last one.
func (m *Machine) endLonely(x *situation, entered bool) {
	if entered {
		x.conv.Transfer = nil
		for _, leg := range x.conv.Open() {
			left := x.call.LeftAt(leg.current())
			if left.IsZero() || x.call.LeavePending(leg.current()) {
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

// current is the Engage side of the leg as it stands now.
func (l *Leg) current() string {
	if l.Visit != "" {
		return l.Visit
	}
	return l.Party
}

// Abandon ends a conversation whose call will not be heard of again, for instance because its end
// was lost with a link. at is the time its parties are taken to have left.
func (m *Machine) Abandon(call *callmodel.Call, conv *Conversation, at time.Time) []genesys.ConversationEvent {
	out := &batch{m: m, call: call, conv: conv}
	x := &situation{m: m, call: call, conv: conv, fact: callmodel.Fact{Kind: callmodel.CallEnded, At: at}, events: out}
	if !conv.Started() {
		conv.Stage, conv.Reason = StageIgnored, ReasonLost
		return nil
	}
	m.fire(x, Row{ID: "lost/end", Do: []Step{end(Rest, genesys.DisconnectSystem)}, Next: StageSuspended, Reason: ReasonLost,
		From: FromInferred, Why: "the end of the call was not seen"})
	return out.events
}
