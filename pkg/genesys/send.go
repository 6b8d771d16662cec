package genesys

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/fault"
)

const (
	// HeaderCorrelation carries the server\'s id of a request, for support.
	HeaderCorrelation = "ININ-Correlation-Id"
	maxBody           = 16 << 20 // bytes of an answer that are read
	maxErrorBody      = 64 << 10 // bytes of an error answer that are read
)

// Request is one call of an operation.
type Request struct {
	Operation Operation
	Args      []string // the path's parameters, in order
	Query     url.Values
	Header    http.Header
	Body      any // sent as JSON, a json.RawMessage as it is; nil for none
	Out       any // the answer's JSON goes here; nil to ignore it
	// Once leaves it to the caller to repeat the request; only a token that has run out is replaced.
	Once bool
}

// prepared is a request that is ready to be sent, more than once if need be.
type prepared struct {
	Request

	url     string
	payload []byte
}

// result is how one attempt ended.
type result struct {
	outcome    outcome
	err        error
	header     http.Header
	retryAfter time.Duration
	token      string // that was used
}

// Do sends a request whose answer's header does not matter.
func (c *Client) Do(ctx context.Context, r Request) error {
	_, err := c.Send(ctx, r)
	return err
}

// Send carries a request through: wait for the budget, send, and repeat what the table of retry
// decisions lets it, until it succeeds or gives up.
func (c *Client) Send(ctx context.Context, r Request) (http.Header, error) {
	header, err := c.send(ctx, r)
	if ctx.Err() == nil {
		c.uses.Note(r.Operation.Name(), c.now(), err)
	}
	return header, err
}

func (c *Client) send(ctx context.Context, r Request) (http.Header, error) {
	p, err := c.prepare(r)
	if err != nil {
		return nil, err
	}
	refreshed, mayBeDone := false, false
	for attempt := 1; ; attempt++ {
		if err := c.budget.acquire(ctx, r.Operation); err != nil {
			return nil, err
		}
		res := c.attempt(ctx, p)
		todo := actions[res.outcome][repeatOf(r.Operation)]
		switch {
		case res.outcome == outcomeSuccess:
			c.logSuccess(ctx, r.Operation, attempt, res)
			return res.header, nil
		case r.Operation.Method == http.MethodDelete && mayBeDone && StatusOf(res.err) == http.StatusNotFound:
			return res.header, nil // an earlier attempt did it
		case todo == newToken && !refreshed: // the server did nothing
			refreshed = true
			c.tokens.drop(res.token)
			c.metrics.retries.WithLabelValues(string(res.outcome)).Inc()
			continue
		case todo == tryAgain && !r.Once && attempt < maxAttempts && c.waitToRetry(ctx, r.Operation, attempt, res):
			mayBeDone = mayBeDone || actions[res.outcome][creates] == giveUpLost
			continue
		}
		return nil, c.failed(ctx, r, attempt, todo, res)
	}
}

// prepare does what is the same for every attempt.
func (c *Client) prepare(r Request) (prepared, error) {
	path, err := r.Operation.fill(r.Args...)
	if err != nil {
		return prepared{}, fault.Wrap(fault.Invalid, r.Operation.Op(), err)
	}
	p := prepared{Request: r, url: c.api + path}
	if len(r.Query) > 0 {
		p.url += "?" + r.Query.Encode()
	}
	if written, ok := r.Body.(json.RawMessage); ok {
		p.payload = written
	} else if r.Body != nil {
		if p.payload, err = json.Marshal(r.Body); err != nil {
			return prepared{}, fault.Wrap(fault.Invalid, r.Operation.Op(), err)
		}
	}
	return p, nil
}

// attempt sends the request once, with a deadline of its own, and tells the budget and the metrics
// how it ended.
func (c *Client) attempt(ctx context.Context, p prepared) result {
	token, err := c.tokens.get(ctx)
	if err != nil {
		c.budget.done(p.Operation, quota{})
		return result{outcome: outcomeRejected, err: err} // the token source has retried already
	}
	bounded, cancel := context.WithTimeout(ctx, c.requestTimeout)
	defer cancel()
	started := c.now()
	res := c.exchange(bounded, p, token)
	res.token = token
	if res.err != nil && ctx.Err() != nil {
		res.outcome = outcomeCanceled
		res.err = errors.Join(ctx.Err(), res.err)
	}
	res.retryAfter = spread(res.retryAfter, c.random)
	q := quotaOf(res.header)
	q.retryAfter, q.limited = res.retryAfter, res.outcome == outcomeRateLimited
	c.budget.done(p.Operation, q)
	c.metrics.attempt(p.Operation, res.outcome, c.now().Sub(started))
	return res
}

// exchange is the HTTP part of an attempt.
func (c *Client) exchange(ctx context.Context, p prepared, token string) result {
	req, err := http.NewRequestWithContext(ctx, p.Operation.Method, p.url, bytes.NewReader(p.payload))
	if err != nil {
		return result{outcome: outcomeRejected, err: withoutURL(err)}
	}
	if p.payload == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Authorization", "Bearer "+token)
	maps.Copy(req.Header, p.Header)
	resp, err := c.http.Do(req)
	if err != nil {
		return result{outcome: transportOutcome(err), err: withoutURL(err)}
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read from
	return c.read(p, resp, token)
}

// read turns an answer into a result. Should a message repeat the token or the secret, it is hidden.
func (c *Client) read(p prepared, resp *http.Response, token string) result {
	res := result{outcome: outcomeOf(resp.StatusCode), header: resp.Header, retryAfter: retryAfter(resp.Header, c.now())}
	if res.outcome != outcomeSuccess {
		body, err := readLimited(resp.Body, maxErrorBody)
		if err != nil {
			body = nil // the status says enough
		}
		api := newAPIError(p.Operation, resp.StatusCode, resp.Header, body)
		api.Message = c.secrets.Replace(strings.ReplaceAll(api.Message, token, "***"))
		api.RetryAfter = res.retryAfter
		res.err = api
		return res
	}
	body, err := readLimited(resp.Body, maxBody)
	if err != nil {
		if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
			res.outcome, res.err = outcomeMalformed, tooLong
			return res
		}
		res.outcome, res.err = transportOutcome(err), err
		return res
	}
	if p.Out == nil || len(body) == 0 && resp.StatusCode == http.StatusNoContent {
		return res
	}
	if err := json.Unmarshal(body, p.Out); err != nil {
		res.outcome, res.err = outcomeMalformed, errors.New("the answer is not the JSON expected")
	}
	return res
}

// transportOutcome tells whether the server can have seen a request that got no answer.
func transportOutcome(err error) outcome {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return outcomeNotSent
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return outcomeNotSent
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return outcomeNotSent
	}
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() {
		return outcomeTimeout
	}
	return outcomeTransport
}

// withoutURL takes the URL out of a transport error: it can hold names of people, or a signature.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// retryAfter reads the Retry-After header: seconds or an HTTP date; 0 when there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), 7*24*3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// waitToRetry waits before the next attempt. It reports false when that would take longer than
// is sensible or than the caller has time.
func (c *Client) waitToRetry(ctx context.Context, op Operation, attempt int, res result) bool {
	wait := max(backoff(attempt, c.random), res.retryAfter)
	if wait > maxWait || endsBefore(ctx, wait) {
		return false
	}
	c.metrics.retries.WithLabelValues(string(res.outcome)).Inc()
	c.log.LogAttrs(ctx, slog.LevelInfo, "request will be repeated", slog.String("route", op.Name()), slog.String("outcome", string(res.outcome)),
		slog.Int("attempt", attempt), slog.Duration("wait", wait),
		slog.String("correlation_id", res.header.Get(HeaderCorrelation)), slog.Any("error", res.err))
	return pause(ctx, wait) == nil
}

// failed makes the final error of a request and logs it.
func (c *Client) failed(ctx context.Context, r Request, attempts int, todo action, res result) error {
	op := r.Operation
	err := classify(op, res)
	if todo == giveUpLost {
		err.Err = &unknownOutcome{err.Err}
		if res.outcome != outcomeCanceled {
			err.Code = fault.Unavailable
		}
	}
	level := slog.LevelWarn
	switch fault.CodeOf(err) {
	case fault.NotFound, fault.Conflict, fault.Canceled:
		level = slog.LevelInfo // often what the caller wanted to know
	}
	if r.Once {
		level = slog.LevelDebug // whoever repeats it also reports it, once for all attempts
	}
	c.log.LogAttrs(ctx, level, "request failed", slog.String("route", op.Name()), slog.String("outcome", string(res.outcome)),
		slog.Int("attempts", attempts), slog.String("correlation_id", res.header.Get(HeaderCorrelation)), slog.Any("error", err))
	return err
}

func (c *Client) logSuccess(ctx context.Context, op Operation, attempts int, res result) {
	level := slog.LevelDebug
	if attempts > 1 {
		level = slog.LevelInfo
	}
	c.log.LogAttrs(ctx, level, "request done", slog.String("route", op.Name()), slog.Int("attempts", attempts),
		slog.String("correlation_id", res.header.Get(HeaderCorrelation)))
}

// codes says what an attempt without an answer means to the caller.
var codes = map[outcome]fault.Code{
	outcomeNotSent:   fault.Unavailable,
	outcomeTransport: fault.Unavailable,
	outcomeTimeout:   fault.Timeout,
	outcomeMalformed: fault.Internal,
	outcomeRejected:  fault.Internal,
}

// classify makes the error of an attempt.
func classify(op Operation, res result) *fault.Error {
	e := fault.Wrap(codes[res.outcome], op.Op(), res.err)
	if api := apiErrorOf(res.err); api != nil {
		e.Code, e.Hint, e.RetryIn = api.faultCode(), api.hint(op), res.retryAfter
	} else if _, ok := errors.AsType[*fault.Error](res.err); ok {
		e.Code = fault.CodeOf(res.err) // the token could not be had
	}
	if res.outcome == outcomeCanceled {
		e.Code = fault.CodeOf(context.Canceled)
		if errors.Is(res.err, context.DeadlineExceeded) && !errors.Is(res.err, context.Canceled) {
			e.Code = fault.Timeout
		}
	}
	return e
}
