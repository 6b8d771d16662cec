package configdb

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"engage.connector/pkg/fault"
)

func openSQLServer(o Options) (*sql.DB, error) {
	security, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	// The password is set on the parsed configuration: errors of the parser may quote their input.
	u := url.URL{Scheme: "sqlserver", User: url.User(o.User)}
	host, instance, named := strings.Cut(o.Host, `\`)
	u.Host = net.JoinHostPort(host, strconv.Itoa(o.Port))
	if named && o.Port == 0 { // the server's browser tells the port of the instance
		u.Host, u.Path = host, "/"+instance
	}
	u.RawQuery = url.Values{"database": {o.Name}, "app name": {program}, "encrypt": {"false"}}.Encode()
	config, err := msdsn.Parse(u.String())
	if err != nil {
		return nil, fmt.Errorf("connection settings: %w", err)
	}
	config.Password, config.DialTimeout, config.ConnTimeout = o.Password, connectTimeout, o.ReadTimeout
	config.Encryption, config.TLSConfig = msdsn.EncryptionRequired, security
	if security == nil {
		// Only the log-in is encrypted, where the server can, so that the password is not readable.
		config.Encryption = msdsn.EncryptionOff
		config.TLSConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // TLS was declined; this is better than none
	}
	config.TLSConfig.DynamicRecordSizingDisabled = true // the server expects one TLS record for each packet
	connect := func(ctx context.Context, dialer *closingDialer) (driver.Conn, error) {
		connector := mssql.NewConnectorConfig(config)
		connector.Dialer = dialer
		return connector.Connect(ctx)
	}
	return sql.OpenDB(&guardedConnector{connect: connect, drv: &mssql.Driver{}}), nil
}

// The error numbers of SQL Server that say something about the set-up.
const (
	mssqlNoColumn     = 207
	mssqlNoObject     = 208
	mssqlForbidden    = 229
	mssqlForbiddenCol = 230
	mssqlNoSnapshot   = 3952
	mssqlNoDatabase   = 4060
	mssqlAmbiguous    = 4104
	mssqlLoginFailed  = 18456
)

func classifySQLServer(err error) (fault.Code, string) {
	e, ok := errors.AsType[mssql.Error](err)
	if !ok {
		return "", ""
	}
	switch e.Number {
	case mssqlLoginFailed:
		return fault.Unauthenticated, loginHint
	case mssqlNoDatabase:
		return fault.NotFound, "check CONFIG_DB_NAME"
	case mssqlForbidden, mssqlForbiddenCol:
		return fault.Forbidden, forbiddenHint
	case mssqlNoColumn, mssqlNoObject, mssqlAmbiguous:
		return fault.Unsupported, otherNameHint
	}
	return fault.Unavailable, ""
}

// snapshotRefused tells whether a transaction may not see one state, although it seemed so.
func snapshotRefused(err error) bool {
	e, ok := errors.AsType[mssql.Error](err)
	return ok && e.Number == mssqlNoSnapshot
}
