// Package site is an Engage site in one process: its Config DB, the edge of the Engage feed, the
// storage for recordings and a generator of calls. It stands in for the vendor's servers in the
// demonstration, in tests and in the trainer.
//
// It shares no code with the connector: what it sends and what it holds to be the truth come from
// the scenario files and from this package's own reading of the documents.
package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"engage.connector/services/lab/scenarios"
	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/feed"
	"engage.connector/services/lab/site/mcp"
	"engage.connector/services/lab/site/webdav"
)

// ConfigDB says where the Config DB is to be made.
type ConfigDB struct {
	Driver string // postgresql or sqlite; "" makes none
	DSN    string // pgx connection string, or file path
}

// Options configures a Site.
type Options struct {
	Agents int     // agents with a seat
	Seed   int64   // same seed, same center and same calls
	Speed  float64 // 1 is real time; 0 means 1

	ConfigDB ConfigDB
	Names    configdb.Names // undocumented names of the Config DB; empty ones take the defaults
	// Hybrid is the content of hybrid_integration. Its WebDAV options are filled from those below.
	// Calls are recorded when its RecordingEnabled is set.
	Hybrid configdb.Hybrid

	WebDAVDir      string // folder for recordings; must exist
	WebDAVURL      string // where the folder is reached, e.g. http://127.0.0.1:8080/recordings
	WebDAVUser     string
	WebDAVPassword string
	MCPDest        string // where recordings' metadata is posted; may be set later with SetMCPDest

	FeedToken string
	Scenarios fs.FS // folder of scenario files; nil means those that the lab ships
	Logger    *slog.Logger
	Now       func() time.Time
}

// recordingsPath is where the site itself serves the storage.
const recordingsPath = "/recordings"

// Site is a running Engage site. All methods are safe for concurrent use.
type Site struct {
	opts    Options
	model   configdb.Model
	edge    *feed.Edge
	storage http.Handler
	poster  *mcp.Poster // nil when nothing is recorded
	calls   *callgen.Generator
}

// New makes the Config DB and brings the site up with all agents logged out. Close ends it.
func New(ctx context.Context, o Options) (*Site, error) {
	o = o.withDefaults()
	db, err := o.database(ctx)
	if err != nil {
		return nil, err
	}
	kinds, err := callgen.LoadScenarios(o.Scenarios)
	if err != nil {
		return nil, err
	}
	s := &Site{opts: o, model: db.Model()}
	if o.WebDAVDir != "" {
		s.storage, err = webdav.New(webdav.Options{
			Dir: o.WebDAVDir, Prefix: recordingsPath, User: o.WebDAVUser, Password: o.WebDAVPassword,
			Logger: o.Logger.With("component", "webdav"),
		})
		if err != nil {
			return nil, err
		}
	}
	s.edge = feed.New(feed.Options{
		Token: o.FeedToken, DNs: numbers(s.model), Logger: o.Logger.With("component", "feed"), Now: o.Now,
	})
	options := callgen.Options{
		Model: s.model, Scenarios: kinds, Seed: o.Seed, Speed: o.Speed,
		Logger: o.Logger.With("component", "callgen"), Now: o.Now,
	}
	if o.Hybrid.RecordingEnabled {
		s.poster = mcp.New(mcp.Options{
			StorageURL: o.WebDAVURL, User: o.WebDAVUser, Password: o.WebDAVPassword, Dest: o.MCPDest,
			Logger: o.Logger.With("component", "mcp"),
		})
		options.Recorder = &recorder{poster: s.poster, tenant: s.model.Tenant}
	}
	if s.calls, err = callgen.New(options, s.edge); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Scenarios == nil {
		o.Scenarios = scenarios.Files()
	}
	o.Hybrid.WebDAVURL, o.Hybrid.WebDAVUser, o.Hybrid.WebDAVPassword = o.WebDAVURL, o.WebDAVUser, o.WebDAVPassword
	return o
}

// database makes the Config DB, or only the model of it when none is wanted.
func (o Options) database(ctx context.Context) (*configdb.Database, error) {
	if o.Hybrid.RecordingEnabled && o.WebDAVURL == "" {
		return nil, errors.New("site: recording is enabled, so WebDAVURL is required")
	}
	options := configdb.Options{Agents: o.Agents, Seed: o.Seed, Hybrid: o.Hybrid, Names: o.Names}
	if o.ConfigDB.Driver == "" {
		return configdb.Build(options)
	}
	return configdb.Create(ctx, o.ConfigDB.Driver, o.ConfigDB.DSN, options)
}

// numbers lists the DNs of the switch.
func numbers(m configdb.Model) []string {
	out := []string{}
	for _, a := range m.Agents {
		out = append(out, a.DN)
	}
	for _, q := range m.Queues {
		out = append(out, q.Number)
	}
	for _, p := range m.RoutingPoints {
		out = append(out, p.Number)
	}
	return out
}

// Model describes the center that the site was made with.
func (s *Site) Model() configdb.Model { return s.model }

// Edge is the feed's edge, for its knobs and faults.
func (s *Site) Edge() *feed.Edge { return s.edge }

// SetMCPDest says where recordings' metadata is posted from now on.
func (s *Site) SetMCPDest(url string) {
	if s.poster != nil {
		s.poster.SetDest(url)
	}
}

// Play logs the agents in and plays the given number of calls. It returns when the calls are over
// and every recording was delivered or given up; see callgen.Generator.Play for its errors.
func (s *Site) Play(ctx context.Context, calls int) error {
	if err := s.calls.Play(ctx, calls); err != nil {
		return err
	}
	if s.poster == nil {
		return nil
	}
	if err := s.poster.Wait(ctx); err != nil {
		return fmt.Errorf("site: wait for the recordings: %w", err)
	}
	return nil
}

// Close ends streams and deliveries. The handler refuses feed requests from then on.
func (s *Site) Close() {
	if s.poster != nil {
		s.poster.Close()
	}
	s.edge.Close()
}
