package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"engage.connector/services/lab/org"
	"engage.connector/services/lab/site"
	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/verdict"
	"engage.connector/services/lab/web"
)

const (
	webdavUser = "mcp"
	// sourceOptions are what the site's strategies write into user data.
	languageKey     = "language_code"
	defaultLanguage = "en-US"
	shutdownLimit   = 5 * time.Second
	maxPlay         = 100_000
)

// Lab is the running process.
type Lab struct {
	config Config
	log    *slog.Logger
	org    *org.Org
	site   *site.Site
	redis  *miniredis.Miniredis

	listener net.Listener
	server   *http.Server

	mu      sync.Mutex
	playing bool
	failure error // of the last play
	plays   sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context //nolint:containedctx // plays outlive the request that asked for them and end with the lab
}

// New builds the center, the org and the page, and binds the listeners.
func New(ctx context.Context, config Config, log *slog.Logger) (*Lab, error) {
	lab := &Lab{config: config, log: log}
	lab.ctx, lab.stop = context.WithCancel(ctx)
	for _, step := range []func() error{lab.listen, lab.startRedis, lab.makeOrg, lab.makeSite, lab.serve} {
		if err := step(); err != nil {
			return nil, errors.Join(err, lab.Close())
		}
	}
	return lab, nil
}

// Addr is where the lab serves HTTP.
func (l *Lab) Addr() string { return l.listener.Addr().String() }

func (l *Lab) url() string { return "http://" + l.Addr() }

func (l *Lab) listen() error {
	listener, err := net.Listen("tcp", l.config.HTTPAddr) //nolint:noctx // immediate
	if err != nil {
		return fmt.Errorf("listen on LAB_HTTP_ADDR: %w", err)
	}
	l.listener = listener
	return nil
}

func (l *Lab) startRedis() error {
	if l.config.RedisAddr == "" {
		return nil
	}
	l.redis = miniredis.NewMiniRedis()
	if err := l.redis.StartAddr(l.config.RedisAddr); err != nil {
		return fmt.Errorf("listen on LAB_REDIS_ADDR: %w", err)
	}
	return nil
}

func (l *Lab) makeOrg() error {
	clients := make([]org.Client, 0, 4)
	for _, client := range []configdb.Client{l.client("config-sync"), l.client("agent-state-sync"), l.client("conversation-provider"), l.client("recording-provider")} {
		clients = append(clients, org.Client{ID: client.ID, Secret: client.Secret, Permissions: org.IntegrationPermissions()})
	}
	made, err := org.New(org.Options{Logger: l.log, Name: "EX Lab", PublicURL: l.url(), Clients: clients, TranscribeQueues: true})
	if err != nil {
		return fmt.Errorf("the EX org: %w", err)
	}
	l.org = made
	return nil
}

// client is the OAuth client of one component: the guide provisions one for each.
func (l *Lab) client(component string) configdb.Client {
	return configdb.Client{ID: "lab-" + component, Secret: l.config.OAuthSecret + "-" + component}
}

func (l *Lab) makeSite() error {
	recordings := filepath.Join(l.config.Dir, "recordings")
	if err := os.MkdirAll(recordings, 0o700); err != nil {
		return fmt.Errorf("folder of the recordings: %w", err)
	}
	if err := l.privateDatabase(); err != nil {
		return err
	}
	snapshot := l.org.Snapshot()
	made, err := site.New(l.ctx, site.Options{
		Agents: l.config.Agents, Seed: l.config.Seed, Speed: l.config.Speed,
		ConfigDB: site.ConfigDB{Driver: l.config.DBType, DSN: l.config.dsn()},
		Hybrid: configdb.Hybrid{
			OrgShortName: "ex-lab", OrgID: snapshot.OrganizationID, BaseServiceURL: l.url(), BaseAuthURL: l.url(), Region: l.url(),
			ConfigSync: l.client("config-sync"), AgentStateSync: l.client("agent-state-sync"),
			ConversationProvider: l.client("conversation-provider"), RecordingUploader: l.client("recording-provider"),
			SkillLevelMin: 0, SkillLevelMax: 10,
			STALanguage: defaultLanguage, STALanguageKey: languageKey, RecordingEnabled: true,
		},
		WebDAVDir: recordings, WebDAVURL: l.url() + "/recordings", WebDAVUser: webdavUser, WebDAVPassword: l.config.WebDAVPassword,
		MCPDest: l.config.MCPDest, FeedToken: l.config.FeedToken, Logger: l.log,
	})
	if err != nil {
		return fmt.Errorf("the Engage site: %w", err)
	}
	l.site = made
	return nil
}

// privateDatabase makes the file of the embedded Config DB, which holds secrets, readable by its
// owner only.
func (l *Lab) privateDatabase() error {
	if l.config.DBType != "sqlite" {
		return nil
	}
	file, err := os.OpenFile(l.config.DBName, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("file of the Config DB: %w", err)
	}
	return file.Close()
}

func (l *Lab) serve() error {
	siteHandler := l.site.Handler()
	mux := http.NewServeMux()
	mux.Handle("/", l.org.Handler())
	for _, pattern := range []string{"/v1/links", "/v1/links/", "/recordings", "/recordings/", "/lab/v1/site", "/lab/v1/site/"} {
		mux.Handle(pattern, siteHandler)
	}
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]string{"status": "ok"}) })
	mux.HandleFunc("POST /lab/v1/play", l.servePlay)
	mux.HandleFunc("GET /lab/v1/verdict", l.serveVerdict)
	web.Register(mux)
	l.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(l.log.Handler(), slog.LevelWarn)}
	go func() {
		if err := l.server.Serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
			l.log.Error("the lab stopped serving", "error", err)
		}
	}()
	return nil
}

// Progress is the answer of GET /lab/v1/verdict.
type Progress struct {
	verdict.Verdict

	Playing bool   `json:"playing"`
	Failure string `json:"failure,omitempty"` // why the last play ended early
	Calls   int    `json:"calls"`             // begun so far
	Live    int    `json:"live"`              // going on now
}

// Progress compares both sides as they are now.
func (l *Lab) Progress() Progress {
	shown := l.org.Snapshot() // before the truth, which then knows of everything that is shown
	script := l.site.Script()
	result := Progress{Verdict: verdict.Compare(verdict.Truth{
		Model: l.site.Model(), Calls: script.Calls, Agents: verdict.Agents(script.Agents), At: time.Now(), Skew: l.site.Edge().Skew(),
	}, shown), Calls: len(script.Calls)}
	for _, call := range script.Calls {
		if call.End.IsZero() {
			result.Live++
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	result.Playing = l.playing
	if l.failure != nil {
		result.Failure = l.failure.Error()
	}
	return result
}

func (l *Lab) serveVerdict(w http.ResponseWriter, _ *http.Request) { writeJSON(w, l.Progress()) }

// servePlay begins to play calls: {"calls": 20}. 409 while others are played.
func (l *Lab) servePlay(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Calls int `json:"calls"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&wanted); err != nil || wanted.Calls < 1 || wanted.Calls > maxPlay {
		http.Error(w, fmt.Sprintf(`send {"calls": n} with n from 1 to %d`, maxPlay), http.StatusBadRequest)
		return
	}
	if !l.play(wanted.Calls) {
		http.Error(w, "calls are being played already", http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (l *Lab) play(calls int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.playing {
		return false
	}
	l.playing, l.failure = true, nil
	l.plays.Go(func() {
		err := l.site.Play(l.ctx, calls)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.playing, l.failure = false, err
	})
	return true
}

// Close ends everything; it may be called on a half-built lab.
func (l *Lab) Close() error {
	l.stop()
	l.plays.Wait()
	var faults []error
	if l.site != nil {
		l.site.Close()
	}
	if l.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownLimit)
		defer cancel()
		if err := l.server.Shutdown(ctx); err != nil {
			faults = append(faults, l.server.Close()) // streams to browsers do not end by themselves
		}
	} else if l.listener != nil {
		faults = append(faults, l.listener.Close())
	}
	if l.redis != nil {
		l.redis.Close()
	}
	return errors.Join(faults...)
}

// Run serves until ctx ends and returns the exit code.
func Run(ctx context.Context, environ []string, stdout, stderr io.Writer) int {
	config, err := LoadConfig(environ)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 2
	}
	log := slog.New(slog.NewJSONHandler(stdout, nil)).With("service", "lab")
	lab, err := New(ctx, config, log)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	log.Info("listening", "http", lab.Addr())
	<-ctx.Done()
	if err := lab.Close(); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(body) // the client is gone when this fails
}
