package demo

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Disturbances are what a demo-check does to the way from the Engage servers to the connector.
type Disturbances struct {
	Skew map[string]float64 // seconds that the servers of a link are ahead
	Late map[string]float64 // seconds that a link is held back, by link
	Gap  []string           // links that lose what their servers send for a moment
	Away time.Duration      // how long the edge can not be reached
}

// links are the connector's links to the edge.
func links() []string { return []string{"vq", "agent", "call", "stat"} }

// gapTime is how long a link loses events, at the demo's speed of four: a part of most calls.
const gapTime = 2 * time.Second

// SetSkew reads LINK=SECONDS,...; "true" stands for clocks that differ as servers' clocks do.
func (d *Disturbances) SetSkew(text string) (err error) {
	if text == "true" {
		text = "vq=1.5,agent=-2.5,stat=0.8"
	}
	d.Skew, err = perLink(text, -maxSkew, maxSkew)
	return err
}

// SetLate reads LINK=SECONDS,...
func (d *Disturbances) SetLate(text string) (err error) {
	d.Late, err = perLink(text, 0, maxLate)
	return err
}

// SetGap reads LINK,...; "true" stands for the link of call monitoring.
func (d *Disturbances) SetGap(text string) error {
	if text == "true" {
		text = "call"
	}
	d.Gap = strings.Split(text, ",")
	for _, link := range d.Gap {
		if !slices.Contains(links(), link) {
			return unknownLink(link)
		}
	}
	return nil
}

// SetAway reads a number of seconds.
func (d *Disturbances) SetAway(text string) error {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds <= maxLate) {
		return fmt.Errorf("%q: want seconds, above 0 and at most %d", text, maxLate)
	}
	d.Away = time.Duration(seconds * float64(time.Second))
	return nil
}

// Bounds of what can be asked for, in seconds.
const (
	maxSkew = 3600
	maxLate = 300
)

func perLink(text string, from, to float64) (map[string]float64, error) {
	out := map[string]float64{}
	for part := range strings.SplitSeq(text, ",") {
		link, value, _ := strings.Cut(part, "=")
		if !slices.Contains(links(), link) {
			return nil, unknownLink(link)
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil || !(seconds >= from && seconds <= to) {
			return nil, fmt.Errorf("%q: want LINK=SECONDS with seconds from %g to %g", part, from, to)
		}
		out[link] = seconds
	}
	return out, nil
}

func unknownLink(name string) error {
	return fmt.Errorf("there is no link %q, only %s", name, strings.Join(links(), ", "))
}

// servers are the endpoints of a link: the primary and its backup.
func servers(link string) [2]string { return [2]string{link + "-primary.lab", link + "-backup.lab"} }

// clock is a server's clock as the edge takes it.
type clock struct {
	OffsetSeconds float64 `json:"offsetSeconds"`
}

// disturbFromTheStart sets what is wrong before the first event.
func (s *setup) disturbFromTheStart(ctx context.Context) error {
	if len(s.opts.Disturb.Skew) == 0 && len(s.opts.Disturb.Late) == 0 {
		return nil
	}
	clocks := map[string]clock{}
	for link, seconds := range s.opts.Disturb.Skew {
		for _, server := range servers(link) {
			clocks[server] = clock{seconds}
		}
	}
	return s.tellLab(ctx, http.MethodPut, "/lab/v1/site/knobs", map[string]any{"clocks": clocks, "lateSeconds": s.opts.Disturb.Late}, http.StatusOK)
}

// disturbInTheMiddle makes links lose events and the edge go away while calls are played.
func (r *run) disturbInTheMiddle(ctx context.Context) error {
	d := r.opts.Disturb
	if len(d.Gap) == 0 && d.Away == 0 {
		return nil
	}
	begun, err := r.awaitCalls(ctx, max(1, r.opts.Calls/2))
	if err != nil {
		return fmt.Errorf("no call to disturb: %w", err)
	}
	if d.Away > 0 {
		if err := r.tellLab(ctx, http.MethodPost, "/lab/v1/site/away", map[string]float64{"seconds": d.Away.Seconds()}, http.StatusNoContent); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(r.opts.Stdout, "the edge is away for %s with %d calls begun\n", d.Away, begun)
	}
	return r.loseEvents(ctx, d.Gap, begun)
}

func (r *run) loseEvents(ctx context.Context, gap []string, begun int) error {
	for _, action := range []string{"lose", "gap"} {
		for _, link := range gap {
			if err := r.tellLab(ctx, http.MethodPost, "/lab/v1/site/links/"+link+"/"+action, nil, http.StatusNoContent); err != nil {
				return err
			}
		}
		if action == "lose" && len(gap) > 0 {
			_, _ = fmt.Fprintf(r.opts.Stdout, "links %s lose events for %s with %d calls begun\n", strings.Join(gap, ", "), gapTime, begun)
			if err := pause(ctx, gapTime); err != nil {
				return err
			}
		}
	}
	return nil
}

// awaitCalls waits until so many calls have begun and one goes on; it returns how many.
func (r *run) awaitCalls(ctx context.Context, due int) (begun int, err error) {
	err = poll(ctx, 50*time.Millisecond, func() (bool, error) {
		progress, err := r.progress(ctx)
		begun = progress.Calls
		return err == nil && progress.Live > 0 && begun >= due, nil
	})
	return begun, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
