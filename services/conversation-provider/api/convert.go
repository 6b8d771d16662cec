package api

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"engage.connector/pkg/fault"
	v1 "engage.connector/proto/conversationprovider/v1"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/model"
)

// legKindTable translates the kinds of legs.
var legKindTable = map[conversation.LegKind]v1.LegKind{
	conversation.External: v1.LegKind_LEG_KIND_EXTERNAL,
	conversation.IVR:      v1.LegKind_LEG_KIND_IVR,
	conversation.ACD:      v1.LegKind_LEG_KIND_ACD,
	conversation.User:     v1.LegKind_LEG_KIND_USER,
	conversation.Phone:    v1.LegKind_LEG_KIND_PHONE,
}

// recordingStateTable translates the states of recordings.
var recordingStateTable = map[model.RecordingState]v1.RecordingState{
	model.RecordingKept:      v1.RecordingState_RECORDING_STATE_KEPT,
	model.RecordingSubmitted: v1.RecordingState_RECORDING_STATE_SUBMITTED,
	model.RecordingDropped:   v1.RecordingState_RECORDING_STATE_DROPPED,
}

// at is a time of the contract; what is not known is absent.
func at(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// all converts the elements of a list.
func all[From, To any](list []From, convert func(From) To) []To {
	var converted []To
	for _, element := range list {
		converted = append(converted, convert(element))
	}
	return converted
}

// interactionOf reads a trace. Its parts are the documents that are answered over HTTP.
func interactionOf(trace model.Trace) (*v1.Interaction, error) {
	answer := &v1.Interaction{Recordings: recordingsOf(trace.Recordings)}
	for i, document := range append([]json.RawMessage{trace.Interaction}, trace.Calls...) {
		in := &model.Interaction{}
		if err := json.Unmarshal(document, in); err != nil {
			return nil, fault.Newf(fault.Internal, opInteraction, "reading a trace: %w", err)
		}
		if i == 0 {
			answer.CallUuid, answer.Conversation = in.UUID, conversationOf(in.Conversation)
		}
		answer.Calls = append(answer.Calls, callOf(in))
	}
	return answer, nil
}

func conversationOf(c *conversation.Conversation) *v1.Conversation {
	if c == nil {
		return nil
	}
	answer := &v1.Conversation{
		Id: c.ID, Outcome: outcomeOf(c), Stage: string(c.Stage), Reason: string(c.Reason),
		EnteredTime: at(c.Entered), LastEventTime: at(c.Last),
		Legs: all(c.Legs, legOf), Decisions: all(c.Trace.All(), decisionOf),
	}
	if t := c.Transfer; t != nil {
		answer.Transfer = &v1.Transfer{CommandId: t.Command, DestinationCommunicationId: t.LegID, ObjectCommunicationId: t.Object}
	}
	if c.Consult != nil {
		answer.ConsultCallUuid, answer.ConsultUnseenReason = c.Consult.Call, string(c.Consult.Unseen)
	}
	return answer
}

// outcomeOf says what becomes of a conversation in the org.
func outcomeOf(c *conversation.Conversation) v1.Outcome {
	switch {
	case c.Stage == conversation.StageIgnored:
		return v1.Outcome_OUTCOME_IGNORED
	case c.Stage == conversation.StageSuspended:
		return v1.Outcome_OUTCOME_SUSPENDED
	case c.Started():
		return v1.Outcome_OUTCOME_INJECTED
	default:
		return v1.Outcome_OUTCOME_UNSPECIFIED
	}
}

func decisionOf(d conversation.Decision) *v1.Decision {
	answer := &v1.Decision{
		EventTime: at(d.At), What: d.What, Row: d.Row, Dn: d.Subject, Stage: string(d.Stage), Reason: string(d.Reason),
	}
	for _, event := range d.Events {
		answer.Events = append(answer.Events, string(event))
	}
	answer.Without, answer.Note = strings.Fields(d.Without), d.Note
	return answer
}

func legOf(l *conversation.Leg) *v1.Leg {
	return &v1.Leg{
		Kind: legKindTable[l.Kind], CommunicationId: l.ID, Dn: l.DN, LoginCode: l.Login, UserId: l.UserID, QueueId: l.QueueID,
		BeganTime: at(l.Began), AnsweredTime: at(l.Answered), EndedTime: at(l.Ended),
		Injected: l.Opened, Held: l.Held, Consult: l.Consult, DisconnectType: string(l.Disconnect),
	}
}

// callOf reads a call that is open, or the summary of a closed one.
func callOf(in *model.Interaction) *v1.Call {
	answer := &v1.Call{CallUuid: in.UUID, OpenedTime: at(in.Opened), ClosedTime: at(in.Closed)}
	c := in.Call
	if c == nil {
		answer.Ani, answer.Dnis = in.ANI, in.DNIS
		answer.CreatedTime, answer.EndedTime = at(in.Created), at(in.Ended)
		answer.UserData, answer.Oddities = all(in.Languages, userDataOf), all(in.Odd, oddityOf)
		return answer
	}
	answer.Ani, answer.Dnis, answer.ConnIds, answer.CallType = c.ANI, c.DNIS, c.ConnIDs, c.Type.String()
	answer.CreatedTime, answer.EndedTime = at(c.Created), at(c.Deleted)
	answer.OriginCallUuid, answer.MergedIntoCallUuid, answer.InterSiteLinks, answer.Apart = c.Origin, c.MergedInto, c.Links, c.Apart
	for _, p := range c.Parties {
		answer.Parties = append(answer.Parties, partyOf(p))
	}
	slices.SortFunc(answer.Parties, func(a, b *v1.Party) int {
		if d := a.GetJoinedTime().AsTime().Compare(b.GetJoinedTime().AsTime()); d != 0 {
			return d
		}
		return strings.Compare(a.GetPartyUuid(), b.GetPartyUuid())
	})
	answer.QueueStays, answer.UserData = all(c.Visits, stayOf), all(c.Data, userDataOf)
	answer.Pending, answer.Oddities = all(c.Facts, factOf), all(c.Odd, oddityOf)
	return answer
}

func partyOf(p *callmodel.Party) *v1.Party {
	return &v1.Party{
		PartyUuid: p.UUID, Dn: p.DN, State: p.State.String(), Remote: p.Remote,
		JoinedTime: at(p.Joined), ChangedTime: at(p.Changed), LeftTime: at(p.Left),
	}
}

func stayOf(v *callmodel.Visit) *v1.QueueStay {
	return &v1.QueueStay{Dn: v.DN, QueuedTime: at(v.Queued), LeftTime: at(v.Left), ToDn: v.ToDN}
}

func userDataOf(v callmodel.Value) *v1.UserData {
	return &v1.UserData{Key: v.Key, Value: v.Value, EventTime: at(v.At), Dn: v.DN}
}

func factOf(f callmodel.Fact) *v1.Fact {
	return &v1.Fact{EventTime: at(f.At), Kind: string(f.Kind), Subject: f.Subject}
}

func oddityOf(o callmodel.Oddity) *v1.Oddity {
	return &v1.Oddity{EventTime: at(o.At), Kind: string(o.Kind), Message: o.Message, Subject: o.Subject}
}

func recordingsOf(records []model.Record) []*v1.Recording { return all(records, recordingOf) }

func recordingOf(r model.Record) *v1.Recording {
	answer := &v1.Recording{
		Id: r.ID, FileName: r.Segment.FileName, State: recordingStateTable[r.State], Reason: r.Reason,
		CallUuid: r.Segment.CallUUID, RecordDn: r.Segment.RecordDN, LoginCode: r.Segment.AgentID,
		StartTime: at(r.Segment.Start), StopTime: at(r.Segment.Stop), ReportedTime: at(r.At),
	}
	if s := r.Submission; s != nil {
		answer.ConversationId, answer.CommunicationId, answer.NoSpeechReason = s.ConversationID, s.CommunicationID, s.NoSpeech
	}
	return answer
}
