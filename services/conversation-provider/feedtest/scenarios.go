package feedtest

import (
	"time"

	"engage.connector/pkg/engage"
)

// Names of the simulated site.
const (
	RP         = "8000"
	VQ         = "VQ_Sales"
	VQ2        = "VQ_Support"
	Ext1       = "4001"
	Ext2       = "4002"
	Ext3       = "4003" // nobody logs in
	Ext4       = "4004" // an agent outside the sync-scope
	Agent1     = "1001"
	Agent2     = "1002"
	AgentOut   = "9001"
	SourceID   = "5c1fd4a0-0000-4000-8000-000000000001"
	QueueID    = "5c1fd4a0-0000-4000-8000-000000000002"
	Queue2ID   = "5c1fd4a0-0000-4000-8000-000000000003"
	User1ID    = "5c1fd4a0-0000-4000-8000-000000000004"
	User2ID    = "5c1fd4a0-0000-4000-8000-000000000005"
	ResolvedID = "5c1fd4a0-0000-4000-8000-000000000006"
)

// Logins registers the extensions and logs the agents in.
func (s *Site) Logins() *Site {
	s.Registered(Ext1, Agent1)
	s.Registered(Ext2, "")
	s.Registered(Ext3, "")
	s.Registered(Ext4, AgentOut)
	s.Agent(engage.MsgEventAgentLogin, Ext2, Agent2, engage.WorkModeUnknown)
	s.Agent(engage.MsgEventAgentReady, Ext1, Agent1, engage.WorkModeAutoIn)
	s.Agent(engage.MsgEventAgentReady, Ext2, Agent2, engage.WorkModeAutoIn)
	return s.Wait(time.Second)
}

// Inbound starts an inbound call whose caller is there.
func (s *Site) Inbound(n int) *Call {
	c := s.Call(n, engage.CallTypeInbound)
	c.Join("X", c.ANI, engage.PartyStateConnected)
	return c
}

// IVR puts the call on the routing point.
func (c *Call) IVR() *Call {
	c.Join("I", RP, engage.PartyStateRouting)
	c.s.Wait(20 * time.Millisecond)
	c.State("I", engage.PartyStateTreatment)
	c.s.Wait(4 * time.Second)
	return c
}

// Queue puts the call into the virtual queue.
func (c *Call) Queue() *Call {
	c.Queued(VQ)
	c.s.Wait(3 * time.Second)
	return c
}

// Ring lets the phone of an agent ring.
func (c *Call) Ring(name, dn string) *Call {
	c.Join(name, dn, engage.PartyStateAlerting)
	c.Diverted(VQ, dn)
	c.s.Wait(2 * time.Second)
	return c
}

// Answer lets the agent answer.
func (c *Call) Answer(name, dn string) *Call {
	if c.index("I") >= 0 {
		c.Leave("I", "", engage.CauseRoute)
	}
	c.State(name, engage.PartyStateConnected)
	c.Participants(dn, c.ANI, dn)
	c.s.Wait(10 * time.Second)
	return c
}

// Hold puts the caller on hold and gets back to them.
func (c *Call) Hold(name string) *Call {
	c.State(name, engage.PartyStateHeld)
	c.s.Wait(5 * time.Second)
	c.State(name, engage.PartyStateConnected)
	c.s.Wait(5 * time.Second)
	return c
}

// HangUp ends the call; first hangs up.
func (c *Call) HangUp(first, second string) *Call {
	by := c.alive[c.index(first)].dn
	c.Leave(first, by, engage.CauseEmpty)
	c.Leave(second, by, engage.CauseEmpty)
	c.Deleted()
	return c
}

// WrapUp is the after-call work.
func (c *Call) WrapUp(dn, agent, code string) *Call {
	c.s.Agent(engage.MsgEventAgentNotReady, dn, agent, engage.WorkModeAfterCallWork)
	c.s.Wait(8 * time.Second)
	if code != "" {
		c.Disposition(dn, code)
		c.s.Wait(time.Second)
	}
	c.s.Agent(engage.MsgEventAgentReady, dn, agent, engage.WorkModeAutoIn)
	c.s.Wait(time.Second)
	return c
}

// HangUpWith ends a call of which only the caller and the routing point or queue are left.
func (c *Call) HangUpWith(vq string) *Call {
	c.Leave("X", c.ANI, engage.CauseEmpty)
	if c.index("I") >= 0 {
		c.Leave("I", c.ANI, engage.CauseEmpty)
	}
	if vq != "" {
		c.Abandoned(vq)
	}
	c.Deleted()
	return c
}

// Main is the main flow: IVR, queue, agent, hold, the caller hangs up, disposition.
func (s *Site) Main(n int) {
	c := s.Inbound(n).IVR().Queue()
	c.Data("language_code", "de-DE")
	c.Ring("A", Ext1).Answer("A", Ext1).Hold("A").HangUp("X", "A").WrapUp(Ext1, Agent1, "Resolved")
}

// Flows are the flows that are supported now, each as one call.
func Flows() map[string]func(s *Site, n int) {
	return map[string]func(*Site, int){
		"main": (*Site).Main,
		"agent-hangs-up": func(s *Site, n int) {
			s.Inbound(n).IVR().Queue().Ring("A", Ext2).Answer("A", Ext2).HangUp("A", "X").WrapUp(Ext2, Agent2, "")
		},
		"disposition-during-call": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1).Answer("A", Ext1)
			c.Data("DispositionCode", "Resolved")
			c.HangUp("A", "X").WrapUp(Ext1, Agent1, "")
		},
		"abandoned-in-ivr": func(s *Site, n int) { s.Inbound(n).IVR().HangUpWith("") },
		"abandoned-in-queue": func(s *Site, n int) {
			s.Inbound(n).IVR().Queue().HangUpWith(VQ)
		},
		"abandoned-while-ringing": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
			c.Leave("X", c.ANI, engage.CauseEmpty)
			c.Leave("A", c.ANI, engage.CauseEmpty)
			c.Leave("I", c.ANI, engage.CauseEmpty)
			c.Deleted()
		},
		"no-answer": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
			c.Leave("A", "", engage.CauseNoAnswer)
			c.Queued(VQ)
			s.Wait(time.Second)
			c.Ring("B", Ext2).Answer("B", Ext2).HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
		},
		"no-answer-other-queue": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
			c.Leave("A", "", engage.CauseNoAnswer)
			c.Queued(VQ2)
			s.Wait(time.Second)
			c.Join("B", Ext2, engage.PartyStateAlerting)
			c.Diverted(VQ2, Ext2)
			s.Wait(time.Second)
			c.Answer("B", Ext2).HangUp("X", "B").WrapUp(Ext2, Agent2, "Resolved")
		},
		"no-answer-abandoned": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1)
			c.Leave("A", "", engage.CauseNoAnswer)
			c.Queued(VQ)
			s.Wait(time.Second)
			c.HangUpWith(VQ)
		},
		"direct": func(s *Site, n int) {
			s.Inbound(n).Queue().Ring("A", Ext1).Answer("A", Ext1).HangUp("A", "X").WrapUp(Ext1, Agent1, "Resolved")
		},
		"direct-abandoned": func(s *Site, n int) { s.Inbound(n).Queue().HangUpWith(VQ) },
	}
}

// Unsupported are flows that leave the EX model, each as one call.
func Unsupported() map[string]func(s *Site, n int) {
	return map[string]func(*Site, int){
		"internal": func(s *Site, n int) {
			c := s.Call(n, engage.CallTypeInternal)
			c.Join("A", Ext1, engage.PartyStateConnected)
			c.Join("B", Ext2, engage.PartyStateAlerting)
			c.State("B", engage.PartyStateConnected)
			c.HangUp("A", "B")
		},
		"outbound": func(s *Site, n int) {
			c := s.Call(n, engage.CallTypeOutbound)
			c.Join("A", Ext1, engage.PartyStateConnected)
			c.Join("X", "+15559999999", engage.PartyStateConnected)
			c.HangUp("A", "X")
		},
		"without-queue": func(s *Site, n int) {
			s.Inbound(n).IVR().Ring2("A", Ext1).Answer("A", Ext1).HangUp("X", "A")
		},
		"direct-without-queue": func(s *Site, n int) {
			s.Inbound(n).Ring2("A", Ext1).Answer("A", Ext1).HangUp("X", "A")
		},
		"nobody-logged-in": func(s *Site, n int) {
			s.Inbound(n).IVR().Queue().Ring("A", Ext3).Answer("A", Ext3).HangUp("X", "A")
		},
		"out-of-scope": func(s *Site, n int) {
			s.Inbound(n).IVR().Queue().Ring("A", Ext4).Answer("A", Ext4).HangUp("X", "A")
		},
		"conference": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1).Answer("A", Ext1)
			c.Join("B", Ext2, engage.PartyStateAlerting)
			c.State("B", engage.PartyStateConnected)
			c.Participants(Ext1, c.ANI, Ext1, Ext2)
			s.Wait(5 * time.Second)
			c.Leave("A", Ext1, engage.CauseEmpty)
			s.Wait(5 * time.Second)
			c.HangUp("X", "B")
		},
		"transfer": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1).Answer("A", Ext1)
			c.Leave("A", Ext1, engage.CauseOneStepTransfer)
			c.Join("B", Ext2, engage.PartyStateAlerting)
			s.Wait(time.Second)
			c.State("B", engage.PartyStateConnected)
			c.HangUp("X", "B")
		},
		"consultation": func(s *Site, n int) {
			c := s.Inbound(n).IVR().Queue().Ring("A", Ext1).Answer("A", Ext1)
			c.State("A", engage.PartyStateHeld)
			k := &Call{s: s, UUID: c.UUID[:20] + "C" + c.UUID[21:], Conn: "00" + "7" + c.Conn[3:], ANI: Ext1, Type: engage.CallTypeConsult}
			k.Created(engage.Attributes{"OrigCallUUID": c.UUID})
			k.Join("A2", Ext1, engage.PartyStateConnected)
			k.Join("B2", Ext2, engage.PartyStateConnected)
			k.HangUp("B2", "A2")
			c.State("A", engage.PartyStateConnected)
			c.HangUp("X", "A")
		},
	}
}

// Ring2 lets a phone ring without any queue having delivered the call.
func (c *Call) Ring2(name, dn string) *Call {
	c.Join(name, dn, engage.PartyStateAlerting)
	c.s.Wait(time.Second)
	return c
}
