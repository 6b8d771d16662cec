package callgen

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"engage.connector/services/lab/site/configdb"
)

// Call is what really happened in one call.
type Call struct {
	CallUUID   string            `json:"callUuid"`
	ConnID     string            `json:"connId"`
	Scenario   string            `json:"scenario"`
	ANI        string            `json:"ani"`
	DNIS       string            `json:"dnis"`
	Choices    map[string]string `json:"choices,omitempty"`
	Start      time.Time         `json:"start"`
	End        time.Time         `json:"end,omitzero"` // of the last party; zero while the call goes on
	Parties    []Party           `json:"parties"`
	Recordings []Recording       `json:"recordings,omitempty"`
	// Further are the CallUUIDs of calls of the same interaction, such as a consultation. They have no
	// conversation of their own.
	Further map[string]string `json:"further,omitempty"`
	// Over is when everything of the call has happened, after-call work included; zero until then.
	Over time.Time `json:"over,omitzero"`
	// Lost tells when the first event of the call was lost between the servers and the feed; zero when none was.
	Lost time.Time `json:"lost,omitzero"`
	// Hidden says why an EX organization must not show the call at all; "" when it has to.
	Hidden string `json:"hidden,omitempty"`
}

// Reasons for which a call must not be shown.
const hiddenInternal = "internal"

// Kinds of parties.
const (
	KindExternal = "external"
	KindIVR      = "ivr"
	KindQueue    = "queue"
	KindAgent    = "agent"
	KindPhone    = "phone" // an outside number that an agent called in
)

// Party is a participant as an EX organization has to show it. Times that have not come are zero.
type Party struct {
	Kind     string     `json:"kind"`
	DN       string     `json:"dn"`
	Agent    *AgentRef  `json:"agent,omitempty"`
	Queue    *QueueRef  `json:"queue,omitempty"`
	Start    time.Time  `json:"start,omitzero"`
	Answered time.Time  `json:"answered,omitzero"`
	End      time.Time  `json:"end,omitzero"`
	Holds    []Interval `json:"holds,omitempty"`
	HungUp   bool       `json:"hungUp,omitempty"` // this party ended the call
	// HandedOn tells that this party left by a transfer.
	HandedOn bool `json:"handedOn,omitempty"`
	// InvitedBy is the DN of the agent who consulted this party; "" when nobody did.
	InvitedBy string `json:"invitedBy,omitempty"`
	// Disposition is what the agent named in after-call work; "" until then, or when it must not be shown.
	Disposition string `json:"disposition,omitempty"`
	// Hidden tells that the party took part and must not be shown.
	Hidden bool `json:"hidden,omitempty"`
}

// AgentRef names an agent.
type AgentRef struct {
	PersonDBID int64  `json:"personDbid"`
	EmployeeID string `json:"employeeId"`
	LoginCode  string `json:"loginCode"`
}

// QueueRef names a Virtual Queue.
type QueueRef struct {
	DBID   int64  `json:"dbid"`
	Number string `json:"number"`
	Switch string `json:"switch"`
}

// Interval is a span of time; End is zero while it lasts.
type Interval struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end,omitzero"`
}

// Recording is a recorded segment of the call: the talk of one agent.
type Recording struct {
	FileName  string    `json:"fileName"`
	SHA256    string    `json:"sha256"` // hexadecimal
	Size      int       `json:"size"`   // bytes
	AgentID   string    `json:"agentId"`
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	Delivered bool      `json:"delivered"` // stored, and its metadata accepted
	Error     string    `json:"error,omitempty"`
}

// expect is the truth part of a scenario: parties with labels for times.
type expect struct {
	Parties    []expectParty `json:"parties"`
	Recordings []string      `json:"recordings"` // labels of all mcp lines
	Hidden     string        `json:"hidden"`
	ANI        string        `json:"ani"` // when it is not the customer's number
	DNIS       string        `json:"dnis"`
}

type expectParty struct {
	Kind     string `json:"kind"`
	DN       string `json:"dn"`
	Agent    string `json:"agent"`
	Queue    string `json:"queue"`
	Start    string `json:"start"`
	Answered string `json:"answered"`
	End      string `json:"end"`
	Holds    []struct {
		Start string `json:"start"`
		End   string `json:"end"`
	} `json:"holds"`
	HungUp      bool   `json:"hungUp"`
	HandedOn    bool   `json:"handedOn"`
	InvitedBy   string `json:"invitedBy"`
	Hidden      bool   `json:"hidden"`
	Disposition *struct {
		Value string `json:"value"`
		At    string `json:"at"`
	} `json:"disposition"`
}

// check tells whether every label and name of the truth exists.
func (e expect) check(labels map[string]string, v *vars) error {
	if len(e.Parties) == 0 {
		return fmt.Errorf("no parties")
	}
	if !slices.Contains([]string{"", hiddenInternal}, e.Hidden) {
		return fmt.Errorf("hidden: %q", e.Hidden)
	}
	for i, p := range e.Parties {
		if err := p.check(labels, v); err != nil {
			return fmt.Errorf("party %d: %w", i, err)
		}
		inviter := func(q expectParty) bool { return q.DN == p.InvitedBy && q.Kind == KindAgent }
		if p.InvitedBy != "" && !slices.ContainsFunc(e.Parties, inviter) {
			return fmt.Errorf("party %d: invitedBy %q is no agent of the call", i, p.InvitedBy)
		}
	}
	made := []string{}
	for label, link := range labels {
		if link == linkRecorder {
			made = append(made, label)
		}
	}
	if slices.Sort(made); !slices.Equal(made, slices.Sorted(slices.Values(e.Recordings))) {
		return fmt.Errorf("recordings: %q, the mcp lines are %q", e.Recordings, made)
	}
	return nil
}

func (p expectParty) check(labels map[string]string, v *vars) error {
	switch {
	case !slices.Contains([]string{KindExternal, KindIVR, KindQueue, KindAgent, KindPhone}, p.Kind):
		return fmt.Errorf("kind %q", p.Kind)
	case p.DN == "":
		return fmt.Errorf("no dn")
	case p.Kind == KindAgent && v.agentByEmployee(p.Agent) == nil:
		return fmt.Errorf("agent %q is none of the call's", p.Agent)
	case p.Kind == KindQueue && v.queueByNumber(p.Queue) == nil:
		return fmt.Errorf("queue %q is not the call's", p.Queue)
	case p.Disposition != nil && p.Kind != KindAgent:
		return fmt.Errorf("a disposition of somebody who is no agent")
	}
	for _, label := range p.labels() {
		if labels[label] == "" {
			return fmt.Errorf("label %q is not known", label)
		}
	}
	return nil
}

// labels are the moments that the party refers to.
func (p expectParty) labels() []string {
	used := []string{p.Start, p.End}
	if p.Answered != "" {
		used = append(used, p.Answered)
	}
	for _, h := range p.Holds {
		used = append(used, h.Start, h.End)
	}
	if p.Disposition != nil {
		used = append(used, p.Disposition.At)
	}
	return used
}

// played is a call under way or over: its plan and the moments that have come.
type played struct {
	scenario   string
	vars       *vars
	expect     expect
	start      time.Time
	times      map[string]time.Time
	over       time.Time
	lost       time.Time
	recordings []*Recording
}

// numbers are the calling and the called number.
func (p *played) numbers() (ani, dnis string) {
	return cmp.Or(p.expect.ANI, p.vars.ANI), cmp.Or(p.expect.DNIS, p.vars.DNIS)
}

// call renders what has happened so far.
func (p *played) call() Call {
	c := Call{
		CallUUID: p.vars.CallUUID, ConnID: p.vars.ConnID, Scenario: p.scenario, Choices: p.vars.choices, Start: p.start,
		Parties: []Party{}, Further: map[string]string{}, Over: p.over, Lost: p.lost, Hidden: p.expect.Hidden,
	}
	c.ANI, c.DNIS = p.numbers()
	for name, ids := range p.vars.further {
		c.Further[name] = ids.callUUID
	}
	for _, e := range p.expect.Parties {
		if party := p.party(e); !party.Start.IsZero() {
			c.Parties = append(c.Parties, party)
		}
	}
	c.End = p.end(c.Parties)
	for _, r := range p.recordings {
		c.Recordings = append(c.Recordings, *r)
	}
	return c
}

func (p *played) party(e expectParty) Party {
	out := Party{
		Kind: e.Kind, DN: e.DN, Start: p.times[e.Start], Answered: p.times[e.Answered], End: p.times[e.End],
		HungUp: e.HungUp && !p.times[e.End].IsZero(), HandedOn: e.HandedOn && !p.times[e.End].IsZero(),
		InvitedBy: e.InvitedBy, Hidden: e.Hidden,
	}
	if d := e.Disposition; d != nil && !p.times[d.At].IsZero() {
		out.Disposition = d.Value
	}
	for _, h := range e.Holds {
		if start := p.times[h.Start]; !start.IsZero() {
			out.Holds = append(out.Holds, Interval{start, p.times[h.End]})
		}
	}
	if e.Kind == KindAgent {
		out.Agent = agentRef(*p.vars.agentByEmployee(e.Agent))
	}
	if e.Kind == KindQueue {
		q := p.vars.queueByNumber(e.Queue)
		out.Queue = &QueueRef{q.DBID, q.Number, q.Switch}
	}
	return out
}

// end is the end of the last party, once all that the scenario expects have come and gone.
func (p *played) end(parties []Party) time.Time {
	var last time.Time
	if len(parties) < len(p.expect.Parties) {
		return last
	}
	for _, party := range parties {
		if party.End.IsZero() {
			return time.Time{}
		}
		if party.End.After(last) {
			last = party.End
		}
	}
	return last
}

func agentRef(a configdb.Agent) *AgentRef {
	return &AgentRef{PersonDBID: a.DBID, EmployeeID: a.EmployeeID, LoginCode: a.LoginCode}
}
