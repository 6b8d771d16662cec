// Package campaign runs many histories, on several cores, and reports.
package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/tests/soak/drive"
	"engage.connector/tests/soak/judge"
)

// Options of a campaign.
type Options struct {
	Histories int
	Seed      uint64
	Limit     time.Duration
	Workers   int
	Calls     int
	Moves     int
	Tries     int    // to make a failing history smaller
	Shown     int    // failing histories of each rule that are printed
	LinkOrder bool   // also for longer than they are waited for
	Org       string // URL of an org that gets the events; empty: none
	CallModel string // guide or extended
	Environ   []string
	Stdout    io.Writer
}

// tally sums up what the workers did.
type tally struct {
	mu        sync.Mutex
	histories int
	fed       int
	sent      map[string]int
	moves     map[string]int
	talks     int
	plain     int
	failures  map[judge.Rule]int
	failed    int
	late      int // compared while links lagged for longer than they are waited for
	differed  int // of these, told in another way
	drifting  int // compared with right clocks while clocks drifted
	drifted   int // of these, told in another way
}

// Run runs the campaign; false when a history failed.
func Run(ctx context.Context, opts Options) (bool, error) {
	run := drive.Options{CallModel: conversation.CallModel(opts.CallModel), Mapping: drive.NewMapping(), Calls: opts.Calls, Moves: opts.Moves, LinkOrder: opts.LinkOrder}
	var sink *drive.Org
	if opts.Org != "" {
		var err error
		if sink, err = drive.OpenOrg(ctx, opts.Org, opts.Environ, run.Mapping); err != nil {
			return false, fmt.Errorf("org: %w", err)
		}
		opts.Workers = 1 // the users of the org are the same in all histories
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Limit)
	defer cancel()
	t := &tally{sent: map[string]int{}, moves: map[string]int{}, failures: map[judge.Rule]int{}}
	_, _ = fmt.Fprintf(opts.Stdout, "soak: seeds %d to %d\n", opts.Seed, opts.Seed+uint64(opts.Histories)-1)
	seeds := make(chan uint64)
	var group sync.WaitGroup
	for range max(opts.Workers, 1) {
		group.Go(func() {
			for seed := range seeds {
				one(ctx, seed, opts, run, sink, t)
			}
		})
	}
	for n := range uint64(opts.Histories) {
		select {
		case seeds <- opts.Seed + n:
			continue
		case <-ctx.Done():
		}
		_, _ = fmt.Fprintf(opts.Stdout, "soak: the time is over after %d of %d histories\n", n, opts.Histories)
		break
	}
	close(seeds)
	group.Wait()
	t.report(opts.Stdout)
	return t.failed == 0, nil
}

// Tag is the part of all ids of a seed's history.
func Tag(seed uint64) string { return fmt.Sprintf("0SOAK%011X", seed) }

func one(ctx context.Context, seed uint64, opts Options, run drive.Options, sink *drive.Org, t *tally) {
	pick, choices := drive.Random(seed)
	r := drive.Run(Tag(seed), run, pick)
	if sink != nil && len(r.Faults) == 0 {
		r.Faults = sink.Post(ctx, r.Sent)
	}
	var shown []judge.Rule
	t.mu.Lock()
	t.add(r)
	for _, rule := range rules(r.Faults) {
		if t.failures[rule]++; t.failures[rule] <= opts.Shown {
			shown = append(shown, rule)
		}
	}
	t.mu.Unlock()
	for _, rule := range shown {
		small := r
		if rule != drive.OrgRefused {
			_, small = drive.Shrink(Tag(seed), run, *choices, rule, opts.Tries)
		}
		text := describe(seed, rule, small)
		t.mu.Lock()
		_, _ = io.WriteString(opts.Stdout, text)
		t.mu.Unlock()
	}
}

// rules are the broken rules, each once.
func rules(faults []judge.Fault) []judge.Rule {
	set := map[judge.Rule]bool{}
	for _, f := range faults {
		set[f.Rule] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// describe prints a failing history: what is wrong, what the links said, and what was sent.
func describe(seed uint64, rule judge.Rule, r drive.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nFAIL seed=%d rule=%q run=%s, a minimal history:\n", seed, rule, r.Mode)
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	b.WriteString("feed:\n")
	for _, line := range r.Lines() {
		fmt.Fprintln(&b, line)
	}
	b.WriteString("sent:\n")
	for _, e := range r.Sent {
		line, err := json.Marshal(e)
		if err != nil {
			line = []byte(err.Error())
		}
		fmt.Fprintln(&b, string(line))
	}
	return b.String()
}

func (t *tally) add(r drive.Result) {
	t.histories++
	t.fed += len(r.History.Events)
	for _, e := range r.Sent {
		t.sent[string(e.Type)]++
	}
	for name, n := range r.History.Moves {
		t.moves[name] += n
	}
	t.talks += len(r.History.Talks)
	for _, talk := range r.History.Talks {
		if talk.Plain {
			t.plain++
		}
	}
	if len(r.Faults) > 0 {
		t.failed++
	}
	if r.Late {
		t.late++
	}
	if r.LateDiffers {
		t.differed++
	}
	if r.Drifting {
		t.drifting++
	}
	if r.DriftDiffers {
		t.drifted++
	}
}

func (t *tally) report(w io.Writer) {
	sent := 0
	for _, n := range t.sent {
		sent += n
	}
	_, _ = fmt.Fprintf(w, "interactions: %d, of them plain ones: %d; T-events: %d; EX events: %d\n", t.talks, t.plain, t.fed, sent)
	_, _ = fmt.Fprintf(w, "moves: %s\n", counts(t.moves))
	_, _ = fmt.Fprintf(w, "EX events: %s\n", counts(t.sent))
	_, _ = fmt.Fprintf(w, "links that lag for longer than they are waited for: %d of %d histories are told in another way\n", t.differed, t.late)
	_, _ = fmt.Fprintf(w, "clocks that drift: %d of %d histories are told in another way\n", t.drifted, t.drifting)
	byRule := map[string]int{}
	for rule, n := range t.failures {
		byRule[string(rule)] = n
	}
	if len(byRule) > 0 {
		_, _ = fmt.Fprintf(w, "failing histories by rule: %s\n", counts(byRule))
	}
	_, _ = fmt.Fprintf(w, "soak: histories=%d events=%d failures=%d\n", t.histories, t.fed, t.failed)
}

func counts(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
	}
	return strings.Join(parts, ", ")
}
