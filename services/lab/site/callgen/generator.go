package callgen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/feed"
)

// Segment is a part of a call that is to be recorded: an agent's talk with the customer.
type Segment struct {
	CallUUID, ConnID string
	ANI, DNIS        string
	Agent            configdb.Agent
	Start, End       time.Time
	Tag              uint32 // makes the file's name unique
	// Done is to be called once when the recording was delivered (nil) or given up.
	Done func(error)
}

// Recorder makes the recording of a segment and delivers it in the background.
type Recorder interface {
	Record(s Segment) (Recording, error)
}

// Options configures a Generator.
type Options struct {
	Model     configdb.Model
	Scenarios []Scenario // dealt by their weights
	Seed      int64
	Speed     float64  // 1 is real time; 10 makes everything ten times as fast
	Recorder  Recorder // nil: nothing is recorded
	Logger    *slog.Logger
	Now       func() time.Time
}

// maxCalls bounds what a generator plays in its life, since it remembers every call.
const maxCalls = 100_000

// Generator plays calls. Play runs in one goroutine at a time; Script may be called at any time.
type Generator struct {
	opts   Options
	out    outlet
	rng    *rand.Rand
	ids    *identifiers
	agenda *agenda
	board  *board
	turn   chan struct{} // holds one token: who has it may play

	// The fields below are for the agenda's goroutine.
	remaining int // calls that are still to be started
	waiting   bool
	pack      []*Scenario // the kinds of the next calls, from the end
	broken    error       // why nothing can be played any more

	mu    sync.Mutex // guards calls, their moments and the seats' statuses
	calls []*played
}

// New returns a generator whose agents are all logged out.
func New(o Options, out outlet) (*Generator, error) {
	switch {
	case len(o.Model.Agents) == 0 || len(o.Model.Queues) == 0 || len(o.Model.RoutingPoints) == 0 || len(o.Model.Dispositions) == 0:
		return nil, errors.New("callgen: a center without agents, queues, routing points or dispositions")
	case len(o.Scenarios) == 0:
		return nil, errors.New("callgen: no scenarios")
	case !slices.ContainsFunc(o.Scenarios, func(s Scenario) bool { return s.Weight > 0 }):
		return nil, errors.New("callgen: no scenario has a weight")
	case o.Speed <= 0:
		return nil, fmt.Errorf("callgen: speed %g, want more than 0", o.Speed)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	start := stampOf(o.Now())
	g := &Generator{
		opts: o, out: out, agenda: &agenda{now: o.Now, await: out.Await}, ids: newIdentifiers(o.Seed, start),
		rng:  rand.New(rand.NewPCG(uint64(o.Seed), 0x63616c6c)), //nolint:gosec // a seeded lab, not a secret
		turn: make(chan struct{}, 1),
	}
	g.turn <- struct{}{}
	g.board = newBoard(out, o.Model, g.rng, start)
	return g, nil
}

// stampOf is a time as servers stamp it: UTC, microseconds.
func stampOf(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Play logs the agents in, plays the given number of calls, as many at once as there are free
// agents, and returns when they are over, after-call work and breaks included; then one agent
// logs out. It returns an error when the context ends, when calls are played already or when no
// agent can take them. After an error nothing can be played any more.
func (g *Generator) Play(ctx context.Context, calls int) error {
	select {
	case <-g.turn:
		defer func() { g.turn <- struct{}{} }()
	default:
		return errors.New("callgen: calls are being played already")
	}
	if g.broken != nil {
		return fmt.Errorf("callgen: an earlier play has failed: %w", g.broken)
	}
	if calls < 1 || len(g.calls)+calls > maxCalls {
		return fmt.Errorf("callgen: %d calls after %d, at most %d in all", calls, len(g.calls), maxCalls)
	}
	// Nothing may be stamped at a time that the edge has already told everything of.
	g.out.Await(g.opts.Now())
	defer g.out.Await(time.Time{})
	start := stampOf(g.opts.Now())
	if start.Before(g.agenda.last) {
		start = g.agenda.last
	}
	g.remaining = calls
	g.logIn(start)
	g.agenda.add(start.Add(g.scaled(500*time.Millisecond)), g.nextCall)
	err := g.agenda.play(ctx)
	if err == nil && g.remaining > 0 {
		err = fmt.Errorf("callgen: %d calls left and no agent who could take them", g.remaining)
	}
	if err == nil {
		g.agenda.add(g.agenda.last.Add(g.scaled(500*time.Millisecond)), g.oneLogsOut)
		err = g.agenda.play(ctx)
	}
	g.broken = err
	return err
}

// logIn plans the log-in of everybody who is logged out: not ready first, then ready or on a break.
func (g *Generator) logIn(start time.Time) {
	window := 2*time.Second + time.Duration(len(g.board.seats))*2*time.Millisecond
	for _, s := range g.board.seats {
		if s.loggedIn {
			continue
		}
		at := start.Add(g.draw(0, window))
		g.plan(at, func(at time.Time) { g.board.login(s, at) })
		at = at.Add(g.draw(10*time.Millisecond, 40*time.Millisecond))
		g.plan(at, func(at time.Time) { g.board.notReady(s, "", at) })
		at = at.Add(g.draw(500*time.Millisecond, 2*time.Second))
		if s.stays {
			g.plan(at, func(at time.Time) { g.board.notReady(s, breakReasons()[0], at) })
			continue
		}
		g.plan(at, func(at time.Time) { g.setFree(s, at) })
	}
}

// plan puts something onto the agenda that changes agents' statuses.
func (g *Generator) plan(at time.Time, run func(at time.Time)) {
	g.agenda.add(at, func(at time.Time) {
		g.mu.Lock()
		defer g.mu.Unlock()
		run(at)
	})
}

// setFree makes an agent ready; a call may have waited for him.
func (g *Generator) setFree(s *seat, at time.Time) {
	g.board.ready(s, at)
	g.retry(at)
}

// retry starts the next call when it has waited for an agent.
func (g *Generator) retry(at time.Time) {
	if g.waiting {
		g.waiting = false
		g.agenda.add(at.Add(g.draw(50*time.Millisecond, 500*time.Millisecond)), g.nextCall)
	}
}

// nextCall starts a call, if there are agents for it, and plans the one after it.
func (g *Generator) nextCall(at time.Time) {
	if g.remaining == 0 {
		return
	}
	scenario := g.nextKind()
	free := g.board.freeSeats()
	if scenario == nil || len(free) < scenario.Agents {
		g.waiting = true
		return
	}
	g.rng.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	g.remaining--
	g.pack = g.pack[:len(g.pack)-1]
	if err := g.start(scenario, free, at); err != nil {
		// The scenario was tried when it was read, so this names a value that no sample had.
		g.opts.Logger.Error("call not played", "scenario", scenario.Name, "error", err)
	}
	pause := min(max(20*time.Second/time.Duration(len(g.board.seats)), 20*time.Millisecond), 2*time.Second)
	g.agenda.add(at.Add(g.draw(pause/2, pause*3/2)), g.nextCall)
}

// nextKind is the kind of the next call, nil when there are too few agents for any. Kinds are dealt
// from a shuffled pack in which each is as often as its weight says: any so many calls hold them all.
func (g *Generator) nextKind() *Scenario {
	if len(g.pack) == 0 {
		for i := range g.opts.Scenarios {
			if s := &g.opts.Scenarios[i]; s.Agents <= g.board.workers() {
				g.pack = append(g.pack, slices.Repeat([]*Scenario{s}, s.Weight)...)
			}
		}
		g.rng.Shuffle(len(g.pack), func(i, j int) { g.pack[i], g.pack[j] = g.pack[j], g.pack[i] })
	}
	if len(g.pack) == 0 {
		return nil
	}
	return g.pack[len(g.pack)-1]
}

// oneLogsOut ends the shift of one agent, if there are a few.
func (g *Generator) oneLogsOut(at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if free := g.board.freeSeats(); len(free) >= 3 {
		g.board.logout(free[g.rng.IntN(len(free))], at)
	}
}

// draw returns a duration of the range, at the generator's speed.
func (g *Generator) draw(from, to time.Duration) time.Duration {
	return g.scaled(between(g.rng, from, to))
}

// scaled applies the speed.
func (g *Generator) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / g.opts.Speed).Truncate(time.Microsecond)
}

// between draws a duration from a range that includes both ends.
func between(rng *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(rng.Int64N(int64(to-from)+1))
}

// Script returns what has happened so far: the calls in the order of their start, and the
// last status of each agent.
func (g *Generator) Script() ([]Call, []AgentStatus) {
	g.mu.Lock()
	defer g.mu.Unlock()
	calls := make([]Call, 0, len(g.calls))
	for _, p := range g.calls {
		calls = append(calls, p.call())
	}
	agents := make([]AgentStatus, 0, len(g.board.seats))
	for _, s := range g.board.seats {
		agents = append(agents, AgentStatus{
			AgentRef: *agentRef(s.agent), DN: s.agent.DN, Email: s.agent.Email,
			Status: s.status.Status, Reasons: s.status.Reasons, Since: s.status.Since,
		})
	}
	return calls, agents
}

var _ outlet = (*feed.Edge)(nil)
