package callgen

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/feed"
)

// start renders a call for some of the given agents and plans its steps.
func (g *Generator) start(scenario *Scenario, free []*seat, at time.Time) error {
	// Each call has random numbers of its own, so what one draws does not move the others.
	rng := rand.New(rand.NewPCG(g.rng.Uint64(), g.rng.Uint64())) //nolint:gosec // a seeded lab, not a secret
	seats, queues := cast(scenario, free, rng)
	v := g.vars(scenario, seats, queues, rng)
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
	g.plan(last, func(at time.Time) {
		p.over = at
		g.over(seats, rng, at)
	})
	return nil
}

// cast chooses the agents of a call and the Virtual Queues that it goes through: the n-th agent is a
// member of the n-th queue, and the queues differ where there is somebody free of another one.
func cast(scenario *Scenario, free []*seat, rng *rand.Rand) (seats []*seat, queues []string) {
	rest := slices.Clone(free)
	for len(queues) < scenario.Queues {
		others := func(s *seat) []string {
			return slices.DeleteFunc(slices.Clone(s.agent.Queues), func(q string) bool { return slices.Contains(queues, q) })
		}
		at := max(0, slices.IndexFunc(rest, func(s *seat) bool { return len(others(s)) > 0 }))
		choice := others(rest[at])
		if len(choice) == 0 {
			choice = rest[at].agent.Queues
		}
		seats, queues = append(seats, rest[at]), append(queues, choice[rng.IntN(len(choice))])
		rest = slices.Delete(rest, at, at+1)
	}
	return append(seats, rest[:scenario.Agents-len(seats)]...), queues
}

// vars draws the values of a call's placeholders.
func (g *Generator) vars(scenario *Scenario, seats []*seat, queues []string, rng *rand.Rand) *vars {
	m := g.opts.Model
	point := m.RoutingPoints[rng.IntN(len(m.RoutingPoints))]
	v := &vars{
		CallUUID: g.ids.uuid(), ConnID: g.ids.connection(),
		ANI: fmt.Sprintf("+1555%07d", rng.IntN(10_000_000)), Outside: fmt.Sprintf("+1556%07d", rng.IntN(10_000_000)),
		DNIS: point.DNIS, RoutingPoint: point.Number, Switch: m.Switch,
		choices: map[string]string{}, parties: map[string]string{}, further: map[string]*callIDs{},
		newUUID: g.ids.uuid, newConnID: g.ids.connection,
	}
	for _, number := range queues {
		at := slices.IndexFunc(m.Queues, func(q configdb.Queue) bool { return q.Number == number })
		v.queues = append(v.queues, m.Queues[at])
	}
	for _, s := range seats {
		v.agents = append(v.agents, s.agent)
		v.dispositions = append(v.dispositions, m.Dispositions[rng.IntN(len(m.Dispositions))])
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
		actions := make([]activity, 0, len(st.stat.Actions))
		for _, a := range st.stat.Actions {
			actions = append(actions, activity{a.Number, p.vars.connID(a.Call)})
		}
		g.board.setStatus(g.board.byEmployee[st.stat.Agent], st.stat.Status, actions, st.stat.Reasons, at)
	case "mcp":
		g.record(p, st.record, tag)
	default:
		lost := g.out.Publish(feed.Event{Message: st.Message, Time: at, Attributes: maps.Clone(st.Attributes)})
		if lost && p.lost.IsZero() {
			p.lost = at
		}
	}
}

// record hands a segment to the recorder.
func (g *Generator) record(p *played, r recordStep, tag uint32) {
	if g.opts.Recorder == nil {
		return
	}
	made := &Recording{}
	ani, dnis := p.numbers()
	segment := Segment{
		CallUUID: p.vars.CallUUID, ConnID: p.vars.ConnID, ANI: ani, DNIS: dnis,
		Agent: *p.vars.agentByEmployee(r.Agent), Start: p.times[r.From], End: p.times[r.To], Tag: tag,
		Done: func(err error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			made.Delivered = err == nil
			if err != nil {
				made.Error = err.Error()
			}
		},
	}
	// Done waits for the mutex, so it can not come before the recording is set.
	recording, err := g.opts.Recorder.Record(segment)
	if err != nil {
		g.opts.Logger.Error("segment not recorded", "call", p.vars.CallUUID, "error", err)
		recording.Error = err.Error()
	}
	*made = recording
	p.recordings = append(p.recordings, made)
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
