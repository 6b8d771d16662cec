package genesys

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/uses"
)

// Options configure a client. APIURL, AuthURL, ClientID and ClientSecret are required.
type Options struct {
	APIURL       string // e.g. https://api.mypurecloud.de; a trailing /api/v2 is ignored
	AuthURL      string // e.g. https://login.mypurecloud.de; /oauth/token is added when it is not there
	ClientID     string
	ClientSecret string

	HTTP       *http.Client          // its transport is used; default: a transport of the client's own
	Logger     *slog.Logger          // default: none
	Registerer prometheus.Registerer // default: none
	Now        func() time.Time      // default: time.Now
	Component  string                // who uses the client: User-Agent, metric label, log field
	Version    string                // of the connector, for the User-Agent

	// RequestsPerMinute is the allowance of one OAuth client; default 300, the documented one. Until
	// the first answer it is assumed, then the server's figure counts; a value set here is never exceeded.
	RequestsPerMinute int
	// BudgetShare is the part of the allowance that is used, above 0 to 0.98; default 0.8. The rest
	// absorbs requests that arrive in another window than they were sent in.
	BudgetShare float64
	// RequestTimeout bounds one attempt of one request; default 30 s.
	RequestTimeout time.Duration
	// UploadTimeout bounds one PutUpload; default 10 min.
	UploadTimeout time.Duration
}

const (
	defaultPerMinute      = 300
	defaultShare          = 0.8
	maxShare              = 0.98
	defaultRequestTimeout = 30 * time.Second
	defaultUploadTimeout  = 10 * time.Minute
)

// Client talks to one organization with one OAuth client. It is safe for concurrent use.
type Client struct {
	api            string // base URL without a trailing slash
	agent          string
	http           *http.Client
	log            *slog.Logger
	now            func() time.Time
	random         func() float64
	requestTimeout time.Duration
	uploadTimeout  time.Duration
	budget         *budget
	tokens         *tokenSource
	metrics        *metrics
	secrets        *strings.Replacer
	uses           uses.ByOperation
}

// New makes a client. It does not connect. Faulty options give fault.Invalid, all in one error.
func New(opts Options) (*Client, error) {
	opts = opts.withDefaults()
	api, apiErr := baseURL("APIURL", opts.APIURL)
	auth, authErr := baseURL("AuthURL", opts.AuthURL)
	if err := errors.Join(apiErr, authErr, opts.validate()); err != nil {
		return nil, fault.Wrap(fault.Invalid, "genesys.new", err)
	}
	log := opts.Logger.With(slog.String("component", "genesys"), slog.String("client", opts.Component))
	m := newMetrics(opts.Registerer, opts.Component)
	c := &Client{
		api:            strings.TrimSuffix(api.String(), "/api/v2"),
		agent:          userAgent(opts),
		http:           withoutRedirects(opts.HTTP),
		log:            log,
		now:            opts.Now,
		random:         jitter,
		requestTimeout: opts.RequestTimeout,
		uploadTimeout:  opts.UploadTimeout,
		budget:         newBudget(opts, m),
		metrics:        m,
		secrets:        strings.NewReplacer(opts.ClientSecret, "***"),
	}
	c.tokens = newTokenSource(c, opts, tokenURL(auth))
	for _, u := range []*url.URL{api, auth} {
		if u.Scheme == "http" && !loopback(u.Hostname()) {
			log.Warn("credentials travel unencrypted: the URL is not https", slog.String("host", u.Host))
		}
	}
	return c, nil
}

func (o Options) withDefaults() Options {
	if o.HTTP == nil {
		t := http.DefaultTransport.(*http.Transport).Clone() // the type is documented
		t.MaxIdleConnsPerHost = 16
		t.ResponseHeaderTimeout = defaultRequestTimeout
		o.HTTP = &http.Client{Transport: t}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BudgetShare == 0 {
		o.BudgetShare = defaultShare
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = defaultRequestTimeout
	}
	if o.UploadTimeout == 0 {
		o.UploadTimeout = defaultUploadTimeout
	}
	return o
}

func (o Options) validate() error {
	var faults []error
	if o.ClientID == "" {
		faults = append(faults, errors.New("ClientID is missing"))
	}
	if o.ClientSecret == "" {
		faults = append(faults, errors.New("ClientSecret is missing"))
	}
	if o.RequestsPerMinute < 0 {
		faults = append(faults, errors.New("RequestsPerMinute is negative"))
	}
	if o.BudgetShare < 0 || o.BudgetShare > maxShare {
		faults = append(faults, errors.New("BudgetShare is not between 0 and 0.98"))
	}
	if o.RequestTimeout < 0 || o.UploadTimeout < 0 {
		faults = append(faults, errors.New("a timeout is negative"))
	}
	return errors.Join(faults...)
}

// baseURL reads a URL from the configuration. The text itself is not repeated in the error: it
// may hold a password.
func baseURL(name, text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(text), "/"))
	switch {
	case text == "":
		return nil, errors.New(name + " is missing")
	case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "":
		return nil, errors.New(name + " is no http(s) URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New(name + " must have neither user, query nor fragment")
	}
	return u, nil
}

// userAgent names the connector, its version and the component (RFC 9110 10.1.5).
func userAgent(o Options) string {
	agent := "engage-connector"
	if o.Version != "" {
		agent += "/" + o.Version
	}
	if o.Component != "" {
		agent += " (" + o.Component + ")"
	}
	return agent
}

func tokenURL(auth *url.URL) string {
	return strings.TrimSuffix(auth.String(), "/oauth/token") + "/oauth/token"
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}

// withoutRedirects copies the client so that it follows no redirect: the bearer token and presigned
// headers are for the host that was asked.
func withoutRedirects(base *http.Client) *http.Client {
	own := *base
	own.Timeout = 0 // deadlines come with each request
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Check reports whether the client can get a token: the health check of the connection. It sends
// nothing while the current token is good.
func (c *Client) Check(ctx context.Context) error {
	_, err := c.tokens.get(ctx)
	return err
}

// LastUses are how the last requests of each operation went.
func (c *Client) LastUses() map[string]uses.Use { return c.uses.Last() }

// LastUse is how the last request went.
func (c *Client) LastUse() uses.Use { return c.uses.Newest() }

// Budget is what is left of the request allowance.
func (c *Client) Budget() BudgetSnapshot { return c.budget.snapshot() }

// Declare names operations that will be used, so that their metrics are there from the start.
func (c *Client) Declare(operations ...Operation) {
	for _, op := range operations {
		c.metrics.declare(op)
	}
}

// Registry is where an area registers metrics of its own; it puts the client's label on them.
func (c *Client) Registry() prometheus.Registerer { return c.metrics.registry }

// readLimited reads a body up to a limit; a longer one is an error.
func readLimited(body io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return data, nil
}
