package conversation_test

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// dialedBy starts a call that an extension made, and whose customer is reported first.
func dialedBy(s *feedtest.Site, dn string) *feedtest.Call {
	c := s.CallWith(1, engage.CallTypeOutbound, engage.Attributes{"ANI": dn})
	c.Join("X", feedtest.Outside, engage.PartyStateAlerting)
	return c
}

// Before anything is sent: what is ignored, and how a conversation begins.
//
// ledger: E-EXCP-034, E-EXCP-035, E-EXCP-036, E-EXCP-037, E-EXCP-048, E-EXCP-049, E-EXCP-050, E-EXCP-077, E-EXCP-081, E-EXCP-083, E-EXCP-084
func startCases() map[string]rowCase {
	return map[string]rowCase{
		"start/type-unknown": {play: typed(engage.CallTypeUnknown), stage: conversation.StageIgnored, reason: conversation.ReasonUnknownType},
		// ledger: E-EXCP-082
		"start/not-voice": {play: func(s *feedtest.Site) {
			c := s.CallWith(1, engage.CallTypeInbound, engage.Attributes{"MediaType": "Chat"})
			c.Join("X", c.ANI, engage.PartyStateConnected)
		}, stage: conversation.StageIgnored, reason: conversation.ReasonNotVoice},
		"start/type-unknown-yet": {play: typed(engage.CallTypeUnknown), late: "vq"},
		"start/internal":         {play: typed(engage.CallTypeInternal), stage: conversation.StageIgnored, reason: conversation.ReasonInternal},
		"start/consultation":     {play: typed(engage.CallTypeConsult), stage: conversation.StageIgnored, reason: conversation.ReasonConsult},
		"start/caller":           {play: typed(engage.CallTypeInbound), stage: conversation.StageCaller},
		"start/caller-awaited":   {play: func(s *feedtest.Site) { s.Call(1, engage.CallTypeInbound).IVR() }, late: "vq"},
		"start/no-caller":        {play: func(s *feedtest.Site) { s.Call(1, engage.CallTypeInbound).IVR() }, stage: conversation.StageIgnored, reason: conversation.ReasonNoCaller},
		"start/ivr":              {play: func(s *feedtest.Site) { s.Inbound(1).IVR() }, want: []exevents.EventType{exevents.ExternalEstablished, exevents.IVREstablished}, stage: conversation.StageIVR},
		"start/queue-not-mapped": {play: func(s *feedtest.Site) { s.Inbound(1).Queued("VQ_Other") }, stage: conversation.StageCaller},
		"start/ivr-awaited":      {play: func(s *feedtest.Site) { s.Inbound(1).Queue() }, late: "agent"},
		"start/queue":            {play: func(s *feedtest.Site) { s.Inbound(1).Queue() }, want: []exevents.EventType{exevents.ExternalEstablished, exevents.RoutingEstablished}, stage: conversation.StageQueue},
		"start/queue-awaited":    {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("A", feedtest.Ext1) }, late: "vq"},
		"start/passes-outside":   {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("Z", "77777") }, stage: conversation.StageCaller, reason: conversation.ReasonUnknownParty},
		"campaign/answered": {play: func(s *feedtest.Site) {
			c := s.Call(1, engage.CallTypeOutbound)
			c.Join("X", feedtest.Outside, engage.PartyStateAlerting)
			c.Pick("X")
		}, stage: conversation.StageCaller},
		"direct/campaign-agent-rings": {play: func(s *feedtest.Site) {
			c := s.Call(1, engage.CallTypeOutbound)
			c.Join("X", feedtest.Outside, engage.PartyStateConnected)
			c.Join("A", feedtest.Ext1, engage.PartyStateAlerting)
		}, want: []exevents.EventType{exevents.ExternalEstablished, exevents.UserEstablished}, stage: conversation.StageRinging},
		"start/call-link-awaited":      {play: func(s *feedtest.Site) { s.Inbound(1).Participants(feedtest.Ext1, "a", "b", "c") }, late: "vq"},
		"start/conference":             {play: func(s *feedtest.Site) { s.Inbound(1).Participants(feedtest.Ext1, "a", "b", "c") }, stage: conversation.StageIgnored, reason: conversation.ReasonConference},
		"start/supervision":            {play: typed(engage.CallTypeInbound), fact: callmodel.Supervision, stage: conversation.StageIgnored, reason: conversation.ReasonSupervision},
		"start/several-calls":          {play: typed(engage.CallTypeInbound), fact: callmodel.CallJoined, stage: conversation.StageIgnored, reason: conversation.ReasonJoinedCall},
		"start/caller-left":            {play: func(s *feedtest.Site) { s.Inbound(1).HangUpWith("") }, stage: conversation.StageIgnored, reason: conversation.ReasonCallerLeft},
		"start/link-awaited":           {play: func(s *feedtest.Site) { c := s.Inbound(1); c.Linked(link); c.IVR() }, late: "vq"},
		"start/merged":                 {play: flow("asm"), stage: conversation.StageIgnored, reason: conversation.ReasonCampaign},
		"start/internal-awaited":       {play: flow("internal"), late: "vq"},
		"start/consultation-awaited":   {play: typed(engage.CallTypeConsult), late: "vq"},
		"start/link-to-site-awaited":   {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("Z", feedtest.Outside) }, late: "vq"},
		"start/overflow":               {play: func(s *feedtest.Site) { c := s.Inbound(1); c.Leave("X", "", engage.CauseForward) }, stage: conversation.StageIgnored, reason: conversation.ReasonOverflow},
		"outbound/first-party-awaited": {play: func(s *feedtest.Site) { c := s.Call(1, engage.CallTypeOutbound); c.Queued(feedtest.VQ) }, late: "agent"},
		"outbound/queue-first": {play: func(s *feedtest.Site) {
			c := s.Call(1, engage.CallTypeOutbound)
			c.Queued(feedtest.VQ)
			c.Data("x", "y")
		}},
		"outbound/dialer-first": {play: func(s *feedtest.Site) {
			dialedBy(s, feedtest.Ext1).Join("A", feedtest.Ext1, engage.PartyStateConnected)
		}},
		"outbound/dialer-awaited": {play: func(s *feedtest.Site) { dialedBy(s, feedtest.Ext1) }, late: "agent"},
		"start/caller-first": {play: func(s *feedtest.Site) {
			c := s.Call(1, engage.CallTypeInbound)
			c.Join("I", feedtest.RP, engage.PartyStateRouting)
			c.Join("X", c.ANI, engage.PartyStateConnected)
		}},
		"start/queue-first": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).IVR()
			c.Join("A", feedtest.Ext1, engage.PartyStateAlerting)
			c.Queued(feedtest.VQ)
			c.Diverted(feedtest.VQ, feedtest.Ext1)
		}, stage: conversation.StageIVR},
		"outbound/login-awaited": {play: func(s *feedtest.Site) { s.Dial(1) }, late: "agent"},
		"outbound/nobody-logged-in": {play: func(s *feedtest.Site) {
			c := s.Call(1, engage.CallTypeOutbound)
			c.Join("A", feedtest.Ext3, engage.PartyStateConnected)
		}, stage: conversation.StageIgnored, reason: conversation.ReasonNobodyLoggedIn},
		"outbound/agent-out-of-scope": {play: func(s *feedtest.Site) {
			c := s.Call(1, engage.CallTypeOutbound)
			c.Join("A", feedtest.Ext4, engage.PartyStateConnected)
		}, stage: conversation.StageIgnored, reason: conversation.ReasonOutOfScope},
		"outbound/second-call":   {play: func(s *feedtest.Site) { talking(s); s.Dial(2) }, stage: conversation.StageIgnored, reason: conversation.ReasonSecondCall},
		"outbound/agent":         {play: func(s *feedtest.Site) { s.Dial(1) }, stage: conversation.StageDialing},
		"outbound/on-behalf":     {play: flow("outbound-on-behalf"), stage: conversation.StageDialing},
		"outbound/queue-awaited": {play: func(s *feedtest.Site) { s.Dial(1).Called() }, late: "vq"},
		"outbound/connected":     {play: func(s *feedtest.Site) { c := s.Dial(1); c.Join("X", feedtest.Outside, engage.PartyStateConnected) }, want: []exevents.EventType{exevents.UserEstablished, exevents.ExternalEstablished}, stage: conversation.StageTalking},
		"outbound/customer":      {play: flow("outbound"), want: []exevents.EventType{exevents.UserEstablished, exevents.ExternalEstablished}, stage: conversation.StageCalling},
		"outbound/nobody-called": {play: func(s *feedtest.Site) { c := s.Dial(1); c.Leave("A", "", 0) }, stage: conversation.StageIgnored, reason: conversation.ReasonCallerLeft},
		"outbound/answered":      {play: flow("outbound"), want: []exevents.EventType{exevents.CommunicationAnswered}, stage: conversation.StageTalking},
		"outbound/not-answered":  {play: flow("outbound-no-answer"), want: []exevents.EventType{ended}, stage: conversation.StageParting},
		"outbound/ended":         {play: func(s *feedtest.Site) { s.Dial(1).Called().Deleted() }, want: []exevents.EventType{ended, ended}, stage: conversation.StageOver},
		"campaign/ivr":           {play: flow("agentless-campaign"), stage: conversation.StageCaller, reason: conversation.ReasonCampaign},
		"campaign/no-agent":      {play: flow("agentless-campaign"), stage: conversation.StageIgnored, reason: conversation.ReasonCampaign},
		"direct/login-awaited": {play: func(s *feedtest.Site) {
			c := s.Inbound(1)
			c.Ring2("A", feedtest.Ext1)
			c.Diverted(feedtest.VQ, feedtest.Ext1)
		}, late: "agent"},
		"direct/nobody-logged-in":   {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("A", feedtest.Ext3) }, stage: conversation.StageCaller, reason: conversation.ReasonNobodyLoggedIn},
		"direct/agent-out-of-scope": {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("A", feedtest.Ext4) }, stage: conversation.StageCaller, reason: conversation.ReasonOutOfScope},
		"direct/second-call":        {play: func(s *feedtest.Site) { talking(s); s.Wait(time.Second); s.Inbound(2).Ring2("A", feedtest.Ext1) }, stage: conversation.StageIgnored, reason: conversation.ReasonSecondCall},
		"direct/campaign-agent": {play: func(s *feedtest.Site) {
			c := s.Call(1, engage.CallTypeOutbound)
			c.Join("X", feedtest.Outside, engage.PartyStateConnected)
			c.Join("A", feedtest.Ext1, engage.PartyStateConnected)
		}, want: []exevents.EventType{exevents.UserEstablished, exevents.ExternalEstablished}, stage: conversation.StageTalking},
		"direct/not-from-start": {play: func(s *feedtest.Site) { c := s.Inbound(1); c.Join("A", feedtest.Ext1, engage.PartyStateConnected) }, stage: conversation.StageIgnored, reason: conversation.ReasonNotFromStart},
		"direct/agent":          {play: flow("direct-to-agent"), want: []exevents.EventType{exevents.ExternalEstablished, exevents.UserEstablished}, stage: conversation.StageRinging},
	}
}
