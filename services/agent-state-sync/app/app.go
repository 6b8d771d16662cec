package app

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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
)

// Service is the name in logs and metrics.
const Service = "agent-state-sync"

const (
	pipelineName = "agents"
	leaseName    = "agents-writer"
	// sectionAgent is this service's section of the transaction hybrid_integration.
	sectionAgent = "agent_state_sync"
	// tick is how often what waits is looked at.
	tick = 250 * time.Millisecond
	// backlogPoll is how often the outboxes are measured.
	backlogPoll = time.Second
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
	model     *statemodel.Model
	writer    *pipeline.Writer
	feed      *engage.Client
	// congested is set while the outboxes are long.
	congested atomic.Bool
}

// New wires the service and binds its listeners; nothing runs before Start.
func New(opts Options) (*App, error) {
	server, err := host.New(opts.Config.Options(Service, opts.Logger, opts.Registry))
	if err != nil {
		return nil, err
	}
	app := &App{Host: server, opts: opts}
	for _, step := range []func() error{app.openStore, app.followConfigSync, app.wireWriter, app.wireSenders, app.wireFeed, app.wireAPI} {
		if err := step(); err != nil {
			return nil, errors.Join(err, server.Stop(context.Background()))
		}
	}
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
	cfg := a.opts.Config
	a.model = statemodel.New(a.modelOptions(a.opts.Registry))
	links := make([]string, 0, 1)
	for _, l := range cfg.links() {
		links = append(links, l.pair())
	}
	writer, err := pipeline.NewWriter(pipeline.WriterOptions{
		Pipeline: a.pipeline, Store: a.store, LeaseName: leaseName, Owner: wire.InstanceName(), Model: a.model, Readers: statemodel.Readers(),
		Links: links, Patience: cfg.LinkPatience, TickInterval: tick, Ready: a.directory.Ready,
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.writer = writer
	a.Go("backlog", a.watchBacklog)
	return nil
}

// modelOptions are those of the model that is written, and of one that is only asked.
func (a *App) modelOptions(registerer prometheus.Registerer) statemodel.Options {
	cfg := a.opts.Config
	return statemodel.Options{
		Tenant: cfg.TenantID, Registerer: registerer, Rules: cfg.rules(), Desks: cfg.desks(), Backlog: cfg.AgentBacklog,
		Tolerance: cfg.AdherenceTolerance, Gaps: cfg.AdherenceGaps, Congested: a.congested.Load,
		Directory: func() (statemodel.Directory, bool) {
			snapshot, ready := a.directory.Snapshot()
			return scope{snapshot}, ready
		},
	}
}

// watchBacklog notes whether the outboxes are long.
func (a *App) watchBacklog(ctx context.Context) error {
	ticker := time.NewTicker(backlogPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if _, writing := a.writer.Lease(); !writing {
			continue
		}
		depth, err := a.pipeline.Depth(ctx)
		if err != nil {
			continue // what cannot be counted cannot be written to either
		}
		longest := int64(0)
		for _, n := range depth.Outboxes {
			longest = max(longest, n)
		}
		long := longest >= int64(a.opts.Config.MaxOutbox)
		if long && !a.congested.Swap(true) {
			a.opts.Logger.Warn("the outbox is long: further states wait in the agents' backlogs", "events", longest,
				"hint", "see /health for what the org answers; intermediate states beyond AGENT_BACKLOG are dropped and reported")
		}
		if !long && a.congested.Swap(false) {
			a.opts.Logger.Info("the outbox is short again", "events", longest)
		}
	}
}

// wireSenders gives each operation of the org a sender of its own: what one is refused holds no
// other back.
func (a *App) wireSenders() error {
	var senders []*pipeline.Sender
	for _, outbox := range statemodel.Outboxes() {
		sender, err := pipeline.NewSender(pipeline.SenderOptions{
			Pipeline: a.pipeline, Outbox: outbox, Lease: a.writer.Lease, Parallel: 1, Policy: a.opts.Config.Delivery.Policy(),
			DrainTimeout: a.opts.Config.RequestDrain(), Send: a.send,
			Settled: injection.Settlements{Log: a.pipeline, Outbox: outbox, Logger: a.opts.Logger, Now: a.opts.Now}.Settled,
			Logger:  a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
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

// known tells whether config-sync has told who is in scope.
func (a *App) known() bool {
	_, ready := a.directory.Snapshot()
	return ready
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
