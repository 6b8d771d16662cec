package callgen

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"engage.connector/services/lab/site/feed"
)

// start renders a call for the given agents and plans its steps.
func (g *Generator) start(scenario *Scenario, seats []*seat, at time.Time) error {
	// Each call has random numbers of its own, so what one draws does not move the others.
	rng := rand.New(rand.NewPCG(g.rng.Uint64(), g.rng.Uint64())) //nolint:gosec // a seeded lab, not a secret
	v := g.vars(scenario, seats, rng)
	plan, err := scenario.render(v)
	if err != nil {
		return err
	}
	p := &played{scenario: scenario.Name, vars: v, expect: plan.expect, start: at, times: map[string]time.Time{}}
	g.mu.Lock()
	for _, s := range seats {
		s.free = false
	}
	g.calls = append(g.calls, p)
	g.mu.Unlock()

	last := at
	for _, st := range plan.steps {
		shift := g.scaled(between(rng, st.offset.min, st.offset.max))
		when := at.Add(shift)
		if st.offset.relative {
			when = last.Add(shift)
		}
		tag := rng.Uint32()
		g.plan(when, func(at time.Time) { g.step(p, st, tag, at) })
		if when.After(last) {
			last = when
		}
	}
	g.plan(last, func(at time.Time) { g.over(seats, rng, at) })
	return nil
}

// vars draws the values of a call's placeholders.
func (g *Generator) vars(scenario *Scenario, seats []*seat, rng *rand.Rand) *vars {
	m := g.opts.Model
	number := seats[0].agent.Queues[rng.IntN(len(seats[0].agent.Queues))]
	point := m.RoutingPoints[rng.IntN(len(m.RoutingPoints))]
	v := &vars{
		CallUUID: g.ids.uuid(), ConnID: g.ids.connection(),
		ANI: fmt.Sprintf("+1555%07d", rng.IntN(10_000_000)), DNIS: point.DNIS, RoutingPoint: point.Number,
		Switch: m.Switch, Disposition: m.Dispositions[rng.IntN(len(m.Dispositions))],
		choices: map[string]string{}, parties: map[string]string{}, newUUID: g.ids.uuid,
	}
	for _, q := range m.Queues {
		if q.Number == number {
			v.Queue = q
		}
	}
	for _, s := range seats {
		v.agents = append(v.agents, s.agent)
	}
	for _, name := range scenario.choiceNames() {
		values := scenario.choices[name]
		v.choices[name] = values[rng.IntN(len(values))]
	}
	return v
}

// step lets one line of a call happen. The generator's mutex is held.
func (g *Generator) step(p *played, st step, tag uint32, at time.Time) {
	if st.Label != "" {
		p.times[st.Label] = at
	}
	switch st.Link {
	case "stat":
		s := g.board.byEmployee[st.stat.Agent]
		g.board.setStatus(s, st.stat.Status, st.stat.Actions, st.stat.Reasons, p.vars.ConnID, at)
	case "mcp":
		g.record(p, st.record, tag)
	default:
		g.out.Publish(feed.Event{Message: st.Message, Time: at, Attributes: maps.Clone(st.Attributes)})
	}
}

// record hands a segment to the recorder.
func (g *Generator) record(p *played, r recordStep, tag uint32) {
	if g.opts.Recorder == nil {
		return
	}
	segment := Segment{
		CallUUID: p.vars.CallUUID, ConnID: p.vars.ConnID, ANI: p.vars.ANI, DNIS: p.vars.DNIS,
		Agent: *p.vars.agentByEmployee(r.Agent), Start: p.times[r.From], End: p.times[r.To], Tag: tag,
		Done: func(err error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			p.recording.Delivered = err == nil
			if err != nil {
				p.recording.Error = err.Error()
			}
		},
	}
	// Done waits for the mutex, so it can not come before the recording is set.
	recording, err := g.opts.Recorder.Record(segment)
	if err != nil {
		g.opts.Logger.Error("segment not recorded", "call", p.vars.CallUUID, "error", err)
		recording.Error = err.Error()
	}
	p.recording = &recording
}

// over gives the agents back; now and then one takes a break first. The generator's mutex is held.
func (g *Generator) over(seats []*seat, rng *rand.Rand, at time.Time) {
	for _, s := range seats {
		if rng.IntN(8) > 0 {
			s.free = true
			continue
		}
		reasons := breakReasons()
		reason := reasons[rng.IntN(len(reasons))]
		begin := at.Add(g.scaled(between(rng, 200*time.Millisecond, time.Second)))
		g.plan(begin, func(at time.Time) { g.board.notReady(s, reason, at) })
		g.plan(begin.Add(g.scaled(between(rng, 5*time.Second, 15*time.Second))), func(at time.Time) { g.setFree(s, at) })
	}
	g.retry(at)
}
