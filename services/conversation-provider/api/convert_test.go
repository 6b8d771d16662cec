package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"engage.connector/pkg/access"
	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/pipeline"
	v1 "engage.connector/proto/conversationprovider/v1"
	"engage.connector/services/conversation-provider/api"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/feedtest"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/services/conversation-provider/segments"
)

// center is a model that was fed, and the state that it wants stored.
type center struct {
	t     *testing.T
	model *model.Model
	state map[string][]byte
}

type speech struct{}

func (speech) Options() segments.Options {
	return segments.Options{Enabled: true, LanguageKey: "language_code"}
}
func (speech) Settings() segments.Settings { return segments.Settings{} }

func newCenter(t *testing.T) *center {
	t.Helper()
	c := &center{t: t, state: map[string][]byte{}, model: model.New(model.Options{
		Tenant: "101", Directory: feedtest.Directory{}, Recordings: speech{},
	})}
	c.keep(c.model.Tick(feedtest.New().Now, pipeline.Progress{})) // the clock stands
	return c
}

func (c *center) keep(e pipeline.Effects, err error) {
	require.NoError(c.t, err)
	maps.Copy(c.state, e.State)
	maps.DeleteFunc(c.state, func(_ string, value []byte) bool { return value == nil })
}

// feed reads events in the order given.
func (c *center) feed(events ...feedtest.Event) *center {
	for _, e := range events {
		line, err := engage.Encode(e.Event)
		require.NoError(c.t, err)
		var decoded engage.Event
		require.NoError(c.t, json.Unmarshal(line, &decoded))
		c.keep(c.model.Apply([]engage.Event{decoded}))
	}
	return c
}

func (c *center) settle(now time.Time) *center {
	for i := range 20 {
		c.keep(c.model.Tick(now.Add(time.Duration(i)*30*time.Second), pipeline.Progress{UpTo: now.Add(time.Duration(i) * 30 * time.Second)}))
	}
	return c
}

func (c *center) LoadStateKeys(_ context.Context, keys ...string) (map[string][]byte, error) {
	found := map[string][]byte{}
	for _, key := range keys {
		if value, ok := c.state[key]; ok {
			found[key] = value
		}
	}
	return found, nil
}

// ask asks the writer and a standby, which must say the same.
func (c *center) ask(uuid string) *v1.Interaction {
	var answers []*v1.Interaction
	for _, writing := range []bool{true, false} {
		service := api.New(api.Options{
			Calls: c.model, State: c, Writing: func() bool { return writing }, Logger: slog.New(slog.DiscardHandler),
		})
		answer, err := service.GetInteraction(access.With(c.t.Context(), access.Identity{Roles: access.Roles()}), &v1.GetInteractionRequest{CallUuid: uuid})
		require.NoError(c.t, err)
		answers = append(answers, answer.GetInteraction())
	}
	require.True(c.t, proto.Equal(answers[0], answers[1]), uuid)
	return answers[0]
}

// find returns the decision of a row.
func find(t *testing.T, in *v1.Interaction, row string) *v1.Decision {
	t.Helper()
	for _, d := range in.GetConversation().GetDecisions() {
		if d.GetRow() == row {
			return d
		}
	}
	require.Failf(t, "no such decision", "%s", row)
	return nil
}

func TestTheTraceOfAClosedCallTellsEverything(t *testing.T) {
	site := feedtest.New().Logins()
	site.Main(1)
	uuid := site.Events[len(site.Events)-2].CallUUID()
	c := newCenter(t).feed(site.Events...)
	c.feed(feedtest.Event{Event: engage.Event{Cursor: "1", Message: model.MsgRecording, Time: site.Now, Attributes: engage.Attributes{
		"CallUUID": uuid, "Body": `{"mediaFiles":[{"mediaId":"a.opus","type":"audio/opus","callUUID":"` + uuid +
			`","startTime":"2026-11-20T10:00:12Z","parameters":{"recordDN":"` + feedtest.Ext1 + `","agentId":"` + feedtest.Agent1 + `"}}]}`,
	}}}).settle(site.Now)
	in := c.ask(uuid)
	require.Equal(t, uuid, in.GetCallUuid())

	conv := in.GetConversation()
	require.Equal(t, v1.Outcome_OUTCOME_INJECTED, conv.GetOutcome())
	require.Equal(t, "over", conv.GetStage())
	require.NotEmpty(t, conv.GetId())
	require.True(t, conv.GetLastEventTime().AsTime().After(site.Events[0].Time))
	var kinds []v1.LegKind
	for _, leg := range conv.GetLegs() {
		kinds = append(kinds, leg.GetKind())
		require.True(t, leg.GetInjected())
		require.NotNil(t, leg.GetEndedTime())
		require.NotEmpty(t, leg.GetDisconnectType())
	}
	require.Equal(t, []v1.LegKind{v1.LegKind_LEG_KIND_EXTERNAL, v1.LegKind_LEG_KIND_IVR, v1.LegKind_LEG_KIND_ACD, v1.LegKind_LEG_KIND_USER}, kinds)
	agent := conv.GetLegs()[3]
	require.Equal(t, feedtest.Ext1, agent.GetDn())
	require.Equal(t, feedtest.Agent1, agent.GetLoginCode())
	require.Equal(t, feedtest.User1ID, agent.GetUserId())
	require.Equal(t, feedtest.QueueID, agent.GetQueueId())
	require.NotNil(t, agent.GetAnsweredTime())

	answered := find(t, in, "ringing/answered")
	require.Equal(t, "agent connected", answered.GetWhat())
	require.Equal(t, feedtest.Ext1, answered.GetDn())
	require.Equal(t, "talking", answered.GetStage())
	require.Contains(t, answered.GetEvents(), string(exevents.CommunicationAnswered))
	require.NotNil(t, answered.GetEventTime())

	require.Len(t, in.GetCalls(), 1)
	call := in.GetCalls()[0]
	require.Equal(t, uuid, call.GetCallUuid())
	require.Equal(t, "+15551230001", call.GetAni())
	require.NotNil(t, call.GetClosedTime())
	require.True(t, call.GetEndedTime().AsTime().After(call.GetCreatedTime().AsTime()))
	require.Equal(t, "de-DE", call.GetUserData()[0].GetValue())

	require.Len(t, in.GetRecordings(), 1)
	rec := in.GetRecordings()[0]
	require.Equal(t, v1.RecordingState_RECORDING_STATE_SUBMITTED, rec.GetState())
	require.Equal(t, "a.opus", rec.GetFileName())
	require.Equal(t, feedtest.Ext1, rec.GetRecordDn())
	require.Equal(t, conv.GetId(), rec.GetConversationId())
	require.Equal(t, agent.GetCommunicationId(), rec.GetCommunicationId())
	require.NotEmpty(t, rec.GetNoSpeechReason())
	require.Equal(t, 12, rec.GetStartTime().AsTime().Second())
}

func TestTheTraceOfACallThatIsOnTellsWhatIsThere(t *testing.T) {
	site := feedtest.New().Logins()
	call := site.Inbound(1).IVR().Queue().Ring("A", feedtest.Ext1)
	site.Send(feedtest.LinkCall, engage.MsgEventCallPartyDeleted, engage.Attributes{"CallUUID": call.UUID, "PartyUUID": "nobody"})
	in := newCenter(t).feed(site.Events...).ask(call.UUID)
	require.Equal(t, "ringing", in.GetConversation().GetStage())
	require.Equal(t, v1.Outcome_OUTCOME_INJECTED, in.GetConversation().GetOutcome())
	c := in.GetCalls()[0]
	require.Equal(t, "Inbound", c.GetCallType())
	require.Equal(t, []string{call.Conn}, c.GetConnIds())
	require.Nil(t, c.GetEndedTime())
	states := map[string]string{}
	for _, p := range c.GetParties() {
		states[p.GetDn()] = p.GetState()
	}
	require.Equal(t, map[string]string{call.ANI: "Connected", feedtest.RP: "Treatment", feedtest.Ext1: "Alerting", "": "NULL"}, states)
	require.Equal(t, feedtest.Ext1, c.GetQueueStays()[0].GetToDn())
	require.Equal(t, string(callmodel.OddNeverJoined), c.GetOddities()[0].GetKind())
	require.Equal(t, engage.MsgEventCallPartyDeleted, c.GetOddities()[0].GetMessage())
	require.Equal(t, "nobody", c.GetOddities()[0].GetSubject())
}

func TestTheTraceOfAnInteractionShowsAllItsCalls(t *testing.T) {
	site := feedtest.New().Logins()
	main := site.Talk(1)
	consult := main.Consult(1, 1, "A")
	consult.Join("B", feedtest.Ext2, engage.PartyStateAlerting)
	c := newCenter(t).feed(site.Events...)
	for _, uuid := range []string{main.UUID, consult.UUID} {
		in := c.ask(uuid)
		require.Equal(t, main.UUID, in.GetCallUuid(), "whichever call is asked for")
		require.Len(t, in.GetCalls(), 2)
		require.Equal(t, main.UUID, in.GetCalls()[0].GetCallUuid())
		require.Equal(t, main.UUID, in.GetCalls()[1].GetOriginCallUuid())
		require.Equal(t, consult.UUID, in.GetConversation().GetConsultCallUuid())
		legs := in.GetConversation().GetLegs()
		require.True(t, legs[len(legs)-1].GetConsult())
	}
}

func TestWhyACallIsNotShown(t *testing.T) {
	for flow, want := range map[string]struct {
		outcome v1.Outcome
		reason  string
	}{
		"internal":   {v1.Outcome_OUTCOME_IGNORED, "internal_call"},
		"conference": {v1.Outcome_OUTCOME_SUSPENDED, "conference"},
	} {
		site := feedtest.New().Logins()
		feedtest.Unsupported()[flow](site, 1)
		in := newCenter(t).feed(site.Events...).settle(site.Now).ask(site.Events[len(site.Events)-1].CallUUID())
		require.Equal(t, want.outcome, in.GetConversation().GetOutcome(), flow)
		require.Equal(t, want.reason, in.GetConversation().GetReason(), flow)
		reasons := map[string]bool{}
		for _, d := range in.GetConversation().GetDecisions() {
			reasons[d.GetReason()] = true
		}
		require.True(t, reasons[want.reason], flow)
	}
}

func TestATransferUnderWayIsShown(t *testing.T) {
	site := feedtest.New().Logins()
	call := site.Talk(1)
	call.Single("A", "B", feedtest.Ext2)
	in := newCenter(t).feed(site.Events...).ask(call.UUID)
	transfer := in.GetConversation().GetTransfer()
	require.NotEmpty(t, transfer.GetCommandId())
	legs := in.GetConversation().GetLegs()
	require.Equal(t, legs[len(legs)-1].GetCommunicationId(), transfer.GetDestinationCommunicationId())
	require.Equal(t, legs[0].GetCommunicationId(), transfer.GetObjectCommunicationId())
}
