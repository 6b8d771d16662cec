package engage

import (
	"context"
	"errors"
	"slices"
	"strings"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/uses"
)

// State is what is known of a followed link; false when nobody follows it.
func (c *Client) State(link string) (FollowState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.states[link]
	return s, ok
}

// Check is nil when every followed link is connected; else it is Unavailable
// and names the links that are not, with the reason. It fits a health check.
func (c *Client) Check(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var down []string
	for link, s := range c.states {
		if !s.Connected {
			down = append(down, link+": "+s.Reason)
		}
	}
	if len(down) == 0 {
		return nil
	}
	slices.Sort(down)
	return fault.New(fault.Unavailable, "engage.feed", strings.Join(down, "; "))
}

// LastUse is the newest line of any link, and what is wrong with the others.
func (c *Client) LastUse() uses.Use {
	use := uses.Use{Err: c.Check(context.Background())}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.states {
		if s.LastLine.After(use.At) {
			use.At = s.LastLine
		}
	}
	return use
}

func (c *Client) setState(link string, connected bool, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.states[link]
	if s.Connected != connected || s.Since.IsZero() {
		s.Since = c.now()
	}
	s.Connected, s.Reason = connected, reason
	c.states[link] = s
}

func (c *Client) touch(link string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.states[link]
	s.LastLine = c.now()
	c.states[link] = s
}

// goneError marks the edge's answer 410: it has forgotten the cursor.
type goneError struct{ error }

func (g goneError) Unwrap() error { return g.error }

func isGone(err error) bool {
	_, ok := errors.AsType[goneError](err)
	return ok
}

// checkLink refuses names that would change the path.
func checkLink(link string) error {
	if link == "" || link == "." || link == ".." || len(link) > 128 {
		return fault.Newf(fault.Invalid, "engage.link", "%q is no name of a link", link)
	}
	return nil
}
