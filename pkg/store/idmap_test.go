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
		{"maps of several kinds change together or not at all", mapsChangeTogether},
		{"requests need no lease and leave what is there", requestsNeedNoLease},
	}
}

func mappingComesBack(t *testing.T, s *store.Store, _ *storetest.Clock) {
	lease := acquire(t, s, "a")
	users := s.IDMap("users")
	_, found, err := users.Get(t.Context(), "100")
	require.NoError(t, err)
	require.False(t, found)

	full := store.Mapping{EngageID: "100", CloudID: "c-1", EngageName: "ä", CloudName: "b", Hash: "h", Attributes: json.RawMessage(`{"dn":["7001"]}`)}
	bare := store.Mapping{EngageID: "101"}
	require.NoError(t, users.Put(t.Context(), lease, full, bare))
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
	require.NoError(t, users.Put(t.Context(), lease, full))
	require.NoError(t, users.Delete(t.Context(), lease, "101", "never was"))
	all, err := users.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]store.Mapping{"100": full}, all)
}

func allMappingsComeBack(t *testing.T, s *store.Store, _ *storetest.Clock) {
	lease := acquire(t, s, "a")
	skills := s.IDMap("skills")
	want := make(map[string]store.Mapping)
	var put []store.Mapping
	for i := range 3000 {
		m := store.Mapping{EngageID: fmt.Sprint(i), CloudID: fmt.Sprint("cloud ", i)}
		want[m.EngageID] = m
		put = append(put, m)
	}
	require.NoError(t, skills.Put(t.Context(), lease, put...))
	all, err := skills.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, all)
}

func badMappingPutsNone(t *testing.T, s *store.Store, _ *storetest.Clock) {
	lease := acquire(t, s, "a")
	users := s.IDMap("users")
	good := store.Mapping{EngageID: "1"}
	for _, bad := range []store.Mapping{{CloudID: "c"}, {EngageID: "2", Attributes: json.RawMessage("{")}} {
		requireCode(t, fault.Invalid, users.Put(t.Context(), lease, good, bad))
	}
	require.NoError(t, users.Put(t.Context(), lease))
	require.NoError(t, users.Delete(t.Context(), lease))
	all, err := users.All(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}

func documentsAreValues(t *testing.T, s *store.Store, _ *storetest.Clock) {
	lease := acquire(t, s, "a")
	_, found, err := s.GetDocument(t.Context(), "sync status")
	require.NoError(t, err)
	require.False(t, found)
	for _, body := range [][]byte{[]byte("one"), {}, {0, 255}} {
		require.NoError(t, s.PutDocument(t.Context(), lease, "sync status", body))
		got, found, err := s.GetDocument(t.Context(), "sync status")
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, body, got)
	}
	require.NoError(t, s.PutDocument(t.Context(), lease, "sync status", nil))
	_, found, err = s.GetDocument(t.Context(), "sync status")
	require.NoError(t, err)
	require.False(t, found)
	requireCode(t, fault.TooLarge, s.PutDocument(t.Context(), lease, "sync status", make([]byte, 5<<20)))
}

func mapsChangeTogether(t *testing.T, s *store.Store, _ *storetest.Clock) {
	before := acquire(t, s, "a")
	require.NoError(t, s.IDMap("users").Put(t.Context(), before, store.Mapping{EngageID: "1"}, store.Mapping{EngageID: "2"}))
	after := acquire(t, s, "a")
	change := []store.IDMapChange{
		{Kind: "users", Put: []store.Mapping{{EngageID: "3"}}, Delete: []string{"1", "never was"}},
		{Kind: "skills"},
		{Kind: "queues", Put: []store.Mapping{{EngageID: "7"}}},
	}
	ids := func(kind string) (ids []string) {
		all, err := s.IDMap(kind).All(t.Context())
		require.NoError(t, err)
		for id := range all {
			ids = append(ids, id)
		}
		return ids
	}
	require.ErrorIs(t, s.ChangeIDMaps(t.Context(), before, change...), store.ErrFenced)
	require.ElementsMatch(t, []string{"1", "2"}, ids("users"))
	require.Empty(t, ids("queues"))
	require.NoError(t, s.ChangeIDMaps(t.Context(), after, change...))
	require.ElementsMatch(t, []string{"2", "3"}, ids("users"))
	require.ElementsMatch(t, []string{"7"}, ids("queues"))
}

func requestsNeedNoLease(t *testing.T, s *store.Store, _ *storetest.Clock) {
	requests := s.IDMap("requests")
	full := store.Mapping{EngageID: "1", CloudID: "c"}
	require.NoError(t, requests.Put(t.Context(), acquire(t, s, "a"), full))
	require.NoError(t, requests.Request(t.Context(), "1", "2"))
	all, err := requests.All(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]store.Mapping{"1": full, "2": {EngageID: "2"}}, all)
	requireCode(t, fault.Invalid, requests.Request(t.Context(), ""))
}
