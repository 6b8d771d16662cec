package conversation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org/conversation"
)

const (
	id4 = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
	id1 = "6f9619ff-8b86-1011-b42d-00cf4fc964ff"
)

// sound is an event of every type with all its fields.
func sound(kind conversation.Kind) map[string]any {
	event := map[string]any{"eventId": id4, "eventDateTime": "2026-11-20T09:00:00.001Z", "conversationId": id4}
	add := func(fields map[string]any) {
		maps.Copy(event, fields)
	}
	established := map[string]any{"communicationId": id4,
		"initialConfiguration": map[string]any{"audioState": map[string]any{"canHear": true, "canSpeak": false}, "alerting": true,
			"inbound": true, "invitedBy": id4, "recordingActive": true, "additionalInfo": map[string]any{"a": "b"}},
		"sourceConfiguration": map[string]any{"sourceId": id1, "interactionId": "call", "tagId": "tag"}}
	transfer := map[string]any{"transferType": "Attended", "commandId": id4, "initiatingCommunicationId": id4,
		"targetCommunicationId": id4, "objectCommunicationId": id4}
	switch kind {
	case conversation.ExternalEstablished:
		add(established)
		add(map[string]any{"ani": "1", "aniName": "2", "dnis": "3", "dnisName": "4"})
	case conversation.IVREstablished:
		add(established)
		add(map[string]any{"ivrPhoneNumber": "1", "ivrName": "2", "ani": "3", "dnis": "4"})
	case conversation.RoutingEstablished:
		add(established)
		add(map[string]any{"queueId": id1, "phoneNumber": "1", "ani": "1", "dnis": "1", "skillIds": []string{id1}, "languageId": id1})
	case conversation.UserEstablished:
		add(established)
		add(map[string]any{"userId": id1, "phoneNumber": "1", "stationId": id1, "ani": "1", "dnis": "1",
			"afterCallWorkRequired": true, "queueId": id1})
	case conversation.PhoneEstablished:
		add(established)
		add(map[string]any{"phoneNumber": "1", "ani": "1", "dnis": "1"})
	case conversation.Answered:
		add(map[string]any{"communicationId": id4})
	case conversation.HoldUpdated:
		add(map[string]any{"communicationId": id4, "held": true})
	case conversation.AudioUpdated:
		add(map[string]any{"communicationId": id4, "audioState": map[string]any{"canHear": true}})
	case conversation.CommunicationEnded:
		add(map[string]any{"communicationId": id4, "disconnectType": "TransferACD", "destinationConversationId": id4})
	case conversation.DispositionApplied:
		add(map[string]any{"communicationId": id4, "code": id1, "notes": "n", "tags": []string{"t"}})
	case conversation.UserTransfer:
		add(transfer)
		add(map[string]any{"destinationUserId": id1})
	case conversation.RoutingTransfer:
		add(transfer)
		add(map[string]any{"destinationQueueId": id1, "languageId": id1, "skillIds": []string{id1}})
	case conversation.PhoneTransfer:
		add(transfer)
		add(map[string]any{"destinationPhoneNumber": "+1555"})
	case conversation.ProgressTransfer:
		add(map[string]any{"commandId": id4, "objectCommunicationId": id4, "destinationCommunicationId": id4})
	case conversation.EndTransfer:
		add(map[string]any{"commandId": id4, "finalState": "Canceled", "objectCommunicationId": id4})
	case conversation.ConsultTransfer, conversation.ProgressConsultTransfer:
		add(map[string]any{"initiatingCommunicationId": id4, "destinationCommunicationId": id4, "objectCommunicationId": id4})
	case conversation.EndConsultTransfer:
	}
	return event
}

func batch(t testing.TB, kind conversation.Kind, events ...any) []byte {
	t.Helper()
	out, err := json.Marshal(map[string]any{string(kind) + "Events": events})
	require.NoError(t, err)
	return out
}

func decodeOne(t *testing.T, kind conversation.Kind, event map[string]any) conversation.Item {
	t.Helper()
	items, err := conversation.DecodeBatch(batch(t, kind, event))
	require.NoError(t, err)
	require.Len(t, items, 1)
	return items[0]
}

// required are the fields the API definition marks as required.
var required = map[conversation.Kind][]string{
	conversation.ExternalEstablished:     {"communicationId", "initialConfiguration", "sourceConfiguration"},
	conversation.IVREstablished:          {"communicationId", "initialConfiguration", "sourceConfiguration"},
	conversation.RoutingEstablished:      {"communicationId", "queueId", "initialConfiguration", "sourceConfiguration"},
	conversation.UserEstablished:         {"communicationId", "userId", "initialConfiguration", "sourceConfiguration"},
	conversation.PhoneEstablished:        {"communicationId", "initialConfiguration", "sourceConfiguration"},
	conversation.Answered:                {"communicationId"},
	conversation.HoldUpdated:             {"communicationId", "held"},
	conversation.AudioUpdated:            {"communicationId", "audioState"},
	conversation.CommunicationEnded:      {"communicationId", "disconnectType"},
	conversation.DispositionApplied:      {"communicationId"},
	conversation.UserTransfer:            {"transferType", "commandId", "initiatingCommunicationId", "targetCommunicationId", "objectCommunicationId", "destinationUserId"},
	conversation.RoutingTransfer:         {"transferType", "commandId", "initiatingCommunicationId", "targetCommunicationId", "objectCommunicationId", "destinationQueueId"},
	conversation.PhoneTransfer:           {"transferType", "commandId", "initiatingCommunicationId", "targetCommunicationId", "objectCommunicationId", "destinationPhoneNumber"},
	conversation.ProgressTransfer:        {"commandId", "objectCommunicationId", "destinationCommunicationId"},
	conversation.EndTransfer:             {"commandId", "finalState", "objectCommunicationId"},
	conversation.ConsultTransfer:         {"initiatingCommunicationId", "destinationCommunicationId", "objectCommunicationId"},
	conversation.ProgressConsultTransfer: {"initiatingCommunicationId", "destinationCommunicationId", "objectCommunicationId"},
	conversation.EndConsultTransfer:      {},
}

func TestEveryEventTypeTakesItsFieldsAndNeedsTheRequiredOnes(t *testing.T) {
	for _, kind := range conversation.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			item := decodeOne(t, kind, sound(kind))
			require.Nil(t, item.Rejection)
			require.Equal(t, kind, item.Event.Kind)
			needed := append([]string{"eventId", "eventDateTime", "conversationId"}, required[kind]...)
			for _, name := range needed {
				event := sound(kind)
				delete(event, name)
				got := decodeOne(t, kind, event).Rejection
				require.NotNil(t, got, name)
				require.Equal(t, conversation.ReasonMissingField, got.Reason)
				require.Contains(t, got.Message, name)
			}
			event := sound(kind)
			for name := range event {
				optional := sound(kind)
				delete(optional, name)
				got := decodeOne(t, kind, optional).Rejection
				require.Equal(t, !contains(needed, name), got == nil, "%s is optional", name)
			}
			event["surprise"] = 1
			require.Equal(t, conversation.ReasonUnknownField, decodeOne(t, kind, event).Rejection.Reason)
		})
	}
}

func contains(list []string, name string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+name+" ")
}

func TestFieldsAreJudged(t *testing.T) {
	rows := []struct {
		kind  conversation.Kind
		field string
		value any
		want  conversation.Reason
	}{
		{conversation.Answered, "eventId", id1, conversation.ReasonInvalidID},
		{conversation.Answered, "eventId", "{" + id4[1:], conversation.ReasonInvalidID},
		{conversation.Answered, "eventId", "6f9619ff-8b86-4011-c42d-00cf4fc964ff", conversation.ReasonInvalidID},
		{conversation.Answered, "eventId", 7, conversation.ReasonInvalidValue},
		{conversation.Answered, "eventId", nil, conversation.ReasonMissingField},
		{conversation.Answered, "conversationId", "call-1", conversation.ReasonInvalidID},
		{conversation.Answered, "communicationId", id1, conversation.ReasonInvalidID},
		{conversation.Answered, "eventDateTime", "2026-11-20 09:00:00", conversation.ReasonInvalidTime},
		{conversation.Answered, "eventDateTime", "2026-11-20T09:00:00+01:00", conversation.ReasonInvalidTime},
		{conversation.Answered, "eventDateTime", "2026-11-20T09:00:00.123456Z", conversation.ReasonInvalidTime},
		{conversation.Answered, "eventDateTime", "2026-13-20T09:00:00.000Z", conversation.ReasonInvalidTime},
		{conversation.Answered, "eventDateTime", 1763629200, conversation.ReasonInvalidTime},
		{conversation.CommunicationEnded, "disconnectType", "self", conversation.ReasonInvalidValue},
		{conversation.CommunicationEnded, "disconnectType", "", conversation.ReasonInvalidValue},
		{conversation.CommunicationEnded, "destinationConversationId", id1, conversation.ReasonInvalidID},
		{conversation.HoldUpdated, "held", "true", conversation.ReasonInvalidValue},
		{conversation.AudioUpdated, "audioState", "on", conversation.ReasonInvalidValue},
		{conversation.UserTransfer, "transferType", "Blind", conversation.ReasonInvalidValue},
		{conversation.UserTransfer, "commandId", id1, conversation.ReasonInvalidID},
		{conversation.EndTransfer, "finalState", "Done", conversation.ReasonInvalidValue},
		{conversation.RoutingEstablished, "queueId", "Sales", conversation.ReasonInvalidID},
		{conversation.RoutingEstablished, "skillIds", []string{"x"}, conversation.ReasonInvalidID},
		{conversation.RoutingEstablished, "skillIds", "x", conversation.ReasonInvalidValue},
		{conversation.UserEstablished, "initialConfiguration", "x", conversation.ReasonInvalidValue},
		{conversation.UserEstablished, "initialConfiguration", map[string]any{"invitedBy": "x"}, conversation.ReasonInvalidID},
		{conversation.UserEstablished, "initialConfiguration", map[string]any{"ringing": true}, conversation.ReasonUnknownField},
		{conversation.UserEstablished, "initialConfiguration", map[string]any{"additionalInfo": map[string]any{"a": 1}}, conversation.ReasonInvalidValue},
		{conversation.UserEstablished, "sourceConfiguration", []any{}, conversation.ReasonInvalidValue},
		{conversation.UserEstablished, "sourceConfiguration", map[string]any{}, conversation.ReasonMissingField},
		{conversation.UserEstablished, "sourceConfiguration", map[string]any{"sourceId": id1, "interactionId": " "}, conversation.ReasonMissingField},
		{conversation.UserEstablished, "sourceConfiguration", map[string]any{"sourceId": "EX", "interactionId": "1"}, conversation.ReasonInvalidID},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.kind, row.field, row.value), func(t *testing.T) {
			event := sound(row.kind)
			event[row.field] = row.value
			got := decodeOne(t, row.kind, event).Rejection
			require.NotNil(t, got)
			require.Equal(t, row.want, got.Reason, got.Message)
			require.False(t, got.Retryable)
		})
	}
}

func TestWholeBatchFaults(t *testing.T) {
	many := make([]any, 101)
	for i := range many {
		many[i] = sound(conversation.Answered)
	}
	rows := map[string]struct {
		body []byte
		want error
	}{
		"no json":      {[]byte("{"), conversation.ErrMalformed},
		"null":         {[]byte("null"), conversation.ErrMalformed},
		"array":        {[]byte("[]"), conversation.ErrMalformed},
		"trailing":     {[]byte("{} {}"), conversation.ErrMalformed},
		"not an array": {[]byte(`{"holdUpdatedEvents":{}}`), conversation.ErrMalformed},
		"not an event": {[]byte(`{"holdUpdatedEvents":[1]}`), conversation.ErrMalformed},
		"null event":   {[]byte(`{"holdUpdatedEvents":[null]}`), conversation.ErrMalformed},
		"empty":        {[]byte(`{}`), conversation.ErrNoEvents},
		"empty arrays": {[]byte(`{"holdUpdatedEvents":[],"endTransferEvents":null}`), conversation.ErrNoEvents},
		"one too many": {batch(t, conversation.Answered, many...), conversation.ErrTooMany},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := conversation.DecodeBatch(row.body)
			require.ErrorIs(t, err, row.want)
		})
	}
	_, err := conversation.DecodeBatch([]byte(`{"holdEvents":[]}`))
	var unknown *conversation.UnknownPropertyError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, "holdEvents", unknown.Name)
	items, err := conversation.DecodeBatch(batch(t, conversation.Answered, many[:100]...))
	require.NoError(t, err)
	require.Len(t, items, 100)
}

func TestEmailEventsAreRefusedOneByOne(t *testing.T) {
	items, err := conversation.DecodeBatch([]byte(`{"emailUserEstablishedEvents":[{"eventId":"` + id4 + `"},7]}`))
	require.NoError(t, err)
	require.Len(t, items, 2)
	require.Equal(t, id4, items[0].ID)
	require.Equal(t, conversation.ReasonUnsupported, items[1].Rejection.Reason)
}

func TestEventsOfABatchAreOrderedByTimeAcrossTypes(t *testing.T) {
	var arrays = map[string][]any{}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	order := []conversation.Kind{conversation.CommunicationEnded, conversation.ExternalEstablished, conversation.HoldUpdated}
	var want []string
	for i := range 9 {
		event := sound(order[i%3])
		id := uuid.NewString()
		event["eventId"], event["eventDateTime"] = id, at.Add(time.Duration(i)*time.Millisecond).Format("2006-01-02T15:04:05.000Z")
		arrays[string(order[i%3])+"Events"] = append(arrays[string(order[i%3])+"Events"], event)
		want = append(want, id)
	}
	body, err := json.Marshal(arrays)
	require.NoError(t, err)
	items, err := conversation.DecodeBatch(body)
	require.NoError(t, err)
	for i, item := range items {
		require.Equal(t, want[i], item.ID)
	}
}

func FuzzDecodeBatch(f *testing.F) {
	for _, kind := range conversation.Kinds() {
		f.Add(batch(f, kind, sound(kind)))
	}
	f.Add([]byte(`{"emailUserEstablishedEvents":[{}]}`))
	f.Add([]byte(`{"userEstablishedEvents":[{"initialConfiguration":{"audioState":null}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := conversation.DecodeBatch(body)
		if err != nil {
			return
		}
		require.NotEmpty(t, items)
		require.LessOrEqual(t, len(items), conversation.MaxBatch)
		book := conversation.NewBook(10)
		for _, item := range items {
			if item.Rejection == nil {
				require.True(t, conversation.IsUUID4(item.Event.ID))
				require.Equal(t, time.UTC, item.Event.At.Location())
				_ = book.Apply(item.Event, world{})
			}
		}
	})
}

func TestIDSetForgetsTheOldest(t *testing.T) {
	s := conversation.NewIDSet(2)
	ids := []string{uuid.NewString(), uuid.NewString(), uuid.NewString()}
	for _, id := range ids {
		s.Add(id)
		s.Add(id)
	}
	s.Add("nonsense")
	require.False(t, s.Has(ids[0]))
	require.True(t, s.Has(ids[1]))
	require.True(t, s.Has(strings.ToUpper(ids[2])))
	require.False(t, s.Has("nonsense"))
}
