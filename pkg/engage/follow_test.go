package engage

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
)

func TestFollowResumesAfterTheStoredCursor(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, n int) {
		send(w, line(strconv.Itoa(2*n-1))+line(strconv.Itoa(2*n))+`{"cursor":"`+strconv.Itoa(2*n+1)) // cut in a line
	}}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(10 * time.Second)
		require.GreaterOrEqual(t, len(e.afters), 3)
		for i, after := range e.afters {
			want := ""
			if i > 0 {
				want = strconv.Itoa(2 * i)
			}
			require.Equal(t, want, after)
		}
		for i, cursor := range r.sink.events {
			require.Equal(t, strconv.Itoa(i+1), cursor)
		}
		require.Empty(t, r.sink.bad, "an unfinished line is not malformed")
		require.Len(t, e.specs, len(e.afters), "every connect declares the link")
		require.InDelta(t, float64(len(r.sink.events)), metric(t, r, "lines_total"), 0)
		require.NotZero(t, metric(t, r, "reconnects_total"))
	})
}

func TestAConnectionSilentForFifteenSecondsIsDead(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, n int) {
		send(w, line("1"))
		if n == 1 {
			time.Sleep(14 * time.Second)
			send(w, `{"message":"feed.Heartbeat"}`+"\n") // one heartbeat keeps it alive
		}
		<-r.Context().Done()
	}}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(28 * time.Second)
		require.Len(t, e.opened, 1)
		state, _ := r.client.State("vq")
		require.True(t, state.Connected)
		require.NoError(t, r.client.Check(t.Context()))
		require.Equal(t, []string{"1", ""}, r.sink.events, "heartbeats are delivered")
		settle(1*time.Second + 2*time.Millisecond)
		state, _ = r.client.State("vq")
		require.False(t, state.Connected)
		require.ErrorContains(t, r.client.Check(t.Context()), "no line for 15s")
		settle(2 * time.Second)
		require.Len(t, e.opened, 2)
	})
}

func TestAnEdgeThatDoesNotAnswerIsDead(t *testing.T) {
	e := &edge{feed: func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(40 * time.Second)
		require.Len(t, e.opened, 3)
	})
}

func TestASlowSinkIsNoSilence(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		send(w, line("1"))
		time.Sleep(time.Second)
		send(w, line("2"))
		<-r.Context().Done()
	}}
	s := &memorySink{fail: func(call string, n int) error {
		if call == "accept" && n == 1 {
			time.Sleep(time.Minute)
		}
		return nil
	}}
	follow(t, e, s, func(t *testing.T, r *rig) {
		settle(70 * time.Second)
		require.Equal(t, []string{"1", "2"}, s.events)
		require.Len(t, e.opened, 1)
	})
}

func TestNothingIsSkippedWhenTheSinkFails(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		first, _ := strconv.Atoi(r.URL.Query().Get("after"))
		for i := first + 1; i <= 50; i++ {
			send(w, line(strconv.Itoa(i)))
		}
		<-r.Context().Done()
	}}
	s := &memorySink{fail: func(_ string, n int) error {
		if n%3 == 0 {
			return fault.New(fault.Unavailable, "sink", "down")
		}
		return nil
	}}
	follow(t, e, s, func(t *testing.T, r *rig) {
		settle(20 * time.Minute)
		require.Len(t, s.events, 50)
		for i, cursor := range s.events {
			require.Equal(t, strconv.Itoa(i+1), cursor)
		}
	})
}

func TestMalformedLinesAreSetAsideInOrder(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		send(w, line("1")+`{"cursor":"2","message":7}`+"\n"+line("3")+"garbage\n"+line("4"))
		<-r.Context().Done()
	}}
	s := &memorySink{}
	s.fail = func(call string, n int) error {
		if call == "aside" && n == 1 && s.cursor != "1" {
			return errors.New("the events before the line are not stored yet")
		}
		return nil
	}
	follow(t, e, s, func(t *testing.T, r *rig) {
		settle(time.Second)
		require.Equal(t, []string{"1", "3", "4"}, s.events)
		require.Len(t, s.bad, 2)
		require.Equal(t, "2", s.bad[0].Cursor)
		require.Empty(t, s.bad[1].Cursor)
		require.Equal(t, "3", s.bad[1].After)
		require.InDelta(t, 2.0, metric(t, r, "bad_lines_total"), 0)
		require.Len(t, e.opened, 1)
	})
}

// What the edge lost is counted, and the line is stored like any other.
func TestGapsAreCounted(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		send(w, line("1")+`{"cursor":"2","message":"feed.Gap","time":"2026-11-20T10:00:00Z","attributes":{"from":"2026-11-20T09:59:00Z"}}`+"\n"+line("3"))
		<-r.Context().Done()
	}}
	s := &memorySink{}
	follow(t, e, s, func(t *testing.T, r *rig) {
		settle(time.Second)
		require.Equal(t, []string{"1", "2", "3"}, s.events)
		require.InDelta(t, 1.0, metric(t, r, "gaps_total"), 0)
	})
}

func TestLinesThatAreThereComeAsOneBatch(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		text := ""
		for i := range 600 {
			text += line(strconv.Itoa(i))
		}
		send(w, text)
		<-r.Context().Done()
	}}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(time.Second)
		require.Len(t, r.sink.events, 600)
		require.Less(t, len(r.sink.batches), 300)
		for _, n := range r.sink.batches {
			require.LessOrEqual(t, n, maxBatch)
		}
	})
}

func TestBackoffGrowsIsJitteredAndObeysTheEdge(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, _ *http.Request, _ int) { http.Error(w, "no", http.StatusBadGateway) }}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(10 * time.Minute)
		last := len(e.opened) - 1
		require.Less(t, e.opened[1].Sub(e.opened[0]), time.Second)
		require.Greater(t, e.opened[last].Sub(e.opened[last-1]), longWait/2-time.Second)
		require.LessOrEqual(t, e.opened[last].Sub(e.opened[last-1]), longWait*3/2)
		gaps := map[time.Duration]bool{}
		for i := 10; i < last; i++ {
			gaps[e.opened[i+1].Sub(e.opened[i])] = true
		}
		require.Greater(t, len(gaps), 2)
	})
	e = &edge{refuse: http.StatusServiceUnavailable}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(3*time.Minute + time.Second)
		require.Len(t, e.declared, 4, "Retry-After: 60 is obeyed")
		require.Empty(t, e.opened)
	})
}

func TestTheLinkIsDeclaredAgainWhenTheWantedStateChanges(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		for r.Context().Err() == nil {
			send(w, `{"message":"feed.Heartbeat"}`+"\n")
			time.Sleep(5 * time.Second)
		}
	}}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(time.Minute)
		e.mu.Lock()
		require.Len(t, e.specs, 1)
		e.refuse = http.StatusInternalServerError
		e.mu.Unlock()
		want := LinkSpec{Kind: KindTServer, Register: []Registration{{DN: "4001", Type: "Extension"}}}
		r.want(want, nil)
		r.changed <- struct{}{}
		settle(time.Minute)
		e.mu.Lock()
		require.Greater(t, len(e.specs), 2, "a failing declaration is repeated")
		e.refuse = 0
		e.mu.Unlock()
		settle(time.Minute)
		n := len(e.specs)
		require.Equal(t, want, e.specs[n-1])
		close(r.changed)
		settle(time.Minute)
		require.Len(t, e.specs, n)
		require.Len(t, e.opened, 1, "the feed went on")
	})
}

func TestTheLastKnownStateIsDeclaredWhenTheWantedOneIsNotAvailable(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, _ *http.Request, n int) { send(w, line(strconv.Itoa(n))) }}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(100 * time.Millisecond)
		r.want(LinkSpec{}, errors.New("config-sync is away"))
		settle(time.Minute)
		require.Greater(t, len(e.specs), 2)
		for _, spec := range e.specs {
			require.Equal(t, KindTServer, spec.Kind)
		}
	})
}

func TestACursorThatTheEdgeForgotLeadsToReadingAllItHolds(t *testing.T) {
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Query().Has("after") {
			http.Error(w, "forgotten", http.StatusGone)
			return
		}
		send(w, line("900"))
		<-r.Context().Done()
	}}
	follow(t, e, &memorySink{cursor: "7"}, func(t *testing.T, r *rig) {
		settle(time.Second)
		require.Equal(t, []string{"7", ""}, e.afters)
		require.Equal(t, []string{"900"}, r.sink.events)
	})
}

// Two links of one edge: the second one sleeps for half a minute when the first one comes in.
func TestALinkThatComesInWakesTheOthers(t *testing.T) {
	var up atomic.Bool
	e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
		if !up.Load() {
			return
		}
		send(w, line("1"))
		<-r.Context().Done()
	}}
	follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
		settle(time.Minute + 7*time.Second) // both sleep by now, each for its own time
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = r.client.Follow(ctx, "call", func(context.Context) (LinkSpec, error) { return LinkSpec{Kind: KindTServer}, nil }, nil, &memorySink{})
		})
		settle(3 * time.Minute)
		up.Store(true)
		both := func() (int, time.Duration) {
			one, _ := r.client.State("vq")
			two, _ := r.client.State("call")
			n := 0
			for _, s := range []FollowState{one, two} {
				if s.Connected {
					n++
				}
			}
			return n, one.Since.Sub(two.Since).Abs()
		}
		for range 40 * 10 {
			if n, _ := both(); n > 0 {
				break
			}
			settle(100 * time.Millisecond)
		}
		settle(100 * time.Millisecond)
		n, apart := both()
		require.Equal(t, 2, n, "one link is in, so is the other")
		require.Less(t, apart, 200*time.Millisecond)
		cancel()
		wg.Wait()
	})
}

// A mapping or a store that becomes ready is noticed at once, not at the end of a long wait.
func TestWhatOurOwnSideLackedEndsTheWaitWhenItIsThere(t *testing.T) {
	for name, whole := range map[string]struct{ mapping, store bool }{"mapping": {mapping: true}, "store": {store: true}} {
		t.Run(name, func(t *testing.T) {
			var away atomic.Bool
			away.Store(true)
			e := &edge{feed: func(w http.ResponseWriter, r *http.Request, _ int) {
				send(w, line("1"))
				<-r.Context().Done()
			}}
			sink := &memorySink{fail: func(call string, _ int) error { return awayError(whole.store && call == "cursor" && away.Load()) }}
			spec := func(context.Context) (LinkSpec, error) {
				return LinkSpec{Kind: KindTServer}, awayError(whole.mapping && away.Load())
			}
			follow(t, e, &memorySink{}, func(t *testing.T, r *rig) {
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() { _ = r.client.Follow(ctx, "call", spec, nil, sink) })
				settle(5*time.Minute + 3*time.Second)
				state, _ := r.client.State("call")
				require.False(t, state.Connected)
				away.Store(false)
				settle(ownPoll + 10*time.Millisecond)
				state, _ = r.client.State("call")
				require.True(t, state.Connected)
				cancel()
				wg.Wait()
			})
		})
	}
}

func awayError(away bool) error {
	if away {
		return errors.New("away")
	}
	return nil
}

func TestMetricsAreThereFromTheStart(t *testing.T) {
	reg := prometheus.NewRegistry()
	newMetrics(reg)
	families, err := reg.Gather()
	require.NoError(t, err)
	require.Len(t, families, 7)
	for _, f := range families {
		require.Len(t, f.GetMetric(), 2, f.GetName())
	}
}
