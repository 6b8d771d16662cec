package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/store"
)

// ownWord is an error that the other side itself has written.
type ownWord struct{ error }

func (ownWord) OwnAnswer() bool { return true }

func (o ownWord) Unwrap() error { return o.error }

func said(code fault.Code) error    { return ownWord{fault.New(code, "org", "no (correlation id c-1)")} }
func foreign(code fault.Code) error { return fault.New(code, "org", "HTTP page of a proxy") }

func has(records []store.OutboxRecord, payload string) bool {
	return slices.ContainsFunc(records, func(r store.OutboxRecord) bool { return string(r.Payload) == payload })
}

// fill puts n records of n keys into the outbox, the poison among them.
func fill(p *post, n, poisonAt int) {
	var pairs []string
	for i := range n {
		payload := "r" + strconv.Itoa(i)
		if i == poisonAt {
			payload = "poison"
		}
		pairs = append(pairs, "k"+strconv.Itoa(i), payload)
	}
	p.memory.put("cloud", pairs...)
}

// Whatever a request with one certain record is answered: the others arrive, with few requests, and
// the record is parked only when that is the API's word, or nothing else is to be learned.
func TestOneRecordStopsNobody(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		parked time.Duration // at the latest; 0: not within hours
	}{
		"always 503":                   {foreign(fault.Unavailable), 30 * time.Minute},
		"always 500 of the API":        {said(fault.Unavailable), 30 * time.Minute},
		"never an answer":              {foreign(fault.Timeout), 30 * time.Minute},
		"an answer that says nothing":  {foreign(fault.Internal), 30 * time.Minute},
		"400 of the API":               {said(fault.Invalid), 10 * time.Minute},
		"404 of the API":               {said(fault.NotFound), 10 * time.Minute},
		"413 of the API":               {said(fault.TooLarge), 10 * time.Minute},
		"a proxy's 400":                {foreign(fault.Invalid), 0},
		"a proxy's 413":                {foreign(fault.TooLarge), 0},
		"403 for this one only":        {said(fault.Forbidden), 10 * time.Minute},
		"503 and come back in an hour": {fault.New(fault.Unavailable, "org", "later").WithRetryIn(time.Hour), 30 * time.Hour},
	} {
		places := []int{57}
		if name == "always 503" {
			places = []int{0, 57, 2500}
		}
		for _, at := range places {
			t.Run(fmt.Sprintf("%s at %d", name, at), func(t *testing.T) {
				p := &post{}
				p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
					if has(records, "poison") {
						return nil, c.err
					}
					return allDone(records), nil
				}
				sending(t, p, func(o *SenderOptions) { o.Parallel = 1 }, func(t *testing.T, p *post) {
					fill(p, 3000, at)
					settle(30 * time.Minute)
					require.LessOrEqual(t, p.left(), 1, "the others have arrived")
					with, without := 0, 0
					for _, r := range p.sent() {
						if strings.Contains(r, "poison") {
							with++
						} else {
							without++
						}
					}
					require.LessOrEqual(t, without, 30+20, "30 batches, and the halves of one")
					require.LessOrEqual(t, with, 60, "at most one a minute, and the search")
					for range max(8, int(c.parked/time.Hour)) { // others are served meanwhile
						p.memory.put("cloud", "new", "new")
						settle(30 * time.Minute)
					}
					if c.parked == 0 {
						require.Empty(t, p.memory.lookParked())
						require.Equal(t, 1, p.left())
						return
					}
					require.Len(t, p.memory.lookParked(), 1)
					require.Equal(t, "poison", string(p.memory.lookParked()[0].Payload))
					require.Contains(t, p.memory.lookParked()[0].Reason, c.err.Error())
					require.Zero(t, p.left())
				})
			})
		}
	}
}

// While nothing is taken nobody is to blame, for however long, and the first request that is taken
// is followed by full batches again.
func TestAnOutageBlamesNoRecord(t *testing.T) {
	for name, answer := range map[string]func(n int, records []store.OutboxRecord) ([]Outcome, error){
		"503":                  func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, foreign(fault.Unavailable) },
		"503 of the API":       func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, said(fault.Unavailable) },
		"403":                  func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, said(fault.Forbidden) },
		"401":                  func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, foreign(fault.Unauthenticated) },
		"429":                  func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, said(fault.RateLimited) },
		"no answer":            func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, foreign(fault.Timeout) },
		"a proxy's page":       func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, foreign(fault.Invalid) },
		"a proxy's 404":        func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, foreign(fault.NotFound) },
		"not to be read":       func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, foreign(fault.Internal) },
		"too few answers":      func(_ int, r []store.OutboxRecord) ([]Outcome, error) { return allDone(r)[:len(r)-1], nil },
		"the API's 400 to all": func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, said(fault.Invalid) },
		"every event, for now": func(_ int, r []store.OutboxRecord) ([]Outcome, error) {
			outcomes := make([]Outcome, len(r))
			for i := range r {
				outcomes[i] = Retry("service is not available")
			}
			return outcomes, nil
		},
		"unset outcomes": func(_ int, r []store.OutboxRecord) ([]Outcome, error) { return make([]Outcome, len(r)), nil },
		"one after the other": func(n int, r []store.OutboxRecord) ([]Outcome, error) {
			return nil, []error{foreign(fault.Unavailable), said(fault.Forbidden), foreign(fault.Invalid), said(fault.Unavailable)}[n%4]
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &post{}
			down := true
			p.answer = func(n int, records []store.OutboxRecord) ([]Outcome, error) {
				p.mu.Lock()
				defer p.mu.Unlock()
				if down {
					return answer(n, records)
				}
				return allDone(records), nil
			}
			sending(t, p, nil, func(t *testing.T, p *post) {
				fill(p, 400, -1)
				settle(2 * time.Hour)
				require.Empty(t, p.memory.lookParked())
				require.Equal(t, 400, p.left())
				before := len(p.sent())
				require.Less(t, before, 15*2*60, "the org is asked with pauses")
				p.mu.Lock()
				down = false
				p.mu.Unlock()
				settle(5 * time.Minute)
				require.Zero(t, p.left())
				require.Empty(t, p.memory.lookParked())
				require.Less(t, len(p.sent())-before, 4+25, "in batches again")
			})
		})
	}
}

// 16 minutes of 503 and then an answer about the record: that was its first.
func TestPatienceDoesNotRunDuringAnOutage(t *testing.T) {
	p := &post{}
	p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
		switch since := time.Since(p.begin); {
		case since < 16*time.Minute:
			return nil, foreign(fault.Unavailable)
		case since < 20*time.Minute:
			return []Outcome{Retry("not yet")}, nil
		}
		return allDone(records), nil
	}
	sending(t, p, func(o *SenderOptions) { o.Policy.RetryAttempts = 1 }, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1")
		settle(25 * time.Minute)
		require.Empty(t, p.memory.lookParked())
		require.Zero(t, p.left())
	})
}

// Patience runs while the org can be reached, and starts anew when a person retries the record.
func TestPatienceRunsWhileTheOrgIsThereAndStartsAnewByHand(t *testing.T) {
	p := &post{}
	p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
		outcomes := allDone(records)
		for i, r := range records {
			if string(r.Payload) == "a1" {
				outcomes[i] = Retry("not yet")
			}
		}
		return outcomes, nil
	}
	sending(t, p, nil, func(t *testing.T, p *post) {
		for range 2 {
			p.memory.put("cloud", "a", "a1", "b", "b1")
			settle(14 * time.Minute)
			require.Empty(t, p.memory.lookParked())
			settle(4 * time.Minute)
			require.Len(t, p.memory.lookParked(), 1)
			require.Contains(t, p.memory.lookParked()[0].Reason, "not yet")
			p.memory.bringBack()
			settle(14 * time.Minute)
			require.Empty(t, p.memory.lookParked(), "as patient as at first")
			settle(4 * time.Minute)
			require.Len(t, p.memory.lookParked(), 1)
			p.memory.mu.Lock()
			p.memory.parked = nil
			p.memory.mu.Unlock()
		}
	})
}

// A refusal that is permanent by its code is believed when it lasts: six seconds of it park nothing.
func TestAPermanentRefusalMustLast(t *testing.T) {
	for _, code := range []fault.Code{fault.NotFound, fault.Invalid, fault.TooLarge, fault.Conflict, fault.Unsupported} {
		for _, n := range []int{1, 2, 150} {
			p := &post{}
			p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
				if time.Since(p.begin) < 6*time.Second {
					return nil, said(code)
				}
				return allDone(records), nil
			}
			sending(t, p, nil, func(t *testing.T, p *post) {
				fill(p, n, -1)
				settle(2 * time.Minute)
				require.Empty(t, p.memory.lookParked())
				require.Zero(t, p.left())
			})
		}
	}
	p := &post{answer: func(int, []store.OutboxRecord) ([]Outcome, error) { return nil, said(fault.NotFound) }}
	sending(t, p, func(o *SenderOptions) { o.Policy.PermanentFor = time.Hour }, func(t *testing.T, p *post) {
		p.memory.put("cloud", "a", "a1")
		settle(59 * time.Minute)
		require.Empty(t, p.memory.lookParked())
		settle(3 * time.Minute)
		require.Len(t, p.memory.lookParked(), 1)
		require.Contains(t, p.memory.lookParked()[0].Reason, "correlation id c-1")
	})
}

// Answers of many kinds to one record use up its patience together, while others are taken.
func TestAlternatingAnswersEnd(t *testing.T) {
	p := &post{}
	p.answer = func(n int, records []store.OutboxRecord) ([]Outcome, error) {
		if !has(records, "poison") {
			return allDone(records), nil
		}
		return nil, []error{said(fault.Invalid), foreign(fault.Unavailable), said(fault.TooLarge), foreign(fault.Timeout)}[n%4]
	}
	sending(t, p, nil, func(t *testing.T, p *post) {
		fill(p, 500, 77)
		for range 60 {
			p.memory.put("cloud", "new", "new")
			settle(time.Minute)
		}
		require.Zero(t, p.left())
		require.Len(t, p.memory.lookParked(), 1)
	})
}

// A cause of the whole operation is one line in the log and on the health page and one metric, however
// many records wait; one request at a time asks whether it is over.
func TestACauseOfTheOperationIsReportedOnce(t *testing.T) {
	var logged bytes.Buffer
	registry := prometheus.NewRegistry()
	p := &post{}
	flying, most, sizes := 0, 0, []int{}
	down := true
	p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
		p.mu.Lock()
		flying++
		most = max(most, flying)
		sizes = append(sizes, len(records))
		refuse := down
		p.mu.Unlock()
		time.Sleep(time.Second)
		p.mu.Lock()
		flying--
		p.mu.Unlock()
		if refuse {
			return nil, said(fault.Forbidden)
		}
		return allDone(records), nil
	}
	sending(t, p, func(o *SenderOptions) {
		o.Parallel, o.Registerer = 1, registry
		o.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	}, func(t *testing.T, p *post) {
		s := p.sender
		require.NoError(t, s.Check(t.Context()))
		fill(p, 1000, -1)
		settle(time.Hour)
		require.Equal(t, fault.Forbidden, fault.CodeOf(s.Check(t.Context())))
		require.ErrorContains(t, s.Check(t.Context()), "correlation id c-1")
		require.Equal(t, 1, strings.Count(logged.String(), "\n"), logged.String())
		require.Contains(t, logged.String(), "correlation id c-1")
		require.InDelta(t, 1, gaugeOf(t, registry, "engage_connector_pipeline_sender_paused"), 0)
		p.mu.Lock()
		require.Equal(t, 1, most)
		require.Equal(t, 1, sizes[len(sizes)-1], "a single record asks")
		down = false
		p.mu.Unlock()
		settle(2 * time.Minute)
		require.NoError(t, s.Check(t.Context()))
		require.Zero(t, p.left())
		require.Equal(t, 2, strings.Count(logged.String(), "\n"), logged.String())
		require.InDelta(t, 0, gaugeOf(t, registry, "engage_connector_pipeline_sender_paused"), 0)
		require.Empty(t, p.memory.lookParked())
	})
}

func gaugeOf(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	n, err := testutil.GatherAndCount(registry, name)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return -1
}

// Those who were told the same do not come back at the same instant.
func TestWaitersComeBackOneAfterTheOther(t *testing.T) {
	back := map[time.Duration]bool{}
	for range 10 {
		p := &post{answer: func(n int, records []store.OutboxRecord) ([]Outcome, error) {
			if n == 1 {
				return nil, fault.New(fault.RateLimited, "org", "slow down").WithRetryIn(time.Minute)
			}
			return allDone(records), nil
		}}
		sending(t, p, nil, func(t *testing.T, p *post) {
			p.memory.put("cloud", "a", "a1")
			settle(2 * time.Minute)
			require.Len(t, p.times(), 2)
			require.GreaterOrEqual(t, p.times()[1], time.Minute)
			back[p.times()[1]] = true
		})
	}
	require.Greater(t, len(back), 5)
}

// What a person retries goes before the later records of its key that were not sent yet.
func TestWhatIsRetriedByHandKeepsItsPlace(t *testing.T) {
	p := &post{}
	var reject, hold bool
	reject = true
	p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		outcomes := allDone(records)
		for i, r := range records {
			switch {
			case string(r.Payload) == "a1" && reject:
				outcomes[i] = Reject("unknown user")
			case string(r.Payload) == "a2" && hold:
				outcomes[i] = Retry("not yet")
			}
		}
		return outcomes, nil
	}
	sending(t, p, nil, func(t *testing.T, p *post) {
		hold = true
		p.memory.put("cloud", "a", "a1", "a", "a2", "a", "a3")
		settle(30 * time.Second)
		require.Len(t, p.memory.lookParked(), 1)
		p.mu.Lock()
		reject = false
		before := len(p.requests)
		p.mu.Unlock()
		p.memory.bringBack()
		settle(10 * time.Second)
		p.mu.Lock()
		hold = false
		p.mu.Unlock()
		settle(2 * time.Minute)
		var order []string
		for _, r := range p.sent()[before:] {
			if len(order) == 0 || order[len(order)-1] != r {
				order = append(order, r)
			}
		}
		if order[0] == "a2" { // it was on its way when the person came
			order = order[1:]
		}
		require.Equal(t, []string{"a1", "a2", "a3"}, order)
		require.Zero(t, p.left())
		require.Empty(t, p.memory.returned)
		settle(time.Hour)
		require.Len(t, p.sent(), before+len(p.sent()[before:]), "nothing is sent twice")
	})
}

// The clock may be set by hours in either direction: nothing is parked for it, and nobody waits longer.
func TestAClockThatIsSetParksNothing(t *testing.T) {
	for _, jump := range []time.Duration{-6 * time.Hour, 6 * time.Hour} {
		p := &post{}
		p.answer = func(n int, records []store.OutboxRecord) ([]Outcome, error) {
			if n < 4 {
				return []Outcome{Retry("not yet")}, nil
			}
			if n < 6 {
				return nil, fault.New(fault.RateLimited, "org", "slow down").WithRetryIn(time.Minute)
			}
			return allDone(records), nil
		}
		sending(t, p, func(o *SenderOptions) {
			o.Policy.RetryAttempts = 1
			o.Now = func() time.Time {
				now := time.Now().Round(0)
				if now.Sub(p.begin) > 2*time.Second {
					now = now.Add(jump)
				}
				return now
			}
		}, func(t *testing.T, p *post) {
			p.memory.put("cloud", "a", "a1")
			settle(5 * time.Minute)
			require.Empty(t, p.memory.lookParked())
			require.Zero(t, p.left())
		})
	}
}

// Whatever is answered: nothing is acknowledged that was not taken, nothing overtakes in its key, and
// when the org takes everything, everything arrives or is parked.
func TestAnyAnswersLoseNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed, perKey := rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 3).Draw(rt, "perKey")
		rng := rand.New(rand.NewPCG(seed, 7))
		trouble := rapid.Float64Range(0, 0.9).Draw(rt, "trouble")
		errs := []error{
			foreign(fault.Unavailable), said(fault.Unavailable), said(fault.Invalid), foreign(fault.Invalid), said(fault.TooLarge),
			foreign(fault.Internal), said(fault.Forbidden), foreign(fault.Unauthenticated), foreign(fault.Timeout),
			fault.New(fault.RateLimited, "org", "slow down").WithRetryIn(time.Duration(rng.IntN(90)) * time.Second),
		}
		p := &post{}
		taken := map[string]bool{}
		p.answer = func(_ int, records []store.OutboxRecord) ([]Outcome, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			calm := time.Since(p.begin) > 20*time.Minute
			if !calm && rng.Float64() < trouble {
				return nil, errs[rng.IntN(len(errs))]
			}
			outcomes := allDone(records)
			for i, r := range records {
				if !calm && rng.Float64() < trouble/2 {
					outcomes[i] = Retry("not yet")
					continue
				}
				taken[string(r.Payload)] = true
			}
			return outcomes, nil
		}
		sending(t, p, func(o *SenderOptions) { o.PerKey, o.MaxBatch, o.Window = perKey, 8, 40 }, func(t *testing.T, p *post) {
			var all []string
			for i := range 120 {
				key := "k" + strconv.Itoa(rng.IntN(20))
				all = append(all, key, key+"/"+strconv.Itoa(i))
			}
			p.memory.put("cloud", all...)
			settle(2 * time.Hour)
			require.Zero(t, p.left())
			gone := len(taken)
			for _, parked := range p.memory.lookParked() {
				if !taken[string(parked.Payload)] {
					gone++
				}
			}
			require.Equal(t, 120, gone)
			require.LessOrEqual(t, len(p.sent()), 4000)
		})
	})
}

// The health page of a Sender needs no request.
func TestCheckOfANewSenderIsFine(t *testing.T) {
	s, err := NewSender(SenderOptions{Pipeline: newMemory(), Outbox: "o", Lease: func() (store.Lease, bool) { return store.Lease{}, false },
		Send: func(context.Context, []store.OutboxRecord) ([]Outcome, error) { return nil, nil }})
	require.NoError(t, err)
	require.NoError(t, s.Check(t.Context()))
	require.False(t, delivery.NewState("o").Paused())
}
