package syncer_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

// leaveOpen puts creates there whose outcome is not known: of users of persons that have left, the
// first of which was made, and of a queue.
func (s *site) leaveOpen(users int) (made string) {
	open := func(kind plan.Kind, id, mark string) {
		key := string(kind) + " " + id + " x"
		s.applied.Put(plan.Change{Kind: plan.Intents, ID: key, Record: &plan.Record{
			EngageName: "x", Intent: &plan.Intent{Kind: kind, ID: id, Mark: mark, At: time.Now()},
		}})
	}
	made = s.org.AddUser("gone@x.example")
	s.org.EditUser(made, func(u *orgtest.User) { u.ExternalID = "900_gone" })
	for i := range users {
		open(plan.Users, fmt.Sprint(900+i), fmt.Sprintf("%d_gone", 900+i))
	}
	open(plan.Queues, "290", "290")
	return made
}

// Open creates that the organization does not look up end nothing: the user of a disabled person
// becomes inactive in the same synchronisation, whatever the answer is.
func TestLookUpsThatFailHoldNothingBack(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 429, 500, 503} {
		for _, users := range []int{1, 8} {
			t.Run(fmt.Sprintf("%d for %d users", status, users), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t)
					one, published := s.instance("one", unchanged)
					require.NoError(t, one.Once(t.Context()))
					before := s.org.UserID("p301@x.example")
					gone := s.leaveOpen(users)
					s.org.RefuseLookUps(status)
					s.snapshot.Persons[0].State = configmodel.StateDisabled
					_ = one.Once(t.Context())

					require.False(t, s.org.User(before).IsActive(), "active is sent whatever becomes of the look-ups")
					require.Len(t, s.applied[plan.Intents], users+1, "they are kept")
					require.True(t, published.Ready())
					require.True(t, s.org.User(gone).IsActive())

					s.org.RefuseLookUps(0)
					time.Sleep(6 * time.Minute)
					require.NoError(t, one.Once(t.Context()))
					require.NoError(t, one.Once(t.Context()))
					require.Empty(t, s.applied[plan.Intents])
					require.Empty(t, s.applied[plan.Refusals])
					require.False(t, s.org.User(gone).IsActive(), "what was made is found and taken back")
					require.Equal(t, syncer.StateSuccess, one.Status().State)
				})
			})
		}
	}
}

// A look-up that is refused is listed and backs off; one without an answer makes the status Failed
// and comes again at once.
func TestLookUpsThatAreRefusedBackOff(t *testing.T) {
	for _, status := range []int{400, 403, 500} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				one, _ := s.instance("one", unchanged)
				require.NoError(t, one.Once(t.Context()))
				s.leaveOpen(1)
				s.org.RefuseLookUps(status)
				require.NoError(t, one.Once(t.Context()))
				asked := s.org.LookUps()
				require.NoError(t, one.Once(t.Context()))
				if status == 500 {
					require.Greater(t, s.org.LookUps(), asked)
					require.Equal(t, syncer.StateFailed, one.Status().State)
					require.Contains(t, one.Status().Reason, "2 operations had no answer")
					require.Empty(t, one.Status().Refusals)
					return
				}
				require.Equal(t, asked, s.org.LookUps(), "not at once")
				require.Equal(t, syncer.StateSuccess, one.Status().State)
				require.Len(t, one.Status().Refusals, 2)
				for _, r := range one.Status().Refusals {
					require.Equal(t, string(plan.LookUp), r.Attribute)
					kind, id := r.Object()
					require.Contains(t, []string{"users 900", "queues 290"}, string(kind)+" "+id, "without the name")
					require.NotEmpty(t, r.Reason)
				}
				for range 20 {
					time.Sleep(time.Minute)
					require.NoError(t, one.Once(t.Context()))
				}
				require.Greater(t, s.org.LookUps(), asked+6, "every five minutes at least: it may be somebody who has left")
				require.Less(t, s.org.LookUps(), asked+20)
			})
		})
	}
}

// A synchronisation of which something waits for an approval is not a success, in the metrics either.
func TestWhatWaitsIsNoSuccessInTheMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		registry := prometheus.NewRegistry()
		one, _ := s.instance("one", func(o *syncer.Options) { o.Registerer = registry })
		require.NoError(t, one.Once(t.Context()))
		last := metric(t, registry, "engage_connector_config_sync_last_success_timestamp_seconds")
		require.InDelta(t, time.Now().Unix(), last, 0)

		time.Sleep(time.Hour)
		persons := s.snapshot.Persons
		s.snapshot.Persons = persons[:5]
		require.NoError(t, one.Once(t.Context()))
		require.NotEmpty(t, one.Status().WaitingPlan)
		require.InDelta(t, last, metric(t, registry, "engage_connector_config_sync_last_success_timestamp_seconds"), 0)

		s.snapshot.Persons = persons
		require.NoError(t, one.Once(t.Context()))
		require.Less(t, last, metric(t, registry, "engage_connector_config_sync_last_success_timestamp_seconds"))
	})
}

// metric is the value of a gauge.
func metric(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// An e-mail that is removed in Engage is removed in the organization.
func TestARemovedEmailIsRemoved(t *testing.T) {
	s := newSite(t)
	s.snapshot.Persons[0].Email = "ann@mail.example"
	one, _ := s.instance("one", unchanged)
	require.NoError(t, one.Once(t.Context()))
	id := s.org.UserID("p301@x.example")
	require.Len(t, s.org.User(id).Emails, 1)
	s.snapshot.Persons[0].Email = ""
	require.NoError(t, one.Once(t.Context()))
	require.Empty(t, s.org.User(id).Emails)
}

// A wrap-up code whose value is renamed keeps its object.
func TestARenamedCodeKeepsItsObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		one, _ := s.instance("one", unchanged)
		require.NoError(t, one.Once(t.Context()))
		id := s.org.CodeID("Resolved")
		require.NotEmpty(t, id)
		s.snapshot.Attributes[0].Values[0].Name = "Solved"
		require.NoError(t, one.Once(t.Context()))
		require.Equal(t, id, s.org.CodeID("Solved"))
		require.Empty(t, s.org.CodeID("Resolved"))
	})
}
