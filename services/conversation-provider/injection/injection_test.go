package injection_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/services/conversation-provider/injection"
	"engage.connector/services/conversation-provider/model"
)

// org answers with the errors of its table, by event id.
type org struct {
	errors map[string]exevents.EventError
	err    error
	sizes  []int
}

func (o *org) InjectConversationEvents(_ context.Context, batch exevents.ConversationBatch) (exevents.BatchResult, error) {
	o.sizes = append(o.sizes, batch.Len())
	var r exevents.BatchResult
	for _, e := range o.errors {
		r.Errors = append(r.Errors, e)
	}
	return r, o.err
}

type refusals struct {
	told []string
	err  error
}

func (r *refusals) Refused(_ context.Context, callUUID, eventID, reason string) error {
	r.told = append(r.told, callUUID+" "+eventID+" "+reason)
	return r.err
}

func record(t *testing.T, eventID string) store.OutboxRecord {
	return recordOf(t, eventID, "C"+eventID)
}

func recordOf(t *testing.T, eventID, conversation string) store.OutboxRecord {
	t.Helper()
	payload, err := json.Marshal(model.Injection{CallUUID: "U", Event: exevents.ConversationEvent{EventID: eventID, ConversationID: conversation}})
	require.NoError(t, err)
	return store.OutboxRecord{ID: eventID, Key: conversation, Payload: payload}
}

// Each event gets its own outcome; a refusal for good is told to the model.
func TestEachEventHasItsOutcome(t *testing.T) {
	o := &org{errors: map[string]exevents.EventError{
		"2": {EventID: "2", Message: "try again", Retryable: true},
		"3": {EventID: "3", Message: "no such leg"},
		"4": {EventID: "4", Message: "eventId already used"},
	}}
	r := &refusals{}
	records := []store.OutboxRecord{record(t, "1"), record(t, "2"), record(t, "3"), record(t, "4"), {ID: "5", Payload: []byte("{")}}
	got, err := injection.Send(t.Context(), o, r, records)
	require.NoError(t, err)
	require.Equal(t, []int{4}, o.sizes, "one request")
	require.Equal(t, []pipeline.Outcome{
		pipeline.Done(), pipeline.Retry("try again"), pipeline.Reject("no such leg"), pipeline.Done(),
	}, got[:4])
	require.NotEqual(t, pipeline.Done(), got[4])
	require.Equal(t, []string{"U 3 no such leg"}, r.told)
}

// What a conversation sends behind an event that is to be sent again waits for it.
func TestNothingIsGivenUpBehindAnEventThatComesAgain(t *testing.T) {
	o := &org{errors: map[string]exevents.EventError{
		"1": {EventID: "1", Message: "try again", Retryable: true},
		"2": {EventID: "2", Message: "conversationId is not known"},
		"3": {EventID: "3", Message: "no such queue"},
	}}
	r := &refusals{}
	got, err := injection.Send(t.Context(), o, r, []store.OutboxRecord{recordOf(t, "1", "C"), recordOf(t, "2", "C"), recordOf(t, "3", "D")})
	require.NoError(t, err)
	require.Equal(t, []pipeline.Outcome{
		pipeline.Retry("try again"), pipeline.Retry("conversationId is not known"), pipeline.Reject("no such queue"),
	}, got)
	require.Len(t, r.told, 1)
}

func TestNothingIsGivenUpBeforeTheModelKnows(t *testing.T) {
	o := &org{errors: map[string]exevents.EventError{"1": {EventID: "1", Message: "no"}}}
	_, err := injection.Send(t.Context(), o, &refusals{err: errors.New("redis is away")}, []store.OutboxRecord{record(t, "1")})
	require.Error(t, err)
}

func TestAFailedRequestIsOneError(t *testing.T) {
	_, err := injection.Send(t.Context(), &org{err: errors.New("503")}, &refusals{}, []store.OutboxRecord{record(t, "1")})
	require.ErrorContains(t, err, "503")
}

func TestUnreadableRecordsNeedNoRequest(t *testing.T) {
	o := &org{}
	got, err := injection.Send(t.Context(), o, &refusals{}, []store.OutboxRecord{{ID: "1", Payload: []byte("x")}})
	require.NoError(t, err)
	require.Empty(t, o.sizes)
	require.Len(t, got, 1)
}

type calls struct{ appended []store.Append }

func (c *calls) AppendOnce(_ context.Context, a store.Append) (int, error) {
	c.appended = append(c.appended, a)
	return len(a.Entries), nil
}

// A refusal goes into the calls log under an identity of its own.
func TestRefusalsAreLogged(t *testing.T) {
	c := &calls{}
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	leads := true
	refusals := injection.LoggedRefusals{
		Calls: c, Now: func() time.Time { return now },
		Lease: func() (store.Lease, bool) { return store.Lease{Name: "calls-writer", Generation: 7}, leads },
	}
	require.NoError(t, refusals.Refused(t.Context(), "U", "E", "why"))
	require.Len(t, c.appended, 1)
	entry := c.appended[0].Entries[0]
	require.Equal(t, "refused:E", entry.Identity)
	require.EqualValues(t, 7, c.appended[0].Lease.Generation, "a deposed writer's note is refused by the store")
	leads = false
	require.Equal(t, fault.Unavailable, fault.CodeOf(refusals.Refused(t.Context(), "U", "E2", "why")))
	require.Len(t, c.appended, 1)
	want, err := (&model.Refusal{CallUUID: "U", EventID: "E", Reason: "why", At: now}).Record()
	require.NoError(t, err)
	require.Equal(t, want, entry.Payload)
}
