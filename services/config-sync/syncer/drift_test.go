package syncer_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

// staffed is a site with a skill, a group, a code and a running instance that reads the
// organization every quarter of an hour.
func staffed(t *testing.T) *site {
	s := newSite(t)
	s.snapshot.Skills = []configmodel.Skill{{DBID: 401, Name: "Spanish", State: configmodel.StateEnabled}, {DBID: 402, Name: "French", State: configmodel.StateEnabled}}
	s.snapshot.SkillLevels = []configmodel.SkillLevel{{PersonDBID: 301, SkillDBID: 401, Level: 5}, {PersonDBID: 302, SkillDBID: 401, Level: 1}}
	s.snapshot.Groups = []configmodel.Group{{
		DBID: 501, Name: "G", State: configmodel.StateEnabled, Members: []configmodel.DBID{301, 302, 303},
		Annex: configmodel.Annex{{Name: "hybrid", Children: []configmodel.Property{{Name: "WFM_queue_number", Value: "VQ1"}}}},
	}}
	s.snapshot.Attributes = []configmodel.BusinessAttribute{{
		DBID: 701, Name: "DispositionCode", Type: configmodel.AttributeInteractionOperational, State: configmodel.StateEnabled,
		Values: []configmodel.AttributeValue{{DBID: 711, Name: "Resolved", State: configmodel.StateEnabled}},
	}}
	s.snapshot.Persons[0].Email = "p301@x.example"
	return s
}

func (s *site) run(t *testing.T, check func(user, queue string)) {
	t.Helper()
	one, _ := s.instance("one", func(o *syncer.Options) { o.DriftInterval = 15 * time.Minute })
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = one.Run(ctx) })
	time.Sleep(10 * time.Minute)
	synctest.Wait()
	require.Equal(t, syncer.StateSuccess, one.Status().State)
	check(s.org.UserID("p301@x.example"), s.org.QueueID("VQ1"))
	cancel()
	running.Wait()
}

// Whatever mapped attribute somebody changes in the organization, the next reading puts back; the
// organization's own attributes stay as they are.
//
// ledger: E-EXCS-021
// ledger: E-EXCS-022
// ledger: E-EXCS-092
func TestDriftIsPutBack(t *testing.T) {
	tests := []struct {
		name   string
		change func(o *orgtest.Org, user, queue string)
		own    bool // not Engage's business
	}{
		{"display name", func(o *orgtest.Org, user, _ string) {
			o.EditUser(user, func(u *orgtest.User) { u.DisplayName = "Hacker" })
		}, false},
		{"external id", func(o *orgtest.Org, user, _ string) { o.EditUser(user, func(u *orgtest.User) { u.ExternalID = "x" }) }, false},
		{"user name", func(o *orgtest.Org, user, _ string) {
			o.EditUser(user, func(u *orgtest.User) { u.UserName = "other@x.example" })
		}, false},
		{"e-mail", func(o *orgtest.Org, user, _ string) {
			o.EditUser(user, func(u *orgtest.User) {
				u.Emails = []users.UserEmail{{Value: "other@x.example", Type: "work", Primary: true}}
			})
		}, false},
		{"inactive", func(o *orgtest.Org, user, _ string) { o.EditUser(user, func(u *orgtest.User) { u.Active = new(bool) }) }, false},
		{"skill taken away", func(o *orgtest.Org, user, _ string) { o.TakeSkill(user, "Spanish") }, false},
		{"skill level", func(o *orgtest.Org, user, _ string) { o.GiveSkill(user, "Spanish") }, false},
		{"mapped skill added", func(o *orgtest.Org, user, _ string) { o.GiveSkill(user, "French") }, false},
		{"queue description", func(o *orgtest.Org, _, queue string) {
			o.EditQueue(queue, func(q *orgtest.Queue) { q.Description = "" })
		}, false},
		{"queue name", func(o *orgtest.Org, _, queue string) { o.EditQueue(queue, func(q *orgtest.Queue) { q.Name = "mine" }) }, false},
		{"member taken away", func(o *orgtest.Org, user, queue string) {
			o.EditQueue(queue, func(q *orgtest.Queue) { delete(q.Members, user) })
		}, false},
		{"mapped member added", func(o *orgtest.Org, _, queue string) {
			id := o.UserID("p310@x.example")
			o.EditQueue(queue, func(q *orgtest.Queue) { q.Members[id] = true })
		}, false},
		{"code taken away", func(o *orgtest.Org, _, queue string) {
			o.EditQueue(queue, func(q *orgtest.Queue) { clear(q.Codes) })
		}, false},
		{"default source", func(o *orgtest.Org, _, _ string) { o.SetPrimary("other") }, false},

		{"skill of its own", func(o *orgtest.Org, user, _ string) { o.GiveSkill(user, "Chess") }, true},
		{"role", func(o *orgtest.Org, user, _ string) {
			o.EditUser(user, func(u *orgtest.User) { u.Roles = []string{"Admin"} })
		}, true},
		{"language", func(o *orgtest.Org, user, _ string) {
			o.EditUser(user, func(u *orgtest.User) { u.Languages, u.Title = []string{"Spanish"}, "Boss" })
		}, true},
		{"member of its own", func(o *orgtest.Org, _, queue string) {
			id := o.AddUser("own@x.example")
			o.EditQueue(queue, func(q *orgtest.Queue) { q.Members[id] = true })
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := staffed(t)
				s.run(t, func(user, queue string) {
					before := s.org.State()
					tt.change(s.org, user, queue)
					changed, writes, full := s.org.State(), s.org.Writes(), fmt.Sprintf("%+v", s.org.User(user))
					time.Sleep(15 * time.Minute)
					synctest.Wait()
					if !tt.own {
						require.Equal(t, before, s.org.State())
						require.Contains(t, s.log.String(), "is put back")
						time.Sleep(time.Hour)
						synctest.Wait()
						require.LessOrEqual(t, s.org.Writes(), writes+2, "once")
						return
					}
					require.Equal(t, changed, s.org.State())
					require.Equal(t, writes, s.org.Writes())
					require.Equal(t, full, fmt.Sprintf("%+v", s.org.User(user)))
				})
			})
		})
	}
}

// What is deleted in the organization is noticed by the reading and left alone, until its mapping
// is cleared.
//
// ledger: E-EXCS-018
// ledger: E-EXCS-019
func TestDeletedObjectsAreNoticedAndLeftAlone(t *testing.T) {
	tests := []struct {
		kind plan.Kind
		id   string
		find func(o *orgtest.Org) string
	}{
		{plan.Users, "301", func(o *orgtest.Org) string { return o.UserID("p301@x.example") }},
		{plan.Queues, "201", func(o *orgtest.Org) string { return o.QueueID("VQ1") }},
		{plan.Skills, "401", func(o *orgtest.Org) string { return o.SkillID("Spanish") }},
		{plan.Codes, "Resolved", func(o *orgtest.Org) string { return o.CodeID("Resolved") }},
	}
	for _, tt := range tests {
		t.Run(string(tt.kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := staffed(t)
				s.run(t, func(string, string) {
					before := s.org.State()
					s.org.Delete(tt.find(s.org))
					time.Sleep(time.Hour)
					synctest.Wait()
					require.Empty(t, tt.find(s.org), "not made again")
					require.Contains(t, s.log.String(), "config-sync clear-mapping "+string(tt.kind)+" "+tt.id)
					writes := s.org.Writes()
					time.Sleep(time.Hour)
					synctest.Wait()
					require.Equal(t, writes, s.org.Writes(), "left alone")

					s.with(func() { s.requests = []idmap.Key{{Kind: tt.kind, ID: tt.id}, {Kind: tt.kind, ID: "unknown"}} })
					time.Sleep(2 * time.Minute)
					synctest.Wait()
					require.Equal(t, before, s.org.State(), "mapped anew with everything that belongs to it")
				})
			})
		})
	}
}

// A wrap-up code that was renamed in the organization gets its name back.
func TestRenamedCodeIsPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.run(t, func(string, string) {
			s.org.RenameCode(s.org.CodeID("Resolved"), "Solved")
			time.Sleep(16 * time.Minute)
			synctest.Wait()
			require.Contains(t, s.log.String(), "is put back")
			require.NotEmpty(t, s.org.CodeID("Resolved"))
		})
	})
}

// A listing without most of the mapped skills is rather broken than true.
func TestListingThatLacksMostSkillsIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.run(t, func(string, string) {
			s.org.Delete(s.org.SkillID("Spanish"))
			s.org.Delete(s.org.SkillID("French"))
			time.Sleep(16 * time.Minute)
			synctest.Wait()
			require.Contains(t, s.log.String(), "not believed")
			require.False(t, s.applied[plan.Skills]["401"].Gone)
		})
	})
}

// What was changed shortly before a reading is not compared: the organization may not show it yet.
func TestFreshObjectsAreNotTakenForDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.run(t, func(string, string) {
			time.Sleep(3 * time.Minute)
			s.with(func() {
				s.snapshot.Persons = append(s.snapshot.Persons, configmodel.Person{DBID: 399, UserName: "new@x.example", Agent: true, State: configmodel.StateEnabled})
			})
			time.Sleep(90 * time.Second)
			synctest.Wait()
			id := s.org.UserID("new@x.example")
			require.NotEmpty(t, id)
			s.org.Delete(id) // as if it were not visible yet
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			require.False(t, s.applied[plan.Users]["399"].Gone)
		})
	})
}

// A changed person reaches the organization within one poll interval and two seconds, also while
// the organization is being read.
func TestChangeArrivesWithinOneInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.run(t, func(user, _ string) {
			for i := range 20 { // over the reading at a quarter past
				time.Sleep(17 * time.Second)
				name := fmt.Sprint("Name ", i)
				s.with(func() {
					persons := append([]configmodel.Person{}, s.snapshot.Persons...)
					persons[0].FirstName = name
					s.snapshot.Persons = persons
				})
				time.Sleep(time.Minute + 2*time.Second)
				synctest.Wait()
				require.Equal(t, name, s.org.User(user).DisplayName)
			}
		})
	})
}

// A killed instance that starts again leads at once: its name is the same.
func TestRestartedInstanceLeadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		_, err := s.AcquireLease(t.Context(), "config-sync", "host:3640", 15*time.Second)
		require.NoError(t, err, "held by the instance that was killed")
		again, _ := s.instance("host:3640", unchanged)
		other, _ := s.instance("host:3650", unchanged)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = other.Run(ctx) })
		synctest.Wait()
		running.Go(func() { _ = again.Run(ctx) })
		synctest.Wait()
		require.True(t, again.Leader())
		require.False(t, other.Leader())
		cancel()
		running.Wait()
	})
}

// EXCS has nothing to do with languages, and knows only the system's own presences.
//
// ledger: E-EXCS-003
// ledger: E-EXCS-008
// ledger: E-EXCS-091
func TestLanguagesAndSecondaryPresencesAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := staffed(t)
		s.snapshot.Skills = append(s.snapshot.Skills, configmodel.Skill{DBID: 403, Name: "German", State: configmodel.StateEnabled})
		s.snapshot.SkillLevels = append(s.snapshot.SkillLevels, configmodel.SkillLevel{PersonDBID: 301, SkillDBID: 403, Level: 3})
		s.run(t, func(user, _ string) {
			time.Sleep(20 * time.Minute)
			synctest.Wait()
			require.NotEmpty(t, s.org.SkillID("German"), "a language is a skill like any other")
			require.Empty(t, s.org.User(user).Languages)
			for _, path := range s.org.Paths() {
				require.NotContains(t, strings.ToLower(path), "language")
				require.NotRegexp(t, `^(POST|PUT|PATCH) .*presence/definitions`, path)
			}
			require.Equal(t, "presence-Break", s.applied[plan.Presences]["Break"].CloudID, "not the secondary definition of the organization")
		})
	})
}
