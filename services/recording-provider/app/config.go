// Package app wires recording-provider (EXRP).
package app

import (
	"strconv"
	"time"

	"engage.connector/pkg/host"
)

// Config is what the environment says.
type Config struct {
	host.Common

	ConfigSyncAddr string        `env:"CONFIG_SYNC_ADDR,required" help:"host:port of config-sync's gRPC"`
	Workers        int           `env:"RECORDING_WORKERS" envDefault:"12" help:"how many recordings are injected at a time; each waits two seconds until its upload place is safe in Redis"`
	PermanentFor   time.Duration `env:"DELIVERY_PERMANENT_FOR" envDefault:"5m" help:"how long a recording must be refused for good, or a file be unreadable, before it is parked; counts only while org and storage can be reached"`
	MaxBytes       int64         `env:"RECORDING_MAX_BYTES" envDefault:"67108864" help:"the largest recording in bytes; each worker may hold three times as much in memory"`

	// Names of the guide's .env for Config Server. Its options come from config-sync, so they are
	// accepted and not used.
	ConfigServerUser        string      `env:"CONFIG_SERVER_USER" help:"accepted, not used: options come from config-sync"`
	ConfigServerPassword    host.Secret `env:"CONFIG_SERVER_PASSWORD" help:"accepted, not used"`
	ConfigServerApplication string      `env:"CONFIG_SERVER_APPLICATION" help:"accepted, not used"`
	ConfigServerPrimaryHost string      `env:"CONFIG_SERVER_PRIMARY_HOST" help:"accepted, not used"`
	ConfigServerPrimaryPort string      `env:"CONFIG_SERVER_PRIMARY_PORT" help:"accepted, not used"`
}

// Default ports: the guide's for HTTP, the next one for gRPC.
const (
	DefaultHTTPAddr = ":8080"
	DefaultGRPCAddr = ":8081"
)

const (
	maxWorkers  = 64
	minMaxBytes = 1 << 16
)

// Load reads the configuration and reports all faults at once.
func Load(environ []string) (Config, error) {
	return host.Load(environ, func(c *Config) []error {
		var faults []error
		if fault := host.AddrFault("CONFIG_SYNC_ADDR", c.ConfigSyncAddr); c.ConfigSyncAddr != "" && fault != nil {
			faults = append(faults, fault)
		}
		if c.Workers < 1 || c.Workers > maxWorkers {
			faults = append(faults, host.BadVariable("RECORDING_WORKERS", strconv.Itoa(c.Workers)+" is out of range", "choose from 1 to 64"))
		}
		if c.PermanentFor < time.Second || c.PermanentFor > 30*24*time.Hour {
			faults = append(faults, host.BadVariable("DELIVERY_PERMANENT_FOR", c.PermanentFor.String()+" is out of range", "choose from 1s to 720h"))
		}
		if c.MaxBytes < minMaxBytes {
			faults = append(faults, host.BadVariable("RECORDING_MAX_BYTES", strconv.FormatInt(c.MaxBytes, 10)+" is too small", "allow at least 65536 bytes"))
		}
		return faults
	})
}

// Defaults are the service's own addresses.
func (*Config) Defaults() map[string]string {
	return map[string]string{"HTTP_ADDR": DefaultHTTPAddr, "GRPC_ADDR": DefaultGRPCAddr}
}
