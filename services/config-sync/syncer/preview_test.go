package syncer_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

// A preview that reads the organization shows what somebody changed there before the service has
// noticed; without it the preview says how old what is known is.
func TestPreviewReadsTheOrganizationOrSaysHowOldItsKnowledgeIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.run(t, func(user, _ string) {
			other, _ := s.instance("command", func(o *syncer.Options) { o.DriftInterval = 15 * time.Minute })
			p, err := other.Preview(t.Context(), false)
			require.NoError(t, err)
			require.Contains(t, p.Organization.String(), "never read")

			s.org.EditUser(user, func(u *orgtest.User) { u.DisplayName = "Hacker" })
			writes, records := s.org.Writes(), s.applied.Clone()
			p, err = other.Preview(t.Context(), true)
			require.NoError(t, err)
			require.Len(t, p.Drift, 1)
			require.Len(t, p.Operations, 1)
			require.Equal(t, "Hacker", p.Operations[0].Changes[0].Before)
			require.Equal(t, "changed in the organization", p.Objects[0].Reason)
			require.True(t, p.Organization.Read)
			require.Equal(t, writes, s.org.Writes())
			require.Equal(t, records, s.applied, "nothing was remembered")

			never, _ := s.instance("never", func(o *syncer.Options) { o.DriftInterval = 0 })
			p, err = never.Preview(t.Context(), true)
			require.NoError(t, err)
			require.Len(t, p.Drift, 1)
			require.Empty(t, p.Operations)
			require.Contains(t, p.Organization.String(), "not put back")

			time.Sleep(20 * time.Minute) // the service has read it
			synctest.Wait()
			p, err = other.Preview(t.Context(), false)
			require.NoError(t, err)
			require.Empty(t, p.Drift)
			require.InDelta(t, 15*60, p.Organization.AgeSeconds, 15*60)
			require.NotZero(t, p.Organization.AgeSeconds)
			require.Contains(t, p.Organization.String(), "The service last read the organization at ")
		})
	})
}

// What the service writes while the organization is read for a preview is no change in the
// organization.
func TestPreviewLeavesOutWhatIsWrittenMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.run(t, func(user, _ string) {
			s.org.EditUser(user, func(u *orgtest.User) { u.DisplayName = "Hacker" })
			other, _ := s.instance("command", func(o *syncer.Options) {
				o.DriftInterval = 15 * time.Minute
				o.Source = &meanwhile{site: s, do: func() {
					s.with(func() {
						r := s.applied[plan.Users]["301"]
						r.Missing = time.Now()
						s.applied[plan.Users]["301"] = r
					})
				}}
			})
			p, err := other.Preview(t.Context(), true)
			require.NoError(t, err)
			for _, d := range p.Drift {
				require.NotEqual(t, "301", d.ID)
			}
		})
	})
}

// meanwhile is a Config DB that is read after something else has happened.
type meanwhile struct {
	*site
	do func()
}

func (m *meanwhile) Snapshot(ctx context.Context) (configmodel.Snapshot, error) {
	m.do()
	return m.site.Snapshot(ctx)
}

// A plan that allows for a change in the organization which the service has not noticed yet can be
// approved; it is carried out once the service has read the organization too.
func TestPlanWithDriftIsApproved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.run(t, func(_, queue string) {
			for _, id := range []string{"304", "305", "306", "307", "308", "309"} {
				user := s.org.UserID("p" + id + "@x.example")
				s.org.EditQueue(queue, func(q *orgtest.Queue) { q.Members[user] = true })
			}
			other, _ := s.instance("command", func(o *syncer.Options) { o.DriftInterval = 15 * time.Minute })
			p, err := other.Preview(t.Context(), true)
			require.NoError(t, err)
			require.Len(t, p.Held, 1, "six members that Engage does not know")
			_, err = other.Approve(t.Context(), p.ID, false)
			require.Error(t, err, "the service does not know of it")
			_, err = other.Approve(t.Context(), p.ID, true)
			require.NoError(t, err)
			time.Sleep(20 * time.Minute)
			synctest.Wait()
			require.Empty(t, s.approved)
			require.NotContains(t, s.org.State().Queues["VQ1__S__Engage-external"], "p304")
		})
	})
}

// A preview does not take the whole allowance from the service that runs beside it.
func TestPreviewKeepsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.snapshot.DNs = nil
		for i := range 80 {
			s.snapshot.DNs = append(s.snapshot.DNs, queueDN(i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		one, _ := s.instance("one", unchanged)
		var running sync.WaitGroup
		running.Go(func() { _ = one.Run(ctx) })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		cancel()
		running.Wait()
		other, _ := s.instance("command", unchanged)
		began, requests := time.Now(), s.org.Requests()
		_, err := other.Preview(t.Context(), true)
		require.NoError(t, err)
		made := float64(s.org.Requests() - requests)
		require.Greater(t, made, 80.0)
		require.GreaterOrEqual(t, time.Since(began).Minutes(), (made-75-2)/150)
	})
}

func queueDN(i int) configmodel.DN {
	id := configmodel.DBID(1000 + i)
	return configmodel.DN{DBID: id, Number: "VQ" + id.String(), Type: configmodel.DNVirtualQueue, State: configmodel.StateEnabled, SwitchName: "S"}
}
