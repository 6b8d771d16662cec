package measure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/tests/bench/callmodel/load"
)

// path is what the running service does with a line, without a network and Redis: Intake makes a record of
// it, the Writer decodes the record, puts it in order, applies it to the model, and encodes what is stored
// and sent.
type path struct {
	rig    *rig
	log    *log
	intake *pipeline.Intake
	// decoder is the feed client's.
	decoder engage.Decoder
	cancel  context.CancelFunc
	done    chan error
}

func newPath(opts model.Options) (*path, error) {
	r := newRig(opts)
	r.count = true
	p := &path{rig: r, log: newLog(), done: make(chan error, 1)}
	p.intake = pipeline.NewIntake(pipeline.IntakeOptions{Pipeline: p.log, Watermarks: true})
	writer, err := pipeline.NewWriter(pipeline.WriterOptions{
		Pipeline: p.log, Store: p.log, LeaseName: "writer", Owner: "bench", Model: r.model, Now: p.log.now,
		Links: []string{load.LinkCalls, load.LinkQueues, load.LinkAgents},
	})
	if err != nil {
		return nil, fmt.Errorf("writer: %w", err)
	}
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	go func() { p.done <- writer.Run(ctx) }()
	<-p.log.idle
	return p, nil
}

// stop ends the writer; the error is why it ended by itself.
func (p *path) stop() error {
	p.cancel()
	if err := <-p.done; !errors.Is(err, context.Canceled) {
		return fmt.Errorf("writer: %w", err)
	}
	return p.log.failed
}

// feed is what the links of an edge send in a second.
type feed struct {
	until time.Time
	parts []part
}

// part is what one of them sends.
type part struct {
	link  string
	lines [][]byte
}

// lines is how many lines there are.
func (f feed) lines() int {
	n := 0
	for _, part := range f.parts {
		n += len(part.lines)
	}
	return n
}

// feedOf writes events as their edge sends them, and heartbeats after them.
func feedOf(clock *load.Clock, events []engage.Event) (feed, error) {
	f := feed{until: clock.Now}
	for _, link := range []string{load.LinkCalls, load.LinkQueues, load.LinkAgents} {
		own := slices.DeleteFunc(slices.Clone(events), func(e engage.Event) bool { return load.Link(e.Message) != link })
		lines := [][]byte{}
		for _, e := range append(own, clock.Heartbeat()) {
			line, err := engage.Encode(e)
			if err != nil {
				return f, fmt.Errorf("line: %w", err)
			}
			lines = append(lines, line)
		}
		f.parts = append(f.parts, part{link, lines})
	}
	return f, nil
}

// take is the intake's part: from lines to records.
func (p *path) take(f feed) error {
	p.log.taking = f.until
	for _, part := range f.parts {
		for lines := range slices.Chunk(part.lines, batchSize) {
			events := make([]engage.Event, len(lines))
			for i, line := range lines {
				var err error
				if events[i], err = p.decoder.Decode(line); err != nil {
					return fmt.Errorf("line: %w", err)
				}
			}
			if err := p.intake.Accept(context.Background(), part.link, events); err != nil {
				return fmt.Errorf("intake: %w", err)
			}
		}
	}
	return nil
}

// write is the writer's part: from records to what is stored and sent.
func (p *path) write() error {
	p.log.more <- struct{}{}
	select {
	case <-p.log.idle:
		return p.log.failed
	case err := <-p.done:
		p.done <- err
		return fmt.Errorf("writer: %w", err)
	}
}

// look looks at what would be sent since it was looked at.
func (p *path) look() error {
	sent := p.log.sent
	p.log.sent = nil
	return p.rig.read(sent)
}

// stages are the processor times of what is done with the same lines.
type stages struct {
	valid, intake, write time.Duration
	lines                int
}

// measure times the flows of n calls, a thousand at a time. Each of the stages is timed with the same lines
// right after the others, because a shared machine is not as fast all the time.
func (p *path) measure(clock *load.Clock, n int) (stages, error) {
	const together = 1000
	var s stages
	for first := 0; first < n; first += together {
		var seconds []feed
		count := min(together, n-first)
		for step := range load.Answered.Steps() {
			var events []engage.Event
			for call := range count {
				events = append(events, load.Answered.Step(clock, first+call, step)...)
			}
			clock.Now = clock.Now.Add(time.Second)
			second, err := feedOf(clock, events)
			if err != nil {
				return s, err
			}
			seconds = append(seconds, second)
		}
		if err := p.round(seconds, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (p *path) round(seconds []feed, s *stages) error {
	valid := func() error {
		for _, second := range seconds {
			for _, part := range second.parts {
				for _, line := range part.lines {
					if !json.Valid(line) {
						return fmt.Errorf("wrong result: no JSON: %s", line)
					}
				}
			}
			s.lines += second.lines()
		}
		return nil
	}
	intake := func() error {
		for _, second := range seconds {
			if err := p.take(second); err != nil {
				return err
			}
		}
		return nil
	}
	for _, stage := range []struct {
		took *time.Duration
		do   func() error
	}{{&s.valid, valid}, {&s.intake, intake}, {&s.write, p.write}} {
		runtime.GC()
		begun, err := cpu()
		if err != nil {
			return err
		}
		if err := stage.do(); err != nil {
			return err
		}
		ended, err := cpu()
		if err != nil {
			return err
		}
		*stage.took += ended - begun
	}
	return p.look()
}
