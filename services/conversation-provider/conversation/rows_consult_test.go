package conversation_test

import (
	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// Consultations and consult transfers.
//
// ledger: E-EXCP-028, E-EXCP-037, E-EXCP-038
func consultCases() map[string]rowCase {
	return map[string]rowCase{
		"consult/began": {play: flow("consult-transfer-agent"), stage: conversation.StageTalking},
		"consult/queue-awaited": {play: func(s *feedtest.Site) {
			k := talking(s).Consult(1, 1, "A")
			k.Join("R", feedtest.RP, engage.PartyStateRouting)
			k.Ring2("B", feedtest.Ext2)
		}, late: "none"},
		"consult/login-awaited":      {play: func(s *feedtest.Site) { talking(s).Consult(1, 1, "A").Ring2("B", feedtest.Ext3) }, late: "none"},
		"consult/nobody-logged-in":   {play: func(s *feedtest.Site) { talking(s).Consult(1, 1, "A").Ring2("B", feedtest.Ext3) }, stage: conversation.StageTalking},
		"consult/agent-out-of-scope": {play: flow("consult-unmapped"), stage: conversation.StageTalking},
		"consult/agent-busy": {play: func(s *feedtest.Site) {
			c := talking(s)
			k := s.Inbound(2).IVR().Queue().Ring("D", feedtest.Ext6).Answer("D", feedtest.Ext6).Consult(2, 1, "D").Ring2("B", feedtest.Ext2)
			k.Pick("B")
			s.Inbound(3).IVR().Queue().Ring("E", feedtest.Ext5).Answer("E", feedtest.Ext5).Consult(3, 1, "E").Ring2("B", feedtest.Ext2)
			c.Consult(1, 1, "A").Ring2("B", feedtest.Ext2)
		}, stage: conversation.StageTalking},
		"consult/agent-from-queue": {play: flow("consult-transfer-queue"), want: []exevents.EventType{exevents.UserTransfer, exevents.UserEstablished, progress}, stage: conversation.StageTalking},
		"consult/agent":            {play: flow("consult-transfer-agent"), want: []exevents.EventType{exevents.UserEstablished}, stage: conversation.StageTalking},
		"consult/site-awaited":     {play: func(s *feedtest.Site) { talking(s).Consult(1, 1, "A").Ring2("Z", feedtest.Outside) }, late: "none"},
		"consult/outside":          {play: flow("consult-transfer-outside"), want: []exevents.EventType{exevents.PhoneEstablished}, stage: conversation.StageTalking},
		"consult/queue-not-mapped": {play: func(s *feedtest.Site) { k := talking(s).Consult(1, 1, "A"); k.Queued("VQ_Other") }, stage: conversation.StageTalking},
		"consult/queue-waits-already": {play: func(s *feedtest.Site) {
			k := talking(s).Consult(1, 1, "A")
			k.Queued(feedtest.VQ2)
			k.Queued(feedtest.VQ)
		}, stage: conversation.StageTalking},
		"consult/queue":    {play: flow("consult-transfer-queue"), want: []exevents.EventType{exevents.RoutingEstablished}, stage: conversation.StageTalking},
		"consult/answered": {play: flow("consult-transfer-agent"), want: []exevents.EventType{exevents.CommunicationAnswered}, stage: conversation.StageTalking},
		"consult/outcome-awaited": {play: func(s *feedtest.Site) {
			k := talking(s).Consult(1, 1, "A").Ring2("B", feedtest.Ext2).Pick("B")
			k.Leave("A2", "", 0)
		}, late: "none"},
		"consult/outcome-queue-awaited": {play: func(s *feedtest.Site) {
			c := talking(s)
			k := c.Consult(1, 1, "A")
			k.Join("R", feedtest.RP, engage.PartyStateRouting)
			c.Complete(k, "A", "R")
		}, late: "none"},
		"consult/conference":          {play: flow("conference-of-consultation"), stage: conversation.StageSuspended, reason: conversation.ReasonConference},
		"consult/transferred-unseen":  {play: flow("consult-transfer-out-of-scope"), want: []exevents.EventType{ended}, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"consult/transferred":         {play: flow("consult-transfer-agent"), want: []exevents.EventType{exevents.ConsultTransfer, exevents.ProgressConsultTransfer, ended, exevents.EndConsultTransfer}, stage: conversation.StageTalking},
		"consult/transferred-ringing": {play: flow("consult-transfer-ringing"), want: []exevents.EventType{exevents.ConsultTransfer, exevents.ProgressConsultTransfer, ended, exevents.EndConsultTransfer}, stage: conversation.StageRinging},
		"consult/transferred-queue":   {play: flow("consult-transfer-waiting"), want: []exevents.EventType{exevents.ConsultTransfer, exevents.ProgressConsultTransfer, ended, exevents.EndConsultTransfer}, stage: conversation.StageQueue},
		"consult/transferred-early": {play: func(s *feedtest.Site) {
			c := talking(s)
			k := c.Consult(1, 1, "A")
			k.Join("R", feedtest.RP, engage.PartyStateRouting)
			c.Complete(k, "A", "R")
		}, stage: conversation.StageTransfer},
		"consult/caller-left": {play: flow("consult-caller-hangs-up"), want: []exevents.EventType{ended, ended}, stage: conversation.StageParting},
		"consult/late": {play: func(s *feedtest.Site) {
			talking(s).Consult(1, 1, "A").Ring2("B", feedtest.Ext2).End("A2", "B")
		}, fact: "late consultation", stage: conversation.StageTalking},
		"consult/not-answered": {play: flow("consult-cancelled"), want: []exevents.EventType{ended}, stage: conversation.StageTalking},
		"consult/ended":        {play: flow("consult-resumed"), want: []exevents.EventType{ended}, stage: conversation.StageTalking},
	}
}
