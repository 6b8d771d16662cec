package injection_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
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

func (o *org) InjectConversationEvents(_ context.Context, events []exevents.Sealed) (exevents.BatchResult, error) {
	o.sizes = append(o.sizes, len(events))
	var r exevents.BatchResult
	for _, e := range o.errors {
		r.Errors = append(r.Errors, e)
	}
	return r, o.err
}

func record(t *testing.T, eventID string) store.OutboxRecord {
	return recordOf(t, eventID, "C"+eventID)
}

func recordOf(t *testing.T, eventID, conversation string) store.OutboxRecord {
	t.Helper()
	payload, err := packed.Encode(&model.Injection{CallUUID: "U", Event: exevents.Sealed{EventID: eventID}})
	require.NoError(t, err)
	return store.OutboxRecord{ID: eventID, Key: conversation, Payload: payload}
}

// Each event gets its own outcome.
func TestEachEventHasItsOutcome(t *testing.T) {
	o := &org{errors: map[string]exevents.EventError{
		"2": {EventID: "2", Message: "try again", Retryable: true},
		"3": {EventID: "3", Message: "no such leg"},
		"4": {EventID: "4", Message: "eventId already used"},
	}}
	records := []store.OutboxRecord{record(t, "1"), record(t, "2"), record(t, "3"), record(t, "4"), {ID: "5", Payload: []byte("{")}}
	got, err := injection.Send(t.Context(), o, records)
	require.NoError(t, err)
	require.Equal(t, []int{4}, o.sizes, "one request")
	require.Equal(t, []pipeline.Outcome{
		pipeline.Done(), pipeline.Retry("try again"), pipeline.Reject("no such leg"), pipeline.Done(),
	}, got[:4])
	require.NotEqual(t, pipeline.Done(), got[4])
}

// What a conversation sends behind an event that is to be sent again waits for it.
func TestNothingIsGivenUpBehindAnEventThatComesAgain(t *testing.T) {
	o := &org{errors: map[string]exevents.EventError{
		"1": {EventID: "1", Message: "try again", Retryable: true},
		"2": {EventID: "2", Message: "conversationId is not known"},
		"3": {EventID: "3", Message: "no such queue"},
	}}
	got, err := injection.Send(t.Context(), o, []store.OutboxRecord{recordOf(t, "1", "C"), recordOf(t, "2", "C"), recordOf(t, "3", "D")})
	require.NoError(t, err)
	require.Equal(t, []pipeline.Outcome{
		pipeline.Retry("try again"), pipeline.Retry("conversationId is not known"), pipeline.Reject("no such queue"),
	}, got)
}

func TestAFailedRequestIsOneError(t *testing.T) {
	_, err := injection.Send(t.Context(), &org{err: errors.New("503")}, []store.OutboxRecord{record(t, "1")})
	require.ErrorContains(t, err, "503")
}

func TestUnreadableRecordsNeedNoRequest(t *testing.T) {
	o := &org{}
	got, err := injection.Send(t.Context(), o, []store.OutboxRecord{{ID: "1", Payload: []byte("x")}})
	require.NoError(t, err)
	require.Empty(t, o.sizes)
	require.Len(t, got, 1)
}

type calls struct {
	appended []store.Append
	err      error
}

func (c *calls) AppendOnce(_ context.Context, a store.Append) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	c.appended = append(c.appended, a)
	return len(a.Entries), nil
}

// What is given up goes into the calls log, under an identity of its own and under the sender's lease.
func TestWhatIsGivenUpIsLogged(t *testing.T) {
	c := &calls{}
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	refusals := injection.LoggedRefusals{Calls: c, Now: func() time.Time { return now }}
	lease := store.Lease{Name: "calls-writer", Generation: 7}
	settled := []pipeline.Settled{
		{Record: record(t, "E"), Parked: true, Reason: "why"},
		{Record: store.OutboxRecord{ID: "2", Payload: []byte("{")}, Parked: true, Reason: "cannot be read"},
		{Record: record(t, "A")}, // it has arrived
	}
	require.NoError(t, refusals.Settled(t.Context(), lease, settled))
	require.Len(t, c.appended, 1)
	require.Len(t, c.appended[0].Entries, 1)
	entry := c.appended[0].Entries[0]
	require.Equal(t, "refused:E", entry.Identity)
	require.EqualValues(t, 7, c.appended[0].Lease.Generation, "a deposed writer's note is refused by the store")
	want, err := (&model.Refusal{CallUUID: "U", EventID: "E", Reason: "why", At: now}).Record()
	require.NoError(t, err)
	require.Equal(t, want, entry.Payload)
	require.NoError(t, refusals.Settled(t.Context(), lease, settled[1:]))
	require.Len(t, c.appended, 1)
}

// A full log must not keep the outbox from draining, or neither would ever be empty again; another failure
// leaves the records where they are.
func TestAFullLogDoesNotHoldUpTheOutbox(t *testing.T) {
	c := &calls{err: fmt.Errorf("append: %w", store.ErrFull)}
	refusals := injection.LoggedRefusals{Calls: c, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
	settled := []pipeline.Settled{{Record: record(t, "E"), Parked: true, Reason: "why"}}
	require.NoError(t, refusals.Settled(t.Context(), store.Lease{}, settled))
	c.err = errors.New("redis is away")
	require.Error(t, refusals.Settled(t.Context(), store.Lease{}, settled))
}
