// Package app wires conversation-provider (EXCP).
package app

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/host"
	"engage.connector/pkg/wire"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/feedlinks"
)

// Config is what the environment says.
type Config struct {
	host.Common

	ConfigSyncAddr        string        `env:"CONFIG_SYNC_ADDR,required" help:"host:port of config-sync's gRPC"`
	RecordingProviderAddr string        `env:"RECORDING_PROVIDER_ADDR" help:"host:port of recording-provider's gRPC; only for recording injection"`
	FeedURL               string        `env:"ENGAGE_FEED_URL,required" help:"the URL of the Engage edge, such as https://edge.example:8443"`
	FeedToken             host.Secret   `env:"ENGAGE_FEED_TOKEN" help:"the bearer token of the Engage edge"`
	FeedCharset           string        `env:"ENGAGE_FEED_CHARSET" envDefault:"windows-1252" help:"what the edge's text is taken for that is not UTF-8, such as iso-8859-2 or shift_jis"`
	MetadataAllowFrom     host.Networks `env:"METADATA_ALLOW_FROM" help:"the networks from which MCP may post metadata without credentials, separated by commas"`
	Delivery              wire.Delivery

	VoiceServerVQ    string `env:"VOICE_SERVER_VQ,required" help:"the SIP Server pair of the virtual queues, primary:port/backup:port; several pairs separated by commas"`
	VoiceServerAgent string `env:"VOICE_SERVER_AGENT,required" help:"the SIP Server pair of the extensions, primary:port/backup:port; several pairs separated by commas"`
	VoiceServerCall  string `env:"VOICE_SERVER_CALL,required" help:"the SIP Server pair of call monitoring, primary:port/backup:port; several pairs separated by commas"`

	SwitchName     string        `env:"SWITCH_NAME" help:"the switch of these SIP Servers: its DNs are registered, and preferred where one number stands on several switches; default: all switches"`
	SwitchNameVQ   string        `env:"SWITCH_NAME_VQ" help:"the switch of the virtual queues, where they have a SIP Server of their own; default: SWITCH_NAME"`
	LinkPrefix     string        `env:"LINK_PREFIX" help:"what the names of this pair's links begin with; needed where several pairs share one Engage edge"`
	LinkGrace      time.Duration `env:"LINK_GRACE" envDefault:"2s" help:"how long a decision waits for what belongs to it, by the clock of the events, on links that are connected and caught up"`
	LinkPatience   time.Duration `env:"LINK_PATIENCE" envDefault:"5m" help:"how long calls wait for a link that is down or lags; then they are told without it"`
	WrapUpTimeout  time.Duration `env:"WRAPUP_TIMEOUT" envDefault:"5m" help:"how long after-call work may last before the disposition is applied"`
	MaxCallAge     time.Duration `env:"MAX_CALL_AGE" envDefault:"24h" help:"the age at which a call whose end was never reported is ended in the org"`
	MaxTraces      int           `env:"MAX_TRACES" envDefault:"50000" help:"ended calls of the last 24 hours whose traces are kept, about 1 KB each, in memory and in Redis"`
	CallModel      string        `env:"CALL_MODEL" envDefault:"guide" help:"how far the model of the org is used: guide keeps the limits of the vendor's guide, extended shows what can be told truthfully beyond them (see docs/call-model.md)"`
	DispositionKey string        `env:"DISPOSITION_KEY" envDefault:"DispositionCode" help:"the user data key of the disposition"`
}

// Default ports: the guide's for HTTP, the next one for gRPC.
const (
	DefaultHTTPAddr = ":3650"
	DefaultGRPCAddr = ":3651"
)

const (
	maxLinkGrace = time.Minute
	maxPatience  = time.Hour
	maxWrapUp    = 2 * time.Hour
	minCallAge   = time.Minute
	maxCallAge   = 7 * 24 * time.Hour
	minTraces    = 100
	maxTraces    = 1_000_000
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
	for variable, addr := range map[string]string{"CONFIG_SYNC_ADDR": c.ConfigSyncAddr, "RECORDING_PROVIDER_ADDR": c.RecordingProviderAddr} {
		if addr != "" {
			if fault := host.AddrFault(variable, addr); fault != nil {
				faults = append(faults, fault)
			}
		}
	}
	_, err := engage.NewCharset(c.FeedCharset)
	add(err != nil, "ENGAGE_FEED_CHARSET", "is no character set that is known", "write a name such as windows-1252, iso-8859-2 or shift_jis")
	if c.FeedURL != "" {
		feed, err := url.Parse(c.FeedURL)
		add(err != nil || feed.Host == "" || feed.Scheme != "http" && feed.Scheme != "https", "ENGAGE_FEED_URL", "is no http or https URL", "write https://host:port")
	}
	add(c.LinkPatience < time.Second || c.LinkPatience > maxPatience, "LINK_PATIENCE", c.LinkPatience.String()+" is out of range", "choose from 1s to 1h")
	add(c.LinkGrace <= 0 || c.LinkGrace > maxLinkGrace, "LINK_GRACE", c.LinkGrace.String()+" is out of range", "choose more than 0s, at most 1m")
	add(c.WrapUpTimeout <= 0 || c.WrapUpTimeout > maxWrapUp, "WRAPUP_TIMEOUT", c.WrapUpTimeout.String()+" is out of range", "choose more than 0s, at most 2h")
	add(c.MaxCallAge < minCallAge || c.MaxCallAge > maxCallAge, "MAX_CALL_AGE", c.MaxCallAge.String()+" is out of range", "choose from 1m to 168h")
	add(c.MaxTraces < minTraces || c.MaxTraces > maxTraces, "MAX_TRACES", strconv.Itoa(c.MaxTraces)+" is out of range", "choose from 100 to 1000000")
	add(!slices.Contains(conversation.CallModels(), conversation.CallModel(c.CallModel)), "CALL_MODEL", c.CallModel+" is not a call model", "choose guide or extended")
	add(!feedlinks.ValidPrefix(c.LinkPrefix), "LINK_PREFIX", "has other characters than letters, digits and hyphens, or more than 32", "write something like site-a-")
	for _, server := range c.servers() {
		if server.text == "" {
			continue // already reported as missing
		}
		_, err := feedlinks.ParsePairs(server.variable, server.text)
		add(err != nil, server.variable, errorText(err), "write primary:port/backup:port")
	}
	return faults
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

type voiceServer struct {
	variable string
	purpose  feedlinks.Purpose
	text     string
}

func (c *Config) servers() []voiceServer {
	return []voiceServer{
		{"VOICE_SERVER_VQ", feedlinks.Queues, c.VoiceServerVQ},
		{"VOICE_SERVER_AGENT", feedlinks.Agents, c.VoiceServerAgent},
		{"VOICE_SERVER_CALL", feedlinks.Calls, c.VoiceServerCall},
	}
}

// links are the links to declare at the edge.
func (c *Config) links() ([]feedlinks.Link, error) {
	var links []feedlinks.Link
	var faults []error
	for _, server := range c.servers() {
		pairs, err := feedlinks.ParsePairs(server.variable, server.text)
		faults = append(faults, err)
		links = append(links, feedlinks.Links(c.LinkPrefix, server.purpose, pairs)...)
	}
	return links, errors.Join(faults...)
}

// rules are the settings of the conversation's rules.
func (c *Config) rules() conversation.Options {
	return conversation.Options{Grace: c.LinkGrace, Patience: c.LinkPatience, WrapUpTimeout: c.WrapUpTimeout, DispositionKey: c.DispositionKey, CallModel: conversation.CallModel(c.CallModel)}
}
