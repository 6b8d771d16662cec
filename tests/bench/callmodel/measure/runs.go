package measure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/tests/bench/callmodel/load"
)

// cpu is the processor time that this process has used. On one core that nobody else uses it passes
// as fast as the wall clock; on a shared one it does not count what others use.
func cpu() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// timed applies the flows of n calls, a thousand at a time, and returns the processor time that
// apply and the collection of its garbage took. The events are made before the clock starts.
func timed(clock *load.Clock, n int, apply func([]engage.Event) error) (time.Duration, int, error) {
	const together = 1000
	var took time.Duration
	events := 0
	for first := 0; first < n; first += together {
		var batches [][]engage.Event
		err := wave(clock, load.Answered, first, min(together, n-first), load.Answered.Steps(), func(batch []engage.Event) error {
			batches = append(batches, batch)
			return nil
		})
		if err != nil {
			return 0, 0, err
		}
		runtime.GC()
		begun, err := cpu()
		if err != nil {
			return 0, 0, err
		}
		for _, batch := range batches {
			events += len(batch)
			if err := apply(batch); err != nil {
				return 0, 0, err
			}
		}
		ended, err := cpu()
		if err != nil {
			return 0, 0, err
		}
		took += ended - begun
	}
	return took, events, nil
}

// wholePath times the way from the lines of a feed to what is stored and sent.
func wholePath(calls int) (stages, error) {
	p, err := newPath(model.Options{Retention: time.Nanosecond})
	if err != nil {
		return stages{}, err
	}
	logins, err := feedOf(&p.rig.clock, load.Logins(&p.rig.clock))
	if err != nil {
		return stages{}, err
	}
	err = errors.Join(p.take(logins), p.write())
	if err != nil {
		return stages{}, err
	}
	s, err := p.measure(&p.rig.clock, calls)
	if err = errors.Join(err, p.stop()); err != nil {
		return s, err
	}
	return s, p.rig.check(calls)
}

// decisions times the model by itself.
func decisions(calls int) (float64, error) {
	r := newRig(model.Options{Retention: time.Nanosecond})
	r.count = true
	if err := errors.Join(r.apply(load.Logins(&r.clock)), r.tick(0)); err != nil {
		return 0, err
	}
	took, events, err := timed(&r.clock, calls, r.decide)
	if err != nil {
		return 0, err
	}
	return float64(events) / took.Seconds(), r.check(calls)
}

// check looks at what was sent of answered calls that are all over.
func (r *rig) check(answered int) error {
	if c := r.model.Counts(); c.OpenCalls > 0 {
		return fmt.Errorf("wrong result: %+v", c)
	}
	return r.sent.check(answered, 0)
}

// liveCalls measures the heap of calls whose parties are all known: caller, queue, agent.
func liveCalls(n int, profile string) (float64, error) {
	r := newRig(model.Options{})
	if err := errors.Join(r.apply(load.Logins(&r.clock)), r.tick(0)); err != nil {
		return 0, err
	}
	before := heap()
	if err := wave(&r.clock, load.Answered, 0, n, load.Talking, r.apply); err != nil {
		return 0, err
	}
	if err := r.tick(time.Minute); err != nil {
		return 0, err
	}
	after := heap()
	if err := writeHeap(profile); err != nil {
		return 0, err
	}
	if c := r.model.Counts(); c.OpenCalls != n {
		return 0, fmt.Errorf("wrong result: %+v, expected %d open calls", c, n)
	}
	return float64(after-min(after, before)) / float64(n), nil
}

func writeHeap(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(filepath.Clean(name))
	if err != nil {
		return fmt.Errorf("heap profile: %w", err)
	}
	return errors.Join(pprof.WriteHeapProfile(file), file.Close())
}

// endedCalls measures the heap after few and after many calls have ended and were forgotten. The
// center has been at work before: what an extension remembers of its last calls, which is bounded, is
// all there.
func endedCalls(warm, few, many int) (after, later uint64, err error) {
	r := newRig(model.Options{Retention: time.Nanosecond})
	r.count = true
	if err := errors.Join(r.apply(load.Logins(&r.clock)), r.tick(0)); err != nil {
		return 0, 0, err
	}
	const together, oneIn = 1000, 10
	answered, abandoned := 0, 0
	for first := -warm; first < many; first += together {
		flow, n := load.Abandoned, min(together, many-first)
		if first < 0 || first/together%oneIn == 0 {
			flow = load.Answered
			answered += n
		} else {
			abandoned += n
		}
		if err := wave(&r.clock, flow, first+warm, n, flow.Steps(), r.apply); err != nil {
			return 0, 0, err
		}
		for range 2 { // what is closed by the first one is forgotten by the second
			if err := r.tick(2 * time.Minute); err != nil {
				return 0, 0, err
			}
		}
		if after == 0 && first+n >= few {
			after = heap()
		}
	}
	if c := r.model.Counts(); c.OpenCalls+c.ClosedCalls+c.Waiting+c.Orphans > 0 {
		return 0, 0, fmt.Errorf("wrong result: %+v is left", c)
	}
	return after, heap(), r.sent.check(answered, abandoned)
}
