package genesys

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// repeat says what repeating a request does once its outcome is unknown.
type repeat int

const (
	harmless repeat = iota // reads, and writes that set the same state again
	creates                // a second request would make a second object
)

func repeatOf(op Operation) repeat {
	if op.Creates {
		return creates
	}
	return harmless
}

// outcome classifies how one attempt of a request ended. The set is closed: it is a metric label.
type outcome string

const (
	outcomeSuccess      outcome = "success"
	outcomeUnauthorized outcome = "unauthorized"    // 401
	outcomeRateLimited  outcome = "rate_limited"    // 429
	outcomeRejected     outcome = "rejected"        // any other 4xx, or a redirect
	outcomeServerError  outcome = "server_error"    // 5xx but the next
	outcomeUnavailable  outcome = "unavailable"     // 502, 503, 504, 408
	outcomeNotSent      outcome = "not_sent"        // no connection: the server saw nothing
	outcomeTransport    outcome = "transport_error" // the connection broke: the server may have seen it
	outcomeTimeout      outcome = "timeout"         // the attempt's deadline
	outcomeMalformed    outcome = "malformed"       // success, but the body is too long or unreadable
	outcomeCanceled     outcome = "canceled"        // the caller gave up
)

func outcomes() []outcome {
	return []outcome{
		outcomeSuccess, outcomeUnauthorized, outcomeRateLimited, outcomeRejected, outcomeServerError, outcomeUnavailable,
		outcomeNotSent, outcomeTransport, outcomeTimeout, outcomeMalformed, outcomeCanceled,
	}
}

// outcomeOf classifies an HTTP status.
func outcomeOf(status int) outcome {
	switch status {
	case http.StatusUnauthorized:
		return outcomeUnauthorized
	case http.StatusTooManyRequests:
		return outcomeRateLimited
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return outcomeUnavailable
	}
	switch {
	case status >= 200 && status < 300:
		return outcomeSuccess
	case status >= 500:
		return outcomeServerError
	}
	return outcomeRejected
}

// action is what to do after an attempt.
type action int

const (
	giveUp     action = iota
	tryAgain          // after a wait
	newToken          // at once, with a fresh token; only once per request
	giveUpLost        // give up, and tell that the outcome is unknown
)

// actions is the table of retry decisions, per outcome: for requests that may be repeated without
// harm, and for creates, of which nothing is repeated that the server may have carried out.
var actions = map[outcome]map[repeat]action{
	outcomeSuccess:      {harmless: giveUp, creates: giveUp},
	outcomeUnauthorized: {harmless: newToken, creates: newToken},
	outcomeRateLimited:  {harmless: tryAgain, creates: tryAgain},
	outcomeRejected:     {harmless: giveUp, creates: giveUp},
	outcomeServerError:  {harmless: giveUp, creates: giveUpLost},
	outcomeUnavailable:  {harmless: tryAgain, creates: giveUpLost},
	outcomeNotSent:      {harmless: tryAgain, creates: tryAgain},
	outcomeTransport:    {harmless: tryAgain, creates: giveUpLost},
	outcomeTimeout:      {harmless: tryAgain, creates: giveUpLost},
	outcomeMalformed:    {harmless: giveUp, creates: giveUpLost},
	outcomeCanceled:     {harmless: giveUp, creates: giveUpLost},
}

const (
	maxAttempts = 5                      // per request
	backoffMin  = 500 * time.Millisecond // before the second attempt, doubled each time
	backoffMax  = 15 * time.Second
	maxWait     = 180 * time.Second // longer waits are the caller's to plan (a daily limit, for instance)
)

// backoff is how long to wait after the n-th failed attempt (1-based): doubled each time, of which
// a random half, so that instances that failed together do not come back together.
func backoff(attempt int, random func() float64) time.Duration {
	d := backoffMax
	if attempt < 10 {
		d = min(backoffMin<<(attempt-1), backoffMax)
	}
	return d/2 + time.Duration(random()*float64(d/2))
}

// spread adds up to a tenth, at least half a second, to a wait that the server asked for, so that
// those who were all told the same do not come back in the same moment.
func spread(asked time.Duration, random func() float64) time.Duration {
	if asked <= 0 {
		return 0
	}
	return asked + time.Duration(random()*float64(max(asked/10, backoffMin)))
}

// jitter is the source of randomness of backoff.
func jitter() float64 {
	return rand.Float64() //nolint:gosec // spreads retries, protects nothing
}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// endsBefore reports that the context's deadline comes before a wait would be over.
func endsBefore(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < d
}
