package engage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
)

// Kinds of links.
const (
	KindTServer    = "tserver"
	KindStatServer = "statserver"
)

// LinkSpec is the whole wanted state of a link, as PUT /v1/links/{link} takes it.
type LinkSpec struct {
	Kind           string         `json:"kind"`      // KindTServer or KindStatServer
	Endpoints      []string       `json:"endpoints"` // host:port, the primary first
	Register       []Registration `json:"register,omitempty"`
	CallMonitoring bool           `json:"callMonitoring,omitempty"`
	Statistics     []Statistic    `json:"statistics,omitempty"`
}

// Registration asks for the events of one DN.
type Registration struct {
	DN   string `json:"dn"`
	Type string `json:"type"` // for instance VirtualQueue, Extension
}

// Statistic asks for the changes of one statistic.
type Statistic struct {
	ID         string `json:"id"` // comes back as attribute "statistic"
	Object     string `json:"object"`
	ObjectType string `json:"objectType"`
	Tenant     string `json:"tenant"`
	Category   string `json:"category"`
	Subject    string `json:"subject"`
}

// LinkStatus is what the edge says about a link.
type LinkStatus struct {
	Link   string `json:"link"`
	State  string `json:"state"` // connected, connecting or failed
	Reason string `json:"reason,omitempty"`
}

// ClientOptions configure a Client. Only BaseURL is required.
type ClientOptions struct {
	BaseURL string // of the edge, for instance https://edge:8443
	Token   string // bearer token; empty for a loopback edge
	// Charset names what text is taken for that is not UTF-8; default DefaultCharset.
	Charset string
	// HTTP must have no overall Timeout, because feeds stay open.
	HTTP       *http.Client
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// Client speaks the feed contract with one edge. Its methods may be called
// concurrently; each link is followed by one Follow.
type Client struct {
	base    *url.URL
	token   string
	http    *http.Client
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	charset Charset

	mu     sync.Mutex
	states map[string]FollowState
	wake   chan struct{} // closed to end the waits of all followers, see Wake
	// wokenAt is when that was done last.
	wokenAt time.Time
}

// NewClient checks the options; it does not connect. Errors are *fault.Error
// with code Invalid.
func NewClient(opts ClientOptions) (*Client, error) {
	const op = "engage.client"
	base, err := url.Parse(opts.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fault.New(fault.Invalid, op, "the feed's URL must be http(s)://host[:port]")
	}
	if base.User != nil {
		return nil, fault.New(fault.Invalid, op, "the feed's URL must carry no user and password; use the token")
	}
	charset, err := NewCharset(opts.Charset)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base: base, token: opts.Token, http: opts.HTTP, log: opts.Logger, now: opts.Now,
		metrics: newMetrics(opts.Registerer), states: map[string]FollowState{},
		charset: charset, wake: make(chan struct{}),
	}
	if c.http == nil {
		c.http = &http.Client{}
	}
	if c.http.Timeout != 0 {
		return nil, fault.New(fault.Invalid, op, "the HTTP client must have no overall timeout: feeds stay open")
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.log = c.log.With("component", "engage")
	if c.now == nil {
		c.now = time.Now
	}
	if c.token != "" && base.Scheme == "http" && !loopback(base.Hostname()) {
		c.log.Warn("the feed's token travels unencrypted", "host", base.Host, "hint", "use https")
	}
	return c, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Bounds of the calls that are no feed.
const (
	callTimeout = 10 * time.Second
	maxAnswer   = 4 << 20
	maxReason   = 300
)

// DeclareLink tells the edge the link's whole wanted state; repeating it is
// harmless.
func (c *Client) DeclareLink(ctx context.Context, link string, spec LinkSpec) (LinkStatus, error) {
	body, err := json.Marshal(spec)
	if err != nil {
		return LinkStatus{}, fault.Wrap(fault.Invalid, "engage.declare", err)
	}
	if err := checkLink(link); err != nil {
		return LinkStatus{}, err
	}
	var status LinkStatus
	err = c.call(ctx, "engage.declare", http.MethodPut, c.linkURL(link), body, &status)
	if status.Link == "" {
		status.Link = link
	}
	return status, err
}

// Links lists what the edge has been told.
func (c *Client) Links(ctx context.Context) ([]LinkStatus, error) {
	var raw json.RawMessage
	if err := c.call(ctx, "engage.links", http.MethodGet, c.base.JoinPath("v1", "links"), nil, &raw); err != nil {
		return nil, err
	}
	// The contract leaves open whether the list stands alone or in an object.
	var list []LinkStatus
	if err := json.Unmarshal(raw, &list); err == nil {
		return list, nil
	}
	var wrapped struct {
		Links []LinkStatus `json:"links"`
	}
	if err := json.Unmarshal(raw, &wrapped); err != nil {
		return nil, fault.Wrap(fault.Unavailable, "engage.links", err)
	}
	return wrapped.Links, nil
}

// DeleteLink closes a link; closing one that the edge does not know is no error.
func (c *Client) DeleteLink(ctx context.Context, link string) error {
	if err := checkLink(link); err != nil {
		return err
	}
	err := c.call(ctx, "engage.delete", http.MethodDelete, c.linkURL(link), nil, nil)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	return err
}

func (c *Client) linkURL(link string) *url.URL {
	return c.base.JoinPath("v1", "links", url.PathEscape(link))
}

func (c *Client) call(ctx context.Context, op, method string, u *url.URL, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.do(ctx, op, method, u, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fault.Wrap(fault.Unavailable, op, err)
	}
	if into == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fault.Wrap(fault.Unavailable, op, fmt.Errorf("the edge's answer: %w", err))
	}
	return nil
}

// do sends one request and turns every answer but 2xx into an error.
func (c *Client) do(ctx context.Context, op, method string, u *url.URL, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, op, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/x-ndjson, application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fault.Wrap(transportCode(err), op, err)
	}
	if resp.StatusCode >= http.StatusOK && resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, refusal(op, resp)
}

// transportCode tells our own end and a deadline from a failing network.
func transportCode(err error) fault.Code {
	if code := fault.CodeOf(err); code != fault.Internal {
		return code
	}
	return fault.Unavailable
}

func refusal(op string, resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxReason))
	err := fault.Newf(fault.FromHTTPStatus(resp.StatusCode), op, "the edge answered %d: %s",
		resp.StatusCode, strings.Join(strings.Fields(string(text)), " "))
	switch resp.StatusCode {
	case http.StatusGone:
		return goneError{err}
	case http.StatusUnauthorized, http.StatusForbidden:
		err = err.WithHint("check ENGAGE_FEED_TOKEN against the edge's token")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if seconds, aerr := strconv.Atoi(resp.Header.Get("Retry-After")); aerr == nil && seconds > 0 {
			err = err.WithRetryIn(time.Duration(seconds) * time.Second)
		}
	}
	return err
}
