package genesys

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/genesystest"
)

func TestQuotaOf_ReadsTheHeadersAndDistrustsNonsense(t *testing.T) {
	header := func(count, allowed, reset string) http.Header {
		h := http.Header{}
		h.Set("inin-ratelimit-count", count)
		h.Set("inin-ratelimit-allowed", allowed)
		h.Set("inin-ratelimit-reset", reset)
		return h
	}
	tests := map[string]struct {
		header http.Header
		want   quota
	}{
		"all three":      {header("3", "300", "61"), quota{known: true, count: 3, allowed: 300, reset: 61 * time.Second}},
		"long reset":     {header("3", "300", "999999"), quota{known: true, count: 3, allowed: 300, reset: 2 * time.Minute}},
		"none":           {nil, quota{}},
		"no number":      {header("x", "300", "61"), quota{}},
		"nothing":        {header("0", "0", "61"), quota{}},
		"negative count": {header("-1", "300", "61"), quota{}},
		"negative reset": {header("1", "300", "-5"), quota{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, quotaOf(tt.header)) })
	}
}

// limitedOrg counts like the API does and answers 429 above its allowance.
func limitedOrg(allowed int) (*genesystest.Org, *fixedWindows) {
	server := &fixedWindows{phase: time.Now().Add(-17 * time.Second), allowed: allowed, window: -1}
	var mu sync.Mutex
	return &genesystest.Org{API: func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		q := server.request(time.Now())
		mu.Unlock()
		w.Header().Set("inin-ratelimit-count", strconv.Itoa(q.count))
		w.Header().Set("inin-ratelimit-allowed", strconv.Itoa(q.allowed))
		w.Header().Set("inin-ratelimit-reset", strconv.Itoa(int(q.reset.Seconds())))
		if q.count > q.allowed {
			w.Header().Set("Retry-After", strconv.Itoa(int(q.reset.Seconds())+1))
			genesystest.Answer(w, http.StatusTooManyRequests, `{"code":"too.many.requests.retry.after"}`)
			return
		}
		genesystest.Answer(w, http.StatusOK, `{}`)
	}}, server
}

// Many callers at once: all get through, in about the time that the allowance needs, without a 429.
func TestClient_ManyCallersShareTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, server := limitedOrg(300)
		c := client(t, o)
		started := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for range 60 {
					if err := someCall(t.Context(), c); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		require.Zero(t, server.refused)
		require.Len(t, o.Calls(), 1200)
		require.Less(t, time.Since(started), 5*time.Minute+30*time.Second) // 1200 / 240
		require.Positive(t, c.Budget().Used)
		require.Zero(t, c.Budget().Waiting)
	})
}

// The allowance turns out to be smaller than assumed: the client adapts.
func TestClient_AdaptsToASmallerAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, server := limitedOrg(60)
		c := client(t, o)
		for range 120 {
			require.NoError(t, someCall(t.Context(), c))
		}
		require.Zero(t, server.refused)
		require.Equal(t, 48, c.Budget().Limit)
	})
}

// Retry-After of an exhausted allowance stops every operation.
func TestClient_RetryAfterStopsTheWholeClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(http.StatusTooManyRequests, `{}`, "Retry-After", "40"), genesystest.Says(http.StatusOK, `{}`))
		c := client(t, o)
		started := time.Now()
		var both sync.WaitGroup
		both.Go(func() {
			if err := someCall(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		require.False(t, c.Budget().PausedUntil.IsZero())
		require.NoError(t, someCreate(t.Context(), c))
		require.GreaterOrEqual(t, time.Since(started), 40*time.Second)
		both.Wait()
	})
}

// An operation's own limit leaves the others alone.
func TestClient_AnOperationsOwnLimitStopsOnlyThatOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quotaLeft := []string{"Retry-After", "40", "inin-ratelimit-count", "5", "inin-ratelimit-allowed", "300", "inin-ratelimit-reset", "30"}
		o := &genesystest.Org{API: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/v2/authorization/divisions/home" {
				genesystest.Says(http.StatusTooManyRequests, `{}`, quotaLeft...)(w, r)
				return
			}
			genesystest.Answer(w, http.StatusOK, `{}`)
		}}
		c := client(t, o)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.Equal(t, fault.RateLimited, fault.CodeOf(someCall(ctx, c)))
		started := time.Now()
		require.NoError(t, someCreate(t.Context(), c))
		require.Zero(t, time.Since(started))

		// The limited one is not even tried before its time.
		err := someCall(ctx, c)
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.InDelta(t, 40, fault.RetryIn(err).Seconds(), 1)
		require.Len(t, o.Calls(), 2)
	})
}

// A wait of hours is the caller's business: it is told at once, and nothing is sent meanwhile.
func TestClient_LongRetryAfterSurfacesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(http.StatusTooManyRequests, `{"code":"too.many.requests.retry.after"}`, "Retry-After", "3600"))
		c := client(t, o)
		started := time.Now()
		err := someCall(t.Context(), c)
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.Equal(t, time.Hour, fault.RetryIn(err))
		err = someCall(t.Context(), c)
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.Equal(t, time.Hour, fault.RetryIn(err))
		require.Zero(t, time.Since(started))
		require.Len(t, o.Calls(), 1)
	})
}

// Who waits for the budget can give up.
func TestBudget_WaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(Options{Now: time.Now, RequestsPerMinute: 1, BudgetShare: 0.9}, newMetrics(prometheus.NewRegistry(), ""))
		require.NoError(t, b.acquire(t.Context(), reading()))
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for range 2 { // one waits for time, the other for its turn
			go func() { errs <- b.acquire(ctx, reading()) }()
		}
		synctest.Wait()
		require.Equal(t, 2, b.snapshot().Waiting)
		cancel()
		for range 2 {
			require.Equal(t, fault.Canceled, fault.CodeOf(<-errs))
		}
		require.Equal(t, fault.Canceled, fault.CodeOf(b.acquire(ctx, reading())))

		// A deadline that comes too early is noticed before waiting.
		soon, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		err := b.acquire(soon, reading())
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.Equal(t, time.Minute, fault.RetryIn(err))
		require.NoError(t, soon.Err())
	})
}
