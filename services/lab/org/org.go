package org

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"engage.connector/services/lab/org/conversation"
	"engage.connector/services/lab/org/recent"
)

// Org is one simulated organization. All methods are safe for concurrent use.
type Org struct {
	opts   Options
	knobs  atomic.Pointer[Knobs]
	routes []route
	mux    *http.ServeMux
	auth   *authority
	keys   *keyring
	sign   []byte // secret of the presigned URLs
	faults faults
	orders orders

	mu       sync.Mutex
	id       string
	home     division
	users    *userTable
	roles    []*role
	skills   []*skill
	queues   []*queue
	codes    []*wrapupCode
	presence presenceState
	book     *conversation.Book
	statuses *recent.List[AgentState]
	events   *conversation.IDSet // used ids of presence and routing events
	uploads  *uploadState
	sta      staState
	counters Counters
	wake     chan struct{} // closed and replaced by every change
}

// faults counts requests for the knobs that act on every n-th one.
type faults struct {
	requests, failures, writes, events, uploads atomic.Int64
}

// every reports whether this call is an n-th one; n = 0 never is.
func every(counter *atomic.Int64, n int) bool {
	return n > 0 && counter.Add(1)%int64(n) == 0
}

// New returns an organization with its seeds: home division, roles, presence definitions, programs.
func New(opts Options) (*Org, error) {
	if err := opts.setDefaults(); err != nil {
		return nil, err
	}
	o := &Org{
		opts: opts, users: newUserTable(), wake: make(chan struct{}),
		book:     conversation.NewBook(opts.MaxConversations),
		statuses: recent.New[AgentState](opts.MaxConversations, nil),
		events:   conversation.NewIDSet(maxEventIDs),
		counters: newCounters(),
	}
	o.knobs.Store(&opts.Knobs)
	o.sign = make([]byte, 32)
	if _, err := io.ReadFull(opts.Random, o.sign); err != nil {
		return nil, fmt.Errorf("org: signing secret: %w", err)
	}
	o.auth = newAuthority(o, opts.Clients)
	o.keys = newKeyring(o, opts.Key)
	o.uploads = newUploadState(opts.MaxRecordings)
	o.id = o.newID()
	o.seed()
	o.routes = o.table()
	o.mux = o.newMux()
	return o, nil
}

// Handler serves login, API, uploads and the lab's own paths.
func (o *Org) Handler() http.Handler { return o.unkind(o.mux) }

// Knobs returns the knobs as they are.
func (o *Org) Knobs() Knobs { return *o.knobs.Load() }

// SetKnobs replaces all knobs; limits that are zero get their defaults.
func (o *Org) SetKnobs(k Knobs) error {
	k = k.withDefaults()
	if err := k.validate(); err != nil {
		return err
	}
	o.knobs.Store(&k)
	return nil
}

// seed makes what a new organization already has.
func (o *Org) seed() {
	now := o.opts.Now()
	o.home = division{ID: o.newID(), Name: "Home", Description: "Home division", HomeDivision: true}
	for _, name := range []string{"Employee", "User", "Supervisor", "Admin"} {
		o.roles = append(o.roles, &role{ID: o.newID(), Name: name})
	}
	o.presence = o.seedPresence()
	o.sta = o.seedSTA(now)
}

// newID returns a random V4 UUID.
func (o *Org) newID() string {
	var b [16]byte
	if _, err := io.ReadFull(o.opts.Random, b[:]); err != nil {
		_, _ = rand.Read(b[:]) // never fails; the injected source was exhausted
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// newSecret returns 32 random bytes for a URL or a header.
func (o *Org) newSecret() string {
	var b [32]byte
	if _, err := io.ReadFull(o.opts.Random, b[:]); err != nil {
		_, _ = rand.Read(b[:]) // never fails
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// visible reports whether a read already shows something created at that time.
func (o *Org) visible(created time.Time) bool {
	delay := time.Duration(o.Knobs().ConsistencyDelayMS) * time.Millisecond
	return !o.opts.Now().Before(created.Add(delay))
}

// changed wakes the change streams. The caller holds mu.
func (o *Org) changed() {
	close(o.wake)
	o.wake = make(chan struct{})
}

// stamp formats a time as the API does: milliseconds, UTC, Z.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
