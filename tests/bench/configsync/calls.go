package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// smallCenter is the center of the measurements that go through the API.
func smallCenter() center {
	return center{persons: 1000, skills: 100, levels: 5, queues: 200, members: 20, codes: 50, extensions: 1000}
}

const (
	smallDatabase = "small"
	unlimited     = 1_000_000 // requests per minute
	pollInterval  = time.Second
	// unchangedRuns are synchronisations that must write nothing.
	unchangedRuns = 3
	// changes is how often the way of a change is measured.
	changes = 5
)

// The limits of the API calls.
const (
	callsPerAgentLimit = 1.10
	callsPerQueue      = 2
	codesPerCall       = 100
)

// callsBeside are the calls that a first synchronisation may make for everything but the agents.
func callsBeside(c center) int {
	codeCalls := (c.codes + codesPerCall - 1) / codesPerCall
	return c.queues*(callsPerQueue+codeCalls) + c.skills + c.codes
}

// callsFloor are the calls that a first synchronisation may make.
func callsFloor(c center) int { return int(callsPerAgentLimit*float64(c.persons)) + callsBeside(c) }

// callsPerAgent charges everything that is not allowed to other objects to the agents.
func callsPerAgent(c center, total int) float64 {
	return float64(total-callsBeside(c)) / float64(c.persons)
}

// measureCalls lets config-sync synchronise the small center without a rate limit, looks at what the next
// synchronisations write, and then at the way of a change.
func (s *site) measureCalls(ctx context.Context, f *figures) error {
	c := smallCenter() // the paced synchronisation has made the database
	org, err := s.startLab(ctx, "lab-small")
	if err != nil {
		return err
	}
	if err := org.knobs(ctx, map[string]int{"rateLimit": unlimited}); err != nil {
		return err
	}
	sync, err := s.startService(ctx, service{name: "small", database: smallDatabase, org: org, perMinute: unlimited, interval: pollInterval})
	if err != nil {
		return err
	}
	first, err := sync.awaitRuns(ctx, 1)
	if err != nil {
		return err
	}
	after, err := org.state(ctx)
	if err != nil {
		return err
	}
	if found := differences(c, after); len(found) > 0 {
		return fmt.Errorf("the org is not what was generated: %w", errors.Join(found[:min(5, len(found))]...))
	}
	if _, err := sync.awaitRuns(ctx, first.succeeded+unchangedRuns); err != nil {
		return err
	}
	unchanged, err := org.state(ctx)
	if err != nil {
		return err
	}
	f.CallsTotal, f.CallsFloor = after.Counters.calls(), callsFloor(c)
	f.CallsPerAgent = callsPerAgent(c, f.CallsTotal)
	f.SecondSyncWrites = unchanged.Counters.writes() - after.Counters.writes()
	f.note("API calls of the unchanged synchronisations", unchanged.Counters.calls()-after.Counters.calls(), "0")
	f.note("requests that the org refused", unchanged.Counters.refused(), "0")
	f.note("first synchronisation without a rate limit, s", first.seconds/float64(first.succeeded), "-")
	if err := s.measureChanges(ctx, org, f); err != nil {
		return err
	}
	return s.quit(sync.process)
}

// measureChanges changes persons one after the other, at different moments of the interval.
func (s *site) measureChanges(ctx context.Context, org *organization, f *figures) error {
	const every = 10 * time.Millisecond
	before, err := org.state(ctx)
	if err != nil {
		return err
	}
	for n := range changes {
		if err := sleep(ctx, time.Duration(n)*pollInterval/changes); err != nil {
			return err
		}
		name := fmt.Sprintf("Changed %d", n)
		started := time.Now()
		if err := s.postgres.exec(ctx, smallDatabase, "UPDATE cfg_person SET last_name = $1 WHERE dbid = $2", name, personBase+n); err != nil {
			return fmt.Errorf("change a person: %w", err)
		}
		for shown := false; !shown; {
			if err := sleep(ctx, every); err != nil {
				return fmt.Errorf("the change of %s has not reached the org: %w", userName(n), err)
			}
			state, err := org.state(ctx)
			if err != nil {
				return err
			}
			shown = state.displayName(userName(n)) == "First "+name
		}
		f.ChangeToOrg = max(f.ChangeToOrg, time.Since(started).Seconds())
	}
	after, err := org.state(ctx)
	f.note("API calls per changed person", float64(after.Counters.calls()-before.Counters.calls())/changes, "1")
	return err
}

func (o orgState) displayName(userName string) string {
	for _, u := range o.Users {
		if u.UserName == userName {
			return u.DisplayName
		}
	}
	return ""
}

// differences compares the org with what was generated.
func differences(c center, org orgState) []error {
	var found []error
	expect := func(what string, got, want any) {
		if got != want {
			found = append(found, fmt.Errorf("%s: %v instead of %v", what, got, want))
		}
	}
	expect("users", len(org.Users), c.persons)
	expect("queues", len(org.Queues), c.queues)
	expect("skills", len(org.Skills), c.skills)
	expect("wrap-up codes", len(org.WrapupCodes), c.codes)
	names := map[string]string{}
	for _, u := range org.Users {
		names[u.ID] = u.UserName
		expect("active "+u.UserName, u.Active, true)
		expect("skills of "+u.UserName, len(u.Skills), c.levels)
	}
	members := map[string][]string{}
	for q, persons := range c.membersOf() {
		for _, p := range persons {
			members[queueName(q)] = append(members[queueName(q)], userName(p))
		}
		slices.Sort(members[queueName(q)])
	}
	for _, q := range org.Queues {
		var got []string
		for _, id := range q.Members {
			got = append(got, names[id])
		}
		slices.Sort(got)
		expect("members of "+q.Name, fmt.Sprint(got), fmt.Sprint(members[q.Name]))
		expect("wrap-up codes of "+q.Name, len(q.WrapupCodes), c.codes)
	}
	return found
}
