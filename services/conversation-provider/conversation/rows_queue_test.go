package conversation_test

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// IVR, queue and ringing.
//
// ledger: E-EXCP-041, E-EXCP-042, E-EXCP-043, E-EXCP-081, E-EXCP-084
func queueCases() map[string]rowCase {
	toAgent := []exevents.EventType{exevents.UserTransfer, exevents.UserEstablished, progress}
	toRouting := []exevents.EventType{exevents.PhoneTransfer, ended, exevents.IVREstablished, progress, finish}
	newLeg := []exevents.EventType{exevents.RoutingTransfer, exevents.RoutingEstablished, progress, ended, finish}
	return map[string]rowCase{
		"ivr/queue-not-mapped":    {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Queued("VQ_Other") }, stage: conversation.StageIVR},
		"ivr/queue":               {play: func(s *feedtest.Site) { inQueue(s) }, want: newLeg, stage: conversation.StageQueue},
		"ivr/queue-awaited":       {play: func(s *feedtest.Site) { s.Inbound(1).IVR().HangUpWith("") }, late: "vq"},
		"ivr/abandoned":           {play: func(s *feedtest.Site) { s.Inbound(1).IVR().HangUpWith("") }, want: []exevents.EventType{ended, ended}, stage: conversation.StageOver},
		"ivr/agent-without-queue": {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Ring2("A", feedtest.Ext1) }, want: toAgent, stage: conversation.StageRinging},
		"queue/not-mapped":        {play: func(s *feedtest.Site) { inQueue(s).Queued("VQ_Other") }, stage: conversation.StageQueue},
		"queue/requeued":          {play: func(s *feedtest.Site) { c := inQueue(s); c.Diverted(feedtest.VQ, ""); c.Queued(feedtest.VQ) }, stage: conversation.StageQueue},
		"queue/call-link-awaited": {play: func(s *feedtest.Site) { c := inQueue(s); c.Diverted(feedtest.VQ, ""); c.Queued(feedtest.VQ2) }, late: "agent"},
		"queue/other-queue":       {play: func(s *feedtest.Site) { c := inQueue(s); c.Diverted(feedtest.VQ, ""); c.Queued(feedtest.VQ2) }, want: newLeg, stage: conversation.StageQueue},
		"queue/parallel-queue":    {play: func(s *feedtest.Site) { inQueue(s).Queued(feedtest.VQ2) }, stage: conversation.StageQueue},
		"queue/requeue-awaited": {play: func(s *feedtest.Site) {
			c := inQueue(s).Ring("A", feedtest.Ext1)
			c.Leave("A", "", engage.CauseNoAnswer)
			c.Ring2("B", feedtest.Ext2)
		}, late: "none"},
		"queue/attempt-awaited":     {play: func(s *feedtest.Site) { inQueue(s) }, late: "none", fact: "late ring"},
		"queue/attempt-over":        {play: func(s *feedtest.Site) { inQueue(s) }, stage: conversation.StageQueue, fact: "late attempt"},
		"queue/login-awaited":       {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1) }, late: "agent"},
		"queue/nobody-logged-in":    {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext3) }, stage: conversation.StageSuspended, reason: conversation.ReasonNobodyLoggedIn},
		"queue/agent-out-of-scope":  {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext4) }, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"queue/agent":               {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1) }, want: toAgent, stage: conversation.StageRinging},
		"queue/abandoned":           {play: func(s *feedtest.Site) { inQueue(s).HangUpWith(feedtest.VQ) }, want: []exevents.EventType{ended, ended}, stage: conversation.StageOver},
		"ringing/call-link-awaited": {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1).Queued(feedtest.VQ2) }, late: "none"},
		"ringing/answered":          {play: func(s *feedtest.Site) { talking(s) }, want: []exevents.EventType{exevents.CommunicationAnswered, ended, finish}, stage: conversation.StageTalking},
		"ringing/not-answered":      {play: flow("no-answer"), want: []exevents.EventType{ended, finish}, stage: conversation.StageQueue},
		"ringing/abandoned":         {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1).HangUpWith("") }, want: []exevents.EventType{finish, ended, ended, ended}, stage: conversation.StageOver},
		"site/behind": {play: func(s *feedtest.Site) {
			c := inQueue(s)
			other := s.Call(2, engage.CallTypeInbound)
			c.Linked(link)
			other.Linked(link)
			c.Leave("X", c.ANI, 0)
			c.Diverted(feedtest.VQ, "")
		}, late: "agent"},
		"site/awaited": {play: func(s *feedtest.Site) {
			c := inQueue(s)
			c.Linked(link)
			c.Leave("X", c.ANI, 0)
			c.Diverted(feedtest.VQ, "")
		}, late: "agent"},
		"ivr/overflow": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).IVR()
			c.Leave("X", "", engage.CauseForward)
			c.Queued("VQ_Other")
		}, want: []exevents.EventType{ended, ended}, stage: conversation.StageSuspended, reason: conversation.ReasonOverflow},
		"queue/second-call": {play: flow("second-call"), stage: conversation.StageSuspended, reason: conversation.ReasonSecondCall},
		"queue/winner-awaited": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).IVR()
			c.Queued(feedtest.VQ)
			c.Queued(feedtest.VQ2)
			c.Ring2("A", feedtest.Ext1)
		}, late: "none"},
		"queue/won-by-other":      {play: flow("two-queues-second-wins"), want: []exevents.EventType{exevents.RoutingTransfer, exevents.RoutingEstablished, progress, ended, finish, exevents.UserTransfer, exevents.UserEstablished, progress}, stage: conversation.StageRinging},
		"queue/overflow":          {play: flow("overflow"), want: []exevents.EventType{ended, ended}, stage: conversation.StageSuspended, reason: conversation.ReasonOverflow},
		"ringing/former-left":     {play: flow("blind-ringing-first"), want: []exevents.EventType{ended}, stage: conversation.StageRinging},
		"ringing/transfer-failed": {play: flow("blind-no-answer"), want: []exevents.EventType{ended, finish}, stage: conversation.StageTransfer},
		"ivr/login-awaited":       {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Ring("A", feedtest.Ext1) }, late: "agent"},
		"ivr/nobody-logged-in":    {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Ring2("A", feedtest.Ext3) }, stage: conversation.StageSuspended, reason: conversation.ReasonNobodyLoggedIn},
		"ivr/agent-out-of-scope":  {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Ring2("A", feedtest.Ext4) }, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"ivr/second-call": {play: func(s *feedtest.Site) {
			s.Inbound(2).IVR().Queue().Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1)
			s.Inbound(1).IVR().Ring2("A", feedtest.Ext1)
		}, stage: conversation.StageSuspended, reason: conversation.ReasonSecondCall},
		"ivr/site-awaited": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).IVR().Ring2("Z", feedtest.Outside)
			c.Queued("VQ_Other")
		}, late: "agent"},
		"ivr/outside": {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Ring2("Z", feedtest.Outside) }, want: []exevents.EventType{exevents.PhoneTransfer, exevents.PhoneEstablished, progress}, stage: conversation.StageRinging},
		"queue/again-after-nothing": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).Queue()
			c.Diverted(feedtest.VQ, "")
			s.Wait(time.Minute)
			c.Data("x", "y")
			c.Queued(feedtest.VQ)
		}, want: []exevents.EventType{exevents.RoutingTransfer, ended, exevents.RoutingEstablished, progress, finish}, stage: conversation.StageQueue},
		"queue/end-awaited": {play: func(s *feedtest.Site) { inQueue(s).Diverted(feedtest.VQ, "") }, late: "none"},
		"queue/other-goes-on": {play: func(s *feedtest.Site) {
			c := inQueue(s)
			c.Queued(feedtest.VQ2)
			c.Diverted(feedtest.VQ, "")
			s.Wait(time.Minute)
			c.Diverted(feedtest.VQ2, "")
		}, want: newLeg, stage: conversation.StageQueue},
		"queue/back-to-ivr": {play: func(s *feedtest.Site) { inQueue(s).Diverted(feedtest.VQ, "") }, want: toRouting, stage: conversation.StageIVR},
		"queue/to-ivr": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).Queue()
			c.Diverted(feedtest.VQ, "")
			s.Wait(time.Minute)
			c.Join("I", feedtest.RP, engage.PartyStateTreatment)
		}, want: []exevents.EventType{exevents.PhoneTransfer, ended, exevents.IVREstablished, progress, finish}, stage: conversation.StageIVR},
		"queue/nowhere":      {play: func(s *feedtest.Site) { s.Inbound(1).Queue().Diverted(feedtest.VQ, "") }, stage: conversation.StageQueue},
		"queue/site-awaited": {play: func(s *feedtest.Site) { inQueue(s).Ring2("Z", "77777").Diverted(feedtest.VQ, "") }, late: "agent"},
		"queue/outside":      {play: func(s *feedtest.Site) { inQueue(s).Ring2("Z", feedtest.Outside) }, want: []exevents.EventType{exevents.PhoneTransfer, exevents.PhoneEstablished, progress}, stage: conversation.StageRinging},
		"ringing/next-awaited": {play: func(s *feedtest.Site) {
			inQueue(s).Ring("A", feedtest.Ext1).Leave("A", "", engage.CauseNoAnswer)
		}, late: "none"},
		"ringing/not-answered-ivr": {play: func(s *feedtest.Site) {
			inQueue(s).Ring("A", feedtest.Ext1).Leave("A", "", engage.CauseNoAnswer)
		}, want: append([]exevents.EventType{ended, finish}, toRouting...), stage: conversation.StageIVR},
		"ringing/not-answered-default": {play: func(s *feedtest.Site) {
			s.Inbound(1).IVR().Ring2("A", feedtest.Ext1).Leave("A", "", engage.CauseNoAnswer)
		}, want: []exevents.EventType{ended, finish}, stage: conversation.StageIVR},
	}
}

// Somebody else takes the call that rings at a phone.
//
// ledger: E-EXCP-048
func pickupCases() map[string]rowCase {
	pickup := func(dn string) func(*feedtest.Site) {
		return func(s *feedtest.Site) {
			c := inQueue(s).Ring("A", feedtest.Ext1)
			c.Join("B", dn, engage.PartyStateConnected)
			c.Leave("A", "", engage.CauseRedirect)
		}
	}
	return map[string]rowCase{
		"pickup/awaited": {play: func(s *feedtest.Site) {
			inQueue(s).Ring("A", feedtest.Ext1).Join("B", feedtest.Ext2, engage.PartyStateConnected)
		}, late: "none"},
		"pickup/login-awaited":      {play: pickup(feedtest.Ext3), late: "none"},
		"pickup/nobody-logged-in":   {play: pickup(feedtest.Ext3), want: []exevents.EventType{finish}, stage: conversation.StageSuspended, reason: conversation.ReasonNobodyLoggedIn},
		"pickup/agent-out-of-scope": {play: pickup(feedtest.Ext4), want: []exevents.EventType{finish}, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"pickup/second-call": {play: func(s *feedtest.Site) {
			s.Inbound(2).IVR().Queue().Ring("B", feedtest.Ext2).Answer("B", feedtest.Ext2)
			pickup(feedtest.Ext2)(s)
		}, want: []exevents.EventType{finish}, stage: conversation.StageSuspended, reason: conversation.ReasonSecondCall},
		"pickup/taken": {
			play: pickup(feedtest.Ext2), stage: conversation.StageRinging,
			want: []exevents.EventType{ended, finish, exevents.UserTransfer, exevents.UserEstablished, progress},
		},
		"pickup/taken-outside": {
			play: pickup(feedtest.Outside), stage: conversation.StageRinging,
			want: []exevents.EventType{ended, finish, exevents.PhoneTransfer, exevents.PhoneEstablished, progress},
		},
		"pickup/rings-too": {play: func(s *feedtest.Site) {
			inQueue(s).Ring("A", feedtest.Ext1).Ring2("B", feedtest.Ext2)
		}, stage: conversation.StageRinging},
	}
}
