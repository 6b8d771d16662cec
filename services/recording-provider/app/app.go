package app

import (
	"context"
	"errors"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/uploads"
	"engage.connector/pkg/host"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/store"
	"engage.connector/pkg/uses"
	"engage.connector/pkg/wire"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
	"engage.connector/services/recording-provider/api"
	"engage.connector/services/recording-provider/injector"
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
	wire.Tools

	Config Config
}

// App is the running service.
type App struct {
	*host.Host

	opts     Options
	store    *store.Store
	queue    *store.JobQueue
	injector *directory.Live[*target]
	fetched  uses.Log // downloads
}

// target is both ends of the way of a recording, built from one state of the options.
type target struct {
	org      *genesys.Client
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
		Queue: a.queue, Inject: a.inject, Ready: a.injector.Ready, Name: wire.InstanceName(), Workers: a.opts.Config.Workers,
		Policy: delivery.Policy{PermanentFor: a.opts.Config.PermanentFor},
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	a.Go("workers", pool.Run)
	a.Dependency("recordings", pool.Check, host.LastUsed(pool.LastUse), host.LastUsedBy(a.requests))
	service := api.NewServer(a.queue)
	recordingproviderv1.RegisterRecordingProviderServiceServer(a.GRPC(), service)
	api.Routes(a.Mux(), service, a.opts.Logger)
	a.Status(a.status)
	return nil
}

func (a *App) openStore() (err error) {
	a.store, err = wire.Store(a.Host, a.opts.Config.Common, a.opts.Tools)
	return err
}

func (a *App) followSettings() error {
	client, err := wire.Directory(a.Host, a.opts.Config.Common, a.opts.Config.ConfigSyncAddr, a.opts.Tools)
	if err != nil {
		return err
	}
	a.injector = directory.NewLive(client, a.opts.Logger, a.build, "general", sectionStorage, sectionCloud)
	a.Go("settings", a.injector.Run)
	a.Dependency("config-sync", a.injector.Check, host.RequiredUntil(a.injector.Ready), host.LastUsed(a.injector.LastUse))
	a.Dependency("webdav", func(ctx context.Context) error {
		if current, ok := a.injector.Value(); ok {
			return current.storage.Check(ctx)
		}
		return fault.New(fault.Unavailable, "webdav", "the address is not known before config-sync has answered")
	}, host.LastUsed(a.fetched.Last))
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
		Fetched: func(err error) { a.fetched.Note(a.opts.Now(), err) },
	})
	if err != nil {
		return nil, err
	}
	org, err := wire.Org(Service, cloud, a.opts.Tools)
	if err != nil {
		return nil, err
	}
	return &target{org: org, storage: storage, injector: injector.New(storage, uploads.New(org), a.opts.Now)}, nil
}

// requests are how the org's operations were last used.
func (a *App) requests() map[string]uses.Use {
	if current, ok := a.injector.Value(); ok {
		return current.org.LastUses()
	}
	return nil
}

func (a *App) inject(ctx context.Context, task injector.Task, save injector.Save) (injector.Receipt, error) {
	current, ok := a.injector.Value()
	if !ok {
		return injector.Receipt{}, fault.New(fault.Unavailable, "app.inject", "the options are not known yet")
	}
	return current.injector.Inject(ctx, task, save)
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

// Program is the service as a process.
func Program() wire.Program[Config] {
	return wire.Program[Config]{
		Service: Service, Summary: "injects recordings into the EX org (EXRP)", Load: Load, Common: func(config *Config) *host.Common { return &config.Common },
		Build: func(config Config, tools wire.Tools) (*host.Host, error) {
			app, err := New(Options{Tools: tools, Config: config})
			if err != nil {
				return nil, err
			}
			return app.Host, nil
		},
	}
}
