package feedtest

import (
	"time"

	"engage.connector/pkg/engage"
)

func siteScenarios() []Scenario {
	return []Scenario{
		{
			Name: "multi-site", Title: "Multi-site inbound",
			Description: "The guide's example: IVR and queue on the first SIP Server, the agent on the second. Two calls, joined by an IS-Link, become one conversation.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue()
				there := c.ToSite(n, 1, engage.CallTypeInbound)
				there.Join("A", Ext5, engage.PartyStateAlerting)
				c.Diverted(VQ, Ext5)
				s.Wait(2 * time.Second)
				c.Leave("I", "", engage.CauseRoute)
				c.State("T", engage.PartyStateConnected)
				there.Pick("A").Hold("A")
				c.EndSites(there, "X", "A").WrapUp(Ext5, Agent3, "Resolved")
			},
		},
		{
			Name: "multi-site-queue-server", Title: "Multi-site inbound, virtual queues on their own SIP Server",
			Description: "The queue's events come from a third server, by ConnID only. An agent of the first site does not answer; the call is queued again and goes to an agent of the second site.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR()
				c.queue = LinkQueue2
				c.Anonymous(engage.MsgEventQueued, VQ, "")
				s.Wait(3 * time.Second)
				c.Join("A", Ext1, engage.PartyStateAlerting)
				c.Anonymous(engage.MsgEventDiverted, VQ, Ext1)
				s.Wait(2 * time.Second)
				c.Leave("A", "", engage.CauseNoAnswer)
				c.Anonymous(engage.MsgEventQueued, VQ, "")
				s.Wait(time.Second)
				c.routed(n).WrapUp(Ext5, Agent3, "Resolved")
			},
		},
		{
			Name: "multi-site-two-layers", Title: "IVR and agents on different SIP Servers, virtual queues on a third",
			Description: "The guide's two layers: the first SIP Server has routing points only, the second one extensions only.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR()
				c.queue = LinkQueue2
				c.Anonymous(engage.MsgEventQueued, VQ, "")
				s.Wait(3 * time.Second)
				c.routed(n).WrapUp(Ext5, Agent3, "Resolved")
			},
		},
		{
			Name: "multi-site-link-later", Title: "Multi-site inbound, the IS-Link is reported later",
			Description: "The link is reported by EventCallDataChanged after the agent's phone rings, and the second switch calls the call internal.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue()
				c.Join("T", "T_SITE_B", engage.PartyStateAlerting)
				there := s.newCall(further(n, 1), engage.CallTypeInternal)
				there.link, there.ANI = LinkCall2, c.ANI
				there.Created(nil)
				there.Join("T", c.ANI, engage.PartyStateConnected)
				there.Join("A", Ext5, engage.PartyStateAlerting)
				c.Linked("0000000000000000000000000000000" + c.UUID[len(c.UUID)-1:])
				there.Linked("0000000000000000000000000000000" + c.UUID[len(c.UUID)-1:])
				c.Diverted(VQ, Ext5)
				s.Wait(2 * time.Second)
				c.Leave("I", "", engage.CauseRoute)
				there.Pick("A")
				c.EndSites(there, "A", "X").WrapUp(Ext5, Agent3, "Resolved")
			},
		},
		{
			Name: "multi-site-path-left", Title: "Multi-site inbound, the first site leaves the path",
			Description: "The first switch takes itself out of the call; the caller is then only in the second one.",
			Play: func(s *Site, n int) {
				c := s.Inbound(n).IVR().Queue()
				there := c.ToSite(n, 1, engage.CallTypeInbound)
				there.Join("A", Ext5, engage.PartyStateAlerting)
				c.Diverted(VQ, Ext5)
				s.Wait(time.Second)
				c.Leave("I", "", engage.CauseRoute)
				there.Pick("A")
				c.Leave("T", "", engage.CauseRedirect)
				c.Leave("X", "", engage.CauseRedirect)
				c.Gone(nil)
				s.Wait(10 * time.Second)
				there.HangUp("A", "T").WrapUp(Ext5, Agent3, "Resolved")
			},
		},
		{
			Name: "multi-site-transfer", Title: "Blind transfer to another site",
			Description: "The agent transfers the caller in a single step to an agent of the second site.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				c.Leave("A", Ext1, engage.CauseOneStepTransfer)
				there := c.ToSite(n, 1, engage.CallTypeInbound)
				there.Join("B", Ext5, engage.PartyStateAlerting)
				s.Wait(2 * time.Second)
				there.Pick("B").Meanwhile(Ext1, Agent1, "Resolved")
				c.EndSites(there, "X", "B").WrapUp(Ext5, Agent3, "Resolved")
			},
		},
		{
			Name: "multi-site-consult-transfer", Title: "Consult transfer to another site",
			Description: "The consultation goes to the second site; the IS-Link stays with the consultation call and moves to the main call with the merge.",
			Play: func(s *Site, n int) {
				c := s.Talk(n)
				k := c.Consult(n, 1, "A")
				there := k.ToSite(n, 2, engage.CallTypeInbound)
				there.Join("B", Ext5, engage.PartyStateAlerting)
				s.Wait(time.Second)
				there.Pick("B")
				c.Complete(k, "A", "T").Meanwhile(Ext1, Agent1, "Resolved")
				c.EndSites(there, "X", "B").WrapUp(Ext5, Agent3, "Resolved")
			},
		},
	}
}

// routed lets a queue of the server of virtual queues send the call to the agent of the second site,
// who talks and hangs up.
func (c *Call) routed(n int) *Call {
	there := c.ToSite(n, 1, engage.CallTypeInbound)
	there.Join("A", Ext5, engage.PartyStateAlerting)
	c.Anonymous(engage.MsgEventDiverted, VQ, Ext5)
	c.s.Wait(2 * time.Second)
	c.Leave("I", "", engage.CauseRoute)
	c.State("T", engage.PartyStateConnected)
	there.Pick("A")
	return c.EndSites(there, "A", "X")
}

// Linked reports an IS-Link of a call.
func (c *Call) Linked(link string) {
	c.s.Send(c.link, engage.MsgEventCallDataChanged, engage.Attributes{"CallUUID": c.UUID, "ISLinkList": []any{link}})
}

// EndSites ends a call of two sites; first hangs up, the caller X here or the agent there.
func (c *Call) EndSites(there *Call, first, second string) *Call {
	if first == "X" {
		c.Leave("X", c.ANI, engage.CauseEmpty)
		c.Leave("T", c.ANI, engage.CauseEmpty)
		c.Gone(nil)
		there.HangUp("T", second)
		return there
	}
	by := there.dnOf(first)
	there.HangUp(first, "T")
	c.Leave("T", by, engage.CauseEmpty)
	c.Leave("X", by, engage.CauseEmpty)
	c.Gone(nil)
	return there
}
