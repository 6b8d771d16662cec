package mapping_test

import (
	"context"
	"net"
	"testing"
	"time"

	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/engage"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedlinks"
	"engage.connector/services/conversation-provider/mapping"
)

type configSync struct {
	configsyncv1.UnimplementedConfigSyncServiceServer
}

func dn(kind configsyncv1.MappingKind, cloud, switchName, number string, t configsyncv1.DnType) *configsyncv1.Mapping {
	return &configsyncv1.Mapping{
		Kind: kind, EngageId: switchName + number, CloudId: cloud,
		Dn: &configsyncv1.Dn{SwitchName: switchName, Number: number, Type: t},
	}
}

func (configSync) Watch(_ *configsyncv1.WatchRequest, stream grpc.ServerStreamingServer[configsyncv1.WatchResponse]) error {
	queue, plain := configsyncv1.MappingKind_MAPPING_KIND_QUEUE, configsyncv1.MappingKind_MAPPING_KIND_DN
	person := func(id, cloud, login string, active bool) *configsyncv1.Mapping {
		return &configsyncv1.Mapping{
			Kind: configsyncv1.MappingKind_MAPPING_KIND_USER, EngageId: id, CloudId: cloud,
			Person: &configsyncv1.Person{EmployeeId: id, Active: active, Logins: []*configsyncv1.AgentLogin{{SwitchName: "A", LoginCode: login}}},
		}
	}
	err := stream.Send(&configsyncv1.WatchResponse{SnapshotComplete: true, Upserted: []*configsyncv1.Mapping{
		dn(queue, "q1", "A", "VQ", configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE),
		dn(queue, "", "A", "VQ_New", configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE),
		dn(queue, "q2", "B", "VQ_B", configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE),
		dn(plain, "", "A", "4001", configsyncv1.DnType_DN_TYPE_EXTENSION),
		dn(plain, "", "B", "4001", configsyncv1.DnType_DN_TYPE_ROUTING_POINT),
		dn(plain, "", "A", "8000", configsyncv1.DnType_DN_TYPE_ROUTING_POINT),
		dn(plain, "", "A", "9000", configsyncv1.DnType_DN_TYPE_ACD_QUEUE),
		person("1", "u1", "1001", true), person("2", "", "1002", true), person("3", "u3", "1003", false),
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_WRAPUP_CODE, EngageId: "Resolved", CloudId: "w1"},
		{Kind: configsyncv1.MappingKind_MAPPING_KIND_SOURCE, EngageId: "101", CloudId: "s1"},
	}})
	if err == nil {
		<-stream.Context().Done()
	}
	return err
}

func client(t *testing.T) *directory.Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	configsyncv1.RegisterConfigSyncServiceServer(server, configSync{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///bufconn", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return directory.New(directory.Options{Conn: conn, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()})
}

// ledger: E-EXCP-003, E-EXCP-017, E-EXCP-018, E-EXCP-019, E-EXCP-020, E-EXCP-036, E-EXCP-077
func TestNamesMeanWhatConfigSyncSays(t *testing.T) {
	c := client(t)
	m := mapping.New(c, "A")
	require.False(t, m.Ready())
	_, ok := m.Queue("VQ")
	require.False(t, ok)
	require.Equal(t, conversation.DNUnknown, m.DNKind("4001"))
	_, ok = m.User("1001")
	require.False(t, ok)
	_, ok = m.WrapUpCode("Resolved")
	require.False(t, ok)
	require.Empty(t, m.SourceID())

	changed := c.Changed()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	defer func() { cancel(); <-done }()
	select {
	case <-changed:
	case <-time.After(10 * time.Second):
		t.Fatal("no snapshot came")
	}
	require.True(t, m.Ready())
	_, ok = m.Queue("VQ")
	require.False(t, ok, "an answer does not change between two questions")
	m.Refresh()
	id, ok := m.Queue("VQ")
	require.True(t, ok)
	require.Equal(t, "q1", id)
	for _, number := range []string{"VQ_New", "4001", "unknown"} {
		_, ok = m.Queue(number)
		require.False(t, ok, number)
	}
	for number, kind := range map[string]conversation.DNKind{
		"4001": conversation.DNExtension, "8000": conversation.DNRoutingPoint, "VQ": conversation.DNVirtualQueue,
		"9000": conversation.DNOther, "VQ_B": conversation.DNVirtualQueue, "VQ_C": conversation.DNUnknown,
	} {
		require.Equal(t, kind, m.DNKind(number), number)
	}
	nowhere := mapping.New(c, "")
	nowhere.Refresh()
	require.Equal(t, conversation.DNUnknown, nowhere.DNKind("4001"), "on two switches: no guess")
	id, ok = m.User("1001")
	require.True(t, ok)
	require.Equal(t, "u1", id)
	for _, login := range []string{"", "1002", "1003", "9"} {
		_, ok = m.User(login)
		require.False(t, ok, login)
	}
	id, ok = m.WrapUpCode("Resolved")
	require.True(t, ok)
	require.Equal(t, "w1", id)
	require.Equal(t, "s1", m.SourceID())
	requireLinks(t, c)
}

// Three links, each with its own DNs; those of other switches are left out.
//
// ledger: E-EXCP-001, E-EXCP-007, E-EXCP-016, E-EXCP-022
func requireLinks(t *testing.T, c *directory.Client) {
	t.Helper()
	snapshot, ok := c.Snapshot()
	require.True(t, ok)
	pairs := [][]string{{"p:1", "b:1"}, {"p:2"}}
	queues := feedlinks.Links("", feedlinks.Queues, pairs)
	require.Equal(t, []string{"vq", "vq-2"}, []string{queues[0].Name, queues[1].Name})
	spec := feedlinks.Spec(queues[0], snapshot, "A")
	require.Equal(t, engage.LinkSpec{
		Kind: engage.KindTServer, Endpoints: []string{"p:1", "b:1"},
		Register: []engage.Registration{{DN: "VQ", Type: "VirtualQueue"}, {DN: "VQ_New", Type: "VirtualQueue"}},
	}, spec)
	require.Len(t, feedlinks.Spec(queues[0], snapshot, "").Register, 3)
	agents := feedlinks.Spec(feedlinks.Links("", feedlinks.Agents, pairs[:1])[0], snapshot, "A")
	require.Equal(t, []engage.Registration{{DN: "4001", Type: "Extension"}}, agents.Register)
	calls := feedlinks.Spec(feedlinks.Links("", feedlinks.Calls, pairs[:1])[0], snapshot, "A")
	require.True(t, calls.CallMonitoring)
	require.Empty(t, calls.Register)
}
