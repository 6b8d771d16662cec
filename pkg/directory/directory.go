// Package directory is the read side of config-sync for the other services: a snapshot of the ID
// map that follows every change, and the options of the hybrid_integration transaction.
package directory

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"google.golang.org/grpc"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/uses"
	configsyncv1 "engage.connector/proto/configsync/v1"
)

const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Options of a Client.
type Options struct {
	Conn       grpc.ClientConnInterface
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Client follows config-sync. Its methods may be called from any goroutine.
type Client struct {
	service configsyncv1.ConfigSyncServiceClient
	log     *slog.Logger
	metrics *metrics
	current atomic.Pointer[Snapshot]

	mu      sync.Mutex
	changed []chan struct{}
	last    error // why the last watch ended; nil while one runs
	uses    uses.Log
	now     func() time.Time
}

type metrics struct {
	mappings prometheus.Gauge
	watches  prometheus.Counter
}

// New returns a client that knows nothing until Run has received a whole snapshot.
func New(opts Options) *Client {
	factory := promauto.With(opts.Registerer)
	return &Client{
		service: configsyncv1.NewConfigSyncServiceClient(opts.Conn),
		log:     opts.Logger.With("component", "directory"),
		now:     time.Now,
		metrics: &metrics{
			mappings: factory.NewGauge(prometheus.GaugeOpts{
				Name: "engage_connector_directory_mappings", Help: "Mappings in the snapshot of config-sync's ID map.",
			}),
			watches: factory.NewCounter(prometheus.CounterOpts{
				Name: "engage_connector_directory_watches_total", Help: "Watches begun at config-sync, the first one included.",
			}),
		},
		last: fault.New(fault.Unavailable, "directory", "config-sync has not sent its mapping yet"),
	}
}

// Run follows config-sync until ctx ends. The last snapshot stays in use while config-sync is away.
func (c *Client) Run(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = firstRetry, lastRetry
	told := "" // the reason that was logged last: it is the same until config-sync has a mapping
	for ctx.Err() == nil {
		err := c.watch(ctx, func() { told = ""; wait.Reset() })
		c.setLast(err)
		if ctx.Err() != nil {
			break
		}
		delay := wait.NextBackOff()
		level := slog.LevelWarn
		if err.Error() == told {
			level = slog.LevelDebug
		}
		told = err.Error()
		c.log.Log(ctx, level, "watch of config-sync ended", "error", err, "retry_in", delay.String())
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
	}
	return ctx.Err()
}

// watch runs one stream; complete is called when its snapshot stands.
func (c *Client) watch(ctx context.Context, complete func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.metrics.watches.Inc()
	stream, err := c.service.Watch(ctx, &configsyncv1.WatchRequest{})
	if err != nil {
		return fault.Wrap(fault.CodeOf(err), "directory.watch", err)
	}
	held := map[key]*configsyncv1.Mapping{}
	whole := false
	for {
		message, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return fault.New(fault.Unavailable, "directory.watch", "config-sync closed the stream")
		case err != nil:
			return fault.Wrap(fault.CodeOf(err), "directory.watch", err)
		}
		merge(held, message)
		if message.GetSnapshotComplete() {
			whole = true
			complete()
			c.setLast(nil)
		}
		if whole {
			c.publish(held)
		}
	}
}

type key struct {
	kind configsyncv1.MappingKind
	id   string
}

func merge(held map[key]*configsyncv1.Mapping, message *configsyncv1.WatchResponse) {
	for _, mapping := range message.GetUpserted() {
		held[key{mapping.GetKind(), mapping.GetEngageId()}] = mapping
	}
	for _, removed := range message.GetRemoved() {
		delete(held, key{removed.GetKind(), removed.GetEngageId()})
	}
}

func (c *Client) publish(held map[key]*configsyncv1.Mapping) {
	mappings := make([]*configsyncv1.Mapping, 0, len(held))
	for _, mapping := range held {
		mappings = append(mappings, mapping)
	}
	c.current.Store(newSnapshot(mappings))
	c.metrics.mappings.Set(float64(len(mappings)))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, signal := range c.changed {
		select {
		case signal <- struct{}{}:
		default: // one pending signal says all there is to say
		}
	}
}

// Snapshot returns the newest whole mapping; false before the first one.
func (c *Client) Snapshot() (*Snapshot, bool) {
	snapshot := c.current.Load()
	return snapshot, snapshot != nil
}

// Ready tells whether a whole mapping has been received.
func (c *Client) Ready() bool { return c.current.Load() != nil }

// Changed returns a new channel that receives one signal for any number of changes since the last.
func (c *Client) Changed() <-chan struct{} {
	signal := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = append(c.changed, signal)
	return signal
}

// Check tells why config-sync is not being followed; nil when it is.
func (c *Client) Check(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// LastUse is how the last question or message of config-sync went.
func (c *Client) LastUse() uses.Use { return c.uses.Last() }

func (c *Client) setLast(err error) {
	c.uses.Note(c.now(), err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = err
}

// Settings are the options of the hybrid_integration transaction: section -> option -> value.
type Settings map[string]map[string]string

// Text returns an option, or "" when it is not set.
func (s Settings) Text(section, option string) string { return s[section][option] }

// Settings asks config-sync for sections of the transaction; no section means all.
func (c *Client) Settings(ctx context.Context, sections ...string) (Settings, error) {
	answer, err := c.service.GetOptions(ctx, &configsyncv1.GetOptionsRequest{Sections: sections})
	c.uses.Note(c.now(), err)
	if err != nil {
		return nil, fault.Wrap(fault.CodeOf(err), "directory.options", err)
	}
	settings := Settings{}
	for _, section := range answer.GetSections() {
		settings[section.GetName()] = section.GetOptions()
	}
	return settings, nil
}
