package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func pipelineBehaviours() []behaviour {
	return []behaviour{
		{"entries come out in the order they went in", logKeepsOrder},
		{"an entry seen before is not appended again", duplicatesAreDropped},
		{"a cursor belongs to its source", cursorsAreSeparate},
		{"a full log refuses and changes nothing", fullLogRefuses},
		{"a read waits for an entry", readWaits},
		{"a waiting read ends with its context", readEndsWithContext},
		{"a commit does everything", commitDoesEverything},
		{"parts of the state are read", partsOfTheStateAreRead},
		{"a lost lease commits nothing", lostLeaseCommitsNothing},
		{"an ended lease nobody took still commits", endedLeaseStillCommits},
		{"a full outbox refuses and changes nothing", fullOutboxRefuses},
		{"pipelines do not see each other", pipelinesAreSeparate},
		{"senseless appends are refused", senselessAppendsAreRefused},
		{"payloads are bytes", payloadsAreBytes},
	}
}

func logKeepsOrder(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p := s.Pipeline("calls")
	appendAll(t, p, "a", "b", "c")
	appendAll(t, p, "d")
	ids, payloads := logOf(t.Context(), t, p)
	require.Equal(t, []string{"a", "b", "c", "d"}, payloads)
	behind, err := p.ReadLog(t.Context(), ids[1], 1, 0)
	require.NoError(t, err)
	require.Equal(t, []store.Record{{ID: ids[2], Payload: []byte("c")}}, behind)
}

func duplicatesAreDropped(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p := s.Pipeline("calls")
	twice := store.Append{Source: "vq", Cursor: "7", Entries: []store.Entry{
		{Identity: "x", Payload: []byte("first")}, {Identity: "y", Payload: []byte("other")}, {Identity: "x", Payload: []byte("again")},
	}}
	n, err := p.AppendOnce(t.Context(), twice)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	twice.Source, twice.Cursor = "vq of the other instance", "9"
	n, err = p.AppendOnce(t.Context(), twice)
	require.NoError(t, err)
	require.Zero(t, n)
	_, payloads := logOf(t.Context(), t, p)
	require.Equal(t, []string{"first", "other"}, payloads)
	at, err := p.Cursor(t.Context(), "vq of the other instance")
	require.NoError(t, err)
	require.Equal(t, "9", at.Cursor, "the cursor moves although nothing was new")
}

func cursorsAreSeparate(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p := s.Pipeline("calls")
	for source, cursor := range map[string]string{"vq": "1", "agent": "2"} {
		_, err := p.AppendOnce(t.Context(), store.Append{Source: source, Cursor: cursor})
		require.NoError(t, err)
	}
	appended, err := p.AppendOnce(t.Context(), store.Append{Source: "vq", Entries: []store.Entry{{Identity: "x"}}})
	require.NoError(t, err)
	require.Equal(t, 1, appended)
	for source, want := range map[string]string{"vq": "1", "agent": "2", "call": ""} {
		at, err := p.Cursor(t.Context(), source)
		require.NoError(t, err)
		require.Equal(t, want, at.Cursor)
	}
}

func fullLogRefuses(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p := s.Pipeline("calls")
	for i := range 20 {
		appendAll(t, p, fmt.Sprint(i))
	}
	_, err := p.AppendOnce(t.Context(), store.Append{Source: "vq", Cursor: "new", Entries: []store.Entry{{Identity: "one more"}}})
	requireCode(t, fault.RateLimited, err)
	require.ErrorIs(t, err, store.ErrFull)
	require.Positive(t, fault.RetryIn(err))
	at, err := p.Cursor(t.Context(), "vq")
	require.NoError(t, err)
	require.Equal(t, "c-19", at.Cursor)

	ids, _ := logOf(t.Context(), t, p)
	require.NoError(t, p.Commit(t.Context(), acquire(t, s, "a"), store.Commit{Consumed: ids[:1]}))
	appendAll(t, p, "there is room again")
}

func readWaits(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p := s.Pipeline("calls")
	got := make(chan []store.Record, 1)
	go func() {
		records, _ := p.ReadLog(t.Context(), "", 10, 10*time.Second)
		got <- records
	}()
	appendAll(t, p, "late")
	records := <-got
	require.Len(t, records, 1)
	require.Equal(t, "late", string(records[0].Payload))

	records, err := p.ReadLog(t.Context(), records[0].ID, 10, 5*time.Millisecond)
	require.NoError(t, err)
	require.Empty(t, records)
}

func readEndsWithContext(t *testing.T, s *store.Store, _ *storetest.Clock) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := s.Pipeline("calls").ReadLog(ctx, "", 10, time.Minute)
	requireCode(t, fault.Timeout, err)
	require.Less(t, time.Since(begin), 2*time.Second)

	ctx, cancel = context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.Pipeline("calls").ReadOutbox(ctx, "injection", "", 10, time.Minute)
		ended <- err
	}()
	cancel()
	requireCode(t, fault.Canceled, <-ended)
}

func commitDoesEverything(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p, lease := s.Pipeline("calls"), acquire(t, s, "a")
	appendAll(t, p, "a", "b", "c")
	ids, _ := logOf(t.Context(), t, p)
	require.NoError(t, p.Commit(t.Context(), lease, store.Commit{
		State: map[string][]byte{"kept": []byte("1"), "gone": []byte("2"), "empty": {}},
	}))
	require.NoError(t, p.Commit(t.Context(), lease, store.Commit{
		Consumed: []string{ids[0], ids[2]},
		State:    map[string][]byte{"gone": nil, "changed": []byte("3"), "never was": nil},
		Outbox: map[string][]store.OutboxEntry{
			"injection": {entry("k1", "p1"), entry("k2", "p2")}, "recordings": {entry("k1", "p3")}, "none": {},
		},
	}))
	_, payloads := logOf(t.Context(), t, p)
	require.Equal(t, []string{"b"}, payloads)
	state, err := p.LoadState(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"kept": []byte("1"), "changed": []byte("3"), "empty": {}}, state)
	_, texts := outboxOf(t.Context(), t, p, "injection")
	require.Equal(t, []string{"k1:p1", "k2:p2"}, texts)
	depth, err := p.Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Depth{
		Log:      1,
		Outboxes: map[string]int64{"injection": 2, "recordings": 1},
		Parked:   map[string]int64{"injection": 0, "recordings": 0},
	}, depth)
}

func partsOfTheStateAreRead(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p, lease := s.Pipeline("calls"), acquire(t, s, "a")
	state := map[string][]byte{"c/1": []byte("1"), "c/2": []byte("2"), "empty": {}}
	require.NoError(t, p.Commit(t.Context(), lease, store.Commit{State: state}))
	got, err := p.LoadStateKeys(t.Context(), "c/1", "never was", "empty")
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"c/1": []byte("1"), "empty": {}}, got)
	got, err = p.LoadStateKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = p.LoadStateKeys(t.Context(), make([]string, 1001)...)
	requireCode(t, fault.TooLarge, err)
}

func lostLeaseCommitsNothing(t *testing.T, s *store.Store, clock *storetest.Clock) {
	p := s.Pipeline("calls")
	appendAll(t, p, "a")
	ids, _ := logOf(t.Context(), t, p)
	old := acquire(t, s, "old")
	require.NoError(t, p.Commit(t.Context(), old, store.Commit{Outbox: map[string][]store.OutboxEntry{"injection": {entry("k", "p")}}}))
	out, _ := outboxOf(t.Context(), t, p, "injection")
	clock.Advance(time.Minute)
	taken := acquire(t, s, "new")

	never := store.Lease{Name: "writer", Owner: "new", Generation: taken.Generation + 1}
	for _, lost := range []store.Lease{old, never, {}} {
		err := p.Commit(t.Context(), lost, store.Commit{
			Consumed: ids, State: map[string][]byte{"x": []byte("1")}, Outbox: map[string][]store.OutboxEntry{"injection": {entry("k", "q")}},
		})
		requireCode(t, fault.Conflict, err)
		require.ErrorIs(t, err, store.ErrFenced)
		require.ErrorIs(t, p.AckOutbox(t.Context(), lost, "injection", out), store.ErrFenced)
		require.ErrorIs(t, p.Park(t.Context(), lost, "injection", []store.Parked{{ID: out[0]}}), store.ErrFenced)
	}
	depth, err := p.Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Depth{Log: 1, Outboxes: map[string]int64{"injection": 1}, Parked: map[string]int64{"injection": 0}}, depth)
	state, err := p.LoadState(t.Context())
	require.NoError(t, err)
	require.Empty(t, state)
	require.NoError(t, p.Commit(t.Context(), taken, store.Commit{Consumed: ids}))
}

func endedLeaseStillCommits(t *testing.T, s *store.Store, clock *storetest.Clock) {
	lease := acquire(t, s, "a")
	clock.Advance(time.Hour)
	require.NoError(t, s.Pipeline("calls").Commit(t.Context(), lease, store.Commit{State: map[string][]byte{"x": []byte("1")}}))
}

func fullOutboxRefuses(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p, lease := s.Pipeline("calls"), acquire(t, s, "a")
	appendAll(t, p, "a")
	ids, _ := logOf(t.Context(), t, p)
	many := make([]store.OutboxEntry, 20)
	require.NoError(t, p.Commit(t.Context(), lease, store.Commit{Outbox: map[string][]store.OutboxEntry{"injection": many}}))
	err := p.Commit(t.Context(), lease, store.Commit{
		Consumed: ids, State: map[string][]byte{"x": []byte("1")},
		Outbox: map[string][]store.OutboxEntry{"injection": {entry("k", "p")}, "recordings": {entry("k", "p")}},
	})
	requireCode(t, fault.RateLimited, err)
	require.ErrorIs(t, err, store.ErrFull)
	require.ErrorContains(t, err, "injection")
	depth, err := p.Depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Depth{Log: 1, Outboxes: map[string]int64{"injection": 20}, Parked: map[string]int64{"injection": 0}}, depth)
}

func pipelinesAreSeparate(t *testing.T, s *store.Store, _ *storetest.Clock) {
	appendAll(t, s.Pipeline("calls"), "a")
	appendAll(t, s.Pipeline("agents"), "a")
	appendAll(t, s.Pipeline("calls:log"), "a")
	_, payloads := logOf(t.Context(), t, s.Pipeline("calls"))
	require.Equal(t, []string{"a"}, payloads)
}

func senselessAppendsAreRefused(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p := s.Pipeline("calls")
	for want, a := range map[fault.Code]store.Append{
		fault.Invalid:  {Source: "vq", Cursor: "1", Entries: []store.Entry{{Identity: "x"}, {}}},
		fault.TooLarge: {Source: "vq", Cursor: "1", Entries: make([]store.Entry, 10_001)},
	} {
		_, err := p.AppendOnce(t.Context(), a)
		requireCode(t, want, err)
	}
	_, err := p.AppendOnce(t.Context(), store.Append{Cursor: "1"})
	requireCode(t, fault.Invalid, err)
	_, err = p.AppendOnce(t.Context(), store.Append{})
	require.NoError(t, err, "nothing is nothing")
	depth, err := p.Depth(t.Context())
	require.NoError(t, err)
	require.Zero(t, depth.Log)
}

func payloadsAreBytes(t *testing.T, s *store.Store, _ *storetest.Clock) {
	p, lease := s.Pipeline("calls"), acquire(t, s, "a")
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	large := []byte(strings.Repeat("x", 1<<20))
	_, err := p.AppendOnce(t.Context(), store.Append{Source: "vq", Entries: []store.Entry{
		{Identity: "every", Payload: every}, {Identity: "large", Payload: large}, {Identity: "none"},
	}})
	require.NoError(t, err)
	records, err := p.ReadLog(t.Context(), "", 10, 0)
	require.NoError(t, err)
	require.Equal(t, every, records[0].Payload)
	require.Equal(t, large, records[1].Payload)
	require.Empty(t, records[2].Payload)
	require.NoError(t, p.Commit(t.Context(), lease, store.Commit{
		State: map[string][]byte{"every": every}, Outbox: map[string][]store.OutboxEntry{"o": {{Key: string(every), Payload: every}}},
	}))
	state, err := p.LoadState(t.Context())
	require.NoError(t, err)
	require.Equal(t, every, state["every"])
	out, err := p.ReadOutbox(t.Context(), "o", "", 10, 0)
	require.NoError(t, err)
	require.Equal(t, string(every), out[0].Key)
	require.Equal(t, every, out[0].Payload)
}
