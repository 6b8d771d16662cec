package statetest

import (
	"context"
	"net"
	"net/http/httptest"

	"google.golang.org/grpc"

	configsyncv1 "engage.connector/proto/configsync/v1"
)

// World is everything that the service connects to, but Redis.
type World struct {
	Edge   *Edge
	Org    *Org
	Config *Config

	edge   *httptest.Server
	org    *httptest.Server
	server *grpc.Server
	addr   string
}

// Start starts a world on free ports; Close ends it.
func Start() (*World, error) {
	w := &World{Edge: NewEdge(), Org: NewOrg(), Config: NewConfig(), server: grpc.NewServer()}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.addr = listener.Addr().String()
	w.edge, w.org = httptest.NewServer(w.Edge.Handler()), httptest.NewServer(w.Org.Handler())
	w.Config.org = w.org.URL
	configsyncv1.RegisterConfigSyncServiceServer(w.server, w.Config)
	go func() { _ = w.server.Serve(listener) }()
	return w, nil
}

// Close ends the world.
func (w *World) Close() {
	w.edge.CloseClientConnections()
	w.edge.Close()
	w.org.Close()
	w.server.Stop()
}

// Environ is the environment of an instance in this world.
func (w *World) Environ(redis string) []string {
	return append(Environ(w.edge.URL, w.addr, redis),
		"STAT_SERVER_PRIMARY_HOST=stat1", "STAT_SERVER_PRIMARY_PORT=2060", "STAT_SERVER_BACKUP_HOST=stat2", "STAT_SERVER_BACKUP_PORT=2060")
}

// Environ is the environment of an instance without the source of the states.
func Environ(edge, configSync, redis string) []string {
	return []string{
		"TENANT_ID=101", "TENANT_NAME=Resources", "REDIS_ADDR=" + redis, "CONFIG_SYNC_ADDR=" + configSync, "ENGAGE_FEED_URL=" + edge,
		"ENGAGE_FEED_TOKEN=" + Token, "HTTP_ADDR=127.0.0.1:0", "GRPC_ADDR=127.0.0.1:0", "ALLOW_UNAUTHENTICATED=true",
	}
}

// DeskEnviron is the environment of an instance that has no Stat Server.
func (w *World) DeskEnviron(redis string) []string {
	return append(Environ(w.edge.URL, w.addr, redis), "VOICE_SERVER_AGENT="+Switch+"=sip1:8000/sip2:8000")
}
