package conversation_test

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// Monitoring Suspension Mode.
//
// ledger: E-EXCP-032, E-EXCP-033, E-EXCP-038, E-EXCP-039, E-EXCP-040, E-EXCP-044, E-EXCP-045, E-EXCP-046, E-EXCP-051, E-EXCP-052, E-EXCP-053
func suspensionCases() map[string]rowCase {
	return map[string]rowCase{
		"suspend/call-link-awaited": {play: func(s *feedtest.Site) { talking(s).Participants(feedtest.Ext1, "a", "b", "c") }, late: "none"},
		"suspend/conference":        {play: func(s *feedtest.Site) { talking(s).Participants(feedtest.Ext1, "a", "b", "c") }, stage: conversation.StageSuspended, reason: conversation.ReasonConference},
		"suspend/supervision":       {play: func(s *feedtest.Site) { talking(s) }, fact: callmodel.Supervision, stage: conversation.StageSuspended, reason: conversation.ReasonSupervision},
		"suspend/second-agent":      {play: flow("conference"), stage: conversation.StageSuspended, reason: conversation.ReasonConference},
		"suspend/unknown-party":     {play: func(s *feedtest.Site) { s.Dial(1).Called().Join("Z", "77777", engage.PartyStateAlerting) }, stage: conversation.StageSuspended, reason: conversation.ReasonUnknownParty},
		"suspend/several-calls":     {play: func(s *feedtest.Site) { talking(s) }, fact: callmodel.CallJoined, stage: conversation.StageSuspended, reason: conversation.ReasonJoinedCall},
		"suspend/refused":           {play: func(s *feedtest.Site) { talking(s) }, fact: callmodel.Rejected, stage: conversation.StageSuspended, reason: conversation.ReasonRejected},
		"suspended/queue-awaited": {play: func(s *feedtest.Site) {
			c := inQueue(s)
			c.Participants(feedtest.Ext1, "a", "b", "c")
			s.Wait(time.Millisecond)
			c.Leave("X", c.ANI, 0)
		}, late: "none"},
		"suspended/party-left":  {play: flow("conference"), want: []exevents.EventType{ended}, stage: conversation.StageSuspended, reason: conversation.ReasonConference},
		"suspended/center-left": {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext4) }, want: []exevents.EventType{ended}, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"suspended/ended":       {play: func(s *feedtest.Site) { c := talking(s).Ring2("B", feedtest.Ext2).Pick("B"); c.Deleted() }, want: []exevents.EventType{ended, ended}, stage: conversation.StageSuspended, reason: conversation.ReasonConference},
		"suspend/site-awaited": {play: func(s *feedtest.Site) {
			c := s.Dial(1).Called()
			c.Queued("VQ_Other")
			c.Join("Z", "77777", engage.PartyStateAlerting)
		}, late: "none"},
		"suspend/nested-consultation": {play: flow("nested-consultation"), stage: conversation.StageSuspended, reason: conversation.ReasonNestedConsult},
	}
}
