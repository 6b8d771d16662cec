package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"engage.connector/pkg/access"
	"engage.connector/pkg/directory"
	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/host"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/pkg/wire"
	conversationproviderv1 "engage.connector/proto/conversationprovider/v1"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
	"engage.connector/services/conversation-provider/api"
	"engage.connector/services/conversation-provider/feedlinks"
	"engage.connector/services/conversation-provider/injection"
	"engage.connector/services/conversation-provider/mapping"
	"engage.connector/services/conversation-provider/mcp"
	"engage.connector/services/conversation-provider/model"
	"engage.connector/services/conversation-provider/options"
	"engage.connector/services/conversation-provider/segments"
	"engage.connector/services/conversation-provider/speech"
	"engage.connector/services/conversation-provider/submission"
)

// Service is the name in logs and metrics.
const Service = "conversation-provider"

const (
	pipelineName = "calls"
	leaseName    = "calls-writer"
	// tick is how often waiting decisions are looked at; it is a fraction of the grace time.
	tick = 250 * time.Millisecond
	// perKey is how many events of one conversation go in one request: they carry their order in
	// their times, and the outbox is in the order of time over all conversations.
	perKey = 100
	// parallel requests would let an agent's next call overtake the end of the one before. One
	// request at a time with 100 events uses the whole allowance of the org.
	parallel = 1
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
	settings  *directory.Live[transaction]
	mapping   *mapping.Mapping
	speech    *speech.Follower
	model     *model.Model
	writer    *pipeline.Writer
	senders   []*pipeline.Sender
	feed      *engage.Client
}

// transaction is what the options of hybrid_integration say.
type transaction struct {
	events    *exevents.API
	speech    speech.Org
	recording segments.Options
}

// New wires the service and binds its listeners; nothing runs before Start.
func New(opts Options) (*App, error) {
	server, err := host.New(opts.Config.Options(Service, opts.Logger, opts.Registry))
	if err != nil {
		return nil, err
	}
	app := &App{Host: server, opts: opts}
	for _, step := range []func() error{
		app.openStore, app.followConfigSync, app.wireWriter, app.wireInjection, app.wireSubmission, app.wireFeed, app.wireAPI,
	} {
		if err := step(); err != nil {
			return nil, errors.Join(err, server.Stop(context.Background()))
		}
	}
	app.Go("pipeline", func(ctx context.Context) error { return pipeline.Run(ctx, app.writer, app.senders...) })
	return app, nil
}

func (a *App) openStore() (err error) {
	if a.store, err = wire.Store(a.Host, a.opts.Config.Common, a.opts.Tools); err == nil {
		a.pipeline = a.store.Pipeline(pipelineName)
	}
	return err
}

func (a *App) followConfigSync() (err error) {
	cfg := a.opts.Config
	if a.directory, err = wire.Directory(a.Host, cfg.Common, cfg.ConfigSyncAddr, a.opts.Tools); err != nil {
		return err
	}
	a.mapping = mapping.New(a.directory, cfg.SwitchName)
	a.settings = directory.NewLive(a.directory, a.opts.Logger, a.readTransaction, options.Sections()...)
	a.speech = speech.New(func() (speech.Org, bool) {
		value, ok := a.settings.Value()
		return value.speech, ok
	}, func() bool { return a.recordingOptions().Enabled && a.mapping.Ready() }, a.opts.Logger)
	a.Go("directory", a.directory.Run)
	a.Go("settings", a.settings.Run)
	a.Go("speech", a.speech.Run)
	a.Dependency("config-sync", a.directory.Check, host.RequiredUntil(a.mapping.Ready), host.LastUsed(a.directory.LastUse))
	a.Dependency("genesys-cloud-settings", a.settings.Check, host.RequiredUntil(a.settings.Ready), host.LastUsed(a.settings.LastUse))
	a.Dependency("speech-settings", a.speech.Check, host.LastUsed(a.speech.LastUse))
	return nil
}

func (a *App) readTransaction(_ context.Context, settings directory.Settings) (transaction, error) {
	cloud, err := settings.Cloud(options.Section, "client_secret")
	if err != nil {
		return transaction{}, err
	}
	client, err := wire.Org(Service, cloud, a.opts.Tools)
	if err != nil {
		return transaction{}, err
	}
	return transaction{events: exevents.New(client), speech: speech.NewOrg(client), recording: options.Recording(settings)}, nil
}

// recordingOptions are those of the transaction. Without a recording-provider there is nobody to
// hand recordings to.
func (a *App) recordingOptions() segments.Options {
	value, _ := a.settings.Value()
	value.recording.Enabled = value.recording.Enabled && a.opts.Config.RecordingProviderAddr != ""
	return value.recording
}

// recordings gives the model the settings as they are.
type recordings struct{ app *App }

func (r recordings) Options() segments.Options   { return r.app.recordingOptions() }
func (r recordings) Settings() segments.Settings { return r.app.speech.Settings() }

func (a *App) wireWriter() error {
	cfg := a.opts.Config
	a.model = model.New(model.Options{
		Tenant: cfg.TenantID, Machine: cfg.rules(), Directory: a.mapping, Recordings: recordings{a},
		MaxCallAge: cfg.MaxCallAge, MaxClosed: cfg.MaxTraces,
		Observer: newMetrics(a.opts.Registry, func() model.Counts { return a.model.Counts() }, a.opts.Logger),
	})
	links, err := cfg.links()
	if err != nil {
		return err
	}
	expected := make([]string, len(links))
	for i, link := range links {
		expected[i] = a.pair(link.Name)
	}
	writer, err := pipeline.NewWriter(pipeline.WriterOptions{
		Pipeline: a.pipeline, Store: a.store, LeaseName: leaseName, Owner: wire.InstanceName(), Model: a.model, Readers: model.Readers(),
		Links: expected, Patience: cfg.LinkPatience, TickInterval: tick,
		Ready:  func() bool { return a.mapping.Ready() && a.settings.Ready() },
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.writer = writer
	return nil
}

func (a *App) wireInjection() error {
	cfg := a.opts.Config
	refusals := injection.LoggedRefusals{Calls: a.pipeline, Logger: a.opts.Logger, Now: a.opts.Now}
	sender, err := pipeline.NewSender(pipeline.SenderOptions{
		Pipeline: a.pipeline, Outbox: model.OutboxConversation, Lease: a.writer.Lease, PerKey: perKey, Parallel: parallel, Policy: cfg.Delivery.Policy(),
		DrainTimeout: cfg.RequestDrain(), Settled: refusals.Settled,
		Send: func(ctx context.Context, records []store.OutboxRecord) ([]pipeline.Outcome, error) {
			value, ready := a.settings.Value()
			if !ready {
				return nil, fault.New(fault.Unavailable, "app.inject", "the org's address and credentials are not known yet")
			}
			return injection.Send(ctx, value.events, records)
		},
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.Dependency("genesys-cloud-"+model.OutboxConversation, sender.Check, host.LastUsed(sender.LastUse))
	a.senders = append(a.senders, sender)
	return nil
}

// wireSubmission sends recordings where there is a recording-provider; without one none are handed
// over.
func (a *App) wireSubmission() error {
	cfg := a.opts.Config
	if cfg.RecordingProviderAddr == "" {
		return nil
	}
	conn, err := host.DialGRPC(cfg.RecordingProviderAddr, cfg.GRPCTLS, cfg.GRPCToken.Reveal())
	if err != nil {
		return err
	}
	a.OnStop("connection to recording-provider", func(context.Context) error { return conn.Close() })
	provider := recordingproviderv1.NewRecordingProviderServiceClient(conn)
	sender, err := pipeline.NewSender(pipeline.SenderOptions{
		Pipeline: a.pipeline, Outbox: model.OutboxRecording, Lease: a.writer.Lease, Policy: cfg.Delivery.Policy(), DrainTimeout: cfg.RequestDrain(),
		Send: func(ctx context.Context, records []store.OutboxRecord) ([]pipeline.Outcome, error) {
			return submission.Send(ctx, provider, records)
		},
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.Dependency("recording-provider", sender.Check, host.LastUsed(sender.LastUse))
	a.senders = append(a.senders, sender)
	return nil
}

func (a *App) wireFeed() error {
	feed, err := engage.NewClient(engage.ClientOptions{
		BaseURL: a.opts.Config.FeedURL, Token: a.opts.Config.FeedToken.Reveal(), Charset: a.opts.Config.FeedCharset,
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.feed = feed
	links, err := a.opts.Config.links()
	if err != nil {
		return err
	}
	intake := pipeline.NewIntake(pipeline.IntakeOptions{
		Pipeline: a.pipeline, Edge: a.opts.Config.FeedURL, Logger: a.opts.Logger, Registerer: a.opts.Registry,
		Pair: a.pair, Watermarks: true,
	})
	for _, link := range links {
		changed := a.directory.Changed()
		spec := func(context.Context) (engage.LinkSpec, error) { return a.linkSpec(link) }
		a.Go("feed-"+link.Name, func(ctx context.Context) error { return feed.Follow(ctx, link.Name, spec, changed, intake) })
	}
	a.Dependency("engage-feed", feed.Check, host.LastUsed(feed.LastUse))
	return nil
}

// pair is what a link's events name it by, on whichever instance: its purpose and its primary server. The
// instances of several sites share one log, and each calls its own link "call".
func (a *App) pair(link string) string {
	name := strings.TrimPrefix(link, a.opts.Config.LinkPrefix)
	links, _ := a.opts.Config.links()
	for _, l := range links {
		if l.Name == link {
			return name + "@" + l.Endpoints[0]
		}
	}
	return name
}

func (a *App) linkSpec(link feedlinks.Link) (engage.LinkSpec, error) {
	snapshot, ready := a.directory.Snapshot()
	if !ready {
		return engage.LinkSpec{}, fault.New(fault.Unavailable, "app.link", "the DNs to register are not known yet")
	}
	cfg := a.opts.Config
	switchName := cfg.SwitchName
	if link.Purpose == feedlinks.Queues && cfg.SwitchNameVQ != "" {
		switchName = cfg.SwitchNameVQ
	}
	return feedlinks.Spec(link, snapshot, switchName), nil
}

func (a *App) wireAPI() error {
	metadata := mcp.New(a.pipeline, a.opts.Logger, a.opts.Now)
	for _, pattern := range mcp.Patterns() {
		a.Mux().AllowFrom(a.opts.Config.MetadataAllowFrom, access.Metadata, pattern, metadata)
	}
	wire.ServeKept(a.Mux(), a.pipeline, a.opts.Logger, model.OutboxConversation, model.OutboxRecording)
	service := api.New(api.Options{Calls: a.model, State: a.pipeline, Writing: a.writing, Logger: a.opts.Logger})
	service.Register(a.Mux())
	conversationproviderv1.RegisterConversationProviderServiceServer(a.GRPC(), service)
	a.Status(a.status)
	return nil
}

func (a *App) writing() bool {
	_, writing := a.writer.Lease()
	return writing
}

// GCPercent is how much the heap grows, in percent of what is reachable, before garbage is collected. Little
// is reachable, and every event leaves a few kilobytes of garbage: a fifth of the processor time went into
// collecting it at 100.
const GCPercent = 200

// Program is the service as a process.
func Program() wire.Program[Config] {
	return wire.Program[Config]{
		Service: Service, Summary: "injects every Engage call as an EX conversation (EXCP)", Load: Load, Common: func(config *Config) *host.Common { return &config.Common },
		Build: func(config Config, tools wire.Tools) (*host.Host, error) {
			app, err := New(Options{Tools: tools, Config: config})
			if err != nil {
				return nil, err
			}
			return app.Host, nil
		},
	}
}
