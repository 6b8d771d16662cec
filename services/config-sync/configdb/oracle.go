package configdb

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"

	"engage.connector/pkg/fault"
)

// sidPrefix before CONFIG_DB_NAME says that it is no service name but the name of an instance.
const sidPrefix = "sid:"

// fetchRows is how many rows the driver asks for at a time.
const fetchRows = 1000

func openOracle(o Options) (*sql.DB, error) {
	security, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"PREFETCH_ROWS": {strconv.Itoa(fetchRows)}, "PROGRAM": {program},
		"TIMEOUT": {strconv.Itoa(int(o.ReadTimeout.Seconds()))}, "SSL": {strconv.FormatBool(security != nil)},
	}
	u := url.URL{Scheme: "oracle", User: url.UserPassword(o.User, o.Password), Host: net.JoinHostPort(o.Host, strconv.Itoa(o.Port)), Path: "/" + o.Name}
	if len(o.Name) > len(sidPrefix) && strings.EqualFold(o.Name[:len(sidPrefix)], sidPrefix) {
		u.Path = ""
		query.Set("SID", o.Name[len(sidPrefix):])
	}
	u.RawQuery = query.Encode()
	connect := func(ctx context.Context, dialer *closingDialer) (driver.Conn, error) {
		return connectOracle(ctx, dialer, u.String(), security)
	}
	return sql.OpenDB(&guardedConnector{connect: connect, drv: goora.NewDriver()}), nil
}

// connectOracle opens a connection with TLS settings of its own, because the driver writes into
// them. The source name holds the password, which errors about it would quote.
func connectOracle(ctx context.Context, dialer *closingDialer, source string, security *tls.Config) (driver.Conn, error) {
	connector, ok := goora.NewConnector(source).(*goora.OracleConnector)
	if !ok {
		return nil, errors.New("the driver has another connector")
	}
	connector.Dialer(dialer)
	if security != nil {
		connector.WithTLSConfig(security.Clone())
	}
	conn, err := connector.Connect(ctx)
	if _, quoted := errors.AsType[*url.Error](err); quoted {
		return nil, errors.New("the connection settings cannot be used")
	}
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(*goora.Connection)
	if !ok {
		return nil, errors.New("the driver has another connection")
	}
	return &oracleConn{Connection: inner, dialer: dialer}, nil
}

// oracleConn tells the pool when it is of no use any more; the driver alone keeps a connection
// after a time-out.
type oracleConn struct {
	*goora.Connection

	dialer *closingDialer
}

// IsValid implements driver.Validator.
func (c *oracleConn) IsValid() bool { return !c.dialer.broken.Load() }

// ResetSession implements driver.SessionResetter.
func (c *oracleConn) ResetSession(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	return c.Connection.ResetSession(ctx)
}

// Close implements driver.Conn. That a broken connection cannot be closed in order is no news.
func (c *oracleConn) Close() error {
	err := c.Connection.Close()
	if !c.IsValid() {
		return nil
	}
	return err
}

// oracleErrorTable says what error numbers mean here. Oracle does not tell a table that may not be
// read from one that does not exist.
func oracleErrorTable() map[int]struct {
	code fault.Code
	hint string
} {
	type meaning = struct {
		code fault.Code
		hint string
	}
	login := meaning{fault.Unauthenticated, loginHint}
	name := meaning{fault.Unsupported, otherNameHint + "; or " + forbiddenHint}
	service := meaning{fault.NotFound, "check CONFIG_DB_NAME: the service name, or sid: and the name of the instance"}
	return map[int]meaning{
		1017: login, 1005: login, 28000: login, 28001: login,
		942: name, 904: name, 4043: name,
		1031:  {fault.Forbidden, forbiddenHint},
		1045:  {fault.Forbidden, "the database user needs CREATE SESSION"},
		12505: service, 12514: service,
	}
}

func classifyOracle(err error) (fault.Code, string) {
	e, ok := errors.AsType[*network.OracleError](err)
	if !ok {
		return "", ""
	}
	if meaning, known := oracleErrorTable()[e.ErrCode]; known {
		return meaning.code, meaning.hint
	}
	return fault.Unavailable, ""
}
