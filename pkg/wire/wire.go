// Package wire puts together what the services have in common, so that each service's own wiring
// shows only what is its own.
package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/host"
	"engage.connector/pkg/store"
)

// Tools are what is injected everywhere.
type Tools struct {
	Logger   *slog.Logger
	Registry *prometheus.Registry
	Now      func() time.Time
}

// Store opens Redis for the service's tenant; it is closed with the service and shown in /health.
func Store(server *host.Host, common host.Common, tools Tools) (*store.Store, error) {
	fields, err := common.RedisFields()
	if err != nil {
		return nil, err
	}
	opened, err := store.Open(store.Options{
		Addrs: fields.Addrs, Username: fields.Username, Password: fields.Password.Reveal(), SentinelMaster: fields.SentinelMaster,
		SentinelUsername: fields.SentinelUsername, SentinelPassword: fields.SentinelPassword.Reveal(), Cluster: fields.Cluster,
		MinReplicas: fields.MinReplicas, TLS: fields.TLS, Prefix: fields.Prefix, Tenant: fields.Tenant,
		Logger: tools.Logger, Registerer: tools.Registry, Now: tools.Now,
	})
	if err != nil {
		return nil, err
	}
	server.OnStop("redis", func(context.Context) error { return opened.Close() })
	server.Dependency("redis", opened.Ping, host.Required(), host.LastUsed(opened.LastUse))
	return opened, nil
}

// Directory returns a client of config-sync whose connection is closed with the service. Whoever
// needs the mapping runs it.
func Directory(server *host.Host, common host.Common, address string, tools Tools) (*directory.Client, error) {
	conn, err := host.DialGRPC(address, common.GRPCTLS, common.GRPCToken.Reveal())
	if err != nil {
		return nil, err
	}
	server.OnStop("connection to config-sync", func(context.Context) error { return conn.Close() })
	return directory.New(directory.Options{Conn: conn, Logger: tools.Logger, Registerer: tools.Registry}), nil
}

// Org returns a client of the EX org for one component.
func Org(component string, cloud directory.Cloud, tools Tools) (*genesys.Client, error) {
	return genesys.New(genesys.Options{
		APIURL: cloud.APIURL, AuthURL: cloud.AuthURL, ClientID: cloud.ClientID, ClientSecret: cloud.ClientSecret,
		Logger: tools.Logger, Registerer: tools.Registry, Now: tools.Now, Component: component, Version: host.Version(),
	})
}

// InstanceName tells the instances of a service apart; it is new at every start.
func InstanceName() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return name + "-" + uuid.NewString()[:8]
}

// Program is how a service becomes a process.
type Program[C any] struct {
	Service string
	Summary string // what the service does, for -help
	Load    func(environ []string) (C, error)
	Common  func(config *C) *host.Common
	// Build wires the service; what it returns runs until the context ends.
	Build func(config C, tools Tools) (*host.Host, error)
}

// CommandLine is what the binary understands, with the commands that only this service has.
func (p Program[C]) CommandLine(own ...host.SubCommand) host.CommandLine {
	var defaults C
	addr := ""
	if service, ok := any(&defaults).(host.Defaulter); ok {
		addr = service.Defaults()["HTTP_ADDR"]
	}
	return host.CommandLine{
		Service: p.Service, Summary: p.Summary, HTTPAddr: addr, Variables: host.Variables[C](), Run: p.Run, Commands: own,
		Check: func(environ []string) error {
			_, err := p.Load(environ)
			return err
		},
	}
}

// Run is the whole life of the process: it ends with ctx and returns the exit code.
func (p Program[C]) Run(ctx context.Context, environ []string, stdout, stderr io.Writer) int {
	config, err := p.Load(environ)
	if err != nil {
		return host.Exit(stderr, err)
	}
	logger, closer, err := p.Common(&config).Logger(stdout, p.Service)
	if err != nil {
		return host.Exit(stderr, err)
	}
	for _, warning := range host.Mistyped(environ, host.Variables[C]()) {
		logger.Warn("a variable looks mistyped", "detail", warning)
	}
	err = p.serve(ctx, config, logger)
	return host.Exit(stderr, errors.Join(err, closer.Close()))
}

func (p Program[C]) serve(ctx context.Context, config C, logger *slog.Logger) error {
	server, err := p.Build(config, Tools{Logger: logger, Registry: prometheus.NewRegistry(), Now: time.Now})
	if err != nil {
		return err
	}
	return server.Run(ctx)
}
