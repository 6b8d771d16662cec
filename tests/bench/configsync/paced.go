package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	pacedDatabase = "paced"
	rateLimit     = 300 // requests per window, as the platform grants a client
	rateWindow    = time.Minute
	// warmUp is the first window, whose burst is no steady state.
	warmUp = rateWindow + 5*time.Second
)

// pacedSync is a first synchronisation under the platform's rate limit. The window is the platform's, because the
// client's is a constant: with a shorter one on the server's side the client would not come near the limit.
type pacedSync struct {
	site  *site
	org   *organization
	sync  *instance
	began time.Time
}

// startPaced makes the small center's database twice and begins.
func (s *site) startPaced(ctx context.Context) (*pacedSync, error) {
	if err := s.postgres.fill(ctx, smallDatabase, s.schema, smallCenter().tables()); err != nil {
		return nil, err
	}
	if s.opts.paced <= 0 {
		return &pacedSync{}, nil
	}
	if err := s.postgres.exec(ctx, "postgres", "CREATE DATABASE "+pacedDatabase+" TEMPLATE "+smallDatabase); err != nil {
		return nil, fmt.Errorf("database %s: %w", pacedDatabase, err)
	}
	org, err := s.startLab(ctx, "lab-paced")
	if err != nil {
		return nil, err
	}
	if err := org.knobs(ctx, map[string]int{"rateLimit": rateLimit, "rateWindowMs": int(rateWindow.Milliseconds())}); err != nil {
		return nil, err
	}
	sync, err := s.startService(ctx, service{name: "paced", database: pacedDatabase, org: org, perMinute: rateLimit, interval: pollInterval})
	return &pacedSync{s, org, sync, time.Now()}, err
}

// measure counts requests over the given time once the first window is over.
func (p *pacedSync) measure(ctx context.Context, span time.Duration, f *figures) error {
	if p.sync == nil {
		f.note("use of the allowance", "left out", "-")
		return nil
	}
	if err := sleep(ctx, time.Until(p.began.Add(warmUp))); err != nil {
		return err
	}
	before, started, err := p.count(ctx)
	if err != nil {
		return err
	}
	if err := sleep(ctx, span); err != nil {
		return err
	}
	after, ended, err := p.count(ctx)
	if err != nil {
		return err
	}
	if r, err := p.sync.runs(ctx); err != nil || r.succeeded+r.others > 0 {
		return errors.Join(err, errors.New("the synchronisation ended while the use of the allowance was watched"))
	}
	f.BudgetUsed = share(after.calls()-before.calls(), ended.Sub(started))
	f.note("429 in the steady state", after.Throttled-before.Throttled, "0")
	f.note("429 in the first window", before.Throttled, "-")
	return p.site.quit(p.sync.process)
}

// count returns the org's counters and the moment they are of.
func (p *pacedSync) count(ctx context.Context) (counters, time.Time, error) {
	state, err := p.org.state(ctx)
	return state.Counters, time.Now(), err
}

// share is which part of the allowance a number of calls is.
func share(calls int, span time.Duration) float64 {
	return float64(calls) / (rateLimit * float64(span) / float64(rateWindow))
}
