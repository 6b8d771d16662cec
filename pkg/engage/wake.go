package engage

import (
	"context"
	"errors"
	"time"
)

// Wake ends the waits of all links that are to be connected again. Links of one edge, one mapping and
// one store fail together and come back together: while one of them sleeps on, what it would report is
// not known to what the others report.
//
// It does so every few seconds at most: links that break off as soon as they are open must not drive
// each other on.
func (c *Client) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.wokenAt) < wakeEvery {
		return
	}
	c.wokenAt = c.now()
	close(c.wake)
	c.wake = make(chan struct{})
}

// wakeEvery is how often at most the links wake each other.
const wakeEvery = 5 * time.Second

func (c *Client) woken() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wake
}

// ownError marks a failure on our own side of the feed: the mapping, or the store of the sink. ready
// tells whether it is over.
type ownError struct {
	error

	ready func(context.Context) bool
}

func (o ownError) Unwrap() error { return o.error }

// ownPoll is how often it is looked whether our own side is ready again.
const ownPoll = 500 * time.Millisecond

// sleep waits before the next connection: for d, or until this link is woken. What our own side lacks
// is looked for meanwhile, and when it is there all links are woken.
func (f *follower) sleep(ctx context.Context, d time.Duration, why error) {
	woken := f.c.woken()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	own, isOwn := errors.AsType[ownError](why)
	for {
		poll := d
		if isOwn {
			poll = min(d, ownPoll)
		}
		timer := time.NewTimer(poll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-woken:
			timer.Stop()
			return
		case <-timer.C:
		}
		if isOwn && own.ready(ctx) {
			f.c.Wake()
			return
		}
	}
}
