// Package app runs the lab as one process: the EX org, the Engage site, the embedded Redis, and the
// page, all on loopback.
package app

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says. Secrets have no default: whoever starts the lab makes them.
type Config struct {
	HTTPAddr  string  `env:"LAB_HTTP_ADDR" envDefault:"127.0.0.1:8900"`
	RedisAddr string  `env:"LAB_REDIS_ADDR"` // where the embedded Redis listens; empty for none
	Agents    int     `env:"LAB_AGENTS" envDefault:"25"`
	Seed      int64   `env:"LAB_SEED" envDefault:"1"`
	Speed     float64 `env:"LAB_SPEED" envDefault:"1"`
	Dir       string  `env:"LAB_DIR,required"`      // private folder for recordings and the embedded Config DB
	MCPDest   string  `env:"LAB_MCP_DEST,required"` // where recordings' metadata is posted

	FeedToken      string `env:"LAB_FEED_TOKEN,required"`
	WebDAVPassword string `env:"LAB_WEBDAV_PASSWORD,required"`
	OAuthSecret    string `env:"LAB_OAUTH_SECRET,required"`

	DBType     string `env:"CONFIG_DB_TYPE" envDefault:"sqlite"`
	DBHost     string `env:"CONFIG_DB_HOST"`
	DBPort     string `env:"CONFIG_DB_PORT" envDefault:"5432"`
	DBName     string `env:"CONFIG_DB_NAME,required"`
	DBUser     string `env:"CONFIG_DB_USER"`
	DBPassword string `env:"CONFIG_DB_PASSWORD"`
}

const (
	maxAgents = 5000
	maxSpeed  = 100
)

// LoadConfig reads the environment and reports all faults at once.
func LoadConfig(environ []string) (Config, error) {
	config, err := env.ParseAsWithOptions[Config](env.Options{Environment: env.ToMap(environ)})
	faults := []error{err}
	check := func(ok bool, text string) {
		if !ok {
			faults = append(faults, errors.New(text))
		}
	}
	check(config.Agents >= 1 && config.Agents <= maxAgents, fmt.Sprintf("LAB_AGENTS must be from 1 to %d", maxAgents))
	check(config.Speed > 0 && config.Speed <= maxSpeed, fmt.Sprintf("LAB_SPEED must be above 0 and at most %d", maxSpeed))
	check(config.DBType == "sqlite" || config.DBType == "postgresql", "CONFIG_DB_TYPE must be sqlite or postgresql")
	check(config.DBType != "postgresql" || config.DBHost != "", "CONFIG_DB_HOST is needed for postgresql")
	for name, address := range map[string]string{"LAB_HTTP_ADDR": config.HTTPAddr, "LAB_REDIS_ADDR": config.RedisAddr} {
		check(address == "" || isLoopback(address), name+" must be a loopback address: the lab has no access control of its own")
	}
	if joined := errors.Join(faults...); joined != nil {
		return Config{}, fmt.Errorf("configuration of the lab: %w", joined)
	}
	return config, nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// dsn is how the site reaches the database that it fills.
func (c *Config) dsn() string {
	if c.DBType == "sqlite" {
		return c.DBName
	}
	parts := []string{"host=" + quoted(c.DBHost), "port=" + quoted(c.DBPort), "dbname=" + quoted(c.DBName), "user=" + quoted(c.DBUser)}
	if c.DBPassword != "" {
		parts = append(parts, "password="+quoted(c.DBPassword))
	}
	return strings.Join(parts, " ")
}

// quoted writes a value of a PostgreSQL connection string.
func quoted(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}
