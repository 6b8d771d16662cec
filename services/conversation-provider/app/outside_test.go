package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"engage.connector/pkg/engage"
	configsyncv1 "engage.connector/proto/configsync/v1"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
	"engage.connector/services/conversation-provider/feedtest"
)

// outside is everything that the service talks to but Redis: the edge, the org, config-sync and
// recording-provider.
type outside struct {
	mu       sync.Mutex
	changed  chan struct{}
	lines    map[string][][]byte // by link
	declared map[string]engage.LinkSpec
	newest   time.Time                   // of the lines
	fed      time.Time                   // when they were made available
	more     bool                        // there is more to come
	events   map[string][]map[string]any // by conversation, in the order of their time
	requests int
	refuse   func(kind string, event map[string]any) (message string, retryable bool)
	failNext int // requests that the org fails as a whole
	// poison answers a request as a whole with 400 and the API's error body when it is in it.
	poison     func(kind string, event map[string]any) bool
	silent     string // the link that says nothing: no lines, no heartbeats
	recordings []*recordingproviderv1.Recording
	program    string // sta_default_programid; with it the org has no program of its own

	http *httptest.Server
	grpc string
}

type configSync struct {
	configsyncv1.UnimplementedConfigSyncServiceServer
	o *outside
}

type recordingProvider struct {
	recordingproviderv1.UnimplementedRecordingProviderServiceServer
	o *outside
}

func dn(kind configsyncv1.MappingKind, dbid, cloud, number string, t configsyncv1.DnType) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{
		Kind: kind, EngageId: dbid, CloudId: cloud, EngageName: number,
		Dn: &configsyncv1.Dn{SwitchName: "SIP_Switch", Number: number, Type: t},
	}
}

func onSite2(m *configsyncv1.Mapping) *configsyncv1.Mapping {
	m.Dn.SwitchName = "SIP_Switch_B"
	return m
}

func user(dbid, cloud, login string) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{
		Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: dbid, CloudId: cloud,
		Person: &configsyncv1.Person{
			EmployeeId: "E" + dbid, Agent: true, Active: true,
			Logins: []*configsyncv1.AgentLogin{{SwitchName: "SIP_Switch", LoginCode: login}},
		},
	}
}

func mappings() []*configsyncv1.Mapping {
	queue, plain := configsyncv1.MappingKind_MAPPING_KIND_QUEUE, configsyncv1.MappingKind_MAPPING_KIND_DN
	return []*configsyncv1.Mapping{
		dn(queue, "201", feedtest.QueueID, feedtest.VQ, configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE),
		dn(queue, "202", feedtest.Queue2ID, feedtest.VQ2, configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE),
		dn(plain, "203", "", feedtest.RP, configsyncv1.DnType_DN_TYPE_ROUTING_POINT),
		dn(plain, "204", "", feedtest.Ext1, configsyncv1.DnType_DN_TYPE_EXTENSION),
		dn(plain, "205", "", feedtest.Ext2, configsyncv1.DnType_DN_TYPE_EXTENSION),
		dn(plain, "206", "", feedtest.Ext3, configsyncv1.DnType_DN_TYPE_EXTENSION),
		dn(plain, "207", "", feedtest.Ext4, configsyncv1.DnType_DN_TYPE_EXTENSION),
		onSite2(dn(plain, "208", "", feedtest.Ext5, configsyncv1.DnType_DN_TYPE_EXTENSION)),
		user("301", feedtest.User1ID, feedtest.Agent1),
		user("302", feedtest.User2ID, feedtest.Agent2),
		user("303", feedtest.User3ID, feedtest.Agent3),
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_WRAPUP_CODE, EngageId: "Resolved", CloudId: feedtest.ResolvedID},
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_SOURCE, EngageId: "101", CloudId: feedtest.SourceID},
	}
}

func (c *configSync) Watch(_ *configsyncv1.WatchRequest, stream grpc.ServerStreamingServer[configsyncv1.WatchResponse]) error {
	if err := stream.Send(&configsyncv1.WatchResponse{SnapshotComplete: true, Upserted: mappings()}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (c *configSync) GetOptions(context.Context, *configsyncv1.GetOptionsRequest) (*configsyncv1.GetOptionsResponse, error) {
	return &configsyncv1.GetOptionsResponse{Sections: []*configsyncv1.OptionSection{
		{Name: "general", Options: map[string]string{"base_service_url": c.o.http.URL, "base_auth_url": c.o.http.URL}},
		{Name: "conversation_provider", Options: map[string]string{
			"client_id": "id", "client_secret": "hush", "recording_enabled": "True",
			"sta_default_language": "en-US", "sta_userdata_language_key": "language_code", "sta_default_programid": c.o.program,
		}},
	}}, nil
}

func (p *recordingProvider) SubmitRecording(_ context.Context, in *recordingproviderv1.SubmitRecordingRequest) (*recordingproviderv1.SubmitRecordingResponse, error) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	p.o.recordings = append(p.o.recordings, in.GetRecording())
	return &recordingproviderv1.SubmitRecordingResponse{AcceptedNow: true}, nil
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{
		lines: map[string][][]byte{}, declared: map[string]engage.LinkSpec{}, changed: make(chan struct{}),
		events: map[string][]map[string]any{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/links/{link}", o.declare)
	mux.HandleFunc("GET /v1/links/{link}/events", o.stream)
	mux.HandleFunc("POST /oauth/token", token)
	mux.HandleFunc("POST /api/v2/events/conversations", o.inject)
	mux.HandleFunc("GET /api/v2/routing/settings/transcription", answer(`{"transcription":"EnabledQueueFlow"}`))
	mux.HandleFunc("GET /api/v2/speechandtextanalytics/settings", o.orHas(`{}`, `{"defaultProgram":{"id":"program-default"}}`))
	mux.HandleFunc("GET /api/v2/speechandtextanalytics/programs/mappings", o.orHas(`{"entities":[]}`, `{"entities":[{"program":{"id":"program-sales"},"queues":[{"id":"`+feedtest.QueueID+`"}]}]}`))
	mux.HandleFunc("GET /api/v2/speechandtextanalytics/programs/transcriptionengines/dialects", answer(`{"entities":[{"engine":"Genesys","dialects":["de-DE","en-US"]}]}`))
	mux.HandleFunc("GET /api/v2/routing/queues", answer(`{"entities":[{"id":"`+feedtest.QueueID+`","name":"q","enableTranscription":true}],"pageNumber":1,"pageCount":1,"total":1}`))
	o.http = httptest.NewServer(mux)
	t.Cleanup(o.http.Close)
	t.Cleanup(o.http.CloseClientConnections)
	o.grpc = serveGRPC(t, func(s *grpc.Server) {
		configsyncv1.RegisterConfigSyncServiceServer(s, &configSync{o: o})
		recordingproviderv1.RegisterRecordingProviderServiceServer(s, &recordingProvider{o: o})
	})
	return o
}

func serveGRPC(t *testing.T, register func(*grpc.Server)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	register(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// token is given for the credentials of the transaction only.
func token(w http.ResponseWriter, r *http.Request) {
	if id, secret, ok := r.BasicAuth(); !ok || id != "id" || secret != "hush" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer(`{"access_token":"t","token_type":"bearer","expires_in":86399}`)(w, r)
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func (o *outside) declare(w http.ResponseWriter, r *http.Request) {
	var spec engage.LinkSpec
	if json.NewDecoder(r.Body).Decode(&spec) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	o.declared[r.PathValue("link")] = spec
	o.mu.Unlock()
	_, _ = io.WriteString(w, `{"link":"`+r.PathValue("link")+`","state":"connected"}`)
}

// feed makes events available to whoever follows their link.
func (o *outside) feed(t *testing.T, events []feedtest.Event) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range events {
		line, err := json.Marshal(e.Event)
		require.NoError(t, err)
		o.lines[e.Link] = append(o.lines[e.Link], line)
		if e.Time.After(o.newest) {
			o.newest = e.Time
		}
	}
	o.fed = time.Now()
	close(o.changed)
	o.changed = make(chan struct{})
}

// heartbeat vouches for what has been made available, and as time passes for more; while there is more to
// come, for no more than that.
func (o *outside) heartbeat() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	upTo := o.newest
	if !o.more && !upTo.IsZero() {
		upTo = upTo.Add(time.Since(o.fed))
	}
	line, _ := json.Marshal(engage.Event{Message: engage.MsgHeartbeat, Attributes: engage.Attributes{"upTo": upTo.Format(time.RFC3339Nano)}, ReceivedAt: upTo.Add(time.Second)})
	return append(line, '\n')
}

// stream sends the lines of a link after a cursor and stays open.
func (o *outside) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	after, sent := r.URL.Query().Get("after"), 0
	for {
		o.mu.Lock()
		lines, changed, silent := o.lines[r.PathValue("link")][sent:], o.changed, o.silent == r.PathValue("link")
		o.mu.Unlock()
		if silent {
			select {
			case <-r.Context().Done():
				return
			case <-changed:
			}
			continue
		}
		for _, line := range lines {
			var e engage.Event
			sent++
			if json.Unmarshal(line, &e) == nil && e.Cursor > after {
				_, _ = w.Write(append(slices.Clone(line), '\n'))
			}
		}
		_, _ = w.Write(o.heartbeat())
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// inject is the org: it keeps what it is told, each event once.
func (o *outside) inject(w http.ResponseWriter, r *http.Request) {
	var body map[string][]map[string]any
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests++
	if o.failNext > 0 {
		o.failNext--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for kind, events := range body {
		for _, e := range events {
			if o.poison != nil && o.poison(kind, e) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("ININ-Correlation-Id", "correlation-of-the-poison")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"status":400,"code":"bad.request","message":"The request could not be understood"}`)
				return
			}
		}
	}
	errors := []map[string]any{}
	for kind, events := range body {
		for _, e := range events {
			if o.refuse != nil {
				if message, retryable := o.refuse(kind, e); message != "" {
					errors = append(errors, map[string]any{"eventId": e["eventId"], "message": message, "retryable": retryable})
					continue
				}
			}
			e["kind"] = kind
			o.keep(e)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": errors})
}

func (o *outside) keep(e map[string]any) {
	id, _ := e["conversationId"].(string)
	same := func(other map[string]any) bool { return other["eventId"] == e["eventId"] }
	if slices.ContainsFunc(o.events[id], same) {
		return
	}
	o.events[id] = append(o.events[id], e)
	slices.SortFunc(o.events[id], func(a, b map[string]any) int {
		x, _ := a["eventDateTime"].(string)
		y, _ := b["eventDateTime"].(string)
		if x < y {
			return -1
		}
		return 1
	})
}

// kinds are the kinds of the events of each conversation, in the order of their time.
func (o *outside) kinds() [][]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all [][]string
	for _, events := range o.events {
		var kinds []string
		for _, e := range events {
			kind, _ := e["kind"].(string)
			kinds = append(kinds, kind)
		}
		all = append(all, kinds)
	}
	return all
}

func (o *outside) submitted() []*recordingproviderv1.Recording {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.recordings)
}

// orHas answers with one text when the program is that of the option, else with the other.
func (o *outside) orHas(without, with string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if o.program != "" {
			answer(without)(w, r)
			return
		}
		answer(with)(w, r)
	}
}
