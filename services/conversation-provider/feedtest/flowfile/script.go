package flowfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/feedtest"
)

// A script says in one line per message what the links of a site report, where a feed would take a
// screen: seconds after t0, a verb, its words, and attributes as NAME=VALUE.
//
//	0   call main 2 +4930770001 +498005551        EventCallCreated: call, CallType, ANI, DNIS ("-": none)
//	0   add main x +4930770001 connected          EventCallPartyAdded: call, party, DN, state
//	5   state main x held                         EventCallPartyState
//	8   move cons b main                          EventCallPartyMoved: call, party, the other call
//	68  del main x ctrl=x cause=3                 EventCallPartyDeleted; ctrl= names a party or a DN
//	68  end main ref=cons                         EventCallDeleted; ref= the call that it was merged into
//	9   data main ISLinkList=a                    EventCallDataChanged
//	5   queued VQ_Loans main                      EventQueued
//	5   diverted VQ_Loans main 22 to=2101         EventDiverted: queue, call, CallState; to= ThirdPartyDN
//	5   abandoned VQ_Loans main                   EventAbandoned
//	8   list 2101 main +4930770001 2101           EventUserEvent with the participants; super=DN:MODE
//	75  code 2101 main Sold                       EventUserEvent with a disposition
//	70  acw|ready|notready|login|logout 2101 501  the agent events of a DN
//
// Before t0 the agents of the site are registered and ready. "site=B" puts a line on the second
// server. Lines of one time follow each other by 3 ms, and reach the edge 4 ms later.
type script struct {
	flow    *Flow
	last    time.Time
	cursors map[string]int
	parties map[string]engage.Attributes // by call and name
}

const (
	lineApart = 3 * time.Millisecond
	edgeDelay = 4 * time.Millisecond
	startTime = 1763600000
)

// states are the names of party states that scripts use.
var states = map[string]int{
	"initiated": 0x10001, "dialing": 0x1000c, "queued": 0x9, "alerting": 0xa, "busy": 0xb, "connected": 0xc, "held": 0xe,
	"failed": 0xf, "observing": 0xac, "request": 0x109, "treatment": 0x209, "routing": 0x809,
}

// agentVerbs are the verbs of agent events, with the work mode that they carry.
var agentVerbs = map[string]struct {
	message string
	mode    int
}{
	"login": {engage.MsgEventAgentLogin, 0}, "logout": {engage.MsgEventAgentLogout, 0}, "ready": {engage.MsgEventAgentReady, 2},
	"notready": {engage.MsgEventAgentNotReady, 4}, "acw": {engage.MsgEventAgentNotReady, 3},
}

// parseScript reads the lines of a script into a flow.
func parseScript(f *Flow, text string) error {
	s := &script{flow: f, cursors: map[string]int{}, parties: map[string]engage.Attributes{}}
	s.logins()
	s.last = time.Time{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := s.read(strings.Fields(line)); err != nil {
			return fmt.Errorf("line %q: %w", strings.TrimSpace(line), err)
		}
	}
	slices.SortStableFunc(f.Lines, func(a, b feedtest.Event) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	return nil
}

// logins are the agents of the site, at their desks since before t0.
func (s *script) logins() {
	const before = -5 * time.Second
	for _, desk := range []struct{ dn, agent, site string }{
		{"2101", "501", "A"}, {"2102", "502", "A"}, {"2103", "503", "A"}, {"2104", "504", "A"}, {"3101", "511", "B"},
	} {
		who := engage.Attributes{"ThisDN": desk.dn, "AgentID": desk.agent}
		s.send(s.flow.T0.Add(before), desk.site, engage.MsgEventRegistered, who)
		s.send(s.flow.T0.Add(before), desk.site, engage.MsgEventAgentReady,
			engage.Attributes{"ThisDN": desk.dn, "AgentID": desk.agent, "AgentWorkMode": 2})
	}
}

// words are those of a line without its attributes.
type words struct {
	at   time.Time
	verb string
	args []string
	site string
	more map[string]string
}

func (s *script) read(fields []string) error {
	const least = 3
	if len(fields) < least {
		return fmt.Errorf("want: seconds verb words")
	}
	seconds, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return fmt.Errorf("seconds: %w", err)
	}
	w := words{at: s.flow.T0.Add(time.Duration(seconds * float64(time.Second))), verb: fields[1], site: "A", more: map[string]string{}}
	for _, field := range fields[2:] {
		if key, value, ok := strings.Cut(field, "="); ok {
			w.more[key] = value
			continue
		}
		w.args = append(w.args, field)
	}
	if site := w.more["site"]; site != "" {
		w.site = site
		delete(w.more, "site")
	}
	if agent, ok := agentVerbs[w.verb]; ok {
		a := engage.Attributes{"ThisDN": w.arg(0), "AgentID": w.arg(1)}
		if agent.mode != 0 {
			a["AgentWorkMode"] = agent.mode
		}
		s.send(w.at, w.site, agent.message, a)
		return nil
	}
	verb, ok := map[string]func(*script, words) error{
		"call": (*script).call, "data": (*script).data, "end": (*script).end, "add": (*script).add, "state": (*script).state,
		"move": (*script).move, "del": (*script).del, "queued": (*script).queue, "diverted": (*script).queue,
		"abandoned": (*script).queue, "list": (*script).list, "code": (*script).code,
	}[w.verb]
	if !ok {
		return fmt.Errorf("verb %q is not known", w.verb)
	}
	return verb(s, w)
}

// arg is a word; "-" stands for none.
func (w words) arg(n int) string {
	if n >= len(w.args) || w.args[n] == "-" {
		return ""
	}
	return w.args[n]
}

// uuid is the CallUUID of a call of the script.
func (s *script) uuid(call string) (string, error) {
	if uuid := s.flow.Calls[call]; uuid != "" {
		return uuid, nil
	}
	return "", fmt.Errorf("call %q has no CallUUID", call)
}

// conn is the ConnID of a call.
func conn(uuid string) string { return "00c3" + fmt.Sprintf("%012x", sum(uuid)) }

func sum(text string) uint64 {
	n := uint64(0)
	for _, r := range text {
		n = (n*31 + uint64(r)) & 0xffffffffffff
	}
	return n
}

func (s *script) call(w words) error {
	uuid, err := s.uuid(w.arg(0))
	a := engage.Attributes{"CallUUID": uuid, "ConnID": conn(uuid)}
	setText(a, "ANI", w.arg(2))
	setText(a, "DNIS", w.arg(3))
	if t, _ := strconv.Atoi(w.arg(1)); t > 0 {
		a["CallType"] = t
	}
	if orig := w.more["orig"]; orig != "" {
		a["OrigCallUUID"] = s.flow.Calls[orig]
	}
	if link := w.more["link"]; link != "" {
		a["ISLinkList"] = []any{link}
	}
	s.send(w.at, w.site, engage.MsgEventCallCreated, a)
	return err
}

func setText(a engage.Attributes, key, value string) {
	if value != "" {
		a[key] = value
	}
}

func (s *script) data(w words) error {
	uuid, err := s.uuid(w.arg(0))
	a := engage.Attributes{"CallUUID": uuid}
	for key, value := range w.more {
		if key == "ISLinkList" {
			a[key] = []any{value}
			continue
		}
		a[key] = value
	}
	s.send(w.at, w.site, engage.MsgEventCallDataChanged, a)
	return err
}

func (s *script) end(w words) error {
	uuid, err := s.uuid(w.arg(0))
	a := engage.Attributes{"CallUUID": uuid}
	setText(a, "CtrlParty", s.ctrl(w))
	setText(a, "RefCallUUID", s.flow.Calls[w.more["ref"]])
	s.send(w.at, w.site, engage.MsgEventCallDeleted, a)
	return err
}

// ctrl is who caused a release: the DN of a party of the call, or what is written.
func (s *script) ctrl(w words) string {
	if p := s.parties[w.arg(0)+"."+w.more["ctrl"]]; p != nil {
		return p.Text("DN")
	}
	return w.more["ctrl"]
}

func (s *script) add(w words) error {
	uuid, err := s.uuid(w.arg(0))
	a := engage.Attributes{"CallUUID": uuid, "PartyUUID": uuid[len(uuid)-7:] + "." + w.arg(1), "PartyState": states[w.arg(3)]}
	setText(a, "DN", w.arg(2))
	setText(a, "RemoteLoc", w.more["remote"])
	if link := w.more["link"]; link != "" {
		a["ISLinkList"] = []any{link}
	}
	setCause(a, w)
	s.parties[w.arg(0)+"."+w.arg(1)] = a
	s.send(w.at, w.site, engage.MsgEventCallPartyAdded, a)
	if states[w.arg(3)] == 0 {
		err = fmt.Errorf("state %q is not known", w.arg(3))
	}
	return err
}

func setCause(a engage.Attributes, w words) {
	if cause, err := strconv.Atoi(w.more["cause"]); err == nil {
		a["Cause"] = cause
	}
}

// party is what a line about a party of a call begins with.
func (s *script) party(w words) (engage.Attributes, error) {
	p := s.parties[w.arg(0)+"."+w.arg(1)]
	if p == nil {
		return engage.Attributes{}, fmt.Errorf("call %q has no party %q", w.arg(0), w.arg(1))
	}
	a := engage.Attributes{"CallUUID": p["CallUUID"], "PartyUUID": p["PartyUUID"]}
	setText(a, "DN", p.Text("DN"))
	setCause(a, w)
	return a, nil
}

func (s *script) state(w words) error {
	a, err := s.party(w)
	a["PartyState"] = states[w.arg(2)]
	s.send(w.at, w.site, engage.MsgEventCallPartyState, a)
	return err
}

func (s *script) del(w words) error {
	a, err := s.party(w)
	setText(a, "CtrlParty", s.ctrl(w))
	s.send(w.at, w.site, engage.MsgEventCallPartyDeleted, a)
	return err
}

func (s *script) move(w words) error {
	a, err := s.party(w)
	if err != nil {
		return err
	}
	into, err := s.uuid(w.arg(2))
	a["NewCallUUID"] = into
	moved := engage.Attributes{"CallUUID": into, "PartyUUID": a["PartyUUID"], "DN": a["DN"]}
	s.parties[w.arg(2)+"."+w.arg(1)] = moved
	s.send(w.at, w.site, engage.MsgEventCallPartyMoved, a)
	return err
}

func (s *script) queue(w words) error {
	uuid, err := s.uuid(w.arg(1))
	a := engage.Attributes{"ThisDN": w.arg(0), "ConnID": conn(uuid), "CallUUID": uuid}
	setText(a, "ThirdPartyDN", w.more["to"])
	if state, err := strconv.Atoi(w.arg(2)); err == nil {
		a["CallState"] = state
	}
	message := map[string]string{
		"queued": engage.MsgEventQueued, "diverted": engage.MsgEventDiverted, "abandoned": engage.MsgEventAbandoned,
	}[w.verb]
	s.send(w.at, w.site, message, a)
	return err
}

func (s *script) list(w words) error {
	uuid, err := s.uuid(w.arg(1))
	ext := map[string]any{"LCTPartiesLength": len(w.args[2:])}
	for i, dn := range w.args[2:] {
		key := "LCTParty" + strconv.Itoa(i)
		ext[key], ext[key+"_location"] = dn, "SW_Main"
	}
	if dn, mode, ok := strings.Cut(w.more["super"], ":"); ok {
		ext["LCTSupervisorLength"], ext["LCTSupervisor0"], ext["LCTSupervisor0_mode"], ext["LCTSupervisor0_monitoredDN"] = 1, dn, mode, w.arg(0)
	}
	s.send(w.at, w.site, engage.MsgEventUserEvent, engage.Attributes{"ThisDN": w.arg(0), "ConnID": conn(uuid), "Extensions": ext})
	return err
}

func (s *script) code(w words) error {
	uuid, err := s.uuid(w.arg(1))
	s.send(w.at, w.site, engage.MsgEventUserEvent, engage.Attributes{
		"ThisDN": w.arg(0), "ConnID": conn(uuid), "CallUUID": uuid, "UserData": map[string]any{"DispositionCode": w.arg(2)},
	})
	return err
}

// send writes a line.
func (s *script) send(at time.Time, site, message string, attributes engage.Attributes) {
	if at = at.Add(lineApart); at.Before(s.last.Add(lineApart)) {
		at = s.last.Add(lineApart)
	}
	s.last = at
	link := "SIPS_" + site + "/" + purpose(message)
	s.cursors[link]++
	s.flow.Lines = append(s.flow.Lines, feedtest.Event{Link: link, Event: engage.Event{
		Cursor: fmt.Sprintf("%016x", s.cursors[link]), ReceivedAt: at.Add(edgeDelay), Message: message, Time: at,
		Server:     engage.Server{Name: "SIPS_" + site, Role: "primary", StartTime: startTime},
		Attributes: attributes,
	}})
}
