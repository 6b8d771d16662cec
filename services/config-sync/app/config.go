// Package app wires config-sync (EXCS).
package app

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"engage.connector/pkg/host"
	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/folders"
)

// Config is what the environment says.
type Config struct {
	host.Common

	DBType        string        `env:"CONFIG_DB_TYPE" envDefault:"postgresql" help:"postgresql, oracle or mssql; sqlite in the lab"`
	DBHost        string        `env:"CONFIG_DB_HOST" help:"the host of the Config DB"`
	DBPort        int           `env:"CONFIG_DB_PORT" help:"the port of the Config DB; by default 5432, 1521 or 1433"`
	DBName        string        `env:"CONFIG_DB_NAME,required" help:"the name of the Config DB; for oracle the service, or sid: and the instance; for sqlite the path of the file"`
	DBUser        string        `env:"CONFIG_DB_USER" help:"a user with SELECT on the cfg_ tables"`
	DBPassword    host.Secret   `env:"CONFIG_DB_PASSWORD" help:"the password of the user"`
	DBSSL         string        `env:"CONFIG_DB_SSL" envDefault:"disable" help:"disable, require, verify-ca or verify-full"`
	DBSSLCAFile   string        `env:"CONFIG_DB_SSL_CA_FILE" help:"the certificates of the authorities to trust, in PEM form; by default those of the system"`
	DBSchema      string        `env:"CONFIG_DB_SCHEMA" help:"the schema of the cfg_ tables; for oracle their owner; by default the one that has them"`
	DBNamesFile   string        `env:"CONFIG_DB_NAMES_FILE" help:"a JSON file with names of tables and columns that are not found by themselves"`
	DBTimeout     time.Duration `env:"CONFIG_DB_TIMEOUT" envDefault:"2m" help:"how long one reading of the Config DB may take"`
	DBReadTimeout time.Duration `env:"CONFIG_DB_READ_TIMEOUT" envDefault:"30s" help:"how long an answer of oracle or mssql may take"`

	PollInterval        time.Duration `env:"POLL_INTERVAL" envDefault:"1m" help:"the time between two synchronisations"`
	DriftInterval       time.Duration `env:"DRIFT_INTERVAL" envDefault:"15m" help:"the time between two readings of the organization, to put back what was changed there; 0 for none"`
	QueueSuffix         string        `env:"GC_QUEUE_NAME_SUFFIX" envDefault:"-Engage-external" help:"what the names of queues end with"`
	QueueTypes          []string      `env:"SYNC_QUEUE_DN_TYPES" help:"the DN types that become queues: virtual_queue, acd_queue, routing_queue, routing_point"`
	CustomerObjectsOnly bool          `env:"SYNC_CUSTOMER_OBJECTS_ONLY" envDefault:"false" help:"true for folder filtering"`
	FolderName          string        `env:"SYNC_CUSTOMER_FOLDER_NAME" help:"the folders to synchronise, separated by commas"`
	MaxRemovalPercent   int           `env:"SYNC_MAX_REMOVAL_PERCENT" envDefault:"20" help:"how much of a kind of thing may be taken away at once without an approval"`
	RemovalLimits       []string      `env:"SYNC_REMOVAL_LIMITS" help:"other limits for single kinds, as kind=percent or kind=percent/floor; up to the floor anything may go"`

	CloudAPIURL       string      `env:"GENESYS_CLOUD_API_URL" help:"the API's URL instead of general/base_service_url"`
	CloudAuthURL      string      `env:"GENESYS_CLOUD_AUTH_URL" help:"the login's URL instead of general/base_auth_url"`
	CloudClientID     string      `env:"GENESYS_CLOUD_CLIENT_ID" help:"the OAuth client instead of config_sync/client_id"`
	CloudClientSecret host.Secret `env:"GENESYS_CLOUD_CLIENT_SECRET" help:"its secret instead of config_sync/client_secret"`
	RequestsPerMinute int         `env:"GENESYS_CLOUD_REQUESTS_PER_MINUTE" envDefault:"300" help:"the request allowance of the OAuth client"`
}

// Default addresses: the guide's port for HTTP, the next one for gRPC.
const (
	DefaultHTTPAddr = ":3640"
	DefaultGRPCAddr = ":3641"
)

const (
	minPollInterval = time.Second
	maxPollInterval = 24 * time.Hour
	// minDriftInterval leaves the organization the time to show what was changed last.
	minDriftInterval = time.Minute
)

// dnTypeTable are the words of SYNC_QUEUE_DN_TYPES.
var dnTypeTable = map[string]configmodel.DNType{
	"virtual_queue": configmodel.DNVirtualQueue, "acd_queue": configmodel.DNACDQueue,
	"routing_queue": configmodel.DNRoutingQueue, "routing_point": configmodel.DNRoutingPoint,
}

// Defaults implements host.Defaulter.
func (c *Config) Defaults() map[string]string {
	return map[string]string{"HTTP_ADDR": DefaultHTTPAddr, "GRPC_ADDR": DefaultGRPCAddr}
}

// Load reads the configuration and reports all faults at once.
func Load(environ []string) (Config, error) {
	config, err := host.Load(environ, (*Config).faults)
	if named := strings.Contains(config.DBHost, `\`); config.DBPort == 0 && !named { // an instance has a port of its own
		config.DBPort = configdb.DefaultPort(config.DBType)
	}
	return config, err
}

func (c *Config) faults() []error {
	var faults []error
	add := func(broken bool, variable, problem, fix string) {
		if broken {
			faults = append(faults, host.BadVariable(variable, problem, fix))
		}
	}
	_, err := c.tenant()
	add(c.TenantID != "" && err != nil, "TENANT_ID", strconv.Quote(c.TenantID)+" is not a DBID", "set it to the DBID of the tenant in the Config DB, such as 101")
	c.databaseFaults(add)
	add(c.PollInterval < minPollInterval || c.PollInterval > maxPollInterval, "POLL_INTERVAL", c.PollInterval.String()+" is out of range", "choose from 1s to 24h")
	add(c.DriftInterval != 0 && (c.DriftInterval < minDriftInterval || c.DriftInterval > maxPollInterval), "DRIFT_INTERVAL", c.DriftInterval.String()+" is out of range", "choose from 1m to 24h, or 0 for none")
	add(c.MaxRemovalPercent < 0 || c.MaxRemovalPercent > 100, "SYNC_MAX_REMOVAL_PERCENT", strconv.Itoa(c.MaxRemovalPercent)+" is no percentage", "choose from 0 to 100")
	if _, err := c.limits(); err != nil {
		add(true, "SYNC_REMOVAL_LIMITS", err.Error(), "write kind=percent/floor, such as members=30/10; kinds are "+lossNames())
	}
	add(c.CustomerObjectsOnly && len(folders.Names(c.FolderName)) == 0, "SYNC_CUSTOMER_FOLDER_NAME",
		"required with SYNC_CUSTOMER_OBJECTS_ONLY=true, but not set", "list the names of the folders to synchronise")
	for _, name := range c.QueueTypes {
		_, known := dnTypeTable[strings.TrimSpace(name)]
		add(!known, "SYNC_QUEUE_DN_TYPES", strconv.Quote(name)+" is not known", "choose from virtual_queue, acd_queue, routing_queue and routing_point")
	}
	for variable, text := range map[string]string{"GENESYS_CLOUD_API_URL": c.CloudAPIURL, "GENESYS_CLOUD_AUTH_URL": c.CloudAuthURL} {
		u, err := url.Parse(text)
		add(text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https"), variable, "is no http or https URL", "write https://host")
	}
	add(c.RequestsPerMinute < 1, "GENESYS_CLOUD_REQUESTS_PER_MINUTE", strconv.Itoa(c.RequestsPerMinute)+" is too small", "set it to the allowance of the OAuth client, such as 300")
	return faults
}

func (c *Config) tenant() (configmodel.DBID, error) {
	n, err := strconv.ParseInt(c.TenantID, 10, 64)
	return configmodel.DBID(n), err
}

// desired are the options of the derivation.
func (c *Config) desired() desired.Options {
	opts := desired.Options{
		TenantLabel: desired.TenantLabel(c.TenantName, c.TenantID), QueueSuffix: c.QueueSuffix,
		CustomerObjectsOnly: c.CustomerObjectsOnly, FolderNames: folders.Names(c.FolderName),
	}
	for _, name := range c.QueueTypes {
		if t := dnTypeTable[strings.TrimSpace(name)]; !slices.Contains(opts.QueueTypes, t) {
			opts.QueueTypes = append(opts.QueueTypes, t)
		}
	}
	return opts
}
