package directory_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/fault"
	configsyncv1 "engage.connector/proto/configsync/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a config-sync whose messages the test writes.
type source struct {
	configsyncv1.UnimplementedConfigSyncServiceServer
	mu      sync.Mutex
	refuse  []error                               // the first watches, one by one
	streams chan chan *configsyncv1.WatchResponse // one per watch that was begun
}

func (s *source) Watch(_ *configsyncv1.WatchRequest, stream grpc.ServerStreamingServer[configsyncv1.WatchResponse]) error {
	s.mu.Lock()
	refuse := s.refuse
	if len(refuse) > 0 {
		s.refuse = refuse[1:]
	}
	s.mu.Unlock()
	if len(refuse) > 0 {
		return refuse[0]
	}
	messages := make(chan *configsyncv1.WatchResponse)
	select {
	case s.streams <- messages:
	case <-stream.Context().Done():
		return nil
	}
	for {
		select {
		case message, open := <-messages:
			if !open {
				return status.Error(codes.Unavailable, "going down")
			}
			if err := stream.Send(message); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return nil
		}
	}
}

func (s *source) GetOptions(_ context.Context, request *configsyncv1.GetOptionsRequest) (*configsyncv1.GetOptionsResponse, error) {
	if request.GetSections()[0] == "secret" {
		return nil, status.Error(codes.Unauthenticated, "no token")
	}
	return &configsyncv1.GetOptionsResponse{Sections: []*configsyncv1.OptionSection{
		{Name: "general", Options: map[string]string{"region": "mypurecloud.ie"}},
	}}, nil
}

func start(t *testing.T, s *source, logger ...*slog.Logger) *directory.Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	configsyncv1.RegisterConfigSyncServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:config-sync",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(t, err)
	client := directory.New(directory.Options{Conn: conn, Logger: append(logger, slog.New(slog.DiscardHandler))[0], Registerer: prometheus.NewRegistry()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		require.NoError(t, conn.Close())
		server.Stop()
	})
	return client
}

func user(id, cloud, employee string, agent bool, logins ...*configsyncv1.AgentLogin) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{
		Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: id, CloudId: cloud,
		Person: &configsyncv1.Person{EmployeeId: employee, Agent: agent, Active: true, Logins: logins},
	}
}

func dn(id, cloud, switchName, number, alias string, kind configsyncv1.MappingKind, dnType configsyncv1.DnType) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{Kind: kind, EngageId: id, CloudId: cloud, Dn: &configsyncv1.Dn{SwitchName: switchName, Number: number, Alias: alias, Type: dnType}}
}

func queue(id, cloud, switchName, number string) *configsyncv1.Mapping {
	return dn(id, cloud, switchName, number, "", configsyncv1.MappingKind_MAPPING_KIND_QUEUE, configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE)
}

func await(t *testing.T, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(10 * time.Second):
		t.Fatal("no change arrived")
	}
}

func send(client *directory.Client, messages chan<- *configsyncv1.WatchResponse, message *configsyncv1.WatchResponse) <-chan struct{} {
	signal := client.Changed()
	messages <- message
	return signal
}

func TestNothingIsKnownUntilTheSnapshotIsComplete(t *testing.T) {
	s := &source{streams: make(chan chan *configsyncv1.WatchResponse)}
	client := start(t, s)
	messages := <-s.streams
	messages <- &configsyncv1.WatchResponse{Upserted: []*configsyncv1.Mapping{queue("201", "q-1", "SIP_Switch", "VQ_Sales")}}
	require.False(t, client.Ready())
	require.Error(t, client.Check(t.Context()))

	await(t, send(client, messages, &configsyncv1.WatchResponse{SnapshotComplete: true}))
	snapshot, ready := client.Snapshot()
	require.True(t, ready)
	require.NoError(t, client.Check(t.Context()))
	found, ok := snapshot.DN("SIP_Switch", "VQ_Sales")
	require.True(t, ok)
	require.Equal(t, "q-1", found.GetCloudId())
}

func TestChangesAreFollowed(t *testing.T) {
	s := &source{streams: make(chan chan *configsyncv1.WatchResponse)}
	client := start(t, s)
	messages := <-s.streams
	await(t, send(client, messages, &configsyncv1.WatchResponse{
		Upserted:         []*configsyncv1.Mapping{user("301", "u-1", "E301", true), user("302", "u-2", "E302", true)},
		SnapshotComplete: true,
	}))
	before, _ := client.Snapshot()
	await(t, send(client, messages, &configsyncv1.WatchResponse{
		Upserted: []*configsyncv1.Mapping{user("303", "u-3", "E303", true)},
		Removed:  []*configsyncv1.MappingKey{{Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: "301"}},
	}))
	after, _ := client.Snapshot()
	require.Len(t, after.Agents(), 2)
	_, ok := after.UserByEmployeeID("301")
	require.False(t, ok)
	_, ok = before.UserByEmployeeID("E301")
	require.True(t, ok, "a snapshot in use never changes")
}

func TestAReconnectReplacesWhatWasHeld(t *testing.T) {
	s := &source{streams: make(chan chan *configsyncv1.WatchResponse)}
	client := start(t, s)
	first := <-s.streams
	await(t, send(client, first, &configsyncv1.WatchResponse{Upserted: []*configsyncv1.Mapping{user("301", "u-1", "E301", true)}, SnapshotComplete: true}))
	close(first)
	second := <-s.streams
	require.True(t, client.Ready(), "the last snapshot stays in use")
	await(t, send(client, second, &configsyncv1.WatchResponse{Upserted: []*configsyncv1.Mapping{user("302", "u-2", "E302", true)}, SnapshotComplete: true}))
	snapshot, _ := client.Snapshot()
	require.Equal(t, 1, snapshot.Size())
	_, ok := snapshot.UserByEmployeeID("E302")
	require.True(t, ok)
}

func TestAConfigSyncThatHasNotSyncedYetIsAskedAgain(t *testing.T) {
	s := &source{streams: make(chan chan *configsyncv1.WatchResponse), refuse: []error{status.Error(codes.Unavailable, "first sync is running")}}
	client := start(t, s)
	messages := <-s.streams
	await(t, send(client, messages, &configsyncv1.WatchResponse{SnapshotComplete: true}))
	require.True(t, client.Ready())
}

// While config-sync has no mapping the reason is the same for minutes, and logged once.
func TestTheSameReasonIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	s := &source{streams: make(chan chan *configsyncv1.WatchResponse), refuse: slices.Repeat([]error{status.Error(codes.Unavailable, "first sync is running")}, 3)}
	client := start(t, s, slog.New(slog.NewTextHandler(&log, nil)))
	messages := <-s.streams
	await(t, send(client, messages, &configsyncv1.WatchResponse{SnapshotComplete: true}))
	require.Equal(t, 1, strings.Count(log.String(), "first sync is running"))
	close(messages)
	messages = <-s.streams
	await(t, send(client, messages, &configsyncv1.WatchResponse{SnapshotComplete: true}))
	require.Contains(t, log.String(), "going down", "another reason is logged")
}

func TestADNNameOnTwoSwitchesIsNeverGuessed(t *testing.T) {
	s := &source{streams: make(chan chan *configsyncv1.WatchResponse)}
	client := start(t, s)
	messages := <-s.streams
	await(t, send(client, messages, &configsyncv1.WatchResponse{SnapshotComplete: true, Upserted: []*configsyncv1.Mapping{
		queue("201", "q-1", "North", "VQ_Sales"), queue("202", "q-2", "South", "VQ_Sales"), queue("203", "q-3", "South", "VQ_Only"),
		dn("204", "", "North", "8001", "8001_SIP", configsyncv1.MappingKind_MAPPING_KIND_DN, configsyncv1.DnType_DN_TYPE_EXTENSION),
		user("301", "u-1", "E301", true, &configsyncv1.AgentLogin{SwitchName: "North", LoginCode: "7001"}),
		user("302", "u-2", "E302", true, &configsyncv1.AgentLogin{SwitchName: "South", LoginCode: "7001"}, &configsyncv1.AgentLogin{SwitchName: "South", LoginCode: "7002"}),
	}}))
	snapshot, _ := client.Snapshot()
	for _, test := range []struct {
		name, switchName, number, want string
	}{
		{"named switch", "South", "VQ_Sales", "202"},
		{"no switch, ambiguous", "", "VQ_Sales", ""},
		{"no switch, unique", "", "VQ_Only", "203"},
		{"alias", "North", "8001_SIP", "204"},
		{"unknown", "North", "VQ_Only", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, ok := snapshot.DN(test.switchName, test.number)
			require.Equal(t, test.want != "", ok)
			require.Equal(t, test.want, found.GetEngageId())
		})
	}
	for _, test := range []struct{ name, switchName, code, want string }{
		{"login on a named switch", "North", "7001", "301"},
		{"login on two switches", "", "7001", ""},
		{"login that is unique", "", "7002", "302"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, ok := snapshot.UserByLogin(test.switchName, test.code)
			require.Equal(t, test.want != "", ok)
			require.Equal(t, test.want, found.GetEngageId())
		})
	}
}

func TestSettingsComeBySection(t *testing.T) {
	s := &source{streams: make(chan chan *configsyncv1.WatchResponse, 1)}
	client := start(t, s)
	settings, err := client.Settings(t.Context(), "general")
	require.NoError(t, err)
	require.Equal(t, "mypurecloud.ie", settings.Text("general", "region"))
	require.Empty(t, settings.Text("general", "missing"))

	_, err = client.Settings(t.Context(), "secret")
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}
