package conversation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedtest"
)

// rowCase leads to one row of the table.
type rowCase struct {
	play func(s *feedtest.Site)
	late string // this link has not reported when the row is looked for: "call", "vq", "agent"
	// fact is recorded after the events were read.
	fact callmodel.FactKind
	// want are the events of the row, as types.
	want []genesys.EventType
	// stage and reason are those after the row.
	stage  conversation.Stage
	reason conversation.Reason
}

func inQueue(s *feedtest.Site) *feedtest.Call { return s.Inbound(1).IVR().Queue() }

func talking(s *feedtest.Site) *feedtest.Call {
	return inQueue(s).Ring("A", feedtest.Ext1).Answer("A", feedtest.Ext1)
}

func typed(t engage.CallType) func(*feedtest.Site) {
	return func(s *feedtest.Site) {
		c := s.Call(1, t)
		c.Join("X", c.ANI, engage.PartyStateConnected)
	}
}

const (
	ended    = genesys.CommunicationEnded
	progress = genesys.ProgressTransfer
	finish   = genesys.EndTransfer
)

// Each row of the table is reached by a call, sends what it says and leads where it says.
//
// ledger: E-EXCP-029, E-EXCP-032, E-EXCP-033, E-EXCP-034, E-EXCP-035, E-EXCP-036, E-EXCP-038
// ledger: E-EXCP-039, E-EXCP-040, E-EXCP-041, E-EXCP-042, E-EXCP-043, E-EXCP-044, E-EXCP-045, E-EXCP-046
// ledger: E-EXCP-049, E-EXCP-050, E-EXCP-051, E-EXCP-052, E-EXCP-053, E-EXCP-077, E-EXCP-081, E-EXCP-083
func rowCases() map[string]rowCase {
	newLeg := []genesys.EventType{genesys.RoutingTransfer, genesys.RoutingEstablished, progress, ended, finish}
	return map[string]rowCase{
		"start/type-unknown":        {play: typed(engage.CallTypeUnknown), stage: conversation.StageIgnored, reason: conversation.ReasonUnknownType},
		"start/type-unknown-yet":    {play: typed(engage.CallTypeUnknown), late: "vq"},
		"start/internal":            {play: typed(engage.CallTypeInternal), stage: conversation.StageIgnored, reason: conversation.ReasonInternal},
		"start/outbound":            {play: typed(engage.CallTypeOutbound), stage: conversation.StageIgnored, reason: conversation.ReasonOutbound},
		"start/consultation":        {play: typed(engage.CallTypeConsult), stage: conversation.StageIgnored, reason: conversation.ReasonConsult},
		"start/caller":              {play: typed(engage.CallTypeInbound), stage: conversation.StageCaller},
		"start/caller-awaited":      {play: func(s *feedtest.Site) { s.Call(1, engage.CallTypeInbound).IVR() }, late: "vq"},
		"start/no-caller":           {play: func(s *feedtest.Site) { s.Call(1, engage.CallTypeInbound).IVR() }, stage: conversation.StageIgnored, reason: conversation.ReasonNoCaller},
		"start/ivr":                 {play: func(s *feedtest.Site) { s.Inbound(1).IVR() }, want: []genesys.EventType{genesys.ExternalEstablished, genesys.IVREstablished}, stage: conversation.StageIVR},
		"start/queue-not-mapped":    {play: func(s *feedtest.Site) { s.Inbound(1).Queued("VQ_Other") }, stage: conversation.StageCaller},
		"start/ivr-awaited":         {play: func(s *feedtest.Site) { s.Inbound(1).Queue() }, late: "agent"},
		"start/queue":               {play: func(s *feedtest.Site) { s.Inbound(1).Queue() }, want: []genesys.EventType{genesys.ExternalEstablished, genesys.RoutingEstablished}, stage: conversation.StageQueue},
		"start/queue-awaited":       {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("A", feedtest.Ext1) }, late: "vq"},
		"start/agent-without-queue": {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("A", feedtest.Ext1) }, stage: conversation.StageIgnored, reason: conversation.ReasonNoQueue},
		"start/unknown-party":       {play: func(s *feedtest.Site) { s.Inbound(1).Ring2("Z", "77777") }, stage: conversation.StageIgnored, reason: conversation.ReasonUnknownParty},
		"start/call-link-awaited":   {play: func(s *feedtest.Site) { s.Inbound(1).Participants(feedtest.Ext1, "a", "b", "c") }, late: "vq"},
		"start/conference":          {play: func(s *feedtest.Site) { s.Inbound(1).Participants(feedtest.Ext1, "a", "b", "c") }, stage: conversation.StageIgnored, reason: conversation.ReasonConference},
		"start/supervision":         {play: typed(engage.CallTypeInbound), fact: callmodel.Supervision, stage: conversation.StageIgnored, reason: conversation.ReasonSupervision},
		"start/several-calls":       {play: typed(engage.CallTypeInbound), fact: callmodel.CallJoined, stage: conversation.StageIgnored, reason: conversation.ReasonJoinedCall},
		"start/caller-left":         {play: func(s *feedtest.Site) { s.Inbound(1).HangUpWith("") }, stage: conversation.StageIgnored, reason: conversation.ReasonCallerLeft},
		"ivr/queue-not-mapped":      {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Queued("VQ_Other") }, stage: conversation.StageIVR},
		"ivr/queue":                 {play: func(s *feedtest.Site) { inQueue(s) }, want: newLeg, stage: conversation.StageQueue},
		"ivr/queue-awaited":         {play: func(s *feedtest.Site) { s.Inbound(1).IVR().HangUpWith("") }, late: "vq"},
		"ivr/abandoned":             {play: func(s *feedtest.Site) { s.Inbound(1).IVR().HangUpWith("") }, want: []genesys.EventType{ended, ended}, stage: conversation.StageOver},
		"ivr/agent-without-queue":   {play: func(s *feedtest.Site) { s.Inbound(1).IVR().Ring2("A", feedtest.Ext1) }, stage: conversation.StageSuspended, reason: conversation.ReasonNoQueue},
		"queue/not-mapped":          {play: func(s *feedtest.Site) { inQueue(s).Queued("VQ_Other") }, stage: conversation.StageQueue},
		"queue/requeued":            {play: func(s *feedtest.Site) { c := inQueue(s); c.Diverted(feedtest.VQ, ""); c.Queued(feedtest.VQ) }, stage: conversation.StageQueue},
		"queue/call-link-awaited":   {play: func(s *feedtest.Site) { c := inQueue(s); c.Diverted(feedtest.VQ, ""); c.Queued(feedtest.VQ2) }, late: "agent"},
		"queue/other-queue":         {play: func(s *feedtest.Site) { c := inQueue(s); c.Diverted(feedtest.VQ, ""); c.Queued(feedtest.VQ2) }, want: newLeg, stage: conversation.StageQueue},
		"queue/parallel-queue":      {play: func(s *feedtest.Site) { inQueue(s).Queued(feedtest.VQ2) }, stage: conversation.StageQueue},
		"queue/requeue-awaited": {play: func(s *feedtest.Site) {
			c := inQueue(s).Ring("A", feedtest.Ext1)
			c.Leave("A", "", engage.CauseNoAnswer)
			c.Ring2("B", feedtest.Ext2)
		}, late: "none"},
		"queue/login-awaited":       {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1) }, late: "agent"},
		"queue/nobody-logged-in":    {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext3) }, stage: conversation.StageSuspended, reason: conversation.ReasonNobodyLoggedIn},
		"queue/agent-out-of-scope":  {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext4) }, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"queue/agent":               {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1) }, want: []genesys.EventType{genesys.UserTransfer, genesys.UserEstablished, progress}, stage: conversation.StageRinging},
		"queue/abandoned":           {play: func(s *feedtest.Site) { inQueue(s).HangUpWith(feedtest.VQ) }, want: []genesys.EventType{ended, ended}, stage: conversation.StageOver},
		"ringing/call-link-awaited": {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1).Queued(feedtest.VQ2) }, late: "none"},
		"ringing/answered":          {play: func(s *feedtest.Site) { talking(s) }, want: []genesys.EventType{genesys.CommunicationAnswered, ended, finish}, stage: conversation.StageTalking},
		"ringing/not-answered":      {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1).Leave("A", "", engage.CauseNoAnswer) }, want: []genesys.EventType{ended, finish}, stage: conversation.StageQueue},
		"ringing/abandoned":         {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext1).HangUpWith("") }, want: []genesys.EventType{finish, ended, ended, ended}, stage: conversation.StageOver},
		"talking/held":              {play: func(s *feedtest.Site) { talking(s).Hold("A") }, want: []genesys.EventType{genesys.HoldUpdated}, stage: conversation.StageTalking},
		"talking/retrieved":         {play: func(s *feedtest.Site) { talking(s).Hold("A") }, want: []genesys.EventType{genesys.HoldUpdated}, stage: conversation.StageTalking},
		"talking/party-left":        {play: func(s *feedtest.Site) { talking(s).HangUp("A", "X") }, want: []genesys.EventType{ended}, stage: conversation.StageParting},
		"talking/ended":             {play: func(s *feedtest.Site) { talking(s).Deleted() }, want: []genesys.EventType{ended, ended}, stage: conversation.StageOver},
		"talking/late-queue":        {play: func(s *feedtest.Site) { talking(s) }, fact: "late queue", stage: conversation.StageTalking},
		"talking/queue":             {play: func(s *feedtest.Site) { c := talking(s); c.Queued(feedtest.VQ2); c.Data("x", "y") }, stage: conversation.StageSuspended, reason: conversation.ReasonMoreParties},
		"parting/party-left":        {play: func(s *feedtest.Site) { talking(s).HangUp("X", "A") }, want: []genesys.EventType{ended}, stage: conversation.StageOver},
		"parting/late-queue":        {play: func(s *feedtest.Site) { talking(s).Leave("A", "", 0) }, fact: "late queue", stage: conversation.StageParting},
		"parting/went-on":           {play: func(s *feedtest.Site) { c := talking(s); c.Leave("A", feedtest.Ext1, 0); c.Ring2("B", feedtest.Ext2) }, stage: conversation.StageSuspended, reason: conversation.ReasonWentOn},
		"suspend/call-link-awaited": {play: func(s *feedtest.Site) { talking(s).Participants(feedtest.Ext1, "a", "b", "c") }, late: "none"},
		"suspend/conference":        {play: func(s *feedtest.Site) { talking(s).Participants(feedtest.Ext1, "a", "b", "c") }, stage: conversation.StageSuspended, reason: conversation.ReasonConference},
		"suspend/supervision":       {play: func(s *feedtest.Site) { talking(s) }, fact: callmodel.Supervision, stage: conversation.StageSuspended, reason: conversation.ReasonSupervision},
		"suspend/second-agent":      {play: func(s *feedtest.Site) { talking(s).Ring2("B", feedtest.Ext2) }, stage: conversation.StageSuspended, reason: conversation.ReasonMoreParties},
		"suspend/routing-point":     {play: func(s *feedtest.Site) { talking(s).Join("I2", feedtest.RP, engage.PartyStateRouting) }, stage: conversation.StageSuspended, reason: conversation.ReasonMoreParties},
		"suspend/unknown-party":     {play: func(s *feedtest.Site) { talking(s).Ring2("Z", "77777") }, stage: conversation.StageSuspended, reason: conversation.ReasonUnknownParty},
		"suspend/several-calls":     {play: func(s *feedtest.Site) { talking(s) }, fact: callmodel.CallJoined, stage: conversation.StageSuspended, reason: conversation.ReasonJoinedCall},
		"suspend/refused":           {play: func(s *feedtest.Site) { talking(s) }, fact: callmodel.Rejected, stage: conversation.StageSuspended, reason: conversation.ReasonRejected},
		"suspended/queue-awaited":   {play: func(s *feedtest.Site) { c := inQueue(s); c.Ring2("Z", "77777"); c.Leave("X", c.ANI, 0) }, late: "agent"},
		"suspended/party-left":      {play: func(s *feedtest.Site) { c := talking(s); c.Ring2("B", feedtest.Ext2); c.Leave("A", feedtest.Ext1, 0) }, want: []genesys.EventType{ended}, stage: conversation.StageSuspended, reason: conversation.ReasonMoreParties},
		"suspended/center-left":     {play: func(s *feedtest.Site) { inQueue(s).Ring("A", feedtest.Ext4) }, want: []genesys.EventType{ended}, stage: conversation.StageSuspended, reason: conversation.ReasonOutOfScope},
		"suspended/ended":           {play: func(s *feedtest.Site) { c := talking(s); c.Ring2("B", feedtest.Ext2); c.Deleted() }, want: []genesys.EventType{ended, ended}, stage: conversation.StageSuspended, reason: conversation.ReasonMoreParties},
	}
}

func TestEveryRowHasItsCase(t *testing.T) {
	cases := rowCases()
	for _, row := range conversation.Rows() {
		require.Contains(t, cases, row.ID)
		require.NotEmpty(t, row.From, row.ID)
		require.NotEmpty(t, row.Why, row.ID)
		require.NotEmpty(t, row.Stages, row.ID)
		require.NotEmpty(t, row.On, row.ID)
		if !row.Wait {
			continue
		}
		require.Empty(t, row.Do, row.ID)
		require.Empty(t, row.Next, row.ID)
	}
	require.Len(t, cases, len(conversation.Rows()))
}

func TestRows(t *testing.T) {
	for id, c := range rowCases() {
		t.Run(id, func(t *testing.T) {
			s := feedtest.New().Logins()
			c.play(s)
			r := newRunner()
			if c.late != "" {
				requireWaits(t, r, s, id, c.late)
				return
			}
			r.feed(s.Events)
			if c.fact != "" {
				record(r, s, c.fact)
			}
			r.wait(time.Minute)
			requireRow(t, r.one(t), id, c)
			requireClosed(t, r, s)
		})
	}
}

// requireWaits: without the late link the fact waits for it, but not for ever.
func requireWaits(t *testing.T, r *runner, s *feedtest.Site, id, late string) {
	t.Helper()
	r.feed(slices.DeleteFunc(slices.Clone(s.Events), func(e feedtest.Event) bool { return e.Link == late }))
	conv := r.one(t)
	require.Equal(t, id, conv.Waits)
	r.wait(time.Second)
	require.Equal(t, id, conv.Waits, "the grace time is not over")
	r.wait(2 * time.Second)
	require.NotEqual(t, id, conv.Waits)
	requireClosed(t, r, s)
}

func requireRow(t *testing.T, conv *conversation.Conversation, id string, c rowCase) {
	t.Helper()
	i := slices.IndexFunc(conv.Trace, func(d conversation.Decision) bool { return d.Row == id })
	require.GreaterOrEqual(t, i, 0, encode(t, conv.Trace))
	d := conv.Trace[i]
	require.Equal(t, c.want, d.Events)
	require.Equal(t, c.stage, d.Stage)
	require.Equal(t, c.reason, conv.Reason)
}

// requireClosed: whatever was begun can be ended, well formed.
func requireClosed(t *testing.T, r *runner, s *feedtest.Site) {
	t.Helper()
	for uuid, conv := range r.convs {
		if call := r.book.Call(uuid); !conv.Finished() {
			r.out = append(r.out, r.machine.Abandon(call, conv, s.Now)...)
		}
	}
	for _, events := range byConversation(r.out) {
		requireWellFormed(t, events)
	}
}

// record adds a fact that the simulated site has no message for.
func record(r *runner, s *feedtest.Site, kind callmodel.FactKind) {
	uuid := r.book.Calls()[0]
	f := callmodel.Fact{Kind: kind, At: s.Now, Stream: callmodel.StreamCall}
	if strings.HasPrefix(string(kind), "late") {
		visit := r.book.Call(uuid).Visits[0]
		f.Kind, f.Subject, f.At = callmodel.Queued, visit.Key, visit.Queued
	}
	r.book.Record(uuid, f)
	r.advance(uuid, time.Time{})
}
