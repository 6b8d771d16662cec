// Package app wires agent-state-sync (EXAS).
package app

import (
	"net"
	"net/url"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/host"
	"engage.connector/pkg/wire"
)

// Config is what the environment says.
type Config struct {
	host.Common

	ConfigSyncAddr string      `env:"CONFIG_SYNC_ADDR,required" help:"host:port of config-sync's gRPC"`
	FeedURL        string      `env:"ENGAGE_FEED_URL,required" help:"the URL of the Engage edge, such as https://edge.example:8443"`
	FeedToken      host.Secret `env:"ENGAGE_FEED_TOKEN" help:"the bearer token of the Engage edge"`
	FeedCharset    string      `env:"ENGAGE_FEED_CHARSET" envDefault:"windows-1252" help:"what the edge's text is taken for that is not UTF-8, such as iso-8859-2 or shift_jis"`
	Delivery       wire.Delivery
	ReorderWindow  time.Duration `env:"REORDER_WINDOW" envDefault:"250ms" help:"how long events wait for earlier ones of other links"`

	PrimaryHost string `env:"STAT_SERVER_PRIMARY_HOST,required" help:"the primary Stat Server"`
	PrimaryPort string `env:"STAT_SERVER_PRIMARY_PORT,required" help:"its port, 2060 by default in Engage"`
	BackupHost  string `env:"STAT_SERVER_BACKUP_HOST,required" help:"the backup Stat Server; repeat the primary where there is none"`
	BackupPort  string `env:"STAT_SERVER_BACKUP_PORT,required" help:"its port"`
}

// Default ports: the guide's for HTTP, the next one for gRPC.
const (
	DefaultHTTPAddr = ":3630"
	DefaultGRPCAddr = ":3631"
)

const maxReorderWindow = 10 * time.Second

// Load reads the configuration and reports all faults at once.
func Load(environ []string) (Config, error) {
	return host.Load(environ, (*Config).faults)
}

// Defaults are the service's own addresses.
func (*Config) Defaults() map[string]string {
	return map[string]string{"HTTP_ADDR": DefaultHTTPAddr, "GRPC_ADDR": DefaultGRPCAddr}
}

func (c *Config) faults() []error {
	var faults []error
	add := func(broken bool, variable, problem, fix string) {
		if broken {
			faults = append(faults, host.BadVariable(variable, problem, fix))
		}
	}
	if c.ConfigSyncAddr != "" {
		if fault := host.AddrFault("CONFIG_SYNC_ADDR", c.ConfigSyncAddr); fault != nil {
			faults = append(faults, fault)
		}
	}
	_, err := engage.NewCharset(c.FeedCharset)
	add(err != nil, "ENGAGE_FEED_CHARSET", "is no character set that is known", "write a name such as windows-1252, iso-8859-2 or shift_jis")
	if c.FeedURL != "" {
		feed, err := url.Parse(c.FeedURL)
		add(err != nil || feed.Host == "" || feed.Scheme != "http" && feed.Scheme != "https", "ENGAGE_FEED_URL", "is no http or https URL", "write https://host:port")
	}
	add(c.ReorderWindow < 0 || c.ReorderWindow > maxReorderWindow, "REORDER_WINDOW", c.ReorderWindow.String()+" is out of range", "choose from 0s to 10s")
	for _, server := range []struct{ host, port, hostName, portName string }{
		{c.PrimaryHost, c.PrimaryPort, "STAT_SERVER_PRIMARY_HOST", "STAT_SERVER_PRIMARY_PORT"},
		{c.BackupHost, c.BackupPort, "STAT_SERVER_BACKUP_HOST", "STAT_SERVER_BACKUP_PORT"},
	} {
		if server.host != "" && server.port != "" {
			fault := host.AddrFault(server.portName, net.JoinHostPort(server.host, server.port))
			add(fault != nil, server.portName, "together with "+server.hostName+" gives no address", "write a name or an IP address, and a port from 1 to 65535")
		}
	}
	return faults
}

// endpoints are the Stat Server pair, the primary first.
func (c *Config) endpoints() []string {
	return []string{net.JoinHostPort(c.PrimaryHost, c.PrimaryPort), net.JoinHostPort(c.BackupHost, c.BackupPort)}
}
