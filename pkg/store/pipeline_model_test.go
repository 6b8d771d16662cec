package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// TestPipelineBehavesLikeASimpleModel plays random histories against a pipeline and plain slices:
// duplicates, takeovers, commits of those who lost the lease, acknowledgements in any order.
func TestPipelineBehavesLikeASimpleModel(t *testing.T) {
	clock := storetest.NewClock()
	var round atomic.Int64
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		rapid.Check(t, func(rt *rapid.T) {
			name := fmt.Sprint("round ", round.Add(1))
			m := &pipeMachine{
				t: t, s: s, p: s.Pipeline(name), name: name, clock: clock,
				seen: make(map[string]bool), cursors: make(map[string]string), state: make(map[string][]byte),
			}
			rt.Repeat(map[string]func(*rapid.T){
				"append": m.append, "commit": m.commit, "ack": m.ack, "park": m.park, "retry parked": m.retryParked,
				"set aside": m.setAside, "acquire": m.acquire, "renew": m.renew, "release": m.release,
				"pass time": m.passTime, "": m.check,
			})
		})
	}, storetest.WithClock(clock))
}

type pipeMachine struct {
	t     *testing.T
	s     *store.Store
	p     *store.Pipeline
	name  string
	clock *storetest.Clock

	log     []string
	seen    map[string]bool
	cursors map[string]string
	state   map[string][]byte
	outbox  []string // key:payload
	parked  []string
	aside   int
	opened  bool // something was ever put into the outbox
	count   int  // makes things distinct

	leases []store.Lease // all ever held, the newest last
	held   bool          // the newest was not released
	ends   time.Time     // of the newest
}

func (m *pipeMachine) next(what string) string {
	m.count++
	return fmt.Sprintf("%s %d", what, m.count)
}

func (m *pipeMachine) append(t *rapid.T) {
	source := rapid.SampledFrom([]string{"vq", "agent"}).Draw(t, "source")
	a := store.Append{Source: source, Cursor: rapid.SampledFrom([]string{"", m.next("cursor")}).Draw(t, "cursor")}
	want := 0
	for range rapid.IntRange(0, 4).Draw(t, "entries") {
		identity := fmt.Sprint(rapid.IntRange(0, 30).Draw(t, "identity"))
		payload := m.next("event")
		a.Entries = append(a.Entries, store.Entry{Identity: identity, Payload: []byte(payload)})
		if !m.seen[identity] {
			m.seen[identity] = true
			m.log = append(m.log, payload)
			want++
		}
	}
	if a.Cursor != "" {
		m.cursors[source] = a.Cursor
	}
	appended, err := m.p.AppendOnce(m.t.Context(), a)
	require.NoError(t, err)
	require.Equal(t, want, appended)
}

// anyLease draws a lease, mostly the newest, and says whether it still counts.
func (m *pipeMachine) anyLease(t *rapid.T) (store.Lease, bool) {
	if len(m.leases) == 0 {
		return store.Lease{Name: m.name, Owner: "a", Generation: 1}, false
	}
	i := max(len(m.leases)-1-rapid.IntRange(0, 3).Draw(t, "lease back"), 0)
	if rapid.Bool().Draw(t, "newest") {
		i = len(m.leases) - 1
	}
	return m.leases[i], m.held && i == len(m.leases)-1
}

// outcome checks a fenced operation's error; true means it must have happened.
func outcome(t *rapid.T, counts bool, err error) bool {
	if counts {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, store.ErrFenced)
	}
	return counts
}

func (m *pipeMachine) commit(t *rapid.T) {
	ids, _ := logOf(m.t.Context(), t, m.p)
	n := rapid.IntRange(0, len(ids)).Draw(t, "consumed")
	c := store.Commit{Consumed: ids[:n], State: make(map[string][]byte), Outbox: make(map[string][]store.OutboxEntry)}
	for range rapid.IntRange(0, 3).Draw(t, "state") {
		c.State[rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "field")] = rapid.SampledFrom([][]byte{nil, []byte(m.next("value"))}).Draw(t, "value")
	}
	var added []string
	for range rapid.IntRange(0, 3).Draw(t, "outbox") {
		e := entry("key", m.next("sent"))
		c.Outbox["injection"] = append(c.Outbox["injection"], e)
		added = append(added, e.Key+":"+string(e.Payload))
	}
	lease, counts := m.anyLease(t)
	if !outcome(t, counts, m.p.Commit(m.t.Context(), lease, c)) {
		return
	}
	m.log = m.log[n:]
	for field, value := range c.State {
		if value == nil {
			delete(m.state, field)
		} else {
			m.state[field] = value
		}
	}
	m.outbox = append(m.outbox, added...)
	m.opened = m.opened || len(added) > 0
}

// someOf draws entries of the outbox: their ids and their places.
func (m *pipeMachine) someOf(t *rapid.T) (ids []string, places []int) {
	all, _ := outboxOf(m.t.Context(), t, m.p, "injection")
	for i, id := range all {
		if rapid.Bool().Draw(t, "take") {
			ids, places = append(ids, id), append(places, i)
		}
	}
	if len(ids) == 0 {
		t.Skip("nothing in the outbox")
	}
	return ids, places
}

// without removes places from the outbox and returns what was there.
func (m *pipeMachine) without(places []int) (taken []string) {
	for _, i := range slices.Backward(places) {
		taken = append(taken, m.outbox[i])
		m.outbox = slices.Delete(m.outbox, i, i+1)
	}
	slices.Reverse(taken)
	return taken
}

func (m *pipeMachine) ack(t *rapid.T) {
	ids, places := m.someOf(t)
	lease, counts := m.anyLease(t)
	if outcome(t, counts, m.p.AckOutbox(m.t.Context(), lease, "injection", ids)) {
		m.without(places)
	}
}

func (m *pipeMachine) park(t *rapid.T) {
	ids, places := m.someOf(t)
	items := make([]store.Parked, len(ids))
	for i, id := range ids {
		items[i] = store.Parked{ID: id, Reason: "r"}
	}
	lease, counts := m.anyLease(t)
	if outcome(t, counts, m.p.Park(m.t.Context(), lease, "injection", items)) {
		m.parked = append(m.parked, m.without(places)...)
	}
}

func (m *pipeMachine) retryParked(t *rapid.T) {
	parked, err := m.p.Parked(m.t.Context(), "injection", 1000)
	require.NoError(t, err)
	if len(parked) == 0 {
		t.Skip("nothing is parked")
	}
	i := rapid.IntRange(0, len(parked)-1).Draw(t, "which")
	n, err := m.p.RetryParked(m.t.Context(), "injection", []string{parked[i].ID})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	m.outbox = append(m.outbox, m.parked[i]) // its old place is that of its number
	slices.SortFunc(m.outbox, func(a, b string) int { return cmp.Compare(numberOf(a), numberOf(b)) })
	m.parked = slices.Delete(m.parked, i, i+1)
}

func (m *pipeMachine) setAside(t *rapid.T) {
	m.aside++
	m.cursors["vq"] = m.next("cursor")
	require.NoError(t, m.p.SetAside(m.t.Context(), "vq", []byte("{"), store.Position{Cursor: m.cursors["vq"]}, "r"))
}

func (m *pipeMachine) acquire(t *rapid.T) {
	owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "owner")
	lease, err := m.s.AcquireLease(m.t.Context(), m.name, owner, 50*time.Millisecond)
	if m.held && m.ends.After(m.clock.Now()) && m.leases[len(m.leases)-1].Owner != owner {
		var held *store.LeaseHeldError
		require.ErrorAs(t, err, &held)
		require.Equal(t, m.leases[len(m.leases)-1].Owner, held.Owner)
		require.True(t, m.ends.Equal(held.ExpiresAt))
		return
	}
	require.NoError(t, err)
	for _, before := range m.leases {
		require.Greater(t, lease.Generation, before.Generation)
	}
	m.leases, m.held, m.ends = append(m.leases, lease), true, lease.ExpiresAt
}

func (m *pipeMachine) renew(t *rapid.T) {
	lease, counts := m.anyLease(t)
	renewed, err := m.s.RenewLease(m.t.Context(), lease, 50*time.Millisecond)
	if outcome(t, counts, err) {
		m.ends = renewed.ExpiresAt
	}
}

func (m *pipeMachine) release(t *rapid.T) {
	lease, counts := m.anyLease(t)
	require.NoError(t, m.s.ReleaseLease(m.t.Context(), lease))
	m.held = m.held && !counts
}

func (m *pipeMachine) passTime(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 60).Draw(t, "ms")) * time.Millisecond)
}

func (m *pipeMachine) check(t *rapid.T) {
	ctx := m.t.Context()
	_, log := logOf(ctx, t, m.p)
	require.Equal(t, append([]string{}, m.log...), log)
	state, err := m.p.LoadState(ctx)
	require.NoError(t, err)
	require.Equal(t, m.state, state)
	_, outbox := outboxOf(ctx, t, m.p, "injection")
	require.Equal(t, append([]string{}, m.outbox...), outbox)
	parked, err := m.p.Parked(ctx, "injection", 1000)
	require.NoError(t, err)
	texts := []string{}
	for _, r := range parked {
		texts = append(texts, r.Key+":"+string(r.Payload))
	}
	require.Equal(t, append([]string{}, m.parked...), texts)
	for source, want := range m.cursors {
		at, err := m.p.Cursor(ctx, source)
		require.NoError(t, err)
		require.Equal(t, want, at.Cursor)
	}
	depth, err := m.p.Depth(ctx)
	require.NoError(t, err)
	require.EqualValues(t, len(m.log), depth.Log)
	require.EqualValues(t, m.aside, depth.SetAside)
	if m.opened {
		require.EqualValues(t, len(m.outbox), depth.Outboxes["injection"])
		require.EqualValues(t, len(m.parked), depth.Parked["injection"])
	}
}

// TestErrorsOfALeaseAreTold keeps the two refusals apart for callers.
func TestErrorsOfALeaseAreTold(t *testing.T) {
	s := storetest.Miniredis(t)
	lease := acquire(t, s, "a")
	_, err := s.AcquireLease(t.Context(), "writer", "b", time.Minute)
	require.NotErrorIs(t, err, store.ErrFenced)
	require.ErrorContains(t, err, `lease "writer" is held by "a" until`)
	require.NoError(t, s.ReleaseLease(t.Context(), lease))
	err = s.Pipeline("calls").Commit(t.Context(), lease, store.Commit{})
	_, held := errors.AsType[*store.LeaseHeldError](err)
	require.False(t, held)
}

// numberOf is the count at the end of what next made.
func numberOf(text string) int {
	n, _ := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
	return n
}
