package feedtest

import (
	"maps"
	"time"

	"engage.connector/pkg/engage"
)

// Scenario is a call flow of the documentation and the tests.
type Scenario struct {
	Name  string // of its files
	Title string
	// Description says what happens, and what the org shows of it.
	Description string
	// Unsupported flows leave the model of the org.
	Unsupported bool
	Play        func(s *Site, n int)
}

// Family is a group of flows, which has a page of its own.
type Family struct {
	Name  string // of the page
	Title string
	Flows []Scenario
}

// Families are all flows, in the order of the documentation.
func Families() []Family {
	return []Family{
		{Name: "inbound", Title: "Inbound calls", Flows: inboundScenarios()},
		{Name: "queues", Title: "Queues", Flows: queueScenarios()},
		{Name: "transfers", Title: "Transfers", Flows: blindScenarios()},
		{Name: "consultations", Title: "Consultations", Flows: append(consultScenarios(), consultEndScenarios()...)},
		{Name: "outbound", Title: "Outbound calls", Flows: outboundScenarios()},
		{Name: "sites", Title: "Several sites", Flows: siteScenarios()},
		{Name: "after-call-work", Title: "After-call work", Flows: dispositionScenarios()},
		{Name: "conferences", Title: "Conferences and supervision", Flows: conferenceScenarios()},
		{Name: "limits", Title: "Limits", Flows: append(unsupportedScenarios(), otherCallScenarios()...)},
	}
}

// Scenarios are all flows, in the order of the documentation.
func Scenarios() []Scenario {
	var all []Scenario
	for _, family := range Families() {
		all = append(all, family.Flows...)
	}
	return all
}

// Flows are the supported flows by name, each as one call.
func Flows() map[string]func(s *Site, n int) { return byName(false) }

// Unsupported are flows that leave the EX model by name, each as one call.
func Unsupported() map[string]func(s *Site, n int) { return byName(true) }

// All are all flows by name.
func All() map[string]func(s *Site, n int) {
	flows := Flows()
	maps.Copy(flows, Unsupported())
	return flows
}

// Steady are the flows whose conversation does not depend on which link is late, however late it is.
// The others are known to: that somebody listens is told by the agent's link only, which of two
// queues delivers a call shows when both are known, and of two calls of an agent the one that is read
// first is shown.
func Steady() map[string]func(s *Site, n int) {
	flows := All()
	for _, name := range []string{"supervision-listen", "supervision-whisper", "second-call", "two-queues-second-wins"} {
		delete(flows, name)
	}
	return flows
}

func byName(unsupported bool) map[string]func(s *Site, n int) {
	flows := map[string]func(*Site, int){}
	for _, s := range Scenarios() {
		if s.Unsupported == unsupported {
			flows[s.Name] = s.Play
		}
	}
	return flows
}

func inboundScenarios() []Scenario {
	return []Scenario{
		{
			Name: "main", Title: "Inbound: IVR, queue, agent",
			Description: "The caller meets the IVR on a routing point, waits in a virtual queue, talks to an agent, is put on hold once, and hangs up.",
			Play:        (*Site).Main,
		},
		{
			Name: "agent-hangs-up", Title: "The agent hangs up",
			Description: "As before, but the agent ends the call; no disposition is set, so it is skipped.",
			Play: func(s *Site, n int) {
				s.Inbound(n).IVR().Queue().Ring("A", Ext2).Answer("A", Ext2).HangUp("A", "X").WrapUp(Ext2, Agent2, "")
			},
		},
		{
			Name: "without-ivr", Title: "Inbound without IVR",
			Description: "The call enters the virtual queue at once.",
			Play: func(s *Site, n int) {
				s.Inbound(n).Queue().Ring("A", Ext1).Answer("A", Ext1).HangUp("A", "X").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "direct-to-agent", Title: "Inbound directly to an agent",
			Description: "The caller dials the agent's own number: neither IVR nor queue.",
			Play: func(s *Site, n int) {
				s.Inbound(n).Ring2("A", Ext1).Answer("A", Ext1).HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "abandoned-in-ivr", Title: "Abandoned in the IVR",
			Description: "The caller hangs up while talking to the IVR.",
			Play:        func(s *Site, n int) { s.Inbound(n).IVR().HangUpWith("") },
		},
		{
			Name: "ended-in-ivr", Title: "Self-service: the IVR ends the call",
			Description: "The caller needs no agent; the IVR application hangs up.",
			Play:        func(s *Site, n int) { s.Inbound(n).IVR().HangUp("I", "X") },
		},
		{
			Name: "hold-and-retrieve", Title: "Hold and retrieve, twice",
			Description: "The agent puts the caller on hold and comes back, two times.",
			Play: func(s *Site, n int) {
				s.Talk(n).Hold("A").Hold("A").HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
	}
}

func queueScenarios() []Scenario {
	return append(abandonScenarios(), []Scenario{
		{
			Name: "no-answer", Title: "The agent does not answer; queued again",
			Description: "The first agent's phone rings in vain, the call goes back to the same queue and to another agent.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
				c.Leave("A", "", engage.CauseNoAnswer)
				c.Queued(VQ)
				s.Wait(time.Second)
				c.Ring("B", Ext2).Answer("B", Ext2).HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "no-answer-other-queue", Title: "The agent does not answer; another queue",
			Description: "The first agent's phone rings in vain, the call goes to another queue.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
				c.Leave("A", "", engage.CauseNoAnswer)
				c.Queued(VQ2)
				s.Wait(time.Second)
				c.Join("B", Ext2, engage.PartyStateAlerting)
				c.Diverted(VQ2, Ext2)
				s.Wait(time.Second)
				c.Answer("B", Ext2).HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "two-queues-first-wins", Title: "Two virtual queues in parallel, the first wins",
			Description: "The strategy waits in two queues at once; the queue that came first delivers the call.",
			Play:        func(s *Site, n int) { s.twoQueues(n, VQ, VQ2) },
		},
		{
			Name: "two-queues-second-wins", Title: "Two virtual queues in parallel, the second wins",
			Description: "The other queue delivers the call: the conversation moves to it before the agent gets it.",
			Play:        func(s *Site, n int) { s.twoQueues(n, VQ2, VQ) },
		},
		{
			Name: "own-queue-server", Title: "Virtual queues on their own SIP Server",
			Description: "The queue's events come from a server that never handles the call and name it by its ConnID only.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR()
				c.queue = LinkQueue2
				c.Anonymous(engage.MsgEventQueued, VQ, "")
				s.Wait(3 * time.Second)
				c.Join("A", Ext1, engage.PartyStateAlerting)
				c.Anonymous(engage.MsgEventDiverted, VQ, Ext1)
				s.Wait(time.Second)
				c.Answer("A", Ext1).HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
	}...)
}

// twoQueues lets a call wait in VQ and VQ2; one of them delivers it to the agent.
func (s *Site) twoQueues(n int, winner, loser string) {
	c := s.Inbound(n).IVR()
	c.Queued(VQ)
	c.Queued(VQ2)
	s.Wait(3 * time.Second)
	c.Join("A", Ext1, engage.PartyStateAlerting)
	c.Diverted(winner, Ext1)
	c.Diverted(loser, "")
	s.Wait(time.Second)
	c.Answer("A", Ext1).HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
}

func abandonScenarios() []Scenario {
	return []Scenario{
		{
			Name: "abandoned-in-queue", Title: "Abandoned in the queue",
			Description: "The caller gives up waiting.",
			Play:        func(s *Site, n int) { s.Inbound(n).IVR().Queue().HangUpWith(VQ) },
		},
		{
			Name: "without-ivr-abandoned", Title: "Abandoned in the queue, without IVR",
			Description: "The caller gives up waiting; there was no IVR.",
			Play:        func(s *Site, n int) { s.Inbound(n).Queue().HangUpWith(VQ) },
		},
		{
			Name: "abandoned-while-ringing", Title: "Abandoned while the agent's phone rings",
			Description: "The caller gives up a moment before the agent answers.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
				c.Leave("X", c.ANI, engage.CauseEmpty)
				c.Leave("A", c.ANI, engage.CauseEmpty)
				c.Leave("I", c.ANI, engage.CauseEmpty)
				c.Deleted()
			},
		},
		{
			Name: "no-answer-abandoned", Title: "The agent does not answer; abandoned",
			Description: "The agent's phone rings in vain, the caller gives up back in the queue.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
				c.Leave("A", "", engage.CauseNoAnswer)
				c.Queued(VQ)
				s.Wait(time.Second)
				c.HangUpWith(VQ)
			},
		},
	}
}

func dispositionScenarios() []Scenario {
	return []Scenario{
		{
			Name: "disposition-during-call", Title: "Disposition during the call",
			Description: "The agent attaches the disposition while talking; it is applied when after-call work ends.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Data("DispositionCode", "Resolved")
				c.HangUp("A", "X").WrapUp(Ext1, Agent1, "")
			},
		},
		{
			Name: "disposition-after-call", Title: "Disposition in after-call work",
			Description: "The agent's desktop sends the disposition after the call.",
			Play:        func(s *Site, n int) { s.Talk(n).HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved") },
		},
		{
			Name: "disposition-never", Title: "No disposition",
			Description: "The agent sets none: the disposition is applied as skipped.",
			Play:        func(s *Site, n int) { s.Talk(n).HangUp("X", "A").WrapUp(Ext1, Agent1, "") },
		},
		{
			Name: "disposition-changed-twice", Title: "The disposition is changed twice",
			Description: "Of three values the last one before the end of after-call work is applied.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Data("DispositionCode", "Callback")
				s.Wait(time.Second)
				c.Data("DispositionCode", "Wrong number")
				c.HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
	}
}
