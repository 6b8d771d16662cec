package callmodel

import (
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
)

// userEvent reads EventUserEvent of an extension: the participant list of the call (Extensions
// LCTParty<n>, LCTSupervisor<n>), or user data that the desktop attached, in a call or after it.
func (b *Book) userEvent(e engage.Event) []string {
	if e.CallUUID() == "" && e.ConnID() == "" {
		return nil
	}
	c := b.callFor(e)
	if c == nil {
		return nil
	}
	b.readAttributes(c, StreamAgent, e)
	if ext := e.Extensions(); supervised(ext) {
		b.recordOnce(c, Fact{Kind: Supervision, At: e.Time, Stream: StreamAgent, Subject: e.ThisDN(), Note: ext["LCTSupervisor0_mode"]})
	}
	const both = 2
	if n, _ := e.Attributes.Int("LCTPartiesLength"); n > both || len(e.Participants()) > both {
		b.recordOnce(c, Fact{Kind: Conference, At: e.Time, Stream: StreamAgent, Subject: e.ThisDN()})
	}
	return []string{c.UUID}
}

// recordOnce records a fact that several DNs report, or one DN reports again, only the first time.
func (b *Book) recordOnce(c *Call, f Fact) {
	same := func(other Fact) bool {
		return other.Kind == f.Kind && other.At.Equal(f.At) && other.Subject == f.Subject
	}
	if slices.ContainsFunc(c.Facts, same) {
		return
	}
	c.record(f)
	b.touch(c)
}

func supervised(extensions map[string]string) bool {
	for key := range extensions {
		if strings.HasPrefix(key, "LCTSupervisor") && key != "LCTSupervisorLength" {
			return true
		}
	}
	return false
}

// registered reads EventRegistered: who is logged in at the DN already (inferred: this is how the
// connector learns of log-ins before its own start).
func (b *Book) registered(e engage.Event) []string {
	d := b.dn(e.ThisDN())
	if d == nil {
		return nil
	}
	changed := d.login(Login{At: e.Time, Agent: e.AgentID(), Standing: true})
	b.noteDesk(e.AgentID(), d.Number)
	if b.hear(d, e) || changed {
		b.dirtyDNs[d.Number] = struct{}{}
	}
	return b.CallsAt(d.Number)
}

// noteDesk remembers that a log-in code is used at a DN: one agent may be logged in at several.
func (b *Book) noteDesk(agent, dn string) {
	if agent != "" && !slices.Contains(b.desks[agent], dn) {
		b.desks[agent] = append(b.desks[agent], dn)
	}
}

// Desks are the DNs where a log-in code was ever used.
func (b *Book) Desks(agent string) []string { return b.desks[agent] }

// hear notes how far the agent link of a DN has reported.
func (b *Book) hear(d *DN, e engage.Event) bool {
	if !e.Time.After(d.Heard) && d.Server != "" {
		return false
	}
	d.Link = e.Link
	d.Server, d.Heard = e.Server.Name, e.Time
	if e.Time.After(b.heard[d.Server]) {
		b.heard[d.Server] = e.Time
	}
	return true
}

// AgentsReportedBy tells whether the link that reports a DN has reported up to a time, whatever DN
// that was about: links keep their order.
func (b *Book) AgentsReportedBy(dn string, at time.Time) bool {
	d := b.dns[dn]
	return d != nil && !b.heard[d.Server].Before(at)
}

// agentEvent reads the agent events of an extension.
func (b *Book) agentEvent(e engage.Event) []string {
	d := b.dn(e.ThisDN())
	if d == nil {
		return nil
	}
	changed := b.hear(d, e)
	b.noteDesk(e.AgentID(), d.Number)
	var touched []string
	switch e.Message {
	case engage.MsgEventAgentLogout:
		changed = d.login(Login{At: e.Time}) || changed
		changed = d.state(AgentState{At: e.Time, Kind: AgentLoggedOut}) || changed
	case engage.MsgEventAgentLogin:
		touched = b.signOfLife(d.Number, e.Time, nil, "logged in")
		changed = d.login(Login{At: e.Time, Agent: e.AgentID()}) || changed
	case engage.MsgEventAgentReady, engage.MsgEventAgentNotReady:
		if id := e.AgentID(); id != "" { // whoever changes state is logged in
			changed = d.login(Login{At: e.Time, Agent: id, Standing: len(d.Logins) == 0}) || changed
		}
		if e.Message == engage.MsgEventAgentReady && !b.reporting(e) {
			touched = b.signOfLife(d.Number, e.Time, nil, "ready")
		}
		changed = d.state(AgentState{At: e.Time, Kind: agentState(e)}) || changed
	}
	if changed {
		b.dirtyDNs[d.Number] = struct{}{}
	}
	return append(touched, b.CallsAt(d.Number)...)
}

// reporting tells whether an event says what stands already, as part of a snapshot.
func (b *Book) reporting(e engage.Event) bool {
	l := b.links[e.Link]
	return l != nil && !l.Began.IsZero()
}

func agentState(e engage.Event) AgentStateKind {
	switch {
	case e.Message == engage.MsgEventAgentReady:
		return AgentReady
	case e.WorkMode() == engage.WorkModeAfterCallWork:
		return AgentAfterCallWork
	default:
		return AgentNotReady
	}
}

func (b *Book) dn(number string) *DN {
	if number == "" {
		return nil
	}
	d := b.dns[number]
	if d == nil {
		d = &DN{Number: number}
		b.dns[number] = d
	}
	return d
}

// CallsAt lists the calls that have or had a party at a DN, sorted.
func (b *Book) CallsAt(dn string) []string { return b.byDN[dn].sorted() }
