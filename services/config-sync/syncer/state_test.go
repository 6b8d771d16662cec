package syncer_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

// lead runs an instance that has synchronised and keeps what it knows.
func (s *site) lead(t *testing.T, change func(*syncer.Options), check func(one *syncer.Syncer)) {
	t.Helper()
	one, _ := s.instance("one", change)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = one.Run(ctx) })
	pass(90 * time.Second)
	require.Equal(t, syncer.StateSuccess, one.Status().State)
	check(one)
	cancel()
	running.Wait()
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// rename gives the first person a first name, in a reading of its own.
func (s *site) rename(first string) {
	s.snapshot.Persons = slices.Clone(s.snapshot.Persons)
	s.snapshot.Persons[0].FirstName = first
}

func (s *site) loaded() (n int) {
	s.with(func() { n = s.loads })
	return n
}

// The leader reads the ID map once; what may have made it differ from what is known makes it read
// the map again, once.
func TestLeaderReadsTheMapAgainOnlyWhenItMayDiffer(t *testing.T) {
	tests := []struct {
		name    string
		happens func(s *site)
		loads   int
	}{
		{"nothing", func(*site) {}, 0},
		{"change in the Config DB", func(s *site) { s.rename("New") }, 0},
		{"failing Config DB", func(s *site) {
			s.dbErr = fault.New(fault.Unavailable, "configdb", "connection refused")
			time.AfterFunc(time.Minute, func() { s.with(func() { s.dbErr = nil }) })
		}, 0}, // nothing was begun
		{"clear-mapping", func(s *site) { s.requests = []idmap.Key{{Kind: plan.Users, ID: "301"}} }, 1},
		{"drift", func(s *site) {
			s.org.EditUser(s.org.UserID("p301@x.example"), func(u *orgtest.User) { u.DisplayName = "Hacker" })
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				// The organization is read at minute 20; that takes the map as well.
				s.lead(t, func(o *syncer.Options) { o.DriftInterval = 20 * time.Minute }, func(one *syncer.Syncer) {
					before := s.loaded()
					s.with(func() { tt.happens(s) })
					pass(35 * time.Minute)
					require.Equal(t, syncer.StateSuccess, one.Status().State)
					require.Equal(t, before+1+tt.loads, s.loaded())
				})
			})
		})
	}
}

// A failed synchronisation leaves nothing to rely on.
func TestAFailedSynchronisationDropsWhatWasKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.lead(t, unchanged, func(one *syncer.Syncer) {
			before := s.loaded()
			var down atomic.Bool
			down.Store(true)
			s.org.CutAt(func(int, bool) error {
				if down.Load() {
					return errors.New("no answer")
				}
				return nil
			})
			s.with(func() { s.rename("New") })
			pass(3 * time.Minute)
			require.Equal(t, syncer.StateFailed, one.Status().State)
			down.Store(false)
			pass(5 * time.Minute)
			require.Equal(t, syncer.StateSuccess, one.Status().State)
			require.Greater(t, s.loaded(), before)
			settled := s.loaded()
			pass(5 * time.Minute)
			require.Equal(t, settled, s.loaded())
		})
	})
}

// A leader that stood still while another instance led does nothing with what it knew: it notices
// before it plans, and reads the map when it leads again.
func TestAnotherLeaderInBetweenMakesTheMapBeReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.lead(t, func(o *syncer.Options) { o.Interval = time.Second }, func(one *syncer.Syncer) {
			before, reads := s.loaded(), 0
			s.with(func() { reads = s.reads })
			pass(10 * time.Second)
			s.with(func() { require.Greater(t, s.reads, reads+5) })
			require.Equal(t, before, s.loaded())

			// Just after a renewal another instance takes over and maps user 301 to its own object.
			taken := s.org.AddUser("taken@x.example")
			pass(100 * time.Millisecond)
			s.with(func() {
				s.lease.Owner, s.lease.Generation, s.lease.ExpiresAt = "two", s.lease.Generation+1, time.Now().Add(20*time.Second)
				r := s.applied[plan.Users]["301"]
				r.CloudID = taken
				s.applied.Put(plan.Change{Kind: plan.Users, ID: "301", Record: &r})
				s.status = []byte(`{"state":"InProgress"}`)
				s.rename("Changed")
			})
			writes := s.org.Writes()
			pass(2 * time.Second)
			require.False(t, one.Leader(), "noticed by the next synchronisation, before the next renewal")
			require.Equal(t, writes, s.org.Writes())
			s.with(func() { require.JSONEq(t, `{"state":"InProgress"}`, string(s.status), "the status is the other one's") })

			pass(30 * time.Second)
			require.True(t, one.Leader())
			require.Greater(t, s.loaded(), before)
			s.with(func() { require.Equal(t, taken, s.applied[plan.Users]["301"].CloudID) })
			require.NotEqual(t, "Changed", s.org.User(s.org.UserID("p301@x.example")).DisplayName, "the object of what was known before")
		})
	})
}

func TestARestartedLeaderReadsTheMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.lead(t, unchanged, func(*syncer.Syncer) {})
		before := s.loaded()
		s.lead(t, unchanged, func(*syncer.Syncer) { require.Equal(t, before+2, s.loaded(), "to publish it and to go on from it") })
	})
}

// What is kept is what the map holds.
func TestWhatIsKeptIsWhatTheMapHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.lead(t, unchanged, func(*syncer.Syncer) {
			before := s.loaded()
			s.with(func() {
				s.snapshot.SkillLevels = s.snapshot.SkillLevels[:1]
				s.snapshot.Groups = slices.Clone(s.snapshot.Groups)
				s.snapshot.Groups[0].Members = []configmodel.DBID{301, 304}
				s.snapshot.Persons = s.snapshot.Persons[:9]
			})
			pass(5 * time.Minute)
			require.Equal(t, before, s.loaded())
			writes := s.org.Writes()
			var applied plan.Applied
			s.with(func() { applied = s.applied.Clone() })

			again, _ := s.instance("one", unchanged) // restarted, as it were: its predecessor is fenced off
			require.NoError(t, again.Once(t.Context()))
			require.Equal(t, writes, s.org.Writes())
			s.with(func() { require.Equal(t, applied, s.applied) })
		})
	})
}

// passing is a Config DB whose readings nobody else holds.
type passing struct {
	*site

	persons weak.Pointer[configmodel.Person]
}

func (p *passing) Snapshot(ctx context.Context) (configmodel.Snapshot, error) {
	snap, err := p.site.Snapshot(ctx)
	snap.Persons = slices.Clone(snap.Persons)
	p.persons = weak.Make(&snap.Persons[0])
	return snap, err
}

func TestNoReadingOfTheConfigDBOutlivesItsSynchronisation(t *testing.T) {
	s := newSite(t)
	source := &passing{site: s}
	one, _ := s.instance("one", func(o *syncer.Options) { o.Source = source })
	require.NoError(t, one.Once(t.Context()))
	runtime.GC()
	require.Nil(t, source.persons.Value())
	runtime.KeepAlive(one)
}
