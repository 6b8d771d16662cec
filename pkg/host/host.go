package host

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"engage.connector/pkg/access"
)

// defaultDrainTimeout bounds Stop when the options do not.
const defaultDrainTimeout = 10 * time.Second

// Options are what a host needs. Service, HTTPAddr, GRPCAddr and Logger must be set.
type Options struct {
	Service  string   // the service's name, e.g. "config-sync"
	Version  string   // default Version()
	HTTPAddr string   // address to listen on, e.g. ":3640"; port 0 takes a free one
	GRPCAddr string   // the same for gRPC
	TLS      TLSFiles // mutual TLS on the gRPC listener; empty for plaintext
	Token    string   // the services' bearer token for gRPC calls
	// APIToken and APICredentialsFile let callers of HTTP and gRPC in, see package access.
	APIToken, APICredentialsFile string
	// AllowUnauthenticated lets everybody do everything.
	AllowUnauthenticated bool
	PlainHTTP            bool                 // no TLS on the HTTP listener although TLS is set
	DrainTimeout         time.Duration        // bound of Stop; default 10 s
	MaxBody              int64                // largest HTTP body in bytes; default 1 MiB
	Logger               *slog.Logger         // where everything is logged
	Registry             *prometheus.Registry // default a new one; the Go and process collectors are added
	Now                  func() time.Time     // default time.Now
}

// validate names every required field that is missing; these are wiring mistakes.
func (o *Options) validate() error {
	var missing []error
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"Service", o.Service != ""}, {"HTTPAddr", o.HTTPAddr != ""}, {"GRPCAddr", o.GRPCAddr != ""},
		{"Logger", o.Logger != nil},
	} {
		if !field.set {
			missing = append(missing, fmt.Errorf("host: option %s is not set", field.name))
		}
	}
	return errors.Join(missing...)
}

// withDefaults fills what may be left out.
func (o *Options) withDefaults() {
	if o.Version == "" {
		o.Version = Version()
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = defaultDrainTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// phase is where a host is in its life; it only moves forward.
type phase int

const (
	phaseBound    phase = iota // listeners exist, nobody serves
	phaseServing               // requests are answered, tasks run
	phaseDraining              // Stop has begun
	phaseStopped               // Stop has ended
)

// stopStep is a named clean-up.
type stopStep struct {
	name string
	run  func(context.Context) error
}

// Host is the frame of one service instance. Its methods may be called from any goroutine.
type Host struct {
	opts    Options
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	tasks   *tasks

	httpListener, grpcListener net.Listener
	mux                        *http.ServeMux
	router                     *Router
	gate, services             *access.Gate
	http                       *http.Server
	grpc                       *grpc.Server
	grpcMetrics                *grpcprom.ServerMetrics
	grpcHealth                 *health.Server

	draining    context.Context //nolint:containedctx // a signal with AfterFunc, ended when Stop begins
	beginDrain  context.CancelFunc
	serveFailed chan error     // a listener that broke while serving
	serving     sync.WaitGroup // the two serve loops

	mu           sync.Mutex
	current      phase
	began        time.Time
	status       func(context.Context) any
	dependencies []*dependency
	onStop       []stopStep

	stopOnce sync.Once
	stopErr  error
}

// New binds both listeners, so that a taken port fails at the start and port 0 is resolved, and
// prepares the servers. Call Stop also when Start is never reached.
func New(opts Options) (*Host, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	opts.withDefaults()
	h := &Host{
		opts: opts, log: opts.Logger, now: opts.Now, mux: http.NewServeMux(),
		serveFailed: make(chan error, 2), began: opts.Now(),
	}
	if err := h.prepare(); err != nil {
		return nil, err
	}
	if err := h.bind(); err != nil {
		h.beginDrain()
		h.grpc.Stop()
		return nil, err
	}
	return h, nil
}

// prepare builds everything that needs no port.
func (h *Host) prepare() error {
	if err := registerRuntime(h.opts.Registry); err != nil {
		return fmt.Errorf("host: register runtime metrics: %w", err)
	}
	h.draining, h.beginDrain = context.WithCancel(context.Background())
	h.metrics = newMetrics(h.opts.Registry, h.opts.Service, h.opts.Version)
	h.tasks = &tasks{log: h.log, metrics: h.metrics}
	h.status = h.defaultStatus
	h.router = &Router{host: h, mux: h.mux}
	if err := h.openGates(); err != nil {
		return err
	}
	h.registerPages()
	h.http = h.newHTTPServer()
	if h.opts.TLS.Enabled() && !h.opts.PlainHTTP {
		var err error
		if h.http.TLSConfig, err = h.opts.TLS.web(); err != nil {
			return err
		}
	}

	server, err := h.newGRPCServer()
	if err != nil {
		return fmt.Errorf("host: %w", err)
	}
	h.grpc = server
	h.tasks.add("dependency-checks", h.watchDependencies)
	return nil
}

// bind opens both ports or none.
func (h *Host) bind() error {
	var config net.ListenConfig
	var err error
	if h.httpListener, err = config.Listen(context.Background(), "tcp", h.opts.HTTPAddr); err != nil {
		return listenError("HTTP_ADDR", h.opts.HTTPAddr, err)
	}
	if h.grpcListener, err = config.Listen(context.Background(), "tcp", h.opts.GRPCAddr); err != nil {
		_ = h.httpListener.Close()
		return listenError("GRPC_ADDR", h.opts.GRPCAddr, err)
	}
	return nil
}

// Mux takes the service's HTTP handlers; /health, /ready, /metrics and /status are taken.
func (h *Host) Mux() *Router { return h.router }

// GRPC takes the service's gRPC services, before Start. Health, reflection, recovery, metrics,
// authentication and limits are in place; handlers may return any error, the host maps it.
func (h *Host) GRPC() *grpc.Server { return h.grpc }

// Registry is where the service registers its metrics.
func (h *Host) Registry() *prometheus.Registry { return h.opts.Registry }

// HTTPAddr is the bound address, e.g. "127.0.0.1:40123".
func (h *Host) HTTPAddr() string { return h.httpListener.Addr().String() }

// GRPCAddr is the bound address.
func (h *Host) GRPCAddr() string { return h.grpcListener.Addr().String() }

// Draining is closed when Stop begins; long polls and streams of the service's own end by it.
func (h *Host) Draining() <-chan struct{} { return h.draining.Done() }

// Status sets what /status answers. The function gets the request's context, which carries the
// correlation id.
func (h *Host) Status(fn func(context.Context) any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = fn
}

// defaultStatus is what every service can say about itself.
func (h *Host) defaultStatus(context.Context) any {
	return map[string]string{
		"service": h.opts.Service, "version": h.opts.Version, "uptime": uptime(h.now().Sub(h.began)),
	}
}

// Go runs a task from Start (or at once, after it) until the drain. A task that fails or panics is
// logged and started again with a growing wait; one that returns nil has finished.
func (h *Host) Go(name string, fn func(context.Context) error) { h.tasks.add(name, fn) }

// OnStop registers a clean-up. Stop runs them backwards, after the tasks have ended. Register it
// right after the thing to clean up exists, and before Stop.
func (h *Host) OnStop(name string, fn func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.onStop = append(h.onStop, stopStep{name, fn})
}

// phase tells where the host is.
func (h *Host) phase() phase {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.current
}

// serverErrorLog brings the text lines of libraries into the structured log.
func serverErrorLog(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelWarn)
}
