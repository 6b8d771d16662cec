package history

import (
	"fmt"
	"strings"
	"time"

	"engage.connector/pkg/engage"
)

// world is the center while its history is made.
type world struct {
	pick   Pick
	params Params
	now    time.Time
	events []Event
	cursor map[string]int
	agents []*agent
	talks  []*talk
	begun  int
	ids    int
	done   map[string]int
	noUUID bool // the virtual queues' events carry no CallUUID

	troubles int               // that are still to come
	losses   map[string]*span  // of the links that lose what their server sends
	spans    map[string][]span // of those that did
	heard    map[string]time.Time
	started  map[string]int64 // by site
	extra    bool             // what is sent is sent only because something was lost
	crashed  bool
}

// agent is a desk and who sits at it.
type agent struct {
	Desk
	here    bool  // logged in
	lines   int   // parties at this DN
	wrapsUp *call // the call whose after-call work is under way
	stuck   bool  // the end of a call was lost: the links leave the agent in it,
	talked  bool  // talking, which the next talk shows to be over
	wasHere bool  // before the server crashed
	hurt    bool  // something of what the desk reported was lost
	unsure  bool  // and so who sits there
	wrapped *call // whose after-call work was the last one
}

// move is something that may happen next.
type move struct {
	name string
	do   func()
}

// weights are of the moves that are more likely than others: most calls are answered.
var weights = map[string]int{
	"answer": 6, "route": 6, "queue": 3, "inbound": 6, "hang up": 2, "answered outside": 4, "answer the consultation": 4,
	"complete the transfer": 3, "route the consultation": 2, "ready after work": 2,
}

func (m move) weight() int { return max(weights[m.name], 1) }

func newWorld(p Params, pick Pick) *world {
	w := &world{pick: pick, params: p, now: p.Start.UTC(), cursor: map[string]int{}, done: map[string]int{},
		losses: map[string]*span{}, spans: map[string][]span{}, heard: map[string]time.Time{}, started: map[string]int64{},
	}
	for _, site := range []string{SiteA, SiteB} {
		w.started[site] = p.Start.Unix() - 3600
	}
	for _, d := range Desks() {
		w.agents = append(w.agents, &agent{Desk: d})
	}
	return w
}

// one tells whether something happens that happens once in n times.
func (w *world) one(n int) bool { return w.pick(n) == n-1 }

// wait lets up to most pass; often hardly anything does.
func (w *world) wait(most time.Duration) {
	const steps, quick = 100, 70
	n := w.pick(steps)
	if n > quick {
		w.now = w.now.Add(time.Duration(n) * 20 * time.Microsecond)
		return
	}
	w.now = w.now.Add(time.Duration(1+n) * most / quick)
}

// send writes an event now; a little time passes before it.
func (w *world) send(site, kind, message string, attributes engage.Attributes) {
	// No pick: how little time passes shall not matter to anything else.
	const spread, most = 7919, 1500
	w.now = w.now.Add(time.Duration(1+len(w.events)*len(w.events)*spread%most) * time.Microsecond)
	link := site + "/" + kind
	w.cursor[link]++
	w.events = append(w.events, Event{Link: link, Lost: w.losses[link] != nil, Extra: w.extra, Event: engage.Event{
		Cursor: fmt.Sprintf("%016x", w.cursor[link]), ReceivedAt: w.now,
		Server:  engage.Server{Name: "SIPS_" + site, Role: "primary", StartTime: w.started[site]},
		Message: message, Time: w.now, Attributes: attributes,
	}})
	if w.losses[link] != nil {
		return
	}
	w.heard[link] = w.now
	if kind == LinkCall && !strings.HasPrefix(message, "feed.") {
		w.outlived(site)
	}
}

// outlived: a server that reports calls shows that it knows nothing of those of its predecessor.
func (w *world) outlived(site string) {
	if !w.crashed {
		return
	}
	for _, t := range w.talks {
		for _, c := range t.calls {
			c.told = c.told || c.dead && c.site == site
		}
	}
}

// open registers the DNs, some with an agent who is logged in already; the others log in.
func (w *world) open() {
	w.noUUID = w.one(3)
	for _, a := range w.agents {
		a.here = a.Login != "" && !w.one(4)
		w.registered(a)
	}
	for _, a := range w.agents {
		if a.Login != "" && !a.here {
			w.login(a)
		}
		if a.here {
			w.agentEvent(a, engage.MsgEventAgentReady, engage.WorkModeAutoIn)
		}
	}
	w.wait(time.Second)
}

func (w *world) registered(a *agent) {
	at := engage.Attributes{"ThisDN": a.DN}
	if a.here {
		at["AgentID"] = a.Login
	}
	w.send(a.Site, LinkAgent, engage.MsgEventRegistered, at)
}

func (w *world) login(a *agent) {
	a.here = true
	w.agentEvent(a, engage.MsgEventAgentLogin, engage.WorkModeUnknown)
}

func (w *world) agentEvent(a *agent, message string, mode engage.AgentWorkMode) {
	at := engage.Attributes{"ThisDN": a.DN, "AgentID": a.Login}
	if mode != engage.WorkModeUnknown {
		at["AgentWorkMode"] = int(mode)
	}
	w.send(a.Site, LinkAgent, message, at)
	if w.losses[a.Site+"/"+LinkAgent] != nil {
		w.hurtAgent(a)
	}
}

// step does one move; false when there is nothing left to do.
func (w *world) step() bool {
	moves := w.moves()
	total := 0
	for _, m := range moves {
		total += m.weight()
	}
	if total == 0 {
		return false
	}
	// The first moves of the list bring things to their end: the smallest picks give the shortest history.
	n, m := w.pick(total), moves[0]
	for _, m = range moves {
		if n -= m.weight(); n < 0 {
			break
		}
	}
	w.done[m.name]++
	m.do()
	w.wait(20 * time.Second)
	return true
}

func (w *world) moves() []move {
	var moves []move
	live := false
	for _, t := range w.talks {
		if !t.over() {
			moves = append(moves, t.moves()...)
			live = true
		}
	}
	for _, a := range w.agents {
		if a.wrapsUp != nil {
			moves = append(moves, w.wrapUpMoves(a)...)
		}
	}
	if w.begun < w.params.Calls {
		moves = append(moves, w.beginnings()...)
	}
	if live && w.one(6) {
		moves = append(moves, w.sideMoves()...)
	}
	return moves
}

func (w *world) beginnings() []move {
	moves := []move{{"inbound", w.inbound}}
	if a := w.free(func(a *agent) bool { return a.here }); a != nil {
		moves = append(moves,
			move{"outbound", func() { w.outbound(a) }},
			move{"internal", func() { w.internal(a) }})
	}
	return moves
}

// sideMoves do not belong to an interaction.
func (w *world) sideMoves() []move {
	var moves []move
	if len(w.losses) == 0 {
		moves = append(moves, move{"switchover", w.switchover})
	}
	if a := w.free(func(a *agent) bool { return a.here }); a != nil {
		moves = append(moves,
			move{"log out", func() { a.here = false; w.agentEvent(a, engage.MsgEventAgentLogout, engage.WorkModeUnknown) }},
			move{"break", func() {
				w.agentEvent(a, engage.MsgEventAgentNotReady, engage.WorkModeAuxWork)
				w.wait(10 * time.Second)
				w.agentEvent(a, engage.MsgEventAgentReady, engage.WorkModeAutoIn)
			}})
	}
	if a := w.free(func(a *agent) bool { return !a.here && a.Login != "" }); a != nil {
		moves = append(moves, move{"log in", func() { w.login(a); w.agentEvent(a, engage.MsgEventAgentReady, engage.WorkModeAutoIn) }})
	}
	return moves
}

// free picks an agent without a call who is as asked for; nil when there is none.
func (w *world) free(is func(*agent) bool) *agent {
	return w.among(func(a *agent) bool { return a.lines == 0 && a.wrapsUp == nil && is(a) })
}

func (w *world) among(is func(*agent) bool) *agent {
	var fit []*agent
	for _, a := range w.agents {
		if is(a) {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[w.pick(len(fit))]
}

// wrapUpMoves are the ways out of after-call work.
func (w *world) wrapUpMoves(a *agent) []move {
	over := func(message string, mode engage.AgentWorkMode) func() {
		return func() {
			a.wrapsUp = nil
			a.here = a.here && message != engage.MsgEventAgentLogout
			w.agentEvent(a, message, mode)
		}
	}
	return []move{
		{"ready after work", over(engage.MsgEventAgentReady, engage.WorkModeAutoIn)},
		{"not ready after work", over(engage.MsgEventAgentNotReady, engage.WorkModeAuxWork)},
		{"log out after work", over(engage.MsgEventAgentLogout, engage.WorkModeUnknown)},
		{"disposition", func() { a.wrapsUp.disposition(a) }},
	}
}

// switchover lets a site's pair change roles: what runs is reported again, and the DNs are
// registered again.
func (w *world) switchover() {
	site := []string{SiteA, SiteB}[w.pick(2)]
	for _, link := range []string{LinkCall, LinkQueue, LinkAgent} {
		w.send(site, link, engage.MsgSwitchover, engage.Attributes{})
	}
	for _, a := range w.agents {
		if a.Site == site {
			w.registered(a)
		}
	}
	for _, t := range w.talks {
		for _, c := range t.calls {
			if c.site == site && !c.gone {
				c.report()
			}
		}
	}
}

// finish brings everything to its end.
func (w *world) finish() {
	const bound = 1000
	for range bound {
		w.trouble()
		var m *move
		for _, t := range w.talks {
			if !t.over() {
				m = &t.moves()[0]
				break
			}
		}
		for _, a := range w.agents {
			if m == nil && a.wrapsUp != nil {
				m = &w.wrapUpMoves(a)[0]
			}
		}
		if m == nil {
			w.mend()
			return
		}
		w.done[m.name]++
		m.do()
		w.wait(5 * time.Second)
	}
	panic("a history does not come to its end")
}
