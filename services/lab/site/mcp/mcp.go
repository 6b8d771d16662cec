// Package mcp is the lab's Media Control Platform, as far as it records: it puts the file of a
// recorded segment into the transient storage and then posts the recording's metadata to the
// conversation provider.
//
// Both steps are repeated until they succeed or their time is over, because services may be
// restarting; what was given up is counted, and told to whoever handed the recording in.
package mcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options configures a Poster.
type Options struct {
	StorageURL     string // WebDAV folder, e.g. http://host/recordings
	User, Password string // for the storage
	Dest           string // where metadata is posted, e.g. http://host:3650/v1/recording; see SetDest
	HTTP           *http.Client
	// GiveUpAfter bounds all attempts for one recording; 0 means 3 minutes.
	GiveUpAfter time.Duration
	// FirstPause and LongestPause bound the time between two attempts; 0 means 200 ms and 5 s.
	FirstPause, LongestPause time.Duration
	Workers                  int // recordings under way at once; 0 means 4
	Queue                    int // recordings that wait; 0 means 4096
	Logger                   *slog.Logger
}

// attemptTimeout bounds one request.
const attemptTimeout = 10 * time.Second

// Recording is a file and what is known about it.
type Recording struct {
	FileName   string
	Data       []byte
	CallUUID   string
	ConnID     string // 16 hex digits
	ANI, DNIS  string
	RecordDN   string // the agent's Extension
	AgentID    string // the agent's login code
	Tenant     string
	Start, End time.Time
	// Done is called once, with nil when both steps succeeded. It must not block.
	Done func(error)
}

// Counters tell what became of the recordings.
type Counters struct {
	Accepted int `json:"accepted"`
	Stored   int `json:"stored"`
	Posted   int `json:"posted"`
	GivenUp  int `json:"givenUp"`
	Attempts int `json:"attempts"` // requests made
}

// errFull is returned when more recordings wait than the poster holds.
var errFull = errors.New("mcp: too many recordings wait")

// Poster delivers recordings in the background. All methods are safe for concurrent use.
type Poster struct {
	opts   Options
	queue  chan Recording
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex
	dest     string
	counters Counters
	open     int
	idle     chan struct{} // closed when nothing is under way
	closed   bool
}

// New starts a poster; Close ends it.
func New(o Options) *Poster {
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.GiveUpAfter = orDefault(o.GiveUpAfter, 3*time.Minute)
	o.FirstPause = orDefault(o.FirstPause, 200*time.Millisecond)
	o.LongestPause = orDefault(o.LongestPause, 5*time.Second)
	o.Workers = orDefault(o.Workers, 4)
	o.Queue = orDefault(o.Queue, 4096)
	o.StorageURL = strings.TrimRight(o.StorageURL, "/")
	ctx, cancel := context.WithCancel(context.Background())
	p := &Poster{opts: o, queue: make(chan Recording, o.Queue), cancel: cancel, idle: make(chan struct{}), dest: o.Dest}
	close(p.idle)
	for range o.Workers {
		p.work.Go(func() { p.worker(ctx) })
	}
	return p
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// Deliver takes a recording. It returns an error, and nothing happens to the recording, when too
// many wait or the poster is closed.
func (p *Poster) Deliver(r Recording) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.New("mcp: closed")
	}
	select {
	case p.queue <- r:
	default:
		return errFull
	}
	p.counters.Accepted++
	if p.open == 0 {
		p.idle = make(chan struct{})
	}
	p.open++
	return nil
}

// SetDest changes where metadata is posted, from the next attempt on: a conversation provider may
// have another address after a restart.
func (p *Poster) SetDest(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dest = url
}

// Wait returns when every recording was delivered or given up, or with the context's error.
func (p *Poster) Wait(ctx context.Context) error {
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Counters returns what became of the recordings so far.
func (p *Poster) Counters() Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counters
}

// Close ends the attempts that are under way; what was not delivered counts as given up.
func (p *Poster) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.queue)
	}
	p.mu.Unlock()
	p.cancel()
	p.work.Wait()
	p.opts.HTTP.CloseIdleConnections()
}

// worker delivers one recording after the other until the queue is closed and empty.
func (p *Poster) worker(ctx context.Context) {
	for r := range p.queue {
		err := p.deliver(ctx, r)
		if err != nil {
			p.opts.Logger.Warn("recording given up", "file", r.FileName, "error", err)
		}
		if r.Done != nil {
			r.Done(err)
		}
		p.mu.Lock()
		if err != nil {
			p.counters.GivenUp++
		}
		p.open--
		if p.open == 0 {
			close(p.idle)
		}
		p.mu.Unlock()
	}
}

// deliver stores the file and then posts the metadata.
func (p *Poster) deliver(ctx context.Context, r Recording) error {
	ctx, cancel := context.WithTimeout(ctx, p.opts.GiveUpAfter)
	defer cancel()
	if err := p.repeat(ctx, func() error { return p.store(ctx, r) }); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	p.count(func(c *Counters) { c.Stored++ })
	body, err := metadata(r)
	if err != nil {
		return err
	}
	if err := p.repeat(ctx, func() error { return p.post(ctx, body) }); err != nil {
		return fmt.Errorf("post: %w", err)
	}
	p.count(func(c *Counters) { c.Posted++ })
	return nil
}

// repeat tries until try succeeds or the context ends; pauses double up to the longest one. The
// error then tells what the last attempt met that was not cut short.
func (p *Poster) repeat(ctx context.Context, try func() error) error {
	pause := p.opts.FirstPause
	var met error
	for {
		p.count(func(c *Counters) { c.Attempts++ })
		err := try()
		if err == nil {
			return nil
		}
		if met == nil || ctx.Err() == nil {
			met = err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), met)
		case <-timer.C:
		}
		pause = min(2*pause, p.opts.LongestPause)
	}
}

func (p *Poster) count(change func(*Counters)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.counters)
}

// store puts the file into the storage.
func (p *Poster) store(ctx context.Context, r Recording) error {
	return p.send(ctx, http.MethodPut, p.opts.StorageURL+"/"+r.FileName, "audio/opus", r.Data, func(request *http.Request) {
		request.SetBasicAuth(p.opts.User, p.opts.Password)
	})
}

// post sends the metadata to the conversation provider.
func (p *Poster) post(ctx context.Context, body []byte) error {
	p.mu.Lock()
	dest := p.dest
	p.mu.Unlock()
	if dest == "" {
		return errors.New("no destination for the metadata is known yet")
	}
	return p.send(ctx, http.MethodPost, dest, "application/json", body, func(*http.Request) {})
}

// send makes one request; anything but a 2xx is an error.
func (p *Poster) send(ctx context.Context, method, url, contentType string, body []byte, prepare func(*http.Request)) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	prepare(request)
	response, err := p.opts.HTTP.Do(request)
	if err != nil {
		return err
	}
	said, readErr := io.ReadAll(io.LimitReader(response.Body, 512))
	if err := errors.Join(readErr, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s: %s %s", method, response.Status, bytes.TrimSpace(said))
	}
	return nil
}
