package syncer_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/store"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/cloud"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is everything around a syncer, in memory and shared by the instances of a test.
type site struct {
	mu       sync.Mutex
	snapshot configmodel.Snapshot
	dbErr    error
	reads    int
	loads    int // of the ID map
	applied  plan.Applied
	status   []byte
	lease    store.Lease
	storeErr error
	requests []idmap.Key
	approved []idmap.Approval
	begun    []byte
	org      *orgtest.Org
	cloud    *cloud.Org
	log      bytes.Buffer
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{applied: plan.Applied{}, org: orgtest.New()}
	s.cloud = s.org.Direct(t)
	for i := range 10 {
		id := configmodel.DBID(301 + i)
		s.snapshot.Persons = append(s.snapshot.Persons, configmodel.Person{
			DBID: id, UserName: "p" + id.String() + "@x.example", Agent: true, State: configmodel.StateEnabled,
		})
	}
	s.snapshot.DNs = []configmodel.DN{{DBID: 201, Number: "VQ1", Type: configmodel.DNVirtualQueue, State: configmodel.StateEnabled, SwitchName: "S"}}
	s.snapshot.Options = configmodel.Options{"general": {"organization_id": "org-1"}}
	return s
}

func (s *site) Snapshot(context.Context) (configmodel.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.snapshot, s.dbErr
}

func (s *site) Options(context.Context) (configmodel.Options, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot.Options, s.dbErr
}

func (s *site) Load(context.Context) (plan.Applied, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	return s.applied.Clone(), s.storeErr
}

func (s *site) Save(ctx context.Context, lease store.Lease, changes ...plan.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fenced(lease); err != nil {
		return err
	}
	for _, c := range changes {
		s.applied.Put(c)
	}
	return ctx.Err()
}

// fenced is why the holder of a lease may not write.
func (s *site) fenced(l store.Lease) error {
	if s.storeErr == nil && (l.Owner != s.lease.Owner || l.Generation != s.lease.Generation) {
		return fault.Wrap(fault.Conflict, "test", store.ErrFenced)
	}
	return s.storeErr
}

func (s *site) SetAside(context.Context, store.Lease) ([]idmap.Key, error) { return nil, nil }

func (s *site) Requests(context.Context) ([]idmap.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.storeErr
}

func (s *site) Granted(_ context.Context, lease store.Lease, _ ...idmap.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fenced(lease); err != nil {
		return err
	}
	s.requests = nil
	return nil
}

func (s *site) Approve(_ context.Context, a idmap.Approval) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.approved = append(s.approved, a)
	return s.storeErr
}

func (s *site) Approvals(context.Context) ([]idmap.Approval, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.approved, s.storeErr
}

func (s *site) UseUp(_ context.Context, lease store.Lease, used ...idmap.Approval) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fenced(lease); err != nil {
		return err
	}
	s.approved = slices.DeleteFunc(s.approved, func(a idmap.Approval) bool { return slices.Contains(used, a) })
	return nil
}

func (s *site) GetDocument(_ context.Context, name string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != "config-sync-status" {
		return s.begun, s.begun != nil, s.storeErr
	}
	return s.status, s.status != nil, s.storeErr
}

func (s *site) PutDocument(_ context.Context, lease store.Lease, name string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fenced(lease); err != nil {
		return err
	}
	if name != "config-sync-status" {
		s.begun = body
		return nil
	}
	s.status = body
	return nil
}

func (s *site) AcquireLease(_ context.Context, name, owner string, ttl time.Duration) (store.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.storeErr != nil {
		return store.Lease{}, s.storeErr
	}
	if s.lease.Owner != "" && s.lease.Owner != owner && time.Now().Before(s.lease.ExpiresAt) {
		return store.Lease{}, fault.Wrap(fault.Conflict, "test", &store.LeaseHeldError{Name: name, Owner: s.lease.Owner, ExpiresAt: s.lease.ExpiresAt})
	}
	s.lease = store.Lease{Name: name, Owner: owner, Generation: s.lease.Generation + 1, ExpiresAt: time.Now().Add(ttl)}
	return s.lease, nil
}

func (s *site) RenewLease(_ context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.storeErr != nil {
		return l, s.storeErr
	}
	if s.lease.Generation != l.Generation {
		return l, fault.Wrap(fault.Conflict, "test", store.ErrFenced)
	}
	s.lease.ExpiresAt = time.Now().Add(ttl)
	return s.lease, nil
}

func (s *site) ReleaseLease(_ context.Context, l store.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease.Generation == l.Generation {
		s.lease.ExpiresAt = time.Time{}
	}
	return nil
}

func (s *site) with(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// instance makes a syncer of the site.
func (s *site) instance(owner string, change func(*syncer.Options)) (*syncer.Syncer, *catalog.Catalog) {
	published := catalog.New()
	opts := syncer.Options{
		Tenant: "101", Owner: owner, Source: s, Map: s, Leases: s, Documents: s, Catalog: published, Interval: time.Minute, Parallel: 2, Guard: plan.DefaultGuard(plan.DefaultMaxRemovalPercent), RequestsPerMinute: 300,
		Cloud:  func(configmodel.Options) (syncer.Cloud, error) { return s.cloud, nil },
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)), Registerer: prometheus.NewRegistry(), Now: time.Now,
	}
	if change != nil {
		change(&opts)
	}
	return syncer.New(opts), published
}

func unchanged(*syncer.Options) {}

// ledger: E-EXCS-009
// ledger: E-EXCS-064
func TestSyncPublishesAndReports(t *testing.T) {
	s := newSite(t)
	s.snapshot.Persons = append(s.snapshot.Persons, configmodel.Person{DBID: 399, UserName: "zoe", State: configmodel.StateEnabled})
	one, published := s.instance("one", unchanged)
	_, known := one.HybridIntegration()
	require.False(t, known)
	require.NoError(t, one.Once(t.Context()))

	status := one.Status()
	require.Equal(t, syncer.StateSuccess, status.State)
	require.False(t, status.LastSuccess.IsZero())
	require.Equal(t, 1, status.Skipped)
	options, known := one.HybridIntegration()
	require.True(t, known)
	require.Equal(t, "org-1", options.Get("general", "organization_id"))
	m, ok := published.Get(configsyncv1.MappingKind_MAPPING_KIND_USER, "301")
	require.True(t, ok)
	require.Equal(t, s.org.UserID("p301@x.example"), m.GetCloudId())
	source, ok := published.Get(configsyncv1.MappingKind_MAPPING_KIND_SOURCE, "101")
	require.True(t, ok)
	require.NotEmpty(t, source.GetCloudId())

	writes := s.org.Writes()
	require.NoError(t, one.Once(t.Context()))
	require.Equal(t, writes, s.org.Writes(), "an unchanged center costs no write")
	log := s.log.String()
	require.Equal(t, 1, strings.Count(log, "object is not synchronised"), "said once: %s", log)
	require.Contains(t, log, "level=ERROR")
}

func TestSyncRefusesWhatLooksLikeABrokenReading(t *testing.T) {
	s := newSite(t)
	one, published := s.instance("one", unchanged)
	require.NoError(t, one.Once(t.Context()))
	before := published.Len()

	persons := s.snapshot.Persons
	s.snapshot.Persons = append(slices.Clone(persons[:5]), configmodel.Person{DBID: 388, UserName: "new@x.example", Agent: true, State: configmodel.StateEnabled})
	require.NoError(t, one.Once(t.Context()))
	status := one.Status()
	require.Equal(t, syncer.StateFailed, status.State)
	require.Contains(t, status.Reason, "5 of 10 users")
	require.Contains(t, status.Hint, "config-sync approve "+status.WaitingPlan)
	require.NotEmpty(t, s.org.UserID("new@x.example"), "what is not in doubt goes on")
	require.Equal(t, before+1, published.Len(), "what was published stays")
	require.Contains(t, s.log.String(), "waits for an approval")

	full := s.snapshot
	s.snapshot = configmodel.Snapshot{}
	writes := s.org.Writes()
	require.NoError(t, one.Once(t.Context()))
	require.Equal(t, writes, s.org.Writes())
	require.Equal(t, syncer.StateFailed, one.Status().State)

	s.snapshot = full
	_, err := one.Approve(t.Context(), "another", false)
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.NoError(t, one.Once(t.Context()))
	require.Equal(t, writes, s.org.Writes())
	_, err = one.Approve(t.Context(), status.WaitingPlan, false)
	require.NoError(t, err)

	s.snapshot.Persons = s.snapshot.Persons[1:] // something else than what was approved
	require.NoError(t, one.Once(t.Context()))
	require.Equal(t, writes, s.org.Writes())
	s.snapshot = full
	for i := range s.approved {
		s.approved[i].At = s.approved[i].At.Add(-time.Hour)
	}
	require.NoError(t, one.Once(t.Context()))
	require.Equal(t, writes, s.org.Writes(), "an approval is good for an hour")
	_, err = one.Approve(t.Context(), status.WaitingPlan, false)
	require.NoError(t, err)
	require.NoError(t, one.Once(t.Context()))
	require.Equal(t, syncer.StateSuccess, one.Status().State)
	require.Less(t, published.Len(), before)
	require.Empty(t, s.approved, "it is used up")
	_, err = one.Approve(t.Context(), status.WaitingPlan, false)
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
}

func TestRefusedOperationsAreListedAndNoFailureOfTheTenant(t *testing.T) {
	s := newSite(t)
	// A person was renamed to a user name that somebody else's user has.
	s.org.AddUser("taken@x.example")
	renamed := plan.Record{CloudID: s.org.AddUser("before@x.example"), EngageName: "before@x.example", CloudName: "before@x.example"}
	s.applied.Put(plan.Change{Kind: plan.Users, ID: "999", Record: &renamed})
	s.snapshot.Persons = append(s.snapshot.Persons, configmodel.Person{DBID: 999, UserName: "taken@x.example", Agent: true, State: configmodel.StateEnabled})

	one, published := s.instance("one", unchanged)
	require.NoError(t, one.Once(t.Context()))
	status := one.Status()
	require.Equal(t, syncer.StateSuccess, status.State)
	require.Len(t, status.Refusals, 1)
	require.Equal(t, "999", status.Refusals[0].ID)
	require.Equal(t, plan.FieldUserName, status.Refusals[0].Attribute)
	require.NotEmpty(t, status.Refusals[0].Reason)
	require.False(t, status.Refusals[0].Since.IsZero())
	require.True(t, published.Ready(), "everything else is in place")
}

func TestFailuresAreToldAndRetriedUntilTheyPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.dbErr = fault.New(fault.Unavailable, "configdb", "connection refused").WithHint("check CONFIG_DB_HOST")
		one, published := s.instance("one", unchanged)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- one.Run(ctx) }()

		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		require.True(t, one.Leader())
		require.Equal(t, syncer.StateFailed, one.Status().State)
		require.Equal(t, "check CONFIG_DB_HOST", one.Status().Hint)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Greater(t, s.reads, 3, "sooner than the interval at first")
		require.False(t, published.Ready())

		s.with(func() { s.dbErr = nil })
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, syncer.StateSuccess, one.Status().State)
		require.True(t, published.Ready())
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		require.True(t, s.lease.ExpiresAt.IsZero(), "the lease is given back")
	})
}

// Two instances: one leads, the other publishes the same and takes over when the leader goes.
func TestOnlyOneInstanceSynchronisesAndTheOtherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		one, _ := s.instance("one", unchanged)
		two, published := s.instance("two", unchanged)
		ctx, cancel := context.WithCancel(t.Context())
		ctxOne, stopOne := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { _ = one.Run(ctxOne) })
		time.Sleep(time.Second)
		running.Go(func() { _ = two.Run(ctx) })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.True(t, one.Leader())
		require.False(t, two.Leader())
		require.True(t, published.Ready(), "the follower publishes what the leader has done")
		require.Equal(t, one.Status().LastSuccess, two.Status().LastSuccess)
		_, known := two.HybridIntegration()
		require.True(t, known)

		stopOne()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.False(t, one.Leader())
		require.True(t, two.Leader())
		cancel()
		running.Wait()
	})
}

// A leader that cannot renew its lease in time stops before another can begin.
func TestLeaderThatLosesTheStoreStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		one, published := s.instance("one", unchanged)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = one.Run(ctx) })
		time.Sleep(time.Second)
		synctest.Wait()
		require.True(t, one.Leader())

		s.with(func() { s.storeErr = fault.New(fault.Unavailable, "store", "redis is down") })
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.False(t, one.Leader())
		require.True(t, published.Ready(), "what is known can still be asked for")

		s.with(func() { s.storeErr = nil })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.True(t, one.Leader())
		cancel()
		running.Wait()
	})
}

// After a restart the stored mapping is published although the Config DB cannot be read.
func TestRestartWithoutConfigDBPublishesTheStoredMapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		first, _ := s.instance("first", unchanged)
		require.NoError(t, first.Once(t.Context()))
		s.with(func() { s.dbErr = fault.New(fault.Unavailable, "configdb", "connection refused") })

		again, published := s.instance("again", unchanged)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = again.Run(ctx) })
		time.Sleep(time.Second)
		synctest.Wait()
		require.True(t, published.Ready())
		_, ok := published.Get(configsyncv1.MappingKind_MAPPING_KIND_USER, "301")
		require.True(t, ok)
		require.False(t, again.Status().LastSuccess.IsZero())
		cancel()
		running.Wait()
	})
}

func TestPreviewChangesNothing(t *testing.T) {
	s := newSite(t)
	s.snapshot.Persons = append(s.snapshot.Persons, configmodel.Person{DBID: 399, UserName: "zoe", State: configmodel.StateEnabled})
	one, published := s.instance("one", unchanged)
	p, err := one.Preview(t.Context(), false)
	require.NoError(t, err)
	require.NotEmpty(t, p.Operations)
	require.Len(t, p.Skipped, 1)
	require.Equal(t, desired.NoEmail, p.Skipped[0].Reason)
	require.Equal(t, p.Plan.Calls(), p.Cost.Calls)
	require.Zero(t, s.org.Writes())
	require.Empty(t, s.applied)
	require.False(t, published.Ready())
}
