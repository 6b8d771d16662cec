package site_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"engage.connector/services/lab/scenarios"
	"engage.connector/services/lab/site"
	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/configdb/configdbtest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lab is a site behind a real server, and a conversation provider that takes metadata.
type lab struct {
	*site.Site

	t      *testing.T
	server *httptest.Server
	dir    string

	mu    sync.Mutex
	posts []map[string]any
}

// ordinary are the calls that need one agent and one call each.
func ordinary(t *testing.T) fs.FS {
	t.Helper()
	const name = "inbound-ivr-queue-agent.ndjson"
	text, err := fs.ReadFile(scenarios.Files(), name)
	require.NoError(t, err)
	return fstest.MapFS{name: {Data: text}}
}

// newLab starts a site that plays the given scenarios; nil means all.
func newLab(t *testing.T, db site.ConfigDB, plays fs.FS) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir()}
	var handler http.Handler
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/recording", l.takeMetadata)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) })
	l.server = httptest.NewServer(mux)
	s, err := site.New(t.Context(), site.Options{
		Agents: 12, Seed: 1, Speed: 40, ConfigDB: db,
		Hybrid:    configdb.Hybrid{BaseServiceURL: "http://org/api", RecordingEnabled: true},
		WebDAVDir: l.dir, WebDAVURL: l.server.URL + "/recordings", WebDAVUser: "mcp", WebDAVPassword: "secret",
		FeedToken: "token", Scenarios: plays,
	})
	require.NoError(t, err)
	l.Site, handler = s, s.Handler()
	s.SetMCPDest(l.server.URL + "/v1/recording")
	t.Cleanup(func() {
		s.Close()
		l.server.CloseClientConnections()
		l.server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return l
}

func (l *lab) takeMetadata(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posts = append(l.posts, body)
}

func (l *lab) call(method, path, body string) (int, string) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), method, l.server.URL+path, strings.NewReader(body))
	require.NoError(l.t, err)
	r.Header.Set("Authorization", "Bearer token")
	response, err := http.DefaultClient.Do(r)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(l.t, err)
	return response.StatusCode, string(text)
}

// declare opens the links that a connector would open.
func (l *lab) declare() {
	l.t.Helper()
	vqs, extensions, stats := []string{}, []string{}, []string{}
	for _, q := range l.Model().Queues {
		vqs = append(vqs, fmt.Sprintf(`{"dn":%q,"type":"VirtualQueue"}`, q.Number))
	}
	for _, a := range l.Model().Agents {
		extensions = append(extensions, fmt.Sprintf(`{"dn":%q,"type":"Extension"}`, a.DN))
		stats = append(stats, fmt.Sprintf(`{"id":"agent:%s","object":%q,"objectType":"Agent","tenant":"Resources","category":"CurrentState","subject":"DNAction"}`, a.EmployeeID, a.EmployeeID))
	}
	for name, body := range map[string]string{
		"vq":    `{"kind":"tserver","endpoints":["sips:8000"],"register":[` + strings.Join(vqs, ",") + `]}`,
		"agent": `{"kind":"tserver","endpoints":["sips:8000"],"register":[` + strings.Join(extensions, ",") + `]}`,
		"call":  `{"kind":"tserver","endpoints":["sips:8000"],"callMonitoring":true}`,
		"stat":  `{"kind":"statserver","endpoints":["stat:2060"],"statistics":[` + strings.Join(stats, ",") + `]}`,
	} {
		status, answer := l.call(http.MethodPut, "/v1/links/"+name, body)
		require.Equal(l.t, http.StatusOK, status, answer)
	}
}

// held reads the lines that a link holds.
func (l *lab) held(name string) []map[string]any {
	l.t.Helper()
	_, text := l.call(http.MethodGet, "/v1/links/"+name, "")
	var status struct{ Lines int }
	require.NoError(l.t, json.Unmarshal([]byte(text), &status))
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.server.URL+"/v1/links/"+name+"/events", nil)
	require.NoError(l.t, err)
	r.Header.Set("Authorization", "Bearer token")
	response, err := http.DefaultClient.Do(r)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, response.Body.Close()) }()
	out := []map[string]any{}
	for scan := bufio.NewScanner(response.Body); len(out) < status.Lines && scan.Scan(); {
		var line map[string]any
		require.NoError(l.t, json.Unmarshal(scan.Bytes(), &line))
		if line["message"] != "feed.Heartbeat" {
			out = append(out, line)
		}
	}
	return out
}

func count(lines []map[string]any, message string) int {
	n := 0
	for _, l := range lines {
		if l["message"] == message {
			n++
		}
	}
	return n
}

func TestCallsArePlayedRecordedAndTold(t *testing.T) {
	l := newLab(t, site.ConfigDB{Driver: "sqlite", DSN: filepath.Join(t.TempDir(), "config.db")}, ordinary(t))
	l.declare()
	require.NoError(t, l.Play(t.Context(), 8))

	calls := l.held("call")
	require.Equal(t, 8, count(calls, "EventCallCreated"))
	require.Equal(t, 8, count(calls, "EventCallDeleted"))
	require.Equal(t, 24, count(calls, "EventCallPartyAdded"))
	require.Equal(t, 24, count(calls, "EventCallPartyDeleted"))
	queues := l.held("vq")
	require.Equal(t, 8, count(queues, "EventQueued"))
	require.Equal(t, 8, count(queues, "EventDiverted"))
	agents := l.held("agent")
	require.Equal(t, 12, count(agents, "EventRegistered"))
	require.Equal(t, 12, count(agents, "EventAgentLogin"))
	require.Equal(t, 16, count(agents, "EventUserEvent"))
	require.Greater(t, count(l.held("stat"), "EventInfo"), 8*5)

	script := l.Script()
	require.Len(t, script.Calls, 8)
	require.Len(t, script.Agents, 12)
	require.Equal(t, 8, script.Recorder.Posted)
	require.Len(t, l.posts, 8)
	for _, c := range script.Calls {
		requireRecording(t, l, c)
	}
	status, text := l.call(http.MethodGet, "/lab/v1/site", "")
	require.Equal(t, http.StatusOK, status)
	want, err := json.Marshal(script)
	require.NoError(t, err)
	require.JSONEq(t, string(want), text)
}

// Every flow comes over the feed and into the storage: no call stays open, and each of its
// recordings is there and was announced under the main call's id.
func TestEveryFlowIsPlayedRecordedAndTold(t *testing.T) {
	l := newLab(t, site.ConfigDB{}, nil)
	l.declare()
	require.NoError(t, l.Play(t.Context(), 20))
	script, made, opened := l.Script(), 0, 0
	require.Len(t, script.Calls, 20)
	for _, c := range script.Calls {
		made += len(c.Recordings)
		opened += 1 + len(c.Further)
		for _, recording := range c.Recordings {
			requireFile(t, l, c, recording)
		}
	}
	require.Greater(t, made, 15, "some calls have none, some two")
	require.Greater(t, opened, 20, "some interactions have two calls")
	require.Equal(t, made, script.Recorder.Posted)
	calls := l.held("call")
	require.Equal(t, opened, count(calls, "EventCallCreated"))
	require.Equal(t, opened, count(calls, "EventCallDeleted"))
	require.Equal(t, count(calls, "EventCallPartyAdded"), count(calls, "EventCallPartyDeleted"), "who is moved is deleted elsewhere")
}

// requireRecording checks the only recording of a call.
func requireRecording(t *testing.T, l *lab, c site.Call) {
	t.Helper()
	require.Len(t, c.Recordings, 1)
	requireFile(t, l, c, c.Recordings[0])
}

// requireFile checks that a file is in the storage, is real audio of the segment's length, and was
// announced.
func requireFile(t *testing.T, l *lab, c site.Call, recording site.Recording) {
	t.Helper()
	require.True(t, recording.Delivered, recording.Error)
	require.LessOrEqual(t, len(recording.FileName), 80)
	require.True(t, strings.HasPrefix(recording.FileName, c.CallUUID+"_"))
	path := filepath.Join(l.dir, recording.FileName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	require.Equal(t, recording.SHA256, hex.EncodeToString(sum[:]))
	require.Len(t, data, recording.Size)
	tool, err := exec.LookPath("opusinfo")
	require.NoError(t, err, "opus-tools are not installed; install them: make setup")
	said, err := exec.CommandContext(t.Context(), tool, path).CombinedOutput()
	require.NoError(t, err, "%s", said)
	samples := (recording.End.Sub(recording.Start)*48 + time.Millisecond/2) / time.Millisecond
	require.Contains(t, string(said), fmt.Sprintf("Playback length: 0m:00.%03ds", samples/48))
	announced := 0
	for _, p := range l.posts {
		file := p["mediaFiles"].([]any)[0].(map[string]any)
		if file["mediaId"] == recording.FileName {
			announced++
			require.Equal(t, c.CallUUID, p["id"])
		}
	}
	require.Equal(t, 1, announced)
}

func TestTheSiteRunsOnPostgreSQL(t *testing.T) {
	l := newLab(t, site.ConfigDB{Driver: "postgresql", DSN: configdbtest.Postgres(t)}, nil)
	status, text := l.call(http.MethodGet, "/lab/v1/site/model", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `"tenant":"Resources"`)
}

func TestTheFeedIsDisturbedOnDemand(t *testing.T) {
	l := newLab(t, site.ConfigDB{}, nil)
	l.declare()
	status, text := l.call(http.MethodPut, "/lab/v1/site/knobs", `{"duplicateEvery":3}`)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"dropAfterLines":0,"duplicateEvery":3,"malformedEvery":0,"noUpTo":false,"noSnapshots":false}`, text)
	_, text = l.call(http.MethodGet, "/lab/v1/site/knobs", "")
	require.Contains(t, text, `"duplicateEvery":3`)
	for _, bad := range []string{"x", `{"speed":1}`, `{"duplicateEvery":-1}`, `{"clocks":{"a":{"offsetSeconds":1e9}}}`} {
		status, _ = l.call(http.MethodPut, "/lab/v1/site/knobs", bad)
		require.Equal(t, http.StatusBadRequest, status)
	}
	for path, want := range map[string]int{
		"switchover": 204, "links/call/disconnect": 204, "links/call/connect": 204, "links/call/destroy": 404, "links/none/connect": 404,
		"links/agent/lose": 204,
	} {
		status, _ = l.call(http.MethodPost, "/lab/v1/site/"+path, "")
		require.Equal(t, want, status, path)
	}
	require.Positive(t, count(l.held("vq"), "feed.Switchover"))
	status, _ = l.call(http.MethodPost, "/lab/v1/site/links/agent/gap", "")
	require.Equal(t, http.StatusNoContent, status)
	require.Equal(t, 1, count(l.held("agent"), "feed.Gap"))
	for _, bad := range []string{"x", `{"seconds":0}`, `{"seconds":1e9}`} {
		status, _ = l.call(http.MethodPost, "/lab/v1/site/away", bad)
		require.Equal(t, http.StatusBadRequest, status)
	}
	status, _ = l.call(http.MethodPost, "/lab/v1/site/away", `{"seconds":30}`)
	require.Equal(t, http.StatusNoContent, status)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.server.URL+"/v1/links", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.Error(t, err, "the edge is away")
}

func TestBadOptionsAreRefused(t *testing.T) {
	for name, o := range map[string]site.Options{
		"no agents":           {},
		"no storage URL":      {Agents: 3, Hybrid: configdb.Hybrid{RecordingEnabled: true}},
		"negative speed":      {Agents: 3, Speed: -1},
		"no such folder":      {Agents: 3, WebDAVDir: filepath.Join(t.TempDir(), "none"), WebDAVUser: "u", WebDAVPassword: "p"},
		"no scenarios":        {Agents: 3, Scenarios: os.DirFS(t.TempDir())},
		"unknown database":    {Agents: 3, ConfigDB: site.ConfigDB{Driver: "oracle"}},
		"unreachable storage": {Agents: 3, WebDAVDir: t.TempDir()},
	} {
		_, err := site.New(t.Context(), o)
		require.Error(t, err, name)
	}
}
