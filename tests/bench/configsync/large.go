package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/store"
	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/plan"
)

// largeCenter is the largest center that is promised: 450,000 skill levels, 60,000 DNs, and 2,000 groups with scripts.
func largeCenter() center {
	return center{persons: 30_000, skills: 500, levels: 15, queues: 2000, codes: 50, extensions: 58_000}
}

const (
	largeDatabase = "large"
	largeCycles   = 5 // synchronisations that are watched after the first one
	largeMost     = 30 * time.Second
	saveBatch     = 500
)

// measureLarge prepares the ID map as if everything had been applied, and then watches a config-sync process that has
// nothing to do. Its memory is that of the process alone.
func (s *site) measureLarge(ctx context.Context, f *figures) error {
	c := largeCenter()
	if err := s.postgres.fill(ctx, largeDatabase, s.schema, c.tables()); err != nil {
		return err
	}
	if err := s.rehearse(ctx, c, f); err != nil {
		return err
	}
	// Nothing answers there: whatever the plan wants of the organization fails.
	nowhere := &organization{address: "127.0.0.1:9", secret: randomHex()}
	sync, err := s.startService(ctx, service{name: "large", database: largeDatabase, org: nowhere, perMinute: rateLimit, interval: pollInterval})
	if err != nil {
		return err
	}
	return errors.Join(watch(ctx, sync, f), s.quit(sync.process))
}

// watch takes the figures of a process that has nothing to do, from the first cycle on.
func watch(ctx context.Context, sync *instance, f *figures) error {
	first, err := sync.awaitRuns(ctx, 1)
	if err != nil {
		return err
	}
	began := time.Now()
	usedBefore, err := sync.cpuTime()
	if err != nil {
		return err
	}
	var cycles []float64
	last := first
	for !enough(len(cycles), largeCycles, began, largeMost) {
		next, err := sync.awaitRuns(ctx, last.succeeded+1)
		if err != nil {
			return err
		}
		cycles = append(cycles, (next.seconds-last.seconds)/float64(next.succeeded-last.succeeded))
		last = next
	}
	peak, err1 := sync.peakMemory()
	used, err2 := sync.cpuTime()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	slices.Sort(cycles)
	f.Snapshot30kSeconds, f.Snapshot30kMB = cycles[len(cycles)/2], float64(peak)/1e6
	f.note("30,000 persons: first cycle of the process, s", first.seconds/float64(first.succeeded), "-")
	f.note("30,000 persons: fastest later cycle, s", cycles[0], "-")
	f.note("30,000 persons: slowest later cycle, s", cycles[len(cycles)-1], "-")
	f.note("30,000 persons: processor time per later cycle, s", (used-usedBefore).Seconds()/float64(last.succeeded-first.succeeded), "-")
	return nil
}

// rehearsal does in the bench what a cycle of config-sync does, to prepare the ID map and to show where time goes.
type rehearsal struct {
	db    *configdb.DB
	store *store.Store
	ids   *idmap.Map
}

func (s *site) openRehearsal() (*rehearsal, error) {
	log := slog.New(slog.DiscardHandler)
	port, err := strconv.Atoi(s.postgres.port)
	if err != nil {
		return nil, err
	}
	db, err := configdb.Open(configdb.Options{
		Type: configdb.PostgreSQL, Host: "127.0.0.1", Port: port, Name: largeDatabase, User: "postgres", Tenant: tenantDBID, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	kept, err := store.Open(store.Options{
		Addrs: []string{s.redis}, Prefix: keyPrefix("large"), Tenant: strconv.Itoa(tenantDBID), Logger: log, Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &rehearsal{db, kept, idmap.New(kept)}, nil
}

func (r *rehearsal) close() error { return errors.Join(r.db.Close(), r.store.Close()) }

func (s *site) rehearse(ctx context.Context, c center, f *figures) (err error) {
	r, err := s.openRehearsal()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	first, err := r.cycle(ctx, nil)
	if err != nil {
		return err
	}
	if found := shortcomings(c, first.org); len(found) > 0 {
		return fmt.Errorf("what is wanted is not what was generated: %w", errors.Join(found[:min(5, len(found))]...))
	}
	if err := r.remember(ctx, first.plan); err != nil {
		return err
	}
	return r.repeat(ctx, s.opts.profiles, f)
}

// remember puts into the ID map what executing the plan would have left there.
func (r *rehearsal) remember(ctx context.Context, p plan.Plan) error {
	applied := plan.Applied{}
	for _, o := range p.Operations {
		for _, c := range applied.After(o, cloudID(o), o.Name) {
			applied.Put(c)
		}
	}
	var changes []plan.Change
	for kind, records := range applied {
		for id, record := range records {
			changes = append(changes, plan.Change{Kind: kind, ID: id, Record: &record})
		}
	}
	lease, err := r.store.AcquireLease(ctx, "config-sync", "bench", time.Minute)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(changes, saveBatch) {
		if err := r.ids.Save(ctx, lease, batch...); err != nil {
			return fmt.Errorf("prepare the ID map: %w", err)
		}
	}
	return r.store.ReleaseLease(ctx, lease)
}

// cloudID is the id that the organization might have given to an object.
func cloudID(o plan.Operation) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(string(o.Kind)+" "+o.ID)).String()
}

// shortcomings compares what config-sync wants with what was generated.
func shortcomings(c center, org desired.Org) []error {
	var found []error
	expect := func(what string, got, want any) {
		if got != want {
			found = append(found, fmt.Errorf("%s: %v instead of %v", what, got, want))
		}
	}
	expect("users", len(org.Users), c.persons)
	expect("queues", len(org.Queues), c.queues)
	expect("skills", len(org.Skills), c.skills)
	expect("wrap-up codes", len(org.Codes), c.codes)
	expect("DNs", len(org.DNs), c.extensions)
	for _, u := range org.Users {
		expect("skills of "+u.UserName, len(u.Skills), c.levels)
	}
	members := map[string][]int{}
	for q, persons := range c.membersOf() {
		members[queueName(q)] = persons
	}
	for _, q := range org.Queues {
		want := make([]string, 0, len(members[q.Name]))
		for _, p := range members[q.Name] {
			want = append(want, strconv.Itoa(personBase+p))
		}
		if !slices.Equal(q.Members, want) {
			found = append(found, fmt.Errorf("queue %s: %d members instead of %d, or others", q.Name, len(q.Members), len(want)))
		}
	}
	return found
}
