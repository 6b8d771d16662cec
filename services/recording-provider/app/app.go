package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
	"engage.connector/services/recording-provider/api"
	"engage.connector/services/recording-provider/injector"
	"engage.connector/services/recording-provider/recording"
	"engage.connector/services/recording-provider/webdav"
	"engage.connector/services/recording-provider/worker"
)

// Service is the name in logs and metrics.
const Service = "recording-provider"

// queueName is the queue of submitted recordings.
const queueName = "recordings"

// Sections of the hybrid_integration transaction that this service uses (guide, Recording
// Deployment, Transaction Annex Folders).
const (
	sectionStorage = "recording-uploader.exec.transientStorage"
	sectionCloud   = "recording-uploader.exec.genesysCloud"
)

// Options are the resolved settings and what is injected.
type Options struct {
	Config   Config
	Logger   *slog.Logger
	Registry *prometheus.Registry
	Now      func() time.Time
}

// App is the running service.
type App struct {
	*host.Host

	opts     Options
	store    *store.Store
	queue    *store.JobQueue
	conn     *grpc.ClientConn
	injector *directory.Live[*target]
}

// target is both ends of the way of a recording, built from one state of the options.
type target struct {
	storage  *webdav.Storage
	injector *injector.Injector
}

// New wires the service and binds its listeners; nothing runs before Start.
func New(opts Options) (*App, error) {
	server, err := host.New(opts.Config.Options(Service, opts.Logger, opts.Registry))
	if err != nil {
		return nil, err
	}
	app := &App{Host: server, opts: opts}
	if err := app.wire(); err != nil {
		return nil, errors.Join(err, server.Stop(context.Background()))
	}
	return app, nil
}

func (a *App) wire() error {
	if err := a.openStore(); err != nil {
		return err
	}
	if err := a.followSettings(); err != nil {
		return err
	}
	a.queue = a.store.Jobs(queueName)
	pool := worker.New(worker.Options{
		Queue: a.queue, Inject: a.inject, Ready: a.injector.Ready, Name: instanceName(), Workers: a.opts.Config.Workers,
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	a.Go("workers", pool.Run)
	service := api.NewServer(a.queue)
	recordingproviderv1.RegisterRecordingProviderServiceServer(a.GRPC(), service)
	api.Routes(a.Mux(), service, a.opts.Logger)
	a.Status(a.status)
	return nil
}

func (a *App) openStore() error {
	fields, err := a.opts.Config.RedisFields()
	if err != nil {
		return err
	}
	a.store, err = store.Open(store.Options{
		Addrs: fields.Addrs, Username: fields.Username, Password: fields.Password.Reveal(), SentinelMaster: fields.SentinelMaster,
		TLS: fields.TLS, Prefix: fields.Prefix, Tenant: fields.Tenant, Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.OnStop("redis", func(context.Context) error { return a.store.Close() })
	a.Dependency("redis", a.store.Ping)
	return nil
}

func (a *App) followSettings() error {
	conn, err := host.DialGRPC(a.opts.Config.ConfigSyncAddr, a.opts.Config.GRPCTLS, a.opts.Config.GRPCToken.Reveal())
	if err != nil {
		return err
	}
	a.conn = conn
	a.OnStop("connection to config-sync", func(context.Context) error { return conn.Close() })
	client := directory.New(directory.Options{Conn: conn, Logger: a.opts.Logger, Registerer: a.opts.Registry})
	a.injector = directory.NewLive(client, a.opts.Logger, a.build, "general", sectionStorage, sectionCloud)
	a.Go("settings", a.injector.Run)
	a.Dependency("config-sync", a.injector.Check)
	a.Dependency("webdav", func(ctx context.Context) error {
		if current, ok := a.injector.Value(); ok {
			return current.storage.Check(ctx)
		}
		return fault.New(fault.Unavailable, "webdav", "the address is not known before config-sync has answered")
	})
	return nil
}

// build makes both ends from the options.
func (a *App) build(_ context.Context, settings directory.Settings) (*target, error) {
	if kind := settings.Text(sectionStorage, "type"); kind != "WebDAV" {
		return nil, fault.Newf(fault.Invalid, "settings", "%s/type is %q, the value must be WebDAV", sectionStorage, kind)
	}
	cloud, err := settings.Cloud(sectionCloud, "password")
	if err != nil {
		return nil, err
	}
	storage, err := webdav.New(webdav.Options{
		URL: settings.Text(sectionStorage, "url"), Username: settings.Text(sectionStorage, "username"),
		Password: settings.Text(sectionStorage, "password"), MaxBytes: a.opts.Config.MaxBytes,
	})
	if err != nil {
		return nil, err
	}
	org, err := genesys.New(genesys.Options{
		APIURL: cloud.APIURL, AuthURL: cloud.AuthURL, ClientID: cloud.ClientID, ClientSecret: cloud.ClientSecret,
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now, Component: Service,
	})
	if err != nil {
		return nil, err
	}
	return &target{storage: storage, injector: injector.New(storage, org, a.opts.Now)}, nil
}

func (a *App) inject(ctx context.Context, segment recording.Segment) (recording.Receipt, error) {
	current, ok := a.injector.Value()
	if !ok {
		return recording.Receipt{}, fault.New(fault.Unavailable, "app.inject", "the options are not known yet")
	}
	return current.injector.Inject(ctx, segment)
}

// status is the body of /status.
func (a *App) status(ctx context.Context) any {
	depth, err := a.queue.Depth(ctx)
	if err != nil {
		return map[string]any{"service": Service, "error": fault.CodeOf(err)}
	}
	return map[string]any{"service": Service, "version": host.Version(), "recordings": map[string]int64{
		"waiting": depth.Waiting, "running": depth.Running, "parked": depth.Parked, "uploaded": depth.Done,
	}}
}

// instanceName tells the instances of this service apart in the queue.
func instanceName() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return name + "-" + uuid.NewString()[:8]
}

// Run is the whole program: it ends with ctx and returns the exit code.
func Run(ctx context.Context, environ []string, stdout, stderr io.Writer) int {
	config, err := Load(environ)
	if err != nil {
		return host.Exit(stderr, err)
	}
	logger, err := host.NewLogger(stdout, Service, config.LogLevel)
	if err != nil {
		return host.Exit(stderr, err)
	}
	app, err := New(Options{Config: config, Logger: logger, Registry: prometheus.NewRegistry(), Now: time.Now})
	if err != nil {
		return host.Exit(stderr, err)
	}
	return host.Exit(stderr, app.Host.Run(ctx))
}
