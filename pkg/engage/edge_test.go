package engage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// pipeListener serves connections that live in memory, so that an edge can
// stand in a synctest bubble.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// edge is the other side of the feed contract.
type edge struct {
	mu       sync.Mutex
	specs    []LinkSpec
	declared []time.Time
	afters   []string
	opened   []time.Time
	refuse   int // status with which declarations are answered
	feed     func(w http.ResponseWriter, r *http.Request, connection int)
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		e.mu.Lock()
		defer e.mu.Unlock()
		var spec LinkSpec
		_ = json.NewDecoder(r.Body).Decode(&spec)
		e.specs, e.declared = append(e.specs, spec), append(e.declared, time.Now())
		if e.refuse != 0 {
			w.Header().Set("Retry-After", "60")
			http.Error(w, "no", e.refuse)
			return
		}
		_, _ = fmt.Fprint(w, `{"link":"vq","state":"connected"}`)
		return
	}
	e.mu.Lock()
	e.afters, e.opened = append(e.afters, r.URL.Query().Get("after")), append(e.opened, time.Now())
	n := len(e.afters)
	e.mu.Unlock()
	e.feed(w, r, n)
}

func send(w http.ResponseWriter, text string) {
	_, _ = fmt.Fprint(w, text)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// memorySink keeps what it is given; fail makes its calls fail.
type memorySink struct {
	mu      sync.Mutex
	events  []string
	batches []int
	bad     []BadLine
	cursor  string
	fail    func(call string, n int) error
	calls   map[string]int
}

func (s *memorySink) failing(call string) error {
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[call]++
	if s.fail == nil {
		return nil
	}
	return s.fail(call, s.calls[call])
}

func (s *memorySink) Cursor(context.Context, string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor, s.failing("cursor")
}

func (s *memorySink) Accept(_ context.Context, _ string, events []Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing("accept"); err != nil {
		return err
	}
	for _, e := range events {
		s.events, s.cursor = append(s.events, e.Cursor), e.Cursor
	}
	s.batches = append(s.batches, len(events))
	return nil
}

func (s *memorySink) SetAside(_ context.Context, _ string, bad BadLine) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing("aside"); err != nil {
		return err
	}
	s.bad, s.cursor = append(s.bad, bad), firstOf(bad.Cursor, s.cursor)
	return nil
}

type rig struct {
	edge    *edge
	sink    *memorySink
	client  *Client
	reg     *prometheus.Registry
	changed chan struct{}
	spec    atomic.Pointer[func() (LinkSpec, error)]
}

// want sets what the link shall be from now on.
func (r *rig) want(spec LinkSpec, err error) {
	answer := func() (LinkSpec, error) { return spec, err }
	r.spec.Store(&answer)
}

// follow runs body in a bubble against an edge in memory, and ends Follow.
func follow(t *testing.T, e *edge, s *memorySink, body func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := newPipeListener()
		server := &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
		var wg sync.WaitGroup
		wg.Go(func() { _ = server.Serve(listener) })
		transport := &http.Transport{DialContext: listener.dial}
		r := &rig{edge: e, sink: s, reg: prometheus.NewRegistry(), changed: make(chan struct{}, 1)}
		r.want(LinkSpec{Kind: KindTServer}, nil)
		var err error
		r.client, err = NewClient(ClientOptions{BaseURL: "http://127.0.0.1", Token: "secret",
			HTTP: &http.Client{Transport: transport}, Registerer: r.reg})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var ended error
		wg.Go(func() {
			ended = r.client.Follow(ctx, "vq", func(context.Context) (LinkSpec, error) { return (*r.spec.Load())() }, r.changed, s)
		})
		body(t, r)
		cancel()
		transport.CloseIdleConnections()
		require.NoError(t, server.Close())
		wg.Wait()
		time.Sleep(time.Minute) // handlers that sleep see that their client is gone
		require.ErrorIs(t, ended, context.Canceled)
		state, ok := r.client.State("vq")
		require.True(t, ok)
		require.False(t, state.Connected)
	})
}

// settle lets time pass and waits until everybody waits again.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func metric(t *testing.T, r *rig, name string) float64 {
	t.Helper()
	families, err := r.reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "engage_connector_engage_feed_"+name {
			for _, m := range f.GetMetric() {
				if m.GetLabel()[0].GetValue() == KindTServer {
					return m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
