package conversation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// Talking, parting and blind transfers.
//
// ledger: E-EXCP-028, E-EXCP-029, E-EXCP-048
func talkingCases() map[string]rowCase {
	return map[string]rowCase{
		"talking/held":      {play: func(s *feedtest.Site) { talking(s).Hold("A") }, want: []exevents.EventType{exevents.HoldUpdated}, stage: conversation.StageTalking},
		"talking/retrieved": {play: func(s *feedtest.Site) { talking(s).Hold("A") }, want: []exevents.EventType{exevents.HoldUpdated}, stage: conversation.StageTalking},
		"transfer/late-queue": {play: func(s *feedtest.Site) {
			talking(s).Single("A", "B", feedtest.Ext2).Leave("B", "", engage.CauseNoAnswer)
		}, fact: "late queue", stage: conversation.StageTransfer},
		"talking/party-left": {play: func(s *feedtest.Site) { talking(s).HangUp("A", "X") }, want: []exevents.EventType{ended}, stage: conversation.StageParting},
		"talking/ended":      {play: func(s *feedtest.Site) { talking(s).Deleted() }, want: []exevents.EventType{ended, ended}, stage: conversation.StageOver},
		"talking/late-queue": {play: func(s *feedtest.Site) { talking(s) }, fact: "late queue", stage: conversation.StageTalking},
		"parting/party-left": {play: func(s *feedtest.Site) { talking(s).HangUp("X", "A") }, want: []exevents.EventType{ended}, stage: conversation.StageOver},
		"parting/late-queue": {play: func(s *feedtest.Site) { c := talking(s); c.Leave("X", c.ANI, 0) }, stage: conversation.StageParting, fact: "late queue"},
		"parting/went-on": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Leave("A", feedtest.Ext1, 0)
			s.Wait(5 * time.Second)
			c.Ring2("B", feedtest.Ext2)
		}, stage: conversation.StageSuspended, reason: conversation.ReasonWentOn},
		"talking/next-awaited": {play: func(s *feedtest.Site) { c := talking(s); c.Leave("A", "", 0) }, late: "none"},
		"talking/handed-on":    {play: flow("blind-to-agent"), stage: conversation.StageTransfer},
		"talking/queue-after-ivr-awaited": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Leave("A", "", 0)
			c.Join("R", feedtest.RP, engage.PartyStateRouting)
		}, late: "none"},
		"talking/to-ivr":              {play: flow("blind-to-ivr"), want: []exevents.EventType{exevents.PhoneTransfer, ended, exevents.IVREstablished, progress, finish}, stage: conversation.StageIVR},
		"transfer/queue-not-mapped":   {play: func(s *feedtest.Site) { c := talking(s); c.Queued("VQ_Other"); c.Data("x", "y") }, stage: conversation.StageTalking},
		"transfer/newcomer-awaited":   {play: func(s *feedtest.Site) { talking(s).Ring2("B", feedtest.Ext2) }, late: "none"},
		"transfer/site-awaited":       {play: func(s *feedtest.Site) { talking(s).Single("A", "Z", feedtest.Outside) }, late: "none"},
		"transfer/login-awaited":      {play: func(s *feedtest.Site) { c := talking(s); c.Single("A", "B", feedtest.Ext3) }, late: "none"},
		"transfer/nobody-logged-in":   {play: func(s *feedtest.Site) { talking(s).Single("A", "B", feedtest.Ext3) }, stage: conversation.StageSuspended, reason: conversation.ReasonNobodyLoggedIn},
		"transfer/agent-out-of-scope": {play: flow("transfer-out-of-scope"), stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"transfer/second-call": {play: func(s *feedtest.Site) {
			c := talking(s)
			s.Inbound(2).IVR().Queue().Ring("B", feedtest.Ext2).Answer("B", feedtest.Ext2)
			c.Single("A", "B", feedtest.Ext2)
		}, stage: conversation.StageSuspended, reason: conversation.ReasonSecondCall},
		"transfer-early/second-call": {play: func(s *feedtest.Site) {
			c := talking(s)
			s.Inbound(2).IVR().Queue().Ring("B", feedtest.Ext2).Answer("B", feedtest.Ext2)
			c.Join("B", feedtest.Ext2, engage.PartyStateAlerting)
			c.Leave("A", "", 0)
		}, stage: conversation.StageSuspended, reason: conversation.ReasonSecondCall},
		"transfer-early/login-awaited": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Join("B", feedtest.Ext3, engage.PartyStateAlerting)
			c.Leave("A", "", 0)
		}, late: "none"},
		"transfer-early/nobody-logged-in": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Join("B", feedtest.Ext3, engage.PartyStateAlerting)
			c.Leave("A", "", 0)
		}, stage: conversation.StageSuspended, reason: conversation.ReasonNobodyLoggedIn},
		"transfer-early/agent-out-of-scope": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Join("B", feedtest.Ext4, engage.PartyStateAlerting)
			c.Leave("A", "", 0)
		}, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"transfer/ringing-before-leaving": {play: flow("blind-ringing-first"), want: []exevents.EventType{exevents.UserTransfer, exevents.UserEstablished, progress}, stage: conversation.StageRinging},
		"transfer/dialing-before-leaving": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Join("Z", feedtest.Outside, engage.PartyStateAlerting)
			c.Leave("A", "", 0)
		}, want: []exevents.EventType{exevents.PhoneTransfer, exevents.PhoneEstablished, progress}, stage: conversation.StageRinging},
		"transfer/queued-before-leaving": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Queued(feedtest.VQ2)
			c.Leave("A", "", 0)
			c.Join("R", feedtest.RP, engage.PartyStateRouting)
		}, want: []exevents.EventType{exevents.RoutingTransfer, exevents.RoutingEstablished, progress, ended, finish}, stage: conversation.StageQueue},
		"transfer/routed-before-leaving": {play: func(s *feedtest.Site) {
			c := talking(s)
			c.Join("R", feedtest.RP, engage.PartyStateRouting)
			c.Leave("A", "", 0)
		}, stage: conversation.StageTalking},
		"transfer/agent":         {play: flow("blind-to-agent"), want: []exevents.EventType{exevents.UserTransfer, ended, exevents.UserEstablished, progress}, stage: conversation.StageRinging},
		"transfer/outside":       {play: flow("blind-to-outside"), want: []exevents.EventType{exevents.PhoneTransfer, ended, exevents.PhoneEstablished, progress}, stage: conversation.StageRinging},
		"transfer/queue":         {play: flow("blind-to-queue"), want: []exevents.EventType{exevents.RoutingTransfer, ended, exevents.RoutingEstablished, progress, finish}, stage: conversation.StageQueue},
		"transfer/routing-point": {play: flow("blind-to-queue"), stage: conversation.StageTransfer},
		"transfer/ivr-awaited": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).Ring2("A", feedtest.Ext1)
			c.Queued("VQ_Other")
			c.Leave("A", "", engage.CauseNoAnswer)
			c.Join("I", feedtest.RP, engage.PartyStateTreatment)
		}, late: "none"},
		"transfer/ivr": {play: func(s *feedtest.Site) {
			c := s.Inbound(1).Ring2("A", feedtest.Ext1)
			c.Leave("A", "", engage.CauseNoAnswer)
			c.Join("I", feedtest.RP, engage.PartyStateTreatment)
		}, want: []exevents.EventType{exevents.IVREstablished}, stage: conversation.StageIVR},
		"talking/invitation": {play: func(s *feedtest.Site) { talking(s).Ring2("B", feedtest.Ext2) }, stage: conversation.StageTalking},
		"talking/beside":     {play: func(s *feedtest.Site) { talking(s).Join("R", feedtest.RP, engage.PartyStateRouting) }, stage: conversation.StageTalking},
		"transfer/overflow": {play: func(s *feedtest.Site) {
			c := talking(s).Single("A", "B", feedtest.Ext2)
			c.Leave("B", "", engage.CauseNoAnswer)
			c.Leave("X", "", engage.CauseForward)
		}, want: []exevents.EventType{ended}, stage: conversation.StageSuspended, reason: conversation.ReasonOverflow},
		"transfer/abandoned": {play: func(s *feedtest.Site) {
			c := talking(s).Single("A", "B", feedtest.Ext2)
			c.Leave("B", "", engage.CauseNoAnswer)
			c.Leave("X", "", 0)
		}, want: []exevents.EventType{ended}, stage: conversation.StageOver},
	}
}

// Whoever answers beside a talk, or takes a call that rings, is told as what they are: no event goes
// without the field that the org requires of it.
func TestWhoeverTakesACallIsToldAsWhatTheyAre(t *testing.T) {
	takes := map[string]struct {
		dn     string
		want   exevents.EventType
		reason conversation.Reason
	}{
		"an agent":              {feedtest.Ext2, exevents.UserEstablished, ""},
		"an outside number":     {feedtest.Outside, exevents.PhoneEstablished, ""},
		"a withheld number":     {"", exevents.PhoneEstablished, ""},
		"a DN of nobody":        {feedtest.Ext3, "", conversation.ReasonNobodyLoggedIn},
		"an agent out of scope": {feedtest.Ext4, "", conversation.ReasonOutOfScope},
		"an agent on the phone": {feedtest.Ext6, "", conversation.ReasonSecondCall},
	}
	joins := map[string]func(c *feedtest.Call, dn string){
		"answers at once": func(c *feedtest.Call, dn string) { c.Join("B", dn, engage.PartyStateConnected) },
		"rings first": func(c *feedtest.Call, dn string) {
			c.Ring2("B", dn)
			c.State("B", engage.PartyStateConnected)
		},
		"only rings": func(c *feedtest.Call, dn string) { c.Join("B", dn, engage.PartyStateAlerting) },
	}
	begins := map[string]func(*feedtest.Site) *feedtest.Call{
		"beside the talk":           talking,
		"while another phone rings": func(s *feedtest.Site) *feedtest.Call { return inQueue(s).Ring("A", feedtest.Ext1) },
		"of a call without queue":   func(s *feedtest.Site) *feedtest.Call { return s.Inbound(1).IVR().Ring2("A", feedtest.Ext1) },
		"of a direct call":          func(s *feedtest.Site) *feedtest.Call { return s.Inbound(1).Ring2("A", feedtest.Ext1) },
	}
	for begin, start := range begins {
		for join, come := range joins {
			for who, c := range takes {
				t.Run(who+" "+join+" "+begin, func(t *testing.T) {
					s := feedtest.New().Logins()
					s.Inbound(2).IVR().Queue().Ring("D", feedtest.Ext6).Answer("D", feedtest.Ext6)
					call := start(s)
					come(call, c.dn)
					call.Leave("A", "", engage.CauseRedirect)
					s.Wait(5 * time.Second)
					r := newRunner().feed(s.Events)
					r.wait(time.Minute)
					require.Equal(t, c.reason, r.convs[call.UUID].Reason, encode(t, r.convs[call.UUID].Trace))
					requireClosed(t, r, s)
					if c.want != "" {
						last := r.convs[call.UUID].Legs[len(r.convs[call.UUID].Legs)-1]
						kinds := map[exevents.EventType]conversation.LegKind{exevents.UserEstablished: conversation.User, exevents.PhoneEstablished: conversation.Phone}
						require.Equal(t, kinds[c.want], last.Kind)
						require.Equal(t, c.dn, last.DN)
					}
				})
			}
		}
	}
}
