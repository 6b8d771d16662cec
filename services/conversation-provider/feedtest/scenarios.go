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
	Ext5       = "7101" // of the second site
	Ext6       = "4006"
	ACDQueue   = "6000" // an Engage ACD queue
	Outside    = "+4989123456"
	Agent1     = "1001"
	Agent2     = "1002"
	Agent3     = "1003"
	Agent4     = "1004"
	AgentOut   = "9001"
	SourceID   = "5c1fd4a0-0000-4000-8000-000000000001"
	QueueID    = "5c1fd4a0-0000-4000-8000-000000000002"
	Queue2ID   = "5c1fd4a0-0000-4000-8000-000000000003"
	User1ID    = "5c1fd4a0-0000-4000-8000-000000000004"
	User2ID    = "5c1fd4a0-0000-4000-8000-000000000005"
	User3ID    = "5c1fd4a0-0000-4000-8000-000000000007"
	User4ID    = "5c1fd4a0-0000-4000-8000-000000000008"
	ResolvedID = "5c1fd4a0-0000-4000-8000-000000000006"
)

// Logins registers the extensions and logs the agents in.
func (s *Site) Logins() *Site {
	s.Registered(Ext1, Agent1)
	s.Registered(Ext2, "")
	s.Registered(Ext3, "")
	s.Registered(Ext4, AgentOut)
	s.Registered(Ext5, Agent3)
	s.Registered(Ext6, Agent4)
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

// Ring2 lets a phone ring without any queue having delivered the call.
func (c *Call) Ring2(name, dn string) *Call {
	c.Join(name, dn, engage.PartyStateAlerting)
	c.s.Wait(time.Second)
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
