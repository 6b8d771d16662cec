package idmap_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/plan"
)

// ledger: E-EXCS-094
func TestRecordsSurviveTheStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := idmap.New(s)
		lease, err := s.AcquireLease(t.Context(), "config-sync", "a", time.Minute)
		require.NoError(t, err)
		user := plan.Record{
			CloudID: "c1", EngageName: "alee", CloudName: "ann@x.example", Fields: map[string]string{"displayName": "Ann"}, Role: desired.Agent, Skills: map[string]float64{"Spanish": 2.5},
			Person: &desired.Person{UserName: "alee", EmployeeID: "E1", Agent: true, Logins: []desired.Login{{Switch: "S", Code: "7301"}}},
		}
		extension := plan.Record{EngageName: "8001", DN: &desired.DN{ID: "211", Switch: "S", Number: "8001", Alias: "8001_SIP", Type: 1}}
		queue := plan.Record{CloudID: "q1", Members: []string{"1", "2"}, Codes: []string{"Resolved"}, Removed: true}
		require.NoError(t, m.Save(t.Context(), lease,
			plan.Change{Kind: plan.Users, ID: "301", Record: &user}, plan.Change{Kind: plan.DNs, ID: "211", Record: &extension},
			plan.Change{Kind: plan.Queues, ID: "201", Record: &queue}))

		got, err := m.Load(t.Context())
		require.NoError(t, err)
		require.Equal(t, user, got[plan.Users]["301"])
		require.Equal(t, extension, got[plan.DNs]["211"])
		require.Equal(t, queue, got[plan.Queues]["201"])
		require.Len(t, got, len(plan.Kinds()))

		require.NoError(t, m.Save(t.Context(), lease, plan.Change{Kind: plan.Users, ID: "302", Record: &user}, plan.Change{Kind: plan.Users, ID: "301"}))
		got, err = m.Load(t.Context())
		require.NoError(t, err)
		require.NotContains(t, got[plan.Users], "301")
		require.Contains(t, got[plan.Users], "302")
	})
}

func TestADeposedLeaderCannotChangeTheMap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := idmap.New(s)
		deposed, err := s.AcquireLease(t.Context(), "config-sync", "a", time.Minute)
		require.NoError(t, err)
		key := idmap.Key{Kind: plan.Users, ID: "301"}
		require.NoError(t, m.Save(t.Context(), deposed, plan.Change{Kind: plan.Users, ID: "301", Record: &plan.Record{CloudID: "c1"}}))
		require.NoError(t, m.Request(t.Context(), key))
		_, err = s.AcquireLease(t.Context(), "config-sync", "a", time.Minute) // restarted
		require.NoError(t, err)

		require.ErrorIs(t, m.Save(t.Context(), deposed,
			plan.Change{Kind: plan.Users, ID: "301"}, plan.Change{Kind: plan.Queues, ID: "201", Record: &plan.Record{CloudID: "q"}}), store.ErrFenced)
		require.ErrorIs(t, m.Granted(t.Context(), deposed, key), store.ErrFenced)
		got, err := m.Load(t.Context())
		require.NoError(t, err)
		require.Equal(t, "c1", got[plan.Users]["301"].CloudID)
		require.Empty(t, got[plan.Queues])
		requests, err := m.Requests(t.Context())
		require.NoError(t, err)
		require.Equal(t, []idmap.Key{key}, requests)
	})
}

// A rollback: what a newer version knows of a record is there after this one has changed it.
func TestWhatANewerVersionStoredIsWrittenBack(t *testing.T) {
	s := storetest.StartServer(t).Store()
	lease, err := s.AcquireLease(t.Context(), "config-sync", "a", time.Minute)
	require.NoError(t, err)
	newer := store.Mapping{EngageID: "301", CloudID: "c1", CloudName: "ann@x.example", Attributes: []byte(`{"fields":{"active":"true"},"era":{"of":3}}`)}
	require.NoError(t, s.IDMap("users").Put(t.Context(), lease, newer))
	m := idmap.New(s)
	applied, err := m.Load(t.Context())
	require.NoError(t, err)
	record := applied[plan.Users]["301"]
	require.Equal(t, map[string]string{"active": "true"}, record.Fields)
	record.Fields = map[string]string{"active": "false"}
	for range 2 { // also after this version has read its own
		require.NoError(t, m.Save(t.Context(), lease, plan.Change{Kind: plan.Users, ID: "301", Record: &record}))
		all, err := s.IDMap("users").All(t.Context())
		require.NoError(t, err)
		require.JSONEq(t, `{"fields":{"active":"false"},"era":{"of":3}}`, string(all["301"].Attributes))
		_, err = m.Load(t.Context())
		require.NoError(t, err)
	}
}

// One value that cannot be read does not hide all others: it is kept somewhere else. Of a record whose ids can
// still be read these stay, so that whoever leaves is still deactivated.
func TestDamagedRecordsAreSetAside(t *testing.T) {
	server := storetest.StartServer(t)
	s := server.Store()
	m := idmap.New(s)
	lease, err := s.AcquireLease(t.Context(), "config-sync", "a", time.Minute)
	require.NoError(t, err)
	good := plan.Record{CloudID: "c1", CloudName: "ann@x.example", Fields: map[string]string{"active": "true"}}
	require.NoError(t, m.Save(t.Context(), lease, plan.Change{Kind: plan.Users, ID: "301", Record: &good}))
	require.NoError(t, s.IDMap("users").Put(t.Context(), lease, store.Mapping{EngageID: "302", CloudID: "c2", CloudName: "bob@x.example", Attributes: []byte(`{"fields":7}`)}))
	server.Do("EVAL", `for _, k in ipairs(redis.call('KEYS', '*idmap*users*')) do redis.call('HSET', k, '303', '{no JSON') end return 1`, 0)

	applied, err := m.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]plan.Record{"301": good, "302": {CloudID: "c2", CloudName: "bob@x.example"}}, applied[plan.Users])
	keys, err := m.SetAside(t.Context(), lease)
	require.NoError(t, err)
	require.ElementsMatch(t, []idmap.Key{{Kind: plan.Users, ID: "302"}, {Kind: plan.Users, ID: "303"}}, keys)
	kept, err := s.IDMap("damaged").All(t.Context())
	require.NoError(t, err)
	require.JSONEq(t, `"{no JSON"`, string(kept["users/303"].Attributes))
	require.JSONEq(t, `"{\"fields\":7}"`, string(kept["users/302"].Attributes))

	again, err := m.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, applied, again)
	keys, err = m.SetAside(t.Context(), lease)
	require.NoError(t, err)
	require.Empty(t, keys)
}
