package conversation_test

import (
	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// IVR, queue and ringing.
//
// ledger: E-EXCP-041, E-EXCP-042, E-EXCP-043, E-EXCP-081, E-EXCP-084
func queueCases() map[string]rowCase {
	newLeg := []exevents.EventType{exevents.RoutingTransfer, exevents.RoutingEstablished, progress, ended, finish}
	return map[string]rowCase{
		"ivr/queue-not-mapped":    {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Queued("VQ_Other") }, stage: conversation.StageIVR},
		"ivr/queue":               {play: func(s *feedtest.Site) { inQueue(s) }, want: newLeg, stage: conversation.StageQueue},
		"ivr/queue-awaited":       {play: func(s *feedtest.Site) { s.Inbound(1).IVR().HangUpWith("") }, late: "vq"},
		"ivr/abandoned":           {play: func(s *feedtest.Site) { s.Inbound(1).IVR().HangUpWith("") }, want: []exevents.EventType{ended, ended}, stage: conversation.StageOver},
		"ivr/agent-without-queue": {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Ring2("A", feedtest.Ext1) }, stage: conversation.StageSuspended, reason: conversation.ReasonNoQueue},
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
		"queue/agent":               {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1) }, want: []exevents.EventType{exevents.UserTransfer, exevents.UserEstablished, progress}, stage: conversation.StageRinging},
		"queue/abandoned":           {play: func(s *feedtest.Site) { inQueue(s).HangUpWith(feedtest.VQ) }, want: []exevents.EventType{ended, ended}, stage: conversation.StageOver},
		"ringing/call-link-awaited": {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1).Queued(feedtest.VQ2) }, late: "none"},
		"ringing/answered":          {play: func(s *feedtest.Site) { talking(s) }, want: []exevents.EventType{exevents.CommunicationAnswered, ended, finish}, stage: conversation.StageTalking},
		"ringing/not-answered":      {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1).Leave("A", "", engage.CauseNoAnswer) }, want: []exevents.EventType{ended, finish}, stage: conversation.StageQueue},
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
	}
}
