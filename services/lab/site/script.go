package site

import (
	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/mcp"
)

// The truth's parts, as package callgen keeps them.
type (
	// Call is what really happened in one call.
	Call = callgen.Call
	// Party is a participant of a call.
	Party = callgen.Party
	// Interval is a span of time.
	Interval = callgen.Interval
	// Recording is the recorded segment of a call.
	Recording = callgen.Recording
	// AgentStatus is the last Stat Server status of an agent.
	AgentStatus = callgen.AgentStatus
)

// Script is the lab's own statement of what has happened at the site.
type Script struct {
	Seed     int64         `json:"seed"`
	Speed    float64       `json:"speed"`
	Calls    []Call        `json:"calls"`
	Agents   []AgentStatus `json:"agents"`
	Recorder mcp.Counters  `json:"recorder"`
}

// Script returns what has happened so far. Calls that go on are in it without their ends.
func (s *Site) Script() Script {
	out := Script{Seed: s.opts.Seed, Speed: s.opts.Speed}
	out.Calls, out.Agents = s.calls.Script()
	if s.poster != nil {
		out.Recorder = s.poster.Counters()
	}
	return out
}
