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

	"engage.connector/pkg/genesys"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
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
// requests; so it is the most that the client allows.
const budgetShare = 0.95

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

	core *core
}

// core is what the service and the plan sub-command have in common.
type core struct {
	opts    Options
	db      *configdb.DB
	store   *store.Store
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
	c, err := newCore(opts)
	if err != nil {
		return nil, errors.Join(err, server.Stop(context.Background()))
	}
	app := &App{Host: server, core: c}
	app.OnStop("config db", func(context.Context) error { return c.db.Close() })
	app.OnStop("redis", func(context.Context) error { return c.store.Close() })
	app.Dependency("configdb", c.db.Ping)
	app.Dependency("redis", c.store.Ping)
	app.Dependency("genesys-cloud", func(ctx context.Context) error {
		options, known := c.syncer.HybridIntegration()
		return c.cloud.check(ctx, options, known)
	})

	service := api.New(api.Options{
		Catalog: c.catalog, Sync: c.syncer, TokenRequired: opts.Config.GRPCToken != "", Logger: opts.Logger,
	})
	configsyncv1.RegisterConfigSyncServiceServer(app.GRPC(), service)
	service.Register(app.Mux())
	app.Status(service.StatusBody)
	app.Go("sync", c.syncer.Run)
	return app, nil
}

func newCore(opts Options) (*core, error) {
	c := &core{opts: opts, catalog: catalog.New()}
	for _, step := range []func() error{c.openConfigDB, c.openStore, c.wireSyncer} {
		if err := step(); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func (c *core) close() error {
	var faults []error
	if c.db != nil {
		faults = append(faults, c.db.Close())
	}
	if c.store != nil {
		faults = append(faults, c.store.Close())
	}
	return errors.Join(faults...)
}

func (c *core) openConfigDB() error {
	cfg := c.opts.Config
	tenant, err := cfg.tenant()
	if err != nil {
		return err
	}
	c.db, err = configdb.Open(configdb.Options{
		Type: cfg.DBType, Host: cfg.DBHost, Port: cfg.DBPort, Name: cfg.DBName, User: cfg.DBUser, Password: cfg.DBPassword.Reveal(),
		SSL: cfg.DBSSL, Tenant: tenant, Folders: cfg.CustomerObjectsOnly, Logger: c.opts.Logger,
	})
	return err
}

func (c *core) openStore() error {
	fields, err := c.opts.Config.RedisFields()
	if err != nil {
		return err
	}
	c.store, err = store.Open(store.Options{
		Addrs: fields.Addrs, Username: fields.Username, Password: fields.Password.Reveal(), SentinelMaster: fields.SentinelMaster,
		TLS: fields.TLS, Prefix: fields.Prefix, Tenant: fields.Tenant, Logger: c.opts.Logger, Registerer: c.opts.Registry, Now: c.opts.Now,
	})
	return err
}

func (c *core) wireSyncer() error {
	cfg := c.opts.Config
	c.cloud = &cloud{config: cfg, build: c.buildClient}
	c.syncer = syncer.New(syncer.Options{
		Tenant: cfg.TenantID, Owner: instanceName(), Source: c.db, Map: idmap.New(c.store), Cloud: c.cloud.organization,
		Leases: c.store, Documents: c.store, Catalog: c.catalog, Desired: cfg.desired(), Interval: cfg.PollInterval,
		ConfirmRemovals: cfg.ConfirmRemovals, Logger: c.opts.Logger, Registerer: c.opts.Registry, Now: c.opts.Now,
	})
	return nil
}

func (c *core) buildClient(o genesys.Options) (*genesys.Client, error) {
	o.Logger, o.Registerer, o.Now, o.Component = c.opts.Logger, c.opts.Registry, c.opts.Now, Service
	o.RequestsPerMinute, o.BudgetShare = c.opts.Config.RequestsPerMinute, budgetShare
	return genesys.New(o)
}

// instanceName tells the instances of this service apart.
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
	logger, logs, err := config.Logger(stdout, Service)
	if err != nil {
		return host.Exit(stderr, err)
	}
	app, err := New(Options{Config: config, Logger: logger, Registry: prometheus.NewRegistry(), Now: time.Now})
	if err != nil {
		return host.Exit(stderr, errors.Join(err, logs.Close()))
	}
	return host.Exit(stderr, errors.Join(app.Run(ctx), logs.Close()))
}
