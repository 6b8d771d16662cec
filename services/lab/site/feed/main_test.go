package feed_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"engage.connector/services/lab/site/feed"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is a feed line as a client reads it.
type line struct {
	Cursor     string `json:"cursor"`
	ReceivedAt string `json:"receivedAt"`
	Server     struct {
		Name, Role string
		StartTime  int64
	} `json:"server"`
	Sequence   int64          `json:"sequence"`
	Message    string         `json:"message"`
	Number     int            `json:"number"`
	Time       time.Time      `json:"time"`
	Attributes map[string]any `json:"attributes"`
}

// bench is an edge behind a real HTTP server.
type bench struct {
	t    *testing.T
	edge *feed.Edge
	url  string
}

const token = "secret"

func newBench(t *testing.T, o feed.Options) *bench {
	t.Helper()
	o.Token = token
	edge := feed.New(o)
	mux := http.NewServeMux()
	edge.Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		edge.Close()
		server.CloseClientConnections()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return &bench{t, edge, server.URL}
}

// call makes a request and returns status and body.
func (b *bench) call(method, path, body string) (int, string) {
	b.t.Helper()
	response := b.start(method, path, body)
	defer func() { require.NoError(b.t, response.Body.Close()) }()
	data, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return response.StatusCode, string(data)
}

func (b *bench) start(method, path, body string) *http.Response {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	return response
}

// declare puts a link that the edge must take.
func (b *bench) declare(name, body string) {
	b.t.Helper()
	status, answer := b.call(http.MethodPut, "/v1/links/"+name, body)
	require.Equal(b.t, http.StatusOK, status, answer)
}

// stream is an open events request.
type stream struct {
	t        *testing.T
	response *http.Response
	scan     *bufio.Scanner
}

func (b *bench) follow(name, after string) *stream {
	b.t.Helper()
	path := "/v1/links/" + name + "/events"
	if after != "" {
		path += "?after=" + after
	}
	response := b.start(http.MethodGet, path, "") //nolint:bodyclose // closed by stop
	require.Equal(b.t, http.StatusOK, response.StatusCode)
	require.Equal(b.t, "application/x-ndjson", response.Header.Get("Content-Type"))
	s := &stream{b.t, response, bufio.NewScanner(response.Body)}
	b.t.Cleanup(s.stop)
	return s
}

func (s *stream) stop() { _ = s.response.Body.Close() }

// raw returns the next line; ok is false at the end of the stream.
func (s *stream) raw() (text string, ok bool) {
	if !s.scan.Scan() {
		return "", false
	}
	return s.scan.Text(), true
}

// toTheEnd reads what is left of a stream that has to end.
func (s *stream) toTheEnd() {
	s.t.Helper()
	for {
		if _, ok := s.raw(); !ok {
			return
		}
	}
}

// any returns the next line.
func (s *stream) any() line {
	s.t.Helper()
	text, ok := s.raw()
	require.True(s.t, ok, "the stream has ended: %v", s.scan.Err())
	var l line
	require.NoError(s.t, json.Unmarshal([]byte(text), &l), text)
	return l
}

// next returns the next line that is neither a heartbeat nor the border of a snapshot.
func (s *stream) next() line {
	s.t.Helper()
	for {
		if l := s.any(); l.Message != "feed.Heartbeat" && !strings.HasPrefix(l.Message, "feed.Snapshot") {
			return l
		}
	}
}

// expectAll reads as many lines as there are messages, heartbeats left out, and compares them.
func (s *stream) expectAll(messages ...string) []line {
	s.t.Helper()
	got, lines := []string{}, []line{}
	for len(lines) < len(messages) {
		if l := s.any(); l.Message != "feed.Heartbeat" {
			got, lines = append(got, l.Message), append(lines, l)
		}
	}
	require.Equal(s.t, messages, got)
	return lines
}

// moment reads a time of a line's attributes.
func (l line) moment(t *testing.T, key string) time.Time {
	t.Helper()
	text, _ := l.Attributes[key].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err, "%s of %s", key, l.Message)
	return at
}

// expect reads as many lines as there are messages and compares them.
func (s *stream) expect(messages ...string) []line {
	s.t.Helper()
	got, lines := []string{}, []line{}
	for range messages {
		l := s.next()
		got, lines = append(got, l.Message), append(lines, l)
	}
	require.Equal(s.t, messages, got)
	return lines
}

// Declarations of the links that the tests use.
const (
	vqLink   = `{"kind":"tserver","endpoints":["sips:8000","sips2:8000"],"register":[{"dn":"VQ_Sales","type":"VirtualQueue"}]}`
	callLink = `{"kind":"tserver","endpoints":["sips:8000"],"callMonitoring":true}`
)

func agentLink(dns ...string) string {
	registrations := []string{}
	for _, dn := range dns {
		registrations = append(registrations, fmt.Sprintf(`{"dn":%q,"type":"Extension"}`, dn))
	}
	return `{"kind":"tserver","endpoints":["sips:8000"],"register":[` + strings.Join(registrations, ",") + `]}`
}

func statLink(objects ...string) string {
	stats := []string{}
	for _, o := range objects {
		stats = append(stats, fmt.Sprintf(`{"id":"agent:%s","object":%q,"objectType":"Agent","tenant":"Resources","category":"CurrentState","subject":"DNAction"}`, o, o))
	}
	return `{"kind":"statserver","endpoints":["stat:2060"],"statistics":[` + strings.Join(stats, ",") + `]}`
}

// event is a T-Server event; keys and values alternate.
func event(message string, attributes ...string) feed.Event {
	m := map[string]any{}
	for i := 0; i < len(attributes); i += 2 {
		m[attributes[i]] = attributes[i+1]
	}
	return feed.Event{Message: message, Time: time.Now(), Attributes: m}
}

// noted is an event of the queue that leaves nothing to report again.
func noted(uuid string) feed.Event {
	return event("EventUserEvent", "ThisDN", "VQ_Sales", "CallUUID", uuid)
}

func queued(uuid string) feed.Event {
	return event("EventQueued", "ThisDN", "VQ_Sales", "CallUUID", uuid)
}
