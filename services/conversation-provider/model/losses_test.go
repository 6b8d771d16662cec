package model_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/feedtest"
)

// overLinks feeds events with the names of their links, as the log has them.
func (d *desk) overLinks(events []feedtest.Event) *desk {
	for _, e := range events {
		e.Event.Link = e.Link
		d.apply(e.Event)
	}
	return d
}

// edge writes a line of the edge.
func edge(s *feedtest.Site, link, message string) { s.Send(link, message, engage.Attributes{}) }

// lostFor lets a link lose what its server sends, and come back with a snapshot of what report says.
func lostFor(s *feedtest.Site, link string, away time.Duration, report func()) (broke, back time.Time) {
	edge(s, link, engage.MsgLinkDisconnected)
	broke = s.Now
	s.Wait(away)
	edge(s, link, engage.MsgLinkConnected)
	edge(s, link, engage.MsgSnapshotBegin)
	report()
	edge(s, link, engage.MsgSnapshotEnd)
	return broke, s.Now
}

// endOf is when the last leg of a call was ended; zero when one is open.
func (d *desk) endOf(uuid string) time.Time {
	open, last := map[string]bool{}, time.Time{}
	for _, i := range d.out {
		switch {
		case i.CallUUID != uuid:
		case i.Event.InitialConfiguration != nil:
			open[i.Event.CommunicationID] = true
		case i.Event.Type == exevents.CommunicationEnded:
			delete(open, i.Event.CommunicationID)
			last = i.Event.EventDateTime
		}
	}
	if len(open) > 0 {
		return time.Time{}
	}
	return last
}

func (d *desk) requireEnded(uuid string, at time.Time) {
	require.WithinDuration(d.t, at, d.endOf(uuid), 10*time.Millisecond)
}

func (d *desk) requireTrace(uuid string, texts ...string) {
	trace, ok, err := d.model.Lookup(uuid)
	require.NoError(d.t, err)
	require.True(d.t, ok)
	for _, text := range texts {
		require.Contains(d.t, string(trace.Interaction), text)
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func talking(s *feedtest.Site, n int, dn string) *feedtest.Call {
	return s.Inbound(n).IVR().Queue().Ring("A", dn).Answer("A", dn)
}

// What a link knew and its snapshot does not contain ended when it was last known to be alive, and the trace
// has both bounds.
func TestACallThatTheSnapshotDoesNotContainHasEnded(t *testing.T) {
	site := feedtest.New().Logins()
	gone := talking(site, 1, feedtest.Ext1)
	site.Wait(20 * time.Second)
	stays := talking(site, 2, feedtest.Ext2)
	broke, back := lostFor(site, feedtest.LinkCall, time.Minute, stays.Report)
	site.Wait(10 * time.Second)
	d := newDesk(t).overLinks(site.Events).tick(time.Second)
	d.requireEnded(gone.UUID, broke)
	d.requireTrace(gone.UUID, "not in the snapshot of call", stamp(broke), stamp(back))
	require.Zero(t, d.endOf(stays.UUID), "what is in the snapshot goes on")
}

func TestAPartyThatTheSnapshotDoesNotContainHasLeft(t *testing.T) {
	site := feedtest.New().Logins()
	call := talking(site, 1, feedtest.Ext1)
	left := call.UUID
	site.Wait(20 * time.Second)
	broke, back := lostFor(site, feedtest.LinkCall, time.Minute, func() {
		call.Created(nil)
		call.Join("X", call.ANI, engage.PartyStateConnected)
	})
	d := newDesk(t).overLinks(site.Events).settle()
	d.requireTrace(left, "agent left", "not in the snapshot of call", stamp(broke), stamp(back))
	agent := d.legEnd(left, feedtest.User1ID)
	require.WithinDuration(t, broke, agent, 10*time.Millisecond)
}

// legEnd is when the leg of a user was ended.
func (d *desk) legEnd(uuid, user string) time.Time {
	leg := ""
	for _, i := range d.out {
		switch {
		case i.CallUUID != uuid:
		case i.Event.UserID == user:
			leg = i.Event.CommunicationID
		case i.Event.Type == exevents.CommunicationEnded && i.Event.CommunicationID == leg:
			return i.Event.EventDateTime
		}
	}
	return time.Time{}
}

// Who is not in the snapshot of the agents' link has logged out: the next call at that extension is nobody's.
func TestALogInThatTheSnapshotDoesNotContainHasEnded(t *testing.T) {
	for name, c := range map[string]struct {
		agent string
		shown bool
	}{"logged out": {"", false}, "still there": {feedtest.Agent1, true}} {
		t.Run(name, func(t *testing.T) {
			site := feedtest.New().Logins()
			lostFor(site, feedtest.LinkAgent, time.Minute, func() { site.Registered(feedtest.Ext1, c.agent) })
			site.Wait(time.Minute)
			call := talking(site, 1, feedtest.Ext1).HangUp("X", "A")
			d := newDesk(t).overLinks(site.Events).settle()
			require.Equal(t, c.shown, !d.legEnd(call.UUID, feedtest.User1ID).IsZero())
		})
	}
}

// Without a snapshot the agent's next sign of life ends the older call whose last word precedes the loss. A
// call whose link has lost nothing stays: a held call beside a ringing one is legal.
func TestASignOfLifeEndsOnlyWhatALossMayHaveHidden(t *testing.T) {
	signs := map[string]func(*feedtest.Site){
		"rings": func(s *feedtest.Site) { s.Inbound(2).IVR().Queue().Ring("A", feedtest.Ext1) },
		"ready": func(s *feedtest.Site) {
			s.Agent(engage.MsgEventAgentReady, feedtest.Ext1, feedtest.Agent1, engage.WorkModeAutoIn)
		},
		"logs in": func(s *feedtest.Site) {
			s.Agent(engage.MsgEventAgentLogin, feedtest.Ext1, feedtest.Agent1, engage.WorkModeUnknown)
		},
	}
	for name, sign := range signs {
		for loss, lose := range map[string]func(*feedtest.Site){
			"gap":       func(s *feedtest.Site) { edge(s, feedtest.LinkCall, engage.MsgGap) },
			"reconnect": func(s *feedtest.Site) { edge(s, feedtest.LinkCall, engage.MsgLinkDisconnected) },
			"":          func(*feedtest.Site) {},
			"of others": func(s *feedtest.Site) { edge(s, feedtest.LinkQueue, engage.MsgGap) },
		} {
			t.Run(name+" after "+loss, func(t *testing.T) {
				site := feedtest.New().Logins()
				older := talking(site, 1, feedtest.Ext1)
				older.State("A", engage.PartyStateHeld)
				site.Wait(20 * time.Second)
				lose(site)
				site.Wait(5 * time.Second)
				sign(site)
				d := newDesk(t).overLinks(site.Events).tick(time.Second)
				ended := loss == "gap" || loss == "reconnect"
				require.Equal(t, ended, !d.endOf(older.UUID).IsZero())
				if ended {
					d.requireTrace(older.UUID, "ended between")
				}
			})
		}
	}
}

// A server that was started anew knows nothing of the calls of its predecessor: nobody stays in the org for
// twelve hours.
func TestARestartedServerHasNoneOfItsFormerCalls(t *testing.T) {
	site := feedtest.New().Logins()
	former := talking(site, 1, feedtest.Ext1)
	last := site.Events[len(site.Events)-1].Time
	site.Wait(time.Minute)
	begun := len(site.Events)
	newer := site.Inbound(2).IVR()
	for i := range site.Events[begun:] {
		site.Events[begun+i].Server.StartTime += 100
	}
	d := newDesk(t).overLinks(site.Events).tick(11 * time.Second)
	d.tick(time.Minute) // it is looked for once a minute
	d.requireEnded(former.UUID, last)
	d.requireTrace(former.UUID, "was started anew")
	require.Zero(t, d.endOf(newer.UUID))
}

// The server that takes over may know a party by another PartyUUID: it is the same leg.
func TestPartyUUIDsMayChangeOverASwitchover(t *testing.T) {
	site := feedtest.New().Logins()
	call := talking(site, 1, feedtest.Ext1)
	site.Wait(20 * time.Second)
	edge(site, feedtest.LinkCall, engage.MsgSwitchover)
	begun := len(site.Events)
	call.Report()
	site.Wait(20 * time.Second)
	call.HangUp("X", "A")
	for i := range site.Events[begun:] {
		if e := &site.Events[begun+i]; e.PartyUUID() != "" {
			e.Attributes["PartyUUID"] = "other-" + e.PartyUUID()
		}
	}
	d := newDesk(t).overLinks(site.Events).settle()
	users := 0
	for _, i := range d.out {
		if i.Event.UserID == feedtest.User1ID {
			users++
		}
	}
	require.Equal(t, 1, users, "one leg")
	require.WithinDuration(t, site.Now, d.endOf(call.UUID), time.Second)
	require.Zero(t, d.model.Counts().OpenCalls)
}

// What was decided without a link says so.
func TestTheTraceSaysWithoutWhichLinksADecisionWasTaken(t *testing.T) {
	site := feedtest.New().Logins()
	call := talking(site, 1, feedtest.Ext1).HangUp("X", "A")
	for i := range site.Events {
		site.Events[i].Without = "agent-2 vq-2"
	}
	d := newDesk(t).overLinks(site.Events).settle()
	d.requireTrace(call.UUID, `"without":"agent-2 vq-2"`)
	d.restart()
	d.requireTrace(call.UUID, `"without":"agent-2 vq-2"`)
}

// A link lost events, and its server reports its calls again without the marks of a snapshot: a party that a
// reported call does not name has left, once its agent is seen elsewhere.
func TestAReportWithoutMarksNamesThePartiesOfACall(t *testing.T) {
	site := feedtest.New().Logins()
	call := talking(site, 1, feedtest.Ext1)
	site.Wait(20 * time.Second)
	from := site.Now
	site.Wait(10 * time.Second)
	site.Send(feedtest.LinkCall, engage.MsgGap, engage.Attributes{"from": from.Format(time.RFC3339Nano), "to": site.Now.Format(time.RFC3339Nano)})
	call.Created(nil)
	call.Join("X", call.ANI, engage.PartyStateConnected)
	site.Wait(10 * time.Second)
	next := talking(site, 2, feedtest.Ext1)
	d := newDesk(t).overLinks(site.Events).settle()
	d.requireTrace(call.UUID, "agent left", "in another call at 4001: ended between")
	require.WithinDuration(t, from, d.legEnd(call.UUID, feedtest.User1ID), 10*time.Millisecond)
	require.Zero(t, d.endOf(next.UUID), "the agent is free for the next call")
}

// Two servers' clocks are known to a few milliseconds: who seems to log in an instant after the call came was
// there before it.
func TestALogInAnInstantAfterTheCallCameBeforeIt(t *testing.T) {
	site := feedtest.New()
	call := site.Inbound(1).IVR().Queue().Ring("A", feedtest.Ext1)
	const rings = 2 * time.Second
	site.Wait(-rings)
	site.Send(feedtest.LinkAgent, engage.MsgEventAgentLogin, engage.Attributes{"ThisDN": feedtest.Ext1, "AgentID": feedtest.Agent1})
	site.Wait(rings)
	call.Answer("A", feedtest.Ext1)
	d := newDesk(t)
	events := make([]engage.Event, len(site.Events))
	for i, e := range site.Events {
		events[i] = e.Event
	}
	d.apply(events...)
	d.settle()
	require.NotZero(t, slices.IndexFunc(d.out, func(i injection) bool { return i.Event.UserID == feedtest.User1ID })+1)
}
