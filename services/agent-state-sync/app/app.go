package app

import (
	"cmp"
	"context"
	"errors"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/host"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/pkg/wire"
	"engage.connector/services/agent-state-sync/injection"
	"engage.connector/services/agent-state-sync/statemodel"
	"engage.connector/services/agent-state-sync/statfeed"
)

// Service is the name in logs and metrics.
const Service = "agent-state-sync"

const (
	pipelineName = "agents"
	leaseName    = "agents-writer"
	// sectionAgent is this service's section of the transaction hybrid_integration.
	sectionAgent = "agent_state_sync"
)

// Options are the resolved settings and what is injected.
type Options struct {
	wire.Tools

	Config Config
}

// App is the running service.
type App struct {
	*host.Host

	opts      Options
	store     *store.Store
	pipeline  *store.Pipeline
	directory *directory.Client
	org       *directory.Live[*exevents.API]
	writer    *pipeline.Writer
}

// New wires the service and binds its listeners; nothing runs before Start.
func New(opts Options) (*App, error) {
	server, err := host.New(opts.Config.Options(Service, opts.Logger, opts.Registry))
	if err != nil {
		return nil, err
	}
	app := &App{Host: server, opts: opts}
	for _, step := range []func() error{app.openStore, app.followConfigSync, app.wireWriter, app.wireSenders, app.wireFeed} {
		if err := step(); err != nil {
			return nil, errors.Join(err, server.Stop(context.Background()))
		}
	}
	app.Status(app.status)
	wire.ServeKept(app.Mux(), app.pipeline, opts.Logger, statemodel.Outboxes()...)
	return app, nil
}

func (a *App) openStore() (err error) {
	if a.store, err = wire.Store(a.Host, a.opts.Config.Common, a.opts.Tools); err == nil {
		a.pipeline = a.store.Pipeline(pipelineName)
	}
	return err
}

func (a *App) followConfigSync() (err error) {
	if a.directory, err = wire.Directory(a.Host, a.opts.Config.Common, a.opts.Config.ConfigSyncAddr, a.opts.Tools); err != nil {
		return err
	}
	a.org = directory.NewLive(a.directory, a.opts.Logger, a.buildOrg, "general", sectionAgent)
	a.Go("directory", a.directory.Run)
	a.Go("settings", a.org.Run)
	a.Dependency("config-sync", a.directory.Check, host.RequiredUntil(a.known), host.LastUsed(a.directory.LastUse))
	a.Dependency("genesys-cloud-settings", a.org.Check, host.RequiredUntil(a.org.Ready), host.LastUsed(a.org.LastUse))
	return nil
}

func (a *App) buildOrg(_ context.Context, settings directory.Settings) (*exevents.API, error) {
	cloud, err := settings.Cloud(sectionAgent, "client_secret")
	if err != nil {
		return nil, err
	}
	client, err := wire.Org(Service, cloud, a.opts.Tools)
	if err != nil {
		return nil, err
	}
	return exevents.New(client), nil
}

func (a *App) wireWriter() error {
	model := statemodel.New(statemodel.Options{
		Tenant: a.opts.Config.TenantID, Registerer: a.opts.Registry,
		Directory: func() (statemodel.Directory, bool) {
			snapshot, ready := a.directory.Snapshot()
			return scope{snapshot}, ready
		},
	})
	writer, err := pipeline.NewWriter(pipeline.WriterOptions{
		Pipeline: a.pipeline, Store: a.store, LeaseName: leaseName, Owner: wire.InstanceName(), Model: model,
		ReorderWindow: a.opts.Config.ReorderWindow, Ready: a.directory.Ready,
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.writer = writer
	return nil
}

// wireSenders gives each operation of the org a sender of its own: what one is refused holds no
// other back.
func (a *App) wireSenders() error {
	var senders []*pipeline.Sender
	for _, outbox := range statemodel.Outboxes() {
		sender, err := pipeline.NewSender(pipeline.SenderOptions{
			Pipeline: a.pipeline, Outbox: outbox, Lease: a.writer.Lease, Parallel: 1, Policy: a.opts.Config.Delivery.Policy(),
			Send: a.send, Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
		})
		if err != nil {
			return err
		}
		a.Dependency("genesys-cloud-"+outbox, sender.Check, host.LastUsed(sender.LastUse))
		senders = append(senders, sender)
	}
	a.Go("pipeline", func(ctx context.Context) error { return pipeline.Run(ctx, a.writer, senders...) })
	return nil
}

func (a *App) send(ctx context.Context, records []store.OutboxRecord) ([]pipeline.Outcome, error) {
	org, ready := a.org.Value()
	if !ready {
		return nil, fault.New(fault.Unavailable, "app.send", "the org's address and credentials are not known yet")
	}
	return injection.Send(ctx, org, records)
}

func (a *App) wireFeed() error {
	feed, err := engage.NewClient(engage.ClientOptions{
		BaseURL: a.opts.Config.FeedURL, Token: a.opts.Config.FeedToken.Reveal(), Charset: a.opts.Config.FeedCharset,
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	intake := pipeline.NewIntake(pipeline.IntakeOptions{Pipeline: a.pipeline, Edge: a.opts.Config.FeedURL, Logger: a.opts.Logger, Registerer: a.opts.Registry})
	changed := a.directory.Changed()
	a.Go("feed", func(ctx context.Context) error {
		return feed.Follow(ctx, statfeed.Link, a.linkSpec, changed, intake)
	})
	a.Dependency("engage-feed", func(ctx context.Context) error {
		_, err := feed.Links(ctx)
		return err
	}, host.LastUsed(feed.LastUse))
	return nil
}

// known tells whether config-sync has told who is in scope.
func (a *App) known() bool {
	_, ready := a.directory.Snapshot()
	return ready
}

func (a *App) linkSpec(context.Context) (engage.LinkSpec, error) {
	snapshot, ready := a.directory.Snapshot()
	if !ready {
		return engage.LinkSpec{}, fault.New(fault.Unavailable, "app.link", "the agents in scope are not known yet")
	}
	return statfeed.Spec(a.opts.Config.endpoints(), cmp.Or(a.opts.Config.TenantName, a.opts.Config.TenantID), snapshot), nil
}

// scope is the mapping as the model sees it: agents in the sync scope only.
type scope struct{ *directory.Snapshot }

// UserID returns the user of an active agent.
func (s scope) UserID(employeeID string) (string, bool) {
	mapping, ok := s.UserByEmployeeID(employeeID)
	if !ok || !mapping.GetPerson().GetAgent() || !mapping.GetPerson().GetActive() || mapping.GetCloudId() == "" {
		return "", false
	}
	return mapping.GetCloudId(), true
}

// status is the body of /status.
func (a *App) status(ctx context.Context) any {
	_, writing := a.writer.Lease()
	body := map[string]any{"service": Service, "version": host.Version(), "writer": writing}
	if depth, err := a.pipeline.Depth(ctx); err != nil {
		body["error"] = fault.CodeOf(err)
	} else {
		body["pipeline"] = depth
	}
	return body
}

// Program is the service as a process.
func Program() wire.Program[Config] {
	return wire.Program[Config]{
		Service: Service, Summary: "mirrors the states of Engage agents in the EX org (EXAS)", Load: Load, Common: func(config *Config) *host.Common { return &config.Common },
		Build: func(config Config, tools wire.Tools) (*host.Host, error) {
			app, err := New(Options{Tools: tools, Config: config})
			if err != nil {
				return nil, err
			}
			return app.Host, nil
		},
	}
}
