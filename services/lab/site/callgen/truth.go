package callgen

import (
	"fmt"
	"slices"
	"time"

	"engage.connector/services/lab/site/configdb"
)

// Call is what really happened in one call.
type Call struct {
	CallUUID    string            `json:"callUuid"`
	ConnID      string            `json:"connId"`
	Scenario    string            `json:"scenario"`
	ANI         string            `json:"ani"`
	DNIS        string            `json:"dnis"`
	Choices     map[string]string `json:"choices,omitempty"`
	Start       time.Time         `json:"start"`
	End         time.Time         `json:"end,omitzero"` // of the last party; zero while the call goes on
	Parties     []Party           `json:"parties"`
	Disposition string            `json:"disposition,omitempty"` // "" until the agent has named it
	Recording   *Recording        `json:"recording,omitempty"`
}

// Kinds of parties.
const (
	KindExternal = "external"
	KindIVR      = "ivr"
	KindQueue    = "queue"
	KindAgent    = "agent"
)

// Party is a participant whom an EX organization has to show. Times that have not come are zero.
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

// Recording is the recorded segment of the call.
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
	Parties     []expectParty `json:"parties"`
	Disposition *struct {
		Value string `json:"value"`
		At    string `json:"at"`
	} `json:"disposition"`
	Recording string `json:"recording"` // label of the mcp line, "" for none
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
	HungUp bool `json:"hungUp"`
}

// check tells whether every label and name of the truth exists.
func (e expect) check(labels map[string]string, v *vars) error {
	if len(e.Parties) == 0 {
		return fmt.Errorf("no parties")
	}
	used := []string{}
	for i, p := range e.Parties {
		used = append(used, p.Start, p.End)
		if p.Answered != "" {
			used = append(used, p.Answered)
		}
		for _, h := range p.Holds {
			used = append(used, h.Start, h.End)
		}
		if err := p.check(v); err != nil {
			return fmt.Errorf("party %d: %w", i, err)
		}
	}
	if e.Disposition != nil {
		used = append(used, e.Disposition.At)
	}
	for _, label := range used {
		if labels[label] == "" {
			return fmt.Errorf("label %q is not known", label)
		}
	}
	if e.Recording != "" && labels[e.Recording] != "mcp" {
		return fmt.Errorf("recording: label %q is no mcp line", e.Recording)
	}
	return nil
}

func (p expectParty) check(v *vars) error {
	switch {
	case !slices.Contains([]string{KindExternal, KindIVR, KindQueue, KindAgent}, p.Kind):
		return fmt.Errorf("kind %q", p.Kind)
	case p.DN == "":
		return fmt.Errorf("no dn")
	case p.Kind == KindAgent && v.agentByEmployee(p.Agent) == nil:
		return fmt.Errorf("agent %q is none of the call's", p.Agent)
	case p.Kind == KindQueue && p.Queue != v.Queue.Number:
		return fmt.Errorf("queue %q is not the call's", p.Queue)
	}
	return nil
}

// played is a call under way or over: its plan and the moments that have come.
type played struct {
	scenario  string
	vars      *vars
	expect    expect
	start     time.Time
	times     map[string]time.Time
	recording *Recording
}

// call renders what has happened so far.
func (p *played) call() Call {
	c := Call{
		CallUUID: p.vars.CallUUID, ConnID: p.vars.ConnID, Scenario: p.scenario, ANI: p.vars.ANI, DNIS: p.vars.DNIS,
		Choices: p.vars.choices, Start: p.start, Parties: []Party{},
	}
	for _, e := range p.expect.Parties {
		if party := p.party(e); !party.Start.IsZero() {
			c.Parties = append(c.Parties, party)
		}
	}
	c.End = p.end(c.Parties)
	if d := p.expect.Disposition; d != nil && !p.times[d.At].IsZero() {
		c.Disposition = d.Value
	}
	if p.recording != nil {
		r := *p.recording
		c.Recording = &r
	}
	return c
}

func (p *played) party(e expectParty) Party {
	out := Party{
		Kind: e.Kind, DN: e.DN, Start: p.times[e.Start], Answered: p.times[e.Answered], End: p.times[e.End],
		HungUp: e.HungUp && !p.times[e.End].IsZero(),
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
		out.Queue = &QueueRef{p.vars.Queue.DBID, p.vars.Queue.Number, p.vars.Queue.Switch}
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
