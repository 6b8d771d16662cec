package store_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

func idMapBehaviours() []behaviour {
	return []behaviour{
		{"a mapping comes back as it was put", mappingComesBack},
		{"all mappings come back", allMappingsComeBack},
		{"a put with a bad mapping puts none", badMappingPutsNone},
		{"documents are small named values", documentsAreValues},
	}
}

func mappingComesBack(t *testing.T, s *store.Store, _ *storetest.Clock) {
	users := s.IDMap("users")
	_, found, err := users.Get(t.Context(), "100")
	require.NoError(t, err)
	require.False(t, found)

	full := store.Mapping{EngageID: "100", CloudID: "c-1", EngageName: "ä", CloudName: "b", Hash: "h", Attributes: json.RawMessage(`{"dn":["7001"]}`)}
	bare := store.Mapping{EngageID: "101"}
	require.NoError(t, users.Put(t.Context(), full, bare))
	for _, want := range []store.Mapping{full, bare} {
		got, found, err := users.Get(t.Context(), want.EngageID)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, want, got)
	}
	_, found, err = s.IDMap("queues").Get(t.Context(), "100")
	require.NoError(t, err)
	require.False(t, found, "another kind is another map")

	full.CloudID = "c-2"
	require.NoError(t, users.Put(t.Context(), full))
	require.NoError(t, users.Delete(t.Context(), "101", "never was"))
	all, err := users.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]store.Mapping{"100": full}, all)
}

func allMappingsComeBack(t *testing.T, s *store.Store, _ *storetest.Clock) {
	skills := s.IDMap("skills")
	want := make(map[string]store.Mapping)
	var put []store.Mapping
	for i := range 3000 {
		m := store.Mapping{EngageID: fmt.Sprint(i), CloudID: fmt.Sprint("cloud ", i)}
		want[m.EngageID] = m
		put = append(put, m)
	}
	require.NoError(t, skills.Put(t.Context(), put...))
	all, err := skills.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, all)
}

func badMappingPutsNone(t *testing.T, s *store.Store, _ *storetest.Clock) {
	users := s.IDMap("users")
	good := store.Mapping{EngageID: "1"}
	for _, bad := range []store.Mapping{{CloudID: "c"}, {EngageID: "2", Attributes: json.RawMessage("{")}} {
		requireCode(t, fault.Invalid, users.Put(t.Context(), good, bad))
	}
	require.NoError(t, users.Put(t.Context()))
	require.NoError(t, users.Delete(t.Context()))
	all, err := users.All(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}

func documentsAreValues(t *testing.T, s *store.Store, _ *storetest.Clock) {
	_, found, err := s.GetDocument(t.Context(), "sync status")
	require.NoError(t, err)
	require.False(t, found)
	for _, body := range [][]byte{[]byte("one"), {}, {0, 255}} {
		require.NoError(t, s.PutDocument(t.Context(), "sync status", body))
		got, found, err := s.GetDocument(t.Context(), "sync status")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, body, got)
	}
	require.NoError(t, s.PutDocument(t.Context(), "sync status", nil))
	_, found, err = s.GetDocument(t.Context(), "sync status")
	require.NoError(t, err)
	require.False(t, found)
	requireCode(t, fault.TooLarge, s.PutDocument(t.Context(), "sync status", make([]byte, 5<<20)))
}
