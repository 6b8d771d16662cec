package app

import (
	"strconv"
	"strings"
	"time"

	"engage.connector/services/config-sync/configdb"
)

// The shortest times that can be meant.
const (
	minDBTimeout     = 5 * time.Second
	minDBReadTimeout = time.Second
)

// databaseFaults checks the settings of the Config DB.
func (c *Config) databaseFaults(add func(broken bool, variable, problem, fix string)) {
	add(!configdb.Supported(c.DBType), "CONFIG_DB_TYPE", strconv.Quote(c.DBType)+" is not supported", "set it to postgresql, oracle or mssql")
	if configdb.DefaultPort(c.DBType) != 0 {
		add(c.DBHost == "", "CONFIG_DB_HOST", "required, but not set", "set it to the host of the Config DB")
		add(c.DBUser == "", "CONFIG_DB_USER", "required, but not set", "set it to a user with SELECT on the cfg_ tables")
		// Without one, the driver would log in as the user of the operating system.
		add(strings.EqualFold(c.DBType, configdb.Oracle) && c.DBPassword.Reveal() == "", "CONFIG_DB_PASSWORD", "required, but not set", "set it to the password of the user")
	}
	add(c.DBPort < 0 || c.DBPort > 65535, "CONFIG_DB_PORT", strconv.Itoa(c.DBPort)+" is no port", "choose from 1 to 65535")
	add(!configdb.ValidSSL(c.DBSSL), "CONFIG_DB_SSL", strconv.Quote(c.DBSSL)+" is not known", "set it to disable, require, verify-ca or verify-full")
	add(!configdb.ValidSchema(c.DBSchema), "CONFIG_DB_SCHEMA", strconv.Quote(c.DBSchema)+" is no identifier", "set it to the owner of the cfg_ tables, such as dbo")
	if _, err := configdb.LoadNames(c.DBNamesFile); err != nil {
		add(true, "CONFIG_DB_NAMES_FILE", err.Error(), "correct the file or unset the variable")
	}
	add(c.DBTimeout < minDBTimeout, "CONFIG_DB_TIMEOUT", c.DBTimeout.String()+" is too short", "choose at least 5s")
	add(c.DBReadTimeout < minDBReadTimeout, "CONFIG_DB_READ_TIMEOUT", c.DBReadTimeout.String()+" is too short", "choose at least 1s")
}

// database are the options of the Config DB. The file of names was read before, to check it.
func (c *Config) database() (configdb.Options, error) {
	tenant, err := c.tenant()
	if err != nil {
		return configdb.Options{}, err
	}
	names, err := configdb.LoadNames(c.DBNamesFile)
	if err != nil {
		return configdb.Options{}, err
	}
	return configdb.Options{
		Type: c.DBType, Host: c.DBHost, Port: c.DBPort, Name: c.DBName, User: c.DBUser, Password: c.DBPassword.Reveal(),
		SSL: c.DBSSL, SSLCAFile: c.DBSSLCAFile, Schema: c.DBSchema, Names: names,
		Tenant: tenant, Folders: c.CustomerObjectsOnly, Timeout: c.DBTimeout, ReadTimeout: c.DBReadTimeout,
	}, nil
}
