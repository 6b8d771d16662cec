package host

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Common is the part of the configuration that every service has. A service embeds it.
type Common struct {
	TenantID     string        `env:"TENANT_ID,required" help:"the DBID of the tenant in the Config DB, such as 101"`
	TenantName   string        `env:"TENANT_NAME" help:"the name of the tenant in the Config DB"`
	HTTPAddr     string        `env:"HTTP_ADDR" help:"the address to serve HTTP on, such as :8080"`
	GRPCAddr     string        `env:"GRPC_ADDR" help:"the address to serve gRPC on, such as :8081"`
	LogLevel     string        `env:"LOG_LEVEL" envDefault:"info" help:"how much to log"`
	DrainTimeout time.Duration `env:"DRAIN_TIMEOUT" envDefault:"10s" help:"how long an orderly end may take"`
	Log          LogConfig
	Redis        RedisConfig
	GRPCTLS      TLSFiles
	GRPCToken    Secret `env:"GRPC_TOKEN" help:"the bearer token that the services share"`
	API          APIConfig
}

// APIConfig says who may use the service's HTTP and gRPC interfaces. Without any of it only /health,
// /ready, /metrics and the public part of /status answer.
type APIConfig struct {
	Token                Secret `env:"API_TOKEN" help:"the token that opens all of the service's interface"`
	CredentialsFile      string `env:"API_CREDENTIALS_FILE" help:"the file of callers, a line NAME ROLE,ROLE SECRET each; read again when it changes"`
	AllowUnauthenticated bool   `env:"ALLOW_UNAUTHENTICATED" envDefault:"false" help:"true to let anybody read and change everything"`
	HTTPTLS              bool   `env:"HTTP_TLS" envDefault:"true" help:"false to serve HTTP in plaintext although the GRPC_TLS files are set, behind a load balancer that encrypts"`
}

// RedisConfig says where Redis is. Sentinel is used when SentinelMaster is set, the cluster when
// there is more than one address.
type RedisConfig struct {
	Addrs          []string `env:"REDIS_ADDR,required" help:"host:port of Redis, several separated by commas"`
	Username       string   `env:"REDIS_USERNAME" help:"the ACL user"`
	Password       Secret   `env:"REDIS_PASSWORD" help:"the password"`
	TLS            bool     `env:"REDIS_TLS" help:"true to connect by TLS"`
	TLSCAFile      string   `env:"REDIS_TLS_CA_FILE" help:"the PEM file of the authority that signed Redis' certificate"`
	TLSCertFile    string   `env:"REDIS_TLS_CERT_FILE" help:"the PEM file of the client certificate, where Redis asks for one"`
	TLSKeyFile     string   `env:"REDIS_TLS_KEY_FILE" help:"the PEM file of the client certificate's key"`
	SentinelMaster string   `env:"REDIS_SENTINEL_MASTER" help:"the master's name in Sentinel"`
	// The sentinels have users and passwords of their own.
	SentinelUsername string `env:"REDIS_SENTINEL_USERNAME" help:"the ACL user of the sentinels"`
	SentinelPassword Secret `env:"REDIS_SENTINEL_PASSWORD" help:"the password of the sentinels (their requirepass)"`
	Cluster          bool   `env:"REDIS_CLUSTER" help:"true for a Redis Cluster of which REDIS_ADDR names only one node"`
	MinReplicas      *int   `env:"REDIS_MIN_REPLICAS" help:"how many replicas must have what is acknowledged to somebody who will not send it again; by default one, as soon as one has been seen"`
	KeyPrefix        string `env:"REDIS_KEY_PREFIX" envDefault:"engage-connector" help:"what every key begins with"`
}

const (
	minDrainTimeout = 100 * time.Millisecond
	maxDrainTimeout = 10 * time.Minute
)

// plainNamePattern is what may stand in a Redis key without changing its meaning: in particular no brace,
// because {tenant} is the hash tag, and no colon, which separates the parts of a key.
var plainNamePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Validate checks what the types alone cannot.
func (c *Common) Validate() []error {
	var faults faultList
	if c.TenantID != "" && !plainNamePattern.MatchString(c.TenantID) {
		faults.add(BadVariable("TENANT_ID", strconv.Quote(c.TenantID)+" is not a tenant's DBID",
			"write digits, or letters, digits, dot, dash and underscore"))
	}
	faults.add(listenFault("HTTP_ADDR", c.HTTPAddr), listenFault("GRPC_ADDR", c.GRPCAddr))
	if _, err := ParseLevel(c.LogLevel); err != nil {
		faults.add(BadVariable("LOG_LEVEL", err.Error(), levelFix))
	}
	if c.DrainTimeout < minDrainTimeout || c.DrainTimeout > maxDrainTimeout {
		faults.add(BadVariable("DRAIN_TIMEOUT", c.DrainTimeout.String()+" is out of range",
			fmt.Sprintf("choose from %s to %s", minDrainTimeout, maxDrainTimeout)))
	}
	return faults.faults
}

// Validate checks the addresses, the key prefix and the TLS settings.
func (c *RedisConfig) Validate() []error {
	var faults faultList
	for _, addr := range c.Addrs {
		faults.add(AddrFault("REDIS_ADDR", addr))
	}
	if !plainNamePattern.MatchString(c.KeyPrefix) {
		faults.add(BadVariable("REDIS_KEY_PREFIX", strconv.Quote(c.KeyPrefix)+" cannot begin a key",
			"write letters, digits, dot, dash and underscore"))
	}
	for _, file := range []struct{ variable, value string }{
		{"REDIS_TLS_CA_FILE", c.TLSCAFile}, {"REDIS_TLS_CERT_FILE", c.TLSCertFile}, {"REDIS_TLS_KEY_FILE", c.TLSKeyFile},
	} {
		if file.value != "" && !c.TLS {
			faults.add(BadVariable(file.variable, "set, but REDIS_TLS is not true", "set REDIS_TLS=true or remove it"))
		}
	}
	if c.SentinelMaster == "" && (c.SentinelUsername != "" || c.SentinelPassword.Reveal() != "") {
		faults.add(BadVariable("REDIS_SENTINEL_PASSWORD", "a user or password of sentinels is set, but no REDIS_SENTINEL_MASTER",
			"set REDIS_SENTINEL_MASTER, or remove REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD"))
	}
	if c.SentinelMaster != "" && c.Cluster {
		faults.add(BadVariable("REDIS_CLUSTER", "true, but REDIS_SENTINEL_MASTER is set too", "a Redis is either a Cluster or watched by Sentinel: remove one of the two"))
	}
	if c.MinReplicas != nil && (*c.MinReplicas < 0 || *c.MinReplicas > 16) {
		faults.add(BadVariable("REDIS_MIN_REPLICAS", strconv.Itoa(*c.MinReplicas)+" is out of range", "choose from 0 to 16"))
	}
	if c.TLS {
		if _, err := c.TLSConfig(); err != nil {
			faults.add(BadVariable("REDIS_TLS_CA_FILE", err.Error(), "point it to a readable PEM file"))
		}
	}
	return faults.faults
}

// TLSConfig is how to connect to Redis by TLS 1.2 or newer; nil when TLS is off. The server's name
// is left to the dialer, because there may be several.
func (c *RedisConfig) TLSConfig() (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLSCAFile != "" {
		pool, err := certPool(c.TLSCAFile)
		if err != nil {
			return nil, err
		}
		cfg.RootCAs = pool
	}
	if c.TLSCertFile != "" || c.TLSKeyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		if err != nil {
			return nil, fmt.Errorf("the client certificate of REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// RedisFields are the fields of store.Options that come from the configuration, under the same
// names and in the same order.
type RedisFields struct {
	Addrs          []string
	Username       string
	Password       Secret
	SentinelMaster string
	TLS            *tls.Config
	Prefix, Tenant string

	SentinelUsername string
	SentinelPassword Secret
	Cluster          bool
	MinReplicas      *int
}

// RedisFields turns the configuration into what opening the store needs.
func (c *Common) RedisFields() (RedisFields, error) {
	tlsConfig, err := c.Redis.TLSConfig()
	if err != nil {
		return RedisFields{}, err
	}
	return RedisFields{
		Addrs: c.Redis.Addrs, Username: c.Redis.Username, Password: c.Redis.Password,
		SentinelMaster: c.Redis.SentinelMaster, TLS: tlsConfig, Prefix: c.Redis.KeyPrefix, Tenant: c.TenantID,
		SentinelUsername: c.Redis.SentinelUsername, SentinelPassword: c.Redis.SentinelPassword,
		Cluster: c.Redis.Cluster, MinReplicas: c.Redis.MinReplicas,
	}, nil
}

// RequestDrain is how much of the drain time a task may spend on requests that are under way, so that it
// can still store what came of them.
func (c *Common) RequestDrain() time.Duration {
	return time.Duration(requestsShare * float64(c.DrainTimeout))
}

// Options are the host's options that come from the configuration.
func (c *Common) Options(service string, logger *slog.Logger, registry *prometheus.Registry) Options {
	return Options{
		Service: service, Version: Version(), HTTPAddr: c.HTTPAddr, GRPCAddr: c.GRPCAddr, TLS: c.GRPCTLS,
		Token: c.GRPCToken.Reveal(), APIToken: c.API.Token.Reveal(), APICredentialsFile: c.API.CredentialsFile,
		AllowUnauthenticated: c.API.AllowUnauthenticated, PlainHTTP: !c.API.HTTPTLS, DrainTimeout: c.DrainTimeout, Logger: logger, Registry: registry,
	}
}

// AddrFault checks a host:port to connect to; nil when it is one.
func AddrFault(variable, addr string) error {
	hostname, port, err := net.SplitHostPort(addr)
	if err == nil && hostname != "" && validPort(port, 1) {
		return nil
	}
	return BadVariable(variable, strconv.Quote(addr)+" is not host:port", "write a host name or address and a port, such as 10.0.0.5:6379")
}

// listenFault checks an address to listen on; the host may be empty and the port 0.
func listenFault(variable, addr string) error {
	if addr == "" {
		return BadVariable(variable, "required, but not set", "write an address to listen on, such as :8080")
	}
	_, port, err := net.SplitHostPort(addr)
	if err == nil && validPort(port, 0) {
		return nil
	}
	return BadVariable(variable, strconv.Quote(addr)+" is not an address to listen on", "write [host]:port, such as :8080")
}

// validPort tells whether the text is a port number of at least lowest.
func validPort(port string, lowest uint64) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n >= lowest
}
