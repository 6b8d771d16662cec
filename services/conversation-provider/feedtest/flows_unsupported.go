package feedtest

import (
	"time"

	"engage.connector/pkg/engage"
)

func conferenceScenarios() []Scenario {
	return []Scenario{
		{
			Name: "conference", Title: "Conference: the guide's example", Unsupported: true,
			Description: "1 IVR, 2 queue, 3 agent, 4 the agent invites a second one in a single step, 5 the first agent leaves. The second agent is not shown; when the first one leaves, the caller would be alone and leaves too.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Join("B", Ext2, engage.PartyStateAlerting)
				c.State("B", engage.PartyStateConnected)
				c.Participants(Ext1, c.ANI, Ext1, Ext2)
				s.Wait(5 * time.Second)
				c.Leave("A", Ext1, engage.CauseEmpty)
				s.Wait(5 * time.Second)
				c.HangUp("X", "B")
			},
		},
		{
			Name: "conference-caller-leaves", Title: "Single-step conference: the caller leaves", Unsupported: true,
			Description: "Only the first two parties are shown; when either of them leaves, the conversation ends.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Join("B", Ext2, engage.PartyStateAlerting)
				c.State("B", engage.PartyStateConnected)
				c.Participants(Ext1, c.ANI, Ext1, Ext2)
				s.Wait(5 * time.Second)
				c.Leave("X", c.ANI, engage.CauseEmpty)
				s.Wait(5 * time.Second)
				c.HangUp("A", "B")
			},
		},
		{
			Name: "conference-of-consultation", Title: "Conference completed from a consultation", Unsupported: true,
			Description: "The consulted agent was shown as such; with the conference each leg ends when its party leaves.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				k.Leave("A2", Ext1, engage.CauseConference)
				k.Move("B", c)
				k.Gone(c)
				c.State("A", engage.PartyStateConnected)
				c.Participants(Ext1, c.ANI, Ext1, Ext2)
				s.Wait(10 * time.Second)
				c.Leave("A", Ext1, engage.CauseEmpty)
				s.Wait(10 * time.Second)
				c.HangUp("B", "X")
			},
		},
		{
			Name: "supervision-listen", Title: "Supervision: silent monitoring", Unsupported: true,
			Description: "A supervisor listens: the participant list names one.",
			Play:        func(s *Site, n int) { s.supervised(n, "mute") },
		},
		{
			Name: "supervision-whisper", Title: "Supervision: whisper coaching", Unsupported: true,
			Description: "A supervisor speaks to the agent only.",
			Play:        func(s *Site, n int) { s.supervised(n, "coach") },
		},
		{
			Name: "supervision-barge-in", Title: "Supervision: barge-in", Unsupported: true,
			Description: "A supervisor joins as an observer and then speaks to both.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Join("S", Ext6, engage.PartyStateConnected|engage.PartyStateSvcObserving)
				s.Wait(3 * time.Second)
				c.State("S", engage.PartyStateConnected)
				s.Wait(3 * time.Second)
				c.Leave("S", Ext6, engage.CauseEmpty)
				c.HangUp("X", "A")
			},
		},
		{
			Name: "nested-consultation", Title: "Consultation out of a consultation", Unsupported: true,
			Description: "The consulted agent consults a third one out of the consultation call.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext2).Pick("B")
				nested := k.Consult(n, 2, "B").Ring2("D", Ext6).Pick("D")
				nested.End("D", "B2")
				k.Pick("B").End("B", "A2")
				c.Pick("A").HangUp("X", "A")
			},
		},
	}
}

func (s *Site) supervised(n int, mode string) {
	c := s.Talk(n)
	c.Supervised(Ext1, mode, c.ANI, Ext1)
	s.Wait(4 * time.Second)
	c.HangUp("X", "A")
}

func unsupportedScenarios() []Scenario {
	return []Scenario{
		{
			Name: "nobody-logged-in", Title: "A DN with nobody logged in", Unsupported: true,
			Description: "The queue delivers the call to an extension at which nobody is logged in, such as a remote consultant's.",
			Play: func(s *Site, n int) {
				s.Inbound(n).IVR().Queue().Ring("A", Ext3).Answer("A", Ext3).HangUp("X", "A")
			},
		},
		{
			Name: "out-of-scope", Title: "An agent outside the sync-scope", Unsupported: true,
			Description: "The queue delivers the call to an agent who is not mapped.",
			Play: func(s *Site, n int) {
				s.Inbound(n).IVR().Queue().Ring("A", Ext4).Answer("A", Ext4).HangUp("X", "A")
			},
		},
		{
			Name: "transfer-out-of-scope", Title: "Transfer to an agent outside the sync-scope", Unsupported: true,
			Description: "The first agent's leg ends when the agent leaves; the caller would be alone and leaves too.",
			Play: func(s *Site, n int) {
				c := s.Talk(n).Single("A", "B", Ext4).Pick("B")
				c.HangUp("X", "B")
			},
		},
		{
			Name: "consult-transfer-out-of-scope", Title: "Consult transfer to an agent outside the sync-scope", Unsupported: true,
			Description: "The consulted agent was never shown and cannot take over.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A").Ring2("B", Ext4).Pick("B")
				c.Complete(k, "A", "B").HangUp("X", "B")
			},
		},
		{
			Name: "without-queue", Title: "From the IVR to an agent without virtual queue",
			Description: "The strategy routes the call to an agent without putting it into a virtual queue: the nearest is a transfer from the IVR. The guide's product may inject it incorrectly.",
			Play: func(s *Site, n int) {
				s.Inbound(n).IVR().Ring2("A", Ext1).Answer("A", Ext1).HangUp("X", "A")
			},
		},
		{
			Name: "acd-queue", Title: "Through an Engage ACD queue",
			Description: "The call reaches the agent through an ACD queue of the switch, not through a virtual queue. The switch keeps the caller there as an IVR would: the nearest is a transfer from an IVR.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n)
				c.Join("Q", ACDQueue, engage.PartyStateQueued)
				s.Wait(2 * time.Second)
				c.Ring2("A", Ext1)
				c.Leave("Q", "", engage.CauseACD)
				c.Pick("A").HangUp("X", "A")
			},
		},
		{
			Name: "overflow", Title: "Call overflow", Unsupported: true,
			Description: "The switch forwards the waiting call to another site by itself.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue()
				c.Leave("I", "", engage.CauseForward)
				c.Leave("X", "", engage.CauseForward)
				c.Diverted(VQ, "")
				c.Gone(nil)
			},
		},
	}
}

func otherCallScenarios() []Scenario {
	return []Scenario{
		{
			Name: "second-call", Title: "A second independent call on an agent", Unsupported: true,
			Description: "While the agent talks, a second call reaches the same DN: the second one is not shown with the agent, the first one goes on undisturbed.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.State("A", engage.PartyStateHeld)
				second := s.Inbound(further(n, 1)).IVR().Queue().Ring("A", Ext1).Answer("A", Ext1)
				second.HangUp("X", "A")
				c.Pick("A").HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
			},
		},
		{
			Name: "asm", Title: "Campaign with ASM dialing", Unsupported: true,
			Description: "The dialer calls the agent and the customer apart and merges the two calls.",
			Play: func(s *Site, n int) {
				e := s.Call(n, engage.CallTypeOutbound)
				e.ANI = Ext1
				e.Join("A", Ext1, engage.PartyStateAlerting)
				s.Wait(time.Second)
				e.Pick("A")
				c := s.Call(further(n, 1), engage.CallTypeOutbound)
				c.Join("X", Outside, engage.PartyStateConnected)
				s.Wait(time.Second)
				e.Move("A", c)
				e.Gone(c)
				s.Wait(9 * time.Second)
				c.HangUp("X", "A")
			},
		},
		{
			Name: "agentless-campaign", Title: "Campaign without agents", Unsupported: true,
			Description: "The dialer calls the customer, who talks to an IVR only.",
			Play: func(s *Site, n int) {
				c := s.Call(n, engage.CallTypeOutbound)
				c.Join("X", Outside, engage.PartyStateConnected)
				c.IVR().HangUp("X", "I")
			},
		},
		{
			Name: "internal", Title: "Internal call", Unsupported: true,
			Description: "Two agents of one site talk: not reported.",
			Play: func(s *Site, n int) {
				c := s.Call(n, engage.CallTypeInternal)
				c.Join("A", Ext1, engage.PartyStateConnected)
				c.Join("B", Ext2, engage.PartyStateAlerting)
				c.State("B", engage.PartyStateConnected)
				c.HangUp("A", "B")
			},
		},
	}
}
