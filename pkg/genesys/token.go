package genesys

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"engage.connector/pkg/fault"
)

const (
	tokenRefreshAt  = 0.85             // of its life
	tokenPatience   = time.Minute      // how long a refused token request is repeated
	tokenRefusalFor = 5 * time.Second  // refused credentials are not tried again before
	tokenRetryStep  = 30 * time.Second // after a refresh that failed while the old token is still good
	maxTokenBody    = 64 << 10
)

// tokenSource gets and keeps the access token (OAuth client credentials). Only one request is
// ever under way; who comes meanwhile waits for it, or goes on with the old token while it is good.
type tokenSource struct {
	client  *Client
	url     string
	id      string
	secret  string
	turn    chan struct{} // holds one element: who has it refreshes
	timeout time.Duration

	mu        sync.Mutex
	token     string
	expires   time.Time
	refreshAt time.Time
	refusal   error // of the credentials, remembered for a while
	refusedAt time.Time
}

func newTokenSource(c *Client, opts Options, url string) *tokenSource {
	return &tokenSource{
		client: c, url: url, id: opts.ClientID, secret: opts.ClientSecret,
		turn: make(chan struct{}, 1), timeout: opts.RequestTimeout,
	}
}

// get returns a token that is good now.
func (s *tokenSource) get(ctx context.Context) (string, error) {
	token, due, err := s.current()
	if err != nil || (token != "" && !due) {
		return token, err
	}
	if token != "" {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
			return s.refreshEarly(ctx, token)
		default:
			return token, nil // another call refreshes it
		}
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", fault.Wrap(fault.CodeOf(ctx.Err()), "genesys.token", ctx.Err())
	}
	if token, _, err := s.current(); err != nil || token != "" {
		return token, err // somebody else got it while this call waited
	}
	return s.fetch(ctx)
}

// current is the token at hand, "" when there is none; due says that it should be refreshed. After
// refused credentials it is that error, for a while.
func (s *tokenSource) current() (token string, due bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.client.now()
	if s.token != "" && now.Before(s.expires) {
		return s.token, !now.Before(s.refreshAt), nil
	}
	if s.refusal != nil && now.Sub(s.refusedAt) < tokenRefusalFor {
		return "", false, s.refusal
	}
	return "", false, nil
}

// refreshEarly replaces a token that is still good; when that fails the old one serves on.
func (s *tokenSource) refreshEarly(ctx context.Context, old string) (string, error) {
	if token, due, err := s.current(); err == nil && token != "" && !due {
		return token, nil
	}
	res := s.ask(ctx)
	if res.err == nil {
		return s.keep(res), nil
	}
	s.client.log.LogAttrs(ctx, slog.LevelWarn, "token could not be refreshed, the old one is still good", slog.Any("error", res.err))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.client.now()
	s.refreshAt = now.Add(min(tokenRetryStep, s.expires.Sub(now)/2))
	return old, nil
}

// fetch gets a new token, repeating what is worth repeating for tokenPatience.
func (s *tokenSource) fetch(ctx context.Context) (string, error) {
	started := s.client.now()
	for attempt := 1; ; attempt++ {
		res := s.ask(ctx)
		if res.err == nil {
			return s.keep(res), nil
		}
		wait := max(backoff(attempt, s.client.random), res.retryAfter)
		left := tokenPatience - s.client.now().Sub(started)
		if !fault.Retryable(res.err) || ctx.Err() != nil || wait > left || endsBefore(ctx, wait) {
			s.refuse(res.err)
			return "", res.err
		}
		if pause(ctx, wait) != nil {
			return "", res.err
		}
	}
}

// keep stores a token.
func (s *tokenSource) keep(res tokenResult) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.client.now()
	s.token, s.refusal = res.token, nil
	s.expires = now.Add(res.life)
	s.refreshAt = now.Add(time.Duration(float64(res.life) * tokenRefreshAt))
	s.client.metrics.tokenExpiry.Set(float64(s.expires.Unix()))
	return s.token
}

// refuse remembers that the credentials were refused.
func (s *tokenSource) refuse(err error) {
	if fault.CodeOf(err) != fault.Unauthenticated {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal, s.refusedAt = err, s.client.now()
}

// drop forgets a token that the API did not take, unless it has been replaced already.
func (s *tokenSource) drop(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
}

// tokenResult is an answer of the login service.
type tokenResult struct {
	token      string
	life       time.Duration
	retryAfter time.Duration
	err        error
}

// ask sends one token request.
func (s *tokenSource) ask(ctx context.Context) tokenResult {
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	res, out := s.exchange(bounded)
	if res.err != nil && ctx.Err() != nil {
		out = tokenFailed
		res.err = fault.Wrap(fault.CodeOf(ctx.Err()), "genesys.token", ctx.Err())
	}
	s.client.metrics.tokens.WithLabelValues(string(out)).Inc()
	return res
}

func (s *tokenSource) exchange(ctx context.Context) (tokenResult, tokenOutcome) {
	form := strings.NewReader("grant_type=client_credentials")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, form)
	if err != nil {
		return tokenResult{err: fault.Wrap(fault.Invalid, "genesys.token", withoutURL(err))}, tokenFailed
	}
	// RFC 6749 2.3.1: id and secret are form-encoded before they become user and password.
	req.SetBasicAuth(url.QueryEscape(s.id), url.QueryEscape(s.secret))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", s.client.agent)
	resp, err := s.client.http.Do(req)
	if err != nil {
		code := codes[transportOutcome(err)]
		return tokenResult{err: fault.Wrap(code, "genesys.token", withoutURL(err))}, tokenFailed
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read from
	body, err := readLimited(resp.Body, maxTokenBody)
	if err != nil {
		return tokenResult{err: fault.Wrap(fault.Unavailable, "genesys.token", err)}, tokenFailed
	}
	return s.read(resp, body)
}

// read turns an answer into a token or an error. Nothing of a success body may reach an error.
func (s *tokenSource) read(resp *http.Response, body []byte) (tokenResult, tokenOutcome) {
	if resp.StatusCode != http.StatusOK {
		return s.refused(resp, body)
	}
	var answer struct {
		Token   string  `json:"access_token"`
		Expires float64 `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Token == "" || answer.Expires <= 0 || answer.Expires > 366*24*3600 {
		return tokenResult{err: fault.New(fault.Unavailable, "genesys.token", "the login service's answer has no usable token")}, tokenFailed
	}
	return tokenResult{token: answer.Token, life: time.Duration(answer.Expires * float64(time.Second))}, tokenGranted
}

// refused classifies an error answer. The login service tells its own rate limit by a 400 whose
// description begins with "rate limit exceeded" (not a 429).
func (s *tokenSource) refused(resp *http.Response, body []byte) (tokenResult, tokenOutcome) {
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Short       string `json:"description"`
	}
	if json.Unmarshal(body, &answer) != nil {
		answer.Error = http.StatusText(resp.StatusCode)
	}
	said := clip(s.client.secrets.Replace(firstOf(answer.Description, answer.Short)))
	wait := spread(retryAfter(resp.Header, s.client.now()), s.client.random)
	cause := errors.New(strings.TrimSpace("HTTP " + resp.Status[:min(3, len(resp.Status))] + " " + clip(s.client.secrets.Replace(answer.Error)) + " " + said))
	limited := resp.StatusCode == http.StatusTooManyRequests ||
		(resp.StatusCode == http.StatusBadRequest && strings.HasPrefix(strings.ToLower(said), "rate limit exceeded"))
	switch {
	case limited:
		return tokenResult{retryAfter: wait, err: fault.Wrap(fault.RateLimited, "genesys.token", cause).WithRetryIn(wait)}, tokenLimited
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusRequestTimeout:
		return tokenResult{retryAfter: wait, err: fault.Wrap(fault.Unavailable, "genesys.token", cause).WithRetryIn(wait)}, tokenFailed
	}
	return tokenResult{err: fault.Wrap(fault.Unauthenticated, "genesys.token", cause).
		WithHint("check the OAuth client's id, secret and grant type (client credentials), and the login URL")}, tokenRefused
}
