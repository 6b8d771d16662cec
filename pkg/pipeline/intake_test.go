package pipeline

import (
	"encoding/json"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func event(cursor string, ms int) engage.Event {
	return engage.Event{Cursor: cursor, Message: engage.MsgEventQueued, Time: at(ms), Attributes: engage.Attributes{"ThisDN": "VQ", "n": json.Number("1")}}
}

func TestIntakeAppendsEachEventOnceWhicheverInstanceBringsIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := s.Pipeline("calls")
		reg := prometheus.NewRegistry()
		first := NewIntake(IntakeOptions{Pipeline: p, Edge: "east", Registerer: reg})
		second := NewIntake(IntakeOptions{Pipeline: p, Edge: "west"})
		require.NoError(t, first.Accept(t.Context(), "vq", nil))
		require.NoError(t, first.Accept(t.Context(), "vq", []engage.Event{event("1", 1), event("2", 2)}))
		require.NoError(t, second.Accept(t.Context(), "vq", []engage.Event{event("77", 2), event("78", 3)}))
		require.NoError(t, first.Accept(t.Context(), "vq", []engage.Event{event("2", 2)}))

		log, err := p.ReadLog(t.Context(), "", 10, 0)
		require.NoError(t, err)
		require.Len(t, log, 3)
		for i, r := range log {
			var e engage.Event
			e, err := new(Writer).decodeRecord(r.Payload)
			require.NoError(t, err)
			require.Equal(t, at(i+1), e.Time)
		}
		for in, want := range map[*Intake]string{first: "2", second: "78"} {
			cursor, err := in.Cursor(t.Context(), "vq")
			require.NoError(t, err)
			require.Equal(t, want, cursor, "each edge has cursors of its own")
		}
	})
}

func TestIntakeSetsAsideAndMovesTheCursor(t *testing.T) {
	s := storetest.Miniredis(t)
	p := s.Pipeline("calls")
	in := NewIntake(IntakeOptions{Pipeline: p})
	require.NoError(t, in.Accept(t.Context(), "vq", []engage.Event{event("1", 1)}))
	require.NoError(t, in.SetAside(t.Context(), "vq", engage.BadLine{Reason: "no cursor", Line: []byte("x")}))
	cursor, err := in.Cursor(t.Context(), "vq")
	require.NoError(t, err)
	require.Equal(t, "1", cursor)
	require.NoError(t, in.SetAside(t.Context(), "vq", engage.BadLine{Cursor: "2", Reason: "broken", Line: []byte("y")}))
	cursor, err = in.Cursor(t.Context(), "vq")
	require.NoError(t, err)
	require.Equal(t, "2", cursor)
	aside, err := p.Aside(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, aside, 2)
	require.Equal(t, []byte("y"), aside[0].Item)
}

func TestIntakePassesOnTheStoresErrors(t *testing.T) {
	p := &process{backend: newMemory(), dead: true}
	in := NewIntake(IntakeOptions{Pipeline: p})
	require.ErrorIs(t, in.Accept(t.Context(), "vq", []engage.Event{event("1", 1)}), errDead)
	require.ErrorIs(t, in.SetAside(t.Context(), "vq", engage.BadLine{}), errDead)
	_, err := in.Cursor(t.Context(), "vq")
	require.ErrorIs(t, err, errDead)
}
