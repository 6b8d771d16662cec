package genesys

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/genesystest"
)

func TestOutcomeOf_ClassifiesEveryStatus(t *testing.T) {
	tests := map[int]outcome{
		200: outcomeSuccess, 201: outcomeSuccess, 202: outcomeSuccess, 204: outcomeSuccess,
		301: outcomeRejected, 307: outcomeRejected,
		400: outcomeRejected, 401: outcomeUnauthorized, 403: outcomeRejected, 404: outcomeRejected, 408: outcomeUnavailable,
		409: outcomeRejected, 413: outcomeRejected, 415: outcomeRejected, 429: outcomeRateLimited,
		500: outcomeServerError, 501: outcomeServerError, 502: outcomeUnavailable, 503: outcomeUnavailable, 504: outcomeUnavailable, 507: outcomeServerError,
	}
	for status, want := range tests {
		require.Equal(t, want, outcomeOf(status), status)
	}
}

// Every outcome has a decision for both kinds of requests.
func TestActions_AreComplete(t *testing.T) {
	require.Len(t, actions, len(outcomes()))
	for _, o := range outcomes() {
		require.Len(t, actions[o], 2, o)
	}
}

func TestTransportOutcome_TellsWhatTheServerCanHaveSeen(t *testing.T) {
	tests := map[string]struct {
		err  error
		want outcome
	}{
		"refused":     {&url.Error{Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, outcomeNotSent},
		"no such":     {&url.Error{Err: &net.DNSError{}}, outcomeNotSent},
		"certificate": {&url.Error{Err: &tls.CertificateVerificationError{}}, outcomeNotSent},
		"reset":       {&url.Error{Err: &net.OpError{Op: "read", Err: errors.New("reset")}}, outcomeTransport},
		"closed":      {&url.Error{Err: io.ErrUnexpectedEOF}, outcomeTransport},
		"deadline":    {&url.Error{Err: context.DeadlineExceeded}, outcomeTimeout},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, transportOutcome(tt.err)) })
	}
}

func TestBackoff_DoublesUpToItsMaximum(t *testing.T) {
	require.Equal(t, 250*time.Millisecond, backoff(1, func() float64 { return 0 }))
	require.Equal(t, 4*time.Second, backoff(4, func() float64 { return 1 }))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1000).Draw(t, "attempt")
		d := backoff(n, jitter)
		require.GreaterOrEqual(t, d, backoffMin/2)
		require.LessOrEqual(t, d, backoffMax)
	})
}

func TestRetryAfter_ReadsSecondsAndDates(t *testing.T) {
	now := epoch
	tests := map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-3": 0, "soon": 0, "99999999": 7 * 24 * time.Hour,
		now.Add(30 * time.Second).Format(http.TimeFormat): 30 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
	}
	for text, want := range tests {
		require.Equal(t, want, retryAfter(http.Header{"Retry-After": {text}}, now), text)
	}
}

// refuses is a transport that gets no connection.
type refuses struct{}

func (refuses) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Path == "/oauth/token" {
		return (&genesystest.Org{}).HTTP().Transport.RoundTrip(req)
	}
	return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
}

// What is done after each kind of failure, for a request that may be repeated and for a create.
func TestClient_RepeatsWhatTheTableSays(t *testing.T) {
	type want struct {
		attempts int
		code     fault.Code // "" when it succeeds in the end
		unknown  bool
	}
	tests := map[string]struct {
		first    http.HandlerFunc // and only the first
		harmless want
		create   want
	}{
		"429":             {genesystest.Says(429, `{}`, "Retry-After", "2"), want{2, "", false}, want{2, "", false}},
		"401":             {genesystest.Says(401, `{}`), want{2, "", false}, want{2, "", false}},
		"502":             {genesystest.Says(502, `<html>`), want{2, "", false}, want{1, fault.Unavailable, true}},
		"503":             {genesystest.Says(503, `{}`, "Retry-After", "2"), want{2, "", false}, want{1, fault.Unavailable, true}},
		"504":             {genesystest.Says(504, `{}`), want{2, "", false}, want{1, fault.Unavailable, true}},
		"408":             {genesystest.Says(408, `{}`), want{2, "", false}, want{1, fault.Unavailable, true}},
		"500":             {genesystest.Says(500, `{}`), want{1, fault.Unavailable, false}, want{1, fault.Unavailable, true}},
		"501":             {genesystest.Says(501, `{}`), want{1, fault.Unsupported, false}, want{1, fault.Unavailable, true}},
		"400":             {genesystest.Says(400, `{}`), want{1, fault.Invalid, false}, want{1, fault.Invalid, false}},
		"403":             {genesystest.Says(403, `{}`), want{1, fault.Forbidden, false}, want{1, fault.Forbidden, false}},
		"404":             {genesystest.Says(404, `{}`), want{1, fault.NotFound, false}, want{1, fault.NotFound, false}},
		"409":             {genesystest.Says(409, `{}`), want{1, fault.Conflict, false}, want{1, fault.Conflict, false}},
		"413":             {genesystest.Says(413, `{}`), want{1, fault.TooLarge, false}, want{1, fault.TooLarge, false}},
		"redirect":        {genesystest.Says(302, ``, "Location", "https://elsewhere.example.com/"), want{1, fault.Internal, false}, want{1, fault.Internal, false}},
		"connection lost": {genesystest.Breaks, want{2, "", false}, want{1, fault.Unavailable, true}},
		"no answer":       {genesystest.Hangs, want{2, "", false}, want{1, fault.Unavailable, true}},
		"no JSON":         {genesystest.Says(200, `<html>`), want{1, fault.Internal, false}, want{1, fault.Unavailable, true}},
	}
	for name, tt := range tests {
		for kind, call := range map[string]struct {
			do   func(context.Context, *Client) error
			want want
		}{"harmless": {someCall, tt.harmless}, "create": {someCreate, tt.create}} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := genesystest.Replies(tt.first, genesystest.Says(200, `{"id":"1","name":"x"}`))
					err := call.do(t.Context(), client(t, o))
					require.Len(t, o.Calls(), call.want.attempts)
					require.Equal(t, call.want.code, fault.CodeOf(err))
					require.Equal(t, call.want.unknown, UnknownOutcome(err))
				})
			})
		}
	}
}

// Without a connection nothing happened: even a create may be tried again, but not for ever.
func TestClient_RepeatsACreateThatWasNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, (&genesystest.Org{}), func(o *Options) { o.HTTP = &http.Client{Transport: refuses{}} })
		err := someCreate(t.Context(), c)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		require.False(t, UnknownOutcome(err))
		require.Equal(t, maxAttempts, c.Budget().Used)
	})
}

// Repeating is bounded in number and time.
func TestClient_GivesUpAfterSomeAttempts(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{"unavailable": genesystest.Says(503, `{}`), "limited": genesystest.Says(429, `{}`), "broken": genesystest.Breaks} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := genesystest.Replies(handler)
				started := time.Now()
				err := someCall(t.Context(), client(t, o))
				require.True(t, fault.Retryable(err))
				require.Len(t, o.Calls(), maxAttempts)
				require.Less(t, time.Since(started), time.Minute)
			})
		})
	}
}

// Retry-After of a 503 is obeyed.
func TestClient_ObeysRetryAfterOfAnUnavailableServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(503, `{}`, "Retry-After", "33"), genesystest.Says(200, `{}`))
		started := time.Now()
		require.NoError(t, someCall(t.Context(), client(t, o)))
		require.GreaterOrEqual(t, time.Since(started), 33*time.Second)
	})
}

// Those who were told the same moment come back at different ones, and never before it.
func TestClient_SpreadsWhatWasToldToWait(t *testing.T) {
	require.Zero(t, spread(0, func() float64 { return 1 }))
	require.Equal(t, 44*time.Second, spread(40*time.Second, func() float64 { return 1 }))
	require.Equal(t, 1500*time.Millisecond, spread(time.Second, func() float64 { return 1 }))
	for status, want := range map[int]time.Duration{429: 44 * time.Second, 503: 44 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			o := genesystest.Replies(genesystest.Says(status, `{}`, "Retry-After", "40"), genesystest.Says(200, `{}`))
			c := client(t, o)
			c.random = func() float64 { return 1 }
			started := time.Now()
			require.NoError(t, someCall(t.Context(), c))
			require.Equal(t, want, time.Since(started))
		})
	}
}

// A caller with too little time gets the real error at once instead of a wait that cannot help.
func TestClient_DoesNotWaitBeyondTheCallersDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Says(503, `{"code":"service.unavailable"}`, "Retry-After", "60"))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		started := time.Now()
		err := someCall(ctx, client(t, o))
		require.ErrorContains(t, err, "service.unavailable")
		require.Equal(t, time.Minute, fault.RetryIn(err))
		require.Zero(t, time.Since(started))
	})
}

// The caller's own end is told from the server's slowness; a create may have happened anyway.
func TestClient_TellsTheCallersEndFromASlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := genesystest.Replies(genesystest.Hangs)
		c := client(t, o)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := someCreate(ctx, c)
		require.Equal(t, fault.Canceled, fault.CodeOf(err))
		require.True(t, UnknownOutcome(err))

		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = someCall(ctx, c)
		require.Equal(t, fault.Timeout, fault.CodeOf(err))
		require.False(t, UnknownOutcome(err))

		started := time.Now()
		err = someCall(t.Context(), c)
		require.Equal(t, fault.Timeout, fault.CodeOf(err))
		require.GreaterOrEqual(t, time.Since(started), maxAttempts*defaultRequestTimeout)
	})
}

// A repeated deletion that finds nothing has been done by the attempt before; a first one not.
func TestClient_RepeatedDeletionMayFindNothing(t *testing.T) {
	tests := map[string]struct {
		steps []http.HandlerFunc
		want  fault.Code
	}{
		"answer lost":      {[]http.HandlerFunc{genesystest.Breaks, genesystest.Says(404, `{}`)}, ""},
		"never there":      {[]http.HandlerFunc{genesystest.Says(404, `{}`)}, fault.NotFound},
		"only limited":     {[]http.HandlerFunc{genesystest.Says(429, `{}`), genesystest.Says(404, `{}`)}, fault.NotFound},
		"only a new token": {[]http.HandlerFunc{genesystest.Says(401, `{}`), genesystest.Says(404, `{}`)}, fault.NotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := client(t, genesystest.Replies(tt.steps...)).Do(t.Context(), Request{Operation: deleting(), Args: []string{"u", "s"}})
				require.Equal(t, tt.want, fault.CodeOf(err))
			})
		})
	}
}

// An answer without end is not read to its end.
func TestClient_BoundsTheAnswer(t *testing.T) {
	o := &genesystest.Org{API: func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 1<<20)
		for range 17 {
			_, _ = w.Write(block)
		}
	}}
	err := someCall(t.Context(), client(t, o))
	require.Equal(t, fault.Internal, fault.CodeOf(err))
	require.ErrorContains(t, err, "too large")
}
