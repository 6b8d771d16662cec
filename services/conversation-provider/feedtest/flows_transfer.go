package feedtest

import (
	"time"

	"engage.connector/pkg/engage"
)

func blindScenarios() []Scenario {
	return []Scenario{
		{
			Name: "blind-to-agent", Title: "Blind transfer to an agent",
			Description: "The agent transfers the caller in a single step; the other agent answers.",
			Play: func(s *Site, n int) {
				c := s.Talk(n).Single("A", "B", Ext2).Pick("B").Meanwhile(Ext1, Agent1, "Resolved")
				c.HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "blind-ringing-first", Title: "Blind transfer: the other phone rings before the agent leaves",
			Description: "The same with the events in the other order; nothing but a moment tells it from a conference.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Join("B", Ext2, engage.PartyStateAlerting)
				s.Wait(20 * time.Millisecond)
				c.Leave("A", Ext1, engage.CauseOneStepTransfer)
				s.Wait(2 * time.Second)
				c.Pick("B").HangUp("B", "X").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "blind-no-answer", Title: "Blind transfer that is not answered",
			Description: "The other agent's phone rings in vain; the switch gives the caller back to the first agent.",
			Play: func(s *Site, n int) {
				c := s.Talk(n).Single("A", "B", Ext2)
				c.Leave("B", "", engage.CauseNoAnswer)
				c.Join("A3", Ext1, engage.PartyStateAlerting)
				s.Wait(time.Second)
				c.Pick("A3").HangUp("X", "A3").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "blind-to-queue", Title: "Blind transfer to a queue",
			Description: "The agent transfers the caller to a routing point, whose strategy puts the call into a virtual queue.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Leave("A", Ext1, engage.CauseOneStepTransfer)
				c.Join("R", RP, engage.PartyStateRouting)
				s.Wait(200 * time.Millisecond)
				c.Queued(VQ2)
				c.Meanwhile(Ext1, Agent1, "")
				c.Join("B", Ext2, engage.PartyStateAlerting)
				c.Diverted(VQ2, Ext2)
				c.Leave("R", "", engage.CauseRoute)
				s.Wait(time.Second)
				c.Pick("B").HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "blind-to-ivr", Title: "Transfer to a routing point without queue",
			Description: "The agent transfers the caller to an IVR that keeps it; shown as a transfer to the number of the routing point.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Leave("A", Ext1, engage.CauseOneStepTransfer)
				c.Join("R", RP, engage.PartyStateRouting)
				s.Wait(9 * time.Second)
				c.HangUp("X", "R").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "blind-to-outside", Title: "Blind transfer to an outside number",
			Description: "The agent transfers the caller to a number that no switch has.",
			Play: func(s *Site, n int) {
				c := s.Talk(n).Single("A", "Z", Outside).Pick("Z").Meanwhile(Ext1, Agent1, "Resolved")
				c.HangUp("Z", "X")
			},
		},
	}
}

func consultScenarios() []Scenario {
	return []Scenario{
		{
			Name: "consult-transfer-agent", Title: "Consult transfer to an agent",
			Description: "The agent holds the caller, talks to another agent, and completes the transfer.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				c.Complete(k, "A", "B").Meanwhile(Ext1, Agent1, "Resolved")
				c.HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "consult-transfer-left-first", Title: "Consult transfer: the consulted agent leaves one call, then joins the other",
			Description: "The same where the switch deletes the consulted agent from the consultation call before it adds the agent to the main call.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				k.Leave("A2", Ext1, engage.CauseTransfer)
				k.Leave("B", Ext1, engage.CauseTransfer)
				c.Join("B", Ext2, engage.PartyStateConnected)
				k.Gone(c)
				c.Leave("A", Ext1, engage.CauseTransfer)
				s.Wait(5 * time.Second)
				c.HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "consult-transfer-other-way", Title: "Consult transfer: the caller moves into the consultation call",
			Description: "The same where the switch keeps the consultation call and deletes the main one; parties are deleted and added, not moved.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				c.Leave("A", Ext1, engage.CauseTransfer)
				c.Leave("X", Ext1, engage.CauseTransfer)
				k.Leave("A2", Ext1, engage.CauseTransfer)
				k.Join("X", c.ANI, engage.PartyStateConnected)
				c.Gone(k)
				s.Wait(5 * time.Second)
				k.HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "consult-transfer-ringing", Title: "Consult transfer completed while the phone rings",
			Description: "The agent does not wait for the answer.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2)
				c.Complete(k, "A", "B").Pick("B").HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "consult-transfer-queue", Title: "Consult transfer to a queue",
			Description: "The agent consults a virtual queue, talks to the agent whom it delivers, and completes the transfer.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.consultQueue(n)
				k.Join("B", Ext2, engage.PartyStateAlerting)
				k.Diverted(VQ2, Ext2)
				k.Leave("R", "", engage.CauseRoute)
				s.Wait(time.Second)
				k.Pick("B")
				c.Complete(k, "A", "B").HangUp("B", "X").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "consult-transfer-waiting", Title: "Consult transfer completed in the queue",
			Description: "The agent completes the transfer while the consultation still waits in the queue.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.consultQueue(n)
				c.Complete(k, "A", "R")
				c.Join("B", Ext2, engage.PartyStateAlerting)
				k.Diverted(VQ2, Ext2)
				c.Leave("R", "", engage.CauseRoute)
				s.Wait(time.Second)
				c.Pick("B").HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "consult-transfer-outside", Title: "Consult transfer to an outside number",
			Description: "The agent consults a number that no switch has, and completes the transfer.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("Z", Outside).Pick("Z")
				c.Complete(k, "A", "Z").HangUp("X", "Z").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
	}
}

// consultQueue starts a consultation that waits in VQ2.
func (c *Call) consultQueue(n int) *Call {
	k := c.Consult(n, 1, "A")
	k.Join("R", RP, engage.PartyStateRouting)
	c.s.Wait(100 * time.Millisecond)
	k.Queued(VQ2)
	c.s.Wait(3 * time.Second)
	return k
}

func consultEndScenarios() []Scenario {
	return []Scenario{
		{
			Name: "consult-cancelled", Title: "Consultation cancelled",
			Description: "The other agent's phone rings, the agent gives up and goes back to the caller.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Consult(n, 1, "A").Ring2("B", Ext2).End("A2", "B")
				c.Pick("A").HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "consult-resumed", Title: "Consultation, then back to the caller",
			Description: "The agents talk, the consulted one hangs up, the agent goes back to the caller.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B").End("B", "A2")
				c.Pick("A").HangUp("A", "X").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "consult-alternated", Title: "Between caller and consultation to and fro",
			Description: "The agent alternates between the two calls before the consultation ends, and consults somebody else later.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				k.State("A2", engage.PartyStateHeld)
				c.Pick("A")
				c.State("A", engage.PartyStateHeld)
				k.Pick("A2").End("A2", "B")
				c.Pick("A")
				c.Consult(n, 2, "A").Ring2("B", Ext6).Pick("B").End("B", "A2")
				c.Pick("A").HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "consult-caller-hangs-up", Title: "The caller hangs up during the consultation",
			Description: "What is left is an internal call of two agents, which is not shown.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				c.HangUp("X", "A")
				s.Wait(5 * time.Second)
				k.End("A2", "B")
				s.Wait(0)
				c.WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "consult-unmapped", Title: "Consultation of an agent outside the sync-scope",
			Description: "Who cannot be shown is not shown; the caller is on hold meanwhile.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Consult(n, 1, "A").Ring2("B", Ext4).Pick("B").End("B", "A2")
				c.Pick("A").HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
	}
}

func outboundScenarios() []Scenario {
	return []Scenario{
		{
			Name: "outbound", Title: "Outbound",
			Description: "An agent calls a customer, who answers and hangs up.",
			Play: func(s *Site, n int) {
				s.Dial(n).Called().Pick("X").HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "outbound-no-answer", Title: "Outbound, not answered",
			Description: "The customer does not answer, the agent gives up.",
			Play:        func(s *Site, n int) { s.Dial(n).Called().HangUp("A", "X").WrapUp(Ext1, Agent1, "") },
		},
		{
			Name: "outbound-on-behalf", Title: "Outbound on behalf of a queue",
			Description: "The agent's call is reported by a virtual queue: userEstablished names that queue.",
			Play: func(s *Site, n int) {
				c := s.Dial(n)
				c.Queued(VQ)
				c.Diverted(VQ, Ext1)
				c.Called().Pick("X").HangUp("A", "X").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "outbound-transferred", Title: "Transfer of an outbound call",
			Description: "The agent transfers the customer blind to another agent.",
			Play: func(s *Site, n int) {
				c := s.Dial(n).Called().Pick("X").Single("A", "B", Ext2).Pick("B")
				c.HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "outbound-consult-transfer", Title: "Consult transfer of an outbound call",
			Description: "The agent consults another agent and hands the customer over.",
			Play: func(s *Site, n int) {
				c := s.Dial(n).Called().Pick("X")
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				c.Complete(k, "A", "B").HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
			},
		},
		{
			Name: "campaign-queue", Title: "Campaign call through a queue",
			Description: "A campaign called the customer, who then waits in a virtual queue for an agent: the nearest is the inbound flow, with the direction outbound.",
			Play: func(s *Site, n int) {
				c := s.Call(n, engage.CallTypeOutbound)
				c.Join("X", Outside, engage.PartyStateConnected)
				c.Queue().Ring("A", Ext1).Answer("A", Ext1).HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
	}
}
