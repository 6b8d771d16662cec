package app

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"

	"engage.connector/pkg/genesys"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
	"engage.connector/pkg/wire"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/api"
	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/syncer"
)

// Service is the name in logs and metrics.
const Service = "config-sync"

// budgetShare is the part of the request allowance that is used. The OAuth client is this
// service's alone, only one instance synchronises, and the first synchronisation is nothing but
// requests; so it is nearly all of it.
const budgetShare = 0.97

// Options are the resolved settings and what is injected.
type Options struct {
	wire.Tools

	Config Config
}

// App is the running service.
type App struct {
	*host.Host

	opts    Options
	db      *configdb.DB
	store   *store.Store
	idmap   *idmap.Map
	cloud   *cloud
	catalog *catalog.Catalog
	syncer  *syncer.Syncer
}

// New wires the service and binds its listeners; nothing runs before Start. The Config DB, Redis
// and the organization need not be reachable.
func New(opts Options) (*App, error) {
	server, err := host.New(opts.Config.Options(Service, opts.Logger, opts.Registry))
	if err != nil {
		return nil, err
	}
	a := &App{Host: server, opts: opts, catalog: catalog.New()}
	for _, step := range []func() error{a.openConfigDB, a.openStore, a.wireSyncer, a.wireAPI} {
		if err := step(); err != nil {
			return nil, errors.Join(err, server.Stop(context.Background()))
		}
	}
	return a, nil
}

func (a *App) openConfigDB() error {
	options, err := a.opts.Config.database()
	if err != nil {
		return err
	}
	options.Logger, options.Now = a.opts.Logger, a.opts.Now
	if a.db, err = configdb.Open(options); err != nil {
		return err
	}
	a.OnStop("config db", func(context.Context) error { return a.db.Close() })
	a.Dependency("configdb", a.db.Ping, host.LastUsed(a.db.LastUse))
	return nil
}

func (a *App) openStore() (err error) {
	a.store, err = wire.Store(a.Host, a.opts.Config.Common, a.opts.Tools)
	return err
}

func (a *App) wireSyncer() error {
	cfg := a.opts.Config
	a.cloud = &cloud{config: cfg, build: a.buildClient}
	a.idmap = idmap.New(a.store)
	a.syncer = syncer.New(syncer.Options{
		Tenant: cfg.TenantID, Owner: a.instanceName(), Source: a.db, Map: a.idmap, Cloud: a.cloud.organization,
		Leases: a.store, Documents: a.store, Catalog: a.catalog, Desired: cfg.desired(), Interval: cfg.PollInterval,
		DriftInterval: cfg.DriftInterval, RequestsPerMinute: int(float64(cfg.RequestsPerMinute) * budgetShare),
		Guard:  cfg.guard(),
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	a.Dependency("genesys-cloud", func(ctx context.Context) error {
		options, known := a.syncer.HybridIntegration()
		return a.cloud.check(ctx, options, known)
	}, host.LastUsed(a.cloud.lastUse), host.LastUsedBy(a.cloud.lastUses))
	a.Go("sync", a.syncer.Run)
	return nil
}

func (a *App) wireAPI() error {
	service := api.New(api.Options{
		Catalog: a.catalog, Sync: a.syncer, TokenRequired: a.opts.Config.GRPCToken != "", Logger: a.opts.Logger,
	})
	configsyncv1.RegisterConfigSyncServiceServer(a.GRPC(), service)
	service.Register(a.Mux())
	a.Status(service.StatusBody)
	return nil
}

func (a *App) buildClient(o genesys.Options) (*genesys.Client, error) {
	o.Logger, o.Registerer, o.Now, o.Component = a.opts.Logger, a.opts.Registry, a.opts.Now, Service
	o.Version = host.Version()
	o.RequestsPerMinute, o.BudgetShare = a.opts.Config.RequestsPerMinute, budgetShare
	return genesys.New(o)
}

// instanceName tells the instances of this service apart: no two have the same port of one host. It
// stays the same over a restart, so that an instance that was killed gets its own lease back at once
// instead of waiting for its end.
func (a *App) instanceName() string {
	name, err := os.Hostname()
	if err != nil {
		return wire.InstanceName()
	}
	_, port, err := net.SplitHostPort(a.HTTPAddr())
	if err != nil {
		return wire.InstanceName()
	}
	return net.JoinHostPort(cmp.Or(name, "localhost"), port)
}

// Program is how the service becomes a process.
func Program() wire.Program[Config] {
	return wire.Program[Config]{
		Service: Service, Summary: "keeps an EX org in step with an Engage configuration (EXCS)", Load: Load, Common: func(config *Config) *host.Common { return &config.Common },
		Build: func(config Config, tools wire.Tools) (*host.Host, error) {
			a, err := New(Options{Tools: tools, Config: config})
			if err != nil {
				return nil, err
			}
			return a.Host, nil
		},
	}
}
