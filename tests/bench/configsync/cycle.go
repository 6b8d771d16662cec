package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"time"

	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// enough bounds a number of repetitions by the time that they take; one is always done.
func enough(done, wanted int, began time.Time, most time.Duration) bool {
	return done >= wanted || done > 0 && time.Since(began) >= most
}

// The cycles whose parts are measured, and the time that is given to them.
const (
	rehearsedCycles = 3
	rehearsedMost   = 20 * time.Second
)

// phase is a part of a cycle.
type phase struct {
	name string
	took time.Duration
}

// cycleResult is what a cycle came to and where its time went.
type cycleResult struct {
	org    desired.Org
	plan   plan.Plan
	phases []phase
}

// cycle does what syncer does until it has a plan, and then publishes, provided that there is a catalog.
func (r *rehearsal) cycle(ctx context.Context, published *catalog.Catalog) (cycleResult, error) {
	var out cycleResult
	last := time.Now()
	done := func(name string) {
		now := time.Now()
		out.phases = append(out.phases, phase{name, now.Sub(last)})
		last = now
	}
	snap, err := r.db.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	done("read the Config DB")
	out.org, _ = desired.Build(snap, desired.Options{
		TenantLabel: desired.TenantLabel(tenantName, strconv.Itoa(tenantDBID)), QueueSuffix: desired.DefaultQueueSuffix,
	})
	done("derive what is wanted")
	applied, err := r.ids.Load(ctx)
	if err != nil {
		return out, err
	}
	done("load the ID map")
	out.plan = plan.Build(strconv.Itoa(tenantDBID), out.org, applied, plan.Conditions{Now: time.Now(), Guard: plan.DefaultGuard(plan.DefaultMaxRemovalPercent)})
	done("plan")
	if published != nil {
		published.Replace(catalog.Mappings(applied))
		done("publish")
	}
	return out, nil
}

// repeat runs cycles that have nothing to do and notes how long each part took at least.
func (r *rehearsal) repeat(ctx context.Context, profiles string, f *figures) (err error) {
	stop, err := startProfile(profiles)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	published := catalog.New()
	times := map[string][]time.Duration{}
	var order []string
	began := time.Now()
	for n := 0; !enough(n, rehearsedCycles, began, rehearsedMost); n++ {
		result, err := r.cycle(ctx, published)
		if err != nil {
			return err
		}
		if !result.plan.Empty() {
			return fmt.Errorf("an unchanged center gives %d operations, the first one: %s", len(result.plan.Operations), result.plan.Operations[0])
		}
		for _, p := range result.phases {
			times[p.name] = append(times[p.name], p.took)
			if n == 0 {
				order = append(order, p.name)
			}
		}
	}
	for _, name := range order {
		f.note("30,000 persons: "+name+", s", slices.Min(times[name]).Seconds(), "-")
	}
	return nil
}

// startProfile writes a CPU profile until stop is called, which adds one of all allocations.
func startProfile(folder string) (stop func() error, err error) {
	if folder == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	cpu, err := os.Create(filepath.Join(folder, "cpu.pprof")) //nolint:gosec // the user's own folder
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(filepath.Join(folder, "heap.pprof")) //nolint:gosec // the user's own folder
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		return errors.Join(pprof.Lookup("allocs").WriteTo(heap, 0), heap.Close(), cpu.Close())
	}, nil
}
