package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/store"
	"engage.connector/pkg/store/storetest"
)

// counting is a model that counts the events of each call and sends one
// record "<call>/<n>" for each. It refuses poison.
type counting struct{ counts map[string]int }

func (m *counting) Restore(state map[string][]byte) map[string]error {
	m.counts = map[string]int{}
	return RestoreEach(state, func(call string, text []byte) error {
		n, err := strconv.Atoi(string(text))
		if err == nil {
			m.counts[call] = n
		}
		return err
	})
}

func (m *counting) Apply(events []engage.Event) (Effects, error) {
	effects := Effects{State: map[string][]byte{}, Outbox: map[string][]store.OutboxEntry{}}
	for _, e := range events {
		call := e.CallUUID()
		m.counts[call]++ // also for poison: what is not committed must not survive
		if e.Attributes.Text("poison") != "" {
			if e.Attributes.Text("poison") == "panic" {
				panic("poison")
			}
			return Effects{}, errors.New("poison")
		}
		effects.State[call] = []byte(strconv.Itoa(m.counts[call]))
		payload := fmt.Sprintf("%s/%d=%s", call, m.counts[call], e.Attributes.Text("n"))
		effects.Outbox["cloud"] = append(effects.Outbox["cloud"], store.OutboxEntry{Key: call, Payload: []byte(payload)})
	}
	return effects, nil
}

func (m *counting) Tick(time.Time, Progress) (Effects, error) {
	m.counts["ticks"]++
	return Effects{State: map[string][]byte{"ticks": []byte(strconv.Itoa(m.counts["ticks"]))}}, nil
}

// cloud is the other side of the Sender; it survives everything.
type cloud struct {
	mu       sync.Mutex
	rng      *rand.Rand
	trouble  float64 // probability of each kind of trouble
	slow     time.Duration
	accepted []string
	flying   map[string]int
	wrong    []string
	// forgetful is the store behind the instances
	forgetful bool
}

func (c *cloud) chance() bool { return c.rng.Float64() < c.trouble }

// send takes one request of an instance.
func (c *cloud) send(ctx context.Context, p *process, records []store.OutboxRecord) ([]Outcome, error) {
	if !p.alive() {
		return nil, errDead
	}
	keys := map[string]bool{}
	for _, r := range records {
		keys[r.Key] = true
	}
	c.mu.Lock()
	for key := range keys {
		// Who had the lease last may be among what a rollback took back, with requests under way.
		if c.flying[key]++; c.flying[key] > 1 && !c.forgetful {
			c.wrong = append(c.wrong, "two requests at once: "+key)
		}
	}
	delay, refused, lost := time.Duration(c.rng.Int64N(int64(c.slow)+1)), c.chance(), c.chance()
	c.mu.Unlock()
	pause(ctx, delay)
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range keys {
		c.flying[key]--
	}
	if !p.alive() || refused {
		return nil, fault.New(fault.Unavailable, "cloud", "refused").WithRetryIn(10 * time.Millisecond)
	}
	var outcomes []Outcome
	for _, r := range records {
		switch {
		case strings.HasSuffix(string(r.Payload), "=reject"):
			outcomes = append(outcomes, Reject("never"))
		case c.chance():
			outcomes = append(outcomes, Retry("later"))
		default:
			c.accepted = append(c.accepted, string(r.Payload))
			outcomes = append(outcomes, Done())
		}
	}
	if lost || ctx.Err() != nil {
		return nil, fault.New(fault.Timeout, "cloud", "the answer is lost")
	}
	return outcomes, nil
}

// scenario is what one run is made of.
type scenario struct {
	seed      uint64
	links     int
	calls     int
	events    int // per call
	instances int
	kills     int
	rollbacks int           // of the store, by up to two seconds
	idle      time.Duration // between heartbeats
	pace      time.Duration // between two batches of a link
	failing   float64
	killing   float64
	cutting   float64
	slow      time.Duration // of the cloud's answers, at most
	trouble   float64
	ttl       time.Duration
	window    time.Duration
	perKey    int
	limit     time.Duration // of the whole run
}

// world is everything outside the processes.
type world struct {
	scenario
	backend backend
	cloud   *cloud
	feeds   map[string][]engage.Event
	want    map[string][]string // accepted payloads by call, in order
	parked  []string
	poison  int
	lose    func(ctx context.Context, rng *rand.Rand) // one rollback of the store
	mu      sync.Mutex
	rng     *rand.Rand
}

func newWorld(s scenario, b backend) *world {
	rng := rand.New(rand.NewPCG(s.seed, 1))
	w := &world{scenario: s, backend: b, feeds: map[string][]engage.Event{}, want: map[string][]string{}, rng: rng}
	w.cloud = &cloud{rng: rand.New(rand.NewPCG(s.seed, 2)), trouble: s.trouble, slow: s.slow, flying: map[string]int{}, forgetful: s.rollbacks > 0}
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	counts := map[string]int{}
	for i := range s.calls * s.events {
		call := "call" + strconv.Itoa(i%s.calls)
		link := "link" + strconv.Itoa(i%s.calls%s.links)
		at = at.Add(time.Millisecond)
		e := engage.Event{Message: engage.MsgEventCallDataChanged, Time: at, Attributes: engage.Attributes{"CallUUID": call, "n": json.Number(strconv.Itoa(i))}}
		mark := strconv.Itoa(i)
		switch rng.IntN(25) {
		case 0:
			e.Attributes["poison"] = []string{"error", "panic"}[rng.IntN(2)]
			w.poison++
		case 1:
			mark = "reject"
			fallthrough
		default:
			counts[call]++
			e.Attributes["n"] = mark
			payload := fmt.Sprintf("%s/%d=%s", call, counts[call], mark)
			if mark == "reject" {
				w.parked = append(w.parked, payload)
			} else {
				w.want[call] = append(w.want[call], payload)
			}
		}
		e.Cursor = fmt.Sprintf("%08d", len(w.feeds[link])+1)
		w.feeds[link] = append(w.feeds[link], e)
	}
	return w
}

// follow brings a link's events to the sink, as the feed client does.
func (w *world) follow(ctx context.Context, link string, sink engage.Sink) {
	for ctx.Err() == nil {
		cursor, err := sink.Cursor(ctx, link)
		for err == nil && ctx.Err() == nil {
			at := 0
			if cursor != "" {
				at, _ = strconv.Atoi(cursor)
			}
			left := w.feeds[link][at:]
			if len(left) == 0 { // a heartbeat: what was taken may be lost meanwhile
				pause(ctx, w.idle)
				err = sink.Accept(ctx, link, []engage.Event{{Message: engage.MsgHeartbeat, Cursor: cursor}})
				continue
			}
			w.mu.Lock()
			n := 1 + w.rng.IntN(min(5, len(left)))
			w.mu.Unlock()
			err = sink.Accept(ctx, link, left[:n])
			cursor = left[n-1].Cursor
			if w.pace > 0 {
				pause(ctx, w.pace)
			}
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// instance lives until it is killed or stop ends.
func (w *world) instance(stop context.Context, name string) {
	ctx, cancel := context.WithCancel(stop)
	defer cancel()
	w.mu.Lock()
	p := &process{backend: w.backend, rng: rand.New(rand.NewPCG(w.rng.Uint64(), 3)), killed: cancel}
	p.failing, p.cutting = w.failing, w.cutting
	if w.kills > 0 {
		p.killing = w.killing
	}
	w.mu.Unlock()
	in := NewIntake(IntakeOptions{Pipeline: p})
	writer, err := NewWriter(WriterOptions{
		Pipeline: p, Store: p, LeaseName: "calls", Owner: name, Model: &counting{}, LeaseTTL: w.ttl, ReorderWindow: w.window,
		TickInterval: 100 * time.Millisecond,
	})
	if err != nil {
		panic(err)
	}
	sender, err := NewSender(SenderOptions{
		Pipeline: p, Outbox: "cloud", Lease: writer.Lease, MaxBatch: 4, Window: 16, PerKey: w.perKey, Linger: 5 * time.Millisecond,
		Policy: delivery.Policy{RetryAttempts: 1 << 20, RetryFor: 1000 * time.Hour},
		Send: func(ctx context.Context, records []store.OutboxRecord) ([]Outcome, error) {
			return w.cloud.send(ctx, p, records)
		},
	})
	if err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	for link := range w.feeds {
		wg.Go(func() { w.follow(ctx, link, in) })
	}
	_ = Run(ctx, writer, sender)
	wg.Wait()
	if !p.alive() {
		w.mu.Lock()
		w.kills--
		w.mu.Unlock()
	}
}

// done tells whether everything that came in has gone out.
func (w *world) done() bool {
	ctx := context.Background()
	for link, events := range w.feeds {
		if at, err := w.backend.Cursor(ctx, link); err != nil || at.Cursor != events[len(events)-1].Cursor {
			return false
		}
	}
	log, err := w.backend.ReadLog(ctx, "", 1, 0)
	out, oerr := w.backend.ReadOutbox(ctx, "cloud", "", 1, 0)
	return err == nil && oerr == nil && len(log) == 0 && len(out) == 0
}

// run lets the instances live, die and come again until all is done.
func (w *world) run() error {
	stop, cancel := context.WithTimeout(context.Background(), w.limit)
	defer cancel()
	var wg sync.WaitGroup
	for i := range w.instances {
		wg.Go(func() {
			for stop.Err() == nil {
				w.instance(stop, "instance"+strconv.Itoa(i))
				pause(stop, 10*time.Millisecond)
			}
		})
	}
	losing := make(chan struct{})
	go func() {
		defer close(losing)
		rng := rand.New(rand.NewPCG(w.seed, 4))
		for range w.rollbacks {
			w.lose(stop, rng)
		}
	}()
	// In this order: what is said while things are still being lost is not done by then.
	for stop.Err() == nil && (!closed(losing) || !w.done()) {
		pause(stop, 20*time.Millisecond)
	}
	late := stop.Err() != nil
	cancel()
	wg.Wait()
	if late {
		return fmt.Errorf("not done after %s", w.limit)
	}
	return w.check()
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// loseTwoSeconds takes the memory back to what it was up to two seconds before.
func (m *memory) loseTwoSeconds(ctx context.Context, rng *rand.Rand) {
	pause(ctx, time.Duration(rng.Int64N(int64(3*time.Second))))
	before := m.snapshot()
	pause(ctx, time.Duration(rng.Int64N(int64(2*time.Second))))
	m.rollBack(before)
}

// check compares what the cloud has with what it should have.
func (w *world) check() error {
	errs := make([]error, 0, len(w.cloud.wrong))
	for _, wrong := range w.cloud.wrong {
		errs = append(errs, errors.New(wrong))
	}
	got := map[string][]string{}
	last := map[string]int{}
	sent := map[string]int{}
	for _, payload := range w.cloud.accepted {
		call, rest, _ := strings.Cut(payload, "/")
		n, _ := strconv.Atoi(strings.Split(rest, "=")[0])
		if w.perKey <= 1 && n < last[call] && (w.rollbacks == 0 || sent[payload] == 0) {
			errs = append(errs, fmt.Errorf("%s came after %d", payload, last[call]))
		}
		last[call] = n
		if sent[payload]++; sent[payload] == 1 {
			got[call] = append(got[call], payload)
		}
	}
	for call, want := range w.want {
		if w.perKey > 1 {
			slices.Sort(got[call])
			slices.Sort(want)
		}
		if !slices.Equal(want, got[call]) {
			errs = append(errs, fmt.Errorf("%s: want %v, got %v", call, want, got[call]))
		}
	}
	if w.failing+w.killing+w.trouble == 0 && w.rollbacks == 0 && len(sent) != len(w.cloud.accepted) {
		errs = append(errs, errors.New("something was sent twice without need"))
	}
	return errors.Join(errs...)
}

func drawScenario(t *rapid.T) scenario {
	return scenario{
		seed:  rapid.Uint64().Draw(t, "seed"),
		links: rapid.IntRange(1, 3).Draw(t, "links"), calls: rapid.IntRange(1, 6).Draw(t, "calls"),
		events: rapid.IntRange(1, 15).Draw(t, "events"), instances: rapid.IntRange(1, 2).Draw(t, "instances"),
		kills: rapid.IntRange(0, 20).Draw(t, "kills"), killing: 0.03, rollbacks: rapid.IntRange(0, 3).Draw(t, "rollbacks"), idle: 5 * time.Second,
		failing: rapid.SampledFrom([]float64{0, 0.05, 0.2}).Draw(t, "failing"),
		trouble: rapid.SampledFrom([]float64{0, 0.1, 0.3}).Draw(t, "trouble"),
		window:  rapid.SampledFrom([]time.Duration{-1, 10 * time.Millisecond, 250 * time.Millisecond}).Draw(t, "window"),
		perKey:  rapid.IntRange(1, 2).Draw(t, "perKey"),
		cutting: rapid.SampledFrom([]float64{0, 0.005}).Draw(t, "cutting"),
		slow:    rapid.SampledFrom([]time.Duration{50 * time.Millisecond, 20 * time.Second}).Draw(t, "slow"),
		ttl:     15 * time.Second, limit: 24 * time.Hour,
	}
}

func TestKilledAnywhereTheCloudEndsUpWithTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawScenario(rt)
		var err error
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			w := newWorld(s, m)
			w.lose = m.loseTwoSeconds
			if err = w.run(); err != nil {
				return
			}
			var parked []string
			for _, p := range m.parked {
				parked = append(parked, string(p.Payload))
			}
			require.ElementsMatch(t, w.parked, parked)
			require.GreaterOrEqual(t, len(m.aside), w.poison)
		})
		if err != nil {
			t.Logf("%+v: %v", s, err) // the scheduler takes part: a failure need not come again
		}
		require.NoError(rt, err)
	})
}

func TestKilledAnywhereOverRedis(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for seed := range uint64(2) {
			name := "calls" + strconv.FormatUint(seed, 10)
			w := newWorld(scenario{
				seed: seed, links: 2, calls: 5, events: 10, instances: 2, kills: 8, failing: 0.02, killing: 0.02, trouble: 0.05,
				ttl: 500 * time.Millisecond, window: 5 * time.Millisecond, perKey: 1, limit: 2 * time.Minute, slow: 20 * time.Millisecond, idle: 50 * time.Millisecond,
			}, redisBackend{s.Pipeline(name), s})
			require.NoError(t, w.run())
		}
	})
}
