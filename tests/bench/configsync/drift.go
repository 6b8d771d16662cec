package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

const (
	driftDatabase = "drift"
	driftInterval = time.Minute // the shortest that is allowed
	// driftCallsLimit is what a reading of 1,000 agents and 100 queues may take.
	driftCallsLimit = 220
	driftRead       = "engage_connector_config_sync_drift_read_timestamp_seconds"
)

// driftCenter is the center whose org is read.
func driftCenter() center {
	return center{persons: 1000, skills: 100, levels: 5, queues: 100, members: 90, codes: 50, extensions: 100}
}

// driftSync is a service that reads its org for what was changed there, one interval after it has begun.
type driftSync struct {
	site  *site
	sync  *instance
	calls chan int // of the first reading; closed without it
}

// startDrift begins early, because the first reading comes after a minute.
func (s *site) startDrift(ctx context.Context) (*driftSync, error) {
	if err := s.postgres.fill(ctx, driftDatabase, s.schema, driftCenter().tables()); err != nil {
		return nil, err
	}
	org, err := s.startLab(ctx, "lab-drift")
	if err != nil {
		return nil, err
	}
	if err := org.knobs(ctx, map[string]int{"rateLimit": unlimited}); err != nil {
		return nil, err
	}
	sync, err := s.startService(ctx, service{
		name: "drift", database: driftDatabase, org: org, perMinute: unlimited, interval: pollInterval, drift: driftInterval,
	})
	if err != nil {
		return nil, err
	}
	if _, err := sync.awaitRuns(ctx, 1); err != nil {
		return nil, err
	}
	state, err := org.state(ctx)
	if err == nil && sync.hasRead(ctx) {
		err = errors.New("the org was read before the center was in step")
	}
	d := &driftSync{s, sync, make(chan int, 1)}
	go d.watch(ctx, org, state.Counters.calls())
	return d, err
}

// watch waits for the end of the first reading. Synchronisations without a change make no request, so that
// whatever the org has counted since the center was in step is the reading's.
func (d *driftSync) watch(ctx context.Context, org *organization, before int) {
	defer close(d.calls)
	const every = 100 * time.Millisecond
	for !d.sync.hasRead(ctx) {
		if sleep(ctx, every) != nil {
			return
		}
	}
	if state, err := org.state(ctx); err == nil && state.Counters.refused() == 0 {
		d.calls <- state.Counters.calls() - before
	}
}

func (d *driftSync) measure(ctx context.Context, f *figures) error {
	select {
	case calls, measured := <-d.calls:
		if !measured {
			return errors.New("the org was not read, or has refused something")
		}
		f.DriftCalls = calls
	case <-ctx.Done():
		return ctx.Err()
	}
	return d.site.quit(d.sync.process)
}

// hasRead tells whether the instance has read its org.
func (i *instance) hasRead(ctx context.Context) bool {
	page, err := fetch(ctx, http.MethodGet, "http://"+i.address+"/metrics", nil)
	if err != nil {
		return false
	}
	at, err := seriesValue(strings.TrimSpace(string(page))+"\n", driftRead)
	return err == nil && at > 0
}
