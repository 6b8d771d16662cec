package org

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxTokens bounds the tokens alive at once; the oldest go first.
const maxTokens = 10_000

// authority gives out tokens and counts what is done with them.
type authority struct {
	org     *Org
	clients map[string]*Client

	mu     sync.Mutex
	tokens map[string]*token
	order  []string
	logins map[string]*window
}

type token struct {
	client  *Client
	expires time.Time
	window  window
}

// window counts requests in a fixed span of time.
type window struct {
	start time.Time
	count int
}

// take counts one request; it returns the count and the time until the window ends.
func (w *window) take(now time.Time, length time.Duration) (int, time.Duration) {
	if w.start.IsZero() || now.Sub(w.start) >= length || now.Before(w.start) {
		w.start, w.count = now, 0
	}
	w.count++
	return w.count, length - now.Sub(w.start)
}

func newAuthority(o *Org, clients []Client) *authority {
	a := &authority{
		org: o, clients: make(map[string]*Client), tokens: make(map[string]*token), logins: make(map[string]*window),
	}
	for _, client := range clients {
		a.clients[client.ID] = &client
	}
	return a
}

// tokenAnswer and tokenError are the login's bodies (facts 2.2); both descriptions are always present.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
}

type tokenError struct {
	Error            string `json:"error"`
	Description      string `json:"description"`
	ErrorDescription string `json:"error_description"`
}

// serveToken is POST /oauth/token.
func (a *authority) serveToken(w http.ResponseWriter, r *http.Request) {
	knobs := a.org.Knobs()
	sleep(r, time.Duration(knobs.LatencyMS)*time.Millisecond)
	answer, failure, status := a.login(w, r, knobs)
	a.org.count("POST /oauth/token", status)
	w.Header().Set("ININ-Correlation-Id", a.org.newID())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	body := any(answer)
	if failure != nil {
		body = failure
	}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		a.org.opts.Logger.Debug("answer not delivered", "error", err)
	}
}

func (a *authority) login(w http.ResponseWriter, r *http.Request, knobs Knobs) (*tokenAnswer, *tokenError, int) {
	form, err := readForm(w, r)
	if err != nil {
		return refuse(http.StatusBadRequest, "invalid_request", "the request is not a form: "+err.Error())
	}
	id, secret := credentials(r, form)
	switch grant := form.Get("grant_type"); {
	case grant == "":
		return refuse(http.StatusBadRequest, "invalid_request", "grant_type is required")
	case grant != "client_credentials":
		return refuse(http.StatusBadRequest, "unauthorized_client",
			"client is not authorized to use the client_credential grant type")
	case id == "":
		return refuse(http.StatusBadRequest, "invalid_request", "client_id is required")
	}
	client := a.clients[id]
	if client == nil || subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) != 1 {
		return refuse(http.StatusUnauthorized, "invalid_client", "authentication failed")
	}
	return a.issue(client, knobs)
}

func refuse(status int, name, description string) (*tokenAnswer, *tokenError, int) {
	return nil, &tokenError{Error: name, Description: description, ErrorDescription: description}, status
}

func (a *authority) issue(client *Client, knobs Knobs) (*tokenAnswer, *tokenError, int) {
	now := a.org.opts.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	logins := a.logins[client.ID]
	if logins == nil {
		logins = &window{}
		a.logins[client.ID] = logins
	}
	span := time.Duration(knobs.RateWindowMS) * time.Millisecond
	if count, left := logins.take(now, span); count > knobs.TokenRateLimit {
		// The login's own limit is a 400, not a 429.
		return refuse(http.StatusBadRequest, "invalid_request",
			fmt.Sprintf("rate limit exceeded; %d requests within %s, retry in %d seconds", knobs.TokenRateLimit, span, seconds(left)))
	}
	secret := a.org.newSecret()
	a.tokens[secret] = &token{client: client, expires: now.Add(time.Duration(knobs.TokenSeconds) * time.Second)}
	a.order = append(a.order, secret)
	for len(a.order) > maxTokens {
		delete(a.tokens, a.order[0])
		a.order = a.order[1:]
	}
	return &tokenAnswer{AccessToken: secret, TokenType: "bearer", ExpiresIn: knobs.TokenSeconds}, nil, http.StatusOK
}

// RevokeTokens makes every token invalid, as if all had expired.
func (o *Org) RevokeTokens() {
	o.auth.mu.Lock()
	defer o.auth.mu.Unlock()
	clear(o.auth.tokens)
	o.auth.order = nil
}

// admit checks the bearer token, counts the request against its limit and sets the rate headers.
func (a *authority) admit(h http.Header, r *http.Request, knobs Knobs) (*Client, *fault) {
	scheme, secret, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "bearer") || secret == "" {
		return nil, fail(codeNoToken)
	}
	now := a.org.opts.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.tokens[secret]
	if t == nil || !now.Before(t.expires) {
		return nil, fail(codeBadToken)
	}
	count, left := t.window.take(now, time.Duration(knobs.RateWindowMS)*time.Millisecond)
	h.Set("inin-ratelimit-count", strconv.Itoa(min(count, knobs.RateLimit)))
	h.Set("inin-ratelimit-allowed", strconv.Itoa(knobs.RateLimit))
	h.Set("inin-ratelimit-reset", strconv.Itoa(seconds(left)))
	if count > knobs.RateLimit {
		return nil, retryAfter(seconds(left), knobs.RateLimit)
	}
	return t.client, nil
}

// retryAfter is the 429 of the per-token limit.
func retryAfter(wait, limit int) *fault {
	f := fail(codeRetryAfter, strconv.Itoa(wait)).with(map[string]string{"Retry-After": strconv.Itoa(wait)})
	if body, isError := f.body.(errorBody); isError {
		body.Limit = &errorLimit{Key: "client.credentials.token.rate.per.minute", Namespace: "platform.api", Value: limit}
		f.body = body
	}
	return f
}

// seconds rounds up to whole seconds, at least one.
func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("content type %q", media)
	}
	const most = 16_384
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	return form, nil
}

// credentials takes id and secret from the Authorization header, where RFC 6749 wants them form-encoded, else from
// the form.
func credentials(r *http.Request, form url.Values) (id, secret string) {
	user, password, found := r.BasicAuth()
	if !found {
		return form.Get("client_id"), form.Get("client_secret")
	}
	if plain, err := url.QueryUnescape(user); err == nil {
		user = plain
	}
	if plain, err := url.QueryUnescape(password); err == nil && !strings.Contains(password, "+") {
		password = plain
	}
	return user, password
}
