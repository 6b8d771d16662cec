package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"engage.connector/services/lab/app"
)

// Options of a demo.
type Options struct {
	BinDir  string // where the binaries of the lab and the services are
	Agents  int
	Calls   int // to play; the demo with a screen plays on
	Seed    int64
	Speed   float64 // 1 is real time
	Timeout time.Duration
	Kill    []string // services to kill -9 in the middle, one after the other
	Disturb Disturbances
	Environ []string // REDIS_* and CONFIG_DB_* of it name real components
	Stdout  io.Writer
	Stderr  io.Writer
}

const (
	// readyLimit is how long nothing may come nearer to being ready. How long a first synchronization takes
	// depends on the number of agents and on the requests that the org allows.
	readyLimit   = 60 * time.Second
	cleanUpLimit = 60 * time.Second
	callsAhead   = 1000 // played by the demo with a screen before it asks for more
)

// run is a started demo.
type run struct {
	*setup

	fleet   fleet
	begun   time.Time
	firstIn time.Duration // from the start to the first conversation in the org
}

// start brings everything up and waits until calls can be played.
func start(ctx context.Context, opts Options, dir string) (*run, error) {
	setup, err := newSetup(opts, dir)
	if err != nil {
		return nil, err
	}
	r := &run{setup: setup, fleet: fleet{dir: dir}, begun: time.Now()}
	for _, program := range append([]program{r.lab()}, r.services()...) {
		if err := r.fleet.start(ctx, program, opts.Environ); err != nil {
			return r, err
		}
		if program.name == labName {
			if err := r.disturbFromTheStart(ctx); err != nil {
				return r, err
			}
		}
	}
	if err := r.awaitReady(ctx); err != nil && ctx.Err() == nil {
		return r, fmt.Errorf("the services are not ready: %w\n%s", err, r.fleet.tails())
	}
	return r, ctx.Err()
}

// awaitReady waits until calls can be played, as long as it comes nearer.
func (r *run) awaitReady(ctx context.Context) error {
	arrived, since := 0, time.Now()
	return poll(ctx, 100*time.Millisecond, func() (bool, error) {
		if r.synced(ctx) && r.linked(ctx) {
			return true, nil
		}
		if n := r.configured(ctx); n != arrived {
			arrived, since = n, time.Now()
		}
		if time.Since(since) > readyLimit {
			return false, fmt.Errorf("nothing has changed for %s", readyLimit)
		}
		return false, r.fleet.failure()
	})
}

// end stops the processes and takes away what they left in a real Redis.
func (r *run) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpLimit)
	defer cancel()
	return errors.Join(r.fleet.stop(ctx), r.cleanRedis(ctx))
}

// cleanRedis deletes this run's keys; the embedded Redis has ended with the lab.
func (r *run) cleanRedis(ctx context.Context) error {
	if r.embedded {
		return nil
	}
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: strings.Split(r.redis["REDIS_ADDR"], ","), Username: r.redis["REDIS_USERNAME"], Password: r.redis["REDIS_PASSWORD"],
		ContextTimeoutEnabled: true,
	})
	defer func() { _ = client.Close() }()
	keys := client.Scan(ctx, 0, r.keyPrefix+":*", 1000).Iterator()
	for keys.Next(ctx) {
		if err := client.Unlink(ctx, keys.Val()).Err(); err != nil {
			return fmt.Errorf("clean up Redis: %w", err)
		}
	}
	if err := keys.Err(); err != nil {
		return fmt.Errorf("clean up Redis: %w", err)
	}
	return nil
}

// within runs a demo in a private folder and cleans up whatever happens.
func within(ctx context.Context, opts Options, body func(context.Context, *run) error) (err error) {
	dir, err := privateDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r, err := start(ctx, opts, dir)
	if r != nil {
		defer func() { err = errors.Join(err, r.end()) }()
	}
	if err != nil {
		return err
	}
	return body(ctx, r)
}

// Show plays calls until ctx ends and prints a live summary.
func Show(ctx context.Context, opts Options) error {
	_, _ = fmt.Fprintln(opts.Stdout, "starting the lab and the four services ...")
	err := within(ctx, opts, func(ctx context.Context, r *run) error {
		_, _ = fmt.Fprintf(opts.Stdout, "ready after %s; see the org fill at %s (Ctrl-C ends)\n", seconds(time.Since(r.begun)), r.at.page())
		return r.show(ctx)
	})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	_, _ = fmt.Fprintln(opts.Stdout, "\neverything has ended")
	return err
}

func (r *run) show(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		progress, err := r.progress(ctx)
		if err == nil {
			if !progress.Playing {
				err = r.play(ctx, callsAhead)
			}
			r.noteFirst(progress)
			_, _ = fmt.Fprintf(r.opts.Stdout, "\r\x1b[K%s", r.summary(progress))
		}
		if err = errors.Join(err, r.fleet.failure()); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (r *run) noteFirst(progress app.Progress) {
	if r.firstIn == 0 && progress.Events > 0 && progress.Arrived > 0 {
		r.firstIn = time.Since(r.begun)
	}
}

func (r *run) summary(p app.Progress) string {
	first := ""
	if r.firstIn > 0 {
		first = " · first conversation after " + seconds(r.firstIn)
	}
	return fmt.Sprintf("%s · %d calls going on, %d of %d ended calls right · recordings %d of %d · events %d in %d requests%s",
		seconds(time.Since(r.begun)), p.Live, p.Conversations.Right, p.Conversations.Want,
		p.Recordings.Right, p.Recordings.Want, p.Events, p.Requests, first)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
