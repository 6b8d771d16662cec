// Package app wires agent-state-sync (EXAS).
package app

import (
	"net"
	"net/url"
	"strconv"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/host"
	"engage.connector/pkg/wire"
	"engage.connector/services/agent-state-sync/deskfeed"
	"engage.connector/services/agent-state-sync/presence"
)

// Config is what the environment says.
type Config struct {
	host.Common

	ConfigSyncAddr string      `env:"CONFIG_SYNC_ADDR,required" help:"host:port of config-sync's gRPC"`
	FeedURL        string      `env:"ENGAGE_FEED_URL,required" help:"the URL of the Engage edge, such as https://edge.example:8443"`
	FeedToken      host.Secret `env:"ENGAGE_FEED_TOKEN" help:"the bearer token of the Engage edge"`
	FeedCharset    string      `env:"ENGAGE_FEED_CHARSET" envDefault:"windows-1252" help:"what the edge's text is taken for that is not UTF-8, such as iso-8859-2 or shift_jis"`
	Delivery       wire.Delivery
	LinkPatience   time.Duration `env:"LINK_PATIENCE" envDefault:"10s" help:"how long states wait for a link that is down or lags, to be read in the order of their times"`

	PrimaryHost string `env:"STAT_SERVER_PRIMARY_HOST" help:"the primary Stat Server; required, with the three variables below, unless VOICE_SERVER_AGENT is set"`
	PrimaryPort string `env:"STAT_SERVER_PRIMARY_PORT" help:"its port, 2060 by default in Engage"`
	BackupHost  string `env:"STAT_SERVER_BACKUP_HOST" help:"the backup Stat Server; repeat the primary where there is none"`
	BackupPort  string `env:"STAT_SERVER_BACKUP_PORT" help:"its port"`
	TServers    string `env:"VOICE_SERVER_AGENT" help:"where there is no Stat Server: the SIP Server pairs whose extensions tell the agents' states, [SWITCH=]primary:port/backup:port, several pairs separated by commas"`

	PresenceReasons string `env:"PRESENCE_REASONS" help:"further names of the reasons that give Break, Meal, Meeting and Training, such as Break=Pause|Kaffee,Meal=Mittag; compared exactly"`
	CustomPresences string `env:"CUSTOM_PRESENCES" help:"beyond the guide: reasons that give a presence of the org's own, reason|reason=ID of the presence definition, several separated by commas; by default every other reason gives Busy"`

	AdherenceTolerance time.Duration `env:"ADHERENCE_TOLERANCE" envDefault:"5s" help:"how late the org may show a state before the interval stands in the adherence report"`
	AdherenceGaps      int           `env:"ADHERENCE_GAPS" envDefault:"200000" help:"how many intervals the adherence report keeps, about 50 bytes each, in memory and in Redis"`
	MaxOutbox          int           `env:"MAX_OUTBOX" envDefault:"100000" help:"how many events wait for the org before further states wait in the agents' backlogs, where intermediate ones can be dropped"`
	AgentBacklog       int           `env:"AGENT_BACKLOG" envDefault:"64" help:"how many states of an agent wait in the backlog; beyond that the oldest intermediate ones are dropped and reported"`
}

// Default ports: the guide's for HTTP, the next one for gRPC.
const (
	DefaultHTTPAddr = ":3630"
	DefaultGRPCAddr = ":3631"
)

const (
	maxPatience  = 10 * time.Minute
	maxTolerance = time.Hour
	minGaps      = 1000
	maxGaps      = 5_000_000
	maxOutbox    = 900_000 // the store refuses more than 1,000,000
	maxBacklog   = 10_000
)

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
	add(c.LinkPatience < time.Second || c.LinkPatience > maxPatience, "LINK_PATIENCE", c.LinkPatience.String()+" is out of range", "choose from 1s to 10m")
	add(c.AdherenceTolerance < time.Second || c.AdherenceTolerance > maxTolerance, "ADHERENCE_TOLERANCE", c.AdherenceTolerance.String()+" is out of range", "choose from 1s to 1h")
	add(c.AdherenceGaps < minGaps || c.AdherenceGaps > maxGaps, "ADHERENCE_GAPS", strconv.Itoa(c.AdherenceGaps)+" is out of range", "choose from 1000 to 5000000")
	add(c.MaxOutbox < 1 || c.MaxOutbox > maxOutbox, "MAX_OUTBOX", strconv.Itoa(c.MaxOutbox)+" is out of range", "choose from 1 to 900000")
	add(c.AgentBacklog < 1 || c.AgentBacklog > maxBacklog, "AGENT_BACKLOG", strconv.Itoa(c.AgentBacklog)+" is out of range", "choose from 1 to 10000")
	if _, err := presence.ParseReasons(c.PresenceReasons); err != nil {
		add(true, "PRESENCE_REASONS", err.Error(), "write Break=Pause|Kaffee,Meal=Mittag")
	}
	if _, err := presence.ParseCustom(c.CustomPresences); err != nil {
		add(true, "CUSTOM_PRESENCES", err.Error(), "write reason|reason=ID, with the id of a presence definition of the org")
	}
	return append(append(faults, c.Delivery.Validate()...), c.sourceFaults()...)
}

// usesDesks tells whether the states come from T-Servers: only where no Stat Server is configured.
func (c *Config) usesDesks() bool {
	return c.TServers != "" && c.PrimaryHost == "" && c.PrimaryPort == "" && c.BackupHost == "" && c.BackupPort == ""
}

// sourceFaults checks where the states come from.
func (c *Config) sourceFaults() []error {
	var faults []error
	add := func(broken bool, variable, problem, fix string) {
		if broken {
			faults = append(faults, host.BadVariable(variable, problem, fix))
		}
	}
	if c.TServers != "" {
		if _, err := deskfeed.Parse("VOICE_SERVER_AGENT", c.TServers); err != nil {
			add(true, "VOICE_SERVER_AGENT", err.Error(), "write [SWITCH=]primary:port/backup:port")
		}
	}
	if c.usesDesks() {
		return faults
	}
	for variable, value := range map[string]string{
		"STAT_SERVER_PRIMARY_HOST": c.PrimaryHost, "STAT_SERVER_PRIMARY_PORT": c.PrimaryPort,
		"STAT_SERVER_BACKUP_HOST": c.BackupHost, "STAT_SERVER_BACKUP_PORT": c.BackupPort,
	} {
		add(value == "", variable, "is not set", "set all four STAT_SERVER_ variables, or none of them and VOICE_SERVER_AGENT")
	}
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

// rules are the center's choices about the table.
func (c *Config) rules() presence.Rules {
	reasons, _ := presence.ParseReasons(c.PresenceReasons) // both were checked
	custom, _ := presence.ParseCustom(c.CustomPresences)
	return presence.Rules{Reasons: reasons, Custom: custom}
}

// endpoints are the Stat Server pair, the primary first.
func (c *Config) endpoints() []string {
	return []string{net.JoinHostPort(c.PrimaryHost, c.PrimaryPort), net.JoinHostPort(c.BackupHost, c.BackupPort)}
}
