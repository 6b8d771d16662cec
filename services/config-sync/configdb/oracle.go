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
	"sync"

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
	return sql.OpenDB(&oracleConnector{dsn: u.String(), security: security}), nil
}

// oracleConnector opens connections with TLS settings of their own, because the driver writes into
// them, and closes those whose log-in failed, which the driver leaves open.
type oracleConnector struct {
	dsn      string // holds the password
	security *tls.Config
}

// Connect implements driver.Connector. The driver waits for the TLS handshake without a bound and
// deaf to ctx; closing the connection below it ends that.
func (c *oracleConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, ok := goora.NewConnector(c.dsn).(*goora.OracleConnector)
	if !ok {
		return nil, errors.New("the driver has another connector")
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	dialer := &closingDialer{}
	stop := context.AfterFunc(ctx, dialer.close)
	inner.Dialer(dialer)
	if c.security != nil {
		inner.WithTLSConfig(c.security.Clone())
	}
	conn, err := inner.Connect(ctx)
	if stop() && err == nil {
		return conn, nil
	}
	dialer.close()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("no connection in time: %w", ctx.Err())
	}
	if _, quoted := errors.AsType[*url.Error](err); quoted {
		return nil, errors.New("the connection settings cannot be used") // the error quotes the password
	}
	return nil, err
}

// Driver implements driver.Connector.
func (c *oracleConnector) Driver() driver.Driver { return goora.NewDriver() }

// closingDialer remembers what it dialed.
type closingDialer struct {
	mu    sync.Mutex
	conns []net.Conn
	over  bool
}

// DialContext implements the dialer of the driver.
func (d *closingDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: connectTimeout}
	conn, err := dialer.DialContext(ctx, network, address)
	if err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.over {
			_ = conn.Close()
		}
		d.conns = append(d.conns, conn)
	}
	return conn, err
}

func (d *closingDialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	for _, conn := range d.conns {
		_ = conn.Close()
	}
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
